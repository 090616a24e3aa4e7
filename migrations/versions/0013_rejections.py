"""Open rejections by rule, of which a load looks for those that depend on the clock."""

from migrations.plain_sql import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0013_rejections.sql")
