BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 2);
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'one corrected'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    ),
    (
        1, 2, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 3, 1500.00, true
    )$$,
    'version 2 is current'
);
SELECT results_eq(
    $$SELECT version_no, valid_from, valid_to, run_id FROM cdm.sales_mart ORDER BY version_no$$,
    $$WITH build AS (
        SELECT run_id, started_at, lead(started_at) OVER (ORDER BY run_id) AS next_started_at
        FROM sl.run
        WHERE procedure_name = 'cdm.build_mart'
    )
    SELECT
        row_number() OVER (ORDER BY run_id)::integer,
        started_at,
        coalesce(next_started_at, 'infinity'),
        max(run_id) OVER ()
    FROM build
    ORDER BY run_id$$,
    'the first is closed at the clock of the run that opened the second, and carries its run'
);

SELECT * FROM finish();
ROLLBACK;
