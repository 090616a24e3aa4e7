DO $sl_install$
DECLARE
    c_version CONSTANT text := {{version}};
    c_sha256 CONSTANT text := {{sha256}};
    -- The revisions of this file, each with the hash of its text.
    c_revisions CONSTANT jsonb := {{revisions}};
    v_search_path CONSTANT text := current_setting('search_path');
    v_lock_timeout CONSTANT text := current_setting('lock_timeout');
    v_applied jsonb := '{}';
    v_one record;
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'The server is PostgreSQL %: the engine needs 15 or newer.',
            current_setting('server_version_num')::integer / 10000;
    END IF;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    -- It waits as long as it has to for another installation, and no longer than lock_timeout for any other lock.
    PERFORM pg_advisory_xact_lock({{lock}});
    IF v_lock_timeout = '0' THEN
        PERFORM set_config('lock_timeout', {{lock_timeout}}, true);
    END IF;
    IF to_regclass('sl.schema_revision') IS NOT NULL THEN
        RAISE EXCEPTION 'This database is a warehouse: make migrate brings its engine up to date.';
    END IF;
    IF to_regclass('sl.engine_revision') IS NOT NULL THEN
        SELECT coalesce(jsonb_object_agg(r.revision, r.sha256), '{}') INTO v_applied FROM sl.engine_revision AS r;
        FOR v_one IN
            SELECT v.version
            FROM sl.engine_version AS v
            WHERE
                string_to_array(substring(v.version FROM '^[0-9.]*[0-9]'), '.')::integer []
                > string_to_array(substring(c_version FROM '^[0-9.]*[0-9]'), '.')::integer []
        LOOP
            RAISE EXCEPTION 'The engine is of version %, and this is version %: use a newer one.',
                v_one.version, c_version;
        END LOOP;
        FOR v_one IN SELECT a.key, c_revisions ->> a.key AS sha256, a.value FROM jsonb_each_text(v_applied) AS a LOOP
            IF v_one.sha256 IS NULL THEN
                RAISE EXCEPTION 'The engine is at revision %, which version % does not know: use a newer one.',
                    v_one.key, c_version;
            ELSIF v_one.sha256 <> v_one.value THEN
                RAISE EXCEPTION 'Revision % was applied as another text than that of version %: use a released version.',
                    v_one.key, c_version;
            END IF;
        END LOOP;
        IF EXISTS (SELECT FROM sl.engine_version AS v WHERE v.version = c_version AND v.sha256 = c_sha256) THEN
            PERFORM set_config('search_path', v_search_path, true), set_config('lock_timeout', v_lock_timeout, true);
            RAISE NOTICE 'sl: version % is installed; nothing is new', c_version;
            RETURN;
        END IF;
    ELSIF to_regnamespace('sl') IS NOT NULL THEN
        RAISE EXCEPTION 'There is a schema sl already, which is not the engine''s: use another database.';
    END IF;

{{files}}
    -- What declarations have made is made again where this version makes it differently.
    FOR v_one IN
        SELECT
            e AS entity,
            e.changes,
            to_regclass(format('%I.%I', e.source_schema, e.source_table)) AS source
        FROM sl.entity AS e
    LOOP
        PERFORM sl._make_load(v_one.entity);
        IF v_one.changes = 'stamp' AND v_one.source IS NOT NULL THEN
            PERFORM sl._make_stamps(v_one.entity);
        END IF;
    END LOOP;
    PERFORM sl._make_build(m, m) FROM sl.mart AS m;
    -- By default PUBLIC may call all that is made.
    REVOKE ALL ON ALL ROUTINES IN SCHEMA sl FROM PUBLIC;
    INSERT INTO sl.engine_version AS v (version, sha256)
    VALUES (c_version, c_sha256)
    ON CONFLICT (version) DO UPDATE SET sha256 = excluded.sha256, applied_at = excluded.applied_at;
    PERFORM set_config('search_path', v_search_path, true), set_config('lock_timeout', v_lock_timeout, true);
    RAISE NOTICE 'sl: version % is installed', c_version;
END;
$sl_install$;
