-- A row that bears the time 4714 BC stopped every later build, and one from the year 2099 stayed current for ever.
ALTER TABLE sl.entity
ADD COLUMN plausible_from timestamptz NOT NULL DEFAULT '1900-01-01 00:00:00+00',
ADD COLUMN future_tolerance interval NOT NULL DEFAULT '5 minutes' CHECK (future_tolerance >= interval '0'),
ADD COLUMN breaker_judges_changes boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sl.entity.plausible_from IS 'A source row whose updated_at lies before this is rejected';
COMMENT ON COLUMN sl.entity.future_tolerance IS
'How far updated_at may lie after the clock of the load; a row beyond is rejected, and judged again by each load';
COMMENT ON COLUMN sl.entity.breaker_share IS
'A load that would delete more than this share of the current rows stops, unless it is forced';
COMMENT ON COLUMN sl.entity.breaker_floor IS 'Up to this many rows a load never stops, whatever their share';
COMMENT ON COLUMN sl.entity.breaker_judges_changes IS
'True: rows that a load would change count as rows that it would delete. False: an ordinary price rise of all products passes';

-- A bad row that is touched every night had a rejection for each night.
ALTER TABLE sl.rejected_row
ADD COLUMN observed_at timestamptz,
ADD COLUMN times_seen bigint NOT NULL DEFAULT 1,
ADD COLUMN last_seen timestamptz,
ADD COLUMN last_run_id bigint REFERENCES sl.run;
UPDATE sl.rejected_row AS j
SET
    observed_at = CASE WHEN j.rule_name <> 'updated_at_not_finite' THEN (j.row ->> 'updated_at')::timestamptz END,
    last_seen = j.rejected_at,
    last_run_id = j.run_id;
WITH open_row AS (
    SELECT
        o.rejected_row_id,
        count(*) OVER w AS times_seen,
        min(o.run_id) OVER w AS run_id,
        min(o.rejected_at) OVER w AS rejected_at,
        row_number() OVER (
            PARTITION BY o.entity_name, o.entity_key, o.rule_name
            ORDER BY o.observed_at DESC NULLS LAST, o.rejected_row_id DESC
        ) AS place
    FROM sl.rejected_row AS o
    WHERE o.resolved_run_id IS NULL
    WINDOW w AS (PARTITION BY o.entity_name, o.entity_key, o.rule_name)
),
kept AS (
    UPDATE sl.rejected_row AS j
    SET times_seen = o.times_seen, run_id = o.run_id, rejected_at = o.rejected_at
    FROM open_row AS o
    WHERE o.rejected_row_id = j.rejected_row_id AND o.place = 1 AND o.times_seen > 1
)
DELETE FROM sl.rejected_row AS j
USING open_row AS o
WHERE o.rejected_row_id = j.rejected_row_id AND o.place > 1;
ALTER TABLE sl.rejected_row
ALTER COLUMN last_seen SET NOT NULL,
ALTER COLUMN last_run_id SET NOT NULL;
DROP INDEX sl.rejected_row_open_idx;
CREATE UNIQUE INDEX rejected_row_open_key ON sl.rejected_row (entity_name, entity_key, rule_name)
WHERE resolved_run_id IS NULL;
COMMENT ON TABLE sl.rejected_row IS
'Source rows that failed a quality rule, one open rejection a row and rule, until a good state of their key arrives and after';
COMMENT ON COLUMN sl.rejected_row.row IS 'The newest bad state, its times in UTC';
COMMENT ON COLUMN sl.rejected_row.observed_at IS
'updated_at of that state: a good state resolves the rejection unless it is older. NULL where updated_at is what is wrong';
COMMENT ON COLUMN sl.rejected_row.run_id IS 'The run that rejected the row first';
COMMENT ON COLUMN sl.rejected_row.rejected_at IS 'When that was';
COMMENT ON COLUMN sl.rejected_row.times_seen IS 'How many states of the row were rejected by this rule; the same state read again does not count';
COMMENT ON COLUMN sl.rejected_row.last_seen IS 'When the last of them was rejected';
COMMENT ON COLUMN sl.rejected_row.last_run_id IS 'The run that did it';

-- "Latest" went by the clock: after a clock that ran ahead a failing build looked as healed. A number says now in which
-- order runs ended.
CREATE SEQUENCE sl.run_end;
ALTER TABLE sl.run
ADD COLUMN stamped_at timestamptz,
ADD COLUMN end_no bigint;
UPDATE sl.run AS r
SET end_no = e.end_no
FROM (
    SELECT o.run_id, row_number() OVER (ORDER BY o.finished_at, o.run_id) AS end_no
    FROM sl.run AS o
    WHERE o.finished_at IS NOT NULL
) AS e
WHERE e.run_id = r.run_id;
SELECT setval('sl.run_end', count(*) + 1) FROM sl.run;
COMMENT ON SEQUENCE sl.run_end IS 'Numbers runs in the order in which they end';
COMMENT ON COLUMN sl.run.end_no IS 'Of two runs the one that ended later has the greater number, whatever the server''s clock says';
COMMENT ON COLUMN sl.run.started_at IS
'The run''s clock. On one target it never runs backwards: a run begins after the one before it, whatever the server''s clock says';
COMMENT ON COLUMN sl.run.stamped_at IS
'What started_at was before sl.restamp_runs moved it, by which ClickHouse knows the build again; NULL where it was never moved';
CREATE INDEX run_target_end_idx ON sl.run (target, end_no);
CREATE INDEX run_procedure_end_idx ON sl.run (procedure_name, end_no) WHERE status = 'succeeded';

-- A name of characters that cannot be seen passed. A rule that somebody has written otherwise stays.
UPDATE sl.quality_rule
SET expression = 'NOT sl.is_blank(first_name) AND NOT sl.is_blank(last_name)'
WHERE
    entity_name = 'client'
    AND rule_name = 'name_missing'
    AND expression = $$first_name ~ '[^[:space:]\u00a0]' AND last_name ~ '[^[:space:]\u00a0]'$$;
UPDATE sl.quality_rule
SET expression = 'NOT sl.is_blank(name)'
WHERE entity_name = 'product' AND rule_name = 'name_missing' AND expression = $$name ~ '[^[:space:]\u00a0]'$$;

-- A parameter more, and a name that nothing uses any more.
DROP FUNCTION IF EXISTS sl.failed_rule_expression(text);
DROP FUNCTION IF EXISTS sl.drop_working_set();
