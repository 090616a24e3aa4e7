-- spark.dds_sales_order
--
-- Purpose: what Spark reads of dds.sales_order: the current orders.
-- Columns: place: where the row lies; order_id; client_id; ordered_at, delivered_at: in microseconds since 1970;
--     status; total_amount; region: Unknown where it is blank.
-- Reads: dds.sales_order.
--
-- Spark reads ranges of places side by side. Times are microseconds since 1970 in UTC, which every engine takes for
-- the same moment. It has no personal data.
CREATE OR REPLACE VIEW spark.dds_sales_order AS
SELECT
    v.ctid AS place,
    v.order_id,
    v.client_id,
    (extract(EPOCH FROM v.ordered_at) * 1000000)::bigint AS ordered_at,
    (extract(EPOCH FROM v.delivered_at) * 1000000)::bigint AS delivered_at,
    v.status,
    v.total_amount,
    CASE
        WHEN v.region IN ('North', 'South', 'East', 'West') THEN v.region
        WHEN sl.is_blank(v.region) THEN 'Unknown'
        ELSE left(v.region, 200)
    END AS region
FROM dds.sales_order AS v
WHERE v.is_current;

COMMENT ON VIEW spark.dds_sales_order IS 'The current orders, for Spark';
COMMENT ON COLUMN spark.dds_sales_order.place IS
'Where the row lies (ctid): a range of places is read without the rest of the table';
COMMENT ON COLUMN spark.dds_sales_order.order_id IS 'Key of the order, as in dds.sales_order';
COMMENT ON COLUMN spark.dds_sales_order.client_id IS 'Client who ordered. NULL: a guest';
COMMENT ON COLUMN spark.dds_sales_order.ordered_at IS 'When it was ordered, microseconds since 1970 (UTC)';
COMMENT ON COLUMN spark.dds_sales_order.delivered_at IS
'When it was handed over, microseconds since 1970 (UTC). NULL: not yet, or not known';
COMMENT ON COLUMN spark.dds_sales_order.status IS 'Pending, Paid, Completed or Aborted';
COMMENT ON COLUMN spark.dds_sales_order.total_amount IS 'Roubles';
COMMENT ON COLUMN spark.dds_sales_order.region IS
'Region of the order in its first 200 characters; Unknown: it does not say';
