"""How long a value may be."""

from migrations.plain_sql import run_file

revision = "0019"
down_revision = "0016"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0019_limits.sql")
