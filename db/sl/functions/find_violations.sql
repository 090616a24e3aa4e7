-- sl.find_violations(p_entity text) RETURNS TABLE (check_name text, violations bigint, example text)
--
-- Purpose: checks the history of one entity against the invariants that docs/history.md lists.
-- Parameters: p_entity: name in sl.entity.
-- Returns: a row for each broken check: how many rows or keys break it, and the key of one.
-- Errors: TS002 the entity is not registered.
-- Reads: the entity's source and target, sl.tombstone, sl.watermark, sl.quality_rule, sl.clock_rejection.
-- Writes: nothing.
--
-- source_differs looks only at source rows that the last load is known to have seen whole (changed_xid below its
-- snapshot's xmin), that this very transaction wrote, or that a restored dump brought with an id yet to come; what
-- commits meanwhile is the next load's. A row that was rejected by the clock is left out: what was in the future at
-- the load need not be so now.
CREATE OR REPLACE FUNCTION sl.find_violations(p_entity text)
RETURNS TABLE (check_name text, violations bigint, example text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity := sl.entity_of(p_entity);
    v_source text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
BEGIN
    RETURN QUERY EXECUTE format(
        $sql$
        WITH version AS (
            SELECT
                t.*,
                t.%2$I AS scd2_key,
                lead(t.valid_from) OVER w AS scd2_next_from,
                (%3$s) AS scd2_differs_from_next
            FROM %1$s AS t
            WINDOW w AS (PARTITION BY t.%2$I ORDER BY t.valid_from)
        ),
        finding AS (
            SELECT 'interval_empty' AS check_name, scd2_key::text AS entity_key FROM version
            WHERE valid_from >= valid_to
            UNION ALL
            SELECT 'versions_overlap', scd2_key::text FROM version WHERE valid_to > scd2_next_from
            UNION ALL
            SELECT 'neighbours_equal', scd2_key::text FROM version
            WHERE valid_to = scd2_next_from AND NOT scd2_differs_from_next
            UNION ALL
            SELECT 'current_flag_wrong', scd2_key::text FROM version WHERE is_current <> (valid_to = 'infinity')
            UNION ALL
            SELECT 'several_current', scd2_key::text FROM version WHERE is_current GROUP BY scd2_key HAVING count(*) > 1
            UNION ALL
            SELECT 'last_observation_outside', scd2_key::text FROM version
            WHERE last_observed_at <= valid_from OR last_observed_at >= valid_to
            UNION ALL
            SELECT 'gap_without_deletion', v.scd2_key::text FROM version AS v
            WHERE
                v.valid_to <> 'infinity'
                AND v.valid_to IS DISTINCT FROM v.scd2_next_from
                AND NOT EXISTS (
                    SELECT FROM sl.tombstone AS x
                    WHERE x.entity_name = %4$L AND x.entity_key = v.scd2_key::text AND x.deleted_at = v.valid_to
                )
        )
        SELECT f.check_name, count(*), min(f.entity_key) FROM finding AS f GROUP BY f.check_name
        $sql$,
        v_target,
        v_entity.key_column,
        sl.column_list(v_entity.tracked_columns, 't.%1$I IS DISTINCT FROM lead(t.%1$I) OVER w', ' OR '),
        p_entity
    );

    RETURN QUERY EXECUTE format(
        $sql$
        WITH source AS (
            SELECT r.%2$I AS scd2_key, r.*
            FROM (
                SELECT *, %5$s AS scd2_rule FROM %1$s
            ) AS r
            WHERE
                r.scd2_rule IS NULL
                AND (
                    r.changed_xid < (
                        SELECT w.snapshot_xmin FROM sl.watermark AS w WHERE w.target = %4$L AND w.source = %1$L
                    )
                    OR r.changed_xid = pg_current_xact_id_if_assigned()::text::bigint
                    OR r.changed_xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                )
        ),
        known AS (
            SELECT scd2_key, max(last_at) AS last_at
            FROM (
                SELECT t.%2$I AS scd2_key, coalesce(t.last_observed_at, t.valid_from) AS last_at FROM %3$s AS t
                UNION ALL
                SELECT x.entity_key::%8$s, coalesce(x.last_observed_at, x.deleted_at) FROM sl.tombstone AS x
                WHERE x.entity_name = %6$L
            ) AS o
            GROUP BY scd2_key
        )
        SELECT 'source_differs', count(*), min(s.scd2_key)::text
        FROM source AS s
        LEFT JOIN known AS k ON k.scd2_key = s.scd2_key
        LEFT JOIN %3$s AS t ON t.%2$I = s.scd2_key AND t.is_current
        WHERE
            (k.last_at IS NULL OR s.updated_at >= k.last_at)
            AND NOT EXISTS (
                SELECT FROM sl.clock_rejection AS j
                WHERE j.entity_name = %6$L AND j.entity_key = s.scd2_key::text
            )
            AND CASE
                WHEN s.is_deleted THEN t.%2$I IS NOT NULL
                ELSE t.%2$I IS NULL OR %7$s
            END
        HAVING count(*) > 0
        $sql$,
        v_source,
        v_entity.key_column,
        v_target,
        v_target,
        sl.failed_rule_expression(p_entity),
        p_entity,
        sl.column_list(v_entity.tracked_columns, 't.%1$I IS DISTINCT FROM s.%1$I', ' OR '),
        sl.key_type(v_entity)
    );
END;
$body$;

COMMENT ON FUNCTION sl.find_violations IS 'Checks the history of one entity against the invariants';
