"""A load notes the moments for which another version is valid than before, and no others."""

from migrations.engine import apply_revision

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Apply the engine's revision."""
    apply_revision("0004_periods")
