-- sl._check_declaration(p_entity sl.entity, p_known sl.entity) RETURNS void
--
-- Purpose: refuses a declaration that cannot be, or that would lose or reinterpret what the target holds.
-- Parameters: p_entity: what is declared; p_known: what was declared before, NULLs where nothing was.
-- Returns: nothing.
-- Errors: TS003 the source, or a column of it, does not exist; TS008 another key, target or event time, or a tracked
--     column gone, of a target that has rows; a target that no declaration has made; 22023 the rest.
-- Reads: pg_catalog, the target (whether it has rows). Writes: nothing.
CREATE OR REPLACE FUNCTION sl._check_declaration(p_entity sl.entity, p_known sl.entity)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_reserved CONSTANT text [] := ARRAY[
        'valid_from', 'valid_to', 'is_current', 'run_id', 'observed_at', p_entity.surrogate_key_column
    ];
    v_source CONSTANT text := format('%I.%I', p_entity.source_schema, p_entity.source_table);
    v_target CONSTANT text := format('%I.%I', p_entity.target_schema, p_entity.target_table);
    v_columns CONSTANT text [] := p_entity.key_columns || p_entity.tracked_columns || p_entity.in_place_columns;
    v_kind "char";
    v_has_rows boolean := false;
    v_wrong text;
