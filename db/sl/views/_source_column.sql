-- sl._source_column
--
-- Purpose: the columns of each entity's source: what type they are, what type the target wants, and how large a value
--     is.
-- Columns: entity_name; column_name; position; type_name; target_type_name: of the target's column of that name, NULL
--     where it has none; of the event time timestamp with time zone; is_converted: a value has to be converted before
--     it is judged; valid_template: a format string that makes of a value the SQL condition that it converts without
--     loss; converted_template: one that makes the converted value; both NULL where nothing is converted; is_text;
--     size_template: one that makes the size in bytes, of a text or bytea as it is, of another type as it is stored;
--     NULL where the type has a fixed size, and no value of it is large.
-- Reads: sl.entity, pg_catalog.
--
-- The size of a text is known without reading it. Source and target are found by their names, since who reads this
-- through sl.status_rejected may not look into their schemas. A number converts by its digits, whatever its scale: 2.0
-- is an integer, 0.4 is none. All else converts by its text, and a text loses neither digits nor a time of day nor its
-- end.
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
    END AS size_template,
    k.type_name,
    k.target_type_name,
    k.is_converted,
    CASE
        WHEN NOT k.is_converted THEN NULL
        WHEN t.typcategory = 'S'
            THEN format(
                '(%%1$s IS NULL OR CASE WHEN sl._is_valid(%%1$s::text, %L) THEN %s ELSE false END)',
                k.target_type_name,
                CASE
                    WHEN dt.typcategory = 'N'
                        THEN format('%%1$s::text::%s::text::numeric = %%1$s::text::numeric', k.target_type_name)
                    WHEN dt.oid IN ('date'::regtype, 'timestamp'::regtype)
                        THEN format('%%1$s::text::%s::timestamptz = %%1$s::text::timestamptz', k.target_type_name)
                    WHEN dt.typcategory = 'S'
                        THEN format('rtrim(%%1$s::text::%s::text) = rtrim(%%1$s::text)', k.target_type_name)
                    ELSE 'true'
                END
            )
        WHEN t.typcategory = 'N' AND coalesce(dt.typcategory <> 'N', true)
            THEN format('(%%1$s IS NULL OR sl._is_valid(%%1$s::text, %L))', k.target_type_name)
        WHEN t.typcategory = 'N'
            THEN format(
                '(%%1$s IS NULL OR CASE WHEN sl._is_valid(trim_scale(%%1$s::numeric)::text, %1$L) THEN '
                'trim_scale(%%1$s::numeric)::text::%1$s::text::numeric = %%1$s::numeric ELSE false END)',
                k.target_type_name
            )
        ELSE format(
            '(%%1$s IS NULL OR CASE WHEN sl._is_valid(%%1$s::text, %1$L) THEN '
            '%%1$s::text::%1$s::text::%2$s::text = %%1$s::text ELSE false END)',
            k.target_type_name, k.type_name
        )
    END AS valid_template,
    CASE
        WHEN NOT k.is_converted THEN NULL
        WHEN t.typcategory = 'N' AND dt.typcategory = 'N'
            THEN format('trim_scale(%%1$s::numeric)::text::%s', k.target_type_name)
        ELSE format('%%1$s::text::%s', k.target_type_name)
    END AS converted_template
FROM sl.entity AS e
INNER JOIN pg_namespace AS n ON n.nspname = e.source_schema
INNER JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = e.source_table
INNER JOIN pg_attribute AS a ON a.attrelid = r.oid
INNER JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_namespace AS m ON m.nspname = e.target_schema
LEFT JOIN pg_class AS c ON c.relnamespace = m.oid AND c.relname = e.target_table
LEFT JOIN pg_attribute AS d
    ON d.attrelid = c.oid
    AND d.attname = a.attname
    AND NOT d.attisdropped
    AND (e.key_columns || e.tracked_columns || e.in_place_columns) @> ARRAY[d.attname::text]
LEFT JOIN pg_type AS dt ON dt.oid = d.atttypid
CROSS JOIN LATERAL (
    SELECT
        w.type_name,
        w.target_type_name,
        w.target_type_name <> w.type_name
        -- A time without a zone is one of UTC.
        AND NOT (
            a.attname IS NOT DISTINCT FROM e.event_time_column AND a.atttypid IN ('timestamp'::regtype, 'date'::regtype)
        ) AS is_converted
    FROM (
        SELECT
            format_type(a.atttypid, a.atttypmod) AS type_name,
            CASE
                WHEN d.attname IS NOT NULL THEN format_type(d.atttypid, d.atttypmod)
                WHEN a.attname = e.event_time_column THEN 'timestamp with time zone'
            END AS target_type_name
    ) AS w
) AS k
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'changed_xid';

COMMENT ON VIEW sl._source_column IS
'The columns of each entity''s source, their types and the target''s, and how large a value is';
COMMENT ON COLUMN sl._source_column.entity_name IS 'Name in sl.entity';
COMMENT ON COLUMN sl._source_column.column_name IS 'Column of the source';
COMMENT ON COLUMN sl._source_column.position IS 'In which order the source has it';
COMMENT ON COLUMN sl._source_column.is_text IS 'Whether it holds texts';
COMMENT ON COLUMN sl._source_column.size_template IS
'Format string that makes of a value the SQL expression for its size in bytes; NULL where the type has a fixed size';
COMMENT ON COLUMN sl._source_column.type_name IS 'Its type';
COMMENT ON COLUMN sl._source_column.target_type_name IS
'Type that the target wants. NULL: the target has no such column';
COMMENT ON COLUMN sl._source_column.is_converted IS
'A value is converted before it is judged. NULL: the target has no such column';
COMMENT ON COLUMN sl._source_column.valid_template IS
'Format string that makes of a value the SQL condition that it converts without loss; NULL where nothing is converted';
COMMENT ON COLUMN sl._source_column.converted_template IS
'Format string that makes of a value the SQL expression of the converted one; NULL where nothing is converted';
