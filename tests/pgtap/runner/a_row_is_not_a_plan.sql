BEGIN;
SELECT plan(2);

-- The rows that a CALL shows stand among the TAP lines; this one, of a run 12, begins as a plan does but for its dots.
SELECT 12 AS run_id, 0 AS rows_read;
SELECT pass('a row of a run is no plan');
SELECT 10 AS run_id, 7 AS rows_read;
SELECT pass('nor is one that bears another number');

SELECT * FROM finish();
ROLLBACK;
