-- raw._check_documents(p_stream landing.stream, p_partitions integer[], p_first bigint[], p_last bigint[],
--     OUT documents bigint, OUT bad_partitions integer[], OUT bad_positions bigint[], OUT reasons text[])
--     RETURNS record
--
-- Purpose: looks at documents before any mapping does: what no mapping could read.
-- Parameters: p_stream: registry row; p_partitions, p_first, p_last: as of raw._document_rows.
-- Returns: documents: how many there are; bad_partitions, bad_positions, reasons: of those that cannot be read; NULL
--     where all can.
-- Errors: none.
-- Reads: landing.document. Writes: nothing.
CREATE OR REPLACE FUNCTION raw._check_documents(
    p_stream landing.stream,
    p_partitions integer[],
    p_first bigint[],
    p_last bigint[],
    OUT documents bigint,
    OUT bad_partitions integer[],
    OUT bad_positions bigint[],
    OUT reasons text[]
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    c_is_bad CONSTANT text := '(d.key = '''') IS NOT FALSE OR d.body IS NOT NULL AND (jsonb_typeof(d.body) <> ''object'''
        || CASE
            WHEN p_stream.schema_version IS NULL THEN ''
            ELSE format(
                ' OR (d.body -> ''schema_version'' > %L::jsonb OR jsonb_typeof(d.body -> ''schema_version'') <> ''number'') '
                'IS TRUE',
                p_stream.schema_version
            )
        END
        || ')';
    v_has_bad boolean;
BEGIN
    EXECUTE format(
        $sql$
        SELECT count(*), coalesce(bool_or(%2$s), false)
        FROM (%1$s) AS d
        $sql$,
        raw._document_rows(p_stream), c_is_bad
    )
    INTO documents, v_has_bad
    USING p_partitions, p_first, p_last, '{}'::integer[], '{}'::bigint[];
    IF NOT v_has_bad THEN
        RETURN;
    END IF;
    EXECUTE format(
        $sql$
        SELECT
            array_agg(d.partition ORDER BY d.partition, d.position),
            array_agg(d.position ORDER BY d.partition, d.position),
            array_agg(
                CASE
                    WHEN (d.key = '') IS NOT FALSE THEN 'The message has no key'
                    WHEN jsonb_typeof(d.body) <> 'object' THEN format(
                        'The message is no JSON object: %%s', left(d.body #>> '{}', 200)
                    )
                    ELSE format(
                        'The message has schema_version %%s, and the mapping knows up to %%s',
                        left(d.body ->> 'schema_version', 20), %3$L
                    )
                END
                ORDER BY d.partition, d.position
            )
        FROM (%1$s) AS d
        WHERE %2$s
        $sql$,
        raw._document_rows(p_stream), c_is_bad, p_stream.schema_version
    )
    INTO bad_partitions, bad_positions, reasons
    USING p_partitions, p_first, p_last, '{}'::integer[], '{}'::bigint[];
END;
$body$;

COMMENT ON FUNCTION raw._check_documents IS 'Looks at documents before any mapping does: what no mapping could read';
