BEGIN;
SELECT plan(2);

SELECT tap.put_client(9, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_client_id => NULL);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_client_id => 1);
SELECT tap.refresh();
SELECT tap.put_client(1, tap.at(1));
SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'of the sales without a version of a client only the one that names it'
);

SET LOCAL enable_seqscan TO off;
CREATE FUNCTION pg_temp.plan() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM cdm.sales_mart WHERE client_id = 1 AND client_sk IS NULL' INTO v_plan;
    RETURN v_plan::text;
END;
$$;
SELECT matches(pg_temp.plan(), 'sales_mart_unknown_client_idx', 'found by an index that holds no guest');

SELECT * FROM finish();
ROLLBACK;
