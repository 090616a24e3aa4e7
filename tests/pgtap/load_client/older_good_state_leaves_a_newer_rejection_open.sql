BEGIN;
SELECT plan(4);

SELECT tap.put_client(1, tap.at(5), p_last_name => NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3));
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (1, 1, 0, 0, 0, 0)$$, 'a late good state is loaded'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false)$$,
    'what was known to be bad later is still bad'
);

SELECT tap.put_client(1, tap.at(4), p_is_deleted => true);
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false)$$,
    'nor does a late deletion resolve it'
);

SELECT tap.put_client(1, tap.at(5), p_last_name => 'Mended');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', true)$$,
    'a good state of the same time does'
);

SELECT * FROM finish();
ROLLBACK;
