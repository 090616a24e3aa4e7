-- sl.purge(p_entity text, p_before timestamptz, p_pages bigint DEFAULT 8192)
--
-- Purpose: retention: takes old rows out of an entity's source. Its history does not see it: what is purged was not
--     deleted.
-- Parameters: p_entity: name in sl.entity, of a stamped source with an event time; p_before: rows of an event time
--     before this go; p_pages: pages (8 kB) of the source that one transaction looks at (default 8192, 64 MB), of a
--     partitioned source pages of each partition; next_page: resume at this page (default NULL: begin at the first
--     one).
-- Returns: one row: rows_purged; rows_kept: older rows that stay; next_page: NULL, as nothing is left to look at. A
--     NOTICE after each transaction tells the same; where an error ends the call, its last one tells where to resume.
-- Errors: 2D000 it is called within a transaction; 22023 the source is compared whole, the entity has no event time,
--     or an argument is wrong; TS002 the entity is not declared; TS003 its source, or a column of it, does not exist;
--     TS005 another session holds a lock for longer than lock_timeout.
-- Reads and writes: as sl._purge_pages.
--
-- Only the owner may call it. It commits after each p_pages, so that it neither holds up VACUUM nor makes loads read
-- again what was written meanwhile. A row stays that no load has read, and one whose rejection is open: no history
-- has it. So does a row that another row refers to by a foreign key: its deletion would be refused, or delete or change
-- that row, too. Purge what refers to it first. A purged key that comes back is an ordinary state.
--
-- A procedure that commits can have no SET clause. So this one evaluates nothing but calls of routines that pin their
-- search_path, by their full names: there is no operator, function or type that a caller's search_path could replace.
CREATE OR REPLACE PROCEDURE sl.purge(
    p_entity text,
    p_before timestamptz,
    p_pages bigint DEFAULT 8192,
    INOUT rows_purged bigint DEFAULT NULL,
    INOUT rows_kept bigint DEFAULT NULL,
    INOUT next_page bigint DEFAULT NULL
)
LANGUAGE plpgsql
AS $body$
BEGIN
    LOOP
        CALL sl._purge_pages(p_entity, p_before, p_pages, rows_purged, rows_kept, next_page);
        COMMIT;
        EXIT WHEN next_page IS NULL;
    END LOOP;
END;
$body$;

COMMENT ON PROCEDURE sl.purge IS 'Takes old rows out of an entity''s source; its history does not see it';
