-- What landing.position and its columns hold.
COMMENT ON TABLE landing.position IS
'How far each partition of a stream was landed and applied. A consumer writes it in the transaction of the documents';
COMMENT ON COLUMN landing.position.stream IS 'Name in landing.stream';
COMMENT ON COLUMN landing.position.partition IS 'Partition of the stream';
COMMENT ON COLUMN landing.position.landed_position IS 'Position of the last document that was landed. -1: none yet';
COMMENT ON COLUMN landing.position.landed_at IS 'When it was landed. NULL: none yet';
COMMENT ON COLUMN landing.position.first_position IS
'First position that the source still has, as the consumer saw it last. NULL: it did not say';
COMMENT ON COLUMN landing.position.end_position IS
'Position that the source gives next, as the consumer saw it last. NULL: it did not say';
COMMENT ON COLUMN landing.position.behind_since IS
'Since when the source has documents that nobody has landed: since this was seen, or the last landed one was written. NULL: it has none';
COMMENT ON COLUMN landing.position.seen_at IS 'When the consumer was heard of last. NULL: never';
COMMENT ON COLUMN landing.position.problem IS 'What keeps the consumer from landing, and what to do. NULL: nothing';
COMMENT ON COLUMN landing.position.applied_position IS
'Documents up to this position are in raw, or rejected. -1: none yet';
COMMENT ON COLUMN landing.position.applied_at IS 'When raw.apply_documents moved it last. NULL: never';
