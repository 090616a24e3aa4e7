"""Marts that Spark computes: the schema spark."""

from migrations.plain_sql import run_file

revision = "0031"
down_revision = "0029"


def upgrade() -> None:
    """Apply the plain SQL of this revision."""
    run_file("0031_spark.sql")
