BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();
SELECT tap.record_failure('dds.load_sale', 'TS004', 'too many', 'where it was');
UPDATE sl.run SET started_at = finished_at - interval '2.5 s' WHERE error_sqlstate = 'TS004';
SELECT results_eq(
    $$SELECT procedure_name, target, status, is_latest, seconds, error_sqlstate, error_message, called_by = session_user
    FROM sl.status_run ORDER BY run_id DESC LIMIT 1$$,
    $$VALUES ('dds.load_sale', 'dds.sale', 'failed', true, 2.500, 'TS004', 'too many', true)$$,
    'a failed run says why'
);

UPDATE sl.run SET end_no = nextval('sl.run_end') WHERE procedure_name = 'dds.load_sale' AND status = 'succeeded';
SELECT set_eq(
    $$SELECT DISTINCT status FROM sl.status_run WHERE procedure_name = 'dds.load_sale' AND is_latest$$,
    ARRAY['succeeded'],
    'a success that ended later than a failure is the latest, though its number is lower'
);

SELECT results_eq(
    $$SELECT batch_rows FROM sl.status_run WHERE target = 'cdm.sales_mart' ORDER BY run_id$$,
    $$SELECT count(*) + CASE r.run_id WHEN min(r.run_id) OVER () THEN 2 ELSE 0 END
    FROM cdm.sales_mart AS m INNER JOIN sl.run AS r USING (run_id) GROUP BY r.run_id ORDER BY r.run_id$$,
    'a batch had the rows it has, and those that later ones closed'
);

SELECT * FROM finish();
ROLLBACK;
