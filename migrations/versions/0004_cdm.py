"""The mart."""

from migrations.plain_sql import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0004_cdm.sql")
