"""Tables of raw."""

from migrations.plain_sql import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0002_raw.sql")
