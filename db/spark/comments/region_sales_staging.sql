-- What spark.region_sales_staging and its columns hold.
COMMENT ON TABLE spark.region_sales_staging IS 'The next spark.region_sales, while Spark writes it; else empty';
COMMENT ON COLUMN spark.region_sales_staging.week_start IS
'Monday of the shop''s local week of the orders (Europe/Moscow)';
COMMENT ON COLUMN spark.region_sales_staging.region IS 'Region of the order';
COMMENT ON COLUMN spark.region_sales_staging.product_id IS 'Product that was ordered';
COMMENT ON COLUMN spark.region_sales_staging.sales_cnt IS 'Lines of orders';
COMMENT ON COLUMN spark.region_sales_staging.quantity IS 'Pieces';
COMMENT ON COLUMN spark.region_sales_staging.total_amount IS 'Roubles';
COMMENT ON COLUMN spark.region_sales_staging.average_sale_amount IS 'Roubles a line, half up';
COMMENT ON COLUMN spark.region_sales_staging.region_share IS
'Share of the region''s roubles of the week, 6 decimals, half up. NULL: these are 0, or nearly';
COMMENT ON COLUMN spark.region_sales_staging.rank_in_region IS
'Place by roubles in the region and week, the greatest first; equal ones share a place';
