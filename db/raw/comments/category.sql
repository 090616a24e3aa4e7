-- What raw.category and its columns hold.
COMMENT ON TABLE raw.category IS 'Categories of products as the source holds them now, one row a category (SCD1): a tree';
COMMENT ON COLUMN raw.category.category_id IS 'Key of the category in the source';
COMMENT ON COLUMN raw.category.name IS 'Name. NULL: the source did not say; a load rejects the row';
COMMENT ON COLUMN raw.category.parent_category_id IS 'Category that this one is a part of. NULL: it is a top one';
COMMENT ON COLUMN raw.category.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.category.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.category.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
