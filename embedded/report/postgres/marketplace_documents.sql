-- What became of the documents of each collection: states that landed, were applied or rejected, and the rows that are
-- there.
SELECT
    s.stream,
    coalesce(d.landed, 0) AS landed,
    coalesce(d.applied, 0) - r.rejected AS applied,
    r.rejected,
    CASE s.stream
        WHEN 'marketplace.users'
            THEN (
                SELECT count(*)
                FROM raw.client
                WHERE client_id BETWEEN 2000000000000 AND 2999999999999 AND NOT is_deleted
            )
        WHEN 'marketplace.products'
            THEN (
                SELECT count(*)
                FROM raw.product
                WHERE product_id BETWEEN 2000000000000 AND 2999999999999 AND NOT is_deleted
            )
        WHEN 'marketplace.orders'
            THEN (
                SELECT count(*)
                FROM raw.sales_order
                WHERE order_id BETWEEN 2000000000000 AND 2999999999999 AND NOT is_deleted
            )
    END AS in_raw
FROM landing.stream AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS rejected
    FROM landing.rejected_document AS o
    WHERE o.stream = s.stream AND o.resolved_at IS NULL
) AS r
CROSS JOIN LATERAL (
    SELECT
        count(*) AS landed,
        count(*) FILTER (WHERE o.position <= p.applied_position) AS applied
    FROM landing.document AS o
    INNER JOIN landing.position AS p ON p.stream = o.stream AND p.partition = o.partition
    WHERE o.stream = s.stream
) AS d
WHERE s.stream LIKE 'marketplace.%'
ORDER BY s.stream
