BEGIN;
SELECT plan(2);

SELECT tap.put_client(g, tap.at(1), 'Anna', 'Sokolova' || g) FROM generate_series(1, 50) AS g;
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5), 7);
SELECT tap.refresh();
ANALYZE raw.client, dds.client, cdm.sales_mart;
CREATE VIEW pg_temp.known AS
SELECT s.tablename
FROM pg_stats AS s
WHERE s.schemaname IN ('landing', 'raw', 'dds', 'cdm') AND row_to_json(s)::text ~ 'Sokolova7\M';

SELECT isnt_empty('SELECT * FROM pg_temp.known', 'the planner keeps sample values');
SELECT tap.forget_client(7);
SELECT is_empty('SELECT * FROM pg_temp.known', 'none of them is of a forgotten client');

SELECT * FROM finish();
ROLLBACK;
