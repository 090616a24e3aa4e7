-- sl._classify(p_entity sl.entity, p_rows text, p_is_plain boolean, p_clock timestamptz, p_forgotten text)
--     RETURNS bigint
--
-- Purpose: the first step of a load: judges source rows, and says of each what it is to the history of its key.
-- Parameters: p_entity: registry row; p_rows, p_is_plain, p_clock, p_forgotten: as of sl._judged_rows.
-- Returns: how many rows there are. They stand in pg_temp._sl_change: the key and value columns, of the target's types;
--     scd2_key_text; scd2_at (event time); scd2_ends_at (where a deletion closes a version); scd2_deleted; scd2_rule,
--     scd2_row (of a rejected row, as sl.rejected_row keeps it); scd2_warnings; scd2_order; scd2_sk, scd2_tid (the
--     latest version of the key); scd2_late; scd2_action.
-- Errors: TS003 as of sl._key_types.
-- Reads: the source, the target, sl.tombstone, sl.erasure. Writes: pg_temp._sl_change.
--
-- scd2_action is one of
--     rejected  fails a quality rule
--     first     a key never seen
--     append    later than all known of the key, and different: closes the current version and opens the next
--     touch     within the current version, and the same: is one more observation of it
--     in_place  not earlier than all known of the key, and different in nothing but columns that are written in place
--     close     not earlier than all known of the key, and deleted: closes the current version
--     forget    a deletion of a key never seen
--     same      says nothing new
--     splice    all else: late, tied in time with other values, coming back after a deletion, or one of several states
--               of a key
-- Only "splice" needs the key's whole history (sl._splice_history). The latest version of a key, and a deletion, are
-- found by an index probe a row (LIMIT, OFFSET 0): the plan stays an index scan at any table size.
--
-- The history of a forgotten key (sl.erasure) stands still: no rule judges its rows, and they are "same", except the
-- deletion that closes it. A deleted row that is in the source again, in a state that is not later, was delivered
-- again, and not deleted.
CREATE OR REPLACE FUNCTION sl._classify(
    p_entity sl.entity,
    p_rows text,
    p_is_plain boolean,
    p_clock timestamptz,
    p_forgotten text
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_rows bigint;
BEGIN
    EXECUTE sl._sql(
        p_entity,
        $sql$
        CREATE TEMPORARY TABLE _sl_change ON COMMIT DROP AS
        SELECT
            {{key|c.%}},
            c.scd2_key_text,
            c.scd2_at,
            CASE
                WHEN c.scd2_at = v.scd2_last_at THEN c.scd2_at + interval '1 microsecond'
                ELSE c.scd2_at
            END AS scd2_ends_at,
            c.scd2_deleted,
            c.scd2_gone,
            c.scd2_rule,
            c.scd2_row,
            c.scd2_warnings,
            c.scd2_order,
            {{value|CASE WHEN c.scd2_rule IS NULL THEN c.% END AS %,|}}
            v.scd2_sk,
            v.scd2_tid,
            c.scd2_rule IS NULL AND c.scd2_at < v.scd2_known_at AS scd2_late,
            CASE
                WHEN c.scd2_rule IS NOT NULL THEN 'rejected'
                {{of_several}}
                WHEN c.scd2_forgotten THEN
                    CASE
                        WHEN c.scd2_deleted AND v.scd2_current AND c.scd2_at >= v.scd2_last_at THEN 'close' ELSE 'same'
                    END
                WHEN v.scd2_sk IS NULL AND EXISTS (
                    SELECT FROM sl.tombstone AS x
                    WHERE x.entity_name = {{name}} AND x.entity_key = c.scd2_key_text
                    OFFSET 0
                ) THEN 'splice'
                WHEN v.scd2_sk IS NULL AND c.scd2_deleted THEN 'forget'
                WHEN v.scd2_sk IS NULL THEN 'first'
                WHEN NOT v.scd2_current THEN 'splice'
                WHEN c.scd2_at >= v.scd2_last_at AND c.scd2_deleted THEN 'close'
                WHEN c.scd2_at > v.scd2_last_at AND v.scd2_differs THEN 'append'
                WHEN c.scd2_at >= v.scd2_last_at AND NOT v.scd2_differs AND v.scd2_in_place_differs THEN 'in_place'
                WHEN c.scd2_at > v.scd2_last_at THEN {{touch}}
                WHEN c.scd2_at >= v.scd2_from AND NOT c.scd2_deleted AND NOT v.scd2_differs
                    THEN CASE WHEN v.scd2_is_observed THEN 'same' ELSE {{touch}} END
                ELSE 'splice'
            END AS scd2_action
        FROM ({{judged}}) AS c
        LEFT JOIN LATERAL (
            SELECT
                t.{{sk}} AS scd2_sk,
                t.ctid AS scd2_tid,
                t.is_current AS scd2_current,
                t.valid_from AS scd2_from,
                coalesce(t.observed_at[cardinality(t.observed_at)], t.valid_from) AS scd2_last_at,
                -- What was observed last of a closed version is its end.
                CASE
                    WHEN t.is_current THEN coalesce(t.observed_at[cardinality(t.observed_at)], t.valid_from)
                    ELSE t.valid_to
                END AS scd2_known_at,
                c.scd2_at = t.valid_from OR coalesce(c.scd2_at = ANY (t.observed_at), false) AS scd2_is_observed,
                {{tracked|t.% IS DISTINCT FROM c.%| OR |false}} AS scd2_differs,
                {{in_place|t.% IS DISTINCT FROM c.%| OR |false}} AS scd2_in_place_differs
            FROM {{target}} AS t
            WHERE {{key|t.% = c.%| AND }}
            ORDER BY t.valid_from DESC
            LIMIT 1
        ) AS v ON true
        $sql$,
        jsonb_build_object(
            -- Without a time of its own, an unchanged row is no observation: nothing can come late.
            'touch', CASE WHEN p_entity.event_time_column IS NULL THEN '''same''' ELSE '''touch''' END,
            'judged', CASE
                WHEN p_is_plain THEN sl._judged_rows(p_entity, p_rows, p_is_plain, p_clock, p_forgotten)
                ELSE sl._several_rows(
                    p_entity, sl._judged_rows(p_entity, p_rows, p_is_plain, p_clock, p_forgotten)
                )
            END,
            'of_several', CASE
                WHEN p_is_plain THEN ''
                ELSE
                    'WHEN c.scd2_is_redelivered THEN ''same'' '
                    'WHEN c.scd2_forgotten AND NOT c.scd2_is_last THEN ''same'' '
                    'WHEN c.scd2_states > 1 AND NOT c.scd2_forgotten THEN ''splice'''
            END
        )
    );
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows > 0 THEN
        ANALYZE pg_temp._sl_change (scd2_key_text, scd2_sk, scd2_action);
    END IF;
    RETURN v_rows;
END;
$body$;

COMMENT ON FUNCTION sl._classify IS
'First step of a load: judges source rows and says what each is to the history of its key';
