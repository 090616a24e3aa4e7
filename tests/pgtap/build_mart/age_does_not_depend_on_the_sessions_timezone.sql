BEGIN;
SELECT plan(1);

SET LOCAL timezone = 'America/New_York';
SELECT tap.put_client(1, tap.at(1), p_birth_date => '1990-03-08');
SELECT tap.put_sale(1, tap.at(9), '2024-03-07 20:30:00+00');
SELECT tap.put_sale(2, tap.at(9), '2024-03-07 22:30:00+00');
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, client_age FROM tap.mart()$$,
    $$VALUES (1, 33), (2, 34)$$,
    'the shop''s day is Moscow''s wherever the caller sits'
);

SELECT * FROM finish();
ROLLBACK;
