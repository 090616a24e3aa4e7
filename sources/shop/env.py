"""Alembic environment: runs inside the transaction that `python -m sources.shop` holds open."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_revision",
    version_table_schema="shop",
    transaction_per_migration=False,
)
context.run_migrations()
