-- raw._sum(p_counts bigint[], p_more bigint[]) RETURNS bigint[]
--
-- Purpose: adds counts to counts, each to its own.
-- Parameters: p_counts, p_more: arrays of one length.
-- Returns: the sums.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw._sum(p_counts bigint[], p_more bigint[])
RETURNS bigint[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN ARRAY(
        SELECT c.rows + c.more
        FROM unnest(p_counts, p_more) WITH ORDINALITY AS c (rows, more, no)
        ORDER BY c.no
    );
END;
$body$;

COMMENT ON FUNCTION raw._sum IS 'Adds counts to counts, each to its own';
