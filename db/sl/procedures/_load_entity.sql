-- sl._load_entity(p_entity text, p_full boolean, p_force boolean, INOUT ..., p_slice sl.backfill_slice DEFAULT NULL,
--     p_keys text[] DEFAULT NULL, p_since timestamptz DEFAULT NULL)
--
-- Purpose: the SCD2 engine. Brings the history of an entity up to what its source holds, in event time.
-- Parameters: p_entity: name in sl.entity; p_full: compare every source row, not only those changed since the last run;
--     p_force: load even where that deletes more than the entity's breaker_share of the current rows, or, where the
--         entity asks for it (breaker_judges_changes), deletes and changes;
--     p_slice: with p_full, a slice of a backfill (sl.backfill): only its keys are compared, others may run beside it,
--         what it deletes and changes is judged together with what the slices before it did, and the watermark is left
--         to sl._finish_backfill;
--     p_keys: only the source rows of these keys; p_since: only those of an event time from this on; both of any
--         transaction, and the next load reads what it would have read.
-- Returns: one row: run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected.
-- Errors: TS001 another run on the target is in progress; TS002 the entity is not declared; TS003 its source or a
--     column of it does not exist; TS004 more than breaker_share would be deleted (or changed, where the entity asks
--     for that), of a slice together with the slices before it: a source that lost its rows looks the same as a mass
--     deletion; TS005 another session holds a lock for longer than lock_timeout; 22023 p_since without an event time,
--     or a key in p_keys that is none; 40001 another session wrote to the target directly meanwhile.
-- Reads: sl.entity, sl.applied_rule, sl.clock_rejection, sl.erasure, sl.watermark, sl.backfill_slice, sl.kept_state,
--     the source and the target.
-- Writes: the target, sl.tombstone, sl.rejected_row, sl.rule_warning, sl.changed_period, sl.kept_state, sl.run;
--     sl.watermark or, of a slice, sl.backfill_slice.
--
-- The first load goes straight into the target (sl._load_settled) and leaves only the rows of the latest transactions;
-- loads of a source that had no rows yet were none. All other rows are classified (sl._classify), applied (sl._apply),
-- judged by how much they delete (sl._judge_volume), and counted, each as exactly one outcome.
CREATE OR REPLACE PROCEDURE sl._load_entity(
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
    p_slice sl.backfill_slice DEFAULT NULL,
    p_keys text[] DEFAULT NULL,
    p_since timestamptz DEFAULT NULL
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
    v_entity sl.entity := sl._entity_of(p_entity);
    v_source CONSTANT text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
    v_target CONSTANT text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    -- Of a composite value, IS NOT NULL asks whether every field is.
    v_is_slice CONSTANT boolean := p_slice.slice_no IS NOT NULL;
    v_is_restatement CONSTANT boolean := p_keys IS NOT NULL OR p_since IS NOT NULL;
    v_procedure CONSTANT text := CASE WHEN v_is_slice THEN 'sl.backfill' ELSE sl._load_name(v_entity) END;
    v_forgotten text;
    v_run_id bigint;
    v_clock timestamptz;
    v_window record;
    v_state record;
    v_is_direct boolean;
    v_has_kept boolean := false;
    v_has_rows boolean := true;
    v_has_periods boolean := false;
    v_first record;
    v_rows record;
    v_counts jsonb;
    v_current bigint;
    v_deleted bigint := 0;
    v_changed bigint := 0;
    v_high timestamptz;
    v_late bigint := 0;
    v_context text;
BEGIN
    PERFORM sl._check_source(v_entity, p_since IS NOT NULL);
    p_keys := sl._canonical_keys(v_entity, p_keys);
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_run_id := sl._begin_run(v_procedure, v_target, p_shared => v_is_slice, p_wait_for_lock => v_is_slice);
        v_clock := (SELECT r.started_at FROM sl.run AS r WHERE r.run_id = v_run_id);
        -- Read again under the target's lock: its last holder may have declared the entity again.
        v_entity := sl._entity_of(p_entity);
        v_window := sl._read_window(v_target, v_source, p_full OR v_entity.changes = 'scan');
        -- Not earlier than what the window takes in was overwritten.
        v_clock := greatest(v_clock, clock_timestamp());
        v_forgotten := sl._is_forgotten(v_entity, 'scd2_source_row');
        IF v_forgotten <> 'false' THEN
            PERFORM sl._erase_delivered(v_entity, v_window.from_xid, v_window.to_xid, p_slice);
        END IF;
        v_state := sl._what_is_known(v_entity, v_window.is_full, p_slice);
        v_is_direct := v_state.is_fresh
            AND v_entity.changes = 'stamp'
            AND NOT v_is_restatement
            AND NOT EXISTS (SELECT FROM sl._source_column AS c WHERE c.entity_name = p_entity AND c.is_converted);
        IF v_is_direct THEN
            v_has_kept := sl._list_kept_keys(v_entity);
            v_first := sl._load_settled(v_entity, v_window.next_xmin, v_run_id, v_clock, p_slice, v_has_kept);
            v_window.from_xid := v_window.next_xmin;
            v_window.is_full := true;
        END IF;
        v_rows := sl._source_rows(
            v_entity, v_window.from_xid, v_window.to_xid, v_window.is_seen, p_slice, p_keys, p_since, NOT v_is_direct,
            v_clock, v_has_kept
        );
        rows_read := 0;
        -- Where nothing is new, nothing is prepared for it. ORDER BY keeps the plan at the index.
        IF v_rows.is_alone AND v_window.from_xid > 0 THEN
            EXECUTE format(
                'SELECT EXISTS (SELECT FROM (SELECT FROM %s AS s WHERE s.changed_xid >= $1 ORDER BY s.changed_xid '
                'LIMIT 1) AS s)', v_source
            )
            INTO v_has_rows
            USING v_window.from_xid;
        END IF;
        IF v_has_rows THEN
            rows_read := sl._classify(v_entity, v_rows.rows, v_rows.is_plain, v_clock, v_forgotten);
        END IF;
        rows_inserted := 0;
        rows_corrected := 0;
        rows_deleted := 0;
        rows_unchanged := 0;
        rows_rejected := 0;
        IF rows_read > 0 THEN
            v_counts := sl._count_changes();
            v_has_periods := v_entity.keeps_changed_periods AND v_counts ? 'splice';
            v_current := sl._count_current(v_entity, p_slice, p_force, v_counts);
            PERFORM sl._apply(v_entity, v_run_id, v_counts);
            IF v_counts ? 'splice' THEN
                v_counts := sl._count_changes();
            END IF;
            PERFORM sl._resolve_rejections(p_entity, v_run_id);
            PERFORM sl._note_rejections(v_entity, v_run_id, 'pg_temp._sl_change', p_has_several => NOT v_rows.is_plain);
            SELECT j.deleted, j.changed
            INTO v_deleted, v_changed
            FROM sl._judge_volume(v_entity, p_slice, v_procedure, p_full, v_current, v_counts) AS j;
            IF v_entity.keeps_changed_periods AND NOT v_state.is_first_load THEN
                PERFORM sl._note_periods(v_entity, v_run_id, NOT v_window.is_full, v_has_periods);
            END IF;
            IF NOT v_is_restatement THEN
                DELETE FROM sl.kept_state AS k
                USING pg_temp._sl_change AS c
                WHERE NOT v_rows.is_plain AND k.kept_no = c.scd2_order AND k.entity_name = p_entity;
            END IF;
            rows_inserted := sl._sum_of(v_counts, 'first', 'append', 'splice_inserted');
            rows_corrected := sl._sum_of(v_counts, 'in_place', 'splice_corrected');
            rows_deleted := sl._sum_of(v_counts, 'close', 'forget', 'splice_deleted');
            rows_unchanged := sl._sum_of(v_counts, 'touch', 'same', 'splice_unchanged');
            rows_rejected := sl._sum_of(v_counts, 'rejected');
            v_late := sl._sum_of(v_counts, 'late');
            v_high := (v_counts ->> 'high')::timestamptz;
        END IF;

        IF v_is_direct THEN
            rows_read := rows_read + v_first.rows_inserted + v_first.rows_deleted + v_first.rows_rejected;
            rows_inserted := rows_inserted + v_first.rows_inserted;
            rows_deleted := rows_deleted + v_first.rows_deleted;
            rows_rejected := rows_rejected + v_first.rows_rejected;
            v_high := greatest(v_high, v_first.high_updated_at);
        END IF;
        IF v_state.is_first_load AND v_entity.keeps_changed_periods AND rows_read > 0 THEN
            INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to)
            VALUES (v_run_id, p_entity, NULL, '-infinity', 'infinity');
        END IF;
        IF NOT v_is_slice AND NOT v_is_restatement THEN
            PERFORM sl._write_watermark(v_target, v_source, v_high, v_window.next_xmin, v_run_id);
            -- A rule that changed after this load had begun is the next one's.
            UPDATE sl.entity AS e
            SET judged_version = v_entity.rules_version
            WHERE e.entity_name = p_entity AND v_entity.judged_version < v_entity.rules_version;
        END IF;

        run_id := v_run_id;
        UPDATE sl.run AS r SET rows_late = v_late WHERE r.run_id = v_run_id;
        PERFORM sl._finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected,
            v_window.is_full AND NOT v_is_restatement
        );
        IF v_is_slice THEN
            PERFORM sl._finish_slice(p_slice, v_run_id, v_high, v_deleted, v_changed);
        END IF;
        -- Not left to the commit: the transaction may hold another run.
        IF v_has_rows THEN
            DROP TABLE pg_temp._sl_change;
        END IF;
        IF v_has_periods THEN
            DROP TABLE pg_temp._sl_period;
        END IF;
        IF v_has_kept THEN
            DROP TABLE pg_temp._sl_kept_key;
        END IF;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(v_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE sl._load_entity IS 'The SCD2 engine: brings an entity''s history up to what its source holds';
