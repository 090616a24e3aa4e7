-- Fixtures of the pgTAP files, in the schema "tap". They write raw as a source would and show tables without what is
-- not the same in each run (surrogate keys, run ids, clocks).
--
-- A test is one transaction, where the real thing is one a call. tap.load() and tap.build_mart() make up for it: after
-- the call, its run, its watermark and the raw rows written so far are given the id of an earlier, made-up transaction,
-- so that the next call finds what it would have found in a transaction of its own.

CREATE SCHEMA tap;

CREATE FUNCTION tap.at(p_day integer, p_time interval DEFAULT '0')
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
RETURN timestamptz '2024-03-01 00:00:00+00' + make_interval(hours => 24 * p_day) + p_time;

COMMENT ON FUNCTION tap.at IS 'A moment of the past by its number: that many days after 2024-03-01 00:00 UTC';

CREATE FUNCTION tap.put_client(
    p_client_id bigint,
    p_at timestamptz,
    p_first_name text DEFAULT 'Anna',
    p_last_name text DEFAULT 'Orlova',
    p_birth_date date DEFAULT '1990-05-20',
    p_is_deleted boolean DEFAULT false
)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO raw.client (client_id, updated_at, first_name, last_name, birth_date, is_deleted)
    VALUES (p_client_id, p_at, p_first_name, p_last_name, p_birth_date, p_is_deleted)
    ON CONFLICT (client_id) DO UPDATE
    SET
        updated_at = excluded.updated_at,
        first_name = excluded.first_name,
        last_name = excluded.last_name,
        birth_date = excluded.birth_date,
        is_deleted = excluded.is_deleted;
END;

COMMENT ON FUNCTION tap.put_client IS 'Puts a state of a client into raw, in place of the one before';

CREATE FUNCTION tap.put_product(
    p_product_id bigint,
    p_at timestamptz,
    p_price numeric DEFAULT 500,
    p_name text DEFAULT 'Shirt',
    p_category text DEFAULT 'Tops',
    p_size text DEFAULT 'M',
    p_is_deleted boolean DEFAULT false
)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO raw.product (product_id, updated_at, price, name, category, size, is_deleted)
    VALUES (p_product_id, p_at, p_price, p_name, p_category, p_size, p_is_deleted)
    ON CONFLICT (product_id) DO UPDATE
    SET
        updated_at = excluded.updated_at,
        price = excluded.price,
        name = excluded.name,
        category = excluded.category,
        size = excluded.size,
        is_deleted = excluded.is_deleted;
END;

COMMENT ON FUNCTION tap.put_product IS 'Puts a state of a product into raw, in place of the one before';

CREATE FUNCTION tap.put_sale(
    p_sale_id bigint,
    p_at timestamptz,
    p_sold_at timestamptz,
    p_client_id bigint DEFAULT 1,
    p_product_id bigint DEFAULT 1,
    p_quantity integer DEFAULT 2,
    p_order_id bigint DEFAULT 10,
    p_is_deleted boolean DEFAULT false,
    p_unit_price numeric DEFAULT NULL
)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO raw.sale (
        sale_id, updated_at, sold_at, client_id, product_id, quantity, order_id, is_deleted, unit_price
    )
    VALUES (p_sale_id, p_at, p_sold_at, p_client_id, p_product_id, p_quantity, p_order_id, p_is_deleted, p_unit_price)
    ON CONFLICT (sale_id) DO UPDATE
    SET
        updated_at = excluded.updated_at,
        sold_at = excluded.sold_at,
        client_id = excluded.client_id,
        product_id = excluded.product_id,
        quantity = excluded.quantity,
        order_id = excluded.order_id,
        is_deleted = excluded.is_deleted,
        unit_price = excluded.unit_price;
END;

COMMENT ON FUNCTION tap.put_sale IS 'Puts a state of a sale into raw, in place of the one before';

CREATE FUNCTION tap.settle()
RETURNS void
LANGUAGE plpgsql
AS $body$
DECLARE
    v_own_xid CONSTANT bigint := pg_current_xact_id()::text::bigint;
    v_earlier_xid bigint;
    v_table text;
