-- Whether the next run of tshop_daily has batches, or whole marts, to pull again.
SELECT (SELECT count() FROM tshop.batch_to_heal) + (SELECT count() FROM tshop.mart_to_heal) > 0;
