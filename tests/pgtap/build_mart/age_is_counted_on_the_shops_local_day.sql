BEGIN;
SELECT plan(1);

-- Moscow is three hours ahead of UTC: the birthday, 8 March 2024, begins on 7 March at 21:00 UTC.
SELECT tap.put_client(1, tap.at(1), p_birth_date => '1990-03-08');
SELECT tap.put_sale(1, tap.at(9), '2024-03-07 20:59:59.999999+00');
SELECT tap.put_sale(2, tap.at(9), '2024-03-07 21:00:00+00');
SELECT tap.put_sale(3, tap.at(9), '2024-03-07 22:30:00+00');
SELECT tap.put_sale(4, tap.at(9), '2024-03-08 20:59:59+00');
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, sold_at, client_age FROM tap.mart()$$,
    $$VALUES
    (1, timestamptz '2024-03-07 20:59:59.999999+00', 33),
    (2, '2024-03-07 21:00:00+00', 34),
    (3, '2024-03-07 22:30:00+00', 34),
    (4, '2024-03-08 20:59:59+00', 34)$$,
    'a year older from the local midnight on'
);

SELECT * FROM finish();
ROLLBACK;
