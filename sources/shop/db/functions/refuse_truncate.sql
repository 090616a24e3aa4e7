-- shop.refuse_truncate() RETURNS trigger
--
-- Purpose: refuses to TRUNCATE a table of the shop: no message would tell of the rows that are gone, and the warehouse
--     would keep them.
-- Errors: 55000 always.
CREATE OR REPLACE FUNCTION shop.refuse_truncate()
RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = '55000',
        MESSAGE = pg_catalog.format('%I.%I cannot be truncated', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        DETAIL = 'Nothing would tell the warehouse of the rows that are gone.',
        HINT = pg_catalog.format('To delete the rows, DELETE FROM %I.%I.', TG_TABLE_SCHEMA, TG_TABLE_NAME);
END;
$body$;

COMMENT ON FUNCTION shop.refuse_truncate() IS 'Trigger: refuses to TRUNCATE a table of the shop';
