BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlowa');
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova', '1990-01-20');

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'the sale is corrected though the surrogate key is the same'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlowa', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    ),
    (
        1, 2, 10, tap.at(5), 1, 'Anna Orlova', 34, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'what was reported before is kept'
);

SELECT * FROM finish();
ROLLBACK;
