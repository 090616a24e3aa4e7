-- raw._check_documents(p_stream landing.stream, p_partitions integer[], p_first bigint[], p_last bigint[],
--     OUT documents bigint, OUT tombstones bigint, OUT bad_partitions integer[], OUT bad_positions bigint[],
--     OUT reasons text[]) RETURNS record
--
-- Purpose: looks at documents before any mapping does: what no mapping could read.
-- Parameters: p_stream: registry row; p_partitions, p_first, p_last: as of raw._document_rows.
-- Returns: documents: how many there are; tombstones: how many of them say that a row was deleted; bad_partitions,
--     bad_positions, reasons: of those that cannot be read; NULL where all can.
-- Errors: none.
-- Reads: landing.document. Writes: nothing.
CREATE OR REPLACE FUNCTION raw._check_documents(
    p_stream landing.stream,
    p_partitions integer[],
    p_first bigint[],
    p_last bigint[],
    OUT documents bigint,
    OUT tombstones bigint,
    OUT bad_partitions integer[],
    OUT bad_positions bigint[],
    OUT reasons text[]
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    EXECUTE format(
        $sql$
        SELECT
            count(*),
            count(*) FILTER (WHERE d.is_tombstone),
            array_agg(d.partition) FILTER (WHERE d.reason IS NOT NULL),
            array_agg(d.position) FILTER (WHERE d.reason IS NOT NULL),
            array_agg(d.reason) FILTER (WHERE d.reason IS NOT NULL)
        FROM (
            SELECT
                d.partition,
                d.position,
                d.body IS NULL AS is_tombstone,
                CASE
                    WHEN d.key IS NULL OR d.key = '' THEN 'The message has no key'
                    WHEN jsonb_typeof(d.body) <> 'object' THEN format(
                        'The message is no JSON object: %%s', left(d.body #>> '{}', 200)
                    )
                    WHEN d.body -> 'schema_version' > to_jsonb(%2$s) THEN format(
                        'The message has schema_version %%s, and the mapping knows up to %%s',
                        left(d.body ->> 'schema_version', 20), %2$s
                    )
                END AS reason
            FROM (%1$s) AS d
        ) AS d
        $sql$,
        raw._document_rows(p_stream), coalesce(p_stream.schema_version::text, 'NULL::integer')
    )
    INTO documents, tombstones, bad_partitions, bad_positions, reasons
    USING p_partitions, p_first, p_last, '{}'::integer[], '{}'::bigint[];
END;
$body$;

COMMENT ON FUNCTION raw._check_documents IS 'Looks at documents before any mapping does: what no mapping could read';
