-- sl._apply(p_entity sl.entity, p_run_id bigint, p_counts jsonb) RETURNS void
--
-- Purpose: the second step of a load: writes what sl._classify has found into the history, a class in one statement.
-- Parameters: p_entity: registry row; p_run_id: the run that writes; p_counts: sl._count_changes: what has no row is
--     not looked for.
-- Returns: nothing; in pg_temp._sl_change each "splice" becomes splice_inserted, splice_corrected, splice_deleted or
--     splice_unchanged.
-- Errors: 40001 another session wrote to the target directly meanwhile.
-- Reads: pg_temp._sl_change. Writes: the target, sl.tombstone, pg_temp._sl_change, and as sl._keep_overwritten.
CREATE OR REPLACE FUNCTION sl._apply(p_entity sl.entity, p_run_id bigint, p_counts jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_places CONSTANT jsonb := jsonb_build_object('run', p_run_id);
    v_closed bigint;
BEGIN
    IF p_counts ?| ARRAY['append', 'close'] THEN
        -- Closed first: a version ends before its successor begins. It is found by its place, which no procedure moves
        -- under the target's lock: the index by surrogate key has nearly as many pages to read as there are versions to
        -- close.
        EXECUTE sl._sql(
            p_entity,
            $sql$
            UPDATE {{target}} AS t
            SET
                valid_to = CASE c.scd2_action WHEN 'close' THEN c.scd2_ends_at ELSE c.scd2_at END,
                is_current = false,
                run_id = {{run}}
            FROM pg_temp._sl_change AS c
            WHERE t.ctid = c.scd2_tid AND t.{{sk}} = c.scd2_sk AND c.scd2_action IN ('append', 'close')
            $sql$,
            v_places
        );
        GET DIAGNOSTICS v_closed = ROW_COUNT;
        IF v_closed <> sl._sum_of(p_counts, 'append', 'close') THEN
            RAISE EXCEPTION USING
                ERRCODE = '40001',
                MESSAGE = sl._sql(
                    p_entity, '{{target}}: another session has written to the target while it was loaded'
                ),
                DETAIL = 'A version that was to be closed is not where it was. Nothing was changed.',
                HINT = 'Call again, and write to the target by its procedures alone.';
        END IF;
    END IF;
    IF p_counts ?| ARRAY['first', 'append'] THEN
        EXECUTE sl._sql(
            p_entity,
            $sql$
            INSERT INTO {{target}} ({{key|%}}{{value|, %|}}, valid_from, run_id)
            SELECT {{key|%}}{{value|, %|}}, scd2_at, {{run}}
            FROM pg_temp._sl_change
            WHERE scd2_action IN ('first', 'append')
            $sql$,
            v_places
        );
    END IF;
    IF p_counts ? 'touch' THEN
        -- One more observation is no change of the version, and does not bear the run's number.
        EXECUTE sl._sql(
            p_entity,
            $sql$
            UPDATE {{target}} AS t
            SET
                observed_at = (
                    CASE
                        WHEN c.scd2_at < t.observed_at[cardinality(t.observed_at)]
                            THEN ARRAY(SELECT a.at FROM unnest(t.observed_at || c.scd2_at) AS a (at) ORDER BY a.at)
                        ELSE t.observed_at || c.scd2_at
                    END
                )[greatest(coalesce(cardinality(t.observed_at), 0) + 2 - {{kept}}, 1):]
            FROM pg_temp._sl_change AS c
            WHERE t.{{sk}} = c.scd2_sk AND c.scd2_action = 'touch'
            $sql$
        );
    END IF;
    IF p_counts ? 'in_place' THEN
        IF sl._is_read(p_entity, p_entity.in_place_columns) THEN
            PERFORM sl._keep_overwritten(
                p_entity, p_run_id,
                'pg_temp._sl_change AS c INNER JOIN {{target}} AS t ON t.{{sk}} = c.scd2_sk '
                'WHERE c.scd2_action = ''in_place'''
            );
        END IF;
        EXECUTE sl._sql(
            p_entity,
            $sql$
            UPDATE {{target}} AS t
            SET
                {{in_place|% = c.%}},
                observed_at = CASE
                    WHEN c.scd2_ends_at = c.scd2_at AND {{is_timed}}
                        THEN (t.observed_at || c.scd2_at)[
                            greatest(coalesce(cardinality(t.observed_at), 0) + 2 - {{kept}}, 1):
                        ]
                    ELSE t.observed_at
                END,
                run_id = {{run}}
            FROM pg_temp._sl_change AS c
            WHERE t.{{sk}} = c.scd2_sk AND c.scd2_action = 'in_place'
            $sql$,
            v_places || jsonb_build_object('is_timed', (p_entity.event_time_column IS NOT NULL)::text)
        );
    END IF;
    IF p_counts ?| ARRAY['close', 'forget'] THEN
        INSERT INTO sl.tombstone (entity_name, entity_key, deleted_at, is_tied, is_gone, run_id)
        SELECT
            p_entity.entity_name,
            c.scd2_key_text,
            CASE c.scd2_action WHEN 'close' THEN c.scd2_ends_at ELSE c.scd2_at END,
            c.scd2_action = 'close' AND c.scd2_ends_at > c.scd2_at,
            c.scd2_gone,
            p_run_id
        FROM pg_temp._sl_change AS c
        WHERE c.scd2_action IN ('close', 'forget');
    END IF;
    IF p_counts ? 'splice' THEN
        PERFORM sl._splice_history(p_entity, p_run_id);
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._apply IS 'Second step of a load: writes what was classified into the history';
