BEGIN;
SELECT plan(1);

-- As after the mirrors were emptied and copied again: no load has to read what is as it was.
INSERT INTO shop.transactions VALUES (7, 3, '2026-01-02', 100, 'card', 'Succeeded', '2026-01-02 10:00+00');
INSERT INTO shop.deliveries VALUES (8, NULL, '2026-01-02', NULL, 'Тройка', 'Shipped', '2026-01-02 10:00+00');
INSERT INTO shop.returns VALUES (9, 4, '2026-01-02', 2, 10, NULL, '2026-01-02 10:00+00');
CREATE TEMPORARY TABLE before AS
SELECT p.ctid AS place, p.payment_id AS key FROM raw.payment AS p
UNION ALL
SELECT d.ctid, d.delivery_id FROM raw.delivery AS d
UNION ALL
SELECT r.ctid, r.return_id FROM raw.sale_return AS r;
TRUNCATE shop.transactions, shop.deliveries, shop.returns;
INSERT INTO shop.transactions VALUES (7, 3, '2026-01-02', 100, 'card', 'Succeeded', '2026-01-02 10:00+00');
INSERT INTO shop.deliveries VALUES (8, NULL, '2026-01-02', NULL, 'Тройка', 'Shipped', '2026-01-02 10:00+00');
INSERT INTO shop.returns VALUES (9, 4, '2026-01-02', 2, 10, NULL, '2026-01-02 10:00+00');

SELECT bag_eq(
    $$SELECT p.ctid AS place, p.payment_id FROM raw.payment AS p
    UNION ALL
    SELECT d.ctid, d.delivery_id FROM raw.delivery AS d
    UNION ALL
    SELECT r.ctid, r.return_id FROM raw.sale_return AS r$$,
    'SELECT * FROM before',
    'the rows of raw are the same ones'
);

SELECT * FROM finish();
ROLLBACK;
