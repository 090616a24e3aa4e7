-- sl._key_values(p_types text[], p_text text) RETURNS text[]
--
-- Purpose: writes the expressions that read a key back from its text into dynamic SQL.
-- Parameters: p_types: as of sl._key_types; p_text: an SQL expression of the key's text, as of sl._key_text.
-- Returns: an SQL expression for each column of the key; e.g. {j.entity_key::bigint}.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._key_values(p_types text[], p_text text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT array_agg(
        CASE
            WHEN cardinality(p_types) = 1 THEN format('%s::%s', p_text, t.type_name)
            ELSE format('(%s::jsonb ->> %s)::%s', p_text, t.position - 1, t.type_name)
        END
        ORDER BY t.position
    )
    FROM unnest(p_types) WITH ORDINALITY AS t (type_name, position);
$body$;

COMMENT ON FUNCTION sl._key_values IS 'Writes the expressions that read a key back from its text into dynamic SQL';
