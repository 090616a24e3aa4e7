-- What spark.user_sales and its columns hold.
COMMENT ON TABLE spark.user_sales IS
'Orders by month and loyalty status, as Spark computed them from dds: the mart cdm.user_sales without versions';
COMMENT ON COLUMN spark.user_sales.order_month IS 'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN spark.user_sales.loyalty_status IS
'Loyalty status of the client as of the order; Unknown: of guests, and where it is not known';
COMMENT ON COLUMN spark.user_sales.orders_cnt IS 'Orders';
COMMENT ON COLUMN spark.user_sales.paid_orders IS 'Orders that are Paid';
COMMENT ON COLUMN spark.user_sales.completed_orders IS 'Orders that are Completed';
COMMENT ON COLUMN spark.user_sales.pending_orders IS 'Orders that are Pending';
COMMENT ON COLUMN spark.user_sales.aborted_orders IS 'Orders that are Aborted';
COMMENT ON COLUMN spark.user_sales.unique_users IS 'Different clients; guests are none';
COMMENT ON COLUMN spark.user_sales.total_order_amount IS 'Roubles, of all orders';
COMMENT ON COLUMN spark.user_sales.avg_order_amount IS 'Roubles an order, of all orders, half up';
COMMENT ON COLUMN spark.user_sales.total_revenue IS 'Roubles, of orders that are not Aborted';
COMMENT ON COLUMN spark.user_sales.avg_delivery_period IS
'Days from the order to its delivery, half up, of orders that have one. NULL: none has';
