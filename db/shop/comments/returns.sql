-- What shop.returns and its columns hold.
COMMENT ON TABLE shop.returns IS 'Mirror of the web shop''s table of what came back';
COMMENT ON COLUMN shop.returns.id IS 'Number of the return in the shop; in raw 10^12 more';
COMMENT ON COLUMN shop.returns.order_detail_id IS 'Number of the line in the shop; in raw 10^12 more. NULL: not known';
COMMENT ON COLUMN shop.returns.returned_at IS 'When it came back. NULL: not known';
COMMENT ON COLUMN shop.returns.quantity IS 'Pieces. NULL: not known';
COMMENT ON COLUMN shop.returns.amount IS 'Roubles that the client gets back. NULL: not known';
COMMENT ON COLUMN shop.returns.reason IS 'Why. NULL: not said';
COMMENT ON COLUMN shop.returns.updated_at IS 'When the shop changed the row last, on the shop''s clock';
