-- shop.find_gap() RETURNS trigger
--
-- Purpose: notes where beats of the web shop were left out: the warehouse was set back to a time that the shop's server
--     keeps nothing of any more, as by a restore, and PostgreSQL goes on with what comes now, without a word.
-- Parameters: none.
-- Returns: the row, with the gap.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION shop.find_gap()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF NEW.beats <> OLD.beats + 1 AND OLD.gap_until IS NULL THEN
        NEW.gap_from := coalesce(OLD.seen_at, '-infinity');
        NEW.gap_until := coalesce(NEW.seen_at, clock_timestamp());
    END IF;
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION shop.find_gap() IS 'Trigger: notes where beats of the web shop were left out';
