-- sl.end_transactions(p_older_than interval)
--     RETURNS TABLE (pid integer, role_name text, application_name text, seconds numeric, is_ended boolean)
--
-- Purpose: ends the sessions on this database whose transaction is open for too long: they keep what died from being
--     vacuumed, let loads read rows again, and keep locks.
-- Parameters: p_older_than: how long a transaction may be open.
-- Returns: a row for each such session; is_ended: whether the server has sent it the signal to end.
-- Errors: 22023 p_older_than is NULL or below a minute; 42501 the owner may not end a session of that role: python -m
--     migrations.roles makes it a member of pg_signal_backend.
-- Reads: pg_stat_activity (sl.open_transactions). Writes: nothing; a session that is ended is rolled back.
--
-- The owner's own sessions and superusers' stay: a backfill, a load by hand, a backup. Only the owner may call it.
CREATE OR REPLACE FUNCTION sl.end_transactions(p_older_than interval)
RETURNS TABLE (pid integer, role_name text, application_name text, seconds numeric, is_ended boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    IF p_older_than IS NULL OR p_older_than < interval '1 minute' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sl.end_transactions: p_older_than is %s', coalesce(p_older_than::text, 'NULL')),
            HINT = 'Give how long a transaction may be open, a minute at least, such as ''2 hours''.';
    END IF;
    RETURN QUERY
    SELECT t.pid, t.role_name, t.application_name, t.seconds, pg_terminate_backend(t.pid)
    FROM sl.open_transactions() AS t
    INNER JOIN pg_roles AS r ON r.rolname = t.role_name
    WHERE
        t.database_name = current_database()
        AND t.seconds > extract(EPOCH FROM p_older_than)
        AND NOT r.rolsuper
        AND t.role_name <> current_user;
END;
$body$;

COMMENT ON FUNCTION sl.end_transactions IS 'Ends the sessions whose transaction is open for too long';
