BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE sl.run AS r
SET started_at = r.started_at - interval '1 day'
WHERE r.run_id = (SELECT max(n.run_id) FROM sl.run AS n WHERE n.target = 'cdm.sales_mart');

SELECT matches(
    tap.audit_detail(),
    '(^|\n)sl.run: run_behind_an_earlier_one: 1',
    'the build whose clock lies before an earlier build''s'
);
SELECT results_eq(
    $$SELECT c.target, c.problem FROM sl.status_clock AS c$$,
    $$VALUES ('cdm.sales_mart', 'behind')$$,
    'status names it'
);

SELECT * FROM finish();
ROLLBACK;
