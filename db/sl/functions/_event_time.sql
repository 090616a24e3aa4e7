-- sl._event_time(p_entity sl.entity, p_row text, p_is_converted boolean) RETURNS text
--
-- Purpose: writes the event time of a source row into dynamic SQL.
-- Parameters: p_entity: registry row, with an event_time_column; p_row: alias of the row; p_is_converted: whether the
--     row's columns are of the target's types.
-- Returns: an SQL expression of type timestamptz; NULL where the column holds a text that is no time. A time without a
--     zone is one of UTC.
-- Errors: none.
-- Reads: sl._source_column. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._event_time(p_entity sl.entity, p_row text, p_is_converted boolean)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT CASE
            WHEN c.type_name = 'timestamp with time zone' THEN v.value
            WHEN p_is_converted OR NOT c.is_converted THEN v.value || '::timestamptz'
            ELSE format(
                'CASE WHEN %s THEN %s END', format(c.valid_template, v.value), format(c.converted_template, v.value)
            )
        END
        FROM sl._source_column AS c
        CROSS JOIN LATERAL (SELECT format('%s.%I', p_row, c.column_name) AS value) AS v
        WHERE c.entity_name = p_entity.entity_name AND c.column_name = p_entity.event_time_column
    );
END;
$body$;

COMMENT ON FUNCTION sl._event_time IS 'Writes the event time of a source row into dynamic SQL';
