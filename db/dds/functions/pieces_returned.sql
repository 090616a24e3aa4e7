-- dds.pieces_returned(p_sale_id bigint, p_return_id bigint) RETURNS bigint
--
-- Purpose: how many pieces of a line came back by other returns than a given one, for rules of returns.
-- Parameters: p_sale_id: key of the line; p_return_id: the return that is left out.
-- Returns: the pieces; 0 where there is no other return.
-- Errors: none.
-- Reads: dds.sale_return. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.pieces_returned(p_sale_id bigint, p_return_id bigint)
RETURNS bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT coalesce(sum(r.quantity), 0)
        FROM dds.sale_return AS r
        WHERE r.sale_id = p_sale_id AND r.is_current AND r.return_id <> p_return_id
    );
END;
$body$;

COMMENT ON FUNCTION dds.pieces_returned IS 'How many pieces of a line came back by other returns than a given one';
