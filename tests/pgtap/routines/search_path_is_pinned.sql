BEGIN;
SELECT plan(3);

-- A procedure that commits can have no SET clause. A body that is bound when it is made needs none.
SELECT set_eq(
    $$SELECT p.oid::regproc::text
    FROM pg_proc AS p
    WHERE
        p.pronamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        AND p.prosqlbody IS NULL
        AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']$$,
    ARRAY['sl.backfill', 'sl.purge'],
    'of every routine but those that commit, with the temporary schema last'
);
-- Nothing in them is looked up by search_path: no operator, no variable's type, no name without its schema.
SELECT is_empty(
    $$SELECT p.oid::regprocedure
    FROM pg_proc AS p
    CROSS JOIN regexp_replace(p.prosrc, '''[^'']*''', '''''', 'g') AS body
    WHERE
        p.oid::regproc::text IN ('sl.backfill', 'sl.purge')
        AND body ~ '[-+*/<>=~!@#%^&|?:]|\m(DECLARE|SELECT|CASE|IN|LIKE)\M|(?<![.a-z_])[a-z_]+\('$$,
    'that one calls pinned routines by their full names and evaluates nothing else'
);
SELECT set_eq(
    $$SELECT p.oid::regproc::text FROM pg_proc AS p WHERE p.prosecdef AND p.prokind = 'p'$$,
    $$SELECT * FROM unnest(ARRAY[
        'sl.audit', 'sl.build', 'sl.load', 'sl.record_failure', 'raw.apply_documents', 'raw.replay_documents',
        'raw.purge_documents', 'raw.audit_documents', 'cdm.compare_marts'
    ])
    UNION ALL
    SELECT sl._load_name(e) FROM sl.entity AS e
    UNION ALL
    SELECT sl._build_name(m) FROM sl.mart AS m$$,
    'the procedures that others call run with their owner''s rights'
);

SELECT * FROM finish();
ROLLBACK;
