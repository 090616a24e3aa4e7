-- What raw.product and its columns hold.
COMMENT ON TABLE raw.product IS 'Products as the source holds them now, one row a product and size (SCD1)';
COMMENT ON COLUMN raw.product.product_id IS 'Key of the product in the source';
COMMENT ON COLUMN raw.product.name IS 'Name. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.product.category IS 'Category, as the source writes it. NULL: the source did not say';
COMMENT ON COLUMN raw.product.size IS 'Size, as the source writes it: letters, numbers or NULL';
COMMENT ON COLUMN raw.product.price IS
'Price of a piece in roubles. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.product.description IS 'What it is like, in a few words. NULL: the source did not say';
COMMENT ON COLUMN raw.product.category_id IS
'Category of the tree (raw.category). NULL: the source did not say: category counts';
COMMENT ON COLUMN raw.product.stock_quantity IS 'Pieces in stock now. NULL: the source did not say';
COMMENT ON COLUMN raw.product.created_at IS 'When the shop listed it. NULL: the source did not say';
COMMENT ON COLUMN raw.product.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.product.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.product.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
