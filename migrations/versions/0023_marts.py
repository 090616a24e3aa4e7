"""A declaration knows whether the image of its mart means something else than before."""

from migrations.engine import apply_revision

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Let sl.mart hold the hash of what a mart is computed by."""
    apply_revision("0003_image_hash")
