-- What spark.product_sales and its columns hold.
COMMENT ON TABLE spark.product_sales IS
'Lines of orders by month and product, as Spark computed them from dds: the mart cdm.product_sales without versions';
COMMENT ON COLUMN spark.product_sales.order_month IS
'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN spark.product_sales.product_category IS
'Category of the product as of the order; Unknown: it is not known';
COMMENT ON COLUMN spark.product_sales.product_name IS
'Name of the product as of the order; Unknown: the product is not known';
COMMENT ON COLUMN spark.product_sales.order_cnt IS 'Different orders';
COMMENT ON COLUMN spark.product_sales.ordered_quantity IS 'Pieces';
COMMENT ON COLUMN spark.product_sales.aborted_quantity IS 'Pieces of orders that are Aborted';
COMMENT ON COLUMN spark.product_sales.paid_quantity IS 'Pieces of orders that are Paid';
COMMENT ON COLUMN spark.product_sales.pending_quantity IS 'Pieces of orders that are Pending';
COMMENT ON COLUMN spark.product_sales.completed_quantity IS 'Pieces of orders that are Completed';
COMMENT ON COLUMN spark.product_sales.total_amount IS 'Roubles, of all orders';
COMMENT ON COLUMN spark.product_sales.total_revenue IS 'Roubles, of orders that are not Aborted';
