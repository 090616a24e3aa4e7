-- sl._refuse_truncate() RETURNS trigger
--
-- Purpose: refuses to TRUNCATE the source of an entity: what is removed so leaves no trace that a load could read.
-- Parameters: of the trigger: the entity's name.
-- Returns: never, while the trigger is enabled.
-- Errors: TS007 always.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._refuse_truncate()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TS007',
        MESSAGE = format(
            '%I.%I is the source of the entity "%s" and cannot be truncated', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0]
        ),
        DETAIL = 'A TRUNCATE fires no trigger for its rows: the history would never learn of their deletion.',
        HINT = format(
            'To delete the rows, DELETE FROM %I.%I. To take old rows out of the source and keep their history, '
            'CALL sl.purge(%L, p_before => ...).',
            TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0]
        );
END;
$body$;

COMMENT ON FUNCTION sl._refuse_truncate() IS 'Trigger: refuses to TRUNCATE the source of an entity';
