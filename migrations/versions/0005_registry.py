"""Entities and quality rules of the shop."""

from migrations.plain_sql import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0005_registry.sql")
