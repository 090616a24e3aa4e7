BEGIN;
SELECT plan(4);

SELECT results_eq(
    $$SELECT entity_name, rule_name, rows, example_key, run_id, loaded_at
    FROM sl.status_warning ORDER BY entity_name, rule_name$$,
    $$SELECT entity_name, rule_name, 0::bigint, NULL::text, NULL::bigint, NULL::timestamptz
    FROM sl.quality_rule WHERE severity = 'warn' ORDER BY entity_name, rule_name$$,
    'a rule that has never warned has its row'
);

SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_client_id => NULL);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_client_id => NULL);
SELECT tap.put_sale(3, tap.at(5), tap.at(5), p_quantity => -1);
SELECT tap.load('sale');
SELECT tap.put_sale(4, tap.at(5), tap.at(5), p_client_id => NULL);
SELECT tap.load('sale');
SELECT results_eq(
    $$SELECT
        w.rule_name,
        w.rows,
        w.example_key,
        w.description IS NOT NULL,
        w.run_id - m.first_run_id,
        w.loaded_at = r.started_at
    FROM sl.status_warning AS w
    INNER JOIN sl.run AS r USING (run_id)
    CROSS JOIN (SELECT min(run_id) AS first_run_id FROM sl.run) AS m
    ORDER BY w.rule_name$$,
    $$VALUES
    ('client_missing', 1::bigint, '4', true, 1::bigint, true), ('quantity_negative', 1, '3', true, 0, true)$$,
    'rows of the latest load that had any, of each rule by itself'
);

SELECT tap.load('sale');
SELECT is(
    (
        SELECT w.example_key
        FROM sl.status_warning AS w
        WHERE w.entity_name = 'sale' AND w.rule_name = 'client_missing'
    ),
    '4',
    'a load with nothing new leaves them told'
);

SELECT is_empty(
    $$SELECT FROM sl.status_warning WHERE entity_name = 'sale' AND rule_name = 'quantity_zero'$$,
    'a rule that rejects is none of them'
);

SELECT * FROM finish();
ROLLBACK;
