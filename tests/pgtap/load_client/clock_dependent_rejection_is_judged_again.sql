BEGIN;
SELECT plan(5);

-- What lies in the future is simulated by the rule: days later than day 5 have not come yet, and then they have.
UPDATE sl.quality_rule
SET expression = $$birth_date <= date '2024-03-06'$$
WHERE entity_name = 'client' AND rule_name = 'birth_date_in_future';
SELECT tap.put_client(1, tap.at(1), p_birth_date => '2024-03-07');
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 0, 1)$$,
    'a row rejected by the clock is read again though nobody touched it'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'birth_date_in_future', false)$$,
    'and not rejected twice'
);

UPDATE sl.quality_rule
SET expression = $$birth_date <= date '2024-03-07'$$
WHERE entity_name = 'client' AND rule_name = 'birth_date_in_future';
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'when its day has come it is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'birth_date_in_future', true)$$,
    'and the rejection is resolved'
);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'after which nobody reads it again'
);

SELECT * FROM finish();
ROLLBACK;
