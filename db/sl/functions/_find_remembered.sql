-- sl._find_remembered(p_entity text, p_runs bigint[] DEFAULT NULL, p_from_xid bigint DEFAULT 0) RETURNS TABLE
--     (check_name text, violations bigint, example text)
--
-- Purpose: finds forgotten keys of an entity of which something personal is still kept: in exactly the columns and
--     places that sl.forget empties.
-- Parameters: p_entity: name in sl.entity; p_runs: check only the keys that were forgotten, or of which something was
--     written, in these runs, NULL for all; p_from_xid: and those of source rows whose writing transaction is not
--     below it.
-- Returns: a row where there are such keys: forgotten_key_known, how many, and one of them.
-- Errors: TS002 the entity is not declared; TS003 its source or a column of it does not exist.
-- Reads: sl.erasure, sl.mart, sl.changed_period, sl.rejected_row, sl.kept_state, the source (of a stamped one), the
--     target, the marts that declare a copy. Writes: nothing.
--
-- A row of a mart may have been another key's before. Finding these takes a scan of the mart: it is made where all is
-- checked, or where a key was forgotten, which has cost such a scan itself.
CREATE OR REPLACE FUNCTION sl._find_remembered(
    p_entity text,
    p_runs bigint[] DEFAULT NULL,
    p_from_xid bigint DEFAULT 0
)
RETURNS TABLE (check_name text, violations bigint, example text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
-- The text of a key is the same in every session.
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_types text [];
    v_target_personal CONSTANT text [] := sl._target_personal(v_entity);
    v_places jsonb;
    v_keys text [];
    v_newly_forgotten text [];
    v_mart record;
    v_found text [] := '{}';
    v_more text [];
BEGIN
    v_newly_forgotten := ARRAY(
        SELECT DISTINCT e.entity_key
        FROM sl.erasure AS e
        WHERE e.entity_name = p_entity AND (p_runs IS NULL OR e.run_id = ANY (p_runs))
    );
    IF v_entity.personal_columns = '{}' OR NOT EXISTS (SELECT FROM sl.erasure AS e WHERE e.entity_name = p_entity) THEN
        RETURN;
    END IF;
    v_types := sl._key_types(v_entity);
    v_places := jsonb_build_object(
        'from', p_from_xid,
        'runs', format('%L::bigint[]', p_runs),
        'key_text', sl._key_text(v_entity, 't'),
        'forgotten', sl._is_forgotten(v_entity, 't'),
        'names', format('%L::text[]', v_entity.personal_columns),
        'is_key', (
            SELECT string_agg(format('t.%I = %s', k.column_name, k.value), ' AND ')
            FROM unnest(v_entity.key_columns, sl._key_values(v_types, 'w.entity_key')) AS k (column_name, value)
        ),
        'is_known', sl._column_list(v_target_personal, 't.% IS NOT NULL', ' OR ', 'false')
    );
    v_keys := v_newly_forgotten;
    IF p_runs IS NOT NULL THEN
        EXECUTE sl._sql(
            v_entity,
            'SELECT array_agg(w.entity_key) FROM ('
            || CASE
                WHEN v_entity.changes = 'stamp'
                    THEN
                        'SELECT {{key_text}} AS entity_key FROM {{source}} AS t '
                        'WHERE t.changed_xid >= {{from}} AND {{forgotten}} '
                        'UNION '
                ELSE ''
            END
            || CASE
                WHEN v_entity.keeps_changed_periods
                    THEN
                        'SELECT p.entity_key FROM sl.changed_period AS p '
                        'INNER JOIN sl.erasure AS e ON e.entity_name = p.entity_name AND e.entity_key = p.entity_key '
                        'WHERE p.entity_name = {{name}} AND p.run_id = ANY ({{runs}})'
                ELSE
                    'SELECT {{key_text}} AS entity_key FROM {{target}} AS t '
                    'WHERE t.run_id = ANY ({{runs}}) AND {{forgotten}}'
            END
            || ') AS w',
            v_places
        ) INTO v_more;
        v_keys := v_keys || v_more;
    END IF;

    EXECUTE sl._sql(
        v_entity,
        CASE
            WHEN v_entity.changes = 'stamp'
                THEN
                    $sql$
                    SELECT array_agg(w.entity_key) FROM (
                        SELECT w.entity_key
                        FROM unnest($1) AS w (entity_key)
                        CROSS JOIN LATERAL (
                            SELECT FROM {{source}} AS t
                            WHERE {{is_key}} AND ({{personal|t.% IS NOT NULL| OR }})
                            OFFSET 0
                        ) AS s
                        UNION ALL
                        SELECT {{key_text}}
                        FROM sl.kept_state AS k
                        CROSS JOIN LATERAL sl._populate(NULL::{{source}}, k.state, {{key_names}}) AS t
                        WHERE k.entity_name = {{name}} AND ({{personal|t.% IS NOT NULL| OR }}) AND {{forgotten}}
                        UNION ALL
                    $sql$
            ELSE 'SELECT array_agg(w.entity_key) FROM ('
        END
        || $sql$
            SELECT w.entity_key
            FROM unnest($1) AS w (entity_key)
            CROSS JOIN LATERAL (SELECT FROM {{target}} AS t WHERE {{is_key}} AND ({{is_known}}) OFFSET 0) AS t
            UNION ALL
            SELECT j.entity_key
            FROM sl.rejected_row AS j
            WHERE
                j.entity_name = {{name}}
                AND j.entity_key = ANY ($1)
                AND EXISTS (
                    SELECT FROM jsonb_each(j.row) AS c WHERE c.key = ANY ({{names}}) AND c.value <> 'null'
                )
        ) AS w
        $sql$,
        v_places
    )
    INTO v_more
    USING v_keys;
    v_found := v_found || v_more;

    FOR v_mart IN
        SELECT
            format('%I.%I', m.target_schema, m.target_table) AS target,
            ARRAY(SELECT jsonb_array_elements_text(m.personal -> p_entity -> 'columns')) AS columns,
            m.personal -> p_entity ->> 'key' AS key_column
        FROM sl.mart AS m
        WHERE
            m.personal ? p_entity
            -- One that is gone is a finding of its own.
            AND to_regclass(format('%I.%I', m.target_schema, m.target_table)) IS NOT NULL
    LOOP
        EXECUTE sl._fill(
            CASE
                WHEN v_newly_forgotten <> '{}'
                    THEN
                        'SELECT array_agg(DISTINCT m.{{key}}::text) FROM {{mart}} AS m '
                        'WHERE ({{column|m.% IS NOT NULL| OR }}) '
                        'AND m.{{key}} = ANY (ARRAY(SELECT {{value}} FROM unnest($1) AS w (entity_key)))'
                ELSE
                    'SELECT array_agg(DISTINCT m.{{key}}::text) FROM {{mart}} AS m '
                    'WHERE m.run_id = ANY ($2) AND ({{column|m.% IS NOT NULL| OR }}) '
                    'AND EXISTS ('
                    'SELECT FROM sl.erasure AS w WHERE w.entity_name = $3 AND {{value}} = m.{{key}} OFFSET 0)'
            END,
            jsonb_build_object('column', v_mart.columns),
            jsonb_build_object(
                'mart', v_mart.target,
                'key', quote_ident(v_mart.key_column),
                'value', (sl._key_values(v_types, 'w.entity_key'))[1]
            )
        )
        INTO v_more
        USING v_keys, p_runs, p_entity;
        v_found := v_found || v_more;
    END LOOP;

    RETURN QUERY
    SELECT 'forgotten_key_known', count(DISTINCT f.entity_key), min(f.entity_key)
    FROM unnest(v_found) AS f (entity_key)
    HAVING count(*) > 0;
END;
$body$;

COMMENT ON FUNCTION sl._find_remembered IS 'Finds forgotten keys of which something personal is still kept';
