-- sl._differing(p_row jsonb, p_other jsonb) RETURNS jsonb
--
-- Purpose: what of one state of a row is not so in another one.
-- Parameters: p_row, p_other: the states; NULL: there is none.
-- Returns: the columns of p_row whose value is another in p_other, or that it lacks; NULL where p_row is.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._differing(p_row jsonb, p_other jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT CASE
        WHEN p_row IS NOT NULL
            THEN (
                SELECT coalesce(jsonb_object_agg(c.key, c.value), '{}')
                FROM jsonb_each(p_row) AS c
                WHERE p_other -> c.key IS DISTINCT FROM c.value
            )
    END;
$body$;

COMMENT ON FUNCTION sl._differing IS 'What of one state of a row is not so in another one';
