-- What landing.stream and its columns hold.
COMMENT ON TABLE landing.stream IS 'Streams of documents, as raw.declare_stream has declared them. One row a stream';
COMMENT ON COLUMN landing.stream.stream IS 'Name of the stream: of the Kafka topic, or of the collection';
COMMENT ON COLUMN landing.stream.kept_for IS
'How long a document stays after it landed; raw.purge_documents removes what is older';
COMMENT ON COLUMN landing.stream.schema_version IS
'Greatest schema_version of a document that the mappings know; a later one is rejected. NULL: documents have no version';
COMMENT ON COLUMN landing.stream.id_base IS 'What is added to an id of the source to make the key in raw';
COMMENT ON COLUMN landing.stream.personal IS
'Fields of the body that hold what is personal, each a path such as row.email; dds.forget_client empties them';
COMMENT ON COLUMN landing.stream.source_id IS
'Identity of what the stream is read from: the Kafka topic''s id. NULL: the next reader names it';
COMMENT ON COLUMN landing.stream.base IS
'What is added to an offset of the source to make a position: a topic made again begins at 0';
