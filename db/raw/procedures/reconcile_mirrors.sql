-- raw.reconcile_mirrors()
--
-- Purpose: makes raw equal to the mirrors of schema shop, after these were copied again: rows of the web shop that raw
--     has and a mirror lacks were deleted in the meantime; rows of another updated_at are carried again.
-- Parameters: none.
-- Returns: one row: rows_carried, rows_deleted.
-- Errors: TS022 the mirrors are not whole: the subscription is not there, or still copies; TS005 another session holds
--     a lock for longer than lock_timeout.
-- Reads: shop.transactions, shop.deliveries, shop.returns, shop.deleted_row, pg_subscription_rel. Writes: raw.payment,
--     raw.delivery, raw.sale_return.
--
-- A deletion counts from when the shop says that it was; where the shop does not know, from the last state on. The
-- subscription waits while it runs. Again: it changes nothing.
CREATE OR REPLACE PROCEDURE raw.reconcile_mirrors(
    INOUT rows_carried bigint DEFAULT NULL,
    INOUT rows_deleted bigint DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_web CONSTANT bigint := 1000000000000;
    c_mirrors CONSTANT regclass [] := '{shop.transactions,shop.deliveries,shop.returns,shop.deleted_row}';
    v_pair record;
    v_ready bigint;
    v_rows bigint;
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        LOCK TABLE shop.transactions, shop.deliveries, shop.returns IN SHARE ROW EXCLUSIVE MODE;
        SELECT count(*) INTO v_ready
        FROM pg_subscription_rel AS l
        WHERE l.srrelid = ANY (c_mirrors) AND l.srsubstate = 'r';
        IF v_ready < cardinality(c_mirrors) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS022',
                MESSAGE = 'The mirrors of the web shop are not whole',
                DETAIL = format('%s of %s tables follow the shop.', v_ready, cardinality(c_mirrors)),
                HINT = 'python -m sources.replication makes the subscription, waits for it, and calls this procedure.';
        END IF;
        rows_carried := 0;
        rows_deleted := 0;
        FOR v_pair IN
            SELECT p.*
            FROM (
                VALUES
                ('transactions', 'payment', 'payment_id'),
                ('deliveries', 'delivery', 'delivery_id'),
                ('returns', 'sale_return', 'return_id')
            ) AS p (mirror, target, key)
        LOOP
            EXECUTE format(
                'UPDATE raw.%I AS r '
                'SET is_deleted = true, updated_at = greatest('
                '(SELECT d.deleted_at FROM shop.deleted_row AS d WHERE d.aggregatetype = %L AND d.row_id = r.%I - $1), '
                'r.updated_at + interval ''1 microsecond'') '
                'WHERE r.%I > $1 AND r.%I < 2 * $1 AND r.is_deleted IS NOT TRUE '
                'AND NOT EXISTS (SELECT FROM shop.%I AS m WHERE m.id = r.%I - $1)',
                v_pair.target, v_pair.mirror, v_pair.key, v_pair.key, v_pair.key, v_pair.mirror, v_pair.key
            ) USING c_web;
            GET DIAGNOSTICS v_rows = ROW_COUNT;
            rows_deleted := rows_deleted + v_rows;
            -- The trigger of the mirror carries the row.
            EXECUTE format(
                'UPDATE shop.%I AS m SET updated_at = m.updated_at WHERE NOT EXISTS ('
                'SELECT FROM raw.%I AS r '
                'WHERE r.%I = m.id + $1 AND r.updated_at = m.updated_at AND r.is_deleted IS NOT TRUE)',
                v_pair.mirror, v_pair.target, v_pair.key
            ) USING c_web;
            GET DIAGNOSTICS v_rows = ROW_COUNT;
            rows_carried := rows_carried + v_rows;
        END LOOP;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout('raw.reconcile_mirrors', v_context);
    END;
    RAISE NOTICE 'raw.reconcile_mirrors: % rows carried, % deleted', rows_carried, rows_deleted;
END;
$body$;

COMMENT ON PROCEDURE raw.reconcile_mirrors IS
'Makes raw equal to the mirrors of the web shop''s tables, after these were copied again';
