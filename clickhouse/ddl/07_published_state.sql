-- tshop.published_state
--
-- Purpose: how many rows readers must see in tshop.sales_mart: a table that was dropped, or rows that were lost, show.
-- Columns: row_count, current_count: rows. While publish.sql swaps the table in there are two rows, the state before
--     and the state after: what readers see must be one of them.
CREATE TABLE IF NOT EXISTS tshop.published_state
(
    row_count UInt64,
    current_count UInt64
)
ORDER BY row_count;
