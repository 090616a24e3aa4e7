BEGIN;
SELECT plan(4);

-- One that the shop's clock wrote in the future: its deletion is later still.
INSERT INTO shop.transactions VALUES (7, 3, '2026-01-02', 100, 'card', 'Succeeded', '2026-01-02 10:00+00');
INSERT INTO shop.transactions VALUES (8, 3, '2026-01-02', 100, 'card', 'Succeeded', '2199-01-02 10:00+00');
DELETE FROM shop.transactions;

SELECT results_eq(
    $$SELECT p.payment_id, p.is_deleted, p.updated_at > timestamptz '2026-01-02 10:00+00'
    FROM raw.payment AS p ORDER BY p.payment_id$$,
    $$VALUES (1000000000007, true, true), (1000000000008, true, true)$$,
    'raw keeps it, deleted'
);
SELECT is(
    (SELECT p.updated_at FROM raw.payment AS p WHERE p.payment_id = 1000000000008),
    timestamptz '2199-01-02 10:00:00.000001+00',
    'later than its last state'
);
INSERT INTO shop.deliveries VALUES (8, 3, '2026-01-02', NULL, 'Тройка', 'Shipped', '2026-01-02 10:00+00');
INSERT INTO shop.deleted_row VALUES ('deliveries', 8, '2026-01-04 10:00+00');
DELETE FROM shop.deliveries;
SELECT results_eq(
    $$SELECT d.is_deleted, d.updated_at FROM raw.delivery AS d$$,
    $$VALUES (true, timestamptz '2026-01-04 10:00+00')$$,
    'at the time that the shop says'
);
INSERT INTO shop.transactions VALUES (7, 3, '2026-01-02', 50, 'card', 'Succeeded', '2026-01-05 10:00+00');
SELECT results_eq(
    $$SELECT p.amount, p.updated_at, p.is_deleted FROM raw.payment AS p WHERE p.payment_id = 1000000000007$$,
    $$VALUES (50.00, timestamptz '2026-01-05 10:00+00', false)$$,
    'one that is back is back'
);

SELECT * FROM finish();
ROLLBACK;
