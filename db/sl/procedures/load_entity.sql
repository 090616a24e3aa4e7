-- sl.load_entity(p_entity text, p_full boolean, p_force boolean, INOUT ..., p_slice sl.backfill_slice DEFAULT NULL)
--
-- Purpose: the SCD2 engine. Brings the history of an entity in dds up to what its source table holds, in event time.
-- Parameters: p_entity: name in sl.entity; p_full: compare every source row, not only those changed since the last run;
--     p_force: go on even where that deletes more than the entity's breaker_share of the current rows, or, where the
--         entity asks for it (breaker_judges_changes), deletes and changes;
--     p_slice: with p_full, a slice of a backfill (sl.backfill): only its keys are compared, others may run beside it,
--     what it deletes and changes is judged together with what the slices before it did, and the watermark is left
--     to sl.finish_backfill.
-- Returns: one row: run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected.
-- Errors: TS001 another run on the target is in progress; TS002 the entity is not registered; TS003 its
--     source table or key column does not exist; TS004 more than breaker_share would be deleted (or changed, where
--     the entity asks for that), of a slice together with the slices before it: a source that lost its rows looks the
--     same as a mass deletion; TS005 somebody
--     else holds a lock for longer than lock_timeout; 40001 somebody has written to the target past the procedures
--     meanwhile.
-- Reads: sl.entity, sl.quality_rule, sl.clock_rejection, sl.erasure, sl.watermark, sl.backfill_slice, the source and
--     the target.
-- Writes: the target, sl.tombstone, sl.rejected_row, sl.changed_period, sl.run; sl.watermark or, of a slice,
--     sl.backfill_slice.
--
-- The first load goes straight into the target (sl.load_settled) and leaves only the rows of the latest transactions;
-- loads of a source that had no rows yet were none.
-- The rows that changed since the last run are classified first, each as exactly one of
--     rejected  fails a quality rule
--     first     a key never seen
--     append    later than all known of the key, and different: closes the current version and opens the next
--     touch     later than all known of the key, and the same: only the time of the last observation moves
--     close     later than all known of the key, and deleted: closes the current version
--     forget    a deletion of a key never seen
--     same      lies within the current version and is the same
--     splice    all else: late, tied in time with other values, or coming back after a deletion
-- and then applied, a class in one statement. Only "splice" needs the key's whole history (sl.splice_history). The
-- working set is the temporary table _sl_change, whose own columns are named scd2_... to stay clear of the source's.
-- The latest version of a key, and a deletion, are found by an index probe a row (LIMIT, OFFSET 0): a plan that does
-- not turn into a scan as tables grow.
--
-- The history of a forgotten key (sl.erasure) stands still: no rule judges its rows, and they are "same", but for the
-- deletion that closes it. A deletion at the very time at which its last version began would leave none: it is "same".
CREATE OR REPLACE PROCEDURE sl.load_entity(
    p_entity text,
    p_full boolean DEFAULT false,
    p_force boolean DEFAULT false,
    INOUT run_id bigint DEFAULT NULL,
    INOUT rows_read bigint DEFAULT NULL,
    INOUT rows_inserted bigint DEFAULT NULL,
    INOUT rows_corrected bigint DEFAULT NULL,
    INOUT rows_deleted bigint DEFAULT NULL,
    INOUT rows_unchanged bigint DEFAULT NULL,
    INOUT rows_rejected bigint DEFAULT NULL,
    p_slice sl.backfill_slice DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- The text of a key, and of a rejected row, is the same in every session.
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_entity sl.entity := sl.entity_of(p_entity);
    v_source text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_key text := quote_ident(v_entity.key_column);
    v_key_type text := sl.key_type(v_entity);
    v_sk text := quote_ident(v_entity.surrogate_key_column);
    v_columns text := sl.column_list(v_entity.tracked_columns, '%1$I');
    -- Of a composite value, IS NOT NULL asks whether every field is.
    v_is_slice CONSTANT boolean := p_slice.slice_no IS NOT NULL;
    v_procedure text := CASE
        WHEN v_is_slice THEN 'sl.backfill' ELSE format('%s.load_%s', v_entity.target_schema, p_entity)
    END;
    v_in_slice text := sl.slice_condition(p_slice, v_key, v_key_type);
    c_always_asked CONSTANT text [] := ARRAY(
        SELECT r.rule_name FROM sl.applied_rule AS r WHERE r.entity_name = p_entity AND r.judges_deletions
    );
    v_forgotten text := 'false';
    v_run_id bigint;
    v_window record;
    v_was_loaded boolean;
    v_is_first_load boolean := false;
    v_is_fresh boolean := false;
    v_first record;
    v_changed_rows text;
    v_high timestamptz;
    v_rejected_before boolean;
    v_closed bigint;
    v_before record;
    v_current bigint;
    v_deleted bigint := 0;
    v_changed bigint := 0;
    v_late bigint := 0;
    v_context text;
BEGIN
    PERFORM sl.bound_lock_wait();
    BEGIN
        v_run_id := sl.begin_run(v_procedure, v_target, p_shared => v_is_slice, p_is_patient => v_is_slice);
        v_window := sl.read_window(v_target, v_source, p_full);
        IF EXISTS (SELECT FROM sl.erasure AS f WHERE f.entity_name = p_entity) THEN
            v_forgotten := format(
                'EXISTS (SELECT FROM sl.erasure AS f WHERE f.entity_name = %L '
                'AND f.entity_key = %s)',
                p_entity, sl.key_text('scd2_source_row.' || v_key, v_key_type)
            );
            PERFORM sl.erase_delivered(v_entity, v_window.from_xid, v_window.to_xid, p_slice);
        END IF;
        v_was_loaded := EXISTS (
            SELECT FROM sl.watermark AS w
            WHERE w.target = v_target AND w.source = v_source AND w.high_updated_at IS NOT NULL
        );
        -- A slice in which nothing is known is one of a first load only where no load has found anything yet: else it
        -- would note the whole as changed for the sake of some new keys.
        IF NOT v_was_loaded OR (v_window.is_full AND NOT v_is_slice) THEN
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s WHERE %s)', v_target, v_in_slice) INTO v_is_first_load;
        END IF;
        IF v_is_first_load THEN
            EXECUTE format(
                'SELECT NOT EXISTS (SELECT FROM sl.tombstone WHERE entity_name = %1$L AND %2$s) '
                'AND NOT EXISTS (SELECT FROM sl.rejected_row WHERE entity_name = %1$L AND %2$s) '
                'AND NOT EXISTS (SELECT FROM sl.erasure WHERE entity_name = %1$L AND %2$s)',
                p_entity, sl.slice_condition(p_slice, format('entity_key::%s', v_key_type), v_key_type)
            ) INTO v_is_fresh;
        END IF;
        IF v_is_fresh THEN
            v_first := sl.load_settled(v_entity, v_window.next_xmin, v_run_id, p_slice);
            v_window.from_xid := v_window.next_xmin;
            v_window.is_full := true;
        ELSIF NOT v_window.is_full THEN
            v_is_first_load := false;
        END IF;

        v_changed_rows := format(
            'SELECT * FROM %s WHERE changed_xid BETWEEN %s AND %s AND %s', v_source, v_window.from_xid,
            v_window.to_xid, v_in_slice
        );
        IF NOT v_is_fresh AND EXISTS (SELECT FROM sl.clock_rejection AS j WHERE j.entity_name = p_entity) THEN
            -- What was in the future then may be so no more: such rows are judged again though nobody touched them.
            v_changed_rows := v_changed_rows || format(
                ' UNION ALL SELECT * FROM %1$s WHERE changed_xid NOT BETWEEN %2$s AND %3$s AND %4$s = ANY (ARRAY('
                'SELECT j.entity_key::%5$s FROM sl.clock_rejection AS j WHERE j.entity_name = %6$L))',
                v_source, v_window.from_xid, v_window.to_xid, v_key, v_key_type, p_entity
            );
        END IF;

        EXECUTE format(
            $sql$
            CREATE TEMPORARY TABLE _sl_change ON COMMIT DROP AS
            SELECT
                c.scd2_key,
                c.scd2_key_text,
                c.scd2_at,
                c.scd2_deleted,
                c.scd2_rule,
                -- Of a rejected row that is all that is kept, however large it is.
                c.scd2_row,
                %9$s,
                v.scd2_sk,
                v.scd2_tid,
                c.scd2_rule IS NULL AND c.scd2_at < v.scd2_known_at AS scd2_late,
                CASE
                    WHEN c.scd2_rule IS NOT NULL THEN 'rejected'
                    WHEN c.scd2_forgotten THEN
                        CASE
                            WHEN
                                c.scd2_deleted
                                AND v.scd2_current
                                AND c.scd2_at >= v.scd2_last_at
                                AND c.scd2_at > v.scd2_from THEN 'close'
                            ELSE 'same'
                        END
                    WHEN v.scd2_sk IS NULL AND EXISTS (
                        SELECT FROM sl.tombstone AS x
                        WHERE x.entity_name = %1$L AND x.entity_key = c.scd2_key_text
                        OFFSET 0
                    ) THEN 'splice'
                    WHEN v.scd2_sk IS NULL AND c.scd2_deleted THEN 'forget'
                    WHEN v.scd2_sk IS NULL THEN 'first'
                    WHEN NOT v.scd2_current THEN 'splice'
                    WHEN c.scd2_at > v.scd2_last_at AND c.scd2_deleted THEN 'close'
                    WHEN c.scd2_at > v.scd2_last_at AND v.scd2_differs THEN 'append'
                    WHEN c.scd2_at > v.scd2_last_at THEN 'touch'
                    WHEN c.scd2_at >= v.scd2_from AND NOT c.scd2_deleted AND NOT v.scd2_differs THEN 'same'
                    ELSE 'splice'
                END AS scd2_action
            FROM (
                SELECT
                    %2$s AS scd2_key,
                    %11$s AS scd2_key_text,
                    updated_at AS scd2_at,
                    coalesce(is_deleted, false) AS scd2_deleted,
                    %10$s AS scd2_forgotten,
                    scd2_rule,
                    CASE WHEN scd2_rule IS NOT NULL THEN %13$s END AS scd2_row,
                    %4$s
                FROM (
                    -- A level of its own: what asks the clock is computed for each row, and all beside it.
                    SELECT scd2_source_row.*, CASE WHEN %10$s THEN %12$s ELSE %3$s END AS scd2_rule
                    FROM (%5$s) AS scd2_source_row
                ) AS scd2_source_row
            ) AS c
            LEFT JOIN LATERAL (
                SELECT
                    t.%6$s AS scd2_sk,
                    t.ctid AS scd2_tid,
                    t.is_current AS scd2_current,
                    t.valid_from AS scd2_from,
                    coalesce(t.last_observed_at, t.valid_from) AS scd2_last_at,
                    -- What was observed last of a closed version is its end.
                    CASE
                        WHEN t.is_current THEN coalesce(t.last_observed_at, t.valid_from) ELSE t.valid_to
                    END AS scd2_known_at,
                    (%7$s) AS scd2_differs
                FROM %8$s AS t
                WHERE t.%2$s = c.scd2_key
                ORDER BY t.valid_from DESC
                LIMIT 1
            ) AS v ON true
            $sql$,
            p_entity,
            v_key,
            sl.failed_rule_expression(p_entity),
            v_columns,
            v_changed_rows,
            v_sk,
            sl.column_list(v_entity.tracked_columns, 't.%1$I IS DISTINCT FROM c.%1$I', ' OR '),
            v_target,
            sl.column_list(
                v_entity.tracked_columns, 'CASE WHEN c.scd2_rule IS NULL THEN c.%1$I END AS %1$I'
            ),
            v_forgotten,
            sl.key_text('scd2_source_row.' || v_key, v_key_type),
            sl.failed_rule_expression(p_entity, p_times_only => true),
            sl.row_as_json(v_entity, 'scd2_source_row')
        );
        GET DIAGNOSTICS rows_read = ROW_COUNT;

        rows_inserted := 0;
        rows_corrected := 0;
        rows_deleted := 0;
        rows_unchanged := 0;
        rows_rejected := 0;
        IF rows_read > 0 THEN
            ANALYZE pg_temp._sl_change (scd2_key, scd2_sk, scd2_action);

            -- The current rows are counted as far as it takes to know that the share is small: that costs in proportion
            -- to what changed, however large the table is.
            SELECT count(*) INTO v_changed
            FROM pg_temp._sl_change AS c
            WHERE
                c.scd2_action = 'close'
                OR (c.scd2_action = 'splice' AND (c.scd2_deleted OR v_entity.breaker_judges_changes))
                OR (c.scd2_action = 'append' AND v_entity.breaker_judges_changes);
            -- Of a backfill, the slices before have deleted some of them.
            SELECT
                coalesce(sum(s.rows_deleted), 0) AS deleted,
                coalesce(sum(s.rows_changed) FILTER (WHERE v_entity.breaker_judges_changes), 0) AS changed
            INTO v_before
            FROM sl.backfill_slice AS s
            WHERE v_is_slice AND s.target = v_target;
            IF
                NOT p_force
                AND v_changed > 0
                AND v_before.deleted + v_before.changed + v_changed > v_entity.breaker_floor
            THEN
                EXECUTE format('SELECT count(*) + $1 FROM (SELECT FROM %s WHERE is_current LIMIT $2) AS t', v_target)
                INTO v_current
                USING
                    v_before.deleted,
                    ceil((v_before.deleted + v_before.changed + v_changed) / v_entity.breaker_share)::bigint;
            END IF;

            -- Closed first: a version ends before its successor begins. It is found by its place, which no procedure
            -- moves under the target's lock: the index by surrogate key has nearly as many pages to read as there are
            -- versions to close.
            EXECUTE format(
                $sql$
                UPDATE %1$s AS t
                SET
                    valid_to = c.scd2_at,
                    is_current = false,
                    last_observed_at = CASE WHEN t.last_observed_at < c.scd2_at THEN t.last_observed_at END,
                    run_id = %3$s
                FROM pg_temp._sl_change AS c
                WHERE t.ctid = c.scd2_tid AND t.%2$s = c.scd2_sk AND c.scd2_action IN ('append', 'close')
                $sql$,
                v_target, v_sk, v_run_id
            );
            GET DIAGNOSTICS v_closed = ROW_COUNT;
            IF
                v_closed <> (
                    SELECT count(*) FROM pg_temp._sl_change AS c WHERE c.scd2_action IN ('append', 'close')
                )
            THEN
                RAISE EXCEPTION USING
                    ERRCODE = '40001',
                    MESSAGE = format('%s: somebody else has written to the target while it was loaded', v_target),
                    DETAIL = 'A version that was to be closed is not where it was. Nothing was changed.',
                    HINT = 'Call again, and write to the target by its procedures alone.';
            END IF;
            EXECUTE format(
                $sql$
                INSERT INTO %1$s (%2$s, %3$s, valid_from, run_id)
                SELECT scd2_key, %3$s, scd2_at, %4$s
                FROM pg_temp._sl_change
                WHERE scd2_action IN ('first', 'append')
                $sql$,
                v_target, v_key, v_columns, v_run_id
            );
            EXECUTE format(
                $sql$
                UPDATE %1$s AS t
                SET last_observed_at = c.scd2_at
                FROM pg_temp._sl_change AS c
                WHERE t.%2$s = c.scd2_sk AND c.scd2_action = 'touch'
                $sql$,
                v_target, v_sk
            );
            INSERT INTO sl.tombstone (entity_name, entity_key, deleted_at, run_id)
            SELECT p_entity, c.scd2_key_text, c.scd2_at, v_run_id
            FROM pg_temp._sl_change AS c
            WHERE c.scd2_action IN ('close', 'forget');

            IF EXISTS (SELECT FROM pg_temp._sl_change AS c WHERE c.scd2_action = 'splice') THEN
                PERFORM sl.splice_history(v_entity, v_run_id);
            END IF;

            -- A late bad state is counted, and the newest one is kept; the same state read again changes nothing.
            INSERT INTO sl.rejected_row AS o (
                entity_name, entity_key, rule_name, row, observed_at, run_id, rejected_at, last_run_id, last_seen
            )
            SELECT
                p_entity, c.scd2_key_text, c.scd2_rule, c.scd2_row,
                CASE WHEN c.scd2_rule <> ALL (c_always_asked) THEN c.scd2_at END,
                v_run_id, clock_timestamp(), v_run_id, clock_timestamp()
            FROM pg_temp._sl_change AS c
            WHERE c.scd2_action = 'rejected'
            ON CONFLICT (entity_name, entity_key, rule_name) WHERE resolved_run_id IS NULL DO UPDATE
            SET
                row = CASE WHEN excluded.observed_at < o.observed_at THEN o.row ELSE excluded.row END,
                observed_at = greatest(o.observed_at, excluded.observed_at),
                times_seen = o.times_seen + 1,
                last_run_id = excluded.last_run_id,
                last_seen = excluded.last_seen
            WHERE o.row <> excluded.row;

            SELECT EXISTS (
                SELECT FROM sl.rejected_row AS j WHERE j.entity_name = p_entity AND j.resolved_run_id IS NULL
            ) INTO v_rejected_before;
            IF v_rejected_before THEN
                UPDATE sl.rejected_row AS j
                SET resolved_run_id = v_run_id, resolved_at = clock_timestamp()
                FROM pg_temp._sl_change AS c
                WHERE
                    j.entity_name = p_entity
                    AND j.resolved_run_id IS NULL
                    AND j.entity_key = c.scd2_key_text
                    AND c.scd2_action <> 'rejected'
                    -- What was known to be bad later than the good state still is.
                    AND coalesce(c.scd2_at >= j.observed_at, true);
            END IF;

            -- Only now is it known what each splice came to; raising takes it all back.
            SELECT
                count(*) FILTER (WHERE c.scd2_action IN ('close', 'splice_deleted')),
                count(*) FILTER (
                    WHERE
                    v_entity.breaker_judges_changes
                    AND c.scd2_action IN ('append', 'splice_inserted', 'splice_corrected')
                )
            INTO v_deleted, v_changed
            FROM pg_temp._sl_change AS c;
            IF
                v_current IS NOT NULL
                AND v_before.deleted + v_before.changed + v_deleted + v_changed
                > greatest(v_entity.breaker_floor, v_current * v_entity.breaker_share)
            THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'TS004',
                    MESSAGE = format(
                        '%s: the %s would delete %s%s of %s current rows', v_target,
                        CASE WHEN v_is_slice THEN 'backfill' ELSE 'load' END, v_before.deleted + v_deleted,
                        CASE
                            WHEN v_entity.breaker_judges_changes
                                THEN format(' and change %s', v_before.changed + v_changed)
                        END,
                        v_current
                    ),
                    DETAIL = format(
                        'A load of more than %s %% stops unless it is forced: a source that lost its rows looks the '
                        'same. %s',
                        round(v_entity.breaker_share * 100, 1),
                        CASE
                            WHEN v_is_slice
                                THEN format('What the slices other than number %s have done stays.', p_slice.slice_no)
                            ELSE 'Nothing was changed.'
                        END
                    ),
                    HINT = format(
                        'Look at %s. If it is right, CALL %s(%sp_force => true). sl.entity.breaker_share sets the '
                        'share.',
                        v_source, v_procedure,
                        CASE WHEN v_is_slice THEN format('%L, ', p_entity) WHEN p_full THEN 'p_full => true, ' END
                    );
            END IF;

            IF v_entity.keeps_changed_periods AND NOT v_is_first_load THEN
                -- A close changes no answer: in a gap the version before it is still the one.
                INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to, is_new)
                SELECT
                    v_run_id,
                    p_entity,
                    c.scd2_key_text,
                    CASE WHEN c.scd2_action = 'append' THEN c.scd2_at ELSE timestamptz '-infinity' END,
                    timestamptz 'infinity',
                    -- A full load may bring back a version that somebody has deleted, of which the mart has rows.
                    c.scd2_sk IS NULL AND NOT v_window.is_full
                FROM pg_temp._sl_change AS c
                WHERE c.scd2_action IN ('first', 'append', 'splice_inserted', 'splice_corrected', 'splice_deleted');
            END IF;

            SELECT
                count(*) FILTER (WHERE c.scd2_action IN ('first', 'append', 'splice_inserted')),
                count(*) FILTER (WHERE c.scd2_action = 'splice_corrected'),
                count(*) FILTER (WHERE c.scd2_action IN ('close', 'forget', 'splice_deleted')),
                count(*) FILTER (WHERE c.scd2_action IN ('touch', 'same', 'splice_unchanged')),
                count(*) FILTER (WHERE c.scd2_action = 'rejected'),
                max(c.scd2_at) FILTER (WHERE c.scd2_action <> 'rejected'),
                count(*) FILTER (WHERE c.scd2_late)
            INTO rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected, v_high, v_late
            FROM pg_temp._sl_change AS c;
        END IF;

        IF v_is_fresh THEN
            rows_read := rows_read + v_first.rows_inserted + v_first.rows_deleted + v_first.rows_rejected;
            rows_inserted := rows_inserted + v_first.rows_inserted;
            rows_deleted := rows_deleted + v_first.rows_deleted;
            rows_rejected := rows_rejected + v_first.rows_rejected;
            v_high := greatest(v_high, v_first.high_updated_at);
        END IF;
        IF v_is_first_load AND v_entity.keeps_changed_periods AND rows_read > 0 THEN
            INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to)
            VALUES (v_run_id, p_entity, NULL, '-infinity', 'infinity');
        END IF;

        IF NOT v_is_slice THEN
            PERFORM sl.write_watermark(v_target, v_source, v_high, v_window.next_xmin, v_run_id);
        END IF;

        run_id := v_run_id;
        UPDATE sl.run AS r SET rows_late = v_late WHERE r.run_id = v_run_id;
        PERFORM sl.finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected,
            v_window.is_full
        );
        IF v_is_slice THEN
            PERFORM sl.finish_slice(p_slice, v_run_id, v_high, v_deleted, v_changed);
        END IF;
        -- Not left to the commit: the transaction may hold another run.
        DROP TABLE pg_temp._sl_change;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl.raise_lock_timeout(v_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE sl.load_entity IS 'The SCD2 engine: brings an entity''s history up to what its source table holds';
