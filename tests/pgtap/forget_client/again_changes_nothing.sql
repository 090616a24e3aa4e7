BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);
CREATE FUNCTION pg_temp.state()
RETURNS SETOF jsonb
LANGUAGE sql
BEGIN ATOMIC
    SELECT to_jsonb(d) FROM dds.client AS d
    UNION ALL
    SELECT to_jsonb(m) FROM cdm.sales_mart AS m
    UNION ALL
    SELECT to_jsonb(e) FROM sl.erasure AS e
    UNION ALL
    SELECT to_jsonb(r) FROM raw.client AS r;
END;
CREATE TEMPORARY TABLE before AS SELECT s.row FROM pg_temp.state() AS s (row);

SELECT tap.forget_client(1);

SELECT set_eq(
    $$SELECT * FROM pg_temp.state()$$,
    $$SELECT * FROM before$$,
    'a second call changes nothing and leaves no second receipt'
);
SELECT results_eq(
    $$SELECT r.target, r.rows_read FROM sl.run AS r WHERE r.procedure_name = 'dds.forget_client'
    ORDER BY r.run_id DESC LIMIT 2$$,
    $$VALUES ('cdm.sales_mart', 0::bigint), ('dds.client', 0)$$,
    'though it ran'
);

SELECT * FROM finish();
ROLLBACK;
