-- What cdm.sales_mart and its columns hold.
COMMENT ON TABLE cdm.sales_mart IS
'The sales mart: each line of an order with client and product as of the sale. Versions in knowledge time (SCD2). cdm.build_mart writes it';
COMMENT ON COLUMN cdm.sales_mart.sale_id IS 'Key of the line, as in dds.sale';
COMMENT ON COLUMN cdm.sales_mart.version_no IS 'Number of the version of this line: 1, 2, ...';
COMMENT ON COLUMN cdm.sales_mart.order_id IS 'Order that the line belongs to';
COMMENT ON COLUMN cdm.sales_mart.sold_at IS 'When the line was sold';
COMMENT ON COLUMN cdm.sales_mart.client_id IS 'Client who bought';
COMMENT ON COLUMN cdm.sales_mart.client_sk IS
'Version of the client as of sold_at (dds.client). NULL while the client is unknown';
COMMENT ON COLUMN cdm.sales_mart.client IS
'First and last name as of sold_at. NULL: the client is unknown or forgotten';
COMMENT ON COLUMN cdm.sales_mart.client_age IS
'Full years on the shop''s local day of the sale (Europe/Moscow). NULL: the birth date is unknown, or lies after the sale';
COMMENT ON COLUMN cdm.sales_mart.product_id IS 'Product that was bought';
COMMENT ON COLUMN cdm.sales_mart.product_sk IS
'Version of the product as of sold_at (dds.product). NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart.product IS 'Name of the product as of sold_at. NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart.category IS 'Category as of sold_at. NULL: unknown';
COMMENT ON COLUMN cdm.sales_mart.size IS 'Size as of sold_at. NULL: unknown, or the product has none';
COMMENT ON COLUMN cdm.sales_mart.price IS
'Price of a piece as of sold_at, in roubles. NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart.quantity IS 'Pieces';
COMMENT ON COLUMN cdm.sales_mart.total_amount IS 'price times quantity, in roubles. NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart.valid_from IS
'Start of the version in knowledge time, inclusive: the clock of the run that wrote it';
COMMENT ON COLUMN cdm.sales_mart.valid_to IS
'End of the version in knowledge time, exclusive: the clock of the run that closed it; infinity while the version is open';
COMMENT ON COLUMN cdm.sales_mart.is_current IS 'True where valid_to is infinity: what the mart says of the line now';
COMMENT ON COLUMN cdm.sales_mart.run_id IS
'Run (sl.run) that last wrote the version: opened, closed or erased it. ClickHouse pulls by it';
