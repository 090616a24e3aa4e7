"""Failed runs leave their trace in sl.run."""

from migrations.plain_sql import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0006_run_failure.sql")
