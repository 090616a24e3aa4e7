-- What sl.consumption and its columns hold.
COMMENT ON TABLE sl.consumption IS
'Loads that this mart has processed, and another one has not yet. Where all have, sl.run.consumed_by says so instead';
COMMENT ON COLUMN sl.consumption.mart_name IS 'Mart that has processed the load (sl.mart)';
COMMENT ON COLUMN sl.consumption.run_id IS 'The load (sl.run)';
COMMENT ON COLUMN sl.consumption.consumed_by IS 'The build that processed it (sl.run)';
