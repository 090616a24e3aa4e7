BEGIN;
SELECT plan(2);

-- Not settled: the calls are really of one transaction.
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.call('dds.load_client', p_settle => false);
SELECT tap.call('dds.load_product', p_settle => false);
SELECT tap.call('dds.load_sale', p_settle => false);
SELECT tap.call('cdm.build_mart', p_settle => false);
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Belova');
SELECT tap.call('dds.load_client', p_settle => false);
SELECT tap.call('cdm.build_mart', p_settle => false);
SELECT tap.call('cdm.build_mart', p_settle => false);

SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    ),
    (
        1, 2, 10, tap.at(5), 1, 'Anna Belova', 33, tap.at(3),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'each processes what the loads before it wrote'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
