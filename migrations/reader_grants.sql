-- What ClickHouse's role may read
--
-- Purpose: run by each migration where the server has the role: a view that is made anew has lost its grants. The views
--     read their tables by their owner's rights, so the role needs none on these.
-- Writes: the rights of tshop_reader.
GRANT USAGE ON SCHEMA cdm TO tshop_reader;
GRANT SELECT ON cdm.sales_mart_export, cdm.sales_mart_batch, cdm.sales_mart_run TO tshop_reader;
