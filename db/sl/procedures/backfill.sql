-- sl.backfill(p_entity text, p_slice_rows bigint DEFAULT 500000, p_force boolean DEFAULT false,
--     p_join boolean DEFAULT false)
--
-- Purpose: brings an entity's history up to all of its source in slices of the key, each a transaction of its own: a
--     first load or a rebuild so large that an interruption must not throw it away. It ends as dds.load_... with
--     p_full does.
-- Parameters: p_entity: name in sl.entity; p_slice_rows: rows of the source a slice (default 500000), of one that is
--     begun anew; p_force: go on even where the slices delete or change an unlikely share of the current rows
--     (default false); p_join: only help with one that is not finished, begin none (default false).
-- Returns: nothing; each slice writes a row of sl.run and says in a NOTICE how far it is, sl.status_backfill shows it.
-- Errors: 2D000 it is called within a transaction; 22023 p_slice_rows is not above zero; TS001 an ordinary load of the
--     entity is in progress; TS002 the entity is not registered; TS003 its source table or key column does not exist;
--     TS004 an unlikely share would be deleted or changed; TS005 somebody else holds a lock for longer than
--     lock_timeout. What the slices before have done stays.
-- Reads and writes: as sl.begin_entity_backfill, sl.load_entity and sl.finish_backfill.
--
-- Only the owner may call it. Several sessions that call it at once share the slices. Called again after whatever ended
-- it, it goes on; after its end, it begins anew, which compares every row of the source. Slices of one target run
-- beside each other, ordinary loads between them (TS001): what is written to the source meanwhile is the next load's,
-- since the watermark will be that of the moment before the first slice was cut.
--
-- A procedure that commits can have no SET clause. So this one evaluates nothing but calls of routines that pin their
-- search_path, by their full names: there is no operator, function or type that a caller's search_path could replace.
CREATE OR REPLACE PROCEDURE sl.backfill(
    p_entity text,
    p_slice_rows bigint DEFAULT 500000,
    p_force boolean DEFAULT false,
    p_join boolean DEFAULT false
)
LANGUAGE plpgsql
AS $body$
BEGIN
    IF NOT p_join THEN
        PERFORM sl.begin_entity_backfill(p_entity, p_slice_rows);
        COMMIT;
    END IF;
    WHILE sl.load_slice(p_entity, p_force) LOOP
        COMMIT;
    END LOOP;
END;
$body$;

COMMENT ON PROCEDURE sl.backfill IS 'Brings an entity''s history up to all of its source in slices that each commit';
