-- What landing.document and its columns hold.
COMMENT ON TABLE landing.document IS
'Documents as they came, kept for the stream''s kept_for. A consumer appends; nothing changes but what dds.forget_client empties';
COMMENT ON COLUMN landing.document.stream IS 'Name in landing.stream';
COMMENT ON COLUMN landing.document.partition IS 'Partition of the stream';
COMMENT ON COLUMN landing.document.position IS
'Place in the partition: the source''s offset and landing.stream.base together';
COMMENT ON COLUMN landing.document.key IS 'Key of the message: the id of the row in the source. NULL: it came without';
COMMENT ON COLUMN landing.document.body IS
'The document; a string where what came is no JSON. NULL: a tombstone, the row was deleted';
COMMENT ON COLUMN landing.document.written_at IS 'When the source wrote it, on the source''s clock; of a tombstone not earlier than the state before it';
COMMENT ON COLUMN landing.document.landed_at IS 'When the consumer landed it';
