BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), NULL, 'Orlova');
SELECT tap.put_client(2, tap.at(1), '', 'Orlova');
SELECT tap.put_client(3, tap.at(1), 'Anna', NULL);
SELECT tap.put_client(4, tap.at(1), 'Anna', ' ');
SELECT tap.put_client(5, tap.at(1), p_birth_date => '2999-01-01');
SELECT tap.put_client(6, tap.at(1), p_birth_date => 'infinity');
SELECT tap.put_client(7, tap.at(1), p_birth_date => '1899-12-31');
SELECT tap.put_client(8, tap.at(1), p_birth_date => '1900-01-01');
SELECT tap.put_client(9, tap.at(1), p_birth_date => NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (9, 2, 0, 0, 0, 7)$$,
    'the least birth date and an unknown one are good'
);
SELECT results_eq(
    $$SELECT entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES
    ('1', 'name_missing'),
    ('2', 'name_missing'),
    ('3', 'name_missing'),
    ('4', 'name_missing'),
    ('5', 'birth_date_in_future'),
    ('6', 'birth_date_in_future'),
    ('7', 'birth_date_implausible')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'client' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
