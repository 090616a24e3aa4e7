-- spark.dds_sale
--
-- Purpose: what Spark reads of dds.sale: the current lines of orders.
-- Columns: place: where the row lies; order_id, product_id, quantity, unit_price, amount: as in dds.sale.
-- Reads: dds.sale.
--
-- Spark reads ranges of places side by side.
CREATE OR REPLACE VIEW spark.dds_sale AS
SELECT
    v.ctid AS place,
    v.order_id,
    v.product_id,
    v.quantity,
    v.unit_price,
    v.amount
FROM dds.sale AS v
WHERE v.is_current;

COMMENT ON VIEW spark.dds_sale IS 'The current lines of orders, for Spark';
COMMENT ON COLUMN spark.dds_sale.place IS
'Where the row lies (ctid): a range of places is read without the rest of the table';
COMMENT ON COLUMN spark.dds_sale.order_id IS 'Order of the line';
COMMENT ON COLUMN spark.dds_sale.product_id IS 'Product that was ordered';
COMMENT ON COLUMN spark.dds_sale.quantity IS 'Pieces; below zero: a return or a correction';
COMMENT ON COLUMN spark.dds_sale.unit_price IS 'Roubles a piece. NULL: the line does not say';
COMMENT ON COLUMN spark.dds_sale.amount IS 'Roubles of the line. NULL: the line does not say';