BEGIN
    SELECT c.relkind INTO v_kind FROM pg_class AS c WHERE c.oid = to_regclass(v_source);
    IF v_kind IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Entity "%s": there is no table %s', p_entity.entity_name, v_source),
            HINT = 'Make the source first, or correct p_source.';
    END IF;
    v_wrong := CASE
        WHEN coalesce(cardinality(p_entity.key_columns), 0) = 0 THEN 'the key has no column'
        WHEN p_entity.changes NOT IN ('stamp', 'scan')
            THEN format('p_changes is "%s"; it is ''stamp'' or ''scan''', p_entity.changes)
        WHEN p_entity.scope_column IS NOT NULL AND p_entity.changes <> 'scan'
            THEN 'p_scope is of p_changes => ''scan'' alone'
        WHEN p_entity.scope_column <> ALL (v_columns)
            THEN format('p_scope %I is neither in the key nor tracked', p_entity.scope_column)
        WHEN NOT p_entity.required_columns <@ v_columns
            THEN 'a column of p_required is neither tracked nor written in place'
        WHEN EXISTS (SELECT FROM unnest(v_columns) AS c (name) GROUP BY c.name HAVING count(*) > 1)
            THEN 'a column stands in two of p_key, p_tracked and p_in_place, or twice in one'
        WHEN v_columns && c_reserved
            THEN format(
                'a column is named like one that the target has of its own: %s', array_to_string(c_reserved, ', ')
            )
        WHEN array_position(v_columns, NULL) IS NOT NULL THEN 'a name in p_key, p_tracked or p_in_place is NULL'
        WHEN
            EXISTS (
                SELECT FROM unnest(v_columns || p_entity.event_time_column || p_entity.deleted_column) AS c (name)
                WHERE c.name LIKE 'scd2\_%' OR c.name LIKE '%|%'
            )
            THEN 'a column''s name begins with scd2_ or holds a vertical bar'
        WHEN p_entity.personal_columns && p_entity.key_columns
            THEN 'a column of p_personal is in the key, which is never empty'
        WHEN p_entity.observations_kept NOT BETWEEN 1 AND 100000 THEN 'p_observations_kept is not from 1 to 100000'
        WHEN p_entity.changes = 'stamp' AND EXISTS (
            SELECT FROM sl.entity AS o
            WHERE
                (o.source_schema, o.source_table) = (p_entity.source_schema, p_entity.source_table)
                AND o.changes = 'stamp'
                AND o.entity_name <> p_entity.entity_name
        )
            THEN format(
                '%s is the source of another entity, whose triggers keep its states: declare a view over it with '
                'p_changes => ''scan''', v_source
            )
        WHEN p_entity.changes = 'stamp' AND v_kind NOT IN ('r', 'p')
            THEN format(
                '%s is no table, which p_changes => ''stamp'' needs: declare it with p_changes => ''scan''', v_source
            )
        WHEN p_entity.changes = 'stamp' AND NOT sl._has_unique_key(p_entity)
            THEN format(
                '%s has no primary key or unique constraint on (%s), by which a key has one row: add it, or declare it '
                'with p_changes => ''scan''', v_source, array_to_string(p_entity.key_columns, ', ')
            )
    END;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Entity "%s": %s', p_entity.entity_name, v_wrong),
            HINT = 'Correct the declaration; docs/your-own-tables.md shows one.';
    END IF;
    SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.name)
    INTO v_wrong
    FROM (
        SELECT unnest(
            v_columns || p_entity.personal_columns || p_entity.event_time_column || p_entity.deleted_column
        ) AS name
    ) AS c
    WHERE
        c.name IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = v_source::regclass AND a.attname = c.name AND NOT a.attisdropped AND a.attnum > 0
        );
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Entity "%s": %s has no column %s', p_entity.entity_name, v_source, v_wrong),
            HINT = 'Give the source the column, or declare the entity without it.';
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO v_wrong
    FROM pg_attribute AS a
    WHERE
        p_entity.changes = 'stamp'
        AND a.attrelid = v_source::regclass
        AND a.attname = ANY (p_entity.personal_columns)
        AND a.attnotnull;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'Entity "%s": %s of %s is NOT NULL, and cannot be emptied', p_entity.entity_name, v_wrong, v_source
            ),
            HINT = 'ALTER TABLE ... ALTER COLUMN ... DROP NOT NULL, or leave the column out of p_personal.';
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO v_wrong
    FROM pg_attribute AS a
    WHERE
        p_entity.changes = 'stamp'
        AND a.attrelid = v_source::regclass
        AND a.attname = ANY (v_columns || p_entity.event_time_column || p_entity.deleted_column)
        AND a.attgenerated = 'v';
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'Entity "%s": %s of %s is generated and not stored', p_entity.entity_name, v_wrong, v_source
            ),
            DETAIL = 'A trigger that keeps a state aside does not see its value.',
            HINT = 'Make the column GENERATED ALWAYS AS (...) STORED, or declare the source with '
                'p_changes => ''scan''.';
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO v_wrong
    FROM pg_attribute AS a
    WHERE
        p_entity.changes = 'stamp'
        AND a.attrelid = v_source::regclass
        AND a.attname = ANY (p_entity.key_columns)
        AND NOT a.attnotnull;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'Entity "%s": %s of %s may be NULL, and is in the key', p_entity.entity_name, v_wrong, v_source
            ),
            HINT = 'ALTER TABLE ... ALTER COLUMN ... SET NOT NULL, or declare the source with p_changes => ''scan'', '
                'which rejects a row without a key.';
    END IF;
    SELECT format('%I of type %s', a.attname, format_type(a.atttypid, a.atttypmod))
    INTO v_wrong
    FROM pg_attribute AS a
    INNER JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = v_source::regclass AND a.attname = p_entity.deleted_column AND t.typcategory NOT IN ('B', 'D');
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Entity "%s": p_deleted is %s', p_entity.entity_name, v_wrong),
            HINT = 'Take a boolean, or a time that is NULL while the row is not deleted. A view with '
                'p_changes => ''scan'' can make one of a number.';
    END IF;
    PERFORM sl._key_types(p_entity);
    BEGIN
        EXECUTE sl._sql(
            p_entity,
            'SELECT FROM {{source}} AS s '
            'WHERE {{key|s.% IS DISTINCT FROM s.%| OR }}{{value| OR s.% IS DISTINCT FROM s.%|}} LIMIT 0'
        );
    EXCEPTION
        WHEN undefined_function THEN
            GET STACKED DIAGNOSTICS v_wrong = MESSAGE_TEXT;
            RAISE EXCEPTION USING
                ERRCODE = '22023',
                MESSAGE = format(
                    'Entity "%s": a column is of a type whose values cannot be compared: %s', p_entity.entity_name,
                    v_wrong
                ),
                HINT = 'Track no column of type json or xml; jsonb and text can be compared.';
    END;

    IF p_known.entity_name IS NULL THEN
        IF to_regclass(v_target) IS NOT NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS008',
                MESSAGE = format('Entity "%s": %s is there, and no entity has made it', p_entity.entity_name, v_target),
                HINT = 'Name another table in p_target, or rename that one.';
        END IF;
        RETURN;
    END IF;
    IF to_regclass(v_target) IS NOT NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_target) INTO v_has_rows;
    END IF;
    v_wrong := CASE
        WHEN
            p_known.changes = 'stamp'
            AND (
                p_entity.changes <> 'stamp'
                OR (p_known.source_schema, p_known.source_table)
                IS DISTINCT FROM (p_entity.source_schema, p_entity.source_table)
            )
            THEN format(
                'the triggers sl_... of %I.%I keep its states: drop them, delete the entity''s rows of sl.kept_state '
                'and correct sl.entity in a revision',
                p_known.source_schema, p_known.source_table
            )
        WHEN
            (p_known.target_schema, p_known.target_table)
            IS DISTINCT FROM (p_entity.target_schema, p_entity.target_table)
            THEN format(
                'the target was %I.%I and is to be %s: rename the table and correct sl.entity in a revision',
                p_known.target_schema, p_known.target_table, v_target
            )
        WHEN p_known.key_columns IS DISTINCT FROM p_entity.key_columns
            THEN format(
                'the key was (%s) and is to be (%s): another key is another entity; declare one beside it',
                array_to_string(p_known.key_columns, ', '), array_to_string(p_entity.key_columns, ', ')
            )
        WHEN NOT p_known.tracked_columns <@ p_entity.tracked_columns AND v_has_rows
            THEN format(
                'the column %s was tracked and is no more: its history would be lost. Drop it from %s and from '
                'sl.entity.tracked_columns in a revision that merges the versions it made',
                (
                    SELECT string_agg(quote_ident(c.name), ', ')
                    FROM unnest(p_known.tracked_columns) AS c (name)
                    WHERE c.name <> ALL (p_entity.tracked_columns)
                ),
                v_target
            )
        WHEN NOT p_known.in_place_columns <@ p_entity.in_place_columns AND v_has_rows
            THEN format(
                'the column %s was written in place and is no more: drop it from %s and from '
                'sl.entity.in_place_columns in a revision',
                (
                    SELECT string_agg(quote_ident(c.name), ', ')
                    FROM unnest(p_known.in_place_columns) AS c (name)
                    WHERE c.name <> ALL (p_entity.in_place_columns)
                ),
                v_target
            )
        WHEN p_known.event_time_column IS DISTINCT FROM p_entity.event_time_column AND v_has_rows
            THEN format(
                'the event time was %s and is to be %s: the times of the history would mean two things. Correct '
                'sl.entity.event_time_column in a revision that says what becomes of them',
                coalesce(quote_ident(p_known.event_time_column), 'the clock of the load'),
                coalesce(quote_ident(p_entity.event_time_column), 'the clock of the load')
            )
    END;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS008',
            MESSAGE = format('Entity "%s": %s', p_entity.entity_name, v_wrong),
            DETAIL = 'A declaration changes nothing that would lose or reinterpret data. Nothing was changed.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._check_declaration IS
'Refuses a declaration that cannot be, or that would lose or reinterpret data';
