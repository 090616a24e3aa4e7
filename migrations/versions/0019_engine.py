"""The engine as a library: declarations, composite keys, states kept aside, observations."""

from migrations.plain_sql import run_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0019_engine.sql")
