-- What spark.product_sales_staging and its columns hold.
COMMENT ON TABLE spark.product_sales_staging IS 'The next spark.product_sales, while Spark writes it; else empty';
COMMENT ON COLUMN spark.product_sales_staging.order_month IS
'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN spark.product_sales_staging.product_category IS
'Category of the product as of the order; Unknown: it is not known';
COMMENT ON COLUMN spark.product_sales_staging.product_name IS
'Name of the product as of the order; Unknown: the product is not known';
COMMENT ON COLUMN spark.product_sales_staging.order_cnt IS 'Different orders';
COMMENT ON COLUMN spark.product_sales_staging.ordered_quantity IS 'Pieces';
COMMENT ON COLUMN spark.product_sales_staging.aborted_quantity IS 'Pieces of orders that are Aborted';
COMMENT ON COLUMN spark.product_sales_staging.paid_quantity IS 'Pieces of orders that are Paid';
COMMENT ON COLUMN spark.product_sales_staging.pending_quantity IS 'Pieces of orders that are Pending';
COMMENT ON COLUMN spark.product_sales_staging.completed_quantity IS 'Pieces of orders that are Completed';
COMMENT ON COLUMN spark.product_sales_staging.total_amount IS 'Roubles, of all orders';
COMMENT ON COLUMN spark.product_sales_staging.total_revenue IS 'Roubles, of orders that are not Aborted';
