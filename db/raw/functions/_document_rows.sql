-- raw._document_rows(p_stream landing.stream) RETURNS text
--
-- Purpose: writes the SELECT of documents, as a mapping reads them, into dynamic SQL.
-- Parameters: p_stream: registry row.
-- Returns: a SELECT of the documents of p_stream.stream whose partition and position lie in one of the ranges of the
--     parameters $1 (partitions), $2 (first positions), $3 (last positions), without those of $4, $5 (partitions and
--     positions of documents that were rejected). Its columns are those of landing.document but landed_at, and id (the
--     key and the stream's id_base together, NULL where the key is no whole number below 10^12) and id_base.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw._document_rows(p_stream landing.stream)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN format(
        $sql$
        SELECT
            d.stream,
            d.partition,
            d.position,
            d.key,
            CASE WHEN d.key ~ '^(0|[1-9][0-9]{0,11})$' THEN d.key::bigint + %2$s END AS id,
            %2$s::bigint AS id_base,
            d.body,
            d.written_at
        FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS w (partition, first_position, last_position)
        CROSS JOIN LATERAL (
            SELECT o.*
            FROM landing.document AS o
            WHERE
                o.stream = %1$L
                AND o.partition = w.partition
                AND o.position BETWEEN w.first_position AND w.last_position
            OFFSET 0
        ) AS d
        WHERE (d.partition, d.position) NOT IN (SELECT * FROM unnest($4::integer[], $5::bigint[]))
        $sql$,
        p_stream.stream, p_stream.id_base
    );
END;
$body$;

COMMENT ON FUNCTION raw._document_rows IS 'Writes the SELECT of documents, as a mapping reads them, into dynamic SQL';
