BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(7), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(7), tap.at(5), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'a return that is deleted at its own time leaves an older deletion, and the sale is deleted'
);
SELECT results_eq(
    $$SELECT version_no, is_current FROM tap.mart()$$,
    $$VALUES (1, false), (2, false)$$,
    'no row is current'
);

SELECT * FROM finish();
ROLLBACK;
