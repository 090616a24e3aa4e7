BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova');
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS SELECT * FROM cdm.sales_mart;
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.refresh()$$,
    $$VALUES (0, 0, 0, 0)$$,
    'a cancelled sale stays cancelled'
);
SELECT results_eq($$SELECT * FROM cdm.sales_mart$$, $$SELECT * FROM before$$, 'and as it was reported');

SELECT * FROM finish();
ROLLBACK;
