-- sl.published_mart
--
-- Purpose: the marts that ClickHouse shows: what it asks for the views of the table that it is to fill. A mart without
--     an export view, since it was declared before these were made, is left out until it is declared again.
-- Columns: published_as: table of ClickHouse; mart_name; view_schema; export_view, batch_view, run_view: names of the
--     views that sl.declare_mart makes, or that the mart has of its own; key_columns: a JSON array of the names.
-- Reads: sl.mart.
CREATE OR REPLACE VIEW sl.published_mart AS
SELECT
    m.published_as,
    m.mart_name,
    m.target_schema AS view_schema,
    m.target_table || '_export' AS export_view,
    m.target_table || '_batch' AS batch_view,
    m.target_table || '_run' AS run_view,
    array_to_json(m.key_columns)::text AS key_columns
FROM sl.mart AS m
WHERE
    m.published_as IS NOT NULL
    AND to_regclass(format('%I.%I', m.target_schema, m.target_table || '_export')) IS NOT NULL;

COMMENT ON VIEW sl.published_mart IS 'The marts that ClickHouse shows, and the views by which it pulls them';
COMMENT ON COLUMN sl.published_mart.published_as IS 'Table of ClickHouse that shows the mart';
COMMENT ON COLUMN sl.published_mart.mart_name IS 'Name of the mart (sl.mart)';
COMMENT ON COLUMN sl.published_mart.view_schema IS 'Schema of the views';
COMMENT ON COLUMN sl.published_mart.export_view IS 'View of the rows, in types that cross over exactly';
COMMENT ON COLUMN sl.published_mart.batch_view IS 'View of what the rows of each run add up to';
COMMENT ON COLUMN sl.published_mart.run_view IS 'View of the builds by number and clock';
COMMENT ON COLUMN sl.published_mart.key_columns IS 'Key of a row, as a JSON array of names';
