BEGIN;
SELECT plan(1);

SELECT is_empty(
    $$SELECT p.oid::regprocedure
    FROM pg_proc AS p
    CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
    WHERE
        p.pronamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        AND x.grantee = 0
        AND x.privilege_type = 'EXECUTE'$$,
    'EXECUTE is granted by name'
);

SELECT * FROM finish();
ROLLBACK;
