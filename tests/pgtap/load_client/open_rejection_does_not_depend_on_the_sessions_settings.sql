BEGIN;
SELECT plan(2);

SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'SQL, DMY';
SELECT tap.put_client(1, tap.at(1), p_last_name => NULL);
SELECT tap.load('client');
SET LOCAL timezone = 'America/New_York';
SET LOCAL datestyle = 'German';
SELECT tap.load('client', true);

SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false)$$,
    'a row that is read again in another time zone stays one rejection'
);
SELECT is(
    (SELECT j.row ->> 'updated_at' FROM sl.rejected_row AS j), '2024-03-02T00:00:00+00:00', 'its times are kept in UTC'
);

SELECT * FROM finish();
ROLLBACK;
