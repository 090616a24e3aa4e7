-- sl._row_as_json(p_entity sl.entity, p_row text, p_is_converted boolean DEFAULT true) RETURNS text
--
-- Purpose: writes the expression for a rejected row, as sl.rejected_row keeps it, into dynamic SQL.
-- Parameters: p_entity: registry row; p_row: alias of the row; p_is_converted: whether its columns are of the target's
--     types, where the target has them.
-- Returns: an SQL expression: a jsonb of all columns of the source but changed_xid. Of a value that is longer than the
--     entity allows, its first 100 characters and its size.
-- Errors: none.
-- Reads: sl._source_column. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._row_as_json(p_entity sl.entity, p_row text, p_is_converted boolean DEFAULT true)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT
            '(SELECT to_jsonb(j.*) FROM (SELECT '
            || string_agg(
                CASE
                    WHEN c.size_template IS NULL OR (p_is_converted AND c.is_converted) THEN v.value
                    ELSE format(
                        'CASE WHEN %1$s > %2$s THEN to_jsonb(format(%3$L, %4$s, %1$s)) ELSE to_jsonb(%5$s) END',
                        format(c.size_template, v.value), p_entity.longest_value, '%s ... (%s bytes)',
                        CASE WHEN c.is_text THEN format('substr(%s::text, 1, 100)', v.value) ELSE 'NULL' END, v.value
                    )
                END
                || format(' AS %I', c.column_name),
                ', ' ORDER BY c.position
            )
            || ') AS j)'
        FROM sl._source_column AS c
        CROSS JOIN LATERAL (SELECT format('%I.%I', p_row, c.column_name) AS value) AS v
        WHERE c.entity_name = p_entity.entity_name
    );
END;
$body$;

COMMENT ON FUNCTION sl._row_as_json IS 'Writes a rejected row into dynamic SQL';
