-- What Spark has computed last, and how old what it read is.
SELECT
    c.mart_name AS mart,
    c.rows_written AS rows,
    to_char(c.read_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS read_as_of,
    CASE WHEN c.was_built THEN 'yes' ELSE 'no' END AS mart_of_cdm_was_current
FROM spark.computation AS c
ORDER BY c.mart_name
