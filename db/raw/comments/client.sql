-- What raw.client and its columns hold.
COMMENT ON TABLE raw.client IS 'Clients as the source holds them now, one row a client (SCD1)';
COMMENT ON COLUMN raw.client.client_id IS 'Key of the client in the source';
COMMENT ON COLUMN raw.client.first_name IS 'First name. NULL: the source did not say, or the client is forgotten';
COMMENT ON COLUMN raw.client.last_name IS 'Last name. NULL: the source did not say, or the client is forgotten';
COMMENT ON COLUMN raw.client.birth_date IS 'Birth date. NULL: the source did not say, or the client is forgotten';
COMMENT ON COLUMN raw.client.email IS 'E-mail address. NULL: the source did not say, or the client is forgotten';
COMMENT ON COLUMN raw.client.phone IS 'Telephone. NULL: the source did not say, or the client is forgotten';
COMMENT ON COLUMN raw.client.loyalty_status IS
'Platinum, Gold, Silver or Basic; a load counts any other as a warning. NULL: the source did not say';
COMMENT ON COLUMN raw.client.region IS
'North, South, East or West; a load counts any other as a warning. NULL: the source did not say';
COMMENT ON COLUMN raw.client.registered_at IS 'When the client signed up. NULL: the source did not say';
COMMENT ON COLUMN raw.client.updated_at IS 'When the source changed the row, on the source''s clock. Never NULL';
COMMENT ON COLUMN raw.client.is_deleted IS 'True where the source deleted the row at updated_at. NULL counts as false';
COMMENT ON COLUMN raw.client.changed_xid IS
'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer never sets it';
