-- raw._erase_documents(p_stream landing.stream, p_keys text[], p_waiting_alone boolean DEFAULT false,
--     p_are_applied boolean DEFAULT false) RETURNS bigint
--
-- Purpose: takes what is personal out of documents. Of one that waits go the fields that the stream declares as such:
--     the rest of it is still to be applied. One that is applied or rejected, or is no JSON object, goes whole, and the
--     reason with it: it may hold what nobody declared. So does a line that was refused, also one whose key is not
--     known: it may be anybody's.
-- Parameters: p_stream: registry row; p_keys: keys of the documents; p_waiting_alone: only those after the position
--     up to which documents are applied (default false: all); p_are_applied: these are applied, and the position will
--     say so at the end of this transaction (default false: they wait).
-- Returns: how many documents held any.
-- Errors: none.
-- Reads: landing.position. Writes: landing.document, landing.rejected_document, landing.refused_line.
CREATE OR REPLACE FUNCTION raw._erase_documents(
    p_stream landing.stream,
    p_keys text[],
    p_waiting_alone boolean DEFAULT false,
    p_are_applied boolean DEFAULT false
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    c_erased CONSTANT text := '(erased)';
    v_documents bigint;
BEGIN
    IF cardinality(p_keys) = 0 OR p_stream.personal = '{}' THEN
        RETURN 0;
    END IF;
    UPDATE landing.rejected_document AS r
    SET reason = c_erased
    FROM landing.document AS d
    WHERE
        d.stream = p_stream.stream
        AND d.key = ANY (p_keys)
        AND (r.stream, r.partition, r.position) = (d.stream, d.partition, d.position)
        AND r.reason <> c_erased;
    UPDATE landing.refused_line AS r
    SET line = c_erased
    WHERE r.stream = p_stream.stream AND (r.key = ANY (p_keys) OR r.key IS NULL) AND r.line <> c_erased;
    EXECUTE format(
        $sql$
        UPDATE landing.document AS d
        SET
            body = CASE
                WHEN
                    NOT $5
                    AND d.position > p.applied_position
                    AND jsonb_typeof(d.body) = 'object'
                    AND (d.partition, d.position) NOT IN (
                        SELECT
                            r.partition,
                            r.position
                        FROM landing.rejected_document AS r
                        WHERE r.stream = $1 AND r.resolved_at IS NULL
                    )
                    THEN d.body%s
                ELSE to_jsonb($3)
            END
        FROM landing.position AS p
        WHERE
            d.stream = $1
            AND p.stream = $1
            AND p.partition = d.partition
            AND d.key = ANY ($2)
            AND d.body IS NOT NULL
            AND d.body <> to_jsonb($3)
            AND (NOT $4 OR d.position > p.applied_position)
        $sql$,
        (
            SELECT string_agg(format(' #- %L', string_to_array(f.field, '.')), '' ORDER BY f.no)
            FROM unnest(p_stream.personal) WITH ORDINALITY AS f (field, no)
        )
    )
    USING p_stream.stream, p_keys, c_erased, p_waiting_alone, p_are_applied;
    GET DIAGNOSTICS v_documents = ROW_COUNT;
    RETURN v_documents;
END;
$body$;

COMMENT ON FUNCTION raw._erase_documents IS 'Takes what is personal out of documents';
