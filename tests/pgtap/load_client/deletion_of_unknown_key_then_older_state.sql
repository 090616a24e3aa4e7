BEGIN;
SELECT plan(4);

SELECT tap.put_client(1, tap.at(5), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'the deletion is counted'
);
SELECT is_empty($$SELECT * FROM tap.clients()$$, 'there is nothing to close');

SELECT tap.put_client(1, tap.at(3));
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'the older state that arrives after it is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(3), tap.at(5), false)$$,
    'and ends at the deletion'
);

SELECT * FROM finish();
ROLLBACK;
