-- sl._source_rows(p_entity sl.entity, p_from_xid bigint, p_to_xid bigint, p_is_seen text,
--     p_slice sl.backfill_slice, p_keys text[], p_since timestamptz, p_judges_waiting boolean, p_clock timestamptz,
--     p_has_kept_keys boolean, OUT rows text, OUT is_plain boolean, OUT is_alone boolean) RETURNS record
--
-- Purpose: writes the SELECT of the rows that a load looks at into dynamic SQL.
-- Parameters: p_entity: registry row; p_from_xid, p_to_xid: of a stamped source, the writing transactions, both
--     included; p_is_seen: as sl._read_window gives it; p_slice: only keys that lie in it; p_keys: only these keys, as
--     sl keeps them as text, of any transaction; p_since: only event times from this on, of any transaction;
--     p_judges_waiting: judge the open rejections again: those that time may cure, and all of them where the entity's
--     rules have changed; p_clock: clock of the load; p_has_kept_keys: the source rows of the keys in
--     pg_temp._sl_kept_key, too.
-- Returns: rows: a SELECT as sl._judged_rows wants it; is_plain: whether it gives the source's columns alone;
--     is_alone: whether all rows are those that the transactions wrote.
-- Errors: TS003 as of sl._key_types.
-- Reads: sl.kept_state, sl.rejected_row, sl.clock_rejection (each whether there is any). Writes: nothing.
--
-- Of a stamped source: the rows that the transactions wrote, what a trigger kept aside of them, and what waits for the
-- clock or a changed rule. Of a source compared whole: all of it, and a deletion for each current key that it lacks.
CREATE OR REPLACE FUNCTION sl._source_rows(
    p_entity sl.entity,
    p_from_xid bigint,
    p_to_xid bigint,
    p_is_seen text,
    p_slice sl.backfill_slice,
    p_keys text[],
    p_since timestamptz,
    p_judges_waiting boolean,
    p_clock timestamptz,
    p_has_kept_keys boolean,
    OUT rows text,
    OUT is_plain boolean,
    OUT is_alone boolean
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    c_marks CONSTANT text := ', 9223372036854775807 AS scd2_order, false AS scd2_gone, '
        'NULL::timestamptz AS scd2_seen_at, 1::bigint AS scd2_copies';
    c_scanned CONSTANT text := ', 9223372036854775807 AS scd2_order, false AS scd2_gone, '
        'NULL::timestamptz AS scd2_seen_at, count(*) OVER (PARTITION BY {{key|s.%}}) AS scd2_copies';
    v_types text [] := sl._key_types(p_entity);
    v_rules_changed CONSTANT boolean := p_entity.judged_version < p_entity.rules_version;
    v_restated CONSTANT boolean := p_keys IS NOT NULL OR p_since IS NOT NULL;
    v_places jsonb;
    v_has_kept boolean;
    v_has_waiting boolean;
    v_marks text := '';
BEGIN
    is_alone := false;
    v_places := jsonb_build_object(
        'in_slice', sl._slice_condition(
            p_slice, ARRAY(SELECT format('s.%I', k.column_name) FROM unnest(p_entity.key_columns) AS k (column_name)),
            v_types
        ),
        'from', p_from_xid,
        'to', p_to_xid,
        'is_seen', p_is_seen,
        'clock', format('%L::timestamptz', p_clock),
        'is_key', (
            SELECT string_agg(format('s.%I = %s', k.column_name, k.value), ' AND ')
            FROM unnest(p_entity.key_columns, sl._key_values(v_types, 'w.entity_key')) AS k (column_name, value)
        ),
        'is_same_key', (
            SELECT string_agg(
                CASE
                    WHEN c.is_converted
                        THEN format(
                            'CASE WHEN %s THEN %s END = t.%I', format(c.valid_template, format('s.%I', c.column_name)),
                            format(c.converted_template, format('s.%I', c.column_name)), c.column_name
                        )
                    ELSE format('s.%I = t.%1$I', c.column_name)
                END,
                ' AND '
            )
            FROM sl._source_column AS c
            WHERE c.entity_name = p_entity.entity_name AND c.column_name = ANY (p_entity.key_columns)
        ),
        'keys', coalesce(quote_literal(p_keys::text) || '::text[]', 'NULL'),
        'scope', CASE
            WHEN p_entity.scope_column IS NULL THEN 'true'
            ELSE (
                SELECT format(
                    't.%I IN (SELECT %s FROM %I.%I AS s)',
                    c.column_name,
                    CASE
                        WHEN c.is_converted
                            THEN format(
                                'CASE WHEN %s THEN %s END', format(c.valid_template, format('s.%I', c.column_name)),
                                format(c.converted_template, format('s.%I', c.column_name))
                            )
                        ELSE format('s.%I', c.column_name)
                    END,
                    p_entity.source_schema, p_entity.source_table
                )
                FROM sl._source_column AS c
                WHERE c.entity_name = p_entity.entity_name AND c.column_name = p_entity.scope_column
            )
        END,
        -- The source's columns with the key alone; a domain may be NOT NULL.
        'gone', (
            SELECT string_agg(
                CASE
                    WHEN a.attname = ANY (p_entity.key_columns) THEN format('t.%I::text::%s', a.attname, b.type_name)
                    ELSE format('NULL::%s', b.type_name)
                END,
                ', ' ORDER BY a.attnum
            )
            FROM pg_attribute AS a
            INNER JOIN pg_type AS t ON t.oid = a.atttypid
            CROSS JOIN LATERAL (
                SELECT
                    CASE
                        WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
                        ELSE format_type(a.atttypid, a.atttypmod)
                    END AS type_name
            ) AS b
            WHERE
                a.attrelid = format('%I.%I', p_entity.source_schema, p_entity.source_table)::regclass
                AND a.attnum > 0
                AND NOT a.attisdropped
        )
    );

    IF v_restated THEN
        is_plain := p_entity.changes = 'stamp';
        rows := sl._sql(
            p_entity,
            'SELECT s.*{{marks}} FROM '
            || CASE
                WHEN p_keys IS NULL THEN '{{source}} AS s'
                ELSE 'unnest({{keys}}) AS w (entity_key) '
                    'CROSS JOIN LATERAL (SELECT s.* FROM {{source}} AS s WHERE {{is_key}} OFFSET 0) AS s'
            END,
            v_places || jsonb_build_object('marks', CASE WHEN is_plain THEN '' ELSE sl._sql(p_entity, c_scanned) END)
        );
        IF p_since IS NOT NULL THEN
            rows := format(
                'SELECT s.* FROM (%s) AS s WHERE %s >= %L::timestamptz', rows, sl._event_time(p_entity, 's', false),
                p_since
            );
        END IF;
        RETURN;
    END IF;

    IF p_entity.changes = 'scan' THEN
        is_plain := false;
        rows := sl._sql(
            p_entity,
            $sql$
            SELECT s.*{{marks}} FROM {{source}} AS s
            UNION ALL
            SELECT
                {{gone}}, 9223372036854775807, true,
                greatest({{clock}}, t.observed_at[cardinality(t.observed_at)], t.valid_from), 1
            FROM {{target}} AS t
            WHERE
                t.is_current
                AND NOT EXISTS (SELECT FROM {{source}} AS s WHERE {{is_same_key}})
                AND {{scope}}
            $sql$,
            v_places || jsonb_build_object('marks', sl._sql(p_entity, c_scanned))
        );
        RETURN;
    END IF;

    v_has_kept := EXISTS (SELECT FROM sl.kept_state AS k WHERE k.entity_name = p_entity.entity_name);
    v_has_waiting := p_judges_waiting AND EXISTS (
        SELECT FROM sl.rejected_row AS j
        WHERE j.entity_name = p_entity.entity_name AND j.resolved_run_id IS NULL
    );
    -- Asked apart: to plan the view costs more than all else that a load does where nothing is new.
    IF v_has_waiting AND NOT v_rules_changed THEN
        v_has_waiting := EXISTS (SELECT FROM sl.clock_rejection AS j WHERE j.entity_name = p_entity.entity_name);
    END IF;
    is_plain := NOT v_has_kept AND NOT (v_has_waiting AND v_rules_changed);
    is_alone := NOT v_has_kept AND NOT v_has_waiting AND NOT p_has_kept_keys;
    IF NOT is_plain THEN
        v_marks := c_marks;
    END IF;
    rows := 'SELECT s.*' || v_marks || ' FROM {{source}} AS s '
        'WHERE s.changed_xid BETWEEN {{from}} AND {{to}} AND {{is_seen}} AND {{in_slice}}';
    IF p_has_kept_keys THEN
        rows := rows
            || ' UNION ALL SELECT s.*' || v_marks || ' FROM {{source}} AS s '
            'INNER JOIN pg_temp._sl_kept_key AS k ON {{key|k.% = s.%| AND }} '
            'WHERE s.changed_xid NOT BETWEEN {{from}} AND {{to}} AND {{is_seen}} AND {{in_slice}}';
    END IF;
    IF v_has_waiting THEN
        rows := rows
            || ' UNION ALL SELECT s.*' || v_marks
            || CASE
                WHEN v_rules_changed
                    THEN ' FROM (SELECT DISTINCT j.entity_key FROM sl.rejected_row AS j '
                        'WHERE j.entity_name = {{name}} AND j.resolved_run_id IS NULL) AS w'
                ELSE ' FROM (SELECT DISTINCT j.entity_key FROM sl.clock_rejection AS j '
                    'WHERE j.entity_name = {{name}}) AS w'
            END
            || ' CROSS JOIN LATERAL (SELECT * FROM {{source}} AS s WHERE {{is_key}} OFFSET 0) AS s'
            || ' WHERE s.changed_xid NOT BETWEEN {{from}} AND {{to}} AND {{is_seen}} AND {{in_slice}}';
    END IF;
    IF v_has_waiting AND v_rules_changed THEN
        -- A state that was overwritten since is nowhere else.
        v_places := v_places || jsonb_build_object(
            'is_same_state', coalesce(
                sl._event_time(p_entity, 'o', false) || ' IS NOT DISTINCT FROM ' || sl._event_time(p_entity, 's', false),
                'true'
            )
        );
        rows := rows || $sql$
            UNION ALL
            SELECT s.*, 0, false, w.last_seen, 1
            FROM sl.rejected_row AS w
            CROSS JOIN LATERAL sl._populate(NULL::{{source}}, w.row, {{declared_names}}) AS s
            WHERE
                w.entity_name = {{name}}
                AND {{key|s.% IS NOT NULL| AND }}
                AND w.resolved_run_id IS NULL
                AND w.rule_name NOT IN ('key_too_long', 'value_too_long')
                AND w.rule_name NOT LIKE '%\_does\_not\_convert'
                -- A value that was shortened is no state.
                AND NOT jsonb_path_exists(w.row, '$.* ? (@ like_regex "[.]{3} [(][0-9]+ bytes[)]$")')
                AND {{in_slice}}
                AND NOT EXISTS (
                    SELECT FROM {{source}} AS o
                    WHERE {{key|o.% = s.%| AND }} AND {{is_same_state}}
                )
            $sql$;
    END IF;
    IF v_has_kept THEN
        rows := rows || $sql$
            UNION ALL
            SELECT s.*, k.kept_no, k.deleted_at IS NOT NULL, coalesce(k.deleted_at, k.kept_at), 1
            FROM sl.kept_state AS k
            CROSS JOIN LATERAL sl._populate(NULL::{{source}}, k.state, {{declared_names}}) AS s
            WHERE k.entity_name = {{name}} AND {{key|s.% IS NOT NULL| AND }} AND {{in_slice}}
            $sql$;
    END IF;
    rows := sl._sql(p_entity, rows, v_places);
END;
$body$;

COMMENT ON FUNCTION sl._source_rows IS 'Writes the SELECT of the rows that a load looks at into dynamic SQL';
