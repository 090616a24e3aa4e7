-- raw.find_foreign_sales(p_partition integer, p_region text, p_first bigint, OUT sales bigint, OUT example text)
--     RETURNS record
--
-- Purpose: looks whether sales of the stores that are being landed have ids that another region's sales have: one would
--     overwrite the other. Whoever lands sales of another region waits until this transaction ends.
-- Parameters: p_partition: of the stream stores.sales, which the caller has begun to land (landing.begin_landing);
--     p_region: whose file it is; p_first: the position of the first document that this transaction has landed.
-- Returns: sales: how many there are; example: one of them, and its region.
-- Errors: none.
-- Reads: landing.stream, landing.position, landing.document, raw.sales_order. Writes: nothing.
--
-- Another region's sale is in raw or, where it is not applied yet, a document that waits: then this is what the sale
-- is. A sale that the other region has given up, by a corrected file without it, is nobody's.
CREATE OR REPLACE FUNCTION raw.find_foreign_sales(
    p_partition integer,
    p_region text,
    p_first bigint,
    OUT sales bigint,
    OUT example text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    c_stream CONSTANT text := 'stores.sales';
    v_stream CONSTANT landing.stream := landing._stream_of(c_stream);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('raw.find_foreign_sales', 0));
    WITH landed AS (
        SELECT
            d.key,
            d.key::bigint + v_stream.id_base AS order_id
        FROM landing.document AS d
        WHERE d.stream = c_stream AND d.partition = p_partition AND d.position >= p_first
    ),
    waiting AS (
        SELECT DISTINCT ON (d.key, d.partition)
            d.key,
            d.body ->> 'region' AS region
        FROM landing.position AS p
        INNER JOIN landing.document AS d
            ON d.stream = p.stream AND d.partition = p.partition AND d.position > p.applied_position
        WHERE
            p.stream = c_stream
            AND p.partition <> p_partition
            AND d.key IN (SELECT l.key FROM landed AS l)
        ORDER BY d.key, d.partition, d.position DESC
    )
    SELECT
        count(*),
        min(format('%s of %s', f.key, f.region))
    INTO sales, example
    FROM (
        SELECT
            l.key,
            o.region
        FROM landed AS l
        INNER JOIN raw.sales_order AS o ON o.order_id = l.order_id
        WHERE
            o.region <> p_region
            AND NOT o.is_deleted
            AND NOT EXISTS (SELECT FROM waiting AS w WHERE w.key = l.key)
        UNION ALL
        SELECT
            w.key,
            w.region
        FROM waiting AS w
        WHERE w.region <> p_region
    ) AS f;
END;
$body$;

COMMENT ON FUNCTION raw.find_foreign_sales IS 'Looks whether sales that are being landed have ids of another region''s sales';
