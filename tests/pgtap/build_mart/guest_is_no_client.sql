BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_client_id => NULL);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a guest''s line is in the mart'
);
SELECT results_eq(
    $$SELECT client_id, client, client_age, client_from, product, quantity, total_amount FROM tap.mart()$$,
    $$VALUES (NULL::integer, NULL::text, NULL::integer, NULL::timestamptz, 'Shirt', 2, 1000.00)$$,
    'without a client, with all else'
);

SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_client_id => 1);
SELECT tap.refresh();
SELECT results_eq(
    $$SELECT version_no, client_id, client, is_current FROM tap.mart()$$,
    $$VALUES (1, NULL::integer, NULL::text, false), (2, 1, 'Anna Orlova', true)$$,
    'a guest who turns out to be a client is a correction'
);

SELECT * FROM finish();
ROLLBACK;
