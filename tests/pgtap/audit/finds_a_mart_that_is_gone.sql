BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);
SELECT is(tap.audit_detail(), 'clean', 'nothing is amiss');

-- The mart declares a copy of the client's name, too.
DROP TABLE cdm.sales_mart CASCADE;
SELECT is(
    tap.audit_detail(), E'cdm.sales_mart: image_missing: 1\ncdm.sales_mart: table_missing: 1',
    'a mart whose table and image were dropped is named'
);
UPDATE dds.client SET first_name = 'Anna' WHERE client_id = 1 AND is_current;
SELECT matches(tap.audit_detail(), 'forgotten_key_known: 1, e.g. key 1', 'and all else is checked');

SELECT * FROM finish();
ROLLBACK;