BEGIN
    SELECT coalesce(max(w.snapshot_xmin), 10)
    INTO v_earlier_xid
    FROM sl.watermark AS w
    INNER JOIN sl.run AS r USING (run_id)
    WHERE w.source LIKE 'raw.%' AND r.called_by = 'settled';
    UPDATE sl.watermark AS w
    SET snapshot_xmin = v_earlier_xid + 1
    FROM sl.run AS r
    WHERE r.run_id = w.run_id AND w.source LIKE 'raw.%' AND r.called_by <> 'settled';
    UPDATE sl.run SET called_by = 'settled' WHERE called_by <> 'settled';
    FOR v_table IN SELECT e.source_table FROM sl.entity AS e WHERE e.source_schema = 'raw' LOOP
        -- The trigger would stamp this transaction on the rows again.
        EXECUTE format('ALTER TABLE raw.%I DISABLE TRIGGER sl_stamp', v_table);
        EXECUTE format('UPDATE raw.%I SET changed_xid = $1 WHERE changed_xid = $2', v_table)
        USING v_earlier_xid, v_own_xid;
        EXECUTE format('ALTER TABLE raw.%I ENABLE ALWAYS TRIGGER sl_stamp', v_table);
    END LOOP;
    -- A later transaction would ask how far the last load has read.
    PERFORM set_config('sl.read_below_' || left(md5(e.entity_name), 8), '', true) FROM sl.entity AS e;
END;
$body$;

COMMENT ON FUNCTION tap.settle IS 'Makes all that this transaction wrote look as if an earlier one had committed it';

CREATE FUNCTION tap.call(
    p_procedure text,
    p_full boolean DEFAULT false,
    p_settle boolean DEFAULT true,
    OUT rows_read integer,
    OUT inserted integer,
    OUT corrected integer,
    OUT deleted integer,
    OUT unchanged integer,
    OUT rejected integer
)
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
BEGIN
    EXECUTE format('CALL %s($1)', p_procedure) USING p_full;
    SELECT r.rows_read, r.rows_inserted, r.rows_corrected, r.rows_deleted, r.rows_unchanged, r.rows_rejected
    INTO rows_read, inserted, corrected, deleted, unchanged, rejected
    FROM sl.run AS r
    ORDER BY r.run_id DESC
    LIMIT 1;
    IF p_settle THEN
        PERFORM tap.settle();
    END IF;
END;
$body$;

COMMENT ON FUNCTION tap.call IS 'Calls a load or the mart''s build, settles it, and returns the counts of its row in sl.run';

CREATE FUNCTION tap.load(
    p_entity text,
    p_full boolean DEFAULT false,
    OUT rows_read integer,
    OUT inserted integer,
    OUT corrected integer,
    OUT deleted integer,
    OUT unchanged integer,
    OUT rejected integer
)
LANGUAGE sql
RETURN tap.call(format('dds.load_%I', p_entity), p_full);

COMMENT ON FUNCTION tap.load IS 'Runs the load of an entity and returns its counts';

CREATE FUNCTION tap.build_mart(
    p_full boolean DEFAULT false,
    OUT rows_read integer,
    OUT inserted integer,
    OUT corrected integer,
    OUT deleted integer,
    OUT unchanged integer,
    OUT rejected integer
)
LANGUAGE sql
RETURN tap.call('cdm.build_mart', p_full);

COMMENT ON FUNCTION tap.build_mart IS 'Builds the mart and returns the counts';

CREATE FUNCTION tap.refresh(
    OUT rows_read integer,
    OUT inserted integer,
    OUT corrected integer,
    OUT deleted integer,
    OUT unchanged integer,
    OUT rejected integer
)
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM tap.load('client');
    PERFORM tap.load('product');
    PERFORM tap.load('sale');
    SELECT b.* INTO rows_read, inserted, corrected, deleted, unchanged, rejected FROM tap.build_mart() AS b;
END;
$body$;

