BEGIN;
SELECT plan(8);

SELECT tap.put_client(1, tap.at(1), p_last_name => 'First');
SELECT tap.put_client(2, tap.at(1));
SELECT tap.put_client(3, tap.at(1));
SELECT tap.put_client(5, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5), 1);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), 4);
SELECT tap.refresh();
-- As it was before there was a rule: what comes from the future, and from before all time, is taken in.
UPDATE sl.entity SET future_tolerance = '100 years', plausible_from = '-infinity';
SELECT tap.put_client(1, '2099-01-01', p_last_name => 'Future');
SELECT tap.put_client(2, '2099-01-01');
SELECT tap.put_client(3, '2099-01-01', p_is_deleted => true);
SELECT tap.put_client(4, '2099-01-01', p_last_name => 'Never');
SELECT tap.put_client(5, '1800-01-01', p_last_name => 'Old');
SELECT tap.put_sale(3, '2099-01-01', tap.at(5), 2);
SELECT tap.refresh();
-- Real corrections and deletions are filed before it.
SELECT tap.put_client(1, tap.at(7), p_last_name => 'Second');
SELECT tap.put_client(2, tap.at(7), p_is_deleted => true);
SELECT tap.refresh();
UPDATE sl.entity SET future_tolerance = DEFAULT, plausible_from = DEFAULT;

SELECT results_eq(
    $$SELECT rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
    FROM sl.remove_implausible('client')$$,
    $$VALUES (5::bigint, 0::bigint, 3::bigint, 2::bigint, 0::bigint, 0::bigint)$$,
    'each key that held an implausible time is counted'
);
SELECT results_eq(
    $$SELECT c.client_id, c.last_name, c.valid_from, c.valid_to, c.is_current FROM tap.clients() AS c$$,
    $$VALUES
    (1, 'First', tap.at(1), tap.at(7), false),
    (1, 'Second', tap.at(7), timestamptz 'infinity', true),
    (2, 'Orlova', tap.at(1), tap.at(7), false),
    (3, 'Orlova', tap.at(1), timestamptz 'infinity', true),
    (5, 'Orlova', tap.at(1), timestamptz 'infinity', true)$$,
    'only what has a plausible time is left'
);
SELECT is_empty(
    $$SELECT FROM dds.client AS c WHERE now() < ANY (c.observed_at)$$, 'of the observations, too'
);
SELECT sl.remove_implausible('sale');
SELECT tap.settle();
SELECT tap.refresh();
SELECT results_eq(
    $$SELECT j.entity_name, j.entity_key, j.rule_name FROM tap.rejections() AS j
    WHERE NOT j.is_resolved ORDER BY 1, 2$$,
    $$VALUES
    ('client', '3', 'updated_at_in_future'),
    ('client', '4', 'updated_at_in_future'),
    ('client', '5', 'updated_at_implausible'),
    ('sale', '3', 'updated_at_in_future')$$,
    'the next load rejects what raw still holds of it'
);
SELECT results_eq(
    $$SELECT m.sale_id, m.client FROM tap.mart() AS m WHERE m.is_current$$,
    $$VALUES (1, 'Anna First'), (2, NULL)$$,
    'the next build follows'
);
SELECT is_empty(
    $$SELECT FROM sl.watermark AS w WHERE w.high_updated_at > now() + interval '1 hour'$$,
    'no watermark names a time that is in no table'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit is clean');
SELECT results_eq(
    $$SELECT rows_read FROM sl.remove_implausible('client')$$, $$VALUES (0::bigint)$$, 'a second call finds nothing'
);

SELECT * FROM finish();
ROLLBACK;
