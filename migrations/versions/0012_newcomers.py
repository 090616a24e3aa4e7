"""New clients, whose sales the mart knows where it has any."""

from migrations.plain_sql import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0012_newcomers.sql")
