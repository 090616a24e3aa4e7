-- shop._put_message(p_table text, p_row jsonb, p_event text) RETURNS void
--
-- Purpose: puts the message of one row into the outbox.
-- Parameters: p_table: the row's table; p_row: all its columns; p_event: created, changed or resent.
-- Reads: shop.orders, for a line: the warehouse wants the client and the time of a line. Writes: shop.outbox.
--
-- Who calls it holds the lock on the row, and the number is taken under it: the numbers of a row's messages are in the
-- order of its changes.
CREATE OR REPLACE FUNCTION shop._put_message(p_table text, p_row jsonb, p_event text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $body$
DECLARE
    v_id CONSTANT bigint := nextval('shop.outbox_id_seq');
    v_type CONSTANT text := p_table || '_' || p_event;
    v_occurred_at CONSTANT timestamptz := greatest(clock_timestamp(), (p_row ->> 'updated_at')::timestamptz);
    v_row jsonb := p_row;
BEGIN
    IF p_table = 'order_details' THEN
        v_row := v_row || (
            SELECT jsonb_build_object('user_id', o.user_id, 'ordered_at', o.ordered_at)
            FROM shop.orders AS o
            WHERE o.id = (p_row ->> 'order_id')::bigint
        );
    END IF;
    INSERT INTO shop.outbox (id, aggregatetype, aggregateid, type, payload, occurred_at)
    VALUES (
        v_id,
        p_table,
        p_row ->> 'id',
        v_type,
        jsonb_build_object(
            'schema_version', 1, 'event', v_type, 'id', v_id, 'occurred_at', v_occurred_at, 'row', v_row
        ),
        v_occurred_at
    );
END;
$body$;

COMMENT ON FUNCTION shop._put_message IS 'Puts the message of one row into the outbox';
