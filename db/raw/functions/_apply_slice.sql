-- raw._apply_slice(p_stream landing.stream, p_partitions integer[], p_first bigint[], p_last bigint[],
--     p_has_own_rows boolean, p_tables text[] DEFAULT NULL, p_statements text[] DEFAULT NULL, OUT documents bigint,
--     OUT counts bigint[], OUT bad_partitions integer[], OUT bad_positions bigint[]) RETURNS record
--
-- Purpose: brings a slice of documents into all tables of their stream, and rejects those that cannot be.
-- Parameters: p_stream: registry row; p_partitions, p_first, p_last: ranges as of raw._document_rows; p_has_own_rows:
--     this transaction may have written rows of the tables before; p_tables, p_statements: of a part of a slice that
--     was looked through, whose ranges are single positions: the tables, and for each the statement of
--     raw._mapping_sql (default NULL: a slice).
-- Returns: documents: how many there are; counts: rows mapped, inserted, updated, deleted, put aside; bad_partitions,
--     bad_positions: of the documents that were rejected.
-- Errors: what a mapping raises that is no fault of a document, such as a table that is gone.
-- Reads: landing.stream_target, landing.document. Writes: the tables, sl.kept_state, landing.rejected_document.
--
-- All of the slice is tried at once. Where the server refuses a value, the slice is halved until few documents are
-- left, which are mapped one by one: good ones need no transaction of their own, and many bad ones no statement of
-- their own. What the mapping takes and the table refuses is found by halving alone. A document that is left alone is
-- tried twice: it may be the row that it overwrites that the statement could not keep, and then the trigger does.
CREATE OR REPLACE FUNCTION raw._apply_slice(
    p_stream landing.stream,
    p_partitions integer[],
    p_first bigint[],
    p_last bigint[],
    p_has_own_rows boolean,
    p_tables text[] DEFAULT NULL,
    p_statements text[] DEFAULT NULL,
    OUT documents bigint,
    OUT counts bigint[],
    OUT bad_partitions integer[],
    OUT bad_positions bigint[]
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_check record;
    -- A part of so many documents is judged one by one.
    c_few CONSTANT integer := 256;
    -- Of so many the statement keeps what it overwrites. Of fewer the trigger does at less cost (docs/tuning.md).
    c_many CONSTANT integer := 64;
    v_tables text [] := p_tables;
    v_statements text [] := p_statements;
    v_table text;
    v_done bigint [];
    v_new_partitions integer [];
    v_new_positions bigint [];
    v_new_reasons text [];
    v_reasons text [];
    v_nothing text;
    v_refused text;
    v_all_partitions integer [];
    v_all_positions bigint [];
    v_half integer;
    v_is_judged boolean := false;
    v_is_first boolean := false;
    v_part record;
BEGIN
    IF p_statements IS NULL THEN
        v_check := raw._check_documents(p_stream, p_partitions, p_first, p_last);
        documents := v_check.documents;
        bad_partitions := coalesce(v_check.bad_partitions, '{}');
        bad_positions := coalesce(v_check.bad_positions, '{}');
        v_reasons := coalesce(v_check.reasons, '{}');
        v_is_first := documents >= c_many;
        SELECT
            array_agg(format('%I.%I', t.target_schema, t.target_table) ORDER BY t.target_schema, t.target_table),
            array_agg(
                raw._mapping_sql(p_stream, t, p_has_own_rows, p_keeps_before => v_is_first)
                ORDER BY t.target_schema, t.target_table
            )
        INTO v_tables, v_statements
        FROM landing.stream_target AS t
        WHERE t.stream = p_stream.stream;
    ELSE
        documents := cardinality(p_first);
        bad_partitions := '{}';
        bad_positions := '{}';
        v_reasons := '{}';
    END IF;
    LOOP
        counts := '{0,0,0,0,0}';
        EXIT WHEN cardinality(bad_positions) = documents;
        v_refused := NULL;
        BEGIN
            FOR v_no IN 1 .. cardinality(v_statements) LOOP
                v_table := v_tables[v_no];
                v_new_positions := NULL;
                EXECUTE v_statements[v_no]
                INTO v_done, v_new_partitions, v_new_positions, v_new_reasons, v_nothing
                USING p_partitions, p_first, p_last, bad_partitions, bad_positions;
                IF v_new_positions IS NOT NULL THEN
                    -- Of this table nothing was written, and of those before it nothing is to stay.
                    RAISE EXCEPTION 'documents are bad';
                END IF;
                counts := raw._sum(counts, v_done);
            END LOOP;
        EXCEPTION
            WHEN deadlock_detected THEN
                -- The statement locks in two passes what the trigger's way locks in one.
                IF NOT v_is_first THEN
                    RAISE;
                END IF;
                v_refused := SQLERRM;
            WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded OR raise_exception
                OR cardinality_violation OR datatype_mismatch THEN
                v_refused := format('To %s: %s', v_table, SQLERRM);
        END;
        EXIT WHEN v_refused IS NULL;
        IF v_new_positions IS NOT NULL THEN
            bad_partitions := bad_partitions || v_new_partitions;
            bad_positions := bad_positions || v_new_positions;
            v_reasons := v_reasons || v_new_reasons;
            CONTINUE;
        END IF;
        EXECUTE format(
            'SELECT array_agg(d.partition ORDER BY d.partition, d.position), '
            'array_agg(d.position ORDER BY d.partition, d.position) FROM (%s) AS d', raw._document_rows(p_stream)
        )
        INTO v_all_partitions, v_all_positions
        USING p_partitions, p_first, p_last, bad_partitions, bad_positions;
        IF p_statements IS NULL THEN
            v_statements := (
                SELECT array_agg(raw._mapping_sql(p_stream, t, true) ORDER BY t.target_schema, t.target_table)
                FROM landing.stream_target AS t
                WHERE t.stream = p_stream.stream
            );
            PERFORM raw._make_judge(p_stream);
        END IF;
        IF cardinality(v_all_positions) BETWEEN 2 AND c_few AND NOT v_is_judged THEN
            v_is_judged := true;
            EXECUTE
                'SELECT array_agg(w.partition), array_agg(w.position), array_agg(j.reason) '
                'FROM unnest($1, $2) AS w (partition, position) '
                'CROSS JOIN LATERAL pg_temp._judge_document(ARRAY[w.partition], ARRAY[w.position], ARRAY[w.position], '
                '''{}'', ''{}'') AS j (reason) WHERE j.reason IS NOT NULL'
            INTO v_new_partitions, v_new_positions, v_new_reasons
            USING v_all_partitions, v_all_positions;
            IF v_new_positions IS NOT NULL THEN
                bad_partitions := bad_partitions || v_new_partitions;
                bad_positions := bad_positions || v_new_positions;
                v_reasons := v_reasons || v_new_reasons;
                CONTINUE;
            END IF;
        END IF;
        IF cardinality(v_all_positions) = 1 AND v_is_first THEN
            v_is_first := false;
            CONTINUE;
        END IF;
        counts := '{0,0,0,0,0}';
        IF cardinality(v_all_positions) = 1 THEN
            bad_partitions := bad_partitions || v_all_partitions;
            bad_positions := bad_positions || v_all_positions;
            v_reasons := v_reasons || v_refused;
            EXIT;
        END IF;
        v_half := cardinality(v_all_positions) / 2;
        PERFORM raw._reject_documents(p_stream.stream, bad_partitions, bad_positions, v_reasons);
        v_reasons := '{}';
        FOR v_second IN 0 .. 1 LOOP
            v_part := raw._apply_slice(
                p_stream,
                CASE v_second WHEN 0 THEN v_all_partitions[:v_half] ELSE v_all_partitions[v_half + 1:] END,
                CASE v_second WHEN 0 THEN v_all_positions[:v_half] ELSE v_all_positions[v_half + 1:] END,
                CASE v_second WHEN 0 THEN v_all_positions[:v_half] ELSE v_all_positions[v_half + 1:] END,
                true, v_tables, v_statements
            );
            counts := raw._sum(counts, v_part.counts);
            bad_partitions := bad_partitions || v_part.bad_partitions;
            bad_positions := bad_positions || v_part.bad_positions;
        END LOOP;
        RETURN;
    END LOOP;
    PERFORM raw._reject_documents(p_stream.stream, bad_partitions, bad_positions, v_reasons);
END;
$body$;

COMMENT ON FUNCTION raw._apply_slice IS 'Brings a slice of documents into all tables of their stream, and rejects what cannot be';
