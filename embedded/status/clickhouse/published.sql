-- The batch that was published last; zeros where none was.
SELECT
    max(run_id) AS last_run_id,
    argMax(started_at, run_id) AS last_started_at,
    max(published_at) AS last_published_at
FROM tshop.published_batch
