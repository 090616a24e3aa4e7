-- Returns, as raw/returns.sql reads them from raw.
SELECT
    id,
    order_detail_id,
    returned_at,
    quantity,
    amount,
    reason,
    updated_at
FROM shop.returns
