BEGIN;
SELECT plan(2);

CREATE TABLE raw.supplier (supplier_id bigint PRIMARY KEY, city text);
CALL sl.declare_entity(
    'supplier', p_source => 'raw.supplier', p_key => '{supplier_id}', p_tracked => '{city}', p_changes => 'scan'
);
SELECT results_eq(
    'SELECT * FROM sl.procedures_due()',
    $$VALUES ('dds.load_supplier', NULL::bigint)$$,
    'it is always due, since nothing tells what changed in it'
);
CALL dds.load_supplier();
SELECT results_eq(
    $$SELECT * FROM sl.procedures_due() WHERE procedure_name LIKE '%supplier'$$,
    $$VALUES ('dds.load_supplier', NULL::bigint)$$,
    'also after its load'
);

SELECT * FROM finish();
ROLLBACK;
