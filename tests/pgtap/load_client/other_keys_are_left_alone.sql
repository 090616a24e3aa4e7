BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(3), 'Anna', 'Orlova');
SELECT tap.put_client(2, tap.at(3), 'Ivan', 'Petrov');
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT * FROM dds.client WHERE client_id = 2;
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Belova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(4), 'Anna', 'Belova');
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM dds.client WHERE client_id = 2$$,
    $$SELECT * FROM before$$,
    'late and new states of one client write nothing of another'
);

SELECT * FROM finish();
ROLLBACK;
