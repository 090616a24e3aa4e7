-- PostgreSQL 18 names a NOT NULL after the column, and the name stayed when the column got another one.
ALTER TABLE sl.backfill
ALTER COLUMN consumes DROP NOT NULL,
ALTER COLUMN consumes SET NOT NULL;
