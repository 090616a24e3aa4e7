-- sl._write_mart(p_mart sl.mart, p_run_id bigint) RETURNS record
--
-- Purpose: brings the rows of a mart whose keys are in pg_temp._sl_key up to their images. A new version is written
--     only where the image differs.
-- Parameters: p_mart: registry row; p_run_id: the run that writes; its clock (sl.run.started_at) is the versions'
--     valid_from.
-- Returns: rows_read (the keys), rows_inserted (first versions, and keys that came back), rows_corrected (a new version
--     in place of another), rows_deleted, rows_unchanged.
-- Errors: 23505 the image has several rows of one key; 23502 the target takes no NULL in a column, and the image has
--     one.
-- Reads: pg_temp._sl_key, pg_temp._sl_image (as sl._collect_keys leaves them), the image, the mart, sl.run.
-- Writes: the mart, pg_temp._sl_change.
--
-- Keys that the mart has never seen, which nearly all of a day's are, go straight into it; the others are compared
-- first. What is known of a key is fetched by an index probe, and its image by others (OFFSET 0): so the plan stays one
-- of index probes at any table size, and asks for no image that is not compared. A join would be planned as one of all
-- rows there are, where a day is a tenth of them, and so cost more each day.
CREATE OR REPLACE FUNCTION sl._write_mart(
    p_mart sl.mart,
    p_run_id bigint,
    OUT rows_read bigint,
    OUT rows_inserted bigint,
    OUT rows_corrected bigint,
    OUT rows_deleted bigint,
    OUT rows_unchanged bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_places CONSTANT jsonb := jsonb_build_object(
        'images', CASE
            WHEN p_mart.key_entity IS NULL THEN 'pg_temp._sl_image'
            ELSE format('%I.%I', p_mart.image_schema, p_mart.image_view)
        END,
        'known_at', quote_literal((SELECT r.started_at FROM sl.run AS r WHERE r.run_id = p_run_id)) || '::timestamptz',
        'run', p_run_id
    );
    v_new bigint;
    v_is_several boolean;
    v_column text;
BEGIN
    EXECUTE sl._mart_sql(
        p_mart,
        $sql$
        CREATE TEMPORARY TABLE _sl_change ON COMMIT DROP AS
        SELECT
            {{key|k.%}},
            m.version_no AS scd2_last_no,
            CASE
                WHEN i.{{first}} IS NULL AND m.is_current THEN 'deleted'
                WHEN i.{{first}} IS NULL THEN 'unchanged'
                WHEN NOT m.is_current THEN 'inserted'
                WHEN {{value|m.% IS DISTINCT FROM i.%| OR |false}} THEN 'corrected'
                ELSE 'unchanged'
            END AS scd2_outcome
            {{value|, i.%|}}
        FROM pg_temp._sl_key AS k
        CROSS JOIN LATERAL (
            SELECT v.*
            FROM {{target}} AS v
            WHERE {{key|v.% = k.%| AND }}
            ORDER BY v.version_no DESC
            LIMIT 1
        ) AS m
        LEFT JOIN LATERAL (
            SELECT v.* FROM {{images}} AS v WHERE {{key|v.% = m.%| AND }} OFFSET 0
        ) AS i ON true
        $sql$,
        v_places
    );
    EXECUTE sl._mart_sql(p_mart, 'ANALYZE pg_temp._sl_change ({{key|%}}, scd2_outcome)');

    -- An image that is asked for one key at a time tells only here that it has two rows of it.
    IF p_mart.key_entity IS NOT NULL THEN
        EXECUTE sl._mart_sql(
            p_mart,
            'SELECT EXISTS (SELECT FROM pg_temp._sl_change AS c GROUP BY {{key|c.%}} HAVING count(*) > 1)'
        ) INTO v_is_several;
        IF v_is_several THEN
            PERFORM sl._raise_several_images(p_mart);
        END IF;
    END IF;

    BEGIN
        EXECUTE sl._mart_sql(
            p_mart,
            $sql$
            UPDATE {{target}} AS m
            SET valid_to = {{known_at}}, is_current = false, run_id = {{run}}
            FROM pg_temp._sl_change AS c
            WHERE
                c.scd2_outcome IN ('corrected', 'deleted')
                AND {{key|m.% = c.%| AND }}
                AND m.version_no = c.scd2_last_no
            $sql$,
            v_places
        );
        EXECUTE sl._mart_sql(
            p_mart,
            $sql$
            INSERT INTO {{target}} ({{key|%}}, version_no{{value|, %|}}, valid_from, run_id)
            SELECT {{key|c.%}}, c.scd2_last_no + 1{{value|, c.%|}}, {{known_at}}, {{run}}
            FROM pg_temp._sl_change AS c
            WHERE c.scd2_outcome IN ('inserted', 'corrected')
            $sql$,
            v_places
        );
        EXECUTE sl._mart_sql(
            p_mart,
            $sql$
            INSERT INTO {{target}} ({{key|%}}, version_no{{value|, %|}}, valid_from, run_id)
            SELECT {{key|i.%}}, 1{{value|, i.%|}}, {{known_at}}, {{run}}
            FROM pg_temp._sl_key AS k
            CROSS JOIN LATERAL (
                SELECT v.* FROM {{images}} AS v WHERE {{key|v.% = k.%| AND }} OFFSET 0
            ) AS i
            WHERE NOT EXISTS (SELECT FROM pg_temp._sl_change AS c WHERE {{key|c.% = k.%| AND }})
            $sql$,
            v_places
        );
        GET DIAGNOSTICS v_new = ROW_COUNT;
    EXCEPTION
        WHEN unique_violation THEN
            PERFORM sl._raise_several_images(p_mart);
        WHEN not_null_violation THEN
            GET STACKED DIAGNOSTICS v_column = COLUMN_NAME;
            RAISE EXCEPTION USING
                ERRCODE = '23502',
                MESSAGE = sl._mart_sql(
                    p_mart, 'Mart {{name}}: {{target}} takes no NULL in {{column}}, and {{image}} has one',
                    jsonb_build_object('name', '"' || p_mart.mart_name || '"', 'column', quote_ident(v_column))
                ),
                DETAIL = 'Nothing was changed.',
                HINT = sl._mart_sql(
                    p_mart,
                    'Use coalesce in the image, or ALTER TABLE {{target}} ALTER COLUMN {{column}} DROP NOT NULL.',
                    jsonb_build_object('column', quote_ident(v_column))
                );
    END;

    SELECT
        v_new + count(*) FILTER (WHERE c.scd2_outcome = 'inserted'),
        count(*) FILTER (WHERE c.scd2_outcome = 'corrected'),
        count(*) FILTER (WHERE c.scd2_outcome = 'deleted')
    INTO rows_inserted, rows_corrected, rows_deleted
    FROM pg_temp._sl_change AS c;
    rows_read := (SELECT count(*) FROM pg_temp._sl_key);
    rows_unchanged := rows_read - rows_inserted - rows_corrected - rows_deleted;
    -- Not left to the commit: the transaction may hold another run.
    DROP TABLE pg_temp._sl_change, pg_temp._sl_key;
    IF to_regclass('pg_temp._sl_image') IS NOT NULL THEN
        DROP TABLE pg_temp._sl_image;
    END IF;
    IF to_regclass('pg_temp._sl_group') IS NOT NULL THEN
        DROP TABLE pg_temp._sl_group;
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._write_mart IS 'Brings the rows of a mart up to their images';
