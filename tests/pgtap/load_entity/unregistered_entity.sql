BEGIN;
SELECT plan(3);

SELECT throws_ok($$CALL sl.load_entity('nobody')$$, 'TS002', NULL, 'cannot be loaded');
SELECT throws_ok($$SELECT * FROM sl.find_violations('nobody')$$, 'TS002', NULL, 'nor checked');
SELECT is_empty($$SELECT * FROM sl.run$$, 'no run is written');

SELECT * FROM finish();
ROLLBACK;
