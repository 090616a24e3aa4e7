-- The marketplace's lines of orders in raw, without those of orders whose document, as it is now, could not be brought
-- there.
SELECT
    count(*) AS lines,
    coalesce(sum(s.quantity), 0)::text AS quantity,
    coalesce(sum(s.quantity * s.unit_price), 0)::text AS amount
FROM raw.sale AS s
WHERE
    s.sale_id BETWEEN 2000000000000 AND 2999999999999
    AND NOT s.is_deleted
    AND (s.order_id - 2000000000000)::text NOT IN (
        SELECT d.key
        FROM landing.rejected_document AS r
        INNER JOIN landing.document AS d
            ON r.stream = d.stream AND r.partition = d.partition AND r.position = d.position
        WHERE
            r.stream = 'marketplace.orders'
            AND r.resolved_at IS NULL
            AND NOT EXISTS (
                SELECT
                FROM landing.document AS n
                WHERE n.stream = d.stream AND n.partition = d.partition AND n.key = d.key AND n.position > d.position
            )
    )
