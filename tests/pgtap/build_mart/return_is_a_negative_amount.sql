BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 499.95);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 3);
SELECT tap.put_sale(2, tap.at(6), tap.at(6), p_quantity => -1, p_order_id => 11);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, order_id, price, quantity, total_amount FROM tap.mart()$$,
    $$VALUES (1, 10, 499.95, 3, 1499.85), (2, 11, 499.95, -1, -499.95)$$,
    'a return is a line of its own, with the price that a piece has'
);
SELECT results_eq(
    $$SELECT sum(quantity), sum(total_amount) FROM cdm.sales_mart WHERE is_current$$,
    $$VALUES (2::bigint, 999.90)$$,
    'sums are less what was returned'
);

SELECT * FROM finish();
ROLLBACK;
