-- cdm.region_sales_image
--
-- Purpose: what cdm.region_sales should say now: lines of orders by the shop's local week (from Monday, Europe/Moscow),
--     region and product, of orders that have a region and are not Aborted.
-- Columns: those of cdm.region_sales except the version's own.
-- Reads: cdm.order_line.
CREATE OR REPLACE VIEW cdm.region_sales_image AS
SELECT
    r.week_start,
    r.region,
    r.product_id,
    r.sales_cnt,
    r.quantity,
    r.total_amount,
    round(r.total_amount / r.sales_cnt, 2)::numeric(24, 2) AS average_sale_amount,
    (
        CASE
            WHEN abs(r.total_amount) < abs(sum(r.total_amount) OVER g) * 1000000000000000000
                THEN round(r.total_amount / sum(r.total_amount) OVER g, 6)
        END
    )::numeric(24, 6) AS region_share,
    rank() OVER (PARTITION BY r.week_start, r.region ORDER BY r.total_amount DESC) AS rank_in_region
FROM (
    SELECT
        l.week_start,
        l.region,
        l.product_id,
        count(*) AS sales_cnt,
        sum(l.quantity) AS quantity,
        sum(l.amount)::numeric(24, 2) AS total_amount
    FROM cdm.order_line AS l
    WHERE l.status <> 'Aborted' AND l.region <> 'Unknown'
    GROUP BY l.week_start, l.region, l.product_id
) AS r
WINDOW g AS (PARTITION BY r.week_start, r.region);

COMMENT ON VIEW cdm.region_sales_image IS 'What cdm.region_sales should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.region_sales_image.week_start IS 'Monday of the shop''s local week of the orders (Europe/Moscow)';
COMMENT ON COLUMN cdm.region_sales_image.region IS 'Region of the order';
COMMENT ON COLUMN cdm.region_sales_image.product_id IS 'Product that was ordered';
COMMENT ON COLUMN cdm.region_sales_image.sales_cnt IS 'Lines of orders';
COMMENT ON COLUMN cdm.region_sales_image.quantity IS 'Pieces';
COMMENT ON COLUMN cdm.region_sales_image.total_amount IS 'Roubles';
COMMENT ON COLUMN cdm.region_sales_image.average_sale_amount IS 'Roubles a line, half up';
COMMENT ON COLUMN cdm.region_sales_image.region_share IS
'Share of the region''s roubles of the week, 6 decimals, half up. NULL: these are 0, or nearly';
COMMENT ON COLUMN cdm.region_sales_image.rank_in_region IS
'Place by roubles in the region and week, the greatest first; equal ones share a place';

-- Lines of orders by week, region and product, with the product's share and place in its region.
CALL sl.declare_mart(
    'region_sales',
    p_key => '{week_start,region,product_id}',
    p_sources => '{product,sale,sales_order}',
    p_touched => 'cdm.touched_weeks_of_regions',
    p_group => '{week_start}',
    p_published_as => 'tshop.region_sales'
);

-- The price of a product may change, or become known.
CALL sl.declare_index('region_sales_product_idx', 'cdm.region_sales', '(product_id, week_start)');
