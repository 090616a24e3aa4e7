BEGIN;
SELECT plan(4);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);
SELECT is(tap.audit_detail(), 'clean', 'nothing is known of a forgotten client');

SAVEPOINT forgotten;
UPDATE dds.client SET first_name = 'Anna' WHERE client_id = 1 AND is_current;
SELECT matches(tap.audit_detail(), 'forgotten_client_known: 1, e.g. key 1', 'in dds');
ROLLBACK TO forgotten;
UPDATE cdm.sales_mart SET client = 'Anna Belova' WHERE sale_id = 1 AND NOT is_current;
SELECT matches(tap.audit_detail(), 'forgotten_client_known: 1, e.g. key 1', 'in an old version of the mart');
ROLLBACK TO forgotten;
ALTER TABLE raw.client DISABLE TRIGGER keep_forgotten;
UPDATE raw.client SET birth_date = '1990-05-20' WHERE client_id = 1;
SELECT matches(tap.audit_detail(), 'forgotten_client_known: 1, e.g. key 1', 'in raw');

SELECT * FROM finish();
ROLLBACK;
