-- sl._make_target(p_entity sl.entity) RETURNS void
--
-- Purpose: makes the target of an entity, or the columns and indexes that it lacks.
-- Parameters: p_entity: registry row.
-- Returns: nothing.
-- Errors: none of its own.
-- Reads: pg_catalog. Writes: the target's definition.
--
-- No index holds is_current or valid_to: closing a version is then a HOT update where run_id is in no index either
-- (keeps_changed_periods). A column that is added later may be NULL: older versions do not know it.
CREATE OR REPLACE FUNCTION sl._make_target(p_entity sl.entity)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_target CONSTANT text := format('%I.%I', p_entity.target_schema, p_entity.target_table);
    v_source CONSTANT regclass := format('%I.%I', p_entity.source_schema, p_entity.source_table)::regclass;
    v_columns text;
    v_column record;
    v_has_values boolean;
BEGIN
    IF to_regclass(v_target) IS NULL THEN
        -- Of an earlier table of the name nothing is left: the next load is a first one.
        DELETE FROM sl.watermark AS w WHERE w.target = v_target;
        DELETE FROM sl.backfill AS b WHERE b.target = v_target;
        IF to_regnamespace(quote_ident(p_entity.target_schema)) IS NULL THEN
            EXECUTE format('CREATE SCHEMA %I', p_entity.target_schema);
        END IF;
        SELECT
            string_agg(
                format('%I %s', c.name, format_type(a.atttypid, a.atttypmod))
                || CASE
                    WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %s', a.attcollation::regcollation)
                    ELSE ''
                END
                || CASE
                    WHEN
                        c.name = ANY (p_entity.key_columns)
                        OR (c.name = ANY (p_entity.required_columns) AND c.name <> ALL (p_entity.personal_columns))
                        THEN ' NOT NULL'
                    ELSE ''
                END,
                ', ' ORDER BY c.position
            )
        INTO v_columns
        FROM unnest(p_entity.key_columns || p_entity.tracked_columns || p_entity.in_place_columns)
        WITH ORDINALITY AS c (name, position)
        INNER JOIN pg_attribute AS a ON a.attrelid = v_source AND a.attname = c.name
        INNER JOIN pg_type AS t ON t.oid = a.atttypid;
        EXECUTE sl._sql(
            p_entity,
            $sql$
            CREATE TABLE {{target}} (
                {{sk}} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                {{columns}},
                valid_from timestamptz NOT NULL,
                valid_to timestamptz NOT NULL DEFAULT 'infinity',
                is_current boolean NOT NULL DEFAULT true,
                run_id bigint NOT NULL,
                observed_at timestamptz[],
                CONSTRAINT {{constraint}} UNIQUE ({{key|%}}, valid_from)
            ) WITH (fillfactor = 90)
            $sql$,
            jsonb_build_object(
                'columns', v_columns,
                'constraint', quote_ident(left(p_entity.target_table, 44) || '_key_valid_from_key')
            )
        );
        EXECUTE sl._sql(
            p_entity,
            $sql$
            COMMENT ON TABLE {{target}} IS {{table_comment}};
            COMMENT ON COLUMN {{target}}.{{sk}} IS 'Surrogate key of the version';
            COMMENT ON COLUMN {{target}}.valid_from IS 'Start of the version in event time, inclusive';
            COMMENT ON COLUMN {{target}}.valid_to IS
            'End of the version in event time, exclusive; infinity while it is open';
            COMMENT ON COLUMN {{target}}.is_current IS 'True while the version is open';
            COMMENT ON COLUMN {{target}}.run_id IS
            'Run (sl.run) that last wrote the version; an observation alone does not';
            COMMENT ON COLUMN {{target}}.observed_at IS
            'When the same state was observed again, as far as it is kept, the latest last. NULL: only at valid_from'
            $sql$,
            jsonb_build_object(
                'table_comment', quote_literal(format('Versions of %s (SCD2, event time)', p_entity.entity_name))
            )
        );
        -- What the source says of its columns holds of the target's, too.
        FOR v_column IN
            SELECT c.name, coalesce(col_description(v_source, a.attnum), format('As in %s', v_source)) AS description
            FROM unnest(p_entity.key_columns || p_entity.tracked_columns || p_entity.in_place_columns) AS c (name)
            INNER JOIN pg_attribute AS a ON a.attrelid = v_source AND a.attname = c.name
        LOOP
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', v_target, v_column.name, v_column.description);
        END LOOP;
    END IF;
    IF
        NOT p_entity.keeps_changed_periods
        AND NOT EXISTS (
            SELECT
            FROM pg_index AS i
            INNER JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = v_target::regclass AND a.attname = 'run_id' AND i.indpred IS NULL AND i.indisvalid
        )
    THEN
        EXECUTE sl._sql(
            p_entity, 'CREATE INDEX {{index}} ON {{target}} (run_id)',
            jsonb_build_object('index', quote_ident(left(p_entity.target_table, 55) || '_run_idx'))
        );
    END IF;

    FOR v_column IN
        SELECT
            c.name,
            format_type(a.atttypid, a.atttypmod) AS type_name,
            col_description(v_source, a.attnum) AS description
        FROM unnest(p_entity.tracked_columns || p_entity.in_place_columns) WITH ORDINALITY AS c (name, position)
        INNER JOIN pg_attribute AS a ON a.attrelid = v_source AND a.attname = c.name
        WHERE
            NOT EXISTS (
                SELECT FROM pg_attribute AS d
                WHERE d.attrelid = v_target::regclass AND d.attname = c.name AND NOT d.attisdropped
            )
        ORDER BY c.position
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', v_target, v_column.name, v_column.type_name);
        EXECUTE format(
            'COMMENT ON COLUMN %s.%I IS %L', v_target, v_column.name,
            coalesce(v_column.description, format('As in %s', v_source))
        );
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NOT NULL)', v_source, v_column.name)
        INTO v_has_values;
        IF v_has_values THEN
            PERFORM sl._read_whole_next(p_entity);
        END IF;
    END LOOP;
    -- What is forgotten is NULL.
    FOR v_column IN
        SELECT a.attname AS name
        FROM pg_attribute AS a
        WHERE a.attrelid = v_target::regclass AND a.attname = ANY (sl._target_personal(p_entity)) AND a.attnotnull
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v_target, v_column.name);
    END LOOP;
    FOR v_column IN
        SELECT a.attname AS name
        FROM pg_attribute AS a
        WHERE
            a.attrelid = v_target::regclass
            AND a.attnotnull
            AND (p_entity.tracked_columns || p_entity.in_place_columns) @> ARRAY[a.attname::text]
            AND NOT p_entity.required_columns @> ARRAY[a.attname::text]
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v_target, v_column.name);
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl._make_target IS 'Makes the target of an entity, or the columns and indexes that it lacks';
