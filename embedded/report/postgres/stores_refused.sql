-- The refused lines that are kept, by reason.
SELECT
    stream,
    reason,
    count(*) AS lines
FROM landing.refused_line
GROUP BY stream, reason
ORDER BY stream, count(*) DESC, reason
