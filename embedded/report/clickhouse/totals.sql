-- What was sold, from the current rows of the mart: the same figures as on the dashboard. An order is all lines of one
-- order_id, a guest's and one of returns alone, too. Clients are those with a line; a guest, whose client_id is 0, is
-- none. Returns are taken off pieces and revenue. The average age is that on the day of the sale, over the lines whose
-- client's age is known. What there is none of is NULL.
SELECT
    sum(total_amount) AS revenue,
    groupBitmapIf(client_id, client_id <> 0) AS clients,
    groupBitmap(order_id) AS orders,
    sum(quantity) / nullIf(orders, 0) AS pieces_an_order,
    count() / nullIf(orders, 0) AS lines_an_order,
    revenue / nullIf(orders, 0) AS average_order_value,
    avgOrNull(client_age) AS average_age,
    (
        SELECT nullIf(any(size), '')
        FROM (
            SELECT size
            FROM tshop.sales
            WHERE size <> ''
            GROUP BY size
            ORDER BY sum(quantity) DESC, size ASC
            LIMIT 1
        ) AS best
    ) AS most_popular_size,
    minOrNull(sold_on) AS first_day,
    maxOrNull(sold_on) AS last_day
FROM tshop.sales
