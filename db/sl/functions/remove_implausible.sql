-- sl.remove_implausible(p_entity text)
--     RETURNS TABLE (run_id bigint, rows_read bigint, rows_inserted bigint, rows_corrected bigint, rows_deleted bigint,
--         rows_unchanged bigint, rows_rejected bigint)
--
-- Purpose: takes out of an entity's history what bears an implausible time (sl.entity.plausible_from, future_tolerance)
--     and came in before there was such a limit, or under a wider one.
-- Parameters: p_entity: name in sl.entity.
-- Returns: one row, in keys: run_id; rows_read: those whose history held such a time; rows_corrected: those that still
--     have a current version; rows_deleted: those that have none; the others are 0.
-- Errors: TS001 another run on the target is in progress; TS002 the entity is not declared; TS003 its source table or
--     key column does not exist; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: the target, whole; sl.tombstone.
-- Writes: the target, sl.tombstone, sl.changed_period, sl.watermark (high_updated_at), sl.run; the source, whose rows
--     of these keys it marks as changed.
--
-- The versions and deletions that began at such a time go; of the others the last observation goes where it is such a
-- one. The version before is open again, or ends where the next one, or a deletion, begins. The next load judges the
-- source rows of these keys: those of an implausible time are rejected. The next build compares every row of the mart.
-- Only the owner may call it.
CREATE OR REPLACE FUNCTION sl.remove_implausible(p_entity text)
RETURNS TABLE (
    run_id bigint,
    rows_read bigint,
    rows_inserted bigint,
    rows_corrected bigint,
    rows_deleted bigint,
    rows_unchanged bigint,
    rows_rejected bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_procedure CONSTANT text := 'sl.remove_implausible';
    v_entity sl.entity := sl._entity_of(p_entity);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_latest timestamptz := clock_timestamp() + v_entity.future_tolerance;
    v_places CONSTANT jsonb := jsonb_build_object(
        'key_text', sl._key_text(v_entity, 't'),
        'key_values', array_to_string(sl._key_values(sl._key_types(v_entity), 'x.entity_key'), ', '),
        'earliest', format('%L::timestamptz', v_entity.plausible_from),
        'latest', format('%L::timestamptz', v_latest)
    );
    v_run_id bigint;
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_run_id := sl._begin_run(c_procedure, v_target);
        EXECUTE sl._sql(
            v_entity,
            $sql$
            CREATE TEMPORARY TABLE _sl_implausible ON COMMIT DROP AS
            SELECT {{key|t.%}}, {{key_text}} AS scd2_key_text
            FROM {{target}} AS t
            WHERE
                t.valid_from NOT BETWEEN {{earliest}} AND {{latest}}
                OR t.observed_at[cardinality(t.observed_at)] > {{latest}}
            UNION
            SELECT {{key_values}}, x.entity_key
            FROM sl.tombstone AS x
            WHERE
                x.entity_name = {{name}}
                AND (
                    x.deleted_at NOT BETWEEN {{earliest}} AND {{latest}}
                    OR x.observed_at[cardinality(x.observed_at)] > {{latest}}
                )
            $sql$,
            v_places
        );
        GET DIAGNOSTICS rows_read = ROW_COUNT;
        ANALYZE pg_temp._sl_implausible;

        DELETE FROM sl.tombstone AS x
        USING pg_temp._sl_implausible AS i
        WHERE
            x.entity_name = p_entity
            AND x.entity_key = i.scd2_key_text
            AND x.deleted_at NOT BETWEEN v_entity.plausible_from AND v_latest;
        UPDATE sl.tombstone AS x
        SET observed_at = nullif(
            ARRAY(SELECT o.at FROM unnest(x.observed_at) AS o (at) WHERE o.at <= v_latest ORDER BY o.at), '{}'
        )
        FROM pg_temp._sl_implausible AS i
        WHERE
            x.entity_name = p_entity
            AND x.entity_key = i.scd2_key_text
            AND x.observed_at[cardinality(x.observed_at)] > v_latest;
        PERFORM sl._keep_overwritten(
            v_entity, v_run_id,
            sl._sql(
                v_entity,
                'pg_temp._sl_implausible AS i INNER JOIN {{target}} AS t ON {{key|t.% = i.%| AND }} '
                'WHERE t.valid_from NOT BETWEEN {{earliest}} AND {{latest}}',
                v_places
            )
        );
        EXECUTE sl._sql(
            v_entity,
            'DELETE FROM {{target}} AS t USING pg_temp._sl_implausible AS i '
            'WHERE {{key|t.% = i.%| AND }} AND t.valid_from NOT BETWEEN {{earliest}} AND {{latest}}',
            v_places
        );
        -- Of a version that is left, the end is the beginning of whatever is left after it.
        EXECUTE sl._sql(
            v_entity,
            $sql$
            UPDATE {{target}} AS t
            SET
                valid_to = e.valid_to,
                is_current = (e.valid_to = 'infinity'),
                observed_at = nullif(
                    ARRAY(
                        SELECT o.at FROM unnest(t.observed_at) AS o (at)
                        WHERE o.at < e.valid_to AND o.at <= {{latest}}
                        ORDER BY o.at
                    ),
                    '{}'
                ),
                run_id = {{run}}
            FROM pg_temp._sl_implausible AS i
            INNER JOIN {{target}} AS v ON {{key|v.% = i.%| AND }}
            CROSS JOIN LATERAL (
                SELECT least(
                    coalesce(
                        (
                            SELECT min(n.valid_from)
                            FROM {{target}} AS n
                            WHERE {{key|n.% = v.%| AND }} AND n.valid_from > v.valid_from
                        ),
                        'infinity'
                    ),
                    (
                        SELECT min(x.deleted_at)
                        FROM sl.tombstone AS x
                        WHERE
                            x.entity_name = {{name}}
                            AND x.entity_key = i.scd2_key_text
                            AND x.deleted_at > v.valid_from
                    )
                ) AS valid_to
            ) AS e
            WHERE
                t.{{sk}} = v.{{sk}}
                AND (t.valid_to <> e.valid_to OR t.observed_at[cardinality(t.observed_at)] > {{latest}})
            $sql$,
            v_places || jsonb_build_object('run', v_run_id)
        );

        -- The next load reads these again.
        IF v_entity.changes = 'stamp' THEN
            EXECUTE sl._sql(
                v_entity,
                'UPDATE {{source}} AS t SET {{key|% = t.%}} FROM pg_temp._sl_implausible AS i '
                'WHERE {{key|t.% = i.%| AND }}'
            );
        END IF;
        EXECUTE sl._sql(
            v_entity,
            'SELECT count(*) FROM pg_temp._sl_implausible AS i '
            'WHERE EXISTS (SELECT FROM {{target}} AS t WHERE {{key|t.% = i.%| AND }} AND t.is_current)'
        ) INTO rows_corrected;
        rows_deleted := rows_read - rows_corrected;
        rows_inserted := 0;
        rows_unchanged := 0;
        rows_rejected := 0;
        IF rows_read > 0 THEN
            -- A key may have no version left by which a build could find it.
            INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to)
            VALUES (v_run_id, p_entity, NULL, '-infinity', 'infinity');
        END IF;
        EXECUTE format(
            'UPDATE sl.watermark AS w SET high_updated_at = '
            '(SELECT max(greatest(t.valid_from, t.observed_at[cardinality(t.observed_at)])) FROM %1$s AS t) '
            'WHERE %2$L IN (w.target, w.source) AND w.high_updated_at > %3$L::timestamptz',
            v_target, v_target, v_latest
        );
        DROP TABLE pg_temp._sl_implausible;
        run_id := v_run_id;
        PERFORM sl._finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected, true
        );
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
    RETURN NEXT;
END;
$body$;

COMMENT ON FUNCTION sl.remove_implausible IS 'Takes what bears an implausible time out of an entity''s history';
