-- dds.forget_client(p_client_id bigint)
--
-- Purpose: erases a person: takes first name, last name and birth date out of raw, every version in dds, every version
--     in the mart, and the rejected rows, and leaves a receipt. Keys, intervals, ages at the sales and sums stay, so
--     that reports stay the same. ClickHouse follows with the batch of the mart that this writes.
-- Parameters: p_client_id: the client's key.
-- Returns: one row: run_id (on dds.client), mart_run_id (the batch for ClickHouse), and how many rows held personal
--     data: raw_rows, dds_versions, mart_versions, rejected_rows; all 0 where the client was forgotten before.
-- Errors: TS006 no such client is known; TS001 a load of clients or sales or a build of the mart is in progress; TS005
--     somebody else holds a lock for longer than lock_timeout.
-- Reads: raw.client, dds.client, cdm.sales_mart (whole, once), and as cdm.build_mart.
-- Writes: raw.client, dds.client, cdm.sales_mart, sl.rejected_row, sl.erasure (the receipt), sl.run, and as
--     cdm.build_mart.
--
-- Only the owner may call it. The client stays forgotten when a source delivers it again: raw.keep_forgotten,
-- sl.load_entity. The mart is built first, so that the ages of all sales known to dds are in it; what the client buys
-- later has no age. Versions keep their number, times and surrogate keys: what was reported at a moment is reported the
-- same, without the name. The server's own leftovers go with VACUUM, old WAL and old backups (docs/history.md).
CREATE OR REPLACE PROCEDURE dds.forget_client(
    p_client_id bigint,
    INOUT run_id bigint DEFAULT NULL,
    INOUT mart_run_id bigint DEFAULT NULL,
    INOUT raw_rows bigint DEFAULT NULL,
    INOUT dds_versions bigint DEFAULT NULL,
    INOUT mart_versions bigint DEFAULT NULL,
    INOUT rejected_rows bigint DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_entity CONSTANT text := 'client';
    v_personal CONSTANT text[] := (sl.entity_of('client')).personal_columns;
    v_key CONSTANT text := p_client_id::text;
    v_run_id bigint;
    v_mart_run_id bigint;
    v_context text;
BEGIN
    PERFORM sl.bound_lock_wait();
    BEGIN
        v_run_id := sl.begin_run('dds.forget_client', 'dds.client');
        IF NOT EXISTS (
            SELECT FROM raw.client AS r WHERE r.client_id = p_client_id
            UNION ALL
            SELECT FROM dds.client AS d WHERE d.client_id = p_client_id
            UNION ALL
            SELECT FROM sl.rejected_row AS j WHERE j.entity_name = c_entity AND j.entity_key = v_key
            UNION ALL
            SELECT FROM sl.erasure AS e WHERE e.entity_name = c_entity AND e.entity_key = v_key
        ) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS006',
                MESSAGE = format('dds.forget_client: no client %s is known', coalesce(v_key, 'NULL')),
                HINT = 'Give the client_id of a client in raw.client or dds.client.';
        END IF;
        -- No sale may come in between the build, which knows the ages, and the end.
        PERFORM sl.lock_target('dds.forget_client', 'dds.sale');
        -- As a text, since a CALL of PL/pgSQL wants a variable for each INOUT argument.
        EXECUTE 'CALL cdm.build_mart()';
        v_mart_run_id := sl.begin_run('dds.forget_client', 'cdm.sales_mart');

        UPDATE raw.client AS r
        SET first_name = NULL, last_name = NULL, birth_date = NULL
        WHERE
            r.client_id = p_client_id
            AND (r.first_name IS NOT NULL OR r.last_name IS NOT NULL OR r.birth_date IS NOT NULL);
        GET DIAGNOSTICS raw_rows = ROW_COUNT;

        UPDATE dds.client AS d
        SET first_name = NULL, last_name = NULL, birth_date = NULL, run_id = v_run_id
        WHERE
            d.client_id = p_client_id
            AND (d.first_name IS NOT NULL OR d.last_name IS NOT NULL OR d.birth_date IS NOT NULL);
        GET DIAGNOSTICS dds_versions = ROW_COUNT;

        UPDATE cdm.sales_mart AS m
        SET client = NULL, run_id = v_mart_run_id
        WHERE m.client_id = p_client_id AND m.client IS NOT NULL;
        GET DIAGNOSTICS mart_versions = ROW_COUNT;

        UPDATE sl.rejected_row AS j
        SET row = j.row - v_personal
        WHERE j.entity_name = c_entity AND j.entity_key = v_key AND j.row ?| v_personal;
        GET DIAGNOSTICS rejected_rows = ROW_COUNT;

        -- The planner's statistics hold sample values.
        ANALYZE raw.client (first_name, last_name, birth_date);
        ANALYZE dds.client (first_name, last_name, birth_date);
        ANALYZE cdm.sales_mart (client);

        IF
            raw_rows + dds_versions + mart_versions + rejected_rows > 0
            OR NOT EXISTS (SELECT FROM sl.erasure AS e WHERE e.entity_name = c_entity AND e.entity_key = v_key)
        THEN
            INSERT INTO sl.erasure (
                entity_name, entity_key, run_id, mart_run_id, erased_at,
                raw_rows, dds_versions, mart_versions, rejected_rows
            )
            VALUES (
                c_entity, v_key, v_run_id, v_mart_run_id, clock_timestamp(),
                raw_rows, dds_versions, mart_versions, rejected_rows
            );
        END IF;

        PERFORM sl.finish_run(v_run_id, dds_versions, 0, dds_versions, 0, 0, 0, false);
        PERFORM sl.finish_run(v_mart_run_id, mart_versions, 0, mart_versions, 0, 0, 0, false);
        UPDATE sl.run AS r SET taken_up_by = v_mart_run_id WHERE r.run_id = v_run_id;
        run_id := v_run_id;
        mart_run_id := v_mart_run_id;
        RAISE NOTICE 'dds.forget_client: erased personal data of client % from % rows of raw, % versions of dds, '
            '% versions of the mart, % rejected rows; ClickHouse follows with batch %',
            v_key, raw_rows, dds_versions, mart_versions, rejected_rows, v_mart_run_id;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl.raise_lock_timeout('dds.forget_client', v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE dds.forget_client IS 'Erases a person''s name and birth date everywhere; reports stay the same';
