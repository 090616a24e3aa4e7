-- The entity is passed as its registry row. Where the engine is installed for the first time, it is not there yet.
DO $body$
BEGIN
    IF to_regprocedure('sl._note_periods(text, bigint, boolean)') IS NOT NULL THEN
        DROP FUNCTION sl._note_periods(text, bigint, boolean);
    END IF;
END;
$body$;
