BEGIN;
SELECT plan(2);

-- First the clock is to blame, then the day has come and another rule is: no passing of time can heal that.
UPDATE sl.quality_rule
SET expression = 'false'
WHERE entity_name = 'client' AND rule_name = 'birth_date_in_future';
SELECT tap.put_client(1, tap.at(1), p_birth_date => '1899-01-01');
SELECT tap.load('client');
UPDATE sl.quality_rule
SET expression = 'true'
WHERE entity_name = 'client' AND rule_name = 'birth_date_in_future';

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 0, 1)$$,
    'the row is judged again and rejected by the other rule'
);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'after which a run with nothing new reads nothing'
);

SELECT * FROM finish();
ROLLBACK;
