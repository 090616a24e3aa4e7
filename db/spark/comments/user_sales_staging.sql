-- What spark.user_sales_staging and its columns hold.
COMMENT ON TABLE spark.user_sales_staging IS 'The next spark.user_sales, while Spark writes it; else empty';
COMMENT ON COLUMN spark.user_sales_staging.order_month IS
'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN spark.user_sales_staging.loyalty_status IS
'Loyalty status of the client as of the order; Unknown: of guests, and where it is not known';
COMMENT ON COLUMN spark.user_sales_staging.orders_cnt IS 'Orders';
COMMENT ON COLUMN spark.user_sales_staging.paid_orders IS 'Orders that are Paid';
COMMENT ON COLUMN spark.user_sales_staging.completed_orders IS 'Orders that are Completed';
COMMENT ON COLUMN spark.user_sales_staging.pending_orders IS 'Orders that are Pending';
COMMENT ON COLUMN spark.user_sales_staging.aborted_orders IS 'Orders that are Aborted';
COMMENT ON COLUMN spark.user_sales_staging.unique_users IS 'Different clients; guests are none';
COMMENT ON COLUMN spark.user_sales_staging.total_order_amount IS 'Roubles, of all orders';
COMMENT ON COLUMN spark.user_sales_staging.avg_order_amount IS 'Roubles an order, of all orders, half up';
COMMENT ON COLUMN spark.user_sales_staging.total_revenue IS 'Roubles, of orders that are not Aborted';
COMMENT ON COLUMN spark.user_sales_staging.avg_delivery_period IS
'Days from the order to its delivery, half up, of orders that have one. NULL: none has';
