BEGIN;
SELECT plan(2);

SELECT is_empty(
    $$SELECT c.oid::regclass
    FROM pg_class AS c
    WHERE
        c.relkind IN ('r', 'p', 'v', 'm')
        AND c.relnamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        AND coalesce(obj_description(c.oid, 'pg_class'), '') = ''$$,
    'each table and view has a comment'
);
SELECT is_empty(
    $$SELECT format('%s.%s', c.oid::regclass, a.attname)
    FROM pg_class AS c
    INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE
        c.relkind IN ('r', 'p', 'v', 'm')
        AND c.relnamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        AND coalesce(col_description(c.oid, a.attnum), '') = ''$$,
    'each column of a table or view has a comment'
);

SELECT * FROM finish();
ROLLBACK;
