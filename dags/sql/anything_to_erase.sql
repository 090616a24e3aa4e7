-- Whether a batch that erased a person is published, and still on the disk what it erased.
SELECT count() > 0
FROM tshop.published_batch
WHERE is_erasure = 1 AND run_id NOT IN (SELECT run_id FROM tshop.erased_batch);
