BEGIN;
SELECT plan(2);

-- tests/test_jit.py shows the difference on a server that has it.
SELECT is_empty(
    $$SELECT p.oid::regprocedure
    FROM pg_proc AS p
    WHERE
        p.pronamespace IN ('sl'::regnamespace, 'dds'::regnamespace, 'cdm'::regnamespace)
        AND p.prosrc ~ '\m(EXECUTE format|EXECUTE sl\._sql|CREATE TEMPORARY TABLE|RETURN QUERY)\M'
        AND NOT coalesce(p.proconfig, '{}') @> ARRAY['jit=off']
        -- These write definitions, or look at a value.
        AND p.proname NOT IN ('_check_declaration', '_make_target', '_make_stamps', '_make_load', 'declare_rule', '_field', '_is_valid')$$,
    'in every routine that works on tables'
);
SELECT ok(
    (SELECT count(*) > 8 FROM pg_proc AS p WHERE p.proconfig @> ARRAY['jit=off']), 'of which there are several'
);

SELECT * FROM finish();
ROLLBACK;
