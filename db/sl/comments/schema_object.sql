-- What sl.schema_object and its columns hold.
COMMENT ON TABLE sl.schema_object IS
'What the migrations made, as the catalog shows it: make migrate and migrations --check compare it with what is there';
COMMENT ON COLUMN sl.schema_object.object_name IS 'Kind and name, such as "trigger sl_stamp on raw.client"';
COMMENT ON COLUMN sl.schema_object.definition IS 'The definition, as PostgreSQL writes it; of rights, who has which';
