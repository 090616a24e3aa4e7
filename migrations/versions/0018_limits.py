"""How long a value may be."""

from migrations.plain_sql import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0018_limits.sql")
