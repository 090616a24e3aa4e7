-- What landing.stream_target and its columns hold.
COMMENT ON TABLE landing.stream_target IS
'Which table the documents of a stream are brought into, and how. One row a stream and table';
COMMENT ON COLUMN landing.stream_target.stream IS 'Name in landing.stream';
COMMENT ON COLUMN landing.stream_target.target_schema IS 'Schema of the table';
COMMENT ON COLUMN landing.stream_target.target_table IS 'Table that the documents are brought into';
COMMENT ON COLUMN landing.stream_target.key_columns IS 'Columns of the table''s primary key';
COMMENT ON COLUMN landing.stream_target.mapped_columns IS
'Columns of the table that the mapping gives, key and updated_at included';
COMMENT ON COLUMN landing.stream_target.mapping IS
'SELECT that makes rows of the table from the documents, which it reads as document';
