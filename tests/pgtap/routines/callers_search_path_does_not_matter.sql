BEGIN;
SELECT plan(1);

-- A hostile table of the same name as one of sl, and a function that hides a built-in one.
CREATE TEMPORARY TABLE entity (entity_name text);
CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql RETURN timestamptz '1970-01-01';
SET LOCAL search_path = pg_temp, sl, pg_catalog, public;
SELECT tap.put_healthy_warehouse();

SELECT public.is(tap.audit_detail(), 'clean', 'loads, build and audit use their own objects');

SELECT * FROM finish();
ROLLBACK;
