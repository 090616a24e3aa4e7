"""Erasure of any entity's personal columns."""

from migrations.plain_sql import run_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0021_forget.sql")
