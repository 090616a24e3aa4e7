-- sl._marked_rows(p_entity sl.entity, p_rows text, p_is_plain boolean) RETURNS text
--
-- Purpose: writes the SELECT that gives source rows what sl._judged_rows needs beside their columns into dynamic SQL.
-- Parameters: p_entity, p_rows, p_is_plain: as of sl._judged_rows.
-- Returns: a SELECT of the source's columns, scd2_order, scd2_gone, scd2_seen_at, scd2_copies and scd2_deleted.
-- Errors: none.
-- Reads: sl._source_column. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._marked_rows(p_entity sl.entity, p_rows text, p_is_plain boolean)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_deleted text := sl._is_deleted(p_entity, 'm');
BEGIN
    IF p_is_plain THEN
        RETURN format(
            'SELECT m.*, 9223372036854775807 AS scd2_order, false AS scd2_gone, NULL::timestamptz AS scd2_seen_at, '
            '1::bigint AS scd2_copies, %s AS scd2_deleted FROM (%s) AS m',
            v_deleted, p_rows
        );
    END IF;
    RETURN format('SELECT m.*, m.scd2_gone OR %s AS scd2_deleted FROM (%s) AS m', v_deleted, p_rows);
END;
$body$;

COMMENT ON FUNCTION sl._marked_rows IS 'Writes the SELECT that marks source rows into dynamic SQL';
