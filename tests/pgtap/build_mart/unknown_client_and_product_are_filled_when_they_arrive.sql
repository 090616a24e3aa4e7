BEGIN;
SELECT plan(4);

SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'the sale is in the mart before them'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES (
        1, 1, 10, tap.at(5), 1, NULL::text, NULL::integer, NULL::timestamptz,
        1, NULL::text, NULL::text, NULL::text, NULL::timestamptz, NULL::numeric, 2, NULL::numeric, true
    )$$,
    'with NULLs for what is unknown'
);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.refresh();
SELECT tap.put_product(1, tap.at(9));
SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'each arrival corrects it'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, NULL, NULL, NULL,
        1, NULL, NULL, NULL, NULL, NULL, 2, NULL, false
    ),
    (
        1, 2, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, NULL, NULL, NULL, NULL, NULL, 2, NULL, false
    ),
    (
        1, 3, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(9), 500.00, 2, 1000.00, true
    )$$,
    'what is known comes in one by one'
);

SELECT * FROM finish();
ROLLBACK;
