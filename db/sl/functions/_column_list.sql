-- sl._column_list(p_columns text[], p_pattern text, p_separator text DEFAULT ', ', p_otherwise text DEFAULT '')
--     RETURNS text
--
-- Purpose: writes a list of columns into dynamic SQL, each name quoted.
-- Parameters: p_columns: names; p_pattern: what to write for each, where % stands for the name; p_separator: what
--     stands between two; p_otherwise: what to write where there are none.
-- Returns: the text, in the order of p_columns; e.g. ({a,b}, 'x.%') gives x.a, x.b.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._column_list(
    p_columns text[],
    p_pattern text,
    p_separator text DEFAULT ', ',
    p_otherwise text DEFAULT ''
)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT coalesce(
        string_agg(replace(p_pattern, '%', quote_ident(c.column_name)), p_separator ORDER BY c.position), p_otherwise
    )
    FROM unnest(p_columns) WITH ORDINALITY AS c (column_name, position);
$body$;

COMMENT ON FUNCTION sl._column_list IS 'Writes a list of quoted columns into dynamic SQL';
