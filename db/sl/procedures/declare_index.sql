-- sl.declare_index(p_index text, p_table text, p_columns text)
--
-- Purpose: declares an index of a target, beside those that the engine makes: by what a mart, or a query, asks for it.
-- Parameters: p_index: its name, without a schema: it lies in its table's; p_table: the table, with its schema;
--     p_columns: what CREATE INDEX has after the table's name, such as '(order_id)'.
-- Returns: nothing. Where an index of this name is there, nothing is done, whatever its columns are, and no lock is
--     waited for: other columns are a DROP INDEX in a revision.
-- Errors: TS003 there is no such table; TS008 the name is that of something else; 22023 an argument is wrong; TS005
--     another session holds a lock for longer than lock_timeout; those of CREATE INDEX.
-- Reads: pg_catalog. Writes: the table's definition.
--
-- CREATE INDEX IF NOT EXISTS locks the table before it looks: each migration would wait for a load that runs.
CREATE OR REPLACE PROCEDURE sl.declare_index(p_index text, p_table text, p_columns text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_table CONSTANT text [] := sl._table_name(p_table, 'p_table');
BEGIN
    PERFORM sl._bound_lock_wait();
    IF to_regclass(format('%I.%I', v_table[1], v_table[2])) IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('sl.declare_index: there is no table %I.%I', v_table[1], v_table[2]),
            HINT = 'Declare the entity or the mart first, or correct p_table.';
    END IF;
    IF nullif(p_index, '') IS NULL OR nullif(p_columns, '') IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'sl.declare_index: a name and columns are needed',
            HINT = 'Write such as CALL sl.declare_index(''purchase_shop_idx'', ''s.purchase'', ''(shop_id)'').';
    END IF;
    IF
        to_regclass(format('%I.%I', v_table[1], p_index)) IS NOT NULL
        AND NOT EXISTS (
            SELECT
            FROM pg_index AS i
            WHERE
                i.indexrelid = to_regclass(format('%I.%I', v_table[1], p_index))
                AND i.indrelid = to_regclass(format('%I.%I', v_table[1], v_table[2]))
                AND i.indisvalid
        )
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS008',
            MESSAGE = format(
                'sl.declare_index: %I.%I is there, and is no valid index of %I.%I', v_table[1], p_index, v_table[1],
                v_table[2]
            ),
            HINT = 'Give the index another name; or, where it is an index that is not valid, REINDEX it.';
    END IF;
    IF to_regclass(format('%I.%I', v_table[1], p_index)) IS NULL THEN
        EXECUTE format('CREATE INDEX %I ON %I.%I %s', p_index, v_table[1], v_table[2], p_columns);
    END IF;
END;
$body$;

COMMENT ON PROCEDURE sl.declare_index IS 'Declares an index of a target, and makes it where it is missing';
