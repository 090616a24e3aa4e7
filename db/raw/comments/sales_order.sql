-- What raw.sales_order and its columns hold.
COMMENT ON TABLE raw.sales_order IS 'Orders as the source holds them now, one row an order (SCD1)';
COMMENT ON COLUMN raw.sales_order.order_id IS 'Key of the order in the source';
COMMENT ON COLUMN raw.sales_order.client_id IS 'Client who ordered. NULL: a guest; a load counts the row as a warning';
COMMENT ON COLUMN raw.sales_order.ordered_at IS
'When it was ordered. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sales_order.status IS 'Pending, Paid, Completed or Aborted; a load rejects any other';
COMMENT ON COLUMN raw.sales_order.delivered_at IS 'When the client had it. NULL: not yet, or not known';
COMMENT ON COLUMN raw.sales_order.total_amount IS
'What the order costs, in roubles. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sales_order.channel IS
'web, marketplace or store; a load counts any other as a warning. NULL: not known';
COMMENT ON COLUMN raw.sales_order.region IS
'North, South, East or West; a load counts any other as a warning. NULL: not known';
COMMENT ON COLUMN raw.sales_order.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.sales_order.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.sales_order.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
