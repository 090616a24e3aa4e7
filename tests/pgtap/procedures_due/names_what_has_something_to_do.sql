BEGIN;
SELECT plan(7);

SELECT is_empty('SELECT * FROM sl.procedures_due()', 'nothing in an empty warehouse');

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1));
SELECT results_eq(
    'SELECT * FROM sl.procedures_due()',
    $$VALUES ('dds.load_client', 2::bigint)$$,
    'the load whose source has changed, and how many rows wait'
);

SELECT tap.load('client');
SELECT set_eq(
    'SELECT * FROM sl.procedures_due()',
    $$VALUES ('cdm.build_mart', 2::bigint), ('cdm.build_user_sales', 2), ('sl.audit', NULL)$$,
    'then the builds of the marts that read it, and the audit of what was loaded'
);

SELECT tap.build_mart();
SELECT set_eq(
    'SELECT procedure_name FROM sl.procedures_due()',
    $$VALUES ('cdm.build_user_sales'), ('sl.audit')$$,
    'a mart that is built is left out, and the other one stays'
);

CALL cdm.build_user_sales();
CALL sl.audit(p_full => false);
SELECT is_empty('SELECT * FROM sl.procedures_due()', 'nothing after the audit, which is none of what it checks');

SELECT tap.put_client(1, tap.at(3), 'Vera');
SELECT tap.load('client');
SELECT tap.build_mart();
CALL cdm.build_user_sales();
UPDATE dds.client SET is_current = false WHERE client_id = 1;
SELECT throws_ok('CALL sl.audit(p_full => false)', 'TS010', NULL, 'an audit finds something');
SELECT set_eq(
    'SELECT procedure_name FROM sl.procedures_due()',
    $$VALUES ('sl.audit')$$,
    'and stays due until it finds nothing'
);

SELECT * FROM finish();
ROLLBACK;
