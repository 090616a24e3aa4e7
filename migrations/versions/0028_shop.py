"""Mirrors of the web shop's tables that come by logical replication."""

from migrations.plain_sql import run_file

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0028_shop.sql")
