BEGIN;
SELECT plan(1);

SELECT is_empty(
    $$SELECT p.oid::regprocedure
    FROM pg_proc AS p
    WHERE
        p.pronamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        AND coalesce(obj_description(p.oid, 'pg_proc'), '') = ''$$,
    'that says what it is for'
);

SELECT * FROM finish();
ROLLBACK;
