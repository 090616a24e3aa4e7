-- sl._fill(p_template text, p_lists jsonb, p_places jsonb) RETURNS text
--
-- Purpose: fills a template of dynamic SQL, whose places have names.
-- Parameters: p_template: SQL with places in double braces; p_lists: arrays of column names by name; p_places: texts by
--     name, which are pasted as they are.
-- Returns: the SQL. {{name}} gives a text. {{name|pattern|separator|otherwise}} gives a list: the pattern for each
--     column, where % stands for its quoted name, the separator (', ' where there is none) between two, and the last
--     part where the list is empty (nothing where there is none). What is pasted is not looked at again.
-- Errors: XX000 a place has no value: a defect of the caller.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._fill(p_template text, p_lists jsonb, p_places jsonb)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_sql text := '';
    v_part text;
    v_place text [];
    v_is_place boolean := false;
    v_text text;
BEGIN
    FOREACH v_part IN ARRAY regexp_split_to_array(p_template, '\{\{|\}\}') LOOP
        v_text := v_part;
        IF v_is_place THEN
            v_place := string_to_array(v_part, '|');
            v_text := CASE
                WHEN cardinality(v_place) = 1 THEN p_places ->> v_part
                WHEN p_lists ? v_place[1] THEN sl._column_list(
                    ARRAY(SELECT jsonb_array_elements_text(p_lists -> v_place[1])),
                    v_place[2], coalesce(v_place[3], ', '), coalesce(v_place[4], '')
                )
            END;
            IF v_text IS NULL THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'XX000',
                    MESSAGE = format('sl._fill: there is nothing for the place "%s"', v_part);
            END IF;
        END IF;
        v_sql := v_sql || v_text;
        v_is_place := NOT v_is_place;
    END LOOP;
    RETURN v_sql;
END;
$body$;

COMMENT ON FUNCTION sl._fill IS 'Fills a template of dynamic SQL, whose places have names';
