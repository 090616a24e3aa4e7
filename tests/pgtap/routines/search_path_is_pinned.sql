BEGIN;
SELECT plan(2);

SELECT is_empty(
    $$SELECT p.oid::regprocedure
    FROM pg_proc AS p
    WHERE
        p.pronamespace IN ('sl'::regnamespace, 'raw'::regnamespace, 'dds'::regnamespace, 'cdm'::regnamespace)
        AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']$$,
    'of every routine, with the temporary schema last'
);
SELECT set_eq(
    $$SELECT p.oid::regproc::text FROM pg_proc AS p WHERE p.prosecdef AND p.prokind = 'p'$$,
    ARRAY['dds.load_client', 'dds.load_product', 'dds.load_sale', 'cdm.build_mart', 'sl.audit', 'sl.record_failure'],
    'the procedures that others call run with their owner''s rights'
);

SELECT * FROM finish();
ROLLBACK;
