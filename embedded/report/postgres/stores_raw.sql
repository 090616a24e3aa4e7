-- The stores' sales and clients in raw, by region.
SELECT
    s.region,
    s.sales,
    s.quantity,
    s.amount,
    c.clients
FROM (
    SELECT
        o.region,
        count(*) AS sales,
        sum(l.quantity)::bigint AS quantity,
        sum(l.amount) AS amount
    FROM raw.sales_order AS o
    INNER JOIN raw.sale AS l ON l.sale_id = o.order_id
    WHERE o.order_id BETWEEN 3000000000000 AND 3999999999999 AND NOT o.is_deleted AND NOT l.is_deleted
    GROUP BY o.region
) AS s
LEFT JOIN (
    SELECT
        region,
        count(*) AS clients
    FROM raw.client
    WHERE client_id BETWEEN 3000000000000 AND 3999999999999 AND NOT is_deleted
    GROUP BY region
) AS c ON c.region = s.region
ORDER BY s.region
