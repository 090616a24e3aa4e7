BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_client(1, tap.at(1), p_is_deleted => true);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT * FROM tap.mart() WHERE is_current$$,
    $$VALUES (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'in a gap the version before it is the one'
);

SELECT * FROM finish();
ROLLBACK;
