-- sl._judge_volume(p_entity sl.entity, p_slice sl.backfill_slice, p_procedure text, p_full boolean,
--     p_current_rows bigint, p_counts jsonb) RETURNS record
--
-- Purpose: stops a load that has deleted an unlikely share of the current rows: a source that lost its rows looks the
--     same as a mass deletion. What it has written is rolled back by the error.
-- Parameters: p_entity: registry row; p_slice: the slice of a backfill, if any; p_procedure, p_full: how it was called,
--     for the hint; p_current_rows: as of sl._count_current, NULL: do not judge; p_counts:
--     sl._count_changes, after the load was applied.
-- Returns: deleted, changed: rows that the load deleted, and, where the entity has them judged, changed.
-- Errors: TS004 more than breaker_share of the current rows, and more than breaker_floor, would be deleted or changed.
-- Reads: sl.backfill_slice. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._judge_volume(
    p_entity sl.entity,
    p_slice sl.backfill_slice,
    p_procedure text,
    p_full boolean,
    p_current_rows bigint,
    p_counts jsonb,
    OUT deleted bigint,
    OUT changed bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_is_slice CONSTANT boolean := p_slice.slice_no IS NOT NULL;
    v_before record := sl._count_before(p_entity, p_slice);
BEGIN
    deleted := sl._sum_of(p_counts, 'close', 'splice_deleted');
    changed := CASE
        WHEN p_entity.breaker_judges_changes
            THEN sl._sum_of(p_counts, 'append', 'splice_inserted', 'splice_corrected')
        ELSE 0
    END;
    IF
        p_current_rows IS NULL
        OR v_before.deleted + v_before.changed + deleted + changed
        <= greatest(p_entity.breaker_floor, p_current_rows * p_entity.breaker_share)
    THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TS004',
        MESSAGE = format(
            '%I.%I: the %s would delete %s%s of %s current rows', p_entity.target_schema, p_entity.target_table,
            CASE WHEN v_is_slice THEN 'backfill' ELSE 'load' END, v_before.deleted + deleted,
            CASE WHEN p_entity.breaker_judges_changes THEN format(' and change %s', v_before.changed + changed) END,
            p_current_rows
        ),
        DETAIL = format(
            'A load of more than %s %% stops unless it is forced: a source that lost its rows looks the same. %s',
            round(p_entity.breaker_share * 100, 1),
            CASE
                WHEN v_is_slice THEN format('What the slices other than number %s have done stays.', p_slice.slice_no)
                ELSE 'Nothing was changed.'
            END
        ),
        HINT = format(
            'Look at %I.%I. If it is right, CALL %s(%sp_force => true). sl.entity.breaker_share sets the share.',
            p_entity.source_schema, p_entity.source_table, p_procedure,
            CASE WHEN v_is_slice THEN format('%L, ', p_entity.entity_name) WHEN p_full THEN 'p_full => true, ' END
        );
END;
$body$;

COMMENT ON FUNCTION sl._judge_volume IS 'Stops a load that has deleted an unlikely share of the current rows';
