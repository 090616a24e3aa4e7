"""Indexes by which a day costs the same however much there is already."""

from migrations.plain_sql import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0009_growth.sql")
