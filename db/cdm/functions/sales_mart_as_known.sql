-- cdm.sales_mart_as_known(p_at timestamptz) RETURNS SETOF cdm.sales_mart
--
-- Purpose: the mart as it was reported at a moment, whatever has been corrected since.
-- Parameters: p_at: the moment, in knowledge time.
-- Returns: the versions valid then, at most one a sale; valid_to, is_current and run_id are those of today.
-- Errors: none.
-- Reads: cdm.sales_mart. Writes: nothing.
--
-- A build's versions count from the clock at its start: a report made while a build ran, before it committed, showed
-- the versions before it.
CREATE OR REPLACE FUNCTION cdm.sales_mart_as_known(p_at timestamptz)
RETURNS SETOF cdm.sales_mart
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT m.*
    FROM cdm.sales_mart AS m
    WHERE m.valid_from <= p_at AND p_at < m.valid_to;
$body$;

COMMENT ON FUNCTION cdm.sales_mart_as_known IS 'The mart as it was reported at a moment';
