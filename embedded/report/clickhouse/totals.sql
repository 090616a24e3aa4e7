-- What was sold, from the current rows of the mart. An order is all lines of one order_id. A client counts once in the
-- average age, with the age at their last purchase; clients whose age is not known are left out.
-- What there is none of is NULL.
SELECT
    sum(total_amount) AS revenue,
    uniqExact(client_id) AS clients,
    uniqExact(order_id) AS orders,
    sum(quantity) / nullIf(orders, 0) AS pieces_an_order,
    count() / nullIf(orders, 0) AS lines_an_order,
    revenue / nullIf(orders, 0) AS average_order_value,
    (
        SELECT avgOrNull(age)
        FROM (
            SELECT argMax(client_age, (sold_at, sale_id)) AS age
            FROM tshop.sales AS purchases
            WHERE client_age IS NOT NULL
            GROUP BY client_id
        ) AS last_purchase
    ) AS average_age,
    (
        SELECT nullIf(any(size), '')
        FROM (
            SELECT size
            FROM tshop.sales AS lines
            WHERE size <> ''
            GROUP BY size
            ORDER BY sum(quantity) DESC, size ASC
            LIMIT 1
        ) AS best
    ) AS most_popular_size,
    minOrNull(sold_on) AS first_day,
    maxOrNull(sold_on) AS last_day
FROM tshop.sales
