BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(n, tap.at(5), tap.at(5), 1) FROM generate_series(1, 20) AS s (n);
SELECT tap.put_sale(21, tap.at(5), tap.at(5), 2);
SELECT tap.refresh();
SELECT tap.put_client(2, tap.at(3), 'Anna', 'Belova');
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (2, 0, 2, 0, 0, 0)$$,
    'two sales of 21'
);

SELECT * FROM finish();
ROLLBACK;
