-- The web shop's payments, with the shop's own numbers.
SELECT
    payment_id - 1000000000000 AS id,
    order_id - 1000000000000 AS order_id,
    paid_at,
    amount,
    method,
    status,
    updated_at
FROM raw.payment
WHERE payment_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
