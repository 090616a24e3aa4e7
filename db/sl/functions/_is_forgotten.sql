-- sl._is_forgotten(p_entity sl.entity, p_row text) RETURNS text
--
-- Purpose: writes the condition that a row is one of a forgotten key into dynamic SQL.
-- Parameters: p_entity: registry row; p_row: alias of a row that has the key columns.
-- Returns: an SQL condition; false where no key of the entity is forgotten.
-- Errors: TS003 as of sl._key_types.
-- Reads: sl.erasure (whether there is any). Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_forgotten(p_entity sl.entity, p_row text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF NOT EXISTS (SELECT FROM sl.erasure AS f WHERE f.entity_name = p_entity.entity_name) THEN
        RETURN 'false';
    END IF;
    RETURN format(
        'EXISTS (SELECT FROM sl.erasure AS f WHERE f.entity_name = %L AND f.entity_key = %s)',
        p_entity.entity_name, sl._key_text(p_entity, p_row)
    );
END;
$body$;

COMMENT ON FUNCTION sl._is_forgotten IS 'Writes the condition that a row is one of a forgotten key into dynamic SQL';
