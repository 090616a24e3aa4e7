BEGIN;
SELECT plan(2);

-- Six observations of a client, delivered in each of the 720 possible orders: one order a client, one state a load.
CREATE TEMPORARY TABLE delivery AS
WITH RECURSIVE prefix AS (
    SELECT '' AS steps
    UNION ALL
    SELECT p.steps || o.no
    FROM prefix AS p
    INNER JOIN generate_series(1, 6) AS o (no) ON strpos(p.steps, o.no::text) = 0
),
numbered AS (
    SELECT
        p.steps,
        row_number() OVER (ORDER BY p.steps) AS client_id
    FROM prefix AS p
    WHERE length(p.steps) = 6
)
SELECT
    n.client_id,
    g.position,
    substr(n.steps, g.position, 1)::integer AS observed_day
FROM numbered AS n
CROSS JOIN generate_series(1, 6) AS g (position);

CREATE FUNCTION pg_temp.deliver(p_position integer)
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM tap.put_client(
        d.client_id,
        tap.at(d.observed_day),
        p_last_name => (ARRAY['Orlova', 'Belova', 'Orlova', 'Orlova', 'Belova', 'Belova'])[d.observed_day],
        p_is_deleted => d.observed_day IN (4, 6)
    )
    FROM delivery AS d
    WHERE d.position = p_position;
    PERFORM tap.load('client');
END;
$body$;
SELECT pg_temp.deliver(1);
SELECT pg_temp.deliver(2);
SELECT pg_temp.deliver(3);
SELECT pg_temp.deliver(4);
SELECT pg_temp.deliver(5);
SELECT pg_temp.deliver(6);

SELECT results_eq(
    $$SELECT last_name, valid_from, valid_to, is_current, count(*), count(DISTINCT client_id)
    FROM tap.clients()
    GROUP BY last_name, valid_from, valid_to, is_current
    ORDER BY valid_from, valid_to$$,
    $$VALUES
    ('Orlova', tap.at(1), tap.at(2), false, 720::bigint, 720::bigint),
    ('Belova', tap.at(2), tap.at(3), false, 720, 720),
    ('Orlova', tap.at(3), tap.at(4), false, 720, 720),
    ('Belova', tap.at(5), tap.at(6), false, 720, 720)$$,
    'all 720 clients have the same history, in the order of the observations'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
