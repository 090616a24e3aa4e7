-- sl._count_changes() RETURNS jsonb
--
-- Purpose: counts what a load has classified, in one look at it.
-- Parameters: none.
-- Returns: the rows of each scd2_action there is (as of sl._classify; after sl._apply no "splice" is left), such as
--     {"first": 3, "append": 1}; splice_deletions: of "splice" the deletions; warned: rows with a warning; late: rows
--     of an earlier event time than was known; high: the greatest event time of a row that is not rejected.
-- Errors: none.
-- Reads: pg_temp._sl_change. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._count_changes()
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    RETURN (
        SELECT
            jsonb_object_agg(a.scd2_action, a.rows)
            || jsonb_build_object(
                'splice_deletions', sum(a.deletions) FILTER (WHERE a.scd2_action = 'splice'),
                'warned', sum(a.warned),
                'late', sum(a.late),
                'high', max(a.high) FILTER (WHERE a.scd2_action <> 'rejected')
            )
        FROM (
            SELECT
                c.scd2_action,
                count(*) AS rows,
                count(*) FILTER (WHERE c.scd2_deleted) AS deletions,
                count(c.scd2_warnings) AS warned,
                count(*) FILTER (WHERE c.scd2_late) AS late,
                max(c.scd2_at) AS high
            FROM pg_temp._sl_change AS c
            GROUP BY c.scd2_action
        ) AS a
    );
END;
$body$;

COMMENT ON FUNCTION sl._count_changes() IS 'Counts what a load has classified';
