BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, '4714-11-24 00:00:00+00 BC');
SELECT tap.put_client(2, '1899-12-31 23:59:59+00');
SELECT tap.put_client(3, '1900-01-01 00:00:00+00');
SELECT tap.put_client(4, '294276-12-31 00:00:00+00');
SELECT tap.put_client(5, clock_timestamp() + interval '1 hour', p_is_deleted => true);
SELECT tap.put_client(6, clock_timestamp() + interval '1 minute');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (6, 2, 0, 0, 0, 4)$$,
    'a state of no plausible time is rejected, deletions too'
);
SELECT results_eq(
    $$SELECT c.client_id FROM tap.clients() AS c$$, $$VALUES (3), (6)$$,
    'one that lies within the tolerance is loaded'
);
SELECT results_eq(
    $$SELECT entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES
    ('1', 'updated_at_implausible'),
    ('2', 'updated_at_implausible'),
    ('4', 'updated_at_in_future'),
    ('5', 'updated_at_in_future')$$,
    'by name'
);

SELECT * FROM finish();
ROLLBACK;
