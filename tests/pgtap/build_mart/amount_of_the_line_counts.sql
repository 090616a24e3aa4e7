BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_unit_price => 450.50);
SELECT tap.put_sale(2, tap.at(5), tap.at(5));
SELECT tap.put_sale(3, tap.at(5), tap.at(5), p_product_id => 404);
UPDATE raw.sale SET amount = 899.99 WHERE sale_id IN (1, 3);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, price, quantity, total_amount FROM tap.mart()$$,
    $$VALUES (1, 450.50, 2, 899.99), (2, 500.00, 2, 1000.00), (3, NULL, 2, 899.99)$$,
    'where it is given, while the product is unknown too; else price times quantity'
);

UPDATE raw.sale SET amount = 0, updated_at = tap.at(6) WHERE sale_id = 1;
SELECT tap.refresh();
SELECT results_eq(
    $$SELECT sale_id, total_amount FROM tap.mart() WHERE is_current$$,
    $$VALUES (1, 0.00), (2, 1000.00), (3, 899.99)$$,
    '0 is an amount'
);

SELECT * FROM finish();
ROLLBACK;
