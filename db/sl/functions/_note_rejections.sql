-- sl._note_rejections(p_entity sl.entity, p_run_id bigint, p_rows text, p_has_several boolean DEFAULT false) RETURNS
--     bigint
--
-- Purpose: writes the rows that a load rejected into sl.rejected_row, and how many it was warned of into
--     sl.rule_warning.
-- Parameters: p_entity: registry row; p_run_id: the load; p_rows: table of the rows, with scd2_key_text, scd2_at,
--     scd2_rule, scd2_row, scd2_order and scd2_warnings; p_has_several: a key may have several rows.
-- Returns: how many rows were rejected.
-- Errors: none.
-- Reads: p_rows. Writes: sl.rejected_row, sl.rule_warning.
--
-- One open rejection a key and rule: a late bad state is counted, and the newest one is kept; the same state read again
-- changes nothing. A bad state that was followed by a good one, not older, in the same load is noted as resolved. Call
-- it after sl._resolve_rejections.
CREATE OR REPLACE FUNCTION sl._note_rejections(
    p_entity sl.entity,
    p_run_id bigint,
    p_rows text,
    p_has_several boolean DEFAULT false
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_always_asked text [];
    v_rows bigint;
    v_warned bigint;
BEGIN
    EXECUTE format('SELECT count(c.scd2_rule), count(c.scd2_warnings) FROM %s AS c', p_rows) INTO v_rows, v_warned;
    IF v_rows > 0 THEN
        v_always_asked := ARRAY(
            SELECT r.rule_name
            FROM sl.applied_rule AS r
            WHERE r.entity_name = p_entity.entity_name AND r.judges_deletions
        );
        EXECUTE sl._sql(
            p_entity,
            $sql$
            WITH bad AS (
                SELECT
                    c.scd2_key_text, c.scd2_rule, c.scd2_row, c.scd2_order,
                    CASE WHEN c.scd2_rule <> ALL ($3) THEN c.scd2_at END AS observed_at,
                    {{is_healed}} AS is_healed
                FROM {{rows}} AS c
                WHERE c.scd2_rule IS NOT NULL
            ),
            newest AS (
                SELECT DISTINCT ON (b.scd2_key_text, b.scd2_rule, b.is_healed)
                    b.*, count(*) OVER (PARTITION BY b.scd2_key_text, b.scd2_rule, b.is_healed) AS times_seen
                FROM bad AS b
                WHERE NOT EXISTS (
                    SELECT FROM sl.rejected_row AS o
                    WHERE
                        o.entity_name = $1
                        AND o.entity_key = b.scd2_key_text
                        AND o.rule_name = b.scd2_rule
                        AND (o.resolved_run_id IS NULL OR b.is_healed AND o.resolved_run_id = $2)
                        AND o.row = b.scd2_row
                )
                ORDER BY
                    b.scd2_key_text, b.scd2_rule, b.is_healed, b.observed_at DESC NULLS LAST, b.scd2_order DESC
            ),
            healed AS (
                INSERT INTO sl.rejected_row (
                    entity_name, entity_key, rule_name, row, observed_at, times_seen, run_id, rejected_at, last_run_id,
                    last_seen, resolved_run_id, resolved_at
                )
                SELECT
                    $1, b.scd2_key_text, b.scd2_rule, b.scd2_row, b.observed_at, b.times_seen, $2, clock_timestamp(),
                    $2, clock_timestamp(), $2, clock_timestamp()
                FROM newest AS b
                WHERE b.is_healed
            )
            INSERT INTO sl.rejected_row AS o (
                entity_name, entity_key, rule_name, row, observed_at, times_seen, run_id, rejected_at, last_run_id,
                last_seen
            )
            SELECT
                $1, b.scd2_key_text, b.scd2_rule, b.scd2_row, b.observed_at, b.times_seen, $2, clock_timestamp(), $2,
                clock_timestamp()
            FROM newest AS b
            WHERE NOT b.is_healed
            ON CONFLICT (entity_name, entity_key, rule_name) WHERE resolved_run_id IS NULL DO UPDATE
            SET
                row = CASE WHEN excluded.observed_at < o.observed_at THEN o.row ELSE excluded.row END,
                observed_at = greatest(o.observed_at, excluded.observed_at),
                times_seen = o.times_seen + excluded.times_seen,
                last_run_id = excluded.last_run_id,
                last_seen = excluded.last_seen
            $sql$,
            jsonb_build_object(
                -- Of the good states that were committed later, how many, and up to which time: all keys in one pass.
                'rows', CASE
                    WHEN p_has_several
                        THEN format(
                            '(SELECT r.*, '
                            'count(*) FILTER (WHERE r.scd2_rule IS NULL) OVER later AS good_rows, '
                            'max(r.scd2_at) FILTER (WHERE r.scd2_rule IS NULL) OVER later AS good_at '
                            'FROM %s AS r WINDOW later AS (PARTITION BY r.scd2_key_text ORDER BY r.scd2_order DESC '
                            'GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))',
                            p_rows
                        )
                    ELSE p_rows
                END,
                'is_healed', CASE
                    WHEN p_has_several
                        THEN 'c.good_rows > 0 AND (coalesce(c.good_at >= c.scd2_at, false) OR c.scd2_rule = ANY ($3))'
                    ELSE 'false'
                END
            )
        )
        USING p_entity.entity_name, p_run_id, v_always_asked;
    END IF;
    IF v_warned > 0 THEN
        EXECUTE format(
            $sql$
            INSERT INTO sl.rule_warning (run_id, entity_name, rule_name, rows, example_key)
            SELECT $2, $1, w.rule_name, count(*), min(c.scd2_key_text)
            FROM %s AS c
            CROSS JOIN LATERAL unnest(c.scd2_warnings) AS w (rule_name)
            GROUP BY w.rule_name
            ON CONFLICT (run_id, rule_name) DO UPDATE SET rows = rule_warning.rows + excluded.rows
            $sql$,
            p_rows
        )
        USING p_entity.entity_name, p_run_id;
    END IF;
    RETURN v_rows;
END;
$body$;

COMMENT ON FUNCTION sl._note_rejections IS 'Writes the rows that a load rejected or was warned of';
