-- What sl.erasure and its columns hold.
COMMENT ON TABLE sl.erasure IS
'Receipts of erasures: whose personal data was erased, where and when, and nothing of what it was. These keys stay forgotten';
COMMENT ON COLUMN sl.erasure.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.erasure.entity_key IS 'Key of the forgotten person, as text';
COMMENT ON COLUMN sl.erasure.run_id IS 'Run that erased';
COMMENT ON COLUMN sl.erasure.mart_run_id IS
'Batch of the mart that carries the erasure to ClickHouse. It is done there once tshop.erased_batch names the batch';
COMMENT ON COLUMN sl.erasure.erased_at IS 'When the data was erased';
COMMENT ON COLUMN sl.erasure.erased_by IS 'Role that called the procedure';
COMMENT ON COLUMN sl.erasure.raw_rows IS 'Rows of raw that held personal data';
COMMENT ON COLUMN sl.erasure.dds_versions IS 'Versions in dds that held personal data';
COMMENT ON COLUMN sl.erasure.mart_versions IS 'Versions in the mart that held personal data';
COMMENT ON COLUMN sl.erasure.rejected_rows IS 'Rows of sl.rejected_row that held personal data';
