-- spark.begin_reading(OUT snapshot_id text, OUT read_at timestamptz, OUT built_marts text[], OUT blocks jsonb)
--
-- Purpose: lets several connections read dds as of one moment: each takes the snapshot over, and reads some
--     blocks.
-- Returns: one row. snapshot_id: for SET TRANSACTION SNAPSHOT; read_at: its moment; built_marts: the marts of cdm that
--     have processed, at that moment, all that loads had written; blocks: by the view of this schema how many blocks
--     its table has.
-- Errors: 22023 the transaction is not one of REPEATABLE READ; TS001 another transaction of such a call is open.
-- Reads: sl.mart, sl.run, sl.consumption, pg_catalog. Writes: nothing.
--
-- The snapshot lasts as long as the transaction of this call. Until then VACUUM keeps what others delete, and nobody
-- else begins: two who write the same marts never overlap. Ranges of blocks are safe as long as nobody writes a table's
-- file again: LOCK TABLE on the views, which locks their tables, has to be the transaction's first statement.
CREATE OR REPLACE FUNCTION spark.begin_reading(
    OUT snapshot_id text,
    OUT read_at timestamptz,
    OUT built_marts text[],
    OUT blocks jsonb
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    read_at := clock_timestamp();
    IF current_setting('transaction_isolation') <> 'repeatable read' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'spark.begin_reading: the transaction is not one of REPEATABLE READ',
            DETAIL = 'Its statements would not read dds as of one moment.',
            HINT = 'BEGIN ISOLATION LEVEL REPEATABLE READ, then call it.';
    END IF;
    PERFORM sl._lock_target('spark.begin_reading', 'spark.computation');
    snapshot_id := pg_export_snapshot();
    built_marts := ARRAY(
        SELECT m.mart_name
        FROM sl.mart AS m
        WHERE
            NOT EXISTS (
                SELECT
                FROM unnest(sl._loads_to_process(m.mart_name)) AS l (run_id)
                INNER JOIN sl.run AS r ON r.run_id = l.run_id
                WHERE r.rows_inserted + r.rows_corrected + r.rows_deleted > 0
            )
        ORDER BY m.mart_name
    );
    blocks := (
        SELECT
            jsonb_object_agg(
                v.relname,
                pg_relation_size(to_regclass('dds.' || quote_ident(substr(v.relname, 5))))
                / current_setting('block_size')::bigint
            )
        FROM pg_class AS v
        WHERE v.relnamespace = 'spark'::regnamespace AND v.relkind = 'v' AND starts_with(v.relname::text, 'dds_')
    );
END;
$body$;

COMMENT ON FUNCTION spark.begin_reading IS 'Lets several connections read dds as of one moment';
