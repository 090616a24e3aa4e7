-- sl._make_export(p_mart sl.mart) RETURNS void
--
-- Purpose: makes the views by which ClickHouse pulls a mart and checks what it has pulled: <target>_export, the rows;
--     <target>_batch, what each batch adds up to; <target>_run, the builds.
-- Parameters: p_mart: registry row; its target is there.
-- Returns: nothing.
-- Errors: 22023 a type of a column does not cross over exactly, or the mart is published as what another one is.
-- Reads: pg_catalog, sl.mart. Writes: the views; where the mart is not published, those made before are dropped.
--
-- A view of one of these names that was not made here, as its comment tells, is the mart's own, and is left alone.
CREATE OR REPLACE FUNCTION sl._make_export(p_mart sl.mart)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    c_made CONSTANT text := ' (made by sl.declare_mart)';
    c_target CONSTANT text := format('%I.%I', p_mart.target_schema, p_mart.target_table);
    c_export CONSTANT text := format('%I.%I', p_mart.target_schema, p_mart.target_table || '_export');
    c_batch CONSTANT text := format('%I.%I', p_mart.target_schema, p_mart.target_table || '_batch');
    c_run CONSTANT text := format('%I.%I', p_mart.target_schema, p_mart.target_table || '_run');
    v_is_own boolean;
    v_wrong text;
    v_column record;
