-- cdm.compare_marts()
--
-- Purpose: proves that two engines agree: the marts that Spark computed are those of cdm, row by row and to the kopeck.
-- Returns: one row: run_id, marts (how many were compared), rows (of them all), differences (always 0: otherwise it
--     raises).
-- Errors: TS024 a mart differs, or Spark never computed it; DETAIL has how many rows differ in each mart and the first
--     of them. TS001 another call is in progress; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: cdm.user_sales, cdm.product_sales, cdm.region_sales, the tables of schema spark, sl.mart. Writes: sl.run.
--
-- A mart of cdm counts as it was known at the moment as of which Spark read dds: what is loaded and built since is no
-- difference.
CREATE OR REPLACE PROCEDURE cdm.compare_marts(
    INOUT run_id bigint DEFAULT NULL,
    INOUT marts bigint DEFAULT NULL,
    INOUT rows bigint DEFAULT NULL,
    INOUT differences bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_procedure CONSTANT text := 'cdm.compare_marts';
    v_mart record;
    v_columns text;
    v_rows bigint;
    v_differences bigint;
    v_first text;
    v_findings text [] := '{}';
    v_hints text [] := '{}';
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        run_id := sl._begin_run(c_procedure, c_procedure);
        marts := 0;
        rows := 0;
        differences := 0;
        FOR v_mart IN
            SELECT m.mart_name, m.key_columns, c.read_at, c.was_built
            FROM sl.mart AS m
            LEFT JOIN spark.computation AS c ON c.mart_name = m.mart_name
            WHERE m.mart_name IN ('user_sales', 'product_sales', 'region_sales')
            ORDER BY m.mart_name
        LOOP
            marts := marts + 1;
            IF v_mart.read_at IS NULL THEN
                v_findings := v_findings || format('%s: Spark has not computed it', v_mart.mart_name);
                v_hints := v_hints || 'Run the DAG tshop_marts_spark.'::text;
                CONTINUE;
            END IF;
            v_columns := (
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a
                WHERE a.attrelid = format('spark.%I', v_mart.mart_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
            );
            EXECUTE format(
                $sql$
                WITH known AS (
                    SELECT %1$s FROM cdm.%2$I WHERE valid_from <= $1 AND $1 < valid_to
                ),
                compared AS (
                    SELECT
                        row_number() OVER (ORDER BY %3$s) AS place,
                        c,
                        s
                    FROM known AS c
                    FULL JOIN spark.%2$I AS s USING (%3$s)
                    WHERE c IS DISTINCT FROM s
                )
                SELECT
                    (SELECT count(*) FROM known),
                    count(*),
                    string_agg(
                        format('cdm %%s, spark %%s', coalesce(c::text, 'no row'), coalesce(s::text, 'no row')), '; '
                        ORDER BY place
                    ) FILTER (WHERE place <= 3)
                FROM compared
                $sql$,
                v_columns,
                v_mart.mart_name,
                (SELECT string_agg(quote_ident(k), ', ') FROM unnest(v_mart.key_columns) AS k)
            )
            INTO v_rows, v_differences, v_first
            USING v_mart.read_at;
            rows := rows + v_rows;
            differences := differences + v_differences;
            IF v_differences > 0 THEN
                v_findings := v_findings
                || format('%s: %s rows differ: %s', v_mart.mart_name, v_differences, v_first);
                v_hints := v_hints || CASE
                    WHEN v_mart.was_built THEN 'Both had the same of dds: one of the two is wrong, docs/scaling.md.'
                    ELSE 'The mart was behind dds when Spark read it: build the marts and run the DAG tshop_marts_spark.'
                END;
            END IF;
        END LOOP;
        IF cardinality(v_findings) > 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS024',
                MESSAGE = format('cdm.compare_marts: %s of %s marts differ', cardinality(v_findings), marts),
                DETAIL = array_to_string(v_findings, E'\n'),
                HINT = array_to_string(ARRAY(SELECT DISTINCT h FROM unnest(v_hints) AS h ORDER BY h), ' ');
        END IF;
        PERFORM sl._finish_run(run_id, rows, 0, 0, 0, rows, 0, true);
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE cdm.compare_marts IS 'Proves that the marts of Spark and of cdm agree';
