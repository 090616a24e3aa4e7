BEGIN;
SELECT plan(1);

SELECT set_eq(
    $$SELECT
        format('%s/%s/%s.sql', p.pronamespace::regnamespace, CASE p.prokind WHEN 'p' THEN 'procedures' ELSE 'functions' END, p.proname)
    FROM pg_proc AS p
    WHERE p.pronamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')$$,
    $$SELECT v.file_name FROM sl.routine_version AS v WHERE v.file_name ~ '/(procedures|functions)/'
    UNION ALL
    SELECT format('%s/procedures/load_%s.sql', e.target_schema, e.entity_name) FROM sl.entity AS e
    UNION ALL
    SELECT format('%s/procedures/%s.sql', m.build_schema, m.build_procedure) FROM sl.mart AS m$$,
    'sl.routine_version knows the file of each routine, one routine a file, but for those that a declaration makes'
);

SELECT * FROM finish();
ROLLBACK;
