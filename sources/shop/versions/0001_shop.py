"""The shop's tables, the outbox, the relay's state, the publication."""

from migrations.plain_sql import run_file
from sources.shop.migrate import SQL_FOLDER

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0001_shop.sql", SQL_FOLDER)
