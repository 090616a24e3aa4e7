-- sl._bound_lock_wait() RETURNS void
--
-- Purpose: lets the wait for a lock end: where the session sets no lock_timeout, it is 30 s until the transaction ends.
-- Parameters: none.
-- Returns: nothing.
-- Errors: none; a wait that is too long raises 55P03, which sl._raise_lock_timeout turns into TS005.
-- Reads: nothing. Writes: the setting lock_timeout, for the transaction.
--
-- Called outside the block that handles 55P03: what is set inside is taken back before the handler runs.
CREATE OR REPLACE FUNCTION sl._bound_lock_wait()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF current_setting('lock_timeout') = '0' THEN
        PERFORM set_config('lock_timeout', '30s', true);
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._bound_lock_wait IS 'Lets the wait for a lock end where the session sets no limit';
