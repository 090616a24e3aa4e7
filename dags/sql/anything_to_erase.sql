-- Whether a build that erased a person is published, and still on the disk what it erased. The warehouse is asked, since
-- a later build may have taken all rows over from it before they were pulled.
SELECT count() > 0
FROM tshop.warehouse_run
WHERE
    is_erasure = 1
    AND run_id <= (SELECT max(run_id) FROM tshop.published_batch)
    AND run_id NOT IN (SELECT run_id FROM tshop.erased_batch);
