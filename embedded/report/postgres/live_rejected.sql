-- The documents of the web shop whose rejection is open, by reason.
SELECT
    stream,
    left(reason, 80) AS reason,
    count(*) AS documents
FROM landing.rejected_document
WHERE resolved_at IS NULL AND stream LIKE 'shop.%'
GROUP BY stream, left(reason, 80)
ORDER BY stream, count(*) DESC
