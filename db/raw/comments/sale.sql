-- What raw.sale and its columns hold.
COMMENT ON TABLE raw.sale IS 'Lines of orders as the source holds them now, one row a line (SCD1)';
COMMENT ON COLUMN raw.sale.sale_id IS 'Key of the line in the source';
COMMENT ON COLUMN raw.sale.order_id IS
'Order that the line belongs to. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sale.sold_at IS 'When the line was sold. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sale.client_id IS 'Client who bought. NULL: a guest; a load counts the row as a warning';
COMMENT ON COLUMN raw.sale.product_id IS
'Product that was bought. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sale.quantity IS
'Pieces; below zero: a return or a correction. NULL or 0: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sale.unit_price IS
'Price of a piece in this line, in roubles. NULL: the product''s price as of the sale counts';
COMMENT ON COLUMN raw.sale.amount IS 'What the line costs, in roubles. NULL: price times quantity counts';
COMMENT ON COLUMN raw.sale.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.sale.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.sale.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
