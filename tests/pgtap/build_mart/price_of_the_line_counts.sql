BEGIN;
SELECT plan(4);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_unit_price => 450.50);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_unit_price => 0);
SELECT tap.put_sale(3, tap.at(5), tap.at(5));
SELECT tap.put_sale(4, tap.at(5), tap.at(5), p_product_id => 404, p_unit_price => 7);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, product, price, quantity, total_amount FROM tap.mart()$$,
    $$VALUES
    (1, 'Shirt', 450.50, 2, 901.00), (2, 'Shirt', 0.00, 2, 0.00), (3, 'Shirt', 500.00, 2, 1000.00),
    (4, NULL, 7.00, 2, 14.00)$$,
    'where it is given, 0 too; else the product''s; a product that is not known yet has none'
);

SELECT tap.put_product(1, tap.at(4), 600);
SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (3, 0, 3, 0, 0, 0)$$,
    'another price as of the sale is another version of the product'
);
SELECT results_eq(
    $$SELECT sale_id, price, total_amount FROM tap.mart() WHERE is_current$$,
    $$VALUES (1, 450.50, 901.00), (2, 0.00, 0.00), (3, 600.00, 1200.00), (4, 7.00, 14.00)$$,
    'which changes the amount of lines without a price of their own alone'
);

SELECT tap.put_sale(1, tap.at(6), tap.at(5));
SELECT tap.refresh();
SELECT results_eq(
    $$SELECT price, total_amount FROM tap.mart() WHERE sale_id = 1 AND is_current$$,
    $$VALUES (600.00, 1200.00)$$,
    'a line that loses its price has the product''s'
);

SELECT * FROM finish();
ROLLBACK;
