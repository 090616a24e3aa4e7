"""Tables of dds."""

from migrations.plain_sql import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0003_dds.sql")
