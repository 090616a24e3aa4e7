-- tshop.mart_to_heal
--
-- Purpose: the marts that the next pull brings again whole, because their table does not hold what the warehouse says.
--     Written by the DAG tshop_heal, emptied by what publishes the mart.
-- Columns: mart: table of this database; difference: how it differs, in a sentence; found_at.
CREATE TABLE IF NOT EXISTS tshop.mart_to_heal
(
    mart LowCardinality(String),
    difference String,
    found_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ORDER BY (mart, found_at);
