-- shop.set_updated_at() RETURNS trigger
--
-- Purpose: sets updated_at at each change of a row: strictly greater than before, also where several changes fall in
--     one microsecond, and where the clock steps back.
-- Reads: shop.deleted_row: a row whose id was deleted is later than its deletion, also where that is known in
--     milliseconds rounded up, as in Kafka.
CREATE OR REPLACE FUNCTION shop.set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    ELSE
        NEW.updated_at := greatest(
            clock_timestamp(),
            (
                SELECT date_trunc('milliseconds', d.deleted_at) + interval '2 milliseconds'
                FROM shop.deleted_row AS d
                WHERE d.aggregatetype = TG_TABLE_NAME AND d.row_id = NEW.id
            )
        );
    END IF;
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION shop.set_updated_at() IS 'Trigger: sets updated_at, greater at each change of a row';
