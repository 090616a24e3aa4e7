-- The batches that were found damaged and that no run has pulled again yet.
SELECT uniqExact(run_id) AS batches
FROM tshop.batch_to_heal
