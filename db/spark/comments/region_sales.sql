-- What spark.region_sales and its columns hold.
COMMENT ON TABLE spark.region_sales IS
'Lines of orders by week, region and product, as Spark computed them: the mart cdm.region_sales without versions';
COMMENT ON COLUMN spark.region_sales.week_start IS 'Monday of the shop''s local week of the orders (Europe/Moscow)';
COMMENT ON COLUMN spark.region_sales.region IS 'Region of the order';
COMMENT ON COLUMN spark.region_sales.product_id IS 'Product that was ordered';
COMMENT ON COLUMN spark.region_sales.sales_cnt IS 'Lines of orders';
COMMENT ON COLUMN spark.region_sales.quantity IS 'Pieces';
COMMENT ON COLUMN spark.region_sales.total_amount IS 'Roubles';
COMMENT ON COLUMN spark.region_sales.average_sale_amount IS 'Roubles a line, half up';
COMMENT ON COLUMN spark.region_sales.region_share IS
'Share of the region''s roubles of the week, 6 decimals, half up. NULL: these are 0, or nearly';
COMMENT ON COLUMN spark.region_sales.rank_in_region IS
'Place by roubles in the region and week, the greatest first; equal ones share a place';
