-- sl._mart_columns(p_mart sl.mart) RETURNS TABLE (column_name text, column_no smallint, type_name text, description
--     text, target_type_name text, type_text text)
--
-- Purpose: the columns of a mart's image beside the types that the target has for them.
-- Parameters: p_mart: registry row.
-- Returns: a row for each column of the image: name, number, type, comment; target_type_name: type of the target's
--     column of that name, NULL where it has none; type_text: the type as a definition of a column has it, with its
--     collation.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._mart_columns(p_mart sl.mart)
RETURNS TABLE (
    column_name text,
    column_no smallint,
    type_name text,
    description text,
    target_type_name text,
    type_text text
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        a.attname,
        a.attnum,
        format_type(a.atttypid, a.atttypmod),
        col_description(a.attrelid, a.attnum),
        format_type(d.atttypid, d.atttypmod),
        format_type(a.atttypid, a.atttypmod)
        || CASE
            WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %s', a.attcollation::regcollation)
            ELSE ''
        END
    FROM pg_attribute AS a
    INNER JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attribute AS d
        ON d.attrelid = to_regclass(format('%I.%I', p_mart.target_schema, p_mart.target_table))
        AND d.attname = a.attname
        AND NOT d.attisdropped
    WHERE
        a.attrelid = to_regclass(format('%I.%I', p_mart.image_schema, p_mart.image_view))
        AND a.attnum > 0
        AND NOT a.attisdropped
    ORDER BY a.attnum;
$body$;

COMMENT ON FUNCTION sl._mart_columns IS 'The columns of a mart''s image beside the types of the target''s';
