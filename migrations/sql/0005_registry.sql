-- The shop's entities and what a source row must hold to be loaded.

INSERT INTO sl.entity
(entity_name, source_table, target_table, key_column, surrogate_key_column, tracked_columns, keeps_changed_periods)
VALUES
('client', 'client', 'client', 'client_id', 'client_sk', '{first_name,last_name,birth_date}', true),
('product', 'product', 'product', 'product_id', 'product_sk', '{name,category,size,price}', true),
('sale', 'sale', 'sale', 'sale_id', 'sale_sk', '{order_id,sold_at,client_id,product_id,quantity}', false);

INSERT INTO sl.quality_rule (entity_name, position, rule_name, expression, is_clock_dependent, description)
VALUES
(
    'client', 10, 'name_missing', $$first_name ~ '[^[:space:]\u00a0]' AND last_name ~ '[^[:space:]\u00a0]'$$, false,
    'First or last name is missing or blank'
),
(
    'client', 20, 'birth_date_in_future',
    $$coalesce(birth_date <= (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date, true)$$, true,
    'Birth date lies in the future'
),
(
    'client', 30, 'birth_date_implausible', $$coalesce(birth_date >= DATE '1900-01-01', true)$$, false,
    'Birth date lies before 1900'
),
('product', 10, 'name_missing', $$name ~ '[^[:space:]\u00a0]'$$, false, 'Name is missing or blank'),
('product', 20, 'price_missing', $$price <> 'NaN'$$, false, 'Price is missing or not a number'),
('product', 30, 'price_negative', $$price >= 0$$, false, 'Price is below zero'),
('sale', 10, 'order_missing', $$order_id IS NOT NULL$$, false, 'Order is missing'),
('sale', 20, 'sold_at_missing', $$sold_at IS NOT NULL$$, false, 'Time of the sale is missing'),
('sale', 30, 'sold_in_future', $$sold_at <= clock_timestamp()$$, true, 'Time of the sale lies in the future'),
(
    'sale', 40, 'sold_at_implausible', $$sold_at >= TIMESTAMPTZ '2000-01-01 00:00:00+00'$$, false,
    'Time of the sale lies before 2000, when the shop did not exist'
),
('sale', 50, 'client_missing', $$client_id IS NOT NULL$$, false, 'Client is missing'),
('sale', 60, 'product_missing', $$product_id IS NOT NULL$$, false, 'Product is missing'),
('sale', 70, 'quantity_missing', $$quantity IS NOT NULL$$, false, 'Quantity is missing'),
('sale', 80, 'quantity_not_positive', $$quantity > 0$$, false, 'Quantity is zero or below');
