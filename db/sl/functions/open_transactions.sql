-- sl.open_transactions()
--     RETURNS TABLE (pid integer, role_name text, database_name text, application_name text, state text,
--         started_at timestamptz, seconds numeric, holds_loads boolean)
--
-- Purpose: the transactions that are open on the server, of all sessions but this one: what they hold up, and nothing
--     of what they ask.
-- Parameters: none.
-- Returns: a row for each session with a transaction. holds_loads: it has written, or may have: until it ends, each
--     load reads again what was written since it began.
-- Errors: none.
-- Reads: pg_stat_activity: of other roles' sessions only where the owner is a member of pg_read_all_stats
--     (python -m migrations.roles). Writes: nothing.
CREATE OR REPLACE FUNCTION sl.open_transactions()
RETURNS TABLE (
    pid integer,
    role_name text,
    database_name text,
    application_name text,
    state text,
    started_at timestamptz,
    seconds numeric,
    holds_loads boolean
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        a.pid,
        a.usename::text,
        a.datname::text,
        a.application_name,
        a.state,
        a.xact_start,
        round(extract(EPOCH FROM clock_timestamp() - a.xact_start), 1),
        a.backend_xid IS NOT NULL
    FROM pg_stat_activity AS a
    WHERE a.backend_type = 'client backend' AND a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid();
$body$;

COMMENT ON FUNCTION sl.open_transactions IS
'The transactions that are open on the server, and nothing of what they ask';
