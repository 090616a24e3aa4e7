BEGIN;
SELECT plan(4);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1));
SELECT tap.put_client(3, tap.at(1));
SELECT tap.put_client(4, tap.at(1));
SELECT tap.put_client(5, tap.at(3));
SELECT tap.put_client(6, tap.at(1));
SELECT tap.put_client(7, tap.at(3));
SELECT tap.load('client');
-- In this order: new state, correction, deletion, touch, late state, bad state, earlier same state, new key, deletion
-- of a key never seen, new bad key.
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');
SELECT tap.put_client(2, tap.at(1), 'Anna', 'Belova');
SELECT tap.put_client(3, tap.at(2), p_is_deleted => true);
SELECT tap.put_client(4, tap.at(2));
SELECT tap.put_client(5, tap.at(2), 'Anna', 'Belova');
SELECT tap.put_client(6, tap.at(2), NULL, NULL);
SELECT tap.put_client(7, tap.at(2));
SELECT tap.put_client(8, tap.at(2));
SELECT tap.put_client(9, tap.at(2), p_is_deleted => true);
SELECT tap.put_client(10, tap.at(2), p_birth_date => '1800-01-01');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (10, 3, 2, 2, 1, 2)$$,
    'each row has exactly one outcome'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(2), 'infinity', true),
    (2, 'Anna', 'Belova', '1990-05-20', tap.at(1), 'infinity', true),
    (3, 'Anna', 'Orlova', '1990-05-20', tap.at(1), tap.at(2), false),
    (4, 'Anna', 'Orlova', '1990-05-20', tap.at(1), 'infinity', true),
    (5, 'Anna', 'Belova', '1990-05-20', tap.at(2), tap.at(3), false),
    (5, 'Anna', 'Orlova', '1990-05-20', tap.at(3), 'infinity', true),
    (6, 'Anna', 'Orlova', '1990-05-20', tap.at(1), 'infinity', true),
    (7, 'Anna', 'Orlova', '1990-05-20', tap.at(2), 'infinity', true),
    (8, 'Anna', 'Orlova', '1990-05-20', tap.at(2), 'infinity', true)$$,
    'and one batch does what ten would'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES ('client', '10', 'birth_date_implausible', false), ('client', '6', 'name_missing', false)$$,
    'the bad ones are kept'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
