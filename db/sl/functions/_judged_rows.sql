-- sl._judged_rows(p_entity sl.entity, p_rows text, p_is_plain boolean, p_clock timestamptz,
--     p_forgotten text DEFAULT 'false') RETURNS text
--
-- Purpose: writes the SELECT that converts and judges source rows into dynamic SQL: the one home of what a load, its
--     preview and the audit take a row of the source for.
-- Parameters: p_entity: registry row; p_rows: a SELECT of all columns of the source; p_is_plain: whether that is all it
--     gives; else it gives scd2_order (which of several states of a key was committed last), scd2_gone (the row was
--     deleted at scd2_seen_at), scd2_seen_at (when the state was known to be there) and scd2_copies (rows of the key),
--     too; p_clock: the clock of the load, the event time where the entity has none; p_forgotten: condition that
--     the row scd2_source_row is one of a forgotten key.
-- Returns: a SELECT of the source's columns, of the target's types where it has them, and of scd2_order, scd2_gone,
--     scd2_at (event time), scd2_deleted, scd2_forgotten, scd2_rule (the rule that the row fails, NULL for a good one),
--     scd2_warnings (names of rules), scd2_key_text, scd2_row (jsonb of a rejected row).
-- Errors: TS003 as of sl._key_types.
-- Reads: sl._source_column, sl.applied_rule, sl.tombstone (whether there is any). Writes: nothing.
--
-- The source's own names are kept, since the rules are written in them; what is added is named scd2_... A deletion that
-- a trigger kept is one at the time of its transaction, or at the event time of the deleted state where that is a
-- little later. Of a key that was gone from the source, event times up to then say nothing of what came back: a change
-- is one at the clock of the load that sees it, and of a state kept aside when it was overwritten.
CREATE OR REPLACE FUNCTION sl._judged_rows(
    p_entity sl.entity,
    p_rows text,
    p_is_plain boolean,
    p_clock timestamptz,
    p_forgotten text DEFAULT 'false'
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_columns record;
    v_time text;
    v_present text := '{{time}}';
BEGIN
    SELECT
        string_agg(
            CASE
                WHEN c.is_converted
                    THEN format(
                        'CASE WHEN %s THEN %s END AS %I',
                        format(c.valid_template, format('s.%I', c.column_name)),
                        format(c.converted_template, format('s.%I', c.column_name)),
                        c.column_name
                    )
                ELSE format('s.%I', c.column_name)
            END,
            ', ' ORDER BY c.position
        ) AS converted,
        coalesce(bool_or(c.is_converted), false) AS are_converted
    INTO v_columns
    FROM sl._source_column AS c
    WHERE c.entity_name = p_entity.entity_name;

    IF EXISTS (SELECT FROM sl.tombstone AS x WHERE x.entity_name = p_entity.entity_name AND x.is_gone) THEN
        v_present := 'coalesce(('
            'SELECT CASE '
            'WHEN {{time}} > x.gone_at THEN NULL '
            'WHEN r.scd2_order < 9223372036854775807 THEN CASE WHEN r.scd2_seen_at > x.gone_at THEN r.scd2_seen_at END '
            'WHEN r.scd2_deleted AND t.{{sk}} IS NULL THEN NULL '
            || CASE
                -- What is compared whole is read again by each load.
                WHEN p_entity.changes = 'scan'
                    THEN
                        'WHEN NOT r.scd2_deleted AND t.{{sk}} IS NOT NULL '
                        'AND NOT ({{value|t.% IS DISTINCT FROM r.%| OR |false}}) '
                        'THEN coalesce(t.observed_at[cardinality(t.observed_at)], t.valid_from) '
                ELSE ''
            END
            || 'ELSE greatest({{clock}}, x.gone_at + interval ''1 microsecond'') END '
            'FROM (SELECT max(coalesce(x.observed_at[cardinality(x.observed_at)], x.deleted_at)) AS gone_at '
            'FROM sl.tombstone AS x '
            'WHERE x.entity_name = {{name}} AND x.entity_key = {{r_key_text}} AND x.is_gone) AS x '
            'LEFT JOIN {{target}} AS t ON {{key|t.% = r.%| AND }} AND t.is_current '
            'WHERE x.gone_at IS NOT NULL), {{time}})';
    END IF;
    v_time := CASE
        WHEN p_entity.event_time_column IS NULL AND p_is_plain THEN '{{clock}}'
        WHEN p_entity.event_time_column IS NULL THEN
            -- A deletion that commits after the load which has seen the row is not earlier than what that has made
            -- of it.
            'CASE WHEN r.scd2_gone THEN greatest(r.scd2_seen_at, (SELECT max(coalesce('
            't.observed_at[cardinality(t.observed_at)], t.valid_from)) '
            'FROM {{target}} AS t WHERE {{key|t.% = r.%| AND }})) '
            'ELSE coalesce(r.scd2_seen_at, {{clock}}) END'
        WHEN p_is_plain THEN v_present
        ELSE
            'CASE WHEN r.scd2_gone THEN greatest(r.scd2_seen_at, '
            'CASE WHEN {{time}} <= r.scd2_seen_at + {{tolerance}} THEN {{time}} END) ELSE ' || v_present || ' END'
    END;
    RETURN sl._sql(
        p_entity,
        $sql$
        SELECT
            scd2_source_row.*,
            {{key_text}} AS scd2_key_text,
            CASE WHEN scd2_rule IS NOT NULL THEN coalesce(scd2_original, {{json}}) END AS scd2_row,
            {{warnings}} AS scd2_warnings
        FROM (
            -- A level of its own: what asks the clock is computed for each row, and all beside it.
            SELECT
                scd2_source_row.*,
                {{forgotten}} AS scd2_forgotten,
                {{rule}} AS scd2_rule
            FROM (
                SELECT r.*, $sql$ || v_time || $sql$ AS scd2_at
                FROM ({{rows}}) AS r
            ) AS scd2_source_row
        ) AS scd2_source_row
        $sql$,
        jsonb_build_object(
            'key_text', CASE
                WHEN v_columns.are_converted AND cardinality(p_entity.key_columns) = 1
                    THEN format(
                        'coalesce(%s, scd2_original ->> %L, '''')', sl._key_text(p_entity, 'scd2_source_row'),
                        p_entity.key_columns[1]
                    )
                ELSE sl._key_text(p_entity, 'scd2_source_row')
            END,
            'json', sl._row_as_json(p_entity, 'scd2_source_row'),
            'warnings', coalesce(
                'CASE WHEN scd2_rule IS NULL AND NOT scd2_deleted AND NOT scd2_forgotten THEN '
                || sl._rule_expression(p_entity.entity_name, 'warn') || ' END',
                'NULL::text[]'
            ),
            'forgotten', p_forgotten,
            'rule', CASE
                WHEN p_forgotten = 'false' THEN sl._rule_expression(p_entity.entity_name, 'judge')
                ELSE format(
                    'CASE WHEN %s THEN %s ELSE %s END', p_forgotten,
                    sl._rule_expression(p_entity.entity_name, 'judge deletion'),
                    sl._rule_expression(p_entity.entity_name, 'judge')
                )
            END,
            'clock', format('%L::timestamptz', p_clock),
            'time', coalesce(sl._event_time(p_entity, 'r', true), 'NULL'),
            'tolerance', format('%L::interval', p_entity.future_tolerance),
            'r_key_text', sl._key_text(p_entity, 'r'),
            'rows', CASE
                WHEN v_columns.are_converted
                    THEN format(
                        'SELECT %s, s.scd2_order, s.scd2_gone, s.scd2_seen_at, s.scd2_copies, s.scd2_deleted, '
                        's.scd2_unconverted, CASE WHEN s.scd2_unconverted IS NOT NULL THEN %s END AS scd2_original '
                        'FROM (SELECT *, %s AS scd2_unconverted FROM (%s) AS s) AS s',
                        v_columns.converted,
                        sl._row_as_json(p_entity, 's', false),
                        sl._rule_expression(p_entity.entity_name, 'convert'),
                        sl._marked_rows(p_entity, p_rows, p_is_plain)
                    )
                ELSE format(
                    'SELECT s.*, NULL::text AS scd2_unconverted, NULL::jsonb AS scd2_original FROM (%s) AS s',
                    sl._marked_rows(p_entity, p_rows, p_is_plain)
                )
            END
        )
    );
END;
$body$;

COMMENT ON FUNCTION sl._judged_rows IS 'Writes the SELECT that converts and judges source rows into dynamic SQL';
