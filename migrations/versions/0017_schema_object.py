"""The objects that the migrations made, to be compared with what is there."""

from migrations.plain_sql import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0017_schema_object.sql")
