-- cdm.shop_finding
--
-- Purpose: what does not fit together in the shop's data now, whenever it arrived: rows that were loaded, and wait for
--     another row or contradict one. What arrives later and fits takes its row away.
-- Columns: finding: what is wrong: order_without_lines; lines_differ: the lines add up to something else than the
--     order's total; order_unknown: a line, a payment or a delivery of an order that is not known; sale_unknown: a
--     return of a line that is not known; more_than_sold: more pieces of a line came back than it has;
--     delivered_before_order: a delivery before its order; parent_unknown, cycle: a category whose parent is not known,
--     or that is its own ancestor; category_unknown: a product whose category is not known. entity_name, entity_key:
--     the row; order_id: its order; ordered_on: the shop's local day of the order (Europe/Moscow); of more_than_sold
--     that of the line's own time, and where the order is not known that of the row; expected, found: roubles, or
--     pieces. NULL where there is none.
-- Reads: dds, cdm.order_line.
--
-- A condition on ordered_on or order_id is one on an index of dds; without one the view reads all orders. A line
-- that was sold before the day of the first order waits for none.
CREATE OR REPLACE VIEW cdm.shop_finding AS
SELECT
    CASE WHEN l.lines = 0 THEN 'order_without_lines' ELSE 'lines_differ' END AS finding,
    'sales_order' AS entity_name,
    o.order_id AS entity_key,
    o.order_id,
    (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS ordered_on,
    o.total_amount::numeric AS expected,
    l.amount AS found
FROM dds.sales_order AS o
CROSS JOIN LATERAL (
    SELECT count(*) AS lines, sum(v.amount) AS amount
    FROM cdm.order_line AS v
    WHERE v.order_id = o.order_id
) AS l
WHERE o.is_current AND (l.lines = 0 OR abs(l.amount - o.total_amount) > 0.01)
UNION ALL
SELECT 'order_unknown', 'sale', s.sale_id, s.order_id, (s.sold_at AT TIME ZONE 'Europe/Moscow')::date, NULL, NULL
FROM dds.sale AS s
WHERE
    s.is_current
    AND (s.sold_at AT TIME ZONE 'Europe/Moscow')::date
    >= (SELECT min((f.ordered_at AT TIME ZONE 'Europe/Moscow')::date) FROM dds.sales_order AS f)
    AND NOT EXISTS (SELECT FROM dds.sales_order AS o WHERE o.order_id = s.order_id AND o.is_current)
UNION ALL
SELECT
    'order_unknown', 'payment', p.payment_id, p.order_id, (p.paid_at AT TIME ZONE 'Europe/Moscow')::date, NULL, p.amount
FROM dds.payment AS p
WHERE
    p.is_current
    AND NOT EXISTS (SELECT FROM dds.sales_order AS o WHERE o.order_id = p.order_id AND o.is_current)
UNION ALL
SELECT
    'order_unknown', 'delivery', d.delivery_id, d.order_id, (d.shipped_at AT TIME ZONE 'Europe/Moscow')::date, NULL,
    NULL
FROM dds.delivery AS d
WHERE
    d.is_current
    AND NOT EXISTS (SELECT FROM dds.sales_order AS o WHERE o.order_id = d.order_id AND o.is_current)
UNION ALL
SELECT
    'delivered_before_order', 'delivery', d.delivery_id, d.order_id,
    (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date, NULL, NULL
FROM dds.sales_order AS o
INNER JOIN dds.delivery AS d ON d.order_id = o.order_id AND d.is_current
WHERE o.is_current AND least(d.shipped_at, d.delivered_at) < o.ordered_at
UNION ALL
SELECT
    'sale_unknown', 'sale_return', r.return_id, NULL, (r.returned_at AT TIME ZONE 'Europe/Moscow')::date, NULL,
    r.quantity
FROM dds.sale_return AS r
WHERE
    r.is_current
    AND NOT EXISTS (SELECT FROM dds.sale AS s WHERE s.sale_id = r.sale_id AND s.is_current)
UNION ALL
SELECT
    'more_than_sold', 'sale', s.sale_id, s.order_id, (s.sold_at AT TIME ZONE 'Europe/Moscow')::date, s.quantity,
    r.quantity
FROM (
    SELECT v.sale_id, sum(v.quantity) AS quantity
    FROM dds.sale_return AS v
    WHERE v.is_current
    GROUP BY v.sale_id
) AS r
INNER JOIN dds.sale AS s ON s.sale_id = r.sale_id AND s.is_current
WHERE r.quantity > s.quantity
UNION ALL
SELECT 'parent_unknown', 'category', c.category_id, NULL, NULL, c.parent_category_id, NULL
FROM dds.category AS c
WHERE
    c.is_current
    AND c.parent_category_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM dds.category AS p WHERE p.category_id = c.parent_category_id AND p.is_current
    )
UNION ALL
SELECT 'cycle', 'category', c.category_id, NULL, NULL, NULL, NULL
FROM dds.category AS c
WHERE
    c.is_current
    AND c.category_id IN (
        WITH RECURSIVE ancestor AS (
            SELECT c.parent_category_id AS category_id, 1 AS level
            UNION
            SELECT p.parent_category_id, a.level + 1
            FROM ancestor AS a
            INNER JOIN dds.category AS p ON p.category_id = a.category_id AND p.is_current
            WHERE a.level < 32
        )

        SELECT a.category_id
        FROM ancestor AS a
        WHERE a.category_id IS NOT NULL
    )
UNION ALL
SELECT 'category_unknown', 'product', p.product_id, NULL, NULL, p.category_id, NULL
FROM dds.product AS p
WHERE
    p.is_current
    AND p.category_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM dds.category AS c WHERE c.category_id = p.category_id AND c.is_current);

COMMENT ON VIEW cdm.shop_finding IS 'What does not fit together in the shop''s data now, whenever it arrived';
COMMENT ON COLUMN cdm.shop_finding.finding IS 'What is wrong, such as order_without_lines; docs/history.md has all';
COMMENT ON COLUMN cdm.shop_finding.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN cdm.shop_finding.entity_key IS 'Key of the row';
COMMENT ON COLUMN cdm.shop_finding.order_id IS 'Its order. NULL: it belongs to none';
COMMENT ON COLUMN cdm.shop_finding.ordered_on IS
'The shop''s local day of the order (Europe/Moscow); of more_than_sold, and where the order is not known, of the row. NULL: of no order';
COMMENT ON COLUMN cdm.shop_finding.expected IS
'What it should be: roubles of an order, pieces of a line, the key of a parent or category. NULL: nothing';
COMMENT ON COLUMN cdm.shop_finding.found IS 'What it is: roubles or pieces. NULL: nothing';
