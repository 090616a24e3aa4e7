-- The stores' files by region and stream: what became of their lines.
SELECT
    region,
    stream,
    count(*) AS files,
    sum(lines)::bigint AS lines,
    sum(exact_duplicates)::bigint AS exact_duplicates,
    sum(near_duplicates)::bigint AS near_duplicates,
    sum(refused)::bigint AS refused,
    sum(landed)::bigint AS landed,
    sum(quantity)::bigint AS quantity,
    sum(amount) AS amount
FROM landing.file
GROUP BY region, stream
ORDER BY stream, region
