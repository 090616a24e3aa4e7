"""The marts of orders beside one bare GROUP BY each: the groups that a day touches, computed by a plain query.

The queries are written from what the marts mean (docs/layers.md) and share nothing with the images. What a month or a
week has in it is asked of dds once, whatever was there before.
"""

from dataclasses import dataclass

from bench.warehouse import Warehouse

_DAY = "(o.ordered_at AT TIME ZONE 'Europe/Moscow')::date"
_MONTH = "date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date"
_WEEK = "date_trunc('week', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date"
_SHIPPED = "date_trunc('month', d.shipped_at AT TIME ZONE 'Europe/Moscow')::date"
_LINES = """
FROM dds.sales_order AS o
JOIN dds.sale AS s ON s.order_id = o.order_id AND s.is_current
"""
# The orders that a load wrote, or of which it wrote what belongs to them; {run_id} is the load's.
_ORDERS = {
    "sales_order": "SELECT order_id FROM dds.sales_order WHERE run_id = {run_id}",
    "sale": "SELECT order_id FROM dds.sale WHERE run_id = {run_id}",
    "payment": "SELECT order_id FROM dds.payment WHERE run_id = {run_id}",
    "sale_return": "SELECT s.order_id FROM dds.sale_return AS r JOIN dds.sale AS s USING (sale_id)"
    " WHERE r.run_id = {run_id}",
}


@dataclass(frozen=True)
class Floor:
    """What the groups of a mart cost by a bare GROUP BY.

    Attributes:
        unit: what a group is, in the plural.
        group: expression of an order's group, or of a delivery's.
        sources: the entities whose loads touch groups.
        query: of all rows of the groups; {touched} stands for the condition that names them.
    """

    unit: str
    group: str
    sources: tuple[str, ...]
    query: str

    def touched(self, servers: Warehouse, runs: dict[str, int]) -> list[str]:
        """Return the groups that loads touched.

        Args:
            servers: where they ran.
            runs: the run of each entity's load.
        """
        if self.sources == ("delivery",):
            found = f"SELECT DISTINCT {self.group} FROM dds.delivery AS d WHERE run_id = {runs['delivery']}"
        else:
            orders = " UNION ".join(_ORDERS[source].format(run_id=runs[source]) for source in self.sources)
            found = f"SELECT DISTINCT {self.group} FROM dds.sales_order AS o WHERE order_id IN ({orders})"
        return [str(group) for (group,) in servers.execute(found)]

    def compute(self, servers: Warehouse, groups: list[str]) -> None:
        """Compute the groups into a temporary table."""
        touched = f"{self.group} = ANY ('{{{','.join(groups)}}}'::date[])"
        servers.execute(
            "DROP TABLE IF EXISTS pg_temp.floor",
            f"CREATE TEMPORARY TABLE floor AS {self.query.format(touched=touched)}",
        )


