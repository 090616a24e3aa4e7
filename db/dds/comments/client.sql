-- What dds.client and its columns hold.
COMMENT ON TABLE dds.client IS 'Versions of clients (SCD2, event time), loaded from raw.client by dds.load_client';
COMMENT ON COLUMN dds.client.client_sk IS 'Surrogate key of the version';
COMMENT ON COLUMN dds.client.client_id IS 'Key of the client, as in raw.client';
COMMENT ON COLUMN dds.client.first_name IS 'First name. NULL: the client is forgotten';
COMMENT ON COLUMN dds.client.last_name IS 'Last name. NULL: the client is forgotten';
COMMENT ON COLUMN dds.client.birth_date IS 'Birth date. NULL: unknown, or the client is forgotten';
COMMENT ON COLUMN dds.client.valid_from IS
'Start of the version in event time, inclusive: updated_at of the first observation of this state';
COMMENT ON COLUMN dds.client.valid_to IS
'End of the version in event time, exclusive; infinity while the version is open';
COMMENT ON COLUMN dds.client.is_current IS 'True where valid_to is infinity: the latest known state of the key';
COMMENT ON COLUMN dds.client.run_id IS 'Run (sl.run) that last wrote the version. A mere re-observation does not count';
COMMENT ON COLUMN dds.client.observed_at IS
'When the same state was observed again, as far as it is kept, the latest last. NULL: only at valid_from';
