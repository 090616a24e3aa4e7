BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova', '1990-05-20');
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(2), first_name = 'Inna';
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(3), last_name = 'Belova';
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(4), birth_date = NULL;
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(5), email = 'a@example.com';
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(6), phone = '+7 900 000-00-00';
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(7), loyalty_status = 'Gold';
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(8), region = 'North';
SELECT tap.load('client');
UPDATE raw.client SET updated_at = tap.at(9), registered_at = tap.at(0);
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT
        c.first_name, c.last_name, c.birth_date, c.email, c.phone, c.loyalty_status, c.region, c.registered_at, c.valid_from,
        c.is_current
    FROM dds.client AS c ORDER BY c.valid_from$$,
    $$VALUES
    ('Anna', 'Orlova', date '1990-05-20', NULL, NULL, NULL, NULL, NULL::timestamptz, tap.at(1), false),
    ('Inna', 'Orlova', '1990-05-20', NULL, NULL, NULL, NULL, NULL, tap.at(2), false),
    ('Inna', 'Belova', '1990-05-20', NULL, NULL, NULL, NULL, NULL, tap.at(3), false),
    ('Inna', 'Belova', NULL, NULL, NULL, NULL, NULL, NULL, tap.at(4), false),
    ('Inna', 'Belova', NULL, 'a@example.com', NULL, NULL, NULL, NULL, tap.at(5), false),
    ('Inna', 'Belova', NULL, 'a@example.com', '+7 900 000-00-00', NULL, NULL, NULL, tap.at(6), false),
    ('Inna', 'Belova', NULL, 'a@example.com', '+7 900 000-00-00', 'Gold', NULL, NULL, tap.at(7), false),
    ('Inna', 'Belova', NULL, 'a@example.com', '+7 900 000-00-00', 'Gold', 'North', NULL, tap.at(8), false),
    ('Inna', 'Belova', NULL, 'a@example.com', '+7 900 000-00-00', 'Gold', 'North', tap.at(0), tap.at(9), true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.client$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'client'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
