BEGIN;
SELECT plan(10);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 1);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_quantity => 1);
SELECT tap.refresh();
-- The clock runs ten years ahead during two loads and two builds.
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 2);
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(7), tap.at(5), p_quantity => 3);
SELECT tap.refresh();
CREATE TEMPORARY TABLE builds AS
SELECT r.run_id, r.started_at, row_number() OVER (ORDER BY r.run_id) AS no
FROM sl.run AS r WHERE r.target = 'cdm.sales_mart';
UPDATE cdm.sales_mart AS m SET valid_from = m.valid_from + interval '10 years'
FROM pg_temp.builds AS b WHERE m.valid_from = b.started_at AND b.no > 1;
UPDATE cdm.sales_mart AS m SET valid_to = m.valid_to + interval '10 years'
FROM pg_temp.builds AS b WHERE m.valid_to = b.started_at AND b.no > 1;
UPDATE sl.run AS r
SET started_at = r.started_at + interval '10 years', finished_at = r.finished_at + interval '10 years'
WHERE r.run_id > (SELECT b.run_id FROM pg_temp.builds AS b WHERE b.no = 1);

SELECT results_eq(
    $$SELECT target, problem FROM sl.status_clock ORDER BY target$$,
    $$VALUES ('cdm.sales_mart', 'ahead'), ('dds.client', 'ahead'), ('dds.product', 'ahead'), ('dds.sale', 'ahead')$$,
    'the status names the targets'
);
SELECT matches(tap.audit_detail(), 'sl.run: run_ahead_of_the_clock: 8, e.g. key', 'the audit does, too');
-- Under a clock that is right again the next build still begins after the one before it.
SELECT tap.put_sale(2, tap.at(8), tap.at(5), p_quantity => 9);
SELECT tap.refresh();
SELECT is_empty(
    $$SELECT FROM cdm.sales_mart AS m WHERE m.valid_to <= m.valid_from$$, 'knowledge time does not run backwards'
);

SELECT results_eq(
    $$SELECT runs, mart_versions FROM sl.restamp_runs()$$, $$VALUES (12::bigint, 5::bigint)$$,
    'the repair tells what it did'
);
SELECT is_empty('SELECT FROM sl.status_clock', 'no run is ahead of the clock');
SELECT is_empty(
    $$SELECT FROM sl.run AS r
    WHERE r.started_at > clock_timestamp() OR r.finished_at > clock_timestamp() + interval '1 minute'$$,
    'none began in the future'
);
SELECT results_eq(
    $$SELECT m.sale_id, m.quantity, m.is_current FROM tap.mart() AS m$$,
    $$VALUES (1, 1, false), (1, 2, false), (1, 3, true), (2, 1, false), (2, 9, true)$$,
    'the mart has the versions that it had, in their order'
);
SELECT is(
    (
        SELECT count(*) FROM cdm.sales_mart AS m
        INNER JOIN sl.run AS r ON r.target = 'cdm.sales_mart' AND r.started_at = m.valid_from
    ),
    5::bigint,
    'each begins with the clock of a run'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit is clean');
SELECT is_empty(
    $$SELECT FROM pg_temp.builds AS b
    LEFT JOIN cdm.sales_mart_run AS s ON s.run_id = b.run_id
    WHERE
        s.started_at IS DISTINCT FROM
        (b.started_at + CASE WHEN b.no > 1 THEN interval '10 years' ELSE interval '0' END) AT TIME ZONE 'UTC'$$,
    'ClickHouse knows the builds again by the clock that it was told of'
);

SELECT * FROM finish();
ROLLBACK;
