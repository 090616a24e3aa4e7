-- Erasure serves any entity. The engine's own triggers take the place of these.

DROP TRIGGER IF EXISTS keep_forgotten_insert ON raw.client;
DROP TRIGGER IF EXISTS keep_forgotten_update ON raw.client;
DROP FUNCTION IF EXISTS raw.keep_forgotten();

-- An entity need not be copied into a mart.
ALTER TABLE sl.erasure ALTER COLUMN mart_run_id DROP NOT NULL;
