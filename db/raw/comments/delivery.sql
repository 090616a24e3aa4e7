-- What raw.delivery and its columns hold.
COMMENT ON TABLE raw.delivery IS 'Deliveries of orders as the source holds them now, one row a delivery (SCD1)';
COMMENT ON COLUMN raw.delivery.delivery_id IS 'Key of the delivery in the source';
COMMENT ON COLUMN raw.delivery.order_id IS
'Order that was shipped. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.delivery.shipped_at IS 'When the carrier took it. NULL: not known';
COMMENT ON COLUMN raw.delivery.delivered_at IS 'When it was handed over. NULL: not yet, or not known';
COMMENT ON COLUMN raw.delivery.carrier IS 'Who carries it, as the source writes it. NULL: not known';
COMMENT ON COLUMN raw.delivery.status IS 'Shipped, Delivered or Lost; a load rejects any other';
COMMENT ON COLUMN raw.delivery.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.delivery.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.delivery.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