FLOORS = {
    "user_sales": Floor(
        "months",
        _MONTH,
        ("sales_order",),
        f"""
        SELECT {_MONTH} AS order_month, c.loyalty_status, count(*) AS orders_cnt,
            count(*) FILTER (WHERE o.status = 'Paid') AS paid_orders,
            count(*) FILTER (WHERE o.status = 'Completed') AS completed_orders,
            count(*) FILTER (WHERE o.status = 'Pending') AS pending_orders,
            count(*) FILTER (WHERE o.status = 'Aborted') AS aborted_orders,
            count(DISTINCT o.client_id) AS unique_users, sum(o.total_amount) AS total_order_amount,
            avg(o.total_amount) AS avg_order_amount,
            sum(o.total_amount) FILTER (WHERE o.status <> 'Aborted') AS total_revenue,
            avg(o.delivered_at - o.ordered_at) AS avg_delivery_period
        FROM dds.sales_order AS o
        LEFT JOIN dds.client AS c
            ON c.client_id = o.client_id AND o.ordered_at >= c.valid_from AND o.ordered_at < c.valid_to
        WHERE o.is_current AND {{touched}}
        GROUP BY 1, 2
        """,
    ),
    "product_sales": Floor(
        "months",
        _MONTH,
        ("sales_order", "sale"),
        f"""
        SELECT {_MONTH} AS order_month, coalesce(c.name, p.category) AS product_category, p.name AS product_name,
            count(DISTINCT s.order_id) AS order_cnt, sum(s.quantity) AS ordered_quantity,
            sum(s.quantity) FILTER (WHERE o.status = 'Aborted') AS aborted_quantity,
            sum(s.quantity) FILTER (WHERE o.status = 'Paid') AS paid_quantity,
            sum(s.quantity) FILTER (WHERE o.status = 'Pending') AS pending_quantity,
            sum(s.quantity) FILTER (WHERE o.status = 'Completed') AS completed_quantity,
            sum(s.amount) AS total_amount, sum(s.amount) FILTER (WHERE o.status <> 'Aborted') AS total_revenue
        {_LINES}
        LEFT JOIN dds.product AS p
            ON p.product_id = s.product_id AND o.ordered_at >= p.valid_from AND o.ordered_at < p.valid_to
        LEFT JOIN dds.category AS c
            ON c.category_id = p.category_id AND o.ordered_at >= c.valid_from AND o.ordered_at < c.valid_to
        WHERE o.is_current AND {{touched}}
        GROUP BY 1, 2, 3
        """,
    ),
    "region_sales": Floor(
        "weeks",
        _WEEK,
        ("sales_order", "sale"),
        f"""
        SELECT *, total_amount / sum(total_amount) OVER (PARTITION BY week_start, region) AS region_share,
            rank() OVER (PARTITION BY week_start, region ORDER BY total_amount DESC) AS rank_in_region
        FROM (
            SELECT {_WEEK} AS week_start, o.region, s.product_id, count(*) AS sales_cnt, sum(s.quantity) AS quantity,
                sum(s.amount) AS total_amount, avg(s.amount) AS average_sale_amount
            {_LINES}
            WHERE o.is_current AND o.status <> 'Aborted' AND o.region IS NOT NULL AND {{touched}}
            GROUP BY 1, 2, 3
        ) AS r
        """,
    ),
    "daily_sales": Floor(
        "days",
        _DAY,
        ("sales_order", "sale", "payment", "sale_return"),
        f"""
        SELECT * FROM (
            SELECT {_DAY} AS sold_on, o.channel, count(*) AS orders_cnt, count(o.delivered_at) AS delivered_orders,
                avg(o.delivered_at - o.ordered_at) AS avg_delivery_period
            FROM dds.sales_order AS o
            WHERE o.is_current AND {{touched}}
            GROUP BY 1, 2
        ) AS ordered
        LEFT JOIN (
            SELECT {_DAY} AS sold_on, o.channel, sum(s.quantity) AS quantity, sum(s.amount) AS gross_amount,
                sum(r.returned_amount) AS returned_amount
            {_LINES}
            LEFT JOIN (
                SELECT sale_id, sum(amount) AS returned_amount FROM dds.sale_return WHERE is_current GROUP BY sale_id
            ) AS r ON r.sale_id = s.sale_id
            WHERE o.is_current AND o.status <> 'Aborted' AND {{touched}}
            GROUP BY 1, 2
        ) AS sold USING (sold_on, channel)
        LEFT JOIN (
            SELECT {_DAY} AS sold_on, o.channel,
                sum(CASE p.status WHEN 'Succeeded' THEN p.amount WHEN 'Refunded' THEN -p.amount END) AS paid_amount
            FROM dds.sales_order AS o
            JOIN dds.payment AS p ON p.order_id = o.order_id AND p.is_current
            WHERE o.is_current AND {{touched}}
            GROUP BY 1, 2
        ) AS paid USING (sold_on, channel)
        """,
    ),
    "status_time": Floor(
        "months",
        _MONTH,
        ("sales_order",),
        f"""
        SELECT order_month, status, count(DISTINCT order_id) AS orders_cnt, count(next_status) AS left_cnt,
            avg(valid_to - valid_from) FILTER (WHERE next_status IS NOT NULL) AS avg_time
        FROM (
            SELECT {_MONTH} AS order_month, o.order_id, o.status, o.valid_from, o.valid_to,
                lead(o.status) OVER (PARTITION BY o.order_id ORDER BY o.valid_from) AS next_status
            FROM dds.sales_order AS o
            WHERE {{touched}}
        ) AS v
        GROUP BY 1, 2
        """,
    ),
    "carrier_delivery": Floor(
        "months",
        _SHIPPED,
        ("delivery",),
        f"""
        SELECT {_SHIPPED} AS shipped_month, d.carrier, count(*) AS deliveries_cnt,
            count(*) FILTER (WHERE d.status = 'Delivered') AS delivered_cnt,
            count(*) FILTER (WHERE d.status = 'Lost') AS lost_cnt,
            count(*) FILTER (WHERE d.delivered_at - d.shipped_at > interval '7 days') AS late_cnt,
            avg(d.delivered_at - d.shipped_at) AS avg_time
        FROM dds.delivery AS d
        WHERE d.is_current AND {{touched}}
        GROUP BY 1, 2
        """,
    ),
}
