-- What raw.payment and its columns hold.
COMMENT ON TABLE raw.payment IS 'Payments for orders as the source holds them now, one row a payment (SCD1)';
COMMENT ON COLUMN raw.payment.payment_id IS 'Key of the payment in the source';
COMMENT ON COLUMN raw.payment.order_id IS 'Order that was paid. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.payment.paid_at IS 'When it was paid. NULL: not known';
COMMENT ON COLUMN raw.payment.amount IS
'Roubles, also of money that went back. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.payment.method IS 'How it was paid, as the source writes it. NULL: not known';
COMMENT ON COLUMN raw.payment.status IS 'Succeeded, Failed or Refunded; a load rejects any other';
COMMENT ON COLUMN raw.payment.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.payment.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.payment.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
