BEGIN;
SELECT plan(
    8 + 2 * (SELECT count(*)::integer FROM sl.entity) + (SELECT count(*)::integer FROM sl.mart)
);

SELECT tap.put_healthy_warehouse();
SELECT is_empty(
    format($$SELECT * FROM sl._find_violations('%s', p_slice_rows => %s)$$, e.entity_name, n.slice_rows),
    format('%s in slices of %s', e.entity_name, n.slice_rows)
)
FROM sl.entity AS e
CROSS JOIN (VALUES (1), (3)) AS n (slice_rows);
SELECT is_empty(
    format($$SELECT * FROM sl._find_mart_violations('%s', p_slice_rows => 1)$$, m.mart_name),
    format('%s in slices of 1', m.mart_name)
)
FROM sl.mart AS m;

UPDATE dds.sale SET quantity = quantity + 1;
SELECT is(
    (
        SELECT sum(f.violations)
        FROM sl._find_violations('sale', p_slice_rows => 1) AS f
        WHERE f.check_name = 'source_differs'
    ),
    (SELECT count(*)::numeric FROM dds.sale WHERE is_current),
    'the source is compared once'
);
UPDATE dds.sale SET quantity = quantity - 1;
UPDATE dds.sale SET is_current = NOT is_current;
SELECT is(
    (
        SELECT sum(f.violations)
        FROM sl._find_violations('sale', p_slice_rows => 1) AS f
        WHERE f.check_name = 'current_flag_wrong'
    ),
    (SELECT count(*)::numeric FROM dds.sale),
    'every slice is looked at'
);
UPDATE cdm.sales_mart SET is_current = NOT is_current;
SELECT is(
    (
        SELECT sum(f.violations)
        FROM sl._find_mart_violations('sales_mart', p_slice_rows => 1) AS f
        WHERE f.check_name = 'current_flag_wrong'
    ),
    (SELECT count(*)::numeric FROM cdm.sales_mart),
    'of the mart, too'
);
SELECT is(
    (
        SELECT count(*)
        FROM sl._find_mart_violations('sales_mart', p_slice_rows => 1) AS f
        WHERE f.check_name = 'current_flag_wrong'
    ),
    (SELECT count(DISTINCT m.sale_id) FROM cdm.sales_mart AS m),
    'which is cut, too'
);
-- The audit itself in such slices.
DO $$
BEGIN
    EXECUTE replace(pg_get_functiondef('sl._find_violations'::regproc), '500000', '1');
    EXECUTE replace(pg_get_functiondef('sl._find_mart_violations'::regproc), '500000', '1');
END;
$$;
SELECT matches(
    tap.audit_detail(),
    format('(^|\n)dds.sale: current_flag_wrong: %s, e.g. key 1(\n|$)', (SELECT count(*) FROM dds.sale)),
    'the audit adds up what they find'
);
SELECT is(
    (
        SELECT count(*)
        FROM regexp_split_to_table(tap.audit_detail(), '\n') AS d (line)
        WHERE d.line LIKE 'dds.sale: current_flag_wrong%'
    ),
    1::bigint,
    'in one line'
);

-- What a check sets aside is a slice's, not the table's.
INSERT INTO dds.client (client_id, valid_from, run_id)
SELECT
    s.n,
    tap.at(1),
    (SELECT max(r.run_id) FROM sl.run AS r)
FROM generate_series(1001, 21000) AS s (n);
SET LOCAL work_mem = '64kB';
SET LOCAL temp_file_limit = '500kB';
SELECT throws_ok(
    $$SELECT * FROM sl._find_violations('client', p_slice_rows => 1000000)$$,
    '53400',
    NULL,
    'which is too much here in one slice'
);
SELECT is_empty($$SELECT * FROM sl._find_violations('client', p_slice_rows => 1000)$$, 'and not in slices');

SELECT * FROM finish();
ROLLBACK;
