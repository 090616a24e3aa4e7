BEGIN;
SELECT plan(4);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(3), tap.at(3));
SELECT tap.refresh();
UPDATE raw.product SET stock_quantity = 9, updated_at = tap.at(4) WHERE product_id = 1;

SELECT results_eq(
    $$SELECT * FROM tap.load('product')$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'one correction'
);
SELECT results_eq(
    $$SELECT p.stock_quantity, p.valid_from, p.is_current FROM dds.product AS p$$,
    $$VALUES (9, tap.at(1), true)$$,
    'no version, with the latest stock'
);
SELECT is_empty(
    $$SELECT FROM sl.changed_period AS c WHERE c.entity_name = 'product' AND c.entity_key IS NOT NULL$$,
    'another version is valid at no moment'
);
SELECT results_eq(
    $$SELECT rows_read FROM tap.refresh()$$,
    $$VALUES (0)$$,
    'no sale is looked at'
);

SELECT * FROM finish();
ROLLBACK;
