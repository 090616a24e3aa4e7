-- The failed runs of the last week, newest first, and whether a later run of the same procedure made up for it.
SELECT
    f.run_id AS run,
    f.procedure_name AS procedure,
    to_char(f.started_at AT TIME ZONE 'Europe/Moscow', 'MM-DD HH24:MI:SS') AS started,
    coalesce(f.error_sqlstate, '-') AS sqlstate,
    CASE
        WHEN
            EXISTS (
                SELECT
                FROM sl.status_run AS n
                WHERE
                    n.target IN (f.target, CASE f.target WHEN f.procedure_name THEN n.target END)
                    AND n.procedure_name = f.procedure_name
                    AND n.status = 'succeeded'
                    AND n.end_no > f.end_no
            ) THEN 'yes'
        ELSE 'no'
    END AS made_up_for,
    left(regexp_replace(f.error_message, '\s+', ' ', 'g'), 60) AS message
FROM sl.status_run AS f
WHERE f.status = 'failed' AND f.finished_at > now() - interval '7 days'
ORDER BY f.run_id DESC
LIMIT 5
