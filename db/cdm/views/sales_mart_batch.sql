-- cdm.sales_mart_batch
--
-- Purpose: count, exact sums and a hash of the rows whose last writer is a run: what ClickHouse checks a pulled batch
--     against.
-- Columns: run_id; row_count, current_count: rows; sum_quantity: pieces; sum_total_amount: roubles; row_hash: sum over
--     the rows of the first 60 bits of the MD5 of a text of all columns of cdm.sales_mart_export, so that it does not
--     depend on the rows' order.
-- Reads: cdm.sales_mart. A condition on run_id is an index condition. A query that does not name row_hash does not pay
--     for it; one that does pays about 3 microseconds a row.
--
-- tshop.batch (clickhouse/ddl) makes the same text of what it holds. It depends on no setting of the session, and no
-- two rows have the same one: no number holds the separator, the lengths (bytes of UTF-8) tell the texts at the end
-- apart, an unknown age is '', and a guest's client_id 0. Times are seconds since 1970 with six decimals, sold_on is
-- days since then.
CREATE OR REPLACE VIEW cdm.sales_mart_batch AS
SELECT
    m.run_id,
    count(*) AS row_count,
    count(*) FILTER (WHERE m.is_current) AS current_count,
    sum(m.quantity)::bigint AS sum_quantity,
    coalesce(sum(m.total_amount), 0)::numeric(38, 2) AS sum_total_amount,
    sum(
        (
            'x' || left(
                md5(
                    concat_ws(
                        '|',
                        m.sale_id,
                        m.version_no,
                        m.order_id,
                        extract(EPOCH FROM m.sold_at),
                        (m.sold_at AT TIME ZONE 'Europe/Moscow')::date - date '1970-01-01',
                        coalesce(m.client_id, 0),
                        coalesce(m.client_sk, 0),
                        coalesce(m.client_age::text, ''),
                        m.product_id,
                        coalesce(m.product_sk, 0),
                        coalesce(m.price, 0.00),
                        m.quantity,
                        coalesce(m.total_amount, 0.00),
                        extract(EPOCH FROM m.valid_from),
                        extract(EPOCH FROM least(m.valid_to, timestamptz '2299-12-31 00:00:00+00')),
                        m.is_current::integer,
                        m.run_id,
                        coalesce(octet_length(m.client), 0),
                        coalesce(octet_length(m.product), 0),
                        coalesce(octet_length(m.category), 0),
                        coalesce(m.client, ''),
                        coalesce(m.product, ''),
                        coalesce(m.category, ''),
                        coalesce(m.size, '')
                    )
                ),
                15
            )
        )::bit(60)::bigint
    )::numeric(38, 0) AS row_hash
FROM cdm.sales_mart AS m
GROUP BY m.run_id;

COMMENT ON VIEW cdm.sales_mart_batch IS 'Count, exact sums and hash of the rows each run last wrote';
COMMENT ON COLUMN cdm.sales_mart_batch.run_id IS 'Run (sl.run) that last wrote the rows: the batch';
COMMENT ON COLUMN cdm.sales_mart_batch.row_count IS 'Rows of the batch';
COMMENT ON COLUMN cdm.sales_mart_batch.current_count IS 'Current rows of the batch';
COMMENT ON COLUMN cdm.sales_mart_batch.sum_quantity IS 'Pieces, summed over the batch';
COMMENT ON COLUMN cdm.sales_mart_batch.sum_total_amount IS
'Roubles, summed over the batch; an unknown amount counts as 0';
COMMENT ON COLUMN cdm.sales_mart_batch.row_hash IS
'Sum over the rows of the first 60 bits of the MD5 of a text of all columns. The order of the rows does not matter';
