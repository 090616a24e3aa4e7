-- sl._several_rows(p_entity sl.entity, p_judged text) RETURNS text
--
-- Purpose: writes the SELECT that tells apart the states of keys that have several in one load into dynamic SQL.
-- Parameters: p_entity: registry row; p_judged: a SELECT as of sl._judged_rows.
-- Returns: that SELECT with scd2_is_redelivered (a deletion of a row that the source has again, in a state that is not
--     later), scd2_states (how many good states of the key there are) and scd2_is_last (whether it is the last of
--     them).
-- Errors: none.
-- Reads: sl._source_column. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._several_rows(p_entity sl.entity, p_judged text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN sl._sql(
        p_entity,
        $sql$
        SELECT
            a.*,
            count(*) FILTER (WHERE a.scd2_rule IS NULL AND NOT a.scd2_is_redelivered)
            OVER (PARTITION BY a.scd2_key_text) AS scd2_states,
            a.scd2_order = max(a.scd2_order) FILTER (WHERE a.scd2_rule IS NULL AND NOT a.scd2_is_redelivered)
            OVER (PARTITION BY a.scd2_key_text) AS scd2_is_last
        FROM (
            SELECT
                j.*,
                CASE WHEN j.scd2_gone THEN {{redelivered}} ELSE false END AS scd2_is_redelivered
            FROM ({{judged}}) AS j
        ) AS a
        $sql$,
        jsonb_build_object(
            'judged', p_judged,
            'redelivered', CASE
                WHEN p_entity.changes = 'scan' THEN 'false'
                ELSE sl._sql(
                    p_entity,
                    CASE
                        WHEN EXISTS (
                            SELECT FROM sl._source_column AS c
                            WHERE
                                c.entity_name = p_entity.entity_name
                                AND c.column_name = ANY (p_entity.key_columns)
                                AND c.is_converted
                        ) THEN 'EXISTS (SELECT FROM {{source}} AS s '
                            'WHERE {{key|s.%::text = j.%::text| AND }} AND {{not_later}})'
                        ELSE 'EXISTS (SELECT FROM {{source}} AS s '
                            'WHERE {{key|s.% = j.%| AND }} AND {{not_later}} OFFSET 0)'
                    END,
                    jsonb_build_object(
                        'not_later', coalesce(sl._event_time(p_entity, 's', false) || ' <= j.scd2_at', 'true')
                    )
                )
            END
        )
    );
END;
$body$;

COMMENT ON FUNCTION sl._several_rows IS 'Writes the SELECT that tells apart several states of a key into dynamic SQL';
