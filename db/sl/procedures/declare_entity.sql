-- sl.declare_entity(p_entity text, p_source text, p_key text[], p_tracked text[], p_in_place text[] DEFAULT '{}',
--     p_event_time text DEFAULT NULL, p_deleted text DEFAULT NULL, p_changes text DEFAULT 'stamp',
--     p_scope text DEFAULT NULL, p_required text[] DEFAULT '{}', p_personal text[] DEFAULT '{}',
--     p_fresh_within interval DEFAULT NULL, p_observations_kept integer DEFAULT NULL, p_target text DEFAULT NULL,
--     p_keeps_changed_periods boolean DEFAULT false, p_breaker_share numeric DEFAULT NULL,
--     p_breaker_floor bigint DEFAULT NULL, p_breaker_judges_changes boolean DEFAULT NULL,
--     p_plausible_from timestamptz DEFAULT NULL, p_future_tolerance interval DEFAULT NULL,
--     p_longest_value integer DEFAULT NULL)
--
-- Purpose: declares an entity: a table or view whose rows get a history. Makes what is missing: the target table, its
--     indexes, the procedure <target schema>.load_<entity>(); for a stamped source the column changed_xid, its index
--     and the triggers. Called again with the same arguments it changes nothing.
-- Parameters: p_entity: name; p_source: table or view, with its schema: its column types become the target's;
--     p_key: one column or several; p_tracked: columns whose change opens a version (SCD2); p_in_place: columns whose
--     change is written into the current version (SCD1); p_event_time: column that says since when a state holds
--     (NULL: the clock of the load); p_deleted: column that marks a deleted row: a boolean, or any other that is then
--     not NULL (NULL: none); p_changes: 'stamp': a load finds what changed by changed_xid and triggers; 'scan': it
--     compares the whole source, and a key that is absent was deleted; p_scope: of 'scan' a column: only keys under
--     its delivered values are judged absent (NULL: all); p_required: NOT NULL in the target, unless personal; a row
--     without is rejected; p_personal: columns of the source that are emptied where a key is forgotten;
--     p_fresh_within: sl.status_lag says late where no newer event time, or load, is known (NULL: never);
--     p_observations_kept: how many of the latest observations of an unchanged state are kept beside the first (16);
--     p_target: table with its schema (NULL: dds.<entity>); p_keeps_changed_periods: whether loads note which moments
--     they changed, for marts that look the entity up as of a moment; p_breaker_share, p_breaker_floor: a load that
--     deletes more than this share of the current rows (0.5), and more than so many rows (1000), stops unless it is
--     forced; p_breaker_judges_changes: changed rows count, too; p_plausible_from, p_future_tolerance: which event
--     times are plausible; p_longest_value: bytes of the longest value. NULL keeps what sl.entity has, or its default.
-- Returns: nothing.
-- Errors: TS003 the source or a column of it does not exist, or the key is of an unfit type; TS008 the declaration
--     differs from the one before in what would lose or reinterpret data, or the target is not as it should be; 22023
--     an argument is wrong; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: pg_catalog, sl.entity. Writes: sl.entity, sl.overwritten_version (takes out what is personal), and what it
--     makes.
CREATE OR REPLACE PROCEDURE sl.declare_entity(
    p_entity text,
    p_source text,
    p_key text[],
    p_tracked text[],
    p_in_place text[] DEFAULT '{}',
    p_event_time text DEFAULT NULL,
    p_deleted text DEFAULT NULL,
    p_changes text DEFAULT 'stamp',
    p_scope text DEFAULT NULL,
    p_required text[] DEFAULT '{}',
    p_personal text[] DEFAULT '{}',
    p_fresh_within interval DEFAULT NULL,
    p_observations_kept integer DEFAULT NULL,
    p_target text DEFAULT NULL,
    p_keeps_changed_periods boolean DEFAULT false,
    p_breaker_share numeric DEFAULT NULL,
    p_breaker_floor bigint DEFAULT NULL,
    p_breaker_judges_changes boolean DEFAULT NULL,
    p_plausible_from timestamptz DEFAULT NULL,
    p_future_tolerance interval DEFAULT NULL,
    p_longest_value integer DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_default_target_schema CONSTANT text := 'dds';
    v_known sl.entity;
    v_entity sl.entity;
    v_source text [] := sl._table_name(p_source, 'p_source');
    v_target text [] := sl._table_name(
        coalesce(p_target, format('%I.%I', c_default_target_schema, p_entity)), 'p_target'
    );
BEGIN
    PERFORM sl._bound_lock_wait();
    IF p_entity IS NULL OR p_entity !~ '^[a-z_][a-z0-9_]*$' OR length(p_entity) > 40 OR sl._is_mart(p_entity) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sl.declare_entity: "%s" is no name of an entity', coalesce(p_entity, 'NULL')),
            HINT = 'Use up to 40 small letters, digits and underscores, the first no digit, and no name of a mart.';
    END IF;
    SELECT e.* INTO v_known FROM sl.entity AS e WHERE e.entity_name = p_entity;

    v_entity := v_known;
    v_entity.entity_name := p_entity;
    v_entity.source_schema := v_source[1];
    v_entity.source_table := v_source[2];
    v_entity.target_schema := v_target[1];
    v_entity.target_table := v_target[2];
    v_entity.key_columns := p_key;
    v_entity.surrogate_key_column := coalesce(v_known.surrogate_key_column, p_entity || '_sk');
    v_entity.tracked_columns := coalesce(p_tracked, '{}');
    v_entity.in_place_columns := coalesce(p_in_place, '{}');
    v_entity.event_time_column := p_event_time;
    v_entity.deleted_column := p_deleted;
    v_entity.changes := coalesce(p_changes, 'stamp');
    v_entity.scope_column := p_scope;
    v_entity.required_columns := coalesce(p_required, '{}');
    v_entity.personal_columns := coalesce(p_personal, '{}');
    v_entity.keeps_changed_periods := coalesce(p_keeps_changed_periods, false);
    v_entity.fresh_within := p_fresh_within;
    v_entity.observations_kept := coalesce(p_observations_kept, v_known.observations_kept, 16);
    v_entity.breaker_share := coalesce(p_breaker_share, v_known.breaker_share, 0.5);
    v_entity.breaker_floor := coalesce(p_breaker_floor, v_known.breaker_floor, 1000);
    v_entity.breaker_judges_changes := coalesce(p_breaker_judges_changes, v_known.breaker_judges_changes, false);
    v_entity.plausible_from := coalesce(p_plausible_from, v_known.plausible_from, '1900-01-01 00:00:00+00');
    v_entity.future_tolerance := coalesce(p_future_tolerance, v_known.future_tolerance, '5 minutes');
    v_entity.longest_value := coalesce(p_longest_value, v_known.longest_value, 65536);
    -- These are rules, too.
    v_entity.judged_version := coalesce(v_known.judged_version, 0);
    v_entity.rules_version := coalesce(v_known.rules_version, 0)
        + CASE
            WHEN
                (v_known.required_columns, v_known.plausible_from, v_known.future_tolerance, v_known.longest_value)
                IS DISTINCT FROM (
                    v_entity.required_columns, v_entity.plausible_from, v_entity.future_tolerance,
                    v_entity.longest_value
                ) THEN 1
            ELSE 0
        END;

    PERFORM sl._check_declaration(v_entity, v_known);
    IF v_known.entity_name IS NULL THEN
        INSERT INTO sl.entity SELECT v_entity.*;
    ELSIF v_known IS DISTINCT FROM v_entity THEN
        UPDATE sl.entity AS e
        SET
            in_place_columns = v_entity.in_place_columns,
            tracked_columns = v_entity.tracked_columns,
            source_schema = v_entity.source_schema,
            source_table = v_entity.source_table,
            event_time_column = v_entity.event_time_column,
            deleted_column = v_entity.deleted_column,
            changes = v_entity.changes,
            scope_column = v_entity.scope_column,
            required_columns = v_entity.required_columns,
            personal_columns = v_entity.personal_columns,
            keeps_changed_periods = v_entity.keeps_changed_periods,
            fresh_within = v_entity.fresh_within,
            observations_kept = v_entity.observations_kept,
            breaker_share = v_entity.breaker_share,
            breaker_floor = v_entity.breaker_floor,
            breaker_judges_changes = v_entity.breaker_judges_changes,
            plausible_from = v_entity.plausible_from,
            future_tolerance = v_entity.future_tolerance,
            longest_value = v_entity.longest_value,
            rules_version = v_entity.rules_version
        WHERE e.entity_name = p_entity;
        UPDATE sl.overwritten_version AS o
        SET version = o.version - v_entity.personal_columns
        WHERE o.entity_name = p_entity AND o.version ?| v_entity.personal_columns;
    END IF;
    PERFORM sl._check_types(v_entity);
    PERFORM sl._make_target(v_entity);
    IF v_entity.changes = 'stamp' THEN
        PERFORM sl._make_stamps(v_entity);
    END IF;
    IF v_known.changes = 'scan' AND v_entity.changes = 'stamp' THEN
        PERFORM sl._keep_absent(v_entity);
    END IF;
    PERFORM sl._make_load(v_entity);
END;
$body$;

COMMENT ON PROCEDURE sl.declare_entity IS 'Declares an entity, and makes what it needs and has not';
