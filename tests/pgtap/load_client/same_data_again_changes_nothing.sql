BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(2), 'Ivan', 'Petrov', NULL);
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT * FROM dds.client;
SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(2), 'Ivan', 'Petrov', NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 0, 0, 0, 2, 0)$$,
    'rows delivered again are unchanged'
);
SELECT results_eq(
    $$SELECT * FROM dds.client ORDER BY client_sk$$,
    $$SELECT * FROM before ORDER BY client_sk$$,
    'no version is written'
);

SELECT * FROM finish();
ROLLBACK;
