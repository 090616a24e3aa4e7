-- The web shop's returns, with the shop's own numbers.
SELECT
    return_id - 1000000000000 AS id,
    sale_id - 1000000000000 AS order_detail_id,
    returned_at,
    quantity,
    amount,
    reason,
    updated_at
FROM raw.sale_return
WHERE return_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
