-- How many rows of a load came out of order: the quality of a source, which the counts by outcome do not tell.

ALTER TABLE sl.run ADD COLUMN rows_late bigint;
COMMENT ON COLUMN sl.run.rows_late IS
'Of the rows read, those older than what was known of their key already; NULL where the run is no load or from before this column';
