-- What shop.deleted_row and its columns hold.
COMMENT ON TABLE shop.deleted_row IS 'Mirror of the web shop''s record of deletions, of the tables that have mirrors here';
COMMENT ON COLUMN shop.deleted_row.aggregatetype IS 'Table that the row was in: transactions, deliveries or returns';
COMMENT ON COLUMN shop.deleted_row.row_id IS 'Number of the row in the shop';
COMMENT ON COLUMN shop.deleted_row.deleted_at IS 'When it was deleted last, on the shop''s clock';
