"""Schemas and the metadata tables of sl."""

from migrations.plain_sql import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0001_schemas.sql")
