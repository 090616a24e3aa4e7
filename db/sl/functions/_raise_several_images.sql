-- sl._raise_several_images(p_mart sl.mart) RETURNS void
--
-- Purpose: ends a build of a mart whose image has several rows of one key.
-- Parameters: p_mart: registry row.
-- Returns: nothing.
-- Errors: 23505 always.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._raise_several_images(p_mart sl.mart)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = '23505',
        MESSAGE = format(
            'Mart "%s": %I.%I has several rows of one key (%s)', p_mart.mart_name, p_mart.image_schema,
            p_mart.image_view, array_to_string(p_mart.key_columns, ', ')
        ),
        HINT = 'Correct the view: it has one row a key. Nothing was changed.';
END;
$body$;

COMMENT ON FUNCTION sl._raise_several_images IS 'Ends a build of a mart whose image has several rows of one key';
