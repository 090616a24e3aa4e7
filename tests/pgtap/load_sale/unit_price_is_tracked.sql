BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.load('sale');
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_unit_price => 450.50);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a price that the line is given opens a version'
);
SELECT results_eq(
    $$SELECT unit_price, valid_from, is_current FROM dds.sale ORDER BY valid_from$$,
    $$VALUES (NULL::numeric, tap.at(5), false), (450.50, tap.at(6), true)$$,
    'and the line had none before'
);

SELECT * FROM finish();
ROLLBACK;
