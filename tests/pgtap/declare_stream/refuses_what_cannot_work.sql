BEGIN;
SELECT plan(7);

CREATE TABLE raw.plain (plain_id bigint PRIMARY KEY, updated_at timestamptz);
SELECT throws_ok(
    $$CALL raw.declare_stream('s', 'raw.plain', 'SELECT 1')$$, '22023',
    'raw.declare_stream: raw.plain needs a primary key, updated_at timestamptz and is_deleted boolean',
    'a table without is_deleted'
);
SELECT throws_ok($$CALL raw.declare_stream('s', 'raw.none', 'SELECT 1')$$, '42P01', NULL, 'no table');
SELECT throws_ok(
    $$CALL raw.declare_stream('s', 'raw.category', 'SELECT d.partition, d.id AS category_id FROM document AS d')$$,
    '22023', 'raw.declare_stream: the mapping of stream "s" to raw.category does not give position, updated_at',
    'a mapping that does not say of which document a row is'
);
SELECT throws_ok(
    $$CALL raw.declare_stream('s', 'raw.category', 'SELECT d.partition, d.position, d.id AS category_id,
        d.key AS colour, d.written_at AS updated_at FROM document AS d')$$,
    '22023', 'raw.declare_stream: the mapping of stream "s" gives colour, which raw.category does not have',
    'one that gives a column that is not there'
);
SELECT throws_ok(
    $$CALL raw.declare_stream('s', 'raw.category', 'SELECT d.partition, d.position, d.written_at AS category_id,
        d.written_at AS updated_at FROM document AS d')$$,
    '42846', NULL, 'one of another type'
);
SELECT throws_ok($$CALL raw.declare_stream('s', 'raw.category', 'SELEC')$$, '42601', NULL, 'no SQL');
SELECT is_empty($$SELECT FROM landing.stream WHERE stream = 's'$$, 'nothing of it stays');

SELECT * FROM finish();
ROLLBACK;
