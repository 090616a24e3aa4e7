-- shop.resend(p_table text)
--
-- Purpose: puts a message into the outbox for each row that is there, and for each that was deleted: the repair when
--     messages were lost, such as by Kafka's retention or with a topic.
-- Parameters: p_table: users, product_categories, products, orders or order_details; NULL: all of them.
-- Returns: rows_sent: how many messages were written.
-- Errors: 22023 the outbox is not for such a table; 2D000 it was called inside a transaction.
-- Reads: the table, shop.deleted_row. Writes: shop.outbox.
--
-- A row is locked while its message is written: a change that comes beside it gets the greater number. Every ten
-- thousand rows it commits, so that the shop's writers wait for moments only.
CREATE OR REPLACE PROCEDURE shop.resend(p_table text DEFAULT NULL, INOUT rows_sent bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $body$
DECLARE
    c_tables CONSTANT text[] := '{users,product_categories,products,orders,order_details}';
    c_slice CONSTANT bigint := 10000;
    v_table text;
    v_last bigint;
    v_sent bigint;
BEGIN
    IF p_table <> ALL (c_tables) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = pg_catalog.format('The outbox is not for %s', p_table),
            HINT = 'Name one of ' || pg_catalog.array_to_string(c_tables, ', ') || ', or none for all of them.';
    END IF;
    rows_sent := 0;
    FOREACH v_table IN ARRAY CASE WHEN p_table IS NULL THEN c_tables ELSE ARRAY[p_table] END LOOP
        v_last := NULL;
        LOOP
            EXECUTE pg_catalog.format(
                'WITH held AS MATERIALIZED ('
                '    SELECT t.* FROM shop.%I AS t WHERE $1 IS NULL OR t.id > $1 ORDER BY t.id LIMIT $2 FOR SHARE'
                '), put AS MATERIALIZED ('
                '    SELECT h.id, shop._put_message(%L, pg_catalog.to_jsonb(h), ''resent'') FROM held AS h'
                ') SELECT pg_catalog.max(p.id), pg_catalog.count(*) FROM put AS p',
                v_table, v_table
            ) INTO v_last, v_sent USING v_last, c_slice;
            rows_sent := rows_sent + v_sent;
            COMMIT;
            EXIT WHEN v_sent = 0;
        END LOOP;
        EXECUTE pg_catalog.format(
            'INSERT INTO shop.outbox (aggregatetype, aggregateid, type, occurred_at)'
            ' SELECT d.aggregatetype, d.row_id, d.aggregatetype || ''_deleted'', d.deleted_at'
            ' FROM shop.deleted_row AS d'
            ' WHERE d.aggregatetype = %L AND NOT EXISTS (SELECT FROM shop.%I AS t WHERE t.id = d.row_id)',
            v_table, v_table
        );
        GET DIAGNOSTICS v_sent = ROW_COUNT;
        rows_sent := rows_sent + v_sent;
        COMMIT;
    END LOOP;
    RAISE NOTICE 'resend: % messages are in the outbox', rows_sent;
END;
$body$;

COMMENT ON PROCEDURE shop.resend IS 'Puts a message into the outbox for each row of a table, or of all tables';
