BEGIN;
SELECT plan(1);

SELECT set_eq(
    $$SELECT
        format('%s/%s/%s.sql', p.pronamespace::regnamespace, CASE p.prokind WHEN 'p' THEN 'procedures' ELSE 'functions' END, p.proname)
    FROM pg_proc AS p
    WHERE p.pronamespace IN ('sl'::regnamespace, 'raw'::regnamespace, 'dds'::regnamespace, 'cdm'::regnamespace)$$,
    $$SELECT v.file_name FROM sl.routine_version AS v WHERE v.file_name ~ '/(procedures|functions)/'$$,
    'sl.routine_version knows the file of each routine, one routine a file'
);

SELECT * FROM finish();
ROLLBACK;
