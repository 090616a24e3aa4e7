-- cdm.sales_mart_image
--
-- Purpose: what the mart should say now of each current sale, computed afresh from dds. The one home of the mart's
--     meaning: sl._build writes it, sl.audit compares with it.
-- Columns: those of cdm.sales_mart except the version's own (version_no, valid_from, valid_to, is_current, run_id).
-- Reads: dds.sale, dds.client, dds.product; of forgotten clients sl.erasure, cdm.sales_mart.
--
-- Client and product are the version valid at sold_at; before the first version the first one; in a gap after a
-- deletion the last one before it; NULLs while the key is unknown. A client born after the sale has no age. A forgotten
-- client (sl.erasure) has no name, and the age that the mart had for the sale, so that reports stay the same. A guest
-- is no client: client_id and what follows from it are NULL. Price and amount are the line's own where it has them. A
-- return has a negative quantity, and so a negative amount.
-- The versions are fetched by an index probe each (UNION ALL asks for the first version only where none was valid), so
-- that a query for some sales (WHERE sale_id = ...) costs no more than these, however long the histories are.
CREATE OR REPLACE VIEW cdm.sales_mart_image AS
SELECT
    s.sale_id,
    s.order_id,
    s.sold_at,
    s.client_id,
    c.client_sk,
    c.client,
    CASE
        WHEN s.client_id IN (SELECT e.entity_key::bigint FROM sl.erasure AS e WHERE e.entity_name = 'client')
            THEN (
                SELECT m.client_age
                FROM cdm.sales_mart AS m
                WHERE m.sale_id = s.sale_id AND m.client_id = s.client_id
                ORDER BY m.version_no DESC
                LIMIT 1
            )
        WHEN c.birth_date <= d.sold_on
            THEN extract(YEAR FROM age(d.sold_on::timestamp, c.birth_date::timestamp))::integer
    END AS client_age,
    s.product_id,
    p.product_sk,
    p.name AS product,
    p.category,
    p.size,
    coalesce(s.unit_price, p.price) AS price,
    s.quantity,
    coalesce(s.amount, coalesce(s.unit_price, p.price) * s.quantity)::numeric(22, 2) AS total_amount
FROM dds.sale AS s
LEFT JOIN LATERAL (
    (
        SELECT
            v.client_sk,
            v.first_name || ' ' || v.last_name AS client,
            v.birth_date
        FROM dds.client AS v
        WHERE v.client_id = s.client_id AND v.valid_from <= s.sold_at
        ORDER BY v.valid_from DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT
            v.client_sk,
            v.first_name || ' ' || v.last_name AS client,
            v.birth_date
        FROM dds.client AS v
        WHERE v.client_id = s.client_id
        ORDER BY v.valid_from
        LIMIT 1
    )
    LIMIT 1
) AS c ON true
LEFT JOIN LATERAL (
    (
        SELECT
            v.product_sk,
            v.name,
            v.category,
            v.size,
            v.price
        FROM dds.product AS v
        WHERE v.product_id = s.product_id AND v.valid_from <= s.sold_at
        ORDER BY v.valid_from DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT
            v.product_sk,
            v.name,
            v.category,
            v.size,
            v.price
        FROM dds.product AS v
        WHERE v.product_id = s.product_id
        ORDER BY v.valid_from
        LIMIT 1
    )
    LIMIT 1
) AS p ON true
CROSS JOIN LATERAL (SELECT (s.sold_at AT TIME ZONE 'Europe/Moscow')::date AS sold_on) AS d
WHERE s.is_current;

COMMENT ON VIEW cdm.sales_mart_image IS 'What the mart should say now of each current sale, computed afresh from dds';
COMMENT ON COLUMN cdm.sales_mart_image.sale_id IS 'Key of the line, as in dds.sale';
COMMENT ON COLUMN cdm.sales_mart_image.order_id IS 'Order that the line belongs to';
COMMENT ON COLUMN cdm.sales_mart_image.sold_at IS 'When the line was sold';
COMMENT ON COLUMN cdm.sales_mart_image.client_id IS 'Client who bought. NULL: a guest';
COMMENT ON COLUMN cdm.sales_mart_image.client_sk IS
'Version of the client as of sold_at (dds.client). NULL: a guest, or the client is unknown yet';
COMMENT ON COLUMN cdm.sales_mart_image.client IS
'First and last name as of sold_at. NULL: a guest, or the client is unknown or forgotten';
COMMENT ON COLUMN cdm.sales_mart_image.client_age IS
'Full years on the shop''s local day of the sale (Europe/Moscow). NULL: a guest, or the birth date is unknown or after the sale';
COMMENT ON COLUMN cdm.sales_mart_image.product_id IS 'Product that was bought';
COMMENT ON COLUMN cdm.sales_mart_image.product_sk IS
'Version of the product as of sold_at (dds.product). NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart_image.product IS
'Name of the product as of sold_at. NULL while the product is unknown';
COMMENT ON COLUMN cdm.sales_mart_image.category IS 'Category as of sold_at. NULL: unknown';
COMMENT ON COLUMN cdm.sales_mart_image.size IS 'Size as of sold_at. NULL: unknown, or the product has none';
COMMENT ON COLUMN cdm.sales_mart_image.price IS
'Price of a piece in roubles: the line''s own, else the product''s as of sold_at. NULL: none is known yet';
COMMENT ON COLUMN cdm.sales_mart_image.quantity IS 'Pieces; below zero: a return or a correction';
COMMENT ON COLUMN cdm.sales_mart_image.total_amount IS
'The line''s own amount, else price times quantity, in roubles; of a return below zero. NULL: no price is known yet';
