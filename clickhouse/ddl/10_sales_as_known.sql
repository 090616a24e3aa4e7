-- tshop.sales_as_known(at = '2026-01-26 06:00:00')
--
-- Purpose: the sales as they were reported at a moment, in UTC, whatever has been corrected since: what
--     cdm.sales_mart_as_known gives in the warehouse.
-- Columns: those of tshop.sales, without size_group.
-- Reads: tshop.sales_mart.
CREATE OR REPLACE VIEW tshop.sales_as_known AS
SELECT
    sale_id,
    order_id,
    sold_at,
    sold_on,
    client_id,
    client,
    client_age,
    age_group,
    product_id,
    product,
    category,
    size,
    price,
    quantity,
    total_amount,
    version_no,
    valid_from,
    run_id
FROM tshop.sales_mart
WHERE
    valid_from <= {at:DateTime64(6, 'UTC')}
    AND valid_to > {at:DateTime64(6, 'UTC')};
