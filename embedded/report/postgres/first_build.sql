-- When the mart was built first; NULL where it never was.
SELECT min(started_at AT TIME ZONE 'UTC') AS started_at
FROM cdm.sales_mart_run
