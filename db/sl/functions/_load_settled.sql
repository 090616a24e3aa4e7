-- sl._load_settled(p_entity sl.entity, p_before_xid bigint, p_run_id bigint, p_clock timestamptz,
--     p_slice sl.backfill_slice DEFAULT NULL, p_has_kept boolean DEFAULT false) RETURNS record
--
-- Purpose: the first load of an entity, or of a slice of it, straight from the source into the empty target: what
--     nobody has seen before has one state a key, so there is nothing to compare, to close or to splice.
-- Parameters: p_entity: registry row, of a stamped source whose values need no conversion; p_before_xid: take the rows
--     whose writing transaction lies below it, all of which have ended; the others are the engine's; p_run_id: the run
--     that writes; p_clock: its clock, the event time where the entity has none; p_slice: only keys that lie in it;
--     p_has_kept: leave the keys in pg_temp._sl_kept_key, which have several states, to the engine.
-- Returns: rows_inserted, rows_deleted (deletions of keys never seen), rows_rejected; high_updated_at: the greatest
--     event time among the first two, NULL where there are none.
-- Errors: none.
-- Reads: the source, sl.quality_rule. Writes: the target, sl.tombstone, sl.rejected_row, sl.rule_warning.
--
-- The rules are asked once, in the statement that finds the rejected rows, the deletions and the warnings
-- (pg_temp._sl_odd); all other rows are then good, however the clock has moved. Each statement has a snapshot of its
-- own: a row that is updated between the two has an id that is not below p_before_xid by then, and is the next run's.
CREATE OR REPLACE FUNCTION sl._load_settled(
    p_entity sl.entity,
    p_before_xid bigint,
    p_run_id bigint,
    p_clock timestamptz,
    p_slice sl.backfill_slice DEFAULT NULL,
    p_has_kept boolean DEFAULT false,
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
    v_key CONSTANT text [] := ARRAY(
        SELECT format('s.%I', k.column_name) FROM unnest(p_entity.key_columns) AS k (column_name)
    );
    v_not_kept CONSTANT text := CASE
        WHEN p_has_kept
            THEN sl._sql(p_entity, 'NOT EXISTS (SELECT FROM pg_temp._sl_kept_key AS k WHERE {{key|k.% = s.%| AND }})')
        ELSE 'true'
    END;
    v_places jsonb;
    v_high timestamptz;
BEGIN
    v_places := jsonb_build_object(
        'run', p_run_id,
        'in_slice', sl._slice_condition(p_slice, v_key, sl._key_types(p_entity)),
        'before', p_before_xid,
        'not_kept', v_not_kept,
        'settled', sl._sql(
            p_entity,
            'SELECT s.* FROM {{source}} AS s WHERE s.changed_xid < {{before}} AND {{in_slice}} AND {{not_kept}}',
            jsonb_build_object(
                'before', p_before_xid,
                'not_kept', v_not_kept,
                'in_slice', sl._slice_condition(p_slice, v_key, sl._key_types(p_entity))
            )
        ),
        'deleted', sl._is_deleted(p_entity, 's'),
        'time', coalesce(sl._event_time(p_entity, 's', false), format('%L::timestamptz', p_clock))
    );
    -- A table of its own, as only such a statement is carried out by several processes; parallel_tuple_cost, since the
    -- planner takes nearly all rows for odd.
    EXECUTE sl._sql(
        p_entity,
        $sql$
        CREATE TEMPORARY TABLE _sl_odd ON COMMIT DROP AS
        SELECT
            {{key|j.%}}, j.scd2_key_text, j.scd2_at, j.scd2_rule, j.scd2_row, j.scd2_order, j.scd2_deleted,
            j.scd2_warnings
        FROM ({{judged}}) AS j
        WHERE j.scd2_rule IS NOT NULL OR j.scd2_deleted OR j.scd2_warnings IS NOT NULL
        $sql$,
        jsonb_build_object('judged', sl._judged_rows(p_entity, v_places ->> 'settled', true, p_clock))
    );
    rows_rejected := sl._note_rejections(p_entity, p_run_id, 'pg_temp._sl_odd');
    INSERT INTO sl.tombstone (entity_name, entity_key, deleted_at, run_id)
    SELECT p_entity.entity_name, o.scd2_key_text, o.scd2_at, p_run_id
    FROM pg_temp._sl_odd AS o
    WHERE o.scd2_rule IS NULL AND o.scd2_deleted;
    GET DIAGNOSTICS rows_deleted = ROW_COUNT;
    SELECT max(o.scd2_at) INTO high_updated_at FROM pg_temp._sl_odd AS o WHERE o.scd2_rule IS NULL AND o.scd2_deleted;

    EXECUTE sl._sql(
        p_entity,
        $sql$
        INSERT INTO {{target}} ({{key|%}}{{value|, %|}}, valid_from, run_id)
        SELECT {{key|s.%}}{{value|, s.%|}}, {{time}}, {{run}}
        FROM {{source}} AS s
        WHERE s.changed_xid < {{before}} AND NOT {{deleted}} AND {{in_slice}} AND {{not_kept}}
        $sql$
        || CASE
            WHEN rows_rejected > 0
                THEN
                    'AND NOT EXISTS (SELECT FROM pg_temp._sl_odd AS o '
                    'WHERE {{key|o.% = s.%| AND }} AND o.scd2_rule IS NOT NULL)'
            ELSE ''
        END,
        v_places
    );
    GET DIAGNOSTICS rows_inserted = ROW_COUNT;

    -- What comes next, a mart's build first of all, plans by these. Of slices the session that finishes the last one
    -- does it.
    IF p_slice.slice_no IS NULL THEN
        EXECUTE sl._sql(p_entity, 'ANALYZE {{target}}');
    END IF;
    EXECUTE sl._sql(
        p_entity,
        'SELECT max(s.valid_from) FROM {{target}} AS s WHERE {{in_slice}}',
        v_places
    ) INTO v_high;
    high_updated_at := greatest(high_updated_at, v_high);
    DROP TABLE pg_temp._sl_odd;
END;
$body$;

COMMENT ON FUNCTION sl._load_settled IS 'The first load of an entity, straight from the source into the empty target';
