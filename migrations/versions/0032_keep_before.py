"""What documents overwrite is kept by the statement that applies them."""

from migrations.plain_sql import run_file

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0032_keep_before.sql")
