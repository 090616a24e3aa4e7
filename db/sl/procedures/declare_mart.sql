-- sl.declare_mart(p_mart text, p_key text[], p_sources text[], p_image text DEFAULT NULL, p_touched text DEFAULT NULL,
--     p_group text[] DEFAULT NULL, p_key_entity text DEFAULT NULL, p_personal jsonb DEFAULT '{}',
--     p_target text DEFAULT NULL, p_procedure text DEFAULT NULL, p_published_as text DEFAULT NULL)
--
-- Purpose: declares a mart: a table whose rows are computed from entities, with a history in knowledge time. Makes what
--     is missing: the target table, its indexes, the procedure <target schema>.build_<mart>(), the views by which
--     ClickHouse pulls it; a new column of the image is added to the target. Called again with the same arguments it
--     changes nothing.
-- Parameters: p_mart: name; p_key: the columns of a row's key, none of which is ever NULL; p_sources: the entities that
--     the image reads: a build processes their loads; p_image: view that says what the current rows should be (NULL:
--     <target>_image); p_touched: function of a bigint[] of loads that returns the group columns of the rows that
--     depend on what these loads wrote (NULL: a build compares all rows); p_group: the leading columns of the key by
--     which the image is asked, where rows depend on each other, or a group is computed at once (NULL: the whole key);
--     p_key_entity: the entity whose current keys are those of the mart, where there is one: its rows are then asked
--     for one by one, and sl.backfill can cut the mart into slices; p_personal: which columns hold a copy of which
--     entity's personal data, and which column holds that entity's key: {"client": {"columns": ["name"], "key":
--     "client_id"}}; p_target: table with its schema (NULL: cdm.<mart>); p_procedure: with its schema (NULL:
--     build_<mart> in the target's); p_published_as: table of ClickHouse that shows the mart (NULL:
--     none): makes <target>_export, <target>_batch and <target>_run, by which ClickHouse pulls it, unless views of
--     these names are there already.
-- Returns: nothing.
-- Errors: TS002 a source is not declared; TS003 the image, the function, or a column does not exist; TS008 the
--     declaration, or the image, differs from the one before in what would lose or reinterpret data, or the target is
--     not as it should be; 22023 an argument is wrong; TS001 the mart means something else than before, and a run on it
--     is in progress; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: pg_catalog, sl.entity, sl.mart. Writes: sl.mart, sl.watermark, sl.backfill, and what it makes.
--
-- Where the mart means something else than before (sl._image_hash, or another argument says so), the next build
-- computes everything, and a backfill that is not finished begins anew.
CREATE OR REPLACE PROCEDURE sl.declare_mart(
    p_mart text,
    p_key text[],
    p_sources text[],
    p_image text DEFAULT NULL,
    p_touched text DEFAULT NULL,
    p_group text[] DEFAULT NULL,
    p_key_entity text DEFAULT NULL,
    p_personal jsonb DEFAULT '{}',
    p_target text DEFAULT NULL,
    p_procedure text DEFAULT NULL,
    p_published_as text DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_default_target_schema CONSTANT text := 'cdm';
    v_known sl.mart;
    v_mart sl.mart;
    v_target text [];
    v_image text [];
    v_touched text [];
    v_procedure text [];
BEGIN
    PERFORM sl._bound_lock_wait();
    IF
        p_mart IS NULL OR p_mart !~ '^[a-z_][a-z0-9_]*$' OR length(p_mart) > 40
        OR EXISTS (SELECT FROM sl.entity AS e WHERE e.entity_name = p_mart)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sl.declare_mart: "%s" is no name of a mart', coalesce(p_mart, 'NULL')),
            HINT = 'Use up to 40 small letters, digits and underscores, the first no digit, and no name of an entity.';
    END IF;
    SELECT m.* INTO v_known FROM sl.mart AS m WHERE m.mart_name = p_mart;

    v_target := sl._table_name(coalesce(p_target, format('%I.%I', c_default_target_schema, p_mart)), 'p_target');
    v_image := sl._table_name(coalesce(p_image, format('%I.%I', v_target[1], v_target[2] || '_image')), 'p_image');
    v_procedure := sl._table_name(
        coalesce(p_procedure, format('%I.%I', v_target[1], 'build_' || p_mart)), 'p_procedure'
    );
    IF p_touched IS NOT NULL THEN
        v_touched := sl._table_name(p_touched, 'p_touched');
    END IF;
    v_mart.mart_name := p_mart;
    v_mart.target_schema := v_target[1];
    v_mart.target_table := v_target[2];
    v_mart.image_schema := v_image[1];
    v_mart.image_view := v_image[2];
    v_mart.build_schema := v_procedure[1];
    v_mart.build_procedure := v_procedure[2];
    v_mart.key_columns := p_key;
    v_mart.group_columns := coalesce(p_group, p_key);
    v_mart.key_entity := p_key_entity;
    v_mart.touched_schema := v_touched[1];
    v_mart.touched_function := v_touched[2];
    v_mart.sources := p_sources;
    v_mart.personal := coalesce(p_personal, '{}');
    v_mart.published_as := p_published_as;

    PERFORM sl._check_mart(v_mart, v_known);
    v_mart.image_hash := sl._image_hash(v_mart);
    IF v_known.mart_name IS NULL THEN
        INSERT INTO sl.mart SELECT v_mart.*;
    ELSIF v_known IS DISTINCT FROM v_mart THEN
        UPDATE sl.mart AS m
        SET
            image_schema = v_mart.image_schema,
            image_view = v_mart.image_view,
            build_schema = v_mart.build_schema,
            build_procedure = v_mart.build_procedure,
            group_columns = v_mart.group_columns,
            key_entity = v_mart.key_entity,
            touched_schema = v_mart.touched_schema,
            touched_function = v_mart.touched_function,
            sources = v_mart.sources,
            personal = v_mart.personal,
            published_as = v_mart.published_as,
            image_hash = v_mart.image_hash
        WHERE m.mart_name = p_mart;
    END IF;
    IF
        v_known.image_hash <> v_mart.image_hash
        OR (v_known.image_schema, v_known.image_view) <> (v_mart.image_schema, v_mart.image_view)
        OR (v_known.touched_schema, v_known.touched_function)
        IS DISTINCT FROM (v_mart.touched_schema, v_mart.touched_function) AND v_known.mart_name IS NOT NULL
        OR v_known.sources <> v_mart.sources
        OR v_known.group_columns <> v_mart.group_columns
        OR v_known.key_entity IS DISTINCT FROM v_mart.key_entity AND v_known.mart_name IS NOT NULL
    THEN
        -- A build in progress would note that what it has computed is all there is.
        PERFORM sl._lock_target('sl.declare_mart', format('%I.%I', v_target[1], v_target[2]));
        DELETE FROM sl.watermark AS w WHERE w.target = format('%I.%I', v_target[1], v_target[2]);
        DELETE FROM sl.backfill AS b WHERE b.target = format('%I.%I', v_target[1], v_target[2]);
        RAISE NOTICE 'sl.declare_mart: % means something else than before: its next build computes everything', p_mart;
    END IF;
    PERFORM sl._make_mart_target(v_mart);
    PERFORM sl._make_build(v_mart, v_known);
    PERFORM sl._make_export(v_mart);
END;
$body$;

COMMENT ON PROCEDURE sl.declare_mart IS 'Declares a mart, and makes what it needs and has not';