COMMENT ON FUNCTION tap.refresh IS 'Loads everything, builds the mart and returns the counts of the build';

CREATE FUNCTION tap.forget_client(p_client_id bigint)
RETURNS void
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
BEGIN
    EXECUTE 'CALL dds.forget_client($1)' USING p_client_id;
    PERFORM tap.settle();
END;
$body$;

COMMENT ON FUNCTION tap.forget_client IS 'Erases a client and settles it';

CREATE FUNCTION tap.record_failure(
    p_procedure text,
    p_sqlstate text,
    p_message text,
    p_context text DEFAULT NULL,
    p_started_at timestamptz DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    EXECUTE 'CALL sl.record_failure($1, $2, $3, $4, $5)'
    USING p_procedure, p_sqlstate, p_message, p_context, p_started_at;
END;
$body$;

COMMENT ON FUNCTION tap.record_failure IS 'Leaves the trace of a failed run; a CALL would show its number amidst the TAP lines';

CREATE FUNCTION tap.clients()
RETURNS TABLE (
    client_id integer,
    first_name text,
    last_name text,
    birth_date date,
    valid_from timestamptz,
    valid_to timestamptz,
    is_current boolean
)
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        c.client_id::integer,
        c.first_name,
        c.last_name,
        c.birth_date,
        c.valid_from,
        c.valid_to,
        c.is_current
    FROM dds.client AS c
    ORDER BY c.client_id, c.valid_from;
END;

COMMENT ON FUNCTION tap.clients IS 'All versions of all clients';

CREATE FUNCTION tap.products()
RETURNS TABLE (
    product_id integer,
    name text,
    category text,
    size text,
    price numeric,
    valid_from timestamptz,
    valid_to timestamptz,
    is_current boolean
)
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        p.product_id::integer,
        p.name,
        p.category,
        p.size,
        p.price,
        p.valid_from,
        p.valid_to,
        p.is_current
    FROM dds.product AS p
    ORDER BY p.product_id, p.valid_from;
END;

COMMENT ON FUNCTION tap.products IS 'All versions of all products';

CREATE FUNCTION tap.sales()
RETURNS TABLE (
    sale_id integer,
    order_id integer,
    sold_at timestamptz,
    client_id integer,
    product_id integer,
    quantity integer,
    valid_from timestamptz,
    valid_to timestamptz,
    is_current boolean
)
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        s.sale_id::integer,
        s.order_id::integer,
        s.sold_at,
        s.client_id::integer,
        s.product_id::integer,
        s.quantity,
        s.valid_from,
        s.valid_to,
        s.is_current
    FROM dds.sale AS s
    ORDER BY s.sale_id, s.valid_from;
END;

COMMENT ON FUNCTION tap.sales IS 'All versions of all sales';

CREATE FUNCTION tap.rejections()
RETURNS TABLE (entity_name text, entity_key text, rule_name text, is_resolved boolean)
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        j.entity_name,
        j.entity_key,
        j.rule_name,
        j.resolved_run_id IS NOT NULL
    FROM sl.rejected_row AS j
    ORDER BY j.rejected_row_id;
END;

COMMENT ON FUNCTION tap.rejections IS 'All rejected rows in the order they were rejected';

CREATE FUNCTION tap.mart()
RETURNS TABLE (
    sale_id integer,
    version_no integer,
    order_id integer,
    sold_at timestamptz,
    client_id integer,
    client text,
    client_age integer,
    client_from timestamptz,
    product_id integer,
    product text,
    category text,
    size text,
    product_from timestamptz,
    price numeric,
    quantity integer,
    total_amount numeric,
    is_current boolean
)
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        m.sale_id::integer,
        m.version_no,
        m.order_id::integer,
        m.sold_at,
        m.client_id::integer,
        m.client,
        m.client_age,
        c.valid_from,
        m.product_id::integer,
        m.product,
        m.category,
        m.size,
        p.valid_from,
        m.price,
        m.quantity,
        m.total_amount,
        m.is_current
    FROM cdm.sales_mart AS m
    LEFT JOIN dds.client AS c ON c.client_sk = m.client_sk
    LEFT JOIN dds.product AS p ON p.product_sk = m.product_sk
    ORDER BY m.sale_id, m.version_no;
END;

COMMENT ON FUNCTION tap.mart IS
'All versions of the mart; client_from and product_from tell which version of them the surrogate keys point to';

CREATE FUNCTION tap.audit_detail()
RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
DECLARE
    v_detail text;
BEGIN
    EXECUTE 'CALL sl.audit()';
    RETURN 'clean';
EXCEPTION
    WHEN SQLSTATE 'TS010' THEN
        GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
        RETURN v_detail;
END;
$body$;

COMMENT ON FUNCTION tap.audit_detail IS 'What sl.audit() complains of (its DETAIL), or "clean"';

CREATE FUNCTION tap.put_healthy_warehouse()
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
    PERFORM tap.put_client(2, tap.at(1), 'Ivan', 'Petrov');
    PERFORM tap.put_client(3, tap.at(1), NULL);
    PERFORM tap.put_product(1, tap.at(1));
    PERFORM tap.put_sale(1, tap.at(5), tap.at(5), 1, 1, 2);
    PERFORM tap.put_sale(2, tap.at(5), tap.at(5), 2, 1, 1);
    PERFORM tap.put_sale(3, tap.at(5), tap.at(5), 404, 404, 5);
    PERFORM tap.refresh();
    PERFORM tap.put_client(1, tap.at(3), 'Anna', 'Belova');
    PERFORM tap.put_client(2, tap.at(4), p_is_deleted => true);
    PERFORM tap.put_sale(2, tap.at(6), tap.at(5), 2, 1, 1, p_is_deleted => true);
    PERFORM tap.refresh();
END;
$body$;

COMMENT ON FUNCTION tap.put_healthy_warehouse IS
'A small warehouse: client 1 has two versions, 2 is deleted, 3 rejected; sale 1 has two versions in the mart, 2 is cancelled';

CREATE FUNCTION tap.land(
    p_stream text,
    p_key text,
    p_body jsonb,
    p_written_at timestamptz DEFAULT tap.at(1),
    p_partition integer DEFAULT 0
)
RETURNS void
LANGUAGE plpgsql
AS $body$
DECLARE
    v_place record;
BEGIN
    SELECT b.* INTO v_place FROM landing.begin_landing(p_stream, p_partition, 'topic') AS b;
    INSERT INTO landing.document (stream, partition, position, key, body, written_at)
    VALUES (p_stream, p_partition, v_place.first_offset + v_place.base, p_key, p_body, p_written_at);
    PERFORM landing.end_landing(p_stream, p_partition, v_place.first_offset, v_place.first_offset + 1);
END;
$body$;

COMMENT ON FUNCTION tap.land IS 'Lands one document, as a consumer does';

CREATE FUNCTION tap.category_message(p_name text, p_at timestamptz, p_version integer DEFAULT 1)
RETURNS jsonb
LANGUAGE sql
RETURN jsonb_build_object(
    'schema_version', p_version, 'row', jsonb_build_object('name', p_name, 'parent_id', NULL, 'updated_at', p_at)
);

COMMENT ON FUNCTION tap.category_message IS 'A message of the stream shop.product_categories';

CREATE FUNCTION tap.apply(
    p_procedure text DEFAULT 'raw.apply_documents',
    p_stream text DEFAULT 'shop.product_categories',
    OUT documents bigint,
    OUT inserted bigint,
    OUT updated bigint,
    OUT deleted bigint,
    OUT unchanged bigint,
    OUT kept bigint,
    OUT rejected bigint
)
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
DECLARE
    v_run_id bigint;
BEGIN
    EXECUTE format('CALL %s($1)', p_procedure)
    INTO v_run_id, documents, inserted, updated, deleted, unchanged, kept, rejected
    USING p_stream;
END;
$body$;

COMMENT ON FUNCTION tap.apply IS 'Calls raw.apply_documents, or raw.replay_documents, on a stream, and returns what it shows';
