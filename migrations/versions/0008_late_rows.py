"""Loads count what came late."""

from migrations.plain_sql import run_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0008_late_rows.sql")
