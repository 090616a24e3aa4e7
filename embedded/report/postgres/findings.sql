-- What does not fit together now, of the seven days up to tshop.last, or up to the newest day with orders where that is
-- earlier, and of categories and products, which belong to no day. A condition on the day keeps the view to the rows of
-- these days (cdm.shop_finding).
WITH newest AS MATERIALIZED (
    SELECT least(max(sold_on), current_setting('tshop.last')::date) AS sold_on
    FROM cdm.daily_sales
    WHERE is_current
)
SELECT
    finding,
    entity_name AS entity,
    count(*) AS rows
FROM (
    SELECT
        finding,
        entity_name
    FROM cdm.shop_finding
    WHERE ordered_on BETWEEN (SELECT sold_on - 6 FROM newest) AND (SELECT sold_on FROM newest)
    UNION ALL
    SELECT
        finding,
        entity_name
    FROM cdm.shop_finding
    WHERE entity_name IN ('category', 'product')
) AS f
GROUP BY finding, entity_name
ORDER BY finding, entity_name
