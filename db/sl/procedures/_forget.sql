-- sl._forget(p_procedure text, p_entity text, p_key text, INOUT run_id bigint, INOUT mart_run_id bigint, INOUT
--     raw_rows bigint, INOUT dds_versions bigint, INOUT mart_versions bigint, INOUT rejected_rows bigint)
--
-- Purpose: empties the personal columns of a key in the source, in every version of the target, in every version of
--     the marts that declare a copy of them (sl.mart.personal), in the rejected rows and in the states kept aside,
--     and leaves a receipt in sl.erasure. All else of the key stays: keys, intervals, what marts have reported.
-- Parameters: p_procedure: whose call it is, as sl.run is to name it; p_entity: name in sl.entity; p_key: the key as
--     a text.
-- Returns: as of sl.forget. A state kept aside is counted as none: it is of the source's row.
-- Errors: TS006 no such key is known; 22023 the entity has no personal columns; TS001 a load of the entity, of
--     another source of its marts, or a build of these is in progress; TS002 the entity is not declared; TS005
--     another session holds a lock for longer than lock_timeout; 23502 a mart's image gives a NULL in its key for
--     somebody who is forgotten.
-- Reads: the source, the target, the marts (whole, once), sl.entity, sl.mart, and as sl._build. Writes: these,
--     sl.rejected_row, sl.kept_state, sl.erasure (the receipt), sl.run, and as sl._build.
--
-- The key stays forgotten when its source delivers it again: sl._keep_forgotten, sl._load_entity. Marts that read the
-- personal columns are built first, so that what they compute of them is there for all that loads have brought; and no
-- load of another source of theirs may come in between. Versions keep their number, times and surrogate keys: what was
-- reported at a moment is reported the same. Where a mart computes something else now that the columns are empty, it
-- gets a new version, as by a build: its rows that depended on them are known from before they were emptied. A source
-- that is compared whole is its owner's to empty. The server's own leftovers go with VACUUM, old WAL and old backups
-- (docs/history.md).
CREATE OR REPLACE PROCEDURE sl._forget(
    p_procedure text,
    p_entity text,
    p_key text,
    INOUT run_id bigint,
    INOUT mart_run_id bigint,
    INOUT raw_rows bigint,
    INOUT dds_versions bigint,
    INOUT mart_versions bigint,
    INOUT rejected_rows bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- The text of a key is the same in every session.
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_target CONSTANT text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_key text;
    v_is_known boolean;
    v_places jsonb;
    v_personal CONSTANT text [] := v_entity.personal_columns;
    v_target_personal CONSTANT text [] := sl._target_personal(v_entity);
    -- What else depends on the entity stays as it is.
    v_marts CONSTANT text [] := ARRAY(
        SELECT m.mart_name
        FROM sl.mart AS m
        WHERE
            p_entity = ANY (m.sources)
            AND (m.personal ? p_entity OR sl._is_read(v_entity, v_target_personal, m.mart_name))
        ORDER BY m.mart_name
    );
    v_run_id bigint;
    v_mart record;
    v_registered sl.mart;
    v_batch_id bigint;
    v_is_kept boolean := false;
    v_rows bigint;
    v_context text;
BEGIN
    IF v_personal = '{}' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s: entity "%s" has no personal columns', p_procedure, p_entity),
            HINT = 'Declare them: sl.declare_entity(..., p_personal => ...).';
    END IF;
    PERFORM sl._check_source(v_entity, false);
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_run_id := sl._begin_run(p_procedure, v_target);
        v_key := sl._canonical_key(v_entity, p_key);
        v_places := jsonb_build_object(
            'run', v_run_id,
            'key_literal', quote_nullable(v_key),
            'is_key', (
                SELECT string_agg(format('t.%I = %s', k.column_name, k.value), ' AND ')
                FROM unnest(
                    v_entity.key_columns, sl._key_values(sl._key_types(v_entity), quote_nullable(v_key))
                ) AS k (column_name, value)
            ),
            'key_text', sl._key_text(v_entity, 't'),
            'names', format('%L::text[]', v_personal)
        );
        EXECUTE sl._sql(
            v_entity,
            $sql$
            SELECT EXISTS (
                SELECT FROM {{source}} AS t WHERE {{is_key}}
                UNION ALL
                SELECT FROM {{target}} AS t WHERE {{is_key}}
                UNION ALL
                SELECT FROM sl.rejected_row AS j WHERE j.entity_name = {{name}} AND j.entity_key = {{key_literal}}
                UNION ALL
                SELECT FROM sl.erasure AS e WHERE e.entity_name = {{name}} AND e.entity_key = {{key_literal}}
                UNION ALL
                SELECT
                FROM sl.kept_state AS k
                CROSS JOIN LATERAL sl._populate(NULL::{{source}}, k.state, {{key_names}}) AS t
                WHERE k.entity_name = {{name}} AND {{key_text}} = {{key_literal}}
            )
            $sql$,
            v_places
        ) INTO v_is_known;
        IF NOT v_is_known THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS006',
                MESSAGE = format('%s: no %s %s is known', p_procedure, p_entity, coalesce(p_key, 'NULL')),
                HINT = sl._sql(v_entity, 'Give the key of a row in {{source}} or {{target}}.');
        END IF;

        FOR v_mart IN
            SELECT DISTINCT format('%I.%I', e.target_schema, e.target_table) AS source
            FROM sl.mart AS m
            INNER JOIN sl.entity AS e ON e.entity_name = ANY (m.sources)
            WHERE m.mart_name = ANY (v_marts) AND e.entity_name <> p_entity
            ORDER BY 1
        LOOP
            PERFORM sl._lock_target(p_procedure, v_mart.source);
        END LOOP;
        FOR v_registered IN
            SELECT m.* FROM sl.mart AS m WHERE m.mart_name = ANY (v_marts) ORDER BY m.mart_name
        LOOP
            PERFORM sl.run_build(v_registered.mart_name);
        END LOOP;
        IF v_target_personal <> '{}' THEN
            EXECUTE sl._fill(
                'UPDATE {{target}} AS t SET run_id = {{run}} WHERE {{is_key}} AND ({{column|t.% IS NOT NULL| OR }})',
                jsonb_build_object('column', v_target_personal),
                v_places || jsonb_build_object('target', v_target)
            );
            GET DIAGNOSTICS v_rows = ROW_COUNT;
            v_is_kept := v_rows > 0;
        END IF;
        IF v_is_kept THEN
            IF v_entity.keeps_changed_periods THEN
                INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to)
                VALUES (v_run_id, p_entity, v_key, '-infinity', 'infinity');
            END IF;
            PERFORM sl._keep_groups(m, v_run_id) FROM sl.mart AS m WHERE m.mart_name = ANY (v_marts);
        END IF;
        mart_versions := 0;
        FOR v_mart IN
            SELECT
                m.mart_name,
                format('%I.%I', m.target_schema, m.target_table) AS target,
                ARRAY(SELECT jsonb_array_elements_text(m.personal -> p_entity -> 'columns')) AS columns,
                m.personal -> p_entity ->> 'key' AS key_column
            FROM sl.mart AS m
            WHERE m.personal -> p_entity IS NOT NULL
            ORDER BY m.mart_name
        LOOP
            v_batch_id := sl._begin_run(p_procedure, v_mart.target);
            EXECUTE sl._fill(
                'UPDATE {{mart}} AS m SET {{column|% = NULL}}, run_id = {{batch}} '
                'WHERE m.{{key}} = {{value}} AND ({{column|m.% IS NOT NULL| OR }})',
                jsonb_build_object('column', v_mart.columns),
                jsonb_build_object(
                    'mart', v_mart.target,
                    'batch', v_batch_id,
                    'key', quote_ident(v_mart.key_column),
                    'value', (sl._key_values(sl._key_types(v_entity), quote_literal(v_key)))[1]
                )
            );
            GET DIAGNOSTICS v_rows = ROW_COUNT;
            mart_versions := mart_versions + v_rows;
            mart_run_id := v_batch_id;
            -- The planner's statistics hold sample values.
            EXECUTE format('ANALYZE %s (%s)', v_mart.target, sl._column_list(v_mart.columns, '%'));
            PERFORM sl._finish_run(v_batch_id, v_rows, 0, v_rows, 0, 0, 0, false);
        END LOOP;

        raw_rows := 0;
        IF v_entity.changes = 'stamp' THEN
            EXECUTE sl._sql(
                v_entity,
                'UPDATE {{source}} AS t SET {{personal|% = NULL}} '
                'WHERE {{is_key}} AND ({{personal|t.% IS NOT NULL| OR }})',
                v_places
            );
            GET DIAGNOSTICS raw_rows = ROW_COUNT;
            EXECUTE sl._sql(v_entity, 'ANALYZE {{source}} ({{personal|%}})');
        END IF;
        dds_versions := 0;
        IF v_target_personal <> '{}' THEN
            EXECUTE sl._fill(
                'UPDATE {{target}} AS t SET {{column|% = NULL}}, run_id = {{run}} '
                'WHERE {{is_key}} AND ({{column|t.% IS NOT NULL| OR }})',
                jsonb_build_object('column', v_target_personal),
                v_places || jsonb_build_object('target', v_target)
            );
            GET DIAGNOSTICS dds_versions = ROW_COUNT;
            EXECUTE format('ANALYZE %s (%s)', v_target, sl._column_list(v_target_personal, '%'));
        END IF;
        UPDATE sl.rejected_row AS j
        SET row = j.row - v_personal
        WHERE j.entity_name = p_entity AND j.entity_key = v_key AND j.row ?| v_personal;
        GET DIAGNOSTICS rejected_rows = ROW_COUNT;
        -- The UPDATE of the source has kept aside what no load had read of it.
        EXECUTE sl._sql(
            v_entity,
            $sql$
            UPDATE sl.kept_state AS k
            SET state = k.state - {{names}}
            FROM sl.kept_state AS o
            CROSS JOIN LATERAL sl._populate(NULL::{{source}}, o.state, {{key_names}}) AS t
            WHERE
                o.kept_no = k.kept_no
                AND o.entity_name = {{name}}
                AND o.state ?| {{names}}
                AND {{key_text}} = {{key_literal}}
            $sql$,
            v_places
        );

        IF
            raw_rows + dds_versions + mart_versions + rejected_rows > 0
            OR NOT EXISTS (SELECT FROM sl.erasure AS e WHERE e.entity_name = p_entity AND e.entity_key = v_key)
        THEN
            INSERT INTO sl.erasure (
                entity_name, entity_key, run_id, mart_run_id, erased_at,
                raw_rows, dds_versions, mart_versions, rejected_rows
            )
            VALUES (
                p_entity, v_key, v_run_id, mart_run_id, clock_timestamp(),
                raw_rows, dds_versions, mart_versions, rejected_rows
            );
        END IF;
        FOR v_registered IN
            SELECT m.* FROM sl.mart AS m WHERE m.mart_name = ANY (v_marts) ORDER BY m.mart_name
        LOOP
            IF v_is_kept THEN
                v_batch_id := sl._build_kept_groups(v_registered, v_run_id);
                IF v_registered.personal ? p_entity THEN
                    mart_run_id := greatest(mart_run_id, v_batch_id);
                END IF;
            ELSE
                PERFORM sl._note_processed(v_registered.mart_name, ARRAY[v_run_id], max(r.run_id))
                FROM sl.run AS r
                WHERE r.target = format('%I.%I', v_registered.target_schema, v_registered.target_table);
            END IF;
        END LOOP;
        UPDATE sl.erasure AS e SET mart_run_id = _forget.mart_run_id WHERE e.run_id = v_run_id;
        PERFORM sl._finish_run(v_run_id, dds_versions, 0, dds_versions, 0, 0, 0, false);
        run_id := v_run_id;
        RAISE NOTICE '%: erased personal data of % % from % rows of the source, % versions of the history, % versions '
            'of marts, % rejected rows%',
            p_procedure, p_entity, v_key, raw_rows, dds_versions, mart_versions, rejected_rows,
            CASE
                WHEN v_entity.changes = 'scan'
                    THEN sl._sql(v_entity, '; {{source}} is compared whole, and is its owner''s to empty')
                ELSE ''
            END || coalesce('; what was published follows with batch ' || mart_run_id, '');
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(p_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE sl._forget IS 'Empties the personal columns of a key wherever they are kept';
