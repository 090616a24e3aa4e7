-- Rows and roubles of the marts that both engines compute: of cdm as they were known when Spark read dds.
SELECT
    m.mart,
    m.engine,
    m.rows,
    m.roubles
FROM (
    SELECT 'product_sales' AS mart, 'cdm' AS engine, count(*) AS rows, sum(c.total_amount) AS roubles
    FROM cdm.product_sales AS c
    INNER JOIN spark.computation AS r
        ON r.mart_name = 'product_sales' AND c.valid_from <= r.read_at AND r.read_at < c.valid_to
    UNION ALL
    SELECT 'product_sales', 'spark', count(*), sum(s.total_amount) FROM spark.product_sales AS s
    UNION ALL
    SELECT 'region_sales', 'cdm', count(*), sum(c.total_amount)
    FROM cdm.region_sales AS c
    INNER JOIN spark.computation AS r
        ON r.mart_name = 'region_sales' AND c.valid_from <= r.read_at AND r.read_at < c.valid_to
    UNION ALL
    SELECT 'region_sales', 'spark', count(*), sum(s.total_amount) FROM spark.region_sales AS s
    UNION ALL
    SELECT 'user_sales', 'cdm', count(*), sum(c.total_order_amount)
    FROM cdm.user_sales AS c
    INNER JOIN spark.computation AS r
        ON r.mart_name = 'user_sales' AND c.valid_from <= r.read_at AND r.read_at < c.valid_to
    UNION ALL
    SELECT 'user_sales', 'spark', count(*), sum(s.total_order_amount) FROM spark.user_sales AS s
) AS m
ORDER BY m.mart, m.engine
