-- How many rows of orders there ever were, at most one: where there were none, the report has nothing to say of them.
SELECT count(*) AS row_count
FROM (SELECT FROM cdm.daily_sales LIMIT 1) AS d
