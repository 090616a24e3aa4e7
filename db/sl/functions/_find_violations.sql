-- sl._find_violations(p_entity text, p_runs bigint[] DEFAULT NULL, p_from_xid bigint DEFAULT 0,
--         p_slice_rows bigint DEFAULT 500000)
--     RETURNS TABLE (check_name text, violations bigint, example text)
--
-- Purpose: checks the history of one entity against the invariants that docs/history.md lists.
-- Parameters: p_entity: name in sl.entity; p_runs: check only the keys that these runs wrote, NULL for all;
--     p_from_xid: compare only the source rows whose writing transaction is not below it; p_slice_rows: how many rows
--     of the target are in one slice, where all are checked; above zero.
-- Returns: a row for each broken check of a slice: how many rows or keys break it, and the key of one.
-- Errors: TS002 the entity is not declared; TS003 its source table or key column does not exist;
--     2201X p_slice_rows is not above zero.
-- Reads: the entity's source and target, sl.tombstone, sl.changed_period, sl.erasure, sl.watermark, sl.applied_rule,
--     sl.clock_rejection.
-- Writes: nothing.
--
-- source_differs, of a stamped source, looks only at rows that the last load is known to have seen whole (changed_xid
-- below its snapshot's xmin), that this very transaction wrote, or that a restored dump brought with an id yet to come;
-- what commits meanwhile is the next load's. A row that was rejected by the clock is left out: what was in the future
-- at the load need not be so now.
--
-- Which keys the runs wrote is told by what they noted in sl.changed_period where the entity keeps that, since its
-- versions have no index on run_id, and by run_id where not. The versions of given keys, and the deletions of those
-- that end, are fetched by an index probe each, in the order of the keys, in which neighbours lie on the same pages;
-- OFFSET 0 keeps the planner from turning that into a scan of the whole table.
--
-- All there is is looked at in slices of keys, of the target and of its source, so that what the checks set aside is no
-- more however large these are: in one piece the history of a hundred million sales took over nine gigabytes of disk.
-- All slices are of the caller's one snapshot. A target's key is NOT NULL.
CREATE OR REPLACE FUNCTION sl._find_violations(
    p_entity text,
    p_runs bigint[] DEFAULT NULL,
    p_from_xid bigint DEFAULT 0,
    p_slice_rows bigint DEFAULT 500000
)
RETURNS TABLE (check_name text, violations bigint, example text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
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
    v_types CONSTANT text [] := sl._key_types(v_entity);
    v_key CONSTANT text [] := ARRAY(
        SELECT format('t.%I', k.column_name) FROM unnest(v_entity.key_columns) AS k (column_name)
    );
    v_source_key CONSTANT text [] := ARRAY(
        SELECT format('s.%I', k.column_name) FROM unnest(v_entity.key_columns) AS k (column_name)
    );
    v_places jsonb;
    v_versions text;
    v_slice sl.backfill_slice;
    v_slices bigint := 0;
BEGIN
    v_places := jsonb_build_object(
        'runs', format('%L::bigint[]', p_runs),
        'from', p_from_xid,
        'key_text', sl._key_text(v_entity, 't'),
        'key_values', array_to_string(sl._key_values(v_types, 'entity_key'), ', '),
        'bound', CASE
            WHEN cardinality(v_key) = 1 THEN v_key[1] || '::text'
            ELSE format('jsonb_build_array(%s::text)::text', array_to_string(v_key, '::text, '))
        END
    );
    -- A load that noted no key has changed them all.
    IF
        p_runs IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM sl.changed_period AS p
            WHERE p.entity_name = p_entity AND p.run_id = ANY (p_runs) AND p.entity_key IS NULL
        )
    THEN
        v_versions := sl._sql(
            v_entity,
            '(SELECT v.* FROM ('
            || CASE
                WHEN v_entity.keeps_changed_periods
                    THEN
                        'SELECT {{key_values}} FROM sl.changed_period '
                        'WHERE entity_name = {{name}} AND run_id = ANY ({{runs}}) '
                        'UNION SELECT {{key_values}} FROM sl.erasure '
                        'WHERE entity_name = {{name}} AND run_id = ANY ({{runs}})'
                ELSE 'SELECT {{key|%}} FROM {{target}} WHERE run_id = ANY ({{runs}})'
            END
            || ' UNION SELECT {{key_values}} FROM sl.tombstone '
            'WHERE entity_name = {{name}} AND run_id = ANY ({{runs}}) '
            'ORDER BY 1) AS k ({{key|%}}) '
            'CROSS JOIN LATERAL (SELECT * FROM {{target}} AS t WHERE {{key|t.% = k.%| AND }} OFFSET 0) AS v)',
            v_places
        );
    END IF;

    LOOP
        IF v_versions IS NULL THEN
            EXECUTE sl._sql(
                v_entity,
                'SELECT {{bound}} FROM {{target}} AS t WHERE {{after}} ORDER BY {{key|t.%}} OFFSET $1 - 1 LIMIT 1',
                v_places || jsonb_build_object(
                    'after', CASE
                        WHEN v_slice.key_from IS NULL THEN 'true'
                        ELSE format(
                            '(%s) > (%s)', array_to_string(v_key, ', '),
                            array_to_string(sl._key_values(v_types, quote_literal(v_slice.key_from)), ', ')
                        )
                    END
                )
            )
            INTO v_slice.key_to
            USING p_slice_rows;
        END IF;
        RETURN QUERY EXECUTE sl._sql(
            v_entity,
            $sql$
            WITH version AS (
                SELECT
                    t.*,
                    {{key_text}} AS scd2_key_text,
                    lead(t.valid_from) OVER w AS scd2_next_from,
                    ({{tracked|t.% IS DISTINCT FROM lead(t.%) OVER w| OR |false}}) AS scd2_differs_from_next
                FROM {{versions}} AS t
                WINDOW w AS (PARTITION BY {{key|t.%}} ORDER BY t.valid_from)
            ),
            finding AS (
                SELECT 'interval_empty' AS check_name, scd2_key_text AS entity_key FROM version
                WHERE valid_from >= valid_to
                UNION ALL
                SELECT 'versions_overlap', scd2_key_text FROM version WHERE valid_to > scd2_next_from
                UNION ALL
                SELECT 'neighbours_equal', v.scd2_key_text FROM version AS v
                WHERE
                    v.valid_to = v.scd2_next_from
                    AND NOT v.scd2_differs_from_next
                    AND NOT EXISTS (
                        SELECT FROM sl.erasure AS e WHERE e.entity_name = {{name}} AND e.entity_key = v.scd2_key_text
                    )
                UNION ALL
                SELECT 'current_flag_wrong', scd2_key_text FROM version WHERE is_current <> (valid_to = 'infinity')
                UNION ALL
                SELECT 'several_current', scd2_key_text FROM version
                WHERE is_current
                GROUP BY scd2_key_text
                HAVING count(*) > 1
                UNION ALL
                SELECT 'observation_outside', scd2_key_text FROM version
                WHERE
                    observed_at IS NOT NULL
                    AND (
                        cardinality(observed_at) = 0
                        OR observed_at[1] <= valid_from
                        OR observed_at[cardinality(observed_at)] >= valid_to
                        OR EXISTS (
                            SELECT
                            FROM unnest(observed_at[1:cardinality(observed_at) - 1], observed_at[2:]) AS o (at, next_at)
                            WHERE o.at >= o.next_at
                        )
                    )
                UNION ALL
                SELECT 'gap_without_deletion', v.scd2_key_text FROM version AS v
                WHERE
                    v.valid_to <> 'infinity'
                    AND v.valid_to IS DISTINCT FROM v.scd2_next_from
                    AND NOT EXISTS (
                        SELECT FROM sl.tombstone AS x
                        WHERE x.entity_name = {{name}} AND x.entity_key = v.scd2_key_text AND x.deleted_at = v.valid_to
                        OFFSET 0
                    )
            )
            SELECT f.check_name, count(*), min(f.entity_key) FROM finding AS f GROUP BY f.check_name
            $sql$,
            v_places || jsonb_build_object(
                'versions', coalesce(
                    v_versions,
                    sl._sql(
                        v_entity, '(SELECT * FROM {{target}} AS t WHERE {{in_slice}})',
                        jsonb_build_object('in_slice', sl._slice_condition(v_slice, v_key, v_types))
                    )
                )
            )
        );
        IF v_entity.changes = 'stamp' THEN
            RETURN QUERY EXECUTE sl._sql(
                v_entity,
                $sql$
                SELECT 'source_differs', count(*), min(s.scd2_key_text)
                FROM ({{judged}}) AS s
                LEFT JOIN LATERAL (
                    SELECT t.*, coalesce(t.observed_at[cardinality(t.observed_at)], t.valid_from) AS scd2_last_at
                    FROM {{target}} AS t
                    WHERE {{key|t.% = s.%| AND }}
                    ORDER BY t.valid_from DESC
                    LIMIT 1
                ) AS t ON true
                LEFT JOIN LATERAL (
                    SELECT coalesce(
                        x.observed_at[cardinality(x.observed_at)],
                        CASE WHEN x.is_tied THEN x.deleted_at - interval '1 microsecond' ELSE x.deleted_at END
                    ) AS scd2_last_at
                    FROM sl.tombstone AS x
                    WHERE x.entity_name = {{name}} AND x.entity_key = s.scd2_key_text
                    ORDER BY x.deleted_at DESC
                    LIMIT 1
                ) AS x ON true
                WHERE
                    s.scd2_rule IS NULL
                    AND {{is_latest}}
                    AND CASE
                        WHEN s.scd2_deleted THEN t.is_current IS TRUE
                        -- The history of a forgotten key stands still.
                        ELSE NOT {{forgotten}} AND (t.is_current IS NOT TRUE {{value|OR t.% IS DISTINCT FROM s.%| }})
                    END
                    AND s.scd2_key_text NOT IN (
                        SELECT j.entity_key FROM sl.clock_rejection AS j WHERE j.entity_name = {{name}}
                    )
                HAVING count(*) > 0
                $sql$,
                jsonb_build_object(
                    'forgotten', sl._is_forgotten(v_entity, 's'),
                    'is_latest', CASE
                        WHEN v_entity.event_time_column IS NULL THEN 'true'
                        ELSE 'coalesce(s.scd2_at >= greatest(t.scd2_last_at, x.scd2_last_at), true)'
                    END,
                    'judged', sl._judged_rows(
                        v_entity,
                        sl._sql(
                            v_entity,
                            $rows$
                            SELECT s.* FROM {{source}} AS s
                            WHERE
                                s.changed_xid >= {{from}}
                                AND {{in_slice}}
                                AND (
                                    s.changed_xid < (
                                        SELECT w.snapshot_xmin
                                        FROM sl.watermark AS w
                                        WHERE
                                            w.target = {{target_name}}
                                            AND w.source = {{source_name}}
                                            AND w.system_identifier = (
                                                SELECT c.system_identifier FROM pg_control_system() AS c
                                            )
                                    )
                                    OR s.changed_xid = pg_current_xact_id_if_assigned()::text::bigint
                                    OR s.changed_xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                                )
                            $rows$,
                            v_places || jsonb_build_object(
                                'in_slice', sl._slice_condition(v_slice, v_source_key, v_types),
                                'target_name', quote_literal(v_target),
                                'source_name', quote_literal(
                                    format('%I.%I', v_entity.source_schema, v_entity.source_table)
                                )
                            )
                        ),
                        true,
                        now()
                    )
                )
            );
        END IF;
        EXIT WHEN v_slice.key_to IS NULL;
        v_slices := v_slices + 1;
        RAISE NOTICE 'sl.audit: %: % rows looked at', v_target, v_slices * p_slice_rows;
        v_slice.key_from := v_slice.key_to;
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl._find_violations IS 'Checks the history of one entity against the invariants';
