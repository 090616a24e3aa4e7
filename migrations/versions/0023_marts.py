"""Marts know what they were computed by, and in which group a row was before it was corrected in place."""

from migrations.engine import apply_revision

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Apply the engine's revision."""
    apply_revision("0003_marts")
