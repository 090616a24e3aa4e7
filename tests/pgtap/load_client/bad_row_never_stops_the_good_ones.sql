BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_client(2, tap.at(1), 'Ivan', '  ');
SELECT tap.put_client(3, tap.at(1), 'Pavel', 'Petrov');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (3, 2, 0, 0, 0, 1)$$,
    'two inserted, one rejected'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true),
    (3, 'Pavel', 'Petrov', '1990-05-20', tap.at(1), 'infinity', true)$$,
    'the good ones are loaded'
);
SELECT results_eq(
    $$SELECT
        entity_name,
        entity_key,
        rule_name,
        row ->> 'client_id',
        row ->> 'first_name',
        row ->> 'last_name',
        (row ->> 'birth_date')::date,
        (row ->> 'updated_at')::timestamptz,
        run_id,
        resolved_run_id,
        resolved_at
    FROM sl.rejected_row$$,
    $$SELECT
        'client',
        '2',
        'name_missing',
        '2',
        'Ivan',
        '  ',
        date '1990-05-20',
        tap.at(1),
        max(run_id),
        NULL::bigint,
        NULL::timestamptz
    FROM sl.run$$,
    'the bad one is kept whole, with the rule it fails and the run'
);

SELECT * FROM finish();
ROLLBACK;
