"""What a source has, as it was read last, and how far it was read: for documents that are read, not sent."""

from migrations.plain_sql import run_file

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0029_marketplace.sql")
