-- Payments, as raw/transactions.sql reads them from raw.
SELECT
    id,
    order_id,
    paid_at,
    amount,
    method,
    status,
    updated_at
FROM shop.transactions
