-- What landing.bookmark and its columns hold.
COMMENT ON TABLE landing.bookmark IS
'How far a source that is read was read, written in the transaction of the documents. One row a stream';
COMMENT ON COLUMN landing.bookmark.stream IS 'Name in landing.stream';
COMMENT ON COLUMN landing.bookmark.updated_at IS
'Greatest update time up to which all was read, never later than the reader''s clock. NULL: nothing was read by time yet';
COMMENT ON COLUMN landing.bookmark.key IS 'Key of the document that was read last at that time. NULL: none';
COMMENT ON COLUMN landing.bookmark.compared_at IS
'When the last comparison of all documents began that was finished. NULL: there was none';
