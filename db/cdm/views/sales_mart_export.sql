-- cdm.sales_mart_export
--
-- Purpose: the contract with ClickHouse: cdm.sales_mart in types that cross over exactly.
-- Columns: those of cdm.sales_mart, and sold_on, the shop's local day of the sale (Europe/Moscow). Times are UTC
--     without zone, whatever the session's timezone. Open ends are 2299-12-31, the last day of DateTime64. Unknown is
--     0 or '' except client_age, which stays NULL so that averages leave it out. is_current is 1 or 0.
-- Reads: cdm.sales_mart. A condition on run_id is an index condition.
CREATE OR REPLACE VIEW cdm.sales_mart_export AS
SELECT
    m.sale_id,
    m.version_no,
    m.order_id,
    m.sold_at AT TIME ZONE 'UTC' AS sold_at,
    (m.sold_at AT TIME ZONE 'Europe/Moscow')::date AS sold_on,
    coalesce(m.client_id, 0) AS client_id,
    coalesce(m.client_sk, 0) AS client_sk,
    coalesce(m.client, '') AS client,
    m.client_age::smallint AS client_age,
    m.product_id,
    coalesce(m.product_sk, 0) AS product_sk,
    coalesce(m.product, '') AS product,
    coalesce(m.category, '') AS category,
    coalesce(m.size, '') AS size,
    coalesce(m.price, 0)::numeric(12, 2) AS price,
    m.quantity,
    coalesce(m.total_amount, 0)::numeric(22, 2) AS total_amount,
    m.valid_from AT TIME ZONE 'UTC' AS valid_from,
    CASE
        WHEN m.valid_to = 'infinity' THEN timestamp '2299-12-31 00:00:00'
        ELSE m.valid_to AT TIME ZONE 'UTC'
    END AS valid_to,
    m.is_current::integer::smallint AS is_current,
    m.run_id
FROM cdm.sales_mart AS m;

COMMENT ON VIEW cdm.sales_mart_export IS 'The contract with ClickHouse: the mart in types that cross over exactly';
COMMENT ON COLUMN cdm.sales_mart_export.sale_id IS 'Key of the line, as in dds.sale';
COMMENT ON COLUMN cdm.sales_mart_export.version_no IS 'Number of the version of this line: 1, 2, ...';
COMMENT ON COLUMN cdm.sales_mart_export.order_id IS 'Order that the line belongs to';
COMMENT ON COLUMN cdm.sales_mart_export.sold_at IS 'When the line was sold, UTC without zone';
COMMENT ON COLUMN cdm.sales_mart_export.sold_on IS 'Day of the sale where the shop is (Europe/Moscow)';
COMMENT ON COLUMN cdm.sales_mart_export.client_id IS 'Client who bought; 0: a guest';
COMMENT ON COLUMN cdm.sales_mart_export.client_sk IS
'Version of the client as of the sale (dds.client); 0: a guest, or the client is unknown';
COMMENT ON COLUMN cdm.sales_mart_export.client IS
'First and last name as of the sale; empty: a guest, or the client is unknown or forgotten';
COMMENT ON COLUMN cdm.sales_mart_export.client_age IS
'Full years on sold_on. NULL: a guest, or the birth date is unknown: averages leave the line out';
COMMENT ON COLUMN cdm.sales_mart_export.product_id IS 'Product that was bought';
COMMENT ON COLUMN cdm.sales_mart_export.product_sk IS
'Version of the product as of the sale (dds.product); 0: the product is unknown';
COMMENT ON COLUMN cdm.sales_mart_export.product IS 'Name of the product as of the sale; empty: the product is unknown';
COMMENT ON COLUMN cdm.sales_mart_export.category IS 'Category as of the sale; empty: unknown';
COMMENT ON COLUMN cdm.sales_mart_export.size IS 'Size as of the sale; empty: unknown, or the product has none';
COMMENT ON COLUMN cdm.sales_mart_export.price IS
'Price of a piece in roubles: the line''s own, else the product''s as of the sale; 0: none is known';
COMMENT ON COLUMN cdm.sales_mart_export.quantity IS 'Pieces; below zero: a return or a correction';
COMMENT ON COLUMN cdm.sales_mart_export.total_amount IS
'The line''s own amount, else price times quantity, in roubles; of a return below zero; 0: no price is known';
COMMENT ON COLUMN cdm.sales_mart_export.valid_from IS
'Start of the version in knowledge time, inclusive, UTC without zone';
COMMENT ON COLUMN cdm.sales_mart_export.valid_to IS
'End of the version in knowledge time, exclusive, UTC without zone; 2299-12-31 while the version is open';
COMMENT ON COLUMN cdm.sales_mart_export.is_current IS '1: the version is open; 0: it is closed';
COMMENT ON COLUMN cdm.sales_mart_export.run_id IS 'Run (sl.run) that last wrote the version. ClickHouse pulls by it';
