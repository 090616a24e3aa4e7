"""The stores' weekly files: which were landed, and the lines that were refused."""

from migrations.plain_sql import run_file

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0030_stores.sql")
