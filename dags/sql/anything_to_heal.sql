-- Whether the next run of tshop_daily has batches to pull again.
SELECT count() > 0
FROM tshop.batch_to_heal;
