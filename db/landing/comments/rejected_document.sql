-- What landing.rejected_document and its columns hold.
COMMENT ON TABLE landing.rejected_document IS
'Documents that could not be brought into raw. raw.replay_documents tries them again';
COMMENT ON COLUMN landing.rejected_document.stream IS 'Name in landing.stream';
COMMENT ON COLUMN landing.rejected_document.partition IS 'Partition of the document';
COMMENT ON COLUMN landing.rejected_document.position IS 'Position of the document';
COMMENT ON COLUMN landing.rejected_document.reason IS
'Why, as of the last try: which table it was for, and what is wrong; it may quote the document';
COMMENT ON COLUMN landing.rejected_document.rejected_at IS 'When it was rejected first';
COMMENT ON COLUMN landing.rejected_document.times_seen IS 'How often it was tried';
COMMENT ON COLUMN landing.rejected_document.resolved_at IS
'When a later try brought it into raw. NULL: it is rejected still';
