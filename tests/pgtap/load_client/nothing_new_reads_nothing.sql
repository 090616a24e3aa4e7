BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT * FROM dds.client;

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'no row is read'
);
SELECT results_eq($$SELECT * FROM dds.client$$, $$SELECT * FROM before$$, 'no version is written');

SELECT * FROM finish();
ROLLBACK;
