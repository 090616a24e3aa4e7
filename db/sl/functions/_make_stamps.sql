-- sl._make_stamps(p_entity sl.entity) RETURNS void
--
-- Purpose: gives a stamped source the column changed_xid, its index and the triggers, where it has them not, or where a
--     trigger is not as it is to be.
-- Parameters: p_entity: registry row.
-- Returns: nothing.
-- Errors: 42501 the caller does not own the source; 22023 it has a changed_xid of another type.
-- Reads: pg_catalog. Writes: the source's definition, sl.watermark.
--
-- The triggers fire for what a replication worker applies, too. Inserts carry the id by default. A row that a load has
-- read costs an update a look at a setting, and sl.purge no call. How the server writes the definition of a trigger is
-- learnt from one on an empty copy of the source, so that a source whose triggers are right is not locked.
CREATE OR REPLACE FUNCTION sl._make_stamps(p_entity sl.entity)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_source CONSTANT text := format('%I.%I', p_entity.source_schema, p_entity.source_table);
    c_setting CONSTANT text := sl._read_setting(p_entity.entity_name);
    v_stamp record;
    v_trigger record;
    v_wanted text;
BEGIN
    IF
        NOT EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = v_source::regclass AND a.attname = 'changed_xid' AND NOT a.attisdropped
        )
    THEN
        EXECUTE format(
            'ALTER TABLE %s ADD COLUMN changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint', v_source
        );
        EXECUTE format(
            'COMMENT ON COLUMN %s.changed_xid IS %L', v_source,
            'Id of the transaction that wrote the row. A default sets it on insert, a trigger on update. A writer '
            'never sets it'
        );
    END IF;
    -- A table that was made of another one may have the column, and neither default nor values.
    SELECT
        a.atttypid <> 'bigint'::regtype AS is_other,
        NOT a.atthasdef AS has_no_default,
        NOT a.attnotnull AS may_be_null
    INTO v_stamp
    FROM pg_attribute AS a
    WHERE a.attrelid = v_source::regclass AND a.attname = 'changed_xid' AND NOT a.attisdropped;
    IF v_stamp.is_other THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Entity "%s": %s.changed_xid is no bigint', p_entity.entity_name, v_source),
            HINT = 'Rename the column: the engine makes one of that name.';
    END IF;
    IF v_stamp.has_no_default THEN
        EXECUTE format(
            'ALTER TABLE %s ALTER COLUMN changed_xid SET DEFAULT pg_current_xact_id()::text::bigint', v_source
        );
    END IF;
    IF v_stamp.may_be_null THEN
        EXECUTE format(
            'UPDATE %s SET changed_xid = pg_current_xact_id()::text::bigint WHERE changed_xid IS NULL', v_source
        );
        EXECUTE format('ALTER TABLE %s ALTER COLUMN changed_xid SET NOT NULL', v_source);
    END IF;
    IF v_stamp.has_no_default OR v_stamp.may_be_null THEN
        PERFORM sl._read_whole_next(p_entity);
    END IF;
    IF
        NOT EXISTS (
            SELECT
            FROM pg_index AS i
            INNER JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = v_source::regclass AND a.attname = 'changed_xid' AND i.indpred IS NULL
        )
    THEN
        EXECUTE format(
            'CREATE INDEX %I ON %s (changed_xid)', left(p_entity.source_table, 47) || '_changed_xid_idx', v_source
        );
    END IF;
    EXECUTE sl._sql(p_entity, 'CREATE TEMPORARY TABLE _sl_source (LIKE {{source}}) ON COMMIT DROP');
    FOR v_trigger IN
        SELECT t.*
        FROM (
            VALUES
            (
                'sl_stamp',
                'BEFORE UPDATE ON {{source}} FOR EACH ROW '
                'EXECUTE FUNCTION sl._stamp_changed_xid({{name}}, {{setting}})'
            ),
            (
                'sl_keep_delete',
                'BEFORE DELETE ON {{source}} FOR EACH ROW '
                'WHEN (current_setting(''sl.purging'', true) IS DISTINCT FROM {{name}} '
                'OR (OLD.changed_xid >= nullif(current_setting({{setting}}, true), '''')::bigint) IS NOT FALSE) '
                'EXECUTE FUNCTION sl._keep_deleted({{name}}, {{setting}})'
            ),
            (
                'sl_stamp_key',
                'BEFORE UPDATE OF {{key|%}} ON {{source}} FOR EACH ROW '
                'WHEN ({{key|OLD.% IS DISTINCT FROM NEW.%| OR }}) '
                'EXECUTE FUNCTION sl._keep_moved({{name}})'
            ),
            (
                'sl_keep_all',
                'BEFORE TRUNCATE ON {{source}} FOR EACH STATEMENT '
                'EXECUTE FUNCTION sl._refuse_truncate({{name}})'
            )
        ) AS t (name, definition)
        UNION ALL
        SELECT
            f.name,
            'AFTER ' || f.event || ' ON {{source}} REFERENCING NEW TABLE AS written FOR EACH STATEMENT '
            'EXECUTE FUNCTION sl._keep_forgotten({{name}})'
        FROM (VALUES ('sl_forget_insert', 'INSERT'), ('sl_forget_update', 'UPDATE')) AS f (name, event)
        WHERE p_entity.personal_columns <> '{}'
    LOOP
        EXECUTE sl._sql(
            p_entity, 'CREATE TRIGGER ' || v_trigger.name || ' ' || v_trigger.definition,
            jsonb_build_object('source', 'pg_temp._sl_source', 'setting', quote_literal(c_setting))
        );
        v_wanted := (
            SELECT replace(pg_get_triggerdef(t.oid), ' ON pg_temp._sl_source ', format(' ON %s ', v_source))
            FROM pg_trigger AS t
            WHERE t.tgrelid = 'pg_temp._sl_source'::regclass AND t.tgname = v_trigger.name
        );
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE
                t.tgrelid = v_source::regclass
                AND t.tgname = v_trigger.name
                AND t.tgenabled = 'A'
                AND pg_get_triggerdef(t.oid) = v_wanted
        );
        EXECUTE sl._sql(
            p_entity, 'CREATE OR REPLACE TRIGGER ' || v_trigger.name || ' ' || v_trigger.definition,
            jsonb_build_object('setting', quote_literal(c_setting))
        );
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', v_source, v_trigger.name);
    END LOOP;
    DROP TABLE pg_temp._sl_source;
    -- A TRUNCATE of a partition asks its own triggers alone; those for each row it has of the table.
    FOR v_trigger IN
        SELECT p.relid::regclass AS partition
        FROM pg_partition_tree(v_source::regclass) AS p
        WHERE
            p.level > 0
            AND NOT EXISTS (
                SELECT FROM pg_trigger AS t
                WHERE t.tgrelid = p.relid AND t.tgname = 'sl_keep_all' AND t.tgenabled = 'A'
            )
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER sl_keep_all BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION '
            'sl._refuse_truncate(%L)', v_trigger.partition, p_entity.entity_name
        );
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER sl_keep_all', v_trigger.partition);
    END LOOP;
    FOR v_trigger IN
        SELECT t.tgname AS name
        FROM pg_trigger AS t
        WHERE
            p_entity.personal_columns = '{}'
            AND t.tgrelid = v_source::regclass
            AND t.tgname IN ('sl_forget_insert', 'sl_forget_update')
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', v_trigger.name, v_source);
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl._make_stamps IS 'Gives a stamped source the column changed_xid, its index and the triggers';
