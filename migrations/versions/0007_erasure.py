"""Persons can be forgotten."""

from migrations.plain_sql import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0007_erasure.sql")
