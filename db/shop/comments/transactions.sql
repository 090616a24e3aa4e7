-- What shop.transactions and its columns hold.
COMMENT ON TABLE shop.transactions IS 'Mirror of the web shop''s table of payments and refunds';
COMMENT ON COLUMN shop.transactions.id IS 'Number of the payment in the shop; in raw 10^12 more';
COMMENT ON COLUMN shop.transactions.order_id IS 'Number of the order in the shop; in raw 10^12 more. NULL: not known';
COMMENT ON COLUMN shop.transactions.paid_at IS 'When it was paid, or tried. NULL: not known';
COMMENT ON COLUMN shop.transactions.amount IS 'Roubles, also of money that went back. NULL: not known';
COMMENT ON COLUMN shop.transactions.method IS 'How it was paid, as the shop writes it. NULL: not known';
COMMENT ON COLUMN shop.transactions.status IS 'Succeeded, Failed or Refunded. NULL: not known';
COMMENT ON COLUMN shop.transactions.updated_at IS 'When the shop changed the row last, on the shop''s clock';
