"""Plausible times, one open rejection a row and rule, a breaker of deletions, runs that a wrong clock has stamped."""

from migrations.plain_sql import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0016_plausible_times.sql")
