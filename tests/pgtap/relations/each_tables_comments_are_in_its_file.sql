BEGIN;
SELECT plan(1);

SELECT set_eq(
    $$SELECT format('%s/comments/%s.sql', c.relnamespace::regnamespace, c.relname)
    FROM pg_class AS c
    WHERE
        c.relkind IN ('r', 'p')
        AND c.relnamespace IN ('sl'::regnamespace, 'raw'::regnamespace, 'dds'::regnamespace, 'cdm'::regnamespace)$$,
    $$SELECT v.file_name FROM sl.routine_version AS v WHERE v.file_name ~ '/comments/'$$,
    'sl.routine_version knows the file with the comments of each table, one table a file'
);

SELECT * FROM finish();
ROLLBACK;
