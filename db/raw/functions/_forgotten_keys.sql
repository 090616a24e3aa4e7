-- raw._forgotten_keys(p_stream landing.stream) RETURNS text[]
--
-- Purpose: keys, as the documents of a stream have them, of persons who were forgotten.
-- Parameters: p_stream: registry row.
-- Returns: keys; none where the stream holds nothing personal.
-- Errors: none.
-- Reads: landing.stream_target, sl.entity, sl.erasure. Writes: nothing.
CREATE OR REPLACE FUNCTION raw._forgotten_keys(p_stream landing.stream)
RETURNS text[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF p_stream.personal = '{}' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT DISTINCT (f.entity_key::numeric - p_stream.id_base)::text
        FROM landing.stream_target AS t
        INNER JOIN sl.entity AS e ON (e.source_schema, e.source_table) = (t.target_schema, t.target_table)
        INNER JOIN sl.erasure AS f ON f.entity_name = e.entity_name
        WHERE t.stream = p_stream.stream AND e.personal_columns <> '{}' AND f.entity_key ~ '^[0-9]+$'
    );
END;
$body$;

COMMENT ON FUNCTION raw._forgotten_keys IS 'Keys, as the documents of a stream have them, of persons who were forgotten';
