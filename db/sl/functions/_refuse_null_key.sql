-- sl._refuse_null_key(p_mart sl.mart, p_rows text, p_giver text, p_columns text[]) RETURNS void
--
-- Purpose: refuses rows of which a column of the key is NULL: they would be lost, since NULL equals nothing.
-- Parameters: p_mart: registry row; p_rows: a table or view that holds the rows; p_giver: what they come from;
--     p_columns: columns of the key.
-- Returns: nothing.
-- Errors: 23502 there is such a row.
-- Reads: p_rows. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._refuse_null_key(p_mart sl.mart, p_rows text, p_giver text, p_columns text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_column text;
BEGIN
    EXECUTE format(
        'SELECT coalesce(%s) FROM %s AS t WHERE %s LIMIT 1',
        array_to_string(
            ARRAY(
                SELECT format('CASE WHEN t.%I IS NULL THEN %L END', c.name, c.name) FROM unnest(p_columns) AS c (name)
            ), ', '
        ),
        p_rows, sl._column_list(p_columns, 't.% IS NULL', ' OR ')
    ) INTO v_column;
    IF v_column IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '23502',
            MESSAGE = format(
                'Mart "%s": %s gives a row whose key column %I is NULL', p_mart.mart_name, p_giver, v_column
            ),
            DETAIL = 'NULL equals nothing, so such a row would be lost. Nothing was changed.',
            HINT = format(
                'Write there what stands for a value that is not known, such as coalesce(%I, ''Unknown''), in the '
                'image and in the touched function alike, or leave such rows out; then declare the mart again.',
                v_column
            );
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._refuse_null_key IS 'Refuses rows of which a column of the key is NULL';
