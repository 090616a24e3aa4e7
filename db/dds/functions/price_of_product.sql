-- dds.price_of_product(p_product_id bigint, p_at timestamptz) RETURNS numeric
--
-- Purpose: the price of a product as of a moment: of the version valid then, before the first version of the first
--     one, in a gap of the last one before it (docs/history.md).
-- Parameters: p_product_id: key of the product; p_at: the moment, in event time.
-- Returns: roubles. NULL: the product is not known.
-- Errors: none.
-- Reads: dds.product. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.price_of_product(p_product_id bigint, p_at timestamptz)
RETURNS numeric
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN coalesce(
        (
            SELECT p.price
            FROM dds.product AS p
            WHERE p.product_id = p_product_id AND p.valid_from <= p_at
            ORDER BY p.valid_from DESC
            LIMIT 1
        ),
        (
            SELECT p.price
            FROM dds.product AS p
            WHERE p.product_id = p_product_id
            ORDER BY p.valid_from
            LIMIT 1
        )
    );
END;
$body$;

COMMENT ON FUNCTION dds.price_of_product IS 'The price of a product as of a moment; NULL: it is not known';
