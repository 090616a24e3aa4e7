BEGIN;
SELECT plan(1);

-- A new code wants a test that raises it. TS001: _begin_run/second_run_on_a_target_is_refused; TS002 and TS003:
-- load/; TS004: load_client/mass_deletion_stops_the_load; TS005: tests/test_locks.py; TS006:
-- forget_client/unknown_client_is_refused; TS007: load/source_is_not_truncated; TS008: declare_entity/ and
-- tests/test_marts.py; TS010: audit/; TS020 and TS021: begin_landing/; TS022: tests/test_replication.py; TS023:
-- audit_documents/; TS024: compare_marts/.
SELECT set_eq(
    $$SELECT m.found[1]
    FROM pg_proc AS p
    CROSS JOIN LATERAL regexp_matches(p.prosrc, 'TS[0-9]{3}', 'g') AS m (found)
    WHERE p.pronamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')$$,
    ARRAY[
        'TS001', 'TS002', 'TS003', 'TS004', 'TS005', 'TS006', 'TS007', 'TS008', 'TS010', 'TS020', 'TS021', 'TS022',
        'TS023', 'TS024'
    ],
    'the codes raised are the codes tested'
);

SELECT * FROM finish();
ROLLBACK;
