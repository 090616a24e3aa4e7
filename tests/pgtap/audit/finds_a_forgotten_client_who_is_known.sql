BEGIN;
SELECT plan(6);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);
SELECT is(tap.audit_detail(), 'clean', 'nothing is known of a forgotten client');

-- Each plant is taken back before the next.
UPDATE dds.client SET first_name = 'Anna' WHERE client_id = 1 AND is_current;
SELECT matches(tap.audit_detail(), 'forgotten_key_known: 1, e.g. key 1', 'in dds');
UPDATE dds.client SET first_name = NULL WHERE client_id = 1;

UPDATE cdm.sales_mart SET client = 'Anna Belova' WHERE sale_id = 1 AND NOT is_current;
SELECT matches(tap.audit_detail(), 'forgotten_key_known: 1, e.g. key 1', 'in an old version of the mart');
UPDATE cdm.sales_mart SET client = NULL WHERE sale_id = 1;

INSERT INTO sl.rejected_row (entity_name, entity_key, rule_name, row, run_id, rejected_at, last_run_id, last_seen)
SELECT 'client', '1', 'name_missing', '{"first_name": "Anna"}', max(r.run_id), now(), max(r.run_id), now()
FROM sl.run AS r;
SELECT matches(tap.audit_detail(), 'forgotten_key_known: 1, e.g. key 1', 'among the rejected rows');
DELETE FROM sl.rejected_row WHERE entity_key = '1';

UPDATE cdm.sales_mart SET client_id = 1 WHERE sale_id = 2;
SELECT matches(tap.audit_detail(), 'forgotten_key_known: 1, e.g. key 1', 'in a sale that was the client''s once');
UPDATE cdm.sales_mart SET client_id = 2 WHERE sale_id = 2;

ALTER TABLE raw.client DISABLE TRIGGER sl_forget_update;
UPDATE raw.client SET birth_date = '1990-05-20' WHERE client_id = 1;
SELECT matches(tap.audit_detail(), 'forgotten_key_known: 1, e.g. key 1', 'in raw');

SELECT * FROM finish();
ROLLBACK;
