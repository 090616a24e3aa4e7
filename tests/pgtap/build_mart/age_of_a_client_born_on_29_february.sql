BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), p_birth_date => '2000-02-29');
SELECT tap.put_sale(1, tap.at(9), '2023-02-27 12:00:00+00');
SELECT tap.put_sale(2, tap.at(9), '2023-03-01 12:00:00+00');
SELECT tap.put_sale(3, tap.at(9), '2024-02-28 12:00:00+00');
SELECT tap.put_sale(4, tap.at(9), '2024-02-29 12:00:00+00');
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, client_age FROM tap.mart()$$,
    $$VALUES (1, 22), (2, 23), (3, 23), (4, 24)$$,
    'a year older by 1 March, in a leap year on 29 February'
);

SELECT * FROM finish();
ROLLBACK;
