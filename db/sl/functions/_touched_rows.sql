-- sl._touched_rows(p_mart sl.mart, p_runs text) RETURNS text
--
-- Purpose: writes the call of a mart's touched function into dynamic SQL.
-- Parameters: p_mart: registry row; p_runs: an SQL expression of type bigint[], the loads.
-- Returns: a subquery of the group columns, in the collations of the image: a function returns texts in that of their
--     type, and texts of different collations cannot be compared. No call where the mart has no such function.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._touched_rows(p_mart sl.mart, p_runs text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT format(
        '(SELECT %s FROM %s(%s) AS t)',
        string_agg(
            format(
                't.%1$I%2$s AS %1$I', g.name,
                CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %s', a.attcollation::regcollation) END
            ),
            ', ' ORDER BY g.position
        ),
        quote_ident(p_mart.touched_schema) || '.' || quote_ident(p_mart.touched_function), p_runs
    )
    FROM unnest(p_mart.group_columns) WITH ORDINALITY AS g (name, position)
    INNER JOIN pg_attribute AS a
        ON a.attrelid = to_regclass(format('%I.%I', p_mart.image_schema, p_mart.image_view)) AND a.attname = g.name
    INNER JOIN pg_type AS t ON t.oid = a.atttypid;
$body$;

COMMENT ON FUNCTION sl._touched_rows IS 'Writes the call of a mart''s touched function into dynamic SQL';
