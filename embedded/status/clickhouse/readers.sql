-- What readers see, how many rows were published, and whether the one is the other. While a publishing swaps the table,
-- the state before is as good as the one after.
SELECT
    (SELECT count() FROM tshop.sales) AS readers_see,
    (SELECT max(current_count) FROM tshop.published_state) AS published,
    (
        SELECT count()
        FROM tshop.published_state
        WHERE
            current_count = readers_see
            AND row_count = (SELECT count() FROM tshop.sales_mart)
    ) > 0
    OR (SELECT count() FROM tshop.published_batch) = 0 AS is_whole
