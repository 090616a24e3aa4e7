"""Landing: documents of other systems as they came, and how far each stream is."""

from migrations.plain_sql import run_file

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0027_landing.sql")
