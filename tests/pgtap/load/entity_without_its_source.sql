BEGIN;
SELECT plan(3);

CREATE TABLE raw.shop (shop_code text PRIMARY KEY, city text);
CALL sl.declare_entity('shop', p_source => 'raw.shop', p_key => '{shop_code}', p_tracked => '{city}');
ALTER TABLE raw.shop RENAME COLUMN city TO town;
SELECT throws_ok(
    $$SELECT * FROM sl.run_load('shop')$$,
    'TS003',
    'Entity "shop": raw.shop has no column city',
    'a column that is gone is told'
);
ALTER TABLE raw.shop RENAME COLUMN shop_code TO code;
SELECT throws_ok(
    $$SELECT * FROM sl.run_load('shop')$$, 'TS003', 'Entity "shop": raw.shop has no column shop_code', 'so is a key'
);
DROP TABLE raw.shop;
SELECT throws_ok(
    $$SELECT * FROM sl.run_load('shop')$$, 'TS003', 'Entity "shop": raw.shop has no column shop_code', 'so is the table'
);

SELECT * FROM finish();
ROLLBACK;
