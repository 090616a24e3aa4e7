-- What sl.mart and its columns hold.
COMMENT ON TABLE sl.mart IS 'What was declared of each mart (sl.declare_mart): the engine builds it by this';
COMMENT ON COLUMN sl.mart.mart_name IS 'Name of the mart, as sl.build takes it';
COMMENT ON COLUMN sl.mart.target_schema IS 'Schema of the target table';
COMMENT ON COLUMN sl.mart.target_table IS 'Table that a build writes: it holds every version, in knowledge time';
COMMENT ON COLUMN sl.mart.image_schema IS 'Schema of the image';
COMMENT ON COLUMN sl.mart.image_view IS
'View that says what the current rows should be; its columns are those of the target';
COMMENT ON COLUMN sl.mart.build_schema IS 'Schema of the procedure';
COMMENT ON COLUMN sl.mart.build_procedure IS 'Procedure that builds the mart; sl.run names its runs by it';
COMMENT ON COLUMN sl.mart.key_columns IS 'Key of a row; same names in image and target';
COMMENT ON COLUMN sl.mart.group_columns IS
'The leading columns of the key by which a build asks the image; all of them, unless rows of one group depend on each other';
COMMENT ON COLUMN sl.mart.key_entity IS
'Entity whose current keys are those of the mart. NULL: the image alone knows the keys';
COMMENT ON COLUMN sl.mart.touched_schema IS 'Schema of touched_function';
COMMENT ON COLUMN sl.mart.touched_function IS
'Function that tells which groups depend on what loads wrote. NULL: a build compares all of them';
COMMENT ON COLUMN sl.mart.sources IS 'Entities that the image reads';
COMMENT ON COLUMN sl.mart.personal IS
'Copies of personal data: of each entity (sl.entity) columns, which of the mart are emptied where a key is forgotten, and key, which column of the mart holds that key';
COMMENT ON COLUMN sl.mart.published_as IS 'Table of ClickHouse that shows the mart. NULL: none';
COMMENT ON COLUMN sl.mart.image_hash IS
'Hash of the image, of the views and functions that it reads, and of the touched function, as of the last declaration: where it changes, the next build computes everything. NULL: not declared anew since this column was made';
