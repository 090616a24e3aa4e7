-- raw.keep_forgotten() RETURNS trigger
--
-- Purpose: keeps forgotten clients forgotten when a source delivers them anew: of the rows that a statement has
--     written, those of forgotten clients are emptied again.
-- Parameters: none; the trigger names the rows that were written "written".
-- Returns: nothing (a statement's trigger).
-- Errors: none.
-- Reads: sl.erasure, by its owner's rights: the writer may not read sl. Writes: raw.client.
--
-- It looks at what its own statement wrote and no more, so that writers do not wait for each other.
CREATE OR REPLACE FUNCTION raw.keep_forgotten()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_keys bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM sl.erasure AS e WHERE e.entity_name = 'client') THEN
        RETURN NULL;
    END IF;
    -- Looked for first: an UPDATE fires this trigger again, even where it finds no row.
    v_keys := ARRAY(
        SELECT w.client_id
        FROM written AS w
        WHERE
            (w.first_name IS NOT NULL OR w.last_name IS NOT NULL OR w.birth_date IS NOT NULL)
            AND EXISTS (
                SELECT FROM sl.erasure AS e WHERE e.entity_name = 'client' AND e.entity_key = w.client_id::text
            )
    );
    IF v_keys <> '{}' THEN
        UPDATE raw.client AS c
        SET first_name = NULL, last_name = NULL, birth_date = NULL
        WHERE c.client_id = ANY (v_keys);
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION raw.keep_forgotten() IS 'Trigger: keeps forgotten clients forgotten when they are delivered anew';
