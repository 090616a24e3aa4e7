-- raw.erase_forgotten_clients() RETURNS bigint
--
-- Purpose: takes the personal data of forgotten clients out of raw.client again, where a source has delivered it anew.
-- Parameters: none.
-- Returns: how many rows held any.
-- Errors: none.
-- Reads: sl.erasure. Writes: raw.client.
--
-- It costs an index probe for each forgotten client, whatever was written.
CREATE OR REPLACE FUNCTION raw.erase_forgotten_clients()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_keys bigint[];
BEGIN
    -- Looked for first: an UPDATE fires the trigger that calls this, even where it finds no row.
    v_keys := ARRAY(
        SELECT c.client_id
        FROM sl.erasure AS e
        INNER JOIN raw.client AS c ON c.client_id = e.entity_key::bigint
        WHERE
            e.entity_name = 'client'
            AND (c.first_name IS NOT NULL OR c.last_name IS NOT NULL OR c.birth_date IS NOT NULL)
    );
    IF v_keys <> '{}' THEN
        UPDATE raw.client AS c
        SET first_name = NULL, last_name = NULL, birth_date = NULL
        WHERE c.client_id = ANY (v_keys);
    END IF;
    RETURN cardinality(v_keys);
END;
$body$;

COMMENT ON FUNCTION raw.erase_forgotten_clients IS 'Takes personal data of forgotten clients out of raw.client again';
