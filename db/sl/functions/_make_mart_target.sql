-- sl._make_mart_target(p_mart sl.mart) RETURNS void
--
-- Purpose: makes the target of a mart, or the columns that it lacks.
-- Parameters: p_mart: registry row.
-- Returns: nothing.
-- Errors: none of its own.
-- Reads: pg_catalog. Writes: the target's definition, sl.watermark.
--
-- What the image says of its columns holds of the target's, too. A column that is added later is NULL in older
-- versions. The next build is a full one then, and opens a version of each row for which the column is not NULL.
CREATE OR REPLACE FUNCTION sl._make_mart_target(p_mart sl.mart)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_target CONSTANT text := format('%I.%I', p_mart.target_schema, p_mart.target_table);
    v_image CONSTANT text := format('%I.%I', p_mart.image_schema, p_mart.image_view);
    v_comment CONSTANT text := format(
        'The mart %s, computed by %s. Versions in knowledge time (SCD2)', p_mart.mart_name, v_image
    );
    v_column record;
BEGIN
    IF to_regclass(v_target) IS NULL THEN
        -- Of an earlier table of the name nothing is left: the next build computes everything.
        DELETE FROM sl.watermark AS w WHERE w.target = v_target;
        DELETE FROM sl.backfill AS b WHERE b.target = v_target;
        IF to_regnamespace(quote_ident(p_mart.target_schema)) IS NULL THEN
            EXECUTE format('CREATE SCHEMA %I', p_mart.target_schema);
        END IF;
        EXECUTE sl._mart_sql(
            p_mart,
            $sql$
            CREATE TABLE {{target}} (
                {{keys}},
                version_no integer NOT NULL,
                {{values}}
                valid_from timestamptz NOT NULL,
                valid_to timestamptz NOT NULL DEFAULT 'infinity',
                is_current boolean NOT NULL DEFAULT true,
                run_id bigint NOT NULL,
                PRIMARY KEY ({{key|%}}, version_no)
            );
            CREATE INDEX {{index}} ON {{target}} (run_id)
            $sql$,
            jsonb_build_object(
                'index', quote_ident(left(p_mart.target_table, 55) || '_run_idx'),
                'keys', (
                    SELECT string_agg(format('%I %s NOT NULL', c.column_name, c.type_text), ', ' ORDER BY k.position)
                    FROM unnest(p_mart.key_columns) WITH ORDINALITY AS k (column_name, position)
                    INNER JOIN sl._mart_columns(p_mart) AS c ON c.column_name = k.column_name
                ),
                'values', (
                    SELECT
                        coalesce(string_agg(format('%I %s, ', c.column_name, c.type_text), '' ORDER BY c.column_no), '')
                    FROM sl._mart_columns(p_mart) AS c
                    WHERE c.column_name <> ALL (p_mart.key_columns)
                )
            )
        );
    END IF;
    FOR v_column IN
        SELECT c.* FROM sl._mart_columns(p_mart) AS c WHERE c.target_type_name IS NULL ORDER BY c.column_no
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', v_target, v_column.column_name, v_column.type_text);
        DELETE FROM sl.watermark AS w WHERE w.target = v_target;
    END LOOP;
    -- What is forgotten is NULL.
    FOR v_column IN
        SELECT a.attname AS name
        FROM pg_attribute AS a
        WHERE
            a.attrelid = v_target::regclass
            AND a.attnotnull
            AND a.attname IN (
                SELECT c.name
                FROM jsonb_each(p_mart.personal) AS p
                CROSS JOIN LATERAL jsonb_array_elements_text(p.value -> 'columns') AS c (name)
            )
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v_target, v_column.name);
    END LOOP;
    -- Only where it differs: a comment waits for a VACUUM of the table.
    IF obj_description(v_target::regclass, 'pg_class') IS DISTINCT FROM v_comment THEN
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_target, v_comment);
    END IF;
    FOR v_column IN
        SELECT w.column_name, w.description
        FROM (
            SELECT c.column_name, coalesce(c.description, format('As in %s', v_image)) AS description
            FROM sl._mart_columns(p_mart) AS c
            UNION ALL
            VALUES
            ('version_no', 'Number of the version of this row: 1, 2, ...'),
            ('valid_from', 'Start of the version in knowledge time, inclusive: the clock of the run that wrote it'),
            (
                'valid_to',
                'End of the version in knowledge time, exclusive: the clock of the run that closed it; infinity while '
                'it is open'
            ),
            ('is_current', 'True where valid_to is infinity: what the mart says now'),
            ('run_id', 'Run (sl.run) that last wrote the version: opened, closed or erased it')
        ) AS w (column_name, description)
        INNER JOIN pg_attribute AS a ON a.attrelid = v_target::regclass AND a.attname = w.column_name
        WHERE col_description(a.attrelid, a.attnum) IS DISTINCT FROM w.description
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', v_target, v_column.column_name, v_column.description);
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl._make_mart_target IS 'Makes the target of a mart, or the columns that it lacks';
