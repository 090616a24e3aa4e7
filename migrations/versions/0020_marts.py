"""Marts by declaration: sl.mart, and which mart has processed which load."""

from migrations.plain_sql import run_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0020_marts.sql")
