-- tshop.batch
--
-- Purpose: what the batches held here add up to: those pulled and those that readers see.
-- Columns: held_in: 'sales_mart_staging' or 'sales_mart', the table; run_id; row_count, current_count: rows;
--     sum_quantity: pieces; sum_total_amount: roubles, exact; row_hash: sum over the rows of the first 60 bits of the
--     MD5 of a text of all columns, the same one as in PostgreSQL's cdm.sales_mart_batch, whose header describes it.
-- Reads: tshop.sales_mart_staging, tshop.sales_mart. A condition on held_in leaves the other table unread.
CREATE OR REPLACE VIEW tshop.batch AS
SELECT
    _table AS held_in,
    run_id,
    toInt64(count()) AS row_count,
    toInt64(countIf(is_current = 1)) AS current_count,
    sum(quantity) AS sum_quantity,
    sum(total_amount) AS sum_total_amount,
    sum(
        toDecimal128(
            bitShiftRight(
                byteSwap(
                    reinterpretAsUInt64(
                        substring(
                            MD5(
                                concatWithSeparator(
                                    '|',
                                    toString(sale_id),
                                    toString(version_no),
                                    toString(order_id),
                                    toDecimalString(toDecimal64(sold_at, 6), 6),
                                    toString(toInt32(sold_on)),
                                    toString(client_id),
                                    toString(client_sk),
                                    ifNull(toString(client_age), ''),
                                    toString(product_id),
                                    toString(product_sk),
                                    toDecimalString(price, 2),
                                    toString(quantity),
                                    toDecimalString(total_amount, 2),
                                    toDecimalString(toDecimal64(valid_from, 6), 6),
                                    toDecimalString(toDecimal64(valid_to, 6), 6),
                                    toString(is_current),
                                    toString(run_id),
                                    toString(length(client)),
                                    toString(length(product)),
                                    toString(length(category)),
                                    client,
                                    product,
                                    category,
                                    size
                                )
                            ),
                            1,
                            8
                        )
                    )
                ),
                4
            ),
            0
        )
    ) AS row_hash
FROM merge('tshop', '^sales_mart(_staging)?$')
GROUP BY held_in, run_id;
