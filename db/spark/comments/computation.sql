-- What spark.computation and its columns hold.
COMMENT ON TABLE spark.computation IS 'When Spark read dds for the marts in this schema: a row a mart';
COMMENT ON COLUMN spark.computation.mart_name IS 'Mart, as in sl.mart';
COMMENT ON COLUMN spark.computation.read_at IS 'The moment as of which Spark read dds, on the warehouse''s clock';
COMMENT ON COLUMN spark.computation.was_built IS
'Whether the mart in cdm had processed, at that moment, all that loads had written';
COMMENT ON COLUMN spark.computation.rows_written IS 'Rows of the mart';
