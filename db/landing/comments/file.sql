-- What landing.file and its columns hold.
COMMENT ON TABLE landing.file IS
'Files of the stores that were landed, as they were landed last. One row a stream, week and region';
COMMENT ON COLUMN landing.file.stream IS 'Name in landing.stream: stores.sales is landed from sales.csv, and so on';
COMMENT ON COLUMN landing.file.week IS 'ISO week of the file, such as 2023-W35';
COMMENT ON COLUMN landing.file.region IS 'Region that sent it';
COMMENT ON COLUMN landing.file.sha256 IS 'Checksum of the file: one of the same checksum is not landed again';
COMMENT ON COLUMN landing.file.version IS 'How many different files of this week and region were landed, this one included';
COMMENT ON COLUMN landing.file.bytes IS 'Size of the file in bytes';
COMMENT ON COLUMN landing.file.lines IS 'Lines without the header and without blank ones';
COMMENT ON COLUMN landing.file.exact_duplicates IS 'Lines that another line repeats, field by field, blanks around a field aside';
COMMENT ON COLUMN landing.file.near_duplicates IS 'Lines with the values of another line in another writing';
COMMENT ON COLUMN landing.file.refused IS 'Lines that are in landing.refused_line, for as long as these are kept';
COMMENT ON COLUMN landing.file.landed IS 'Lines that were landed as documents';
COMMENT ON COLUMN landing.file.deleted IS
'Sales that an earlier version of the file had and this one lacks: landed as deletions';
COMMENT ON COLUMN landing.file.quantity IS 'Pieces in the landed lines. NULL: not a file of sales';
COMMENT ON COLUMN landing.file.amount IS 'Amount of the landed lines, roubles. NULL: not a file of sales';
COMMENT ON COLUMN landing.file.counts_from IS
'The update time of what was landed of it: the end of the week, or later where it was corrected or came late';
COMMENT ON COLUMN landing.file.landed_at IS 'When it was landed';
