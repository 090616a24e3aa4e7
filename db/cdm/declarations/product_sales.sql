-- cdm.product_sales_image
--
-- Purpose: what cdm.product_sales should say now: lines of orders by the shop's local month (Europe/Moscow) and the
--     category and name that the product had as of the order.
-- Columns: those of cdm.product_sales except the version's own.
-- Reads: cdm.order_line, cdm.product_label.
--
-- Lines are grouped by the number of their label: texts would take several times as long to sort.
CREATE OR REPLACE VIEW cdm.product_sales_image AS
WITH label AS (
    SELECT
        p.product_id,
        p.label_no,
        p.product_category,
        p.product_name,
        p.effective_from,
        p.effective_to
    FROM cdm.product_label AS p
)

SELECT
    s.order_month,
    coalesce(n.product_category, 'Unknown') AS product_category,
    coalesce(n.product_name, 'Unknown') AS product_name,
    s.order_cnt,
    s.ordered_quantity,
    s.aborted_quantity,
    s.paid_quantity,
    s.pending_quantity,
    s.completed_quantity,
    s.total_amount,
    s.total_revenue
FROM (
    SELECT
        l.order_month,
        coalesce(p.label_no, 0) AS label_no,
        count(DISTINCT l.order_id) AS order_cnt,
        sum(l.quantity) AS ordered_quantity,
        coalesce(sum(l.quantity) FILTER (WHERE l.status = 'Aborted'), 0) AS aborted_quantity,
        coalesce(sum(l.quantity) FILTER (WHERE l.status = 'Paid'), 0) AS paid_quantity,
        coalesce(sum(l.quantity) FILTER (WHERE l.status = 'Pending'), 0) AS pending_quantity,
        coalesce(sum(l.quantity) FILTER (WHERE l.status = 'Completed'), 0) AS completed_quantity,
        sum(l.amount)::numeric(24, 2) AS total_amount,
        coalesce(sum(l.amount) FILTER (WHERE l.status <> 'Aborted'), 0)::numeric(24, 2) AS total_revenue
    FROM cdm.order_line AS l
    LEFT JOIN label AS p
        ON
            p.product_id = l.product_id
            AND l.ordered_at >= p.effective_from
            AND l.ordered_at < p.effective_to
    GROUP BY l.order_month, coalesce(p.label_no, 0)
) AS s
LEFT JOIN (
    SELECT DISTINCT
        k.label_no,
        k.product_category,
        k.product_name
    FROM label AS k
) AS n
    ON n.label_no = s.label_no;

COMMENT ON VIEW cdm.product_sales_image IS 'What cdm.product_sales should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.product_sales_image.order_month IS
'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN cdm.product_sales_image.product_category IS
'Category of the product as of the order; Unknown: it is not known';
COMMENT ON COLUMN cdm.product_sales_image.product_name IS
'Name of the product as of the order; Unknown: the product is not known';
COMMENT ON COLUMN cdm.product_sales_image.order_cnt IS 'Different orders';
COMMENT ON COLUMN cdm.product_sales_image.ordered_quantity IS 'Pieces';
COMMENT ON COLUMN cdm.product_sales_image.aborted_quantity IS 'Pieces of orders that are Aborted';
COMMENT ON COLUMN cdm.product_sales_image.paid_quantity IS 'Pieces of orders that are Paid';
COMMENT ON COLUMN cdm.product_sales_image.pending_quantity IS 'Pieces of orders that are Pending';
COMMENT ON COLUMN cdm.product_sales_image.completed_quantity IS 'Pieces of orders that are Completed';
COMMENT ON COLUMN cdm.product_sales_image.total_amount IS 'Roubles, of all orders';
COMMENT ON COLUMN cdm.product_sales_image.total_revenue IS 'Roubles, of orders that are not Aborted';

-- Lines of orders by month, and by category and name of the product as of the order.
CALL sl.declare_mart(
    'product_sales',
    p_key => '{order_month,product_category,product_name}',
    p_sources => '{category,product,sale,sales_order}',
    p_touched => 'cdm.touched_months_of_products',
    p_group => '{order_month}',
    p_published_as => 'tshop.product_sales'
);
