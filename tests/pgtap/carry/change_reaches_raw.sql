BEGIN;
SELECT plan(3);

INSERT INTO shop.transactions VALUES (7, 3, '2026-01-02', 100.50, 'card', 'Succeeded', '2026-01-02 10:00+00');
UPDATE shop.transactions SET status = 'Refunded', updated_at = '2026-01-03 10:00+00';
INSERT INTO shop.deliveries VALUES (8, NULL, '2026-01-02', NULL, 'Тройка', 'Shipped', '2026-01-02 10:00+00');
UPDATE shop.deliveries SET delivered_at = '2026-01-03', updated_at = '2026-01-03 10:00+00';
INSERT INTO shop.returns VALUES (9, 4, '2026-01-02', 2, 10, 'faulty', '2026-01-02 10:00+00');
UPDATE shop.returns SET reason = NULL, updated_at = '2026-01-03 10:00+00';

SELECT results_eq(
    $$SELECT p.payment_id, p.order_id, p.paid_at, p.amount, p.method, p.status, p.updated_at, p.is_deleted
    FROM raw.payment AS p$$,
    $$VALUES (
        1000000000007, 1000000000003, timestamptz '2026-01-02', 100.50, 'card', 'Refunded',
        timestamptz '2026-01-03 10:00+00', false
    )$$,
    'a payment, with the numbers of the web shop'
);
SELECT results_eq(
    $$SELECT d.delivery_id, d.order_id, d.shipped_at, d.delivered_at, d.carrier, d.status, d.updated_at, d.is_deleted
    FROM raw.delivery AS d$$,
    $$VALUES (
        1000000000008, NULL::bigint, timestamptz '2026-01-02', timestamptz '2026-01-03', 'Тройка', 'Shipped',
        timestamptz '2026-01-03 10:00+00', false
    )$$,
    'a delivery'
);
SELECT results_eq(
    $$SELECT r.return_id, r.sale_id, r.returned_at, r.quantity, r.amount, r.reason, r.updated_at, r.is_deleted
    FROM raw.sale_return AS r$$,
    $$VALUES (
        1000000000009, 1000000000004, timestamptz '2026-01-02', 2, 10.00, NULL::text,
        timestamptz '2026-01-03 10:00+00', false
    )$$,
    'a return'
);

SELECT * FROM finish();
ROLLBACK;
