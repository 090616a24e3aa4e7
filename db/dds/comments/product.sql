-- What dds.product and its columns hold.
COMMENT ON TABLE dds.product IS 'Versions of products (SCD2, event time), loaded from raw.product by dds.load_product';
COMMENT ON COLUMN dds.product.product_sk IS 'Surrogate key of the version';
COMMENT ON COLUMN dds.product.product_id IS 'Key of the product, as in raw.product';
COMMENT ON COLUMN dds.product.name IS 'Name';
COMMENT ON COLUMN dds.product.category IS 'Category. NULL: unknown';
COMMENT ON COLUMN dds.product.size IS 'Size. NULL: unknown, or the product has none';
COMMENT ON COLUMN dds.product.price IS 'Price of a piece in roubles';
COMMENT ON COLUMN dds.product.valid_from IS
'Start of the version in event time, inclusive: updated_at of the first observation of this state';
COMMENT ON COLUMN dds.product.valid_to IS
'End of the version in event time, exclusive; infinity while the version is open';
COMMENT ON COLUMN dds.product.is_current IS 'True where valid_to is infinity: the latest known state of the key';
COMMENT ON COLUMN dds.product.run_id IS
'Run (sl.run) that last wrote the version. A mere re-observation does not count';
COMMENT ON COLUMN dds.product.observed_at IS
'When the same state was observed again, as far as it is kept, the latest last. NULL: only at valid_from';
