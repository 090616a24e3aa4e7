-- sl._sum_of(p_counts jsonb, VARIADIC p_names text[]) RETURNS bigint
--
-- Purpose: adds up some of the counts of sl._count_changes.
-- Parameters: p_counts: counts by name; p_names: which ones.
-- Returns: the sum; a count that is not there is 0.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._sum_of(p_counts jsonb, VARIADIC p_names text[])
RETURNS bigint
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT coalesce(sum((p_counts ->> n.name)::bigint), 0)::bigint FROM unnest(p_names) AS n (name);
$body$;

COMMENT ON FUNCTION sl._sum_of IS 'Adds up some of the counts of a load';
