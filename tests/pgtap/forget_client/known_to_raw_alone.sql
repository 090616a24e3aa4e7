BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();
-- Delivered, and not loaded yet.
SELECT tap.put_client(7, tap.at(4), 'Vera', 'Sokolova');
SELECT tap.forget_client(7);
SELECT tap.load('client');

SELECT is_empty($$SELECT * FROM dds.client WHERE client_id = 7$$, 'it never comes to dds');
SELECT is_empty($$SELECT * FROM raw.client WHERE first_name = 'Vera'$$, 'and goes from raw');
SELECT is_empty($$SELECT * FROM sl.rejected_row WHERE entity_key = '7'$$, 'it is not rejected for its missing name');

SELECT * FROM finish();
ROLLBACK;
