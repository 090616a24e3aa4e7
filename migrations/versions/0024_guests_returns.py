"""Guests, returns and the price of a line."""

from migrations.plain_sql import run_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0024_guests_returns.sql")
