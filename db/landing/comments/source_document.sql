-- What landing.source_document and its columns hold.
COMMENT ON TABLE landing.source_document IS
'What each document of a source that is read was when it was landed last, so that what has not changed is not landed again';
COMMENT ON COLUMN landing.source_document.stream IS 'Name in landing.stream';
COMMENT ON COLUMN landing.source_document.key IS 'Key of the document in the source';
COMMENT ON COLUMN landing.source_document.digest IS 'SHA-256 of the document. NULL: it is deleted';
COMMENT ON COLUMN landing.source_document.state_at IS
'The time from which its last landed state holds: written_at of the document in landing.document';
