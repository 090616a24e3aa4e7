-- It has another parameter, which would make another function beside it.
DROP FUNCTION IF EXISTS raw._mapping_sql(landing.stream, landing.stream_target, boolean, boolean);
