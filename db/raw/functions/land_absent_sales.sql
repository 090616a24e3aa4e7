-- raw.land_absent_sales(p_partition integer, p_region text, p_from timestamptz, p_to timestamptz, p_first bigint,
--     p_updated_at timestamptz, p_unread text[], OUT known bigint, OUT deleted bigint) RETURNS record
--
-- Purpose: lands deletions of the sales that a region and week had and that its corrected file, which is being landed,
--     lacks.
-- Parameters: p_partition: of the stream stores.sales, which the caller has begun to land (landing.begin_landing);
--     p_region: whose file it is; p_from, p_to: the week; p_first: the position of the first document that this
--     transaction has landed; p_updated_at: when the deletions count from; p_unread: keys that the file has on lines
--     that were refused, whose sales stay as they are.
-- Returns: known: how many sales the region and week had; deleted: how many documents it landed, which follow the last
--     one.
-- Errors: none.
-- Reads: landing.stream, landing.position, landing.document, raw.sales_order. Writes: landing.document.
--
-- What was landed before is in raw or, where it is not applied yet, a document that waits: then this is what the sale
-- is. So a sale that the file of another week has by now is none of this week, and is not deleted.
CREATE OR REPLACE FUNCTION raw.land_absent_sales(
    p_partition integer,
    p_region text,
    p_from timestamptz,
    p_to timestamptz,
    p_first bigint,
    p_updated_at timestamptz,
    p_unread text[],
    OUT known bigint,
    OUT deleted bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    c_stream CONSTANT text := 'stores.sales';
    v_stream CONSTANT landing.stream := landing._stream_of(c_stream);
    v_known text [];
BEGIN
    WITH waiting AS (
        SELECT DISTINCT ON (d.key)
            d.key,
            (d.body ->> 'sold_at')::timestamptz AS sold_at
        FROM landing.position AS p
        INNER JOIN landing.document AS d
            ON d.stream = p.stream AND d.partition = p.partition AND d.position > p.applied_position
        WHERE p.stream = c_stream AND p.partition = p_partition AND d.position < p_first
        ORDER BY d.key, d.position DESC
    )
    SELECT coalesce(array_agg(k.key), '{}')
    INTO v_known
    FROM (
        SELECT (o.order_id - v_stream.id_base)::text AS key
        FROM raw.sales_order AS o
        WHERE
            o.order_id BETWEEN v_stream.id_base AND v_stream.id_base + 999999999999
            AND o.region = p_region
            AND o.ordered_at >= p_from
            AND o.ordered_at < p_to
            AND NOT o.is_deleted
            AND NOT EXISTS (SELECT FROM waiting AS w WHERE w.key = (o.order_id - v_stream.id_base)::text)
        UNION ALL
        SELECT w.key
        FROM waiting AS w
        WHERE w.sold_at >= p_from AND w.sold_at < p_to
    ) AS k;
    known := cardinality(v_known);
    WITH landed AS (
        SELECT
            d.key,
            d.position
        FROM landing.document AS d
        WHERE d.stream = c_stream AND d.partition = p_partition AND d.position >= p_first
    )
    INSERT INTO landing.document (stream, partition, position, key, body, written_at)
    SELECT
        c_stream,
        p_partition,
        coalesce((SELECT max(l.position) FROM landed AS l), p_first - 1) + row_number() OVER (ORDER BY k.key),
        k.key,
        jsonb_build_object('is_deleted', true, 'updated_at', p_updated_at),
        clock_timestamp()
    FROM unnest(v_known) AS k (key)
    WHERE
        k.key NOT IN (SELECT l.key FROM landed AS l)
        AND k.key NOT IN (SELECT u.key FROM unnest(p_unread) AS u (key) WHERE u.key IS NOT NULL);
    GET DIAGNOSTICS deleted = ROW_COUNT;
END;
$body$;

COMMENT ON FUNCTION raw.land_absent_sales IS 'Lands deletions of the sales that a corrected file of a region and week lacks';
