BEGIN;
SELECT plan(1);

SELECT tap.put_healthy_warehouse();
CREATE TEMPORARY TABLE moment AS
SELECT r.started_at FROM sl.run AS r WHERE r.procedure_name = 'cdm.build_mart';
CREATE FUNCTION pg_temp.report()
RETURNS TABLE (known_at timestamptz, client_age integer, category text, sales bigint, revenue numeric)
LANGUAGE sql
BEGIN ATOMIC
    SELECT t.started_at, k.client_age, k.category, count(*), sum(k.total_amount)
    FROM moment AS t
    CROSS JOIN LATERAL cdm.sales_mart_as_known(t.started_at) AS k
    GROUP BY t.started_at, k.client_age, k.category;
END;
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.report();
SELECT tap.forget_client(1);

SELECT set_eq('SELECT * FROM pg_temp.report()', 'SELECT * FROM before', 'what was reported then is reported now');

SELECT * FROM finish();
ROLLBACK;
