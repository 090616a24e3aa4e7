-- sl.backfill(p_name text, p_slice_rows bigint DEFAULT 500000, p_force boolean DEFAULT false,
--     p_join boolean DEFAULT false)
--
-- Purpose: brings an entity's history up to all of its source, or a mart up to all of its sources, in slices of the
--     key, each a transaction of its own: a first load or a rebuild so large that an interruption must not throw it
--     away. It ends as sl.load or sl.build with p_full does.
-- Parameters: p_name: name of an entity (sl.entity) or of a mart with a key entity (sl.mart); p_slice_rows: rows of the
--     source, or versions of the key entity, a slice (default 500000), of one that begins again; p_force: of an entity:
--     continue even where the slices delete or change an unlikely share of the current rows (default false); p_join:
--     only help with one that is not finished, begin none (default false).
-- Returns: nothing; each slice writes a row of sl.run and says in a NOTICE how far it is, sl.status_backfill shows it.
-- Errors: 2D000 it is called within a transaction; 22023 p_slice_rows is not above zero, or nothing can be cut into
--     slices; TS001 an ordinary load of the entity, or any run on the mart, is in progress; TS002 nothing of this name
--     is declared; TS003 a source, or a column, does not exist; TS004 an unlikely share would be deleted or changed;
--     TS005 another session holds a lock for longer than lock_timeout. What the slices before have done stays.
-- Reads and writes: as sl._begin_entity_backfill, sl._load_entity, sl._begin_mart_backfill, sl._build_slice and
--     sl._finish_backfill.
--
-- Only the owner may call it. Called again after whatever ended it, it resumes; after its end, it begins again, which
-- compares every row.
-- An entity: several sessions that call it at once share the slices. Slices of one target run beside each other,
-- ordinary loads between them (TS001): what is written to the source meanwhile is the next load's, since the watermark
-- will be that of the moment before the first slice was cut.
-- A mart: its slices run one after the other, and of two sessions one ends with TS001. It processes the loads that were
-- there when it began; what others change meanwhile, the next build processes. A build in between does all that is due,
-- the whole where the mart was never built, and leaves nothing to do to the slices after it.
--
-- A procedure that commits can have no SET clause. So this one evaluates nothing but calls of routines that pin their
-- search_path, by their full names: there is no operator, function or type that a caller's search_path could replace.
CREATE OR REPLACE PROCEDURE sl.backfill(
    p_name text,
    p_slice_rows bigint DEFAULT 500000,
    p_force boolean DEFAULT false,
    p_join boolean DEFAULT false
)
LANGUAGE plpgsql
AS $body$
BEGIN
    IF sl._is_mart(p_name) THEN
        IF NOT p_join THEN
            PERFORM sl._begin_mart_backfill(p_name, p_slice_rows);
            COMMIT;
        END IF;
        WHILE sl._build_slice(p_name) LOOP
            COMMIT;
        END LOOP;
        RETURN;
    END IF;
    IF NOT p_join THEN
        PERFORM sl._begin_entity_backfill(p_name, p_slice_rows);
        COMMIT;
    END IF;
    WHILE sl._load_slice(p_name, p_force) LOOP
        COMMIT;
    END LOOP;
END;
$body$;

COMMENT ON PROCEDURE sl.backfill IS
'Brings an entity''s history, or a mart, up to all of its source in slices that each commit';
