-- sl._splice_history(p_entity sl.entity, p_run_id bigint) RETURNS void
--
-- Purpose: rebuilds the history of the keys whose new states do not simply follow the latest one: late states, states
--     tied in time, keys that come back after a deletion, several states of a key at once.
-- Parameters: p_entity: registry row; p_run_id: the run that writes; NULL: write nothing, and leave the rebuilt
--     histories in pg_temp._sl_segment and what becomes of them in pg_temp._sl_spliced (sl.preview).
-- Returns: nothing; in pg_temp._sl_change each "splice" becomes splice_inserted, splice_corrected, splice_deleted or
--     splice_unchanged. pg_temp._sl_period has, of an entity that keeps changed periods, the moments for which another
--     version is valid than before, a row a key, for sl._note_periods.
-- Errors: none.
-- Reads: pg_temp._sl_change, the target, sl.tombstone. Writes: the target, sl.tombstone, pg_temp._sl_change,
--     pg_temp._sl_period, and as sl._keep_overwritten.
--
-- What is known of a key is a set of observations: the times at which each version and each deletion was seen, as far
-- as they are kept, and the new ones. Of several at one time the one committed last counts. A deletion that bears the
-- very time of a state ends it a microsecond later. Equal neighbours merge into segments; a segment is a version, or
-- a gap where it is a deletion. A segment keeps the surrogate key of a version that began in it, so that only what
-- differs from the stored versions is written. Columns that are written in place take the value of the segment's last
-- observation.
--
-- Which version is valid at a moment follows from where versions begin: the one that began last, also in the gap after
-- it, and before all of them the first. So it changes from the first beginning that differs, in its surrogate key or
-- what its tracked columns say, to the next one that does not.
CREATE OR REPLACE FUNCTION sl._splice_history(p_entity sl.entity, p_run_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- Its plans look costly, since the planner knows nothing of a temporary table's rows, and last a moment.
SET jit = off
AS $body$
DECLARE
    v_places CONSTANT jsonb := jsonb_build_object('run', p_run_id);
BEGIN
    EXECUTE sl._sql(
        p_entity,
        $sql$
        CREATE TEMPORARY TABLE _sl_segment ON COMMIT DROP AS
        WITH spliced AS (
            SELECT DISTINCT {{key|%}}, scd2_key_text FROM pg_temp._sl_change WHERE scd2_action = 'splice'
        ),
        version AS (
            SELECT t.* FROM {{target}} AS t INNER JOIN spliced AS k ON {{key|k.% = t.%| AND }}
        ),
        deletion AS (
            SELECT {{key|k.%}}, x.deleted_at, x.observed_at, x.is_tied, x.is_gone
            FROM sl.tombstone AS x
            INNER JOIN spliced AS k ON k.scd2_key_text = x.entity_key
            WHERE x.entity_name = {{name}}
        ),
        observation ({{key|%}}, scd2_at, scd2_order, scd2_deleted, scd2_gone, scd2_sk{{value|, %|}}) AS (
            SELECT {{key|%}}, valid_from, -2::bigint, false, false, {{sk}}{{value|, %|}} FROM version
            UNION ALL
            SELECT {{key|v.%}}, o.observed_at, -2, false, false, NULL{{value|, v.%|}}
            FROM version AS v
            CROSS JOIN LATERAL unnest(v.observed_at) AS o (observed_at)
            UNION ALL
            SELECT
                {{key|%}}, CASE WHEN is_tied THEN deleted_at - interval '1 microsecond' ELSE deleted_at END, -1, true,
                is_gone, NULL{{value|, NULL|}}
            FROM deletion
            UNION ALL
            SELECT {{key|d.%}}, o.observed_at, -1, true, d.is_gone, NULL{{value|, NULL|}}
            FROM deletion AS d
            CROSS JOIN LATERAL unnest(d.observed_at) AS o (observed_at)
            UNION ALL
            SELECT {{key|%}}, scd2_at, scd2_order, scd2_deleted, scd2_gone, NULL{{value|, %|}}
            FROM pg_temp._sl_change
            WHERE scd2_action = 'splice'
        ),
        -- At each time the state and the deletion that were committed last.
        latest AS (
            SELECT DISTINCT ON ({{key|%}}, scd2_at, scd2_deleted)
                {{key|%}}, scd2_at, scd2_order, scd2_deleted, scd2_gone{{value|, %|}},
                max(scd2_sk) OVER (PARTITION BY {{key|%}}, scd2_at) AS scd2_sk
            FROM observation
            ORDER BY {{key|%}}, scd2_at, scd2_deleted, scd2_order DESC
        ),
        compared AS (
            SELECT
                *,
                max(scd2_order) FILTER (WHERE NOT scd2_deleted) OVER (
                    PARTITION BY {{key|%}}, scd2_at
                ) AS scd2_state_order
            FROM latest
        ),
        placed AS (
            SELECT
                {{key|%}}{{value|, %|}}, scd2_deleted, scd2_gone,
                CASE WHEN NOT scd2_deleted THEN scd2_sk END AS scd2_sk,
                scd2_deleted AND scd2_state_order IS NOT NULL AS scd2_is_tied,
                CASE
                    WHEN scd2_deleted AND scd2_state_order IS NOT NULL THEN scd2_at + interval '1 microsecond'
                    ELSE scd2_at
                END AS scd2_at
            FROM compared
            WHERE NOT scd2_deleted OR coalesce(scd2_state_order < scd2_order, true)
        ),
        moment AS (
            SELECT DISTINCT ON ({{key|%}}, scd2_at) * FROM placed ORDER BY {{key|%}}, scd2_at, scd2_is_tied
        ),
        marked AS (
            SELECT
                *,
                lag(scd2_at) OVER w IS NULL
                OR scd2_deleted <> lag(scd2_deleted) OVER w
                OR (NOT scd2_deleted AND ({{tracked|% IS DISTINCT FROM lag(%) OVER w| OR |false}})) AS scd2_starts
            FROM moment
            WINDOW w AS (PARTITION BY {{key|%}} ORDER BY scd2_at)
        ),
        numbered AS (
            SELECT
                *,
                count(*) FILTER (WHERE scd2_starts) OVER (PARTITION BY {{key|%}} ORDER BY scd2_at) AS scd2_segment_no
            FROM marked
        ),
        segment AS (
            SELECT
                {{key|%}}, scd2_deleted, scd2_starts,
                scd2_is_tied{{tracked|, %|}}{{in_place|, last_value(%) OVER s AS %|}},
                last_value(scd2_gone) OVER s AS scd2_gone,
                scd2_at AS valid_from,
                array_agg(scd2_at) OVER (
                    PARTITION BY {{key|%}}, scd2_segment_no ORDER BY scd2_at
                    ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
                ) AS scd2_observed_at,
                min(scd2_sk) OVER (PARTITION BY {{key|%}}, scd2_segment_no) AS scd2_sk
            FROM numbered
            WINDOW s AS (
                PARTITION BY {{key|%}}, scd2_segment_no ORDER BY scd2_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )
        )
        SELECT
            *,
            scd2_observed_at[greatest(cardinality(scd2_observed_at) + 1 - {{kept}}, 1):] AS observed_at,
            {{key_text}} AS scd2_key_text,
            coalesce(lead(valid_from) OVER (PARTITION BY {{key|%}} ORDER BY valid_from), 'infinity') AS valid_to
        FROM segment AS g
        WHERE scd2_starts
        $sql$,
        jsonb_build_object('key_text', sl._key_text(p_entity, 'g'))
    );
    ANALYZE pg_temp._sl_segment (scd2_key_text, scd2_sk);

    -- What became of each segment, and which keys' histories change at all.
    EXECUTE sl._sql(
        p_entity,
        $sql$
        CREATE TEMPORARY TABLE _sl_spliced ON COMMIT DROP AS
        WITH version AS (
            SELECT t.*, k.scd2_key_text
            FROM {{target}} AS t
            INNER JOIN (SELECT DISTINCT {{key|%}}, scd2_key_text FROM pg_temp._sl_segment) AS k
                ON {{key|k.% = t.%| AND }}
        ),
        outcome AS (
            SELECT
                s.scd2_key_text, s.valid_from, s.valid_to, s.scd2_deleted,
                CASE
                    WHEN s.scd2_deleted THEN
                        CASE
                            WHEN NOT EXISTS (
                                SELECT FROM sl.tombstone AS x
                                WHERE
                                    x.entity_name = {{name}}
                                    AND x.entity_key = s.scd2_key_text
                                    AND x.deleted_at = s.valid_from
                            ) THEN 'splice_deleted'
                        END
                    WHEN t.{{sk}} IS NULL THEN 'splice_inserted'
                    WHEN
                        t.valid_from <> s.valid_from OR t.valid_to < s.valid_to
                        {{value|OR t.% IS DISTINCT FROM s.%| }} THEN 'splice_corrected'
                END AS scd2_outcome,
                t.valid_to > s.valid_to AS scd2_is_cut
            FROM pg_temp._sl_segment AS s
            LEFT JOIN version AS t ON t.{{sk}} = s.scd2_sk AND NOT s.scd2_deleted
        )
        SELECT
            o.*,
            bool_or(o.scd2_outcome IS NOT NULL OR o.scd2_is_cut IS TRUE) OVER (PARTITION BY o.scd2_key_text)
            OR EXISTS (
                SELECT FROM version AS t
                WHERE
                    t.scd2_key_text = o.scd2_key_text
                    AND t.{{sk}} NOT IN (
                        SELECT s.scd2_sk
                        FROM pg_temp._sl_segment AS s
                        WHERE s.scd2_sk IS NOT NULL AND NOT s.scd2_deleted
                    )
            ) AS scd2_key_changes
        FROM outcome AS o
        $sql$
    );
    ANALYZE pg_temp._sl_spliced;
    -- Of several states in one segment the first one has made it; a change that no state seems to have made is the
    -- last one's.
    WITH ranked AS (
        SELECT
            c.ctid AS scd2_place,
            s.scd2_key_changes,
            CASE
                WHEN row_number() OVER (
                    PARTITION BY c.scd2_key_text, s.valid_from ORDER BY c.scd2_at, c.scd2_order DESC
                ) = 1
                    THEN s.scd2_outcome
            END AS scd2_outcome,
            row_number() OVER (PARTITION BY c.scd2_key_text ORDER BY c.scd2_order DESC) AS scd2_place_from_last
        FROM pg_temp._sl_change AS c
        LEFT JOIN pg_temp._sl_spliced AS s
            ON
                s.scd2_key_text = c.scd2_key_text
                AND s.scd2_deleted = c.scd2_deleted
                AND s.valid_from <= c.scd2_at
                + CASE WHEN c.scd2_deleted THEN interval '1 microsecond' ELSE interval '0' END
                AND s.valid_to > c.scd2_at
        WHERE c.scd2_action = 'splice'
    ),
    counted AS (
        SELECT
            r.*,
            count(r.scd2_outcome) OVER (PARTITION BY o.scd2_key_text) AS scd2_outcomes,
            bool_or(r.scd2_key_changes) OVER (PARTITION BY o.scd2_key_text) AS scd2_changes
        FROM ranked AS r
        INNER JOIN pg_temp._sl_change AS o ON o.ctid = r.scd2_place
    )
    UPDATE pg_temp._sl_change AS c
    SET
        scd2_action = CASE
            WHEN n.scd2_changes IS NOT TRUE THEN 'splice_unchanged'
            WHEN n.scd2_outcome IS NOT NULL THEN n.scd2_outcome
            WHEN n.scd2_outcomes = 0 AND n.scd2_place_from_last = 1
                THEN CASE WHEN c.scd2_deleted THEN 'splice_deleted' ELSE 'splice_corrected' END
            ELSE 'splice_unchanged'
        END
    FROM counted AS n
    WHERE c.ctid = n.scd2_place;
    IF p_run_id IS NULL THEN
        RETURN;
    END IF;

    IF p_entity.keeps_changed_periods THEN
        EXECUTE sl._sql(
            p_entity,
            $sql$
            CREATE TEMPORARY TABLE _sl_period ON COMMIT DROP AS
            WITH version AS (
                SELECT k.scd2_key_text, t.{{sk}} AS scd2_sk, t.valid_from{{tracked|, t.%|}}
                FROM (SELECT DISTINCT {{key|%}}, scd2_key_text FROM pg_temp._sl_segment) AS k
                INNER JOIN {{target}} AS t ON {{key|k.% = t.%| AND }}
            ),
            beginning AS (
                SELECT
                    coalesce(v.scd2_key_text, s.scd2_key_text) AS scd2_key_text,
                    coalesce(v.valid_from, s.valid_from) AS began_at,
                    v.valid_from IS NOT NULL AS was_known,
                    v.valid_from IS NULL
                    OR s.valid_from IS NULL
                    OR v.scd2_sk IS DISTINCT FROM s.scd2_sk
                    {{tracked|OR v.% IS DISTINCT FROM s.%| }} AS differs
                FROM version AS v
                FULL JOIN (SELECT * FROM pg_temp._sl_segment AS g WHERE NOT g.scd2_deleted) AS s
                    ON s.scd2_key_text = v.scd2_key_text AND s.valid_from = v.valid_from
            ),
            compared AS (
                SELECT
                    b.*,
                    min(b.began_at) OVER k AS first_at,
                    min(b.began_at) FILTER (WHERE b.differs) OVER k AS differs_from,
                    max(b.began_at) FILTER (WHERE b.differs) OVER k AS differs_last
                FROM beginning AS b
                WINDOW k AS (PARTITION BY b.scd2_key_text)
            )
            SELECT
                c.scd2_key_text,
                CASE WHEN c.differs_from > c.first_at THEN c.differs_from ELSE '-infinity' END AS changed_from,
                coalesce(min(c.began_at) FILTER (WHERE c.began_at > c.differs_last), 'infinity') AS changed_to,
                NOT bool_or(c.was_known) AS is_new
            FROM compared AS c
            WHERE c.differs_from IS NOT NULL
            GROUP BY c.scd2_key_text, c.first_at, c.differs_from, c.differs_last
            $sql$
        );
    END IF;
    PERFORM sl._keep_overwritten(
        p_entity, p_run_id,
        $sql$
        (SELECT DISTINCT {{key|%}} FROM pg_temp._sl_segment) AS k
        INNER JOIN {{target}} AS t ON {{key|t.% = k.%| AND }}
        WHERE
            NOT EXISTS (
                SELECT FROM pg_temp._sl_segment AS s
                WHERE s.scd2_sk = t.{{sk}} AND NOT s.scd2_deleted {{value|AND t.% IS NOT DISTINCT FROM s.%| }}
            )
        $sql$
    );
    EXECUTE sl._sql(
        p_entity,
        $sql$
        DELETE FROM {{target}} AS t
        USING (SELECT DISTINCT {{key|%}} FROM pg_temp._sl_segment) AS k
        WHERE
            {{key|t.% = k.%| AND }}
            AND NOT EXISTS (
                SELECT FROM pg_temp._sl_segment AS s WHERE s.scd2_sk = t.{{sk}} AND NOT s.scd2_deleted
            )
        $sql$
    );
    EXECUTE sl._sql(
        p_entity,
        $sql$
        UPDATE {{target}} AS t
        SET
            {{value|% = s.%,|}}
            valid_from = s.valid_from,
            valid_to = s.valid_to,
            is_current = (s.valid_to = 'infinity'),
            observed_at = s.observed_at,
            run_id = CASE
                WHEN t.valid_from <> s.valid_from OR t.valid_to <> s.valid_to {{value|OR t.% IS DISTINCT FROM s.%| }}
                    THEN {{run}}
                ELSE t.run_id
            END
        FROM pg_temp._sl_segment AS s
        WHERE
            t.{{sk}} = s.scd2_sk
            AND NOT s.scd2_deleted
            AND (
                t.valid_from <> s.valid_from
                OR t.valid_to <> s.valid_to
                OR t.observed_at IS DISTINCT FROM s.observed_at
                {{value|OR t.% IS DISTINCT FROM s.%| }}
            )
        $sql$,
        v_places
    );
    EXECUTE sl._sql(
        p_entity,
        $sql$
        INSERT INTO {{target}} ({{key|%}}{{value|, %|}}, valid_from, valid_to, is_current, observed_at, run_id)
        SELECT {{key|%}}{{value|, %|}}, valid_from, valid_to, valid_to = 'infinity', observed_at, {{run}}
        FROM pg_temp._sl_segment
        WHERE NOT scd2_deleted AND scd2_sk IS NULL
        $sql$,
        v_places
    );

    DELETE FROM sl.tombstone AS x
    USING (SELECT DISTINCT s.scd2_key_text FROM pg_temp._sl_segment AS s) AS k
    WHERE
        x.entity_name = p_entity.entity_name
        AND x.entity_key = k.scd2_key_text
        AND NOT EXISTS (
            SELECT
            FROM pg_temp._sl_segment AS s
            WHERE s.scd2_deleted AND s.scd2_key_text = k.scd2_key_text AND s.valid_from = x.deleted_at
        );
    -- The run is noted on a deletion that only grew too: it may have swallowed the key's last version, and then no row
    -- of the target is left to lead the mart to the key.
    INSERT INTO sl.tombstone AS x (entity_name, entity_key, deleted_at, observed_at, is_tied, is_gone, run_id)
    SELECT p_entity.entity_name, s.scd2_key_text, s.valid_from, s.observed_at, s.scd2_is_tied, s.scd2_gone, p_run_id
    FROM pg_temp._sl_segment AS s
    WHERE s.scd2_deleted
    ON CONFLICT (entity_name, entity_key, deleted_at) DO UPDATE
    SET
        observed_at = excluded.observed_at,
        is_tied = excluded.is_tied,
        is_gone = excluded.is_gone,
        run_id = excluded.run_id
    WHERE
        (x.observed_at, x.is_tied, x.is_gone)
        IS DISTINCT FROM (excluded.observed_at, excluded.is_tied, excluded.is_gone);
    DROP TABLE pg_temp._sl_segment, pg_temp._sl_spliced;
END;
$body$;

COMMENT ON FUNCTION sl._splice_history IS
'Rebuilds the history of keys whose new states do not simply follow the latest one';
