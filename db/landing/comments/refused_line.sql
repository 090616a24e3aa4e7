-- What landing.refused_line and its columns hold.
COMMENT ON TABLE landing.refused_line IS
'Lines of the stores'' files that could not be read, or that a later line corrects, with the reason. raw.purge_documents removes old ones';
COMMENT ON COLUMN landing.refused_line.stream IS 'Name in landing.stream: stores.sales is landed from sales.csv, and so on';
COMMENT ON COLUMN landing.refused_line.week IS 'ISO week of the file';
COMMENT ON COLUMN landing.refused_line.region IS 'Region that sent it';
COMMENT ON COLUMN landing.refused_line.line_no IS 'Number of the line in the file, the header is line 1';
COMMENT ON COLUMN landing.refused_line.key IS
'The line''s own id as a whole number. NULL: it has none that can be read';
COMMENT ON COLUMN landing.refused_line.line IS
'The line as it came. ''(erased)'': it held what is personal, of a client who is forgotten or of nobody knows whom';
COMMENT ON COLUMN landing.refused_line.reason IS 'What is wrong with it, of several things the first; it quotes nothing';
COMMENT ON COLUMN landing.refused_line.refused_at IS 'When it was refused';
