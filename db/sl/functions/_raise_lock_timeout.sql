-- sl._raise_lock_timeout(p_procedure text, p_context text) RETURNS void
--
-- Purpose: turns the server's bare "canceling statement due to lock timeout" into an error that says who holds what.
-- Parameters: p_procedure: what was waiting; p_context: where, from the handler's PG_EXCEPTION_CONTEXT.
-- Returns: never.
-- Errors: TS005 always. DETAIL lists the other sessions that hold a lock on a table of the warehouse which may be in
--     the way of a writer; reading a table blocks nothing.
-- Reads: pg_locks, pg_stat_activity, sl.entity, sl.mart. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._raise_lock_timeout(p_procedure text, p_context text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_most CONSTANT integer := 5;
    v_holders text;
BEGIN
    SELECT string_agg(h.holder, E'\n')
    INTO v_holders
    FROM (
        SELECT
            format(
                'pid %s (%s, %s) holds %s', a.pid, a.usename,
                coalesce(nullif(a.application_name, ''), 'no application name'),
                string_agg(format('%s on %s', l.mode, l.relation::regclass), ', ' ORDER BY l.relation::regclass::text)
            ) AS holder
        FROM pg_locks AS l
        INNER JOIN pg_class AS c ON c.oid = l.relation
        INNER JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE
            l.locktype = 'relation'
            AND l.granted
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
            AND l.mode <> 'AccessShareLock'
            AND l.pid <> pg_backend_pid()
            AND c.relkind IN ('r', 'p')
            AND c.relnamespace IN (
                SELECT n.oid
                FROM pg_namespace AS n
                WHERE
                    n.nspname = 'sl'
                    OR n.nspname IN (
                        SELECT unnest(ARRAY[e.source_schema, e.target_schema]) FROM sl.entity AS e
                        UNION ALL
                        SELECT m.target_schema FROM sl.mart AS m
                    )
            )
        GROUP BY a.pid, a.usename, a.application_name
        ORDER BY a.pid
        LIMIT c_most
    ) AS h;

    RAISE EXCEPTION USING
        ERRCODE = 'TS005',
        MESSAGE = format(
            '%s: another session holds a lock that it needs, for longer than lock_timeout (%s)', p_procedure,
            current_setting('lock_timeout')
        ),
        DETAIL = coalesce(v_holders, 'The session that held it has just released it.')
            || E'\nIt waited: ' || split_part(p_context, E'\n', 1),
        HINT = 'Nothing was changed. Wait for these transactions to end, or end one as the owner by SELECT '
            'pg_terminate_backend(pid), and call again. SET lock_timeout changes how long is waited.';
END;
$body$;

COMMENT ON FUNCTION sl._raise_lock_timeout IS 'Raises TS005, which says who holds the lock that was waited for';
