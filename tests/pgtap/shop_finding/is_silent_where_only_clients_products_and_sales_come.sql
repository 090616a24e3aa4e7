BEGIN;
SELECT plan(6 + (SELECT count(*)::integer FROM sl.mart WHERE mart_name <> 'sales_mart'));

SELECT tap.put_healthy_warehouse();
SELECT tap.load(e.entity_name) FROM sl.entity AS e ORDER BY e.entity_name;

SELECT results_eq(
    format($$SELECT * FROM tap.call('%s')$$, sl._build_name(m)),
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    format('%s has nothing to say', m.mart_name)
)
FROM sl.mart AS m
WHERE m.mart_name <> 'sales_mart'
ORDER BY m.mart_name;
SELECT results_eq(
    $$SELECT sale_id, client, product, total_amount, is_current FROM tap.mart()$$,
    $$VALUES
    (1, 'Anna Orlova', 'Shirt', 1000.00, false),
    (1, 'Anna Belova', 'Shirt', 1000.00, true),
    (2, 'Ivan Petrov', 'Shirt', 500.00, false),
    (3, NULL, NULL, NULL, true)$$,
    'the sales mart says what it says without orders'
);
SELECT is_empty($$SELECT * FROM cdm.shop_finding$$, 'nothing is wrong: orders are not delivered, not missing');
SELECT is_empty($$SELECT * FROM sl.rule_warning$$, 'and nothing warns');
SELECT is_empty($$SELECT * FROM sl.status_lag WHERE rows_behind > 0$$, 'nothing is behind');
SELECT is_empty($$SELECT * FROM sl.status_drift$$, 'all is as it was declared');
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
