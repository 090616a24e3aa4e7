"""Schema revisions (Alembic as the ledger, plain SQL as the text) and the routine bodies re-applied after them."""
