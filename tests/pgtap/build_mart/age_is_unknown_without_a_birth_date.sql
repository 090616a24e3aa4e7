BEGIN;
SELECT plan(1);

-- Also where the first version has a date and the one valid at the sale has none.
SELECT tap.put_client(1, tap.at(1), p_birth_date => '1990-05-20');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), p_birth_date => NULL);
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', NULL::integer, tap.at(3),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'the client is known, the age is not'
);

SELECT * FROM finish();
ROLLBACK;
