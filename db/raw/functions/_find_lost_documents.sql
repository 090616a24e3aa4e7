-- raw._find_lost_documents(p_stream landing.stream, p_target landing.stream_target, OUT violations bigint,
--     OUT example text) RETURNS record
--
-- Purpose: looks for applied documents whose state is in none of raw, the states put aside and the history.
-- Parameters: p_stream, p_target: registry rows.
-- Returns: how many rows of documents are lost; one of them: its partition, position and key.
-- Errors: none; a document that the mapping cannot read any more is one violation of all of them.
-- Reads: landing.document, landing.position, landing.rejected_document, the table, and the history of its entity.
--     Writes: nothing.
--
-- A document that was erased tells nothing, not even its time. Of another, raw has a state that is not older. Where raw
-- lacks the key (sl.purge), the history has it.
CREATE OR REPLACE FUNCTION raw._find_lost_documents(
    p_stream landing.stream,
    p_target landing.stream_target,
    OUT violations bigint,
    OUT example text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_entity sl.entity;
    v_partitions integer [];
    v_last bigint [];
    v_bad_partitions integer [];
    v_bad_positions bigint [];
BEGIN
    SELECT e.* INTO v_entity
    FROM sl.entity AS e
    WHERE (e.source_schema, e.source_table) = (p_target.target_schema, p_target.target_table) AND e.changes = 'stamp';
    SELECT coalesce(array_agg(p.partition), '{}'), coalesce(array_agg(p.applied_position), '{}')
    INTO v_partitions, v_last
    FROM landing.position AS p
    WHERE p.stream = p_stream.stream;
    SELECT coalesce(array_agg(r.partition), '{}'), coalesce(array_agg(r.position), '{}')
    INTO v_bad_partitions, v_bad_positions
    FROM landing.rejected_document AS r
    WHERE r.stream = p_stream.stream AND r.resolved_at IS NULL;
    BEGIN
        EXECUTE format(
            $sql$
            WITH document AS (SELECT d.* FROM (%1$s OFFSET 0) AS d WHERE d.body IS DISTINCT FROM '"(erased)"')
            SELECT count(*), min(format('partition %%s, position %%s, key %%s', m.partition, m.position, (%2$s)))
            FROM (%3$s) AS m
            WHERE
                NOT EXISTS (
                    SELECT FROM %4$s AS r
                    WHERE %5$s AND (m.updated_at IS NULL OR r.updated_at >= m.updated_at)
                )
                %6$s
            $sql$,
            raw._document_rows(p_stream),
            (SELECT string_agg(format('m.%I', c.name), ', ') FROM unnest(p_target.key_columns) AS c (name)),
            p_target.mapping,
            format('%I.%I', p_target.target_schema, p_target.target_table),
            (SELECT string_agg(format('r.%I = m.%1$I', c.name), ' AND ') FROM unnest(p_target.key_columns) AS c (name)),
            CASE
                WHEN v_entity.entity_name IS NOT NULL
                    THEN format(
                        'AND (EXISTS (SELECT FROM %3$s AS r WHERE %2$s) '
                        'OR NOT EXISTS (SELECT FROM %1$s AS r WHERE %2$s))',
                        format('%I.%I', v_entity.target_schema, v_entity.target_table),
                        (
                            SELECT string_agg(format('r.%I = m.%1$I', c.name), ' AND ')
                            FROM unnest(v_entity.key_columns) AS c (name)
                        ),
                        format('%I.%I', p_target.target_schema, p_target.target_table)
                    )
                ELSE ''
            END
        )
        INTO violations, example
        USING
            v_partitions, array_fill(0::bigint, ARRAY[cardinality(v_partitions)]), v_last, v_bad_partitions,
            v_bad_positions;
    EXCEPTION
        WHEN data_exception THEN
            violations := 1;
            example := SQLERRM;
    END;
END;
$body$;

COMMENT ON FUNCTION raw._find_lost_documents IS 'Looks for applied documents whose state is nowhere';
