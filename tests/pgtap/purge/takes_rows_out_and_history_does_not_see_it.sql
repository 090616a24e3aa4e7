BEGIN;
SELECT plan(8);

-- Sale 1 is corrected later, 2 is cancelled, 3 is of an unknown client; 4 is young, 5 is rejected, 6 has not been read.
SELECT tap.put_healthy_warehouse();
SELECT tap.put_sale(4, tap.at(20), tap.at(20));
SELECT tap.put_sale(5, tap.at(5), tap.at(5), p_quantity => 0);
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS
SELECT to_jsonb(d) AS row FROM dds.sale AS d
UNION ALL SELECT to_jsonb(x) FROM sl.tombstone AS x
UNION ALL SELECT to_jsonb(m) FROM cdm.sales_mart AS m;
SELECT tap.put_sale(6, tap.at(5), tap.at(5));

CREATE FUNCTION pg_temp.purge(OUT rows_purged bigint, OUT rows_kept bigint, OUT next_page bigint)
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
BEGIN
    CALL sl._purge_pages('sale', tap.at(10), 8192, rows_purged, rows_kept, next_page);
END;
$body$;
SELECT results_eq(
    'SELECT * FROM pg_temp.purge()', 'VALUES (3::bigint, 2::bigint, NULL::bigint)',
    'the old rows that a load has read go'
);
SELECT bag_eq(
    'SELECT sale_id FROM raw.sale', ARRAY[4, 5, 6]::bigint[], 'the young, the rejected and the unread one stay'
);
SELECT is_empty('SELECT * FROM sl.kept_state WHERE deleted_at IS NOT NULL', 'nothing is kept aside as deleted');
SELECT results_eq(
    $$SELECT r.target, r.rows_read, r.rows_unchanged FROM sl.run AS r WHERE r.procedure_name = 'sl.purge'$$,
    $$VALUES ('raw.sale', 3::bigint, 3::bigint)$$,
    'a run tells how many'
);
SELECT results_eq(
    $$SELECT inserted, corrected, deleted FROM tap.load('sale', true)$$, 'VALUES (1, 0, 0)',
    'a full load deletes none of them'
);
SELECT set_has(
    $$SELECT to_jsonb(d) FROM dds.sale AS d
    UNION ALL SELECT to_jsonb(x) FROM sl.tombstone AS x
    UNION ALL SELECT to_jsonb(m) FROM cdm.sales_mart AS m$$,
    'SELECT row FROM before',
    'history and mart stand'
);
-- Sale 1 comes back, once as it was and once with another quantity.
SELECT tap.put_sale(1, tap.at(5), tap.at(5), 1, 1, 2);
SELECT tap.load('sale');
SELECT tap.put_sale(1, tap.at(21), tap.at(5), 1, 1, 7);
SELECT results_eq(
    $$SELECT inserted, unchanged FROM tap.load('sale')$$, 'VALUES (1, 0)',
    'a purged key that comes back is an ordinary state'
);
SELECT tap.build_mart();
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
