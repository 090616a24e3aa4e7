"""A rule that asks the clock once a statement."""

from migrations.plain_sql import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0011_clock_once.sql")
