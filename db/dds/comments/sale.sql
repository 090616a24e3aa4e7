-- What dds.sale and its columns hold.
COMMENT ON TABLE dds.sale IS 'Versions of lines of orders (SCD2, event time), loaded from raw.sale by dds.load_sale';
COMMENT ON COLUMN dds.sale.sale_sk IS 'Surrogate key of the version';
COMMENT ON COLUMN dds.sale.sale_id IS 'Key of the line, as in raw.sale';
COMMENT ON COLUMN dds.sale.order_id IS 'Order that the line belongs to';
COMMENT ON COLUMN dds.sale.sold_at IS 'When the line was sold';
COMMENT ON COLUMN dds.sale.client_id IS 'Client who bought. dds.client may not know this key yet. NULL: a guest';
COMMENT ON COLUMN dds.sale.product_id IS 'Product that was bought. dds.product may not know this key yet';
COMMENT ON COLUMN dds.sale.quantity IS 'Pieces; below zero: a return or a correction';
COMMENT ON COLUMN dds.sale.valid_from IS
'Start of the version in event time, inclusive: updated_at of the first observation of this state';
COMMENT ON COLUMN dds.sale.valid_to IS
'End of the version in event time, exclusive; infinity while the version is open';
COMMENT ON COLUMN dds.sale.is_current IS 'True where valid_to is infinity: the latest known state of the key';
COMMENT ON COLUMN dds.sale.run_id IS 'Run (sl.run) that last wrote the version. A mere re-observation does not count';
COMMENT ON COLUMN dds.sale.observed_at IS
'When the same state was observed again, as far as it is kept, the latest last. NULL: only at valid_from';
