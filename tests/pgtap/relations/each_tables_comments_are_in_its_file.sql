BEGIN;
SELECT plan(2);

SELECT is_empty(
    $$SELECT c.oid::regclass
    FROM pg_class AS c
    WHERE
        c.relkind IN ('r', 'p')
        AND c.relnamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        AND format('%s/comments/%s.sql', c.relnamespace::regnamespace, c.relname)
        NOT IN (SELECT v.file_name FROM sl.routine_version AS v)
        AND NOT EXISTS (
            SELECT
            FROM sl.entity AS e
            WHERE
                (c.relnamespace::regnamespace::text, c.relname) IN (
                    (e.source_schema, e.source_table), (e.target_schema, e.target_table)
                )
        )
        AND NOT EXISTS (
            SELECT FROM sl.mart AS m WHERE (c.relnamespace::regnamespace::text, c.relname) = (m.target_schema, m.target_table)
        )$$,
    'sl.routine_version knows the file with the comments of each table, but for those of declarations'
);
SELECT is_empty(
    $$SELECT v.file_name
    FROM sl.routine_version AS v
    WHERE
        v.file_name ~ '/comments/'
        AND to_regclass(replace(regexp_replace(v.file_name, '\.sql$', ''), '/comments/', '.')) IS NULL$$,
    'each such file is of a table'
);

SELECT * FROM finish();
ROLLBACK;
