-- cdm.sales_mart_export
--
-- Purpose: the contract with ClickHouse: cdm.sales_mart in types that cross over exactly.
-- Columns: those of cdm.sales_mart, and sold_on, the shop's local day of the sale (Europe/Moscow). Times are UTC
--     without zone, whatever the session's timezone. Open ends are 2299-12-31, the last day of DateTime64. Unknown is
--     0 or '' but for client_age, which stays NULL so that averages leave it out. is_current is 1 or 0.
-- Reads: cdm.sales_mart. A condition on run_id is an index condition.
CREATE OR REPLACE VIEW cdm.sales_mart_export AS
SELECT
    m.sale_id,
    m.version_no,
    m.order_id,
    m.sold_at AT TIME ZONE 'UTC' AS sold_at,
    (m.sold_at AT TIME ZONE 'Europe/Moscow')::date AS sold_on,
    m.client_id,
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
