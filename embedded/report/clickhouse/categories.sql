-- Revenue by category of the product.
SELECT
    if(category = '', 'unknown', category) AS category_name,
    sum(total_amount) AS revenue,
    uniqExact(order_id) AS orders,
    sum(quantity) AS pieces
FROM tshop.sales
GROUP BY category_name
ORDER BY revenue DESC, category_name ASC
