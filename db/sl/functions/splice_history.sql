-- sl.splice_history(p_entity sl.entity, p_run_id bigint) RETURNS void
--
-- Purpose: rebuilds the history of the keys whose new state does not simply follow the latest one: late states, states
--     tied in time, keys that come back after a deletion.
-- Parameters: p_entity: registry row; p_run_id: the run that writes.
-- Returns: nothing; in pg_temp._sl_change each "splice" becomes splice_inserted, splice_corrected, splice_deleted or
--     splice_unchanged.
-- Errors: none.
-- Reads: pg_temp._sl_change, the target, sl.tombstone. Writes: the target, sl.tombstone, pg_temp._sl_change.
--
-- What is known of a key is a set of observations: for each version and each deletion the first and the last time it
-- was seen. The new one is added, taking the place of another at the same time; equal neighbours merge into segments;
-- a segment is a version, or a gap where it is a deletion. A segment keeps the surrogate key of a version that began
-- in it, so that only what differs from the stored versions is written.
CREATE OR REPLACE FUNCTION sl.splice_history(p_entity sl.entity, p_run_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- Its plans look costly, since the planner knows nothing of a temporary table's rows, and last a moment.
SET jit = off
AS $body$
DECLARE
    v_name text := quote_literal(p_entity.entity_name);
    v_target text := format('%I.%I', p_entity.target_schema, p_entity.target_table);
    v_key text := quote_ident(p_entity.key_column);
    v_sk text := quote_ident(p_entity.surrogate_key_column);
    v_columns text := sl.column_list(p_entity.tracked_columns, '%1$I');
    v_columns_of_t text := sl.column_list(p_entity.tracked_columns, 't.%1$I');
    v_differs text := sl.column_list(p_entity.tracked_columns, 't.%1$I IS DISTINCT FROM s.%1$I', ' OR ');
BEGIN
    EXECUTE format(
        $sql$
        CREATE TEMPORARY TABLE _sl_segment ON COMMIT DROP AS
        WITH spliced AS (
            SELECT scd2_key, scd2_key_text, scd2_at, scd2_deleted, %5$s
            FROM pg_temp._sl_change
            WHERE scd2_action = 'splice'
        ),
        version AS (
            SELECT t.%3$s AS scd2_key, t.valid_from, t.last_observed_at, t.%4$s AS scd2_sk, %6$s
            FROM %2$s AS t
            INNER JOIN spliced AS k ON k.scd2_key = t.%3$s
        ),
        deletion AS (
            SELECT k.scd2_key, x.deleted_at, x.last_observed_at
            FROM sl.tombstone AS x
            INNER JOIN spliced AS k ON k.scd2_key_text = x.entity_key
            WHERE x.entity_name = %1$s
        ),
        observation (scd2_key, scd2_at, scd2_is_new, scd2_deleted, scd2_sk, %5$s) AS (
            SELECT scd2_key, valid_from, false, false, scd2_sk, %5$s FROM version
            UNION ALL
            SELECT scd2_key, last_observed_at, false, false, NULL, %5$s FROM version
            WHERE last_observed_at > valid_from
            UNION ALL
            SELECT scd2_key, deleted_at, false, true, NULL, %7$s FROM deletion
            UNION ALL
            SELECT scd2_key, last_observed_at, false, true, NULL, %7$s FROM deletion
            WHERE last_observed_at > deleted_at
            UNION ALL
            SELECT scd2_key, scd2_at, true, scd2_deleted, NULL, %5$s FROM spliced
        ),
        moment AS (
            SELECT DISTINCT ON (scd2_key, scd2_at)
                scd2_key, scd2_at, scd2_is_new, scd2_deleted, %5$s,
                max(scd2_sk) OVER (PARTITION BY scd2_key, scd2_at) AS scd2_sk
            FROM observation
            ORDER BY scd2_key, scd2_at, scd2_is_new DESC
        ),
        marked AS (
            SELECT
                *,
                lag(scd2_at) OVER w IS NULL
                OR scd2_deleted <> lag(scd2_deleted) OVER w
                OR (NOT scd2_deleted AND (%8$s)) AS scd2_starts
            FROM moment
            WINDOW w AS (PARTITION BY scd2_key ORDER BY scd2_at)
        ),
        numbered AS (
            SELECT
                *,
                count(*) FILTER (WHERE scd2_starts) OVER (PARTITION BY scd2_key ORDER BY scd2_at) AS scd2_segment_no
            FROM marked
        ),
        segment AS (
            SELECT
                scd2_key, scd2_deleted, scd2_starts, %5$s,
                scd2_at AS valid_from,
                nullif(max(scd2_at) OVER w, scd2_at) AS last_observed_at,
                min(scd2_sk) OVER w AS scd2_sk,
                bool_or(scd2_is_new) OVER w AS scd2_is_new
            FROM numbered
            WINDOW w AS (PARTITION BY scd2_key, scd2_segment_no)
        )
        SELECT
            *,
            %9$s AS scd2_key_text,
            coalesce(lead(valid_from) OVER (PARTITION BY scd2_key ORDER BY valid_from), 'infinity') AS valid_to
        FROM segment
        WHERE scd2_starts
        $sql$,
        v_name,
        v_target,
        v_key,
        v_sk,
        v_columns,
        v_columns_of_t,
        sl.column_list(p_entity.tracked_columns, 'NULL'),
        sl.column_list(p_entity.tracked_columns, '%1$I IS DISTINCT FROM lag(%1$I) OVER w', ' OR '),
        sl.key_text('scd2_key', sl.key_type(p_entity))
    );
    ANALYZE pg_temp._sl_segment (scd2_key, scd2_sk);

    EXECUTE format(
        $sql$
        WITH spliced AS (
            SELECT scd2_key FROM pg_temp._sl_change WHERE scd2_action = 'splice'
        ),
        changed AS (
            SELECT coalesce(t.%3$s, s.scd2_key) AS scd2_key
            FROM (SELECT t.* FROM %2$s AS t INNER JOIN spliced AS k ON k.scd2_key = t.%3$s) AS t
            FULL JOIN (SELECT * FROM pg_temp._sl_segment WHERE NOT scd2_deleted) AS s ON s.scd2_sk = t.%4$s
            WHERE
                t.%4$s IS NULL
                OR s.scd2_sk IS NULL
                OR t.valid_from <> s.valid_from
                OR t.valid_to <> s.valid_to
                OR %5$s
            UNION
            SELECT s.scd2_key
            FROM pg_temp._sl_segment AS s
            WHERE
                s.scd2_deleted
                AND NOT EXISTS (
                    SELECT FROM sl.tombstone AS x
                    WHERE
                        x.entity_name = %1$s
                        AND x.entity_key = s.scd2_key_text
                        AND x.deleted_at = s.valid_from
                )
        )
        UPDATE pg_temp._sl_change AS c
        SET
            scd2_action = CASE
                WHEN NOT EXISTS (SELECT FROM changed AS g WHERE g.scd2_key = c.scd2_key) THEN 'splice_unchanged'
                WHEN c.scd2_deleted THEN 'splice_deleted'
                WHEN s.scd2_sk IS NULL THEN 'splice_inserted'
                ELSE 'splice_corrected'
            END
        FROM pg_temp._sl_segment AS s
        WHERE c.scd2_action = 'splice' AND s.scd2_key = c.scd2_key AND s.scd2_is_new
        $sql$,
        v_name, v_target, v_key, v_sk, v_differs
    );

    EXECUTE format(
        $sql$
        DELETE FROM %1$s AS t
        WHERE
            t.%2$s IN (SELECT s.scd2_key FROM pg_temp._sl_segment AS s)
            AND NOT EXISTS (
                SELECT FROM pg_temp._sl_segment AS s WHERE s.scd2_sk = t.%3$s AND NOT s.scd2_deleted
            )
        $sql$,
        v_target, v_key, v_sk
    );
    EXECUTE format(
        $sql$
        UPDATE %1$s AS t
        SET
            %4$s,
            valid_from = s.valid_from,
            valid_to = s.valid_to,
            is_current = (s.valid_to = 'infinity'),
            last_observed_at = s.last_observed_at,
            run_id = CASE
                WHEN t.valid_from <> s.valid_from OR t.valid_to <> s.valid_to OR %3$s THEN %5$s
                ELSE t.run_id
            END
        FROM pg_temp._sl_segment AS s
        WHERE
            t.%2$s = s.scd2_sk
            AND NOT s.scd2_deleted
            AND (
                t.valid_from <> s.valid_from
                OR t.valid_to <> s.valid_to
                OR t.last_observed_at IS DISTINCT FROM s.last_observed_at
                OR %3$s
            )
        $sql$,
        v_target, v_sk, v_differs, sl.column_list(p_entity.tracked_columns, '%1$I = s.%1$I'), p_run_id
    );
    EXECUTE format(
        $sql$
        INSERT INTO %1$s (%2$s, %3$s, valid_from, valid_to, is_current, last_observed_at, run_id)
        SELECT scd2_key, %3$s, valid_from, valid_to, valid_to = 'infinity', last_observed_at, %4$s
        FROM pg_temp._sl_segment
        WHERE NOT scd2_deleted AND scd2_sk IS NULL
        $sql$,
        v_target, v_key, v_columns, p_run_id
    );

    DELETE FROM sl.tombstone AS x
    USING pg_temp._sl_change AS c
    WHERE
        c.scd2_action IN ('splice_inserted', 'splice_corrected', 'splice_deleted')
        AND x.entity_name = p_entity.entity_name
        AND x.entity_key = c.scd2_key_text
        AND NOT EXISTS (
            SELECT
            FROM pg_temp._sl_segment AS s
            WHERE s.scd2_deleted AND s.scd2_key = c.scd2_key AND s.valid_from = x.deleted_at
        );
    -- The run is noted on a deletion that only grew too: it may have swallowed the key's last version, and then no row
    -- of the target is left to lead the mart to the key.
    INSERT INTO sl.tombstone AS x (entity_name, entity_key, deleted_at, last_observed_at, run_id)
    SELECT p_entity.entity_name, s.scd2_key_text, s.valid_from, s.last_observed_at, p_run_id
    FROM pg_temp._sl_segment AS s
    WHERE s.scd2_deleted
    ON CONFLICT (entity_name, entity_key, deleted_at) DO UPDATE
    SET last_observed_at = excluded.last_observed_at, run_id = excluded.run_id
    WHERE x.last_observed_at IS DISTINCT FROM excluded.last_observed_at;
    DROP TABLE pg_temp._sl_segment;
END;
$body$;

COMMENT ON FUNCTION sl.splice_history IS 'Rebuilds the history of keys whose new state does not simply follow the latest one';
