BEGIN;
SELECT plan(2);

INSERT INTO raw.client (client_id, updated_at) SELECT g, tap.at(1) FROM generate_series(1, 100002) AS g;
SELECT is(sl.rows_waiting('client'), 100000::bigint, 'no more is counted');
SELECT results_eq(
    $$SELECT rows_behind, is_at_least FROM sl.status_lag WHERE source = 'raw.client'$$,
    $$VALUES (100000::bigint, true)$$,
    'and the view says that there may be more'
);

SELECT * FROM finish();
ROLLBACK;
