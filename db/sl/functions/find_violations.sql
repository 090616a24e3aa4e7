-- sl.find_violations(p_entity text, p_runs bigint[] DEFAULT NULL, p_from_xid bigint DEFAULT 0,
--         p_slice_rows bigint DEFAULT 500000)
--     RETURNS TABLE (check_name text, violations bigint, example text)
--
-- Purpose: checks the history of one entity against the invariants that docs/history.md lists.
-- Parameters: p_entity: name in sl.entity; p_runs: check only the keys that these runs wrote, NULL for all;
--     p_from_xid: compare only the source rows whose writing transaction is not below it; p_slice_rows: how many rows
--     of the target are looked at in one go where all are, above zero.
-- Returns: a row for each broken check of a slice: how many rows or keys break it, and the key of one.
-- Errors: TS002 the entity is not registered; TS003 its source table or key column does not exist;
--     2201X p_slice_rows is not above zero.
-- Reads: the entity's source and target, sl.tombstone, sl.changed_period, sl.erasure, sl.watermark, sl.applied_rule,
--     sl.clock_rejection.
-- Writes: nothing.
--
-- source_differs looks only at source rows that the last load is known to have seen whole (changed_xid below its
-- snapshot's xmin), that this very transaction wrote, or that a restored dump brought with an id yet to come; what
-- commits meanwhile is the next load's. A row that was rejected by the clock is left out: what was in the future at
-- the load need not be so now.
--
-- Which keys the runs wrote is told by what they noted in sl.changed_period where the entity keeps that, since its
-- versions have no index on run_id, and by run_id where not. The versions of given keys, and the deletions of those
-- that end, are fetched by an index probe each, in the order of the keys, in which neighbours lie on the same pages;
-- OFFSET 0 keeps the planner from turning that into a scan of the whole table.
--
-- All there is is looked at in slices of keys, of the target and of its source, so that what the checks set aside is no
-- more however large these are: in one go the history of a hundred million sales took over nine gigabytes of disk. All
-- slices are of the caller's one snapshot. A target's key is NOT NULL.
CREATE OR REPLACE FUNCTION sl.find_violations(
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
    v_entity sl.entity := sl.entity_of(p_entity);
    v_source text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_key_type text := sl.key_type(v_entity);
    v_type text;
    v_versions text;
    v_slice sl.backfill_slice;
    v_slices bigint := 0;
    v_keys text := 'SELECT %2$I FROM %1$s WHERE run_id = ANY (%4$L::bigint[])';
BEGIN
    IF v_entity.keeps_changed_periods THEN
        v_keys := 'SELECT entity_key::%3$s FROM sl.changed_period WHERE entity_name = %5$L AND run_id = ANY (%4$L::bigint[])'
            ' UNION SELECT entity_key::%3$s FROM sl.erasure WHERE entity_name = %5$L AND run_id = ANY (%4$L::bigint[])';
    END IF;
    -- A load that noted no key has changed them all.
    IF
        p_runs IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM sl.changed_period AS p
            WHERE p.entity_name = p_entity AND p.run_id = ANY (p_runs) AND p.entity_key IS NULL
        )
    THEN
        v_versions := format(
            '(SELECT v.* FROM (' || v_keys || ' UNION '
            'SELECT entity_key::%3$s FROM sl.tombstone WHERE entity_name = %5$L AND run_id = ANY (%4$L::bigint[]) '
            'ORDER BY 1) AS k (scd2_key) CROSS JOIN LATERAL (SELECT * FROM %1$s AS t WHERE t.%2$I = k.scd2_key OFFSET 0) AS v)',
            v_target, v_entity.key_column, v_key_type, p_runs, p_entity
        );
    END IF;

    -- The target's own type, without a length: a bound is a key of the target as it is.
    SELECT a.atttypid::regtype::text
    INTO v_type
    FROM pg_attribute AS a
    WHERE a.attrelid = v_target::regclass AND a.attname = v_entity.key_column;
    LOOP
        IF v_versions IS NULL THEN
            EXECUTE format(
                'SELECT t.%1$I::text FROM %2$s AS t WHERE %3$s ORDER BY t.%1$I OFFSET $1 - 1 LIMIT 1',
                v_entity.key_column,
                v_target,
                CASE
                    WHEN v_slice.key_from IS NULL THEN 'true'
                    ELSE format('t.%I > %L::%s', v_entity.key_column, v_slice.key_from, v_type)
                END
            )
            INTO v_slice.key_to
            USING p_slice_rows;
        END IF;
        RETURN QUERY EXECUTE format(
            $sql$
            WITH version AS (
                SELECT
                    t.*,
                    t.%2$I AS scd2_key,
                    %5$s AS scd2_key_text,
                    lead(t.valid_from) OVER w AS scd2_next_from,
                    (%3$s) AS scd2_differs_from_next
                FROM %1$s AS t
                WINDOW w AS (PARTITION BY t.%2$I ORDER BY t.valid_from)
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
                        SELECT FROM sl.erasure AS e WHERE e.entity_name = %4$L AND e.entity_key = v.scd2_key_text
                    )
                UNION ALL
                SELECT 'current_flag_wrong', scd2_key_text FROM version WHERE is_current <> (valid_to = 'infinity')
                UNION ALL
                SELECT 'several_current', scd2_key_text FROM version WHERE is_current GROUP BY scd2_key_text HAVING count(*) > 1
                UNION ALL
                SELECT 'last_observation_outside', scd2_key_text FROM version
                WHERE last_observed_at <= valid_from OR last_observed_at >= valid_to
                UNION ALL
                SELECT 'gap_without_deletion', v.scd2_key_text FROM version AS v
                WHERE
                    v.valid_to <> 'infinity'
                    AND v.valid_to IS DISTINCT FROM v.scd2_next_from
                    AND NOT EXISTS (
                        SELECT FROM sl.tombstone AS x
                        WHERE x.entity_name = %4$L AND x.entity_key = v.scd2_key_text AND x.deleted_at = v.valid_to
                        OFFSET 0
                    )
            )
            SELECT f.check_name, count(*), min(f.entity_key) FROM finding AS f GROUP BY f.check_name
            $sql$,
            coalesce(
                v_versions,
                format('(SELECT * FROM %s WHERE %s)', v_target, sl.slice_condition(v_slice, quote_ident(v_entity.key_column), v_type))
            ),
            v_entity.key_column,
            sl.column_list(v_entity.tracked_columns, 't.%1$I IS DISTINCT FROM lead(t.%1$I) OVER w', ' OR '),
            p_entity,
            sl.key_text(format('t.%I', v_entity.key_column), v_key_type)
        );
        RETURN QUERY EXECUTE format(
            $sql$
            WITH source AS (
                SELECT r.%2$I AS scd2_key, %10$s AS scd2_key_text, r.*
                FROM (
                    SELECT *, %5$s AS scd2_rule FROM %1$s WHERE changed_xid >= %8$s AND %9$s
                ) AS r
                WHERE
                    r.scd2_rule IS NULL
                    AND (
                        r.changed_xid < (
                            SELECT w.snapshot_xmin
                            FROM sl.watermark AS w
                            WHERE
                                w.target = %4$L
                                AND w.source = %1$L
                                AND w.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
                        )
                        OR r.changed_xid = pg_current_xact_id_if_assigned()::text::bigint
                        OR r.changed_xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                    )
            )
            SELECT 'source_differs', count(*), min(s.scd2_key_text)
            FROM source AS s
            LEFT JOIN LATERAL (
                SELECT *, coalesce(last_observed_at, valid_from) AS scd2_last_at
                FROM %3$s AS v
                WHERE v.%2$I = s.scd2_key
                ORDER BY v.valid_from DESC
                LIMIT 1
            ) AS t ON true
            LEFT JOIN LATERAL (
                SELECT coalesce(x.last_observed_at, x.deleted_at) AS scd2_last_at
                FROM sl.tombstone AS x
                WHERE x.entity_name = %6$L AND x.entity_key = s.scd2_key_text
                ORDER BY x.deleted_at DESC
                LIMIT 1
            ) AS x ON true
            WHERE
                coalesce(s.updated_at >= greatest(t.scd2_last_at, x.scd2_last_at), true)
                AND CASE
                    WHEN s.is_deleted THEN
                        t.is_current IS TRUE
                        AND NOT (
                            s.updated_at = t.valid_from
                            AND EXISTS (
                                SELECT FROM sl.erasure AS e WHERE e.entity_name = %6$L AND e.entity_key = s.scd2_key_text
                            )
                        )
                    ELSE t.is_current IS NOT TRUE OR %7$s
                END
                AND s.scd2_key_text NOT IN (
                    SELECT j.entity_key FROM sl.clock_rejection AS j WHERE j.entity_name = %6$L
                )
            HAVING count(*) > 0
            $sql$,
            v_source,
            v_entity.key_column,
            v_target,
            v_target,
            sl.failed_rule_expression(p_entity),
            p_entity,
            sl.column_list(v_entity.tracked_columns, 't.%1$I IS DISTINCT FROM s.%1$I', ' OR '),
            p_from_xid,
            sl.slice_condition(v_slice, quote_ident(v_entity.key_column), v_type),
            sl.key_text(format('r.%I', v_entity.key_column), v_key_type)
        );
        EXIT WHEN v_slice.key_to IS NULL;
        v_slices := v_slices + 1;
        RAISE NOTICE 'sl.audit: %: % rows looked at', v_target, v_slices * p_slice_rows;
        v_slice.key_from := v_slice.key_to;
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl.find_violations IS 'Checks the history of one entity against the invariants';
