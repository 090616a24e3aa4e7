BEGIN;
SELECT plan(4);

SELECT set_eq(
    $$SELECT entity_name, rule_name, open_rows FROM sl.status_rejected$$,
    $$SELECT entity_name, rule_name, 0::bigint FROM sl.applied_rule$$,
    'a rule that rejects nothing has its row'
);

SELECT tap.put_client(1, tap.at(1), NULL);
SELECT tap.put_client(2, tap.at(1), NULL);
SELECT tap.put_client(3, 'infinity');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT entity_name, rule_name, open_rows, description IS NOT NULL, oldest_at <= newest_at
    FROM sl.status_rejected WHERE open_rows > 0 ORDER BY rule_name$$,
    $$VALUES ('client', 'name_missing', 2::bigint, true, true), ('client', 'updated_at_not_finite', 1, true, true)$$,
    'open rows by rule, also of one that every entity has'
);

SELECT tap.put_client(1, tap.at(2));
SELECT tap.load('client');
SELECT is(
    (SELECT open_rows FROM sl.status_rejected WHERE entity_name = 'client' AND rule_name = 'name_missing'),
    1::bigint,
    'what is resolved does not count'
);

SET LOCAL enable_seqscan TO off;
CREATE FUNCTION pg_temp.plan() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM sl.status_rejected' INTO v_plan;
    RETURN v_plan::text;
END;
$$;
SELECT matches(pg_temp.plan(), 'rejected_row_open_(rule_idx|key)', 'found by the index of the open ones');

SELECT * FROM finish();
ROLLBACK;
