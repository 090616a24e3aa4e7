BEGIN;
SELECT plan(1);

UPDATE landing.stream SET kept_for = interval '60 days' WHERE stream = 'stores.clients';
INSERT INTO landing.refused_line (stream, week, region, line_no, line, reason, refused_at)
SELECT s.stream, '2023-W35', 'North', d.days, 'a line', 'a reason', clock_timestamp() - d.days * interval '1 day'
FROM (VALUES ('stores.sales'), ('stores.clients')) AS s (stream)
CROSS JOIN (VALUES (29), (31), (59), (61)) AS d (days);
CALL raw.purge_documents();
SELECT results_eq(
    'SELECT stream, line_no FROM landing.refused_line ORDER BY stream, line_no',
    $$VALUES ('stores.clients', 29), ('stores.clients', 31), ('stores.clients', 59), ('stores.sales', 29)$$,
    'each after the time of its stream'
);

SELECT * FROM finish();
ROLLBACK;
