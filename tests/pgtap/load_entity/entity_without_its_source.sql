BEGIN;
SELECT plan(1);

SELECT throws_ok(
    $$SELECT sl.key_type(e)
    FROM (
        SELECT (jsonb_populate_record(c, '{"source_table": "nowhere"}')).*
        FROM sl.entity AS c
        WHERE c.entity_name = 'client'
    ) AS e$$,
    'TS003',
    NULL,
    'a registry row that names no table is told'
);

SELECT * FROM finish();
ROLLBACK;
