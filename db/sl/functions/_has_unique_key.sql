-- sl._has_unique_key(p_entity sl.entity) RETURNS boolean
--
-- Purpose: whether the source of an entity has at most one row a key.
-- Parameters: p_entity: registry row.
-- Returns: true where a valid unique index is on the key columns and no others.
-- Errors: 42P01 there is no such table.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._has_unique_key(p_entity sl.entity)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM pg_index AS i
        WHERE
            i.indrelid = format('%I.%I', p_entity.source_schema, p_entity.source_table)::regclass
            AND i.indisunique
            AND i.indisvalid
            AND i.indpred IS NULL
            AND i.indexprs IS NULL
            AND i.indnkeyatts = cardinality(p_entity.key_columns)
            AND p_entity.key_columns @> ARRAY(
                SELECT a.attname::text
                FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS k (attnum)
                INNER JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            )
    );
END;
$body$;

COMMENT ON FUNCTION sl._has_unique_key IS 'Whether the source of an entity has at most one row a key';
