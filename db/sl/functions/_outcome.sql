-- sl._outcome(p_action text) RETURNS text
--
-- Purpose: the outcome as which a load counts a row.
-- Parameters: p_action: scd2_action, as of sl._classify and, in place of "splice", of sl._splice_history.
-- Returns: inserted, corrected, deleted, unchanged or rejected.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._outcome(p_action text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT CASE
        WHEN p_action IN ('first', 'append', 'splice_inserted') THEN 'inserted'
        WHEN p_action IN ('in_place', 'splice_corrected') THEN 'corrected'
        WHEN p_action IN ('close', 'forget', 'splice_deleted') THEN 'deleted'
        WHEN p_action IN ('touch', 'same', 'splice_unchanged') THEN 'unchanged'
        ELSE p_action
    END;
$body$;

COMMENT ON FUNCTION sl._outcome IS 'The outcome as which a load counts a row';
