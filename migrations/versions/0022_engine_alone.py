"""The engine has revisions of its own, by which it installs alone; a warehouse has the first ones already."""

from migrations.engine import apply_revision, record_revision
from migrations.plain_sql import run_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the engine's ledger. The tables of its baseline are what the revisions before this one have made."""
    run_file("0022_engine_alone.sql")
    apply_revision("0001_ledger")
    record_revision("0002_baseline")
