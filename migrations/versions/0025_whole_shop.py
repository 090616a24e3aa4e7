"""Categories, orders, payments, deliveries, returns, and the new columns of clients, products and sales."""

from migrations.plain_sql import run_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0025_whole_shop.sql")
