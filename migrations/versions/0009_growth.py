"""An index that stays local as sales grow, and the state of loads in slices."""

from migrations.plain_sql import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0009_growth.sql")
