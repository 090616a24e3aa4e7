-- landing.land_states(p_stream text, p_source_id text, p_keys text[], p_bodies text[], p_times timestamptz[],
--     p_updated_at timestamptz DEFAULT NULL, p_key text DEFAULT NULL, p_compared_at timestamptz DEFAULT NULL,
--     OUT landed bigint, OUT unchanged bigint) RETURNS record
--
-- Purpose: lands documents of a source that is read and numbers nothing itself, those that are not as they were landed
--     last, and moves the bookmark: all in the caller's transaction.
-- Parameters: p_stream: name in landing.stream; p_source_id: identity of what is read; p_keys: keys of documents, each
--     once; p_bodies: what they are, JSON, NULL where the document is not there any more; p_times: when each was
--     changed, NULL where that is not known; p_updated_at, p_key: the bookmark (default NULL: stays as it is);
--     p_compared_at: when the comparison of all documents began that ends with these (default NULL: none ends).
-- Returns: landed: how many were landed; unchanged: how many were as they were landed last.
-- Errors: TS020 the source is another one than before; TS021 the stream is not declared; 21000 a key comes twice; 22P02
--     a body is no JSON.
-- Reads: landing.stream. Writes: landing.document, landing.position, landing.source_document, landing.bookmark,
--     landing.stream (source_id where it is not known).
--
-- A document is read after it was written, and its states are read in the order in which they were: so the time of a
-- state is the document's own, but not later than now, and later than the state before it, even where the clock of who
-- wrote it was behind, or two were written at one time. None is lost then, and the last one read is the current one.
-- The same holds for a deletion, which is known from when it was noticed.
CREATE OR REPLACE FUNCTION landing.land_states(
    p_stream text,
    p_source_id text,
    p_keys text[],
    p_bodies text[],
    p_times timestamptz[],
    p_updated_at timestamptz DEFAULT NULL,
    p_key text DEFAULT NULL,
    p_compared_at timestamptz DEFAULT NULL,
    OUT landed bigint,
    OUT unchanged bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_first record := landing.begin_landing(p_stream, 0, p_source_id);
    v_now CONSTANT timestamptz := clock_timestamp();
BEGIN
    WITH given AS (
        SELECT
            g.key,
            g.body::jsonb AS body,
            -- Not as it is written: the order of fields does not matter.
            sha256(convert_to((g.body::jsonb)::text, 'UTF8')) AS digest,
            least(g.changed_at, v_now) AS changed_at,
            g.no
        FROM unnest(p_keys, p_bodies, p_times) WITH ORDINALITY AS g (key, body, changed_at, no)
    ),
    changed AS (
        SELECT
            g.key,
            g.body,
            g.digest,
            greatest(coalesce(g.changed_at, v_now), s.state_at + interval '1 microsecond') AS state_at,
            v_first.base + v_first.first_offset - 1 + row_number() OVER (ORDER BY g.no) AS position
        FROM given AS g
        LEFT JOIN landing.source_document AS s ON s.stream = p_stream AND s.key = g.key
        WHERE s.digest IS DISTINCT FROM g.digest
    ),
    remembered AS (
        INSERT INTO landing.source_document AS s (stream, key, digest, state_at)
        SELECT
            p_stream,
            c.key,
            c.digest,
            c.state_at
        FROM changed AS c
        ON CONFLICT (stream, key) DO UPDATE
        SET digest = excluded.digest, state_at = excluded.state_at
    ),
    written AS (
        INSERT INTO landing.document (stream, partition, position, key, body, written_at)
        SELECT
            p_stream,
            0,
            c.position,
            c.key,
            c.body,
            c.state_at
        FROM changed AS c
        RETURNING 1
    )
    SELECT count(*) INTO landed FROM written;
    unchanged := cardinality(p_keys) - landed;
    IF landed > 0 THEN
        PERFORM landing.end_landing(
            p_stream, 0, v_first.first_offset + landed - 1, v_first.first_offset + landed
        );
    END IF;
    INSERT INTO landing.bookmark AS b (stream, updated_at, key, compared_at)
    VALUES (
        p_stream, CASE WHEN p_updated_at > v_now THEN v_now ELSE p_updated_at END, p_key, p_compared_at
    )
    ON CONFLICT (stream) DO UPDATE
    SET
        updated_at = greatest(b.updated_at, excluded.updated_at),
        key = CASE WHEN excluded.updated_at >= b.updated_at OR b.updated_at IS NULL THEN excluded.key ELSE b.key END,
        compared_at = greatest(b.compared_at, excluded.compared_at);
END;
$body$;

COMMENT ON FUNCTION landing.land_states IS 'Lands the documents of a source that is read that have changed since they were landed last';
