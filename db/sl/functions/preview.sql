-- sl.preview(p_entity text, p_full boolean DEFAULT false, p_limit bigint DEFAULT 1000, p_unchanged boolean DEFAULT
--     false) RETURNS TABLE (outcome text, entity_key text, event_time timestamptz, rule_name text, old_values jsonb,
--     new_values jsonb)
--
-- Purpose: what the next load of an entity would do, row by row, without doing it.
-- Parameters: p_entity: name in sl.entity; p_full: as of sl.load; p_limit: show so many rows (default 1000, NULL:
--     all); p_unchanged: show the rows that would change nothing, too (default false).
-- Returns: a row for each row that the load would read, by key and event time. outcome: inserted (a new version),
--     corrected, deleted, rejected or unchanged, as the load would count it; entity_key: the key as sl keeps it;
--     event_time: since when the state holds; rule_name: the rule that rejects the row; old_values, new_values: what
--     differs between the version that is valid now at that time, or that is corrected, and what the load would make
--     of it. Of an inserted row of a key or time without a version there is nothing old, of a deleted one nothing
--     new, and of a rejected one new_values is the row as sl.rejected_row would keep it. A NOTICE tells how many rows
--     there are of each outcome, whether shown or not, and a WARNING that the load would stop since it would delete
--     an unlikely share.
-- Errors: TS002 the entity is not declared; TS003 its source, or a column of it, does not exist; 55P03 another
--     session holds a table for longer than lock_timeout; 25006 the transaction is read-only.
-- Reads: as sl._load_entity. Writes: temporary tables, which are gone when it ends.
--
-- Only the owner may call it: it shows rows of the source. It takes the load's first steps (sl._classify, and the
-- plan of sl._splice_history), so it costs what these cost. It locks as a SELECT does, no row and no target: loads
-- and writers run beside it, and it beside them. In a REPEATABLE READ transaction all it reads is of one moment.
CREATE OR REPLACE FUNCTION sl.preview(
    p_entity text,
    p_full boolean DEFAULT false,
    p_limit bigint DEFAULT 1000,
    p_unchanged boolean DEFAULT false
)
RETURNS TABLE (
    outcome text,
    entity_key text,
    event_time timestamptz,
    rule_name text,
    old_values jsonb,
    new_values jsonb
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
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_target CONSTANT text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_slice sl.backfill_slice;
    v_clock timestamptz;
    v_forgotten CONSTANT text := sl._is_forgotten(v_entity, 'scd2_source_row');
    v_window record;
    v_rows record;
    v_read bigint;
    v_changes jsonb;
    v_current bigint;
    v_has_splice boolean;
    v_counts record;
    v_stops text;
BEGIN
    PERFORM sl._check_source(v_entity, false);
    PERFORM sl._bound_lock_wait();
    v_clock := greatest(
        clock_timestamp(),
        (SELECT max(r.started_at) FROM sl.run AS r WHERE r.target = v_target) + interval '1 microsecond'
    );
    v_window := sl._read_window(
        v_target, format('%I.%I', v_entity.source_schema, v_entity.source_table), p_full OR v_entity.changes = 'scan'
    );
    v_rows := sl._source_rows(
        v_entity, v_window.from_xid, v_window.to_xid, v_window.is_seen, v_slice, NULL, NULL, true, v_clock, false
    );
    v_read := sl._classify(v_entity, v_rows.rows, v_rows.is_plain, v_clock, v_forgotten);
    v_changes := sl._count_changes();
    v_current := sl._count_current(v_entity, v_slice, false, v_changes);
    v_has_splice := coalesce(v_changes ? 'splice', false);
    IF v_has_splice THEN
        PERFORM sl._splice_history(v_entity, NULL);
    END IF;

    RETURN QUERY EXECUTE sl._sql(
        v_entity,
        $sql$
        WITH shown AS (
            SELECT c.*, sl._outcome(c.scd2_action) AS scd2_outcome
            FROM pg_temp._sl_change AS c
            WHERE $1 OR sl._outcome(c.scd2_action) <> 'unchanged'
            ORDER BY c.scd2_key_text, c.scd2_at, c.scd2_order
            LIMIT $2
        )
        SELECT
            s.scd2_outcome,
            s.scd2_key_text,
            s.scd2_at,
            s.scd2_rule,
            sl._differing(w.old_row, w.new_row),
            CASE
                WHEN s.scd2_rule IS NULL THEN sl._differing(w.new_row, w.old_row)
                WHEN {{forgotten}} THEN s.scd2_row - {{personal_columns}}
                ELSE s.scd2_row
            END
        FROM shown AS s
        {{join_segment}}
        LEFT JOIN LATERAL (
            SELECT t.*
            FROM {{target}} AS t
            WHERE
                {{key|t.% = s.%| AND }}
                AND s.scd2_rule IS NULL
                AND CASE
                    WHEN s.scd2_action IN ('append', 'close', 'in_place') THEN t.{{sk}} = s.scd2_sk
                    WHEN {{segment_sk}} IS NOT NULL THEN t.{{sk}} = {{segment_sk}}
                    ELSE t.valid_from <= s.scd2_at AND s.scd2_at < t.valid_to
                END
            OFFSET 0
        ) AS t ON true
        CROSS JOIN LATERAL (
            SELECT
                CASE
                    WHEN t.{{sk}} IS NOT NULL
                        THEN (SELECT to_jsonb(v.*) FROM (SELECT {{value|t.%}}) AS v) || {{old_period}}
                END AS old_row,
                CASE
                    WHEN s.scd2_rule IS NULL AND NOT s.scd2_deleted
                        THEN (SELECT to_jsonb(v.*) FROM (SELECT {{new_values}}) AS v) || {{new_period}}
                END AS new_row
        ) AS w
        ORDER BY s.scd2_key_text, s.scd2_at, s.scd2_order
        $sql$,
        jsonb_build_object(
            'forgotten', sl._is_forgotten(v_entity, 's'),
            'personal_columns', format('%L::text[]', v_entity.personal_columns)
        )
        || CASE
            WHEN v_has_splice
                THEN jsonb_build_object(
                    'join_segment',
                    'LEFT JOIN pg_temp._sl_segment AS g ON s.scd2_action LIKE ''splice%'' AND NOT s.scd2_deleted '
                    'AND NOT g.scd2_deleted AND g.scd2_key_text = s.scd2_key_text '
                    'AND g.valid_from <= s.scd2_at AND s.scd2_at < g.valid_to',
                    'segment_sk', 'g.scd2_sk',
                    'new_values', sl._sql(
                        v_entity, '{{value|CASE WHEN g.scd2_key_text IS NULL THEN s.% ELSE g.% END AS %}}'
                    ),
                    'old_period',
                    'CASE WHEN g.scd2_sk IS NULL THEN ''{}''::jsonb '
                    'ELSE jsonb_build_object(''valid_from'', t.valid_from, ''valid_to'', t.valid_to) END',
                    'new_period',
                    'CASE WHEN g.scd2_sk IS NULL THEN ''{}''::jsonb '
                    'ELSE jsonb_build_object(''valid_from'', g.valid_from, ''valid_to'', g.valid_to) END'
                )
            ELSE jsonb_build_object(
                'join_segment', '',
                'segment_sk', 'NULL::bigint',
                'new_values', sl._sql(v_entity, '{{value|s.%}}'),
                'old_period', '''{}''::jsonb',
                'new_period', '''{}''::jsonb'
            )
        END
    )
    USING p_unchanged, p_limit;

    BEGIN
        PERFORM sl._judge_volume(
            v_entity, v_slice, sl._load_name(v_entity), p_full, v_current, sl._count_changes()
        );
    EXCEPTION
        WHEN SQLSTATE 'TS004' THEN
            GET STACKED DIAGNOSTICS v_stops = MESSAGE_TEXT;
            RAISE WARNING 'sl.preview: the load would stop, unless it is forced (TS004): %', v_stops;
    END;
    SELECT
        count(*) FILTER (WHERE o.outcome = 'inserted') AS inserted,
        count(*) FILTER (WHERE o.outcome = 'corrected') AS corrected,
        count(*) FILTER (WHERE o.outcome = 'deleted') AS deleted,
        count(*) FILTER (WHERE o.outcome = 'unchanged') AS unchanged,
        count(*) FILTER (WHERE o.outcome = 'rejected') AS rejected
    INTO v_counts
    FROM pg_temp._sl_change AS c
    CROSS JOIN LATERAL sl._outcome(c.scd2_action) AS o (outcome);
    RAISE NOTICE 'sl.preview: % would read % rows: % inserted, % corrected, % deleted, % unchanged, % rejected',
        sl._load_name(v_entity), v_read, v_counts.inserted, v_counts.corrected, v_counts.deleted, v_counts.unchanged,
        v_counts.rejected;
    DROP TABLE pg_temp._sl_change;
    IF v_has_splice THEN
        DROP TABLE pg_temp._sl_segment, pg_temp._sl_spliced;
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl.preview IS 'What the next load of an entity would do, row by row, without doing it';
