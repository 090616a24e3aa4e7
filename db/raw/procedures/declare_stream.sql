-- raw.declare_stream(p_stream text, p_target text, p_mapping text, p_schema_version integer DEFAULT NULL,
--     p_id_base bigint DEFAULT 0, p_personal text[] DEFAULT '{}', p_kept_for interval DEFAULT NULL)
--
-- Purpose: says which table the documents of a stream are brought into, and how. Of a stream with several tables it is
--     called once a table.
-- Parameters: p_stream: name of the stream, the Kafka topic's; p_target: a table with a primary key, updated_at and
--     is_deleted; p_mapping: a SELECT that makes rows of the table from the documents, which it reads as "document":
--     stream, partition, position, key, id (the key as a number and p_id_base together, NULL where it is none),
--     id_base, body (NULL: a tombstone), written_at. It gives partition and position of the document, the key columns
--     and updated_at (NULL for a tombstone), and may give is_deleted and other columns; those that it does not give are
--     NULL. It names all else with its schema; p_schema_version: greatest schema_version of a document that it knows
--     (default NULL: they have none); p_id_base: what is added to the source's ids; p_personal: fields of the body that
--     hold what is personal, each a path such as row.email; p_kept_for: how long documents stay (default NULL: as it
--     was, 30 days at first).
-- Returns: nothing.
-- Errors: 22023 the table has no primary key, updated_at or is_deleted, or the mapping does not give what it has to;
--     what the server says of a mapping that it cannot read.
-- Reads: pg_catalog. Writes: landing.stream, landing.stream_target.
--
-- Only the owner may call it. Again: replaces the mapping. What was rejected is tried with it by raw.replay_documents.
CREATE OR REPLACE PROCEDURE raw.declare_stream(
    p_stream text,
    p_target text,
    p_mapping text,
    p_schema_version integer DEFAULT NULL,
    p_id_base bigint DEFAULT 0,
    p_personal text[] DEFAULT '{}',
    p_kept_for interval DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_stream landing.stream;
    v_target landing.stream_target;
    v_missing text;
BEGIN
    INSERT INTO landing.stream AS s (stream, schema_version, id_base, personal)
    VALUES (p_stream, p_schema_version, p_id_base, p_personal)
    ON CONFLICT (stream) DO UPDATE
    SET
        schema_version = excluded.schema_version,
        id_base = excluded.id_base,
        personal = excluded.personal
    WHERE (s.schema_version, s.id_base, s.personal)
        IS DISTINCT FROM (excluded.schema_version, excluded.id_base, excluded.personal);
    UPDATE landing.stream AS s
    SET kept_for = p_kept_for
    WHERE s.stream = p_stream AND s.kept_for <> p_kept_for;
    v_stream := landing._stream_of(p_stream);

    v_target.stream := p_stream;
    SELECT
        n.nspname,
        c.relname,
        ARRAY(
            SELECT a.attname
            FROM pg_index AS i
            CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, no)
            INNER JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = c.oid AND i.indisprimary
            ORDER BY k.no
        )
    INTO v_target.target_schema, v_target.target_table, v_target.key_columns
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = p_target::regclass;
    IF
        v_target.key_columns = '{}'
        OR (
            SELECT count(*) FROM pg_attribute AS a
            WHERE
                a.attrelid = p_target::regclass
                AND (a.attname, a.atttypid)
                IN (('updated_at', 'timestamptz'::regtype), ('is_deleted', 'boolean'::regtype))
        ) < 2
    THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'raw.declare_stream: %s needs a primary key, updated_at timestamptz and is_deleted boolean', p_target
            );
    END IF;
    EXECUTE format(
        'CREATE TEMPORARY TABLE _mapping AS WITH document AS (%s) SELECT m.* FROM (%s) AS m WITH NO DATA',
        regexp_replace(raw._document_rows(v_stream), '\$([0-9])', 'NULL', 'g'), p_mapping
    );
    v_target.mapped_columns := ARRAY(
        SELECT a.attname FROM pg_attribute AS a
        WHERE a.attrelid = 'pg_temp._mapping'::regclass AND a.attnum > 0
        ORDER BY a.attnum
    );
    DROP TABLE pg_temp._mapping;
    v_missing := (
        SELECT string_agg(c.name, ', ')
        FROM unnest('{partition,position,updated_at}'::text[] || v_target.key_columns) AS c (name)
        WHERE c.name <> ALL (v_target.mapped_columns)
    );
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'raw.declare_stream: the mapping of stream "%s" to %s does not give %s', p_stream, p_target, v_missing
            );
    END IF;
    v_missing := (
        SELECT string_agg(c.name, ', ')
        FROM unnest(v_target.mapped_columns) AS c (name)
        WHERE
            c.name NOT IN ('partition', 'position')
            AND NOT EXISTS (
                SELECT FROM pg_attribute AS a
                WHERE
                    a.attrelid = p_target::regclass
                    AND a.attname = c.name
                    AND a.attname <> 'changed_xid'
                    AND a.attnum > 0
            )
    );
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'raw.declare_stream: the mapping of stream "%s" gives %s, which %s does not have', p_stream, v_missing,
                p_target
            );
    END IF;
    v_target.mapping := p_mapping;
    -- Of no documents: what the server does not take is told now.
    EXECUTE raw._mapping_sql(v_stream, v_target, true)
    USING '{}'::integer[], '{}'::bigint[], '{}'::bigint[], '{}'::integer[], '{}'::bigint[];
    INSERT INTO landing.stream_target AS t
    SELECT v_target.*
    ON CONFLICT (stream, target_schema, target_table) DO UPDATE
    SET
        key_columns = excluded.key_columns,
        mapped_columns = excluded.mapped_columns,
        mapping = excluded.mapping
    WHERE (t.key_columns, t.mapped_columns, t.mapping)
        IS DISTINCT FROM (excluded.key_columns, excluded.mapped_columns, excluded.mapping);
END;
$body$;

COMMENT ON PROCEDURE raw.declare_stream IS 'Says which table the documents of a stream are brought into, and how';
