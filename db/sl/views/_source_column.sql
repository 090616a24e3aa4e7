-- sl._source_column
--
-- Purpose: the columns of each entity's source, and how the size of a value of each is known.
-- Columns: entity_name; column_name; position; is_text; size_template: a format string that makes an SQL expression of
--     a value: bytes, of a text or bytea as it is, of another type as it is stored; NULL where the type has a fixed
--     size, and no value of it is large.
-- Reads: sl.entity, pg_catalog.
--
-- The size of a text is known without reading it. The source is found by its name, since who reads this through
-- sl.status_rejected may not look into its schema.
CREATE OR REPLACE VIEW sl._source_column AS
SELECT
    e.entity_name,
    a.attname AS column_name,
    a.attnum AS position,
    t.typcategory = 'S' AS is_text,
    CASE
        WHEN t.typlen > 0 OR t.typtype = 'e' THEN NULL
        WHEN t.typcategory = 'S' OR t.oid = 'bytea'::regtype THEN 'octet_length(%1$s)'
        ELSE 'pg_column_size(%1$s)'
    END AS size_template
FROM sl.entity AS e
INNER JOIN pg_namespace AS n ON n.nspname = e.source_schema
INNER JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = e.source_table
INNER JOIN pg_attribute AS a ON a.attrelid = r.oid
INNER JOIN pg_type AS t ON t.oid = a.atttypid
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'changed_xid';

COMMENT ON VIEW sl._source_column IS 'The columns of each entity''s source, and how the size of a value of each is known';
COMMENT ON COLUMN sl._source_column.entity_name IS 'Name in sl.entity';
COMMENT ON COLUMN sl._source_column.column_name IS 'Column of the source';
COMMENT ON COLUMN sl._source_column.position IS 'In which order the source has it';
COMMENT ON COLUMN sl._source_column.is_text IS 'Whether it holds texts';
COMMENT ON COLUMN sl._source_column.size_template IS
'Format string that makes of a value the SQL expression for its size in bytes; NULL where the type has a fixed size';
