-- sl.column_list(p_columns text[], p_template text, p_separator text DEFAULT ', ') RETURNS text
--
-- Purpose: writes a list of columns into dynamic SQL, each name quoted.
-- Parameters: p_columns: names; p_template: what to write for each, where %1$I stands for the name;
--     p_separator: what stands between two.
-- Returns: the text, in the order of p_columns; e.g. ({a,b}, 'x.%1$I') gives x.a, x.b.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.column_list(p_columns text[], p_template text, p_separator text DEFAULT ', ')
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT string_agg(format(p_template, c.column_name), p_separator ORDER BY c.position)
    FROM unnest(p_columns) WITH ORDINALITY AS c (column_name, position);
$body$;

COMMENT ON FUNCTION sl.column_list IS 'Writes a list of quoted columns into dynamic SQL';
