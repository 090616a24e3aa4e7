"""Alembic environment: runs inside the transaction that `python -m migrations` holds open."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_revision",
    version_table_schema="sl",
    transaction_per_migration=False,
)
context.run_migrations()
