-- shop.note_deletion() RETURNS trigger
--
-- Purpose: notes when a row was deleted, before it is: what copies the deletion finds the time there.
-- Writes: shop.deleted_row.
CREATE OR REPLACE FUNCTION shop.note_deletion()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.id <> NEW.id THEN
        INSERT INTO shop.deleted_row (aggregatetype, row_id, deleted_at)
        VALUES (TG_TABLE_NAME, OLD.id, greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond'))
        ON CONFLICT (aggregatetype, row_id) DO UPDATE SET deleted_at = excluded.deleted_at;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$body$;

COMMENT ON FUNCTION shop.note_deletion() IS 'Trigger: notes when a row was deleted';
