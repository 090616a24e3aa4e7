BEGIN;
SELECT plan(2);

-- A run of tomorrow, as after a machine whose clock was wrong.
INSERT INTO sl.run (procedure_name, target, started_at, finished_at, end_no, status)
VALUES ('cdm.build_mart', 'cdm.sales_mart', now() + interval '1 day', now() + interval '1 day', 0, 'succeeded');
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);
SELECT tap.refresh();

SELECT ok(
    (SELECT min(m.valid_from) > now() + interval '1 day' FROM cdm.sales_mart AS m),
    'the next run starts after it'
);
SELECT matches(
    tap.audit_detail(), '^sl.run: run_ahead_of_the_clock: 3, e.g. key [0-9]+$',
    'so that the mart''s versions follow each other; the audit names the runs'
);

SELECT * FROM finish();
ROLLBACK;
