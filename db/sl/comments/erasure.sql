-- What sl.erasure and its columns hold.
COMMENT ON TABLE sl.erasure IS
'Receipts of erasures: whose personal data was erased, where and when, and nothing of what it was. These keys stay forgotten';
COMMENT ON COLUMN sl.erasure.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.erasure.entity_key IS 'Key of the forgotten person, as text';
COMMENT ON COLUMN sl.erasure.run_id IS 'Run that erased';
COMMENT ON COLUMN sl.erasure.mart_run_id IS
'Newest batch of a mart that was emptied of a copy. Where marts are published, what is replaced there has to be erased, too. NULL: no mart declares one';
COMMENT ON COLUMN sl.erasure.erased_at IS 'When the data was erased';
COMMENT ON COLUMN sl.erasure.erased_by IS 'Role that called the procedure';
COMMENT ON COLUMN sl.erasure.raw_rows IS 'Rows of the source that held personal data';
COMMENT ON COLUMN sl.erasure.dds_versions IS 'Versions in the target that held personal data';
COMMENT ON COLUMN sl.erasure.mart_versions IS 'Versions in marts that held personal data';
COMMENT ON COLUMN sl.erasure.rejected_rows IS 'Rows of sl.rejected_row that held personal data';
