BEGIN;
SELECT plan(4);

SELECT throws_ok(
    $$CALL sl.record_failure('dds.load_nothing', '40P01', 'x')$$,
    '22023', 'sl.record_failure: there is no procedure "dds.load_nothing"', 'an unknown procedure'
);
SELECT throws_ok(
    $$CALL sl.record_failure(NULL, '40P01', 'x')$$,
    '22023', 'sl.record_failure: there is no procedure "NULL"', 'none at all'
);
SELECT throws_ok(
    $$CALL sl.record_failure('sl.audit', 'oops', 'x')$$,
    '22023', 'sl.record_failure: "oops" is no SQLSTATE', 'what is no SQLSTATE'
);
SELECT tap.record_failure('sl.audit', 'TS010', repeat('x', 5000), repeat('y', 5000));
SELECT results_eq(
    'SELECT length(error_message), length(error_context) FROM sl.run', 'VALUES (2000, 2000)', 'long texts are cut'
);

SELECT * FROM finish();
ROLLBACK;
