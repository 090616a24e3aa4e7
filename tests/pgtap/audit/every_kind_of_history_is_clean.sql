BEGIN;
SELECT plan(2);

-- 200 clients, products and sales, each with states, touches, ties, deletions, returns and bad rows in an order of its
-- own (the day, the state and the deletion follow from hashes), a load and a build after each delivery.
CREATE FUNCTION pg_temp.deliver(p_no integer)
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM
        tap.put_client(
            n,
            tap.at(1 + abs(hashint4(n * 31 + p_no)) % 6),
            p_last_name => (ARRAY['Orlova', 'Belova', NULL])[1 + abs(hashint4(n * 17 + p_no)) % 3],
            p_is_deleted => abs(hashint4(n * 13 + p_no)) % 4 = 0
        ),
        tap.put_product(
            n,
            tap.at(1 + abs(hashint4(n * 37 + p_no)) % 6),
            (ARRAY[500, 700, -1])[1 + abs(hashint4(n * 19 + p_no)) % 3],
            p_is_deleted => abs(hashint4(n * 11 + p_no)) % 4 = 0
        ),
        tap.put_sale(
            n,
            tap.at(6 + abs(hashint4(n * 41 + p_no)) % 3),
            tap.at(1 + abs(hashint4(n * 43)) % 6),
            1 + abs(hashint4(n * 47)) % 200,
            1 + abs(hashint4(n * 53)) % 200,
            abs(hashint4(n * 23 + p_no)) % 3,
            p_is_deleted => abs(hashint4(n * 29 + p_no)) % 4 = 0
        )
    FROM generate_series(1, 200) AS s (n);
    PERFORM tap.refresh();
END;
$body$;
SELECT count(pg_temp.deliver(d)) FROM generate_series(1, 8) AS s (d);

SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');
SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.build_mart(p_full => true)$$,
    $$VALUES (0, 0, 0, 0)$$,
    'the mart built step by step is the one built at once'
);

SELECT * FROM finish();
ROLLBACK;
