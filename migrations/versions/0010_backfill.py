"""First loads and rebuilds in slices."""

from migrations.plain_sql import run_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0010_backfill.sql")
