BEGIN;
SELECT plan(3);

SELECT throws_ok($$CALL sl.load('nobody')$$, 'TS002', NULL, 'cannot be loaded');
SELECT throws_ok($$SELECT * FROM sl._find_violations('nobody')$$, 'TS002', NULL, 'nor checked');
SELECT is_empty($$SELECT * FROM sl.run$$, 'no run is written');

SELECT * FROM finish();
ROLLBACK;
