BEGIN;
SELECT plan(6);

-- 280 MB, which as a jsonb is more than there can be.
SELECT tap.put_client(1, tap.at(1), repeat('x', 280000000));
SELECT tap.put_client(2, tap.at(1), repeat('я', 32768), 'Orlova');
SELECT tap.put_client(3, tap.at(1), repeat('я', 32769), 'Orlova');
SELECT tap.put_client(4, 'infinity', repeat('x', 280000000));
SELECT tap.put_client(5, tap.at(1), repeat('x', 280000000), p_is_deleted => true);
SELECT tap.put_client(6, tap.at(1));
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (6, 2, 0, 1, 0, 3)$$, 'a first load takes the others'
);
SELECT results_eq(
    $$SELECT j.entity_key, j.rule_name, length(j.row ->> 'first_name') < 130, j.row ->> 'last_name'
    FROM sl.rejected_row AS j ORDER BY j.entity_key$$,
    $$VALUES
    ('1', 'value_too_long', true, 'Orlova'),
    ('3', 'value_too_long', true, 'Orlova'),
    ('4', 'updated_at_not_finite', true, 'Orlova')$$,
    'the rejection keeps the beginning of the value'
);
SELECT is(
    (SELECT j.row ->> 'first_name' FROM sl.rejected_row AS j WHERE j.entity_key = '3'),
    repeat('я', 100) || ' ... (65538 bytes)',
    'and its size'
);

SELECT tap.put_client(6, tap.at(2), repeat('x', 280000000));
SELECT tap.put_client(7, tap.at(2));
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (2, 1, 0, 0, 0, 1)$$, 'so does the next one'
);
UPDATE sl.entity SET longest_value = 10 WHERE entity_name = 'client';
SELECT tap.put_client(8, tap.at(2), 'Olga', 'Konstantinopolskaya');
SELECT results_eq($$SELECT * FROM tap.load('client')$$, $$VALUES (1, 0, 0, 0, 0, 1)$$, 'the limit is the entity''s');
SELECT is(tap.audit_detail(), 'clean', 'the audit looks at such rows, too');

SELECT * FROM finish();
ROLLBACK;
