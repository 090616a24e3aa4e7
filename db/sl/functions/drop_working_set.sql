-- sl.drop_working_set() RETURNS void
--
-- Purpose: drops the temporary tables of an earlier run in the same transaction (each drops its own on commit).
-- Parameters: none.
-- Returns: nothing.
-- Errors: none.
-- Reads: nothing. Writes: the session's temporary tables.
CREATE OR REPLACE FUNCTION sl.drop_working_set()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['scd2_odd', 'scd2_change', 'scd2_segment', 'mart_key', 'mart_change'] LOOP
        -- Asked first, since DROP ... IF EXISTS would tell of each absent table in a NOTICE.
        IF to_regclass('pg_temp.' || v_table) IS NOT NULL THEN
            EXECUTE format('DROP TABLE pg_temp.%I', v_table);
        END IF;
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl.drop_working_set IS 'Drops the temporary tables of an earlier run in the same transaction';
