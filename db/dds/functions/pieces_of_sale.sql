-- dds.pieces_of_sale(p_sale_id bigint) RETURNS bigint
--
-- Purpose: how many pieces a line of an order has, for rules of returns.
-- Parameters: p_sale_id: key of the line; NULL gives NULL.
-- Returns: quantity of its current version. NULL: the line is not known, or deleted.
-- Errors: none.
-- Reads: dds.sale. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.pieces_of_sale(p_sale_id bigint)
RETURNS bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT s.quantity
        FROM dds.sale AS s
        WHERE s.sale_id = p_sale_id AND s.is_current
    );
END;
$body$;

COMMENT ON FUNCTION dds.pieces_of_sale IS 'How many pieces a line of an order has; NULL: it is not known';
