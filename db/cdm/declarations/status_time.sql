-- cdm.status_time_image
--
-- Purpose: what cdm.status_time should say now: how long orders stay in a status, by the shop's local month of the
--     order (Europe/Moscow).
-- Columns: those of cdm.status_time except the version's own.
-- Reads: dds.sales_order.
--
-- A stay is over where the next version has another status, or where the order was deleted; versions of one status that
-- follow each other are one stay, which is of the month of the last one. A stay that is not over has no length yet.
-- The version before and the next one are looked up only where they are not in the month itself: of an order that
-- begins, was deleted, or was moved to another month. By valid_from as an inequality too, or the planner would read the
-- whole of dds.sales_order into a hash table for a few of them.
CREATE OR REPLACE VIEW cdm.status_time_image AS
SELECT
    v.order_month,
    v.status,
    count(DISTINCT v.order_id) AS orders_cnt,
    count(*) FILTER (WHERE v.is_left) AS left_cnt,
    round(
        sum(extract(EPOCH FROM v.valid_to - v.began_at)) FILTER (WHERE v.is_left)
        / 3600 / nullif(count(*) FILTER (WHERE v.is_left), 0), 2
    )::numeric(24, 2) AS avg_hours
FROM (
    SELECT
        u.order_month,
        u.status,
        u.order_id,
        u.valid_to,
        CASE
            WHEN u.is_current THEN false
            WHEN u.next_from = u.valid_to THEN u.next_status <> u.status
            ELSE NOT EXISTS (
                SELECT
                FROM dds.sales_order AS n
                WHERE
                    n.order_id = u.order_id
                    AND n.valid_from > u.valid_from
                    AND n.valid_from = u.valid_to
                    AND n.status = u.status
            )
        END AS is_left,
        max(
            CASE
                WHEN u.last_to = u.valid_from THEN CASE WHEN u.last_status <> u.status THEN u.valid_from END
                WHEN EXISTS (
                    SELECT
                    FROM dds.sales_order AS a
                    WHERE
                        a.order_id = u.order_id
                        AND a.valid_from < u.valid_from
                        AND a.valid_to = u.valid_from
                        AND a.status = u.status
                )
                    THEN (
                        SELECT max(b.valid_from)
                        FROM dds.sales_order AS b
                        WHERE
                            b.order_id = u.order_id
                            AND b.valid_from <= u.valid_from
                            AND NOT EXISTS (
                                SELECT
                                FROM dds.sales_order AS a
                                WHERE a.order_id = b.order_id AND a.valid_to = b.valid_from AND a.status = b.status
                            )
                    )
                ELSE u.valid_from
            END
        ) OVER (PARTITION BY u.order_month, u.order_id ORDER BY u.valid_from) AS began_at
    FROM (
        SELECT
            date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS order_month,
            o.status,
            o.order_id,
            o.valid_from,
            o.valid_to,
            o.is_current,
            lag(o.valid_to) OVER w AS last_to,
            lag(o.status) OVER w AS last_status,
            lead(o.valid_from) OVER w AS next_from,
            lead(o.status) OVER w AS next_status
        FROM dds.sales_order AS o
        WINDOW w AS (
            PARTITION BY date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date, o.order_id
            ORDER BY o.valid_from
        )
    ) AS u
) AS v
GROUP BY v.order_month, v.status;

COMMENT ON VIEW cdm.status_time_image IS 'What cdm.status_time should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.status_time_image.order_month IS
'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN cdm.status_time_image.status IS 'Pending, Paid, Completed or Aborted';
COMMENT ON COLUMN cdm.status_time_image.orders_cnt IS 'Orders that are or were in it';
COMMENT ON COLUMN cdm.status_time_image.left_cnt IS 'Stays that are over';
COMMENT ON COLUMN cdm.status_time_image.avg_hours IS 'Hours a stay that is over, half up. NULL: none is';

-- How long orders stay in each status.
CALL sl.declare_mart(
    'status_time',
    p_key => '{order_month,status}',
    p_sources => '{sales_order}',
    p_touched => 'cdm.touched_months_of_statuses',
    p_group => '{order_month}',
    p_published_as => 'tshop.status_time'
);
