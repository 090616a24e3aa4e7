"""An audit of all there is in slices of keys."""

from migrations.plain_sql import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0015_audit_slices.sql")
