-- What sl.backfill_slice and its columns hold.
COMMENT ON TABLE sl.backfill_slice IS
'Slices of a backfill. A slice is a half-open range of keys. A session takes one and brings it up to the source in one transaction';
COMMENT ON COLUMN sl.backfill_slice.target IS 'Table that is filled (sl.backfill)';
COMMENT ON COLUMN sl.backfill_slice.slice_no IS 'Number of the slice, in the order of the keys';
COMMENT ON COLUMN sl.backfill_slice.key_from IS
'First key of the slice, inclusive, as text. NULL in the first slice: no lower end';
COMMENT ON COLUMN sl.backfill_slice.key_to IS
'End of the slice, exclusive, as text. NULL in the last slice: no upper end';
COMMENT ON COLUMN sl.backfill_slice.run_id IS 'Run that did the slice. NULL while it is not done';
COMMENT ON COLUMN sl.backfill_slice.high_updated_at IS
'Greatest update time read in the slice. NULL while it is not done, or where it had no rows';
COMMENT ON COLUMN sl.backfill_slice.rows_deleted IS
'Current rows that the slice deleted. The breaker judges the sum over the slices. NULL while it is not done';
COMMENT ON COLUMN sl.backfill_slice.rows_changed IS
'Rows that the slice changed, as the breaker counts them. NULL while it is not done';
