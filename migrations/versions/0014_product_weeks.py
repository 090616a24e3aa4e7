"""A product's sales by week, as a client's are."""

from migrations.plain_sql import run_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0014_product_weeks.sql")
