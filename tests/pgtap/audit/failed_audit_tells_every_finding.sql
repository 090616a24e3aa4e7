BEGIN;
SELECT plan(1);

SELECT tap.put_healthy_warehouse();
UPDATE dds.product SET valid_to = valid_from;
UPDATE cdm.sales_mart SET version_no = 3 WHERE sale_id = 1 AND version_no = 2;

SELECT set_has(
    $$SELECT split_part(line, ':', 1) AS target, split_part(line, ': ', 2) AS check_name
    FROM string_to_table(tap.audit_detail(), E'\n') AS s (line)$$,
    $$VALUES ('dds.product', 'interval_empty'), ('cdm.sales_mart', 'version_numbers_broken')$$,
    'one line a target and check'
);

SELECT * FROM finish();
ROLLBACK;
