BEGIN;
SELECT plan(1);

SELECT throws_ok(
    'SELECT spark.begin_reading()', '22023',
    'spark.begin_reading: the transaction is not one of REPEATABLE READ', 'each statement would read another moment'
);

SELECT * FROM finish();
ROLLBACK;
