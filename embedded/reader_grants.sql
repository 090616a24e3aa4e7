-- What ClickHouse's role may read
--
-- Purpose: run after each migration, by the owner of the warehouse: a view that a migration makes anew has lost its
--     grants. May be run again. The views read their tables by their owner's rights, so the role needs none on these.
-- Writes: the rights of tshop_reader.
GRANT USAGE ON SCHEMA cdm TO tshop_reader;
GRANT SELECT ON cdm.sales_mart_export, cdm.sales_mart_batch, cdm.sales_mart_run TO tshop_reader;