BEGIN
    SELECT coalesce(bool_or(right(coalesce(obj_description(v.id, 'pg_class'), ''), length(c_made)) <> c_made), false)
    INTO v_is_own
    FROM unnest(ARRAY[to_regclass(c_export), to_regclass(c_batch), to_regclass(c_run)]) AS v (id)
    WHERE v.id IS NOT NULL;
    IF v_is_own THEN
        RETURN;
    END IF;
    IF p_mart.published_as IS NULL THEN
        IF to_regclass(c_export) IS NOT NULL THEN
            EXECUTE format('DROP VIEW IF EXISTS %s, %s, %s', c_batch, c_run, c_export);
        END IF;
        RETURN;
    END IF;

    SELECT format('column "%s" of %s does not cross over to ClickHouse exactly', c.column_name, c_target) INTO v_wrong
    FROM sl._export_columns(p_mart) AS c
    WHERE c.kind = 'none'
    ORDER BY c.column_no
    LIMIT 1;
    IF v_wrong IS NULL THEN
        SELECT format('mart "%s" is published as %s, too', m.mart_name, m.published_as) INTO v_wrong
        FROM sl.mart AS m
        WHERE m.published_as = p_mart.published_as AND m.mart_name <> p_mart.mart_name
        LIMIT 1;
    END IF;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Mart "%s": %s', p_mart.mart_name, v_wrong),
            HINT = 'Let the image cast the column, as ::numeric(24, 2) with 38 digits at most, or correct p_published_as.';
    END IF;

    -- The columns stand as in the target, whose new ones come last: so a view is replaced and never dropped, and keeps
    -- its grants.
    EXECUTE format(
        'CREATE OR REPLACE VIEW %s AS SELECT %s FROM %s AS m',
        c_export,
        (
            SELECT string_agg(format('%s AS %I', c.expression, c.column_name), ', ' ORDER BY c.column_no)
            FROM sl._export_columns(p_mart) AS c
        ),
        c_target
    );
    EXECUTE format(
        'COMMENT ON VIEW %s IS %L',
        c_export, format('The contract with ClickHouse: %s in types that cross over exactly', c_target) || c_made
    );
    FOR v_column IN SELECT c.* FROM sl._export_columns(p_mart) AS c LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', c_export, v_column.column_name, v_column.description);
    END LOOP;

    -- No two rows have the same text: no number or time holds the separator, and the lengths tell the texts at the end
    -- apart. It is no list of arguments, of which a function takes a hundred at most.
    EXECUTE format(
        $sql$
        CREATE OR REPLACE VIEW %s AS
        SELECT
            e.run_id,
            e.is_current,
            count(*) AS row_count,
            sum(('x' || left(md5(array_to_string(ARRAY[%s], '|')), 15))::bit(60)::bigint)::numeric(38, 0) AS row_hash%s
        FROM %s AS e
        GROUP BY e.run_id, e.is_current
        $sql$,
        c_batch,
        (
            SELECT string_agg(t.part, ', ' ORDER BY t.place, t.column_name COLLATE "C")
            FROM (
                SELECT
                    CASE c.kind WHEN 'text' THEN 2 ELSE 1 END AS place,
                    c.column_name,
                    CASE c.kind WHEN 'text' THEN format('octet_length(%s)::text', c.hashed) ELSE c.hashed END AS part
                FROM sl._export_columns(p_mart) AS c
                UNION ALL
                SELECT
                    3,
                    c.column_name,
                    c.hashed
                FROM sl._export_columns(p_mart) AS c
                WHERE c.kind = 'text'
            ) AS t
        ),
        (
            SELECT
                coalesce(
                    string_agg(
                        format(
                            ', coalesce(sum(e.%I), 0)::numeric(38, %s) AS %I',
                            c.column_name, c.scale, left('sum_' || c.column_name, 63)
                        ),
                        '' ORDER BY c.column_no
                    ),
                    ''
                )
            FROM sl._export_columns(p_mart) AS c
            WHERE c.scale IS NOT NULL
        ),
        c_export
    );
    EXECUTE format(
        'COMMENT ON VIEW %s IS %L',
        c_batch, format('Count, hash and exact sums of the rows of %s that each run last wrote', c_target) || c_made
    );
    EXECUTE format('COMMENT ON COLUMN %s.run_id IS ''Run (sl.run) that last wrote the rows: the batch''', c_batch);
    EXECUTE format('COMMENT ON COLUMN %s.is_current IS ''1: of the current rows; 0: of the closed versions''', c_batch);
    EXECUTE format('COMMENT ON COLUMN %s.row_count IS ''Rows''', c_batch);
    EXECUTE format(
        'COMMENT ON COLUMN %s.row_hash IS %L',
        c_batch,
        'Sum over the rows of the first 60 bits of the MD5 of a text of all columns. The order of the rows does not '
        'matter'
    );
    FOR v_column IN SELECT c.* FROM sl._export_columns(p_mart) AS c WHERE c.scale IS NOT NULL LOOP
        EXECUTE format(
            'COMMENT ON COLUMN %s.%I IS %L',
            c_batch, left('sum_' || v_column.column_name, 63),
            format('Sum of %s; NULL counts as 0', v_column.column_name)
        );
    END LOOP;

    EXECUTE format(
        $sql$
        CREATE OR REPLACE VIEW %s AS
        SELECT
            r.run_id,
            coalesce(r.stamped_at, r.started_at) AT TIME ZONE 'UTC' AS started_at,
            (split_part(r.procedure_name, '.', 2) LIKE 'forget%%' AND r.rows_corrected > 0)::integer::smallint
            AS is_erasure,
            current_setting('DateStyle') AS date_style,
            current_setting('client_encoding') AS client_encoding
        FROM sl.run AS r
        WHERE r.target = %L AND r.status = 'succeeded'
        $sql$,
        c_run, c_target
    );
    EXECUTE format('COMMENT ON VIEW %s IS %L', c_run, format('The builds of %s by number and clock', c_target) || c_made);
    FOR v_column IN
        VALUES
        ('run_id', 'Build of the mart (sl.run)'),
        ('started_at', 'Clock of the build as it was first stamped, UTC without zone'),
        ('is_erasure', '1: the run emptied personal columns of the mart (sl.forget); 0: it did not'),
        ('date_style', 'DateStyle of the session that reads this: ClickHouse reads ISO only'),
        ('client_encoding', 'client_encoding of the session that reads this: ClickHouse reads UTF8 only')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', c_run, v_column.column1, v_column.column2);
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl._make_export IS 'Makes the views by which ClickHouse pulls a mart';
