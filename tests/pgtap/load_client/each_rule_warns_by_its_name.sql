BEGIN;
SELECT plan(3);

INSERT INTO raw.client (client_id, updated_at, first_name, last_name, email, loyalty_status, region)
VALUES
(1, tap.at(1), 'Anna', 'Orlova', 'anna.example.com', 'Gold', 'North'),
(2, tap.at(1), 'Anna', 'Orlova', '@example.com', 'Silver', 'South'),
(3, tap.at(1), 'Anna', 'Orlova', 'a@example.com', 'gold', 'East'),
(4, tap.at(1), 'Anna', 'Orlova', 'a@example.com', 'Basic', 'Centre'),
(5, tap.at(1), 'Anna', 'Orlova', 'a@b', 'Platinum', 'West'),
(6, tap.at(1), 'Anna', 'Orlova', ' ', '', ' '),
(7, tap.at(1), 'Anna', 'Orlova', NULL, NULL, NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (7, 7, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY rule_name$$,
    $$VALUES ('email_implausible', 2::bigint, '1'), ('loyalty_unknown', 1, '3'), ('region_unknown', 1, '4')$$,
    'a blank text is no reason to warn'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'client' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
