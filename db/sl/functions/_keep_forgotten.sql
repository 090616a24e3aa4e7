-- sl._keep_forgotten() RETURNS trigger
--
-- Purpose: keeps forgotten keys forgotten when a source delivers them again: of the rows that a statement has written,
--     the personal columns of those are emptied again.
-- Parameters: of the trigger: the entity's name; it names the rows that were written "written".
-- Returns: nothing (a statement's trigger).
-- Errors: none.
-- Reads: sl.entity, sl.erasure, by its owner's rights: the writer may not read sl. Writes: the source.
--
-- It looks at what its own statement wrote and no more, so that writers do not wait for each other. What slips by it
-- (a replication worker; two transactions that do not see each other) is met by the load (sl._erase_delivered).
CREATE OR REPLACE FUNCTION sl._keep_forgotten()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The text of a key is the same in every session.
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
DECLARE
    v_entity sl.entity;
    v_places jsonb;
    v_is_known boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM sl.erasure AS e WHERE e.entity_name = TG_ARGV[0]) THEN
        RETURN NULL;
    END IF;
    v_entity := sl._entity_of(TG_ARGV[0]);
    v_places := jsonb_build_object('forgotten', sl._is_forgotten(v_entity, 'w'));
    -- Looked for first: an UPDATE fires this trigger again, even where it finds no row.
    EXECUTE sl._sql(
        v_entity,
        'SELECT EXISTS (SELECT FROM written AS w WHERE ({{personal|w.% IS NOT NULL| OR |false}}) AND {{forgotten}})',
        v_places
    ) INTO v_is_known;
    IF v_is_known THEN
        EXECUTE sl._sql(
            v_entity,
            $sql$
            UPDATE {{source}} AS s
            SET {{personal|% = NULL}}
            FROM written AS w
            WHERE {{key|s.% = w.%| AND }} AND ({{personal|w.% IS NOT NULL| OR }}) AND {{forgotten}}
            $sql$,
            v_places
        );
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION sl._keep_forgotten() IS 'Trigger: keeps forgotten keys forgotten when they are delivered again';
