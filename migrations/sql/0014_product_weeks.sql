-- Every product is sold every day: once there are more sales of each than a page of the index holds, a day touches, and
-- after a checkpoint writes to the WAL, a page for each product. By weeks first they stay within the newest one, as a
-- client's do (0009_growth.sql). cdm.sales_in_periods asks by the same expression.
CREATE INDEX sale_week_product_idx ON dds.sale (
    date_bin('7 days', sold_at, timestamptz '2000-01-01 00:00:00+00'), product_id, sold_at
);
DROP INDEX dds.sale_product_sold_at_idx;
