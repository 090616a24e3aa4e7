BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 2);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_quantity => 1);
SELECT tap.put_sale(3, tap.at(5), tap.at(5), 404, 404, 5);
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT row_count, current_count, sum_quantity, sum_total_amount FROM cdm.sales_mart_batch ORDER BY run_id$$,
    $$VALUES (2::bigint, 2::bigint, 6::bigint, 500.00), (2, 1, 5, 2500.00)$$,
    'the second batch holds the new version and the closed image of the old one'
);

SELECT * FROM finish();
ROLLBACK;
