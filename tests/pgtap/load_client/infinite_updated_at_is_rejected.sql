BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, 'infinity');
SELECT tap.put_client(2, '-infinity');
SELECT tap.put_client(3, 'infinity', p_is_deleted => true);
SELECT tap.put_client(4, tap.at(1));

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (4, 1, 0, 0, 0, 3)$$,
    'a state without a place in time is rejected, deletions too'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (4, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true)$$,
    'the good row is loaded'
);
SELECT results_eq(
    $$SELECT entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES ('1', 'updated_at_not_finite'), ('2', 'updated_at_not_finite'), ('3', 'updated_at_not_finite')$$,
    'by name'
);

SELECT * FROM finish();
ROLLBACK;
