-- What raw.sale_return and its columns hold.
COMMENT ON TABLE raw.sale_return IS 'Returns of lines of orders as the source holds them now, one row a return (SCD1)';
COMMENT ON COLUMN raw.sale_return.return_id IS 'Key of the return in the source';
COMMENT ON COLUMN raw.sale_return.sale_id IS
'Line that came back. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sale_return.returned_at IS
'When it came back. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.sale_return.quantity IS 'Pieces that came back. NULL or below 1: a load rejects the row';
COMMENT ON COLUMN raw.sale_return.amount IS
'Roubles that the client gets back. NULL: the line''s amount in proportion to the pieces counts';
COMMENT ON COLUMN raw.sale_return.reason IS 'Why, as the source writes it. NULL: not known';
COMMENT ON COLUMN raw.sale_return.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.sale_return.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.sale_return.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
