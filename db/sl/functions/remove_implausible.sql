-- sl.remove_implausible(p_entity text)
--     RETURNS TABLE (run_id bigint, rows_read bigint, rows_inserted bigint, rows_corrected bigint, rows_deleted bigint,
--         rows_unchanged bigint, rows_rejected bigint)
--
-- Purpose: takes out of an entity's history what bears an implausible time (sl.entity.plausible_from, future_tolerance)
--     and came in before there was such a limit, or under a wider one.
-- Parameters: p_entity: name in sl.entity.
-- Returns: one row, in keys: run_id; rows_read: those whose history held such a time; rows_corrected: those that still
--     have a current version; rows_deleted: those that have none; the others are 0.
-- Errors: TS001 another run on the target is in progress; TS002 the entity is not registered; TS003 its source table or
--     key column does not exist; TS005 somebody else holds a lock for longer than lock_timeout.
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
    v_entity sl.entity := sl.entity_of(p_entity);
    v_source text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_key_type text := sl.key_type(v_entity);
    v_key_text text := sl.key_text(format('t.%I', v_entity.key_column), v_key_type);
    v_latest timestamptz := clock_timestamp() + v_entity.future_tolerance;
    v_run_id bigint;
    v_context text;
BEGIN
    PERFORM sl.bound_lock_wait();
    BEGIN
        v_run_id := sl.begin_run(c_procedure, v_target);
        EXECUTE format(
            $sql$
            CREATE TEMPORARY TABLE _sl_implausible ON COMMIT DROP AS
            SELECT t.%1$I AS scd2_key, %3$s AS scd2_key_text
            FROM %2$s AS t
            WHERE
                t.valid_from NOT BETWEEN %4$L::timestamptz AND %5$L::timestamptz
                OR t.last_observed_at > %5$L::timestamptz
            UNION
            SELECT x.entity_key::%6$s, x.entity_key
            FROM sl.tombstone AS x
            WHERE
                x.entity_name = %7$L
                AND (
                    x.deleted_at NOT BETWEEN %4$L::timestamptz AND %5$L::timestamptz
                    OR x.last_observed_at > %5$L::timestamptz
                )
            $sql$,
            v_entity.key_column, v_target, v_key_text, v_entity.plausible_from, v_latest, v_key_type, p_entity
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
        SET last_observed_at = NULL
        FROM pg_temp._sl_implausible AS i
        WHERE x.entity_name = p_entity AND x.entity_key = i.scd2_key_text AND x.last_observed_at > v_latest;
        EXECUTE format(
            'DELETE FROM %1$s AS t USING pg_temp._sl_implausible AS i '
            'WHERE t.%2$I = i.scd2_key AND t.valid_from NOT BETWEEN $1 AND $2',
            v_target, v_entity.key_column
        )
        USING v_entity.plausible_from, v_latest;
        -- Of a version that is left, the end is the beginning of whatever is left after it.
        EXECUTE format(
            $sql$
            UPDATE %1$s AS t
            SET
                valid_to = e.valid_to,
                is_current = (e.valid_to = 'infinity'),
                last_observed_at = CASE WHEN t.last_observed_at < least(e.valid_to, $1) THEN t.last_observed_at END,
                run_id = $2
            FROM pg_temp._sl_implausible AS i
            INNER JOIN %1$s AS v ON v.%2$I = i.scd2_key
            CROSS JOIN LATERAL (
                SELECT least(
                    coalesce(
                        (SELECT min(n.valid_from) FROM %1$s AS n WHERE n.%2$I = v.%2$I AND n.valid_from > v.valid_from),
                        'infinity'
                    ),
                    (
                        SELECT min(x.deleted_at)
                        FROM sl.tombstone AS x
                        WHERE x.entity_name = $3 AND x.entity_key = i.scd2_key_text AND x.deleted_at > v.valid_from
                    )
                ) AS valid_to
            ) AS e
            WHERE
                t.%3$I = v.%3$I
                AND (t.valid_to <> e.valid_to OR t.last_observed_at > $1)
            $sql$,
            v_target, v_entity.key_column, v_entity.surrogate_key_column
        )
        USING v_latest, v_run_id, p_entity;

        -- The next load reads these again.
        EXECUTE format(
            'UPDATE %1$s AS t SET %2$I = t.%2$I FROM pg_temp._sl_implausible AS i WHERE t.%2$I = i.scd2_key',
            v_source, v_entity.key_column
        );
        EXECUTE format(
            'SELECT count(*) FROM pg_temp._sl_implausible AS i '
            'WHERE EXISTS (SELECT FROM %1$s AS t WHERE t.%2$I = i.scd2_key AND t.is_current)',
            v_target, v_entity.key_column
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
            'UPDATE sl.watermark AS w SET high_updated_at = (SELECT max(greatest(t.valid_from, t.last_observed_at)) '
            'FROM %1$s AS t) WHERE %2$L IN (w.target, w.source) AND w.high_updated_at > %3$L::timestamptz',
            v_target, v_target, v_latest
        );
        DROP TABLE pg_temp._sl_implausible;
        run_id := v_run_id;
        PERFORM sl.finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected, true
        );
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl.raise_lock_timeout(c_procedure, v_context);
    END;
    RETURN NEXT;
END;
$body$;

COMMENT ON FUNCTION sl.remove_implausible IS 'Takes what bears an implausible time out of an entity''s history';
