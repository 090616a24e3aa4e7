BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova', '1990-05-20');
SELECT tap.put_product(1, tap.at(1), 499.95, 'Shirt', 'Tops', 'M');
SELECT tap.put_product(2, tap.at(1), 1500, 'Coat', 'Outerwear', 'L');
SELECT tap.put_sale(1, tap.at(5), tap.at(5), 1, 1, 3, 10);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), 1, 2, 1, 10);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (2, 2, 0, 0, 0, 0)$$,
    'both lines of the order are inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 499.95, 3, 1499.85, true
    ),
    (
        2, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        2, 'Coat', 'Outerwear', 'L', tap.at(1), 1500.00, 1, 1500.00, true
    )$$,
    'with client and product; the amount is price times quantity'
);
SELECT results_eq(
    $$SELECT DISTINCT valid_from, valid_to, run_id FROM cdm.sales_mart$$,
    $$SELECT started_at, timestamptz 'infinity', run_id FROM sl.run ORDER BY run_id DESC LIMIT 1$$,
    'known from the clock of the run on'
);

SELECT * FROM finish();
ROLLBACK;
