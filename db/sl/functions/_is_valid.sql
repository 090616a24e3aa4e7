-- sl._is_valid(p_text text, p_type text) RETURNS boolean
--
-- Purpose: whether a text is a value of a type, as pg_input_is_valid of PostgreSQL 16 says it, for PostgreSQL 15 too.
-- Parameters: p_text: the text; p_type: name of the type, with its length or scale.
-- Returns: true or false; NULL where the text is NULL.
-- Errors: 42704 there is no such type.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_valid(p_text text, p_type text)
RETURNS boolean
LANGUAGE plpgsql
STRICT
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF current_setting('server_version_num')::integer >= 160000 THEN
        -- Given a parameter as it is, it would go by the type of the first call in the session.
        RETURN pg_input_is_valid(p_text, p_type || '');
    END IF;
    BEGIN
        EXECUTE format('SELECT %L::%s', p_text, p_type);
        RETURN true;
    EXCEPTION
        WHEN data_exception OR invalid_text_representation OR program_limit_exceeded OR check_violation THEN
            RETURN false;
    END;
END;
$body$;

COMMENT ON FUNCTION sl._is_valid IS 'Whether a text is a value of a type';
