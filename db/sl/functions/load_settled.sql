-- sl.load_settled(p_entity sl.entity, p_before_xid bigint, p_run_id bigint, p_slice sl.backfill_slice DEFAULT NULL)
--     RETURNS record
--
-- Purpose: the first load of an entity, or of a slice of it, straight from the source into the empty target: what
--     nobody has seen before has one state a key, so there is nothing to compare, to close or to splice.
-- Parameters: p_entity: registry row; p_before_xid: take the rows whose writing transaction lies below it, all of which
--     have ended; the others are the engine's; p_run_id: the run that writes; p_slice: only keys that lie in it.
-- Returns: rows_inserted, rows_deleted (deletions of keys never seen), rows_rejected; high_updated_at: the greatest
--     update time among the first two, NULL where there are none.
-- Errors: none.
-- Reads: the source, sl.quality_rule. Writes: the target, sl.tombstone, sl.rejected_row.
--
-- The rules are asked once, in the statement that finds the rejected rows and the deletions (pg_temp._sl_odd); all
-- other rows are then good, however the clock has moved. Each statement has a snapshot of its own: a row that is
-- updated between the two has an id that is not below p_before_xid by then, and is the next run's.
CREATE OR REPLACE FUNCTION sl.load_settled(
    p_entity sl.entity,
    p_before_xid bigint,
    p_run_id bigint,
    p_slice sl.backfill_slice DEFAULT NULL,
    OUT rows_inserted bigint,
    OUT rows_deleted bigint,
    OUT rows_rejected bigint,
    OUT high_updated_at timestamptz
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET parallel_tuple_cost = 0
SET jit = off
AS $body$
DECLARE
    v_source text := format('%I.%I', p_entity.source_schema, p_entity.source_table);
    v_target text := format('%I.%I', p_entity.target_schema, p_entity.target_table);
    v_key text := quote_ident(p_entity.key_column);
    c_always_asked CONSTANT text [] := ARRAY(
        SELECT r.rule_name FROM sl.applied_rule AS r WHERE r.entity_name = p_entity.entity_name AND r.judges_deletions
    );
    v_columns text := sl.column_list(p_entity.tracked_columns, '%1$I');
    v_key_type text := sl.key_type(p_entity);
    v_not_rejected text := '';
    v_high timestamptz;
BEGIN
    -- A table of its own, as only such a statement is carried out by several processes; parallel_tuple_cost, since the
    -- planner takes nearly all rows for odd.
    EXECUTE format(
        $sql$
        CREATE TEMPORARY TABLE _sl_odd ON COMMIT DROP AS
        SELECT
            scd2_source_row.%1$s AS scd2_key,
            %6$s AS scd2_key_text,
            scd2_source_row.updated_at AS scd2_at,
            scd2_source_row.scd2_rule,
            CASE WHEN scd2_source_row.scd2_rule IS NOT NULL THEN %7$s END AS scd2_row
        FROM (
            SELECT scd2_source_row.*, %2$s AS scd2_rule
            FROM %3$s AS scd2_source_row
            WHERE scd2_source_row.changed_xid < %4$s AND %5$s
        ) AS scd2_source_row
        WHERE scd2_source_row.scd2_rule IS NOT NULL OR scd2_source_row.is_deleted
        $sql$,
        v_key, sl.failed_rule_expression(p_entity.entity_name), v_source, p_before_xid,
        sl.slice_condition(p_slice, 'scd2_source_row.' || v_key, v_key_type),
        sl.key_text('scd2_source_row.' || v_key, v_key_type),
        sl.row_as_json(p_entity, 'scd2_source_row')
    );
    INSERT INTO sl.rejected_row (
        entity_name, entity_key, rule_name, row, observed_at, run_id, rejected_at, last_run_id, last_seen
    )
    SELECT
        p_entity.entity_name, o.scd2_key_text, o.scd2_rule, o.scd2_row,
        CASE WHEN o.scd2_rule <> ALL (c_always_asked) THEN o.scd2_at END,
        p_run_id, clock_timestamp(), p_run_id, clock_timestamp()
    FROM pg_temp._sl_odd AS o
    WHERE o.scd2_rule IS NOT NULL;
    GET DIAGNOSTICS rows_rejected = ROW_COUNT;
    INSERT INTO sl.tombstone (entity_name, entity_key, deleted_at, run_id)
    SELECT p_entity.entity_name, o.scd2_key_text, o.scd2_at, p_run_id
    FROM pg_temp._sl_odd AS o
    WHERE o.scd2_rule IS NULL;
    GET DIAGNOSTICS rows_deleted = ROW_COUNT;
    SELECT max(o.scd2_at) INTO high_updated_at FROM pg_temp._sl_odd AS o WHERE o.scd2_rule IS NULL;

    IF rows_rejected > 0 THEN
        v_not_rejected := format(
            'AND NOT EXISTS (SELECT FROM pg_temp._sl_odd AS o WHERE o.scd2_key = r.%s '
            'AND o.scd2_rule IS NOT NULL)',
            v_key
        );
    END IF;
    EXECUTE format(
        $sql$
        INSERT INTO %1$s (%2$s, %3$s, valid_from, run_id)
        SELECT r.%2$s, %4$s, r.updated_at, $2
        FROM %5$s AS r
        WHERE r.changed_xid < $1 AND r.is_deleted IS NOT TRUE AND %7$s %6$s
        $sql$,
        v_target, v_key, v_columns, sl.column_list(p_entity.tracked_columns, 'r.%1$I'), v_source, v_not_rejected,
        sl.slice_condition(p_slice, 'r.' || v_key, v_key_type)
    )
    USING p_before_xid, p_run_id;
    GET DIAGNOSTICS rows_inserted = ROW_COUNT;

    -- What comes next, the mart's build first of all, plans by these. Of slices whoever finishes the last one sees to it.
    IF p_slice.slice_no IS NULL THEN
        EXECUTE format('ANALYZE %s', v_target);
    END IF;
    EXECUTE format(
        'SELECT max(t.valid_from) FROM %s AS t WHERE %s', v_target,
        sl.slice_condition(p_slice, 't.' || v_key, v_key_type)
    ) INTO v_high;
    high_updated_at := greatest(high_updated_at, v_high);
    DROP TABLE pg_temp._sl_odd;
END;
$body$;

COMMENT ON FUNCTION sl.load_settled IS 'The first load of an entity, straight from the source into the empty target';
