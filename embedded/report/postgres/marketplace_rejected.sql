-- Documents of the marketplace whose rejection is open, the last one first: whether it is what the document is now, and
-- whether raw has an earlier state.
SELECT
    r.stream,
    d.key,
    r.reason,
    NOT EXISTS (
        SELECT
        FROM landing.document AS n
        WHERE n.stream = d.stream AND n.partition = d.partition AND n.key = d.key AND n.position > d.position
    ) AS is_current,
    CASE d.stream
        WHEN 'marketplace.users' THEN EXISTS (SELECT FROM raw.client AS c WHERE c.client_id = k.id)
        WHEN 'marketplace.products' THEN EXISTS (SELECT FROM raw.product AS p WHERE p.product_id = k.id)
        ELSE EXISTS (SELECT FROM raw.sales_order AS o WHERE o.order_id = k.id)
    END AS is_in_raw
FROM landing.rejected_document AS r
INNER JOIN landing.document AS d
    ON r.stream = d.stream AND r.partition = d.partition AND r.position = d.position
CROSS JOIN LATERAL (
    SELECT CASE WHEN d.key ~ '^[0-9]{1,12}$' THEN 2000000000000 + d.key::bigint END AS id
) AS k
WHERE r.stream LIKE 'marketplace.%' AND r.resolved_at IS NULL
ORDER BY r.rejected_at DESC, d.position DESC
