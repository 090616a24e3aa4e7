"""The dashboard "Orders and money": its figures are PostgreSQL's, exactly; it speaks Russian; it fits a phone."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_dashboard import (
    FOLDER,
    Shop,
    assets,
    cut_off,
    needs_chromium,
    needs_superset,
    other_tables,
    pages,
    shown_texts,
)

from clickhouse import marts
from embedded import main_job, stack, superset
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import Settings
from tests.ports import free_port

SLUG = "orders-and-money"
TILE, BEST = "Orders as of", "Best sellers by region"
CHARTS = {
    "Gross revenue",
    "Returned",
    "Net revenue",
    "Money paid",
    "Revenue by day",
    "Revenue by channel",
    "Paid against delivered",
    "Orders by month and status",
    "Orders by status",
    "Lateness by carrier",
    "Days to deliver by carrier",
    "Clients by loyalty level",
    "Loyalty levels",
    "Regions",
    "Revenue in the tree of categories",
    "Top products",
    "Revenue by region",
}
NUMBER_OF_CHARTS = len(CHARTS) + 2
# An order every seven hours from the second of October on, and the day of the last one.
ORDERS = 400
NEWEST = date(2026, 1, 26)
# Categories: 1 Одежда / Бельё with 2 Верх / Худи with 3 Футболки and 6 Сумки; 4 Обувь with 5 Носки and 7 Сумки, too:
# some names hold the slash of a path. Products of no category, of one that is in no tree, and of one whose name two
# categories have.
RAW = f"""
INSERT INTO raw.category (category_id, name, parent_category_id, updated_at)
VALUES
    (1, 'Одежда / Бельё', NULL, '2025-09-01+03'), (2, 'Верх / Худи', 1, '2025-09-01+03'),
    (3, 'Футболки', 2, '2025-09-01+03'), (4, 'Обувь', NULL, '2025-09-01+03'), (5, 'Носки', 4, '2025-09-01+03'),
    (6, 'Сумки', 1, '2025-09-01+03'), (7, 'Сумки', 4, '2025-09-01+03');
INSERT INTO raw.client (client_id, first_name, last_name, birth_date, loyalty_status, region, updated_at)
SELECT
    n, 'Имя', 'Фамилия', '1990-01-01', (ARRAY['Platinum', 'Gold', 'Silver', 'Basic', 'Diamond', NULL])[1 + n % 6],
    'North', '2025-09-01+03'
FROM generate_series(1, 60) AS n;
INSERT INTO raw.product (product_id, name, category, size, price, category_id, updated_at)
SELECT
    n, 'Товар ' || n, (ARRAY['Футболки', 'Обувь', 'Шапки', ''])[1 + n % 4], 'M', 100 + n,
    (ARRAY[3, 4, NULL, NULL, 6, 2, 5])[1 + n % 7], '2025-09-01+03'
FROM generate_series(1, 40) AS n;
INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, unit_price, amount, updated_at)
SELECT
    n * 10 + k, n, o.at, nullif(1 + n % 61, 61), 1 + (n * 7 + k) % 40, 1 + (n + k) % 3, 100.55 + n % 17,
    (100.55 + n % 17) * (1 + (n + k) % 3), o.at
FROM generate_series(1, {ORDERS}) AS n
CROSS JOIN LATERAL (SELECT '2025-10-02 00:30+03'::timestamptz + n * interval '7 hours' AS at) AS o
CROSS JOIN LATERAL generate_series(1, 1 + n % 3) AS k;
INSERT INTO raw.sales_order (order_id, client_id, ordered_at, status, total_amount, channel, region, updated_at)
SELECT
    s.order_id, min(s.client_id), min(s.sold_at), 'Pending', sum(s.amount),
    (ARRAY['web', 'marketplace', 'store', NULL, 'kiosk'])[1 + s.order_id % 5],
    (ARRAY['North', 'South', 'East', 'West', NULL])[1 + s.order_id % 5 * s.order_id % 7 % 5], min(s.sold_at)
FROM raw.sale AS s
GROUP BY s.order_id;
UPDATE raw.sales_order SET status = 'Paid', updated_at = ordered_at + order_id % 5 * interval '1 hour 7 minutes'
WHERE order_id % 10 > 0 AND order_id % 5 > 0;
UPDATE raw.sales_order SET status = 'Aborted', updated_at = ordered_at + interval '26 hours'
WHERE order_id % 10 IN (4, 5);
UPDATE raw.sales_order
SET status = 'Completed', delivered_at = ordered_at + (1 + order_id % 9) * interval '1 day 1 minute',
    updated_at = ordered_at + (1 + order_id % 9) * interval '1 day 1 minute'
WHERE order_id % 10 IN (1, 2, 3, 7) AND ordered_at < '2026-01-20+03';
INSERT INTO raw.payment (payment_id, order_id, paid_at, amount, method, status, updated_at)
SELECT
    o.order_id * 10 + k, o.order_id, o.ordered_at, round(o.total_amount / (1 + k), 2), 'card',
    (ARRAY['Succeeded', 'Refunded', 'Failed'])[k], o.ordered_at
FROM raw.sales_order AS o
CROSS JOIN LATERAL generate_series(1, CASE WHEN o.status = 'Pending' THEN 0 ELSE 1 + o.order_id::int % 3 END) AS k;
INSERT INTO raw.delivery (delivery_id, order_id, shipped_at, delivered_at, carrier, status, updated_at)
SELECT
    o.order_id, o.order_id, o.ordered_at, o.delivered_at, (ARRAY['Почта', 'Курьер', NULL])[1 + o.order_id % 3],
    CASE WHEN o.status = 'Completed' THEN 'Delivered' WHEN o.order_id % 4 = 0 THEN 'Lost' ELSE 'Shipped' END,
    o.updated_at
FROM raw.sales_order AS o
WHERE o.status IN ('Paid', 'Completed');
INSERT INTO raw.sale_return (return_id, sale_id, returned_at, quantity, amount, reason, updated_at)
SELECT
    s.sale_id, s.sale_id, s.sold_at + interval '3 days', 1, CASE WHEN s.sale_id % 2 = 0 THEN 50.05 END, 'size',
    s.sold_at
FROM raw.sale AS s
WHERE s.sale_id % 13 = 0
"""
# What the filters leave of the marts, with the names that the dashboard shows.
MARTS = """
WITH RECURSIVE
daily AS (
    SELECT
        m.*,
        CASE m.channel
            WHEN 'web' THEN 'Web' WHEN 'marketplace' THEN 'Marketplace' WHEN 'store' THEN 'Stores'
            WHEN 'Unknown' THEN 'unknown' ELSE m.channel
        END AS channel_name
    FROM cdm.daily_sales AS m
    WHERE m.is_current AND m.sold_on >= %(first)s AND m.sold_on < %(end)s
),
users AS (
    SELECT
        m.*, to_char(m.order_month, 'YYYY-MM') AS month_name,
        CASE m.loyalty_status WHEN 'Unknown' THEN 'unknown' ELSE m.loyalty_status END AS loyalty_name
    FROM cdm.user_sales AS m
    WHERE m.is_current AND m.order_month >= date_trunc('month', %(first)s::date) AND m.order_month < %(end)s
),
stays AS (
    SELECT m.*
    FROM cdm.status_time AS m
    WHERE m.is_current AND m.order_month >= date_trunc('month', %(first)s::date) AND m.order_month < %(end)s
),
statuses AS (
    SELECT u.month_name, s.status, s.orders
    FROM users AS u
    CROSS JOIN LATERAL (
        VALUES
        ('Pending', u.pending_orders), ('Paid', u.paid_orders), ('Completed', u.completed_orders),
        ('Aborted', u.aborted_orders)
    ) AS s (status, orders)
),
carriers AS (
    SELECT
        m.*, to_char(m.shipped_month, 'YYYY-MM') AS month_name,
        CASE m.carrier WHEN 'Unknown' THEN 'unknown' ELSE m.carrier END AS carrier_name
    FROM cdm.carrier_delivery AS m
    WHERE m.is_current AND m.shipped_month >= date_trunc('month', %(first)s::date) AND m.shipped_month < %(end)s
),
products AS (
    SELECT m.*, CASE m.product_category WHEN 'Unknown' THEN 'unknown' ELSE m.product_category END AS category_name
    FROM cdm.product_sales AS m
    WHERE m.is_current AND m.order_month >= date_trunc('month', %(first)s::date) AND m.order_month < %(end)s
),
regions AS (
    SELECT m.*
    FROM cdm.region_sales AS m
    WHERE m.is_current AND m.week_start >= date_trunc('week', %(first)s::date) AND m.week_start < %(end)s
),
-- The names above a category, the top one first, of the tree in dds itself.
tree AS (
    SELECT c.category_id, c.parent_category_id, c.name, ARRAY[c.name] AS names
    FROM dds.category AS c
    WHERE c.is_current
    UNION ALL
    SELECT t.category_id, p.parent_category_id, t.name, p.name || t.names
    FROM tree AS t
    INNER JOIN dds.category AS p ON p.category_id = t.parent_category_id AND p.is_current
),
places AS (
    SELECT t.name, min(t.names) AS names
    FROM tree AS t
    WHERE t.parent_category_id IS NULL
    GROUP BY t.name
    HAVING count(*) = 1
)
"""
NUMBERS = {
    "Gross revenue": "SELECT sum(gross_amount)::float8 FROM daily",
    "Returned": "SELECT sum(returned_amount)::float8 FROM daily",
    "Net revenue": "SELECT (sum(gross_amount) - sum(returned_amount))::float8 FROM daily",
    "Money paid": "SELECT sum(paid_amount)::float8 FROM daily",
}
# The columns of each table and line of a chart, and the same from PostgreSQL.
TABLES = {
    "Revenue by day": (
        ("sold_on", "gross", "net", "returned"),
        "SELECT sold_on::text, sum(gross_amount)::float8, sum(net_amount)::float8, sum(returned_amount)::float8"
        " FROM daily GROUP BY 1",
    ),
    "Revenue by channel": (
        ("channel_name", "gross", "net", "returned"),
        "SELECT channel_name, sum(gross_amount)::float8, sum(net_amount)::float8, sum(returned_amount)::float8"
        " FROM daily GROUP BY 1",
    ),
    "Paid against delivered": (
        ("sold_on", "paid_share", "delivered_share"),
        "SELECT sold_on::text, sum(paid_amount)::float8 / nullif(sum(net_amount), 0)::float8,"
        " sum(delivered_orders)::float8 / sum(orders_cnt)::float8 FROM daily GROUP BY 1",
    ),
    "Orders by status": (
        ("status_name", "orders_in", "orders_ever", "hours"),
        "SELECT s.status, max(n.orders)::float8, sum(s.orders_cnt)::float8,"
        " sum(s.avg_hours * s.left_cnt)::float8 / nullif(sum(s.left_cnt), 0)::float8"
        " FROM stays AS s LEFT JOIN (SELECT status, sum(orders) AS orders FROM statuses GROUP BY 1) AS n USING (status)"
        " GROUP BY 1",
    ),
    "Lateness by carrier": (
        ("carrier_name", "deliveries", "late_share", "lost_share"),
        "SELECT carrier_name, sum(deliveries_cnt)::float8, sum(late_cnt)::float8 / sum(deliveries_cnt)::float8,"
        " sum(lost_cnt)::float8 / sum(deliveries_cnt)::float8 FROM carriers GROUP BY 1",
    ),
    "Loyalty levels": (
        ("loyalty_name", "orders", "revenue", "average_order"),
        "SELECT loyalty_name, sum(orders_cnt)::float8, sum(total_revenue)::float8,"
        " sum(total_order_amount)::float8 / sum(orders_cnt)::float8 FROM users GROUP BY 1",
    ),
    "Regions": (
        ("region_name", "region_place", "revenue", "region_part"),
        "SELECT region, rank() OVER (ORDER BY sum(total_amount) DESC)::float8, sum(total_amount)::float8,"
        " sum(total_amount)::float8 / (sum(sum(total_amount)) OVER ())::float8 FROM regions GROUP BY 1",
    ),
    "Top products": (
        ("product_label", "items", "revenue"),
        "SELECT product_name, (sum(ordered_quantity) - sum(aborted_quantity))::float8, sum(total_revenue)::float8"
        " FROM products GROUP BY 1 ORDER BY 3 DESC LIMIT 10",
    ),
    "Revenue in the tree of categories": (
        ("top_category", "middle_category", "category_label", "revenue"),
        "SELECT coalesce(t.names[1], p.category_name), coalesce(t.names[2], p.category_name), p.category_name,"
        " sum(p.total_revenue)::float8 FROM products AS p LEFT JOIN places AS t ON t.name = p.product_category"
        " GROUP BY 1, 2, 3",
    ),
    BEST: (
        ("region_name", "place", "product", "share"),
        "SELECT r.region, r.rank_in_region, 'Товар ' || r.product_id, r.region_share::float8"
        " FROM cdm.region_sales AS r"
        " WHERE r.is_current AND r.rank_in_region <= 3"
        " AND r.week_start = '2026-01-19'",
    ),
}
# Charts with a line a month or week and a column a series: the first, and what PostgreSQL has of each.
SERIES = {
    "Orders by month and status": (
        "month_name",
        "SELECT month_name, status, sum(orders)::float8 FROM statuses"
        " WHERE status IN (SELECT s.status FROM stays AS s WHERE to_char(s.order_month, 'YYYY-MM') = month_name)"
        " GROUP BY 1, 2",
    ),
    "Days to deliver by carrier": ("month_name", "SELECT month_name, carrier_name, avg_days::float8 FROM carriers"),
    "Clients by loyalty level": ("month_name", "SELECT month_name, loyalty_name, unique_users::float8 FROM users"),
    "Revenue by region": (
        "week_name",
        "SELECT week_start::text, region, sum(total_amount)::float8 FROM regions GROUP BY 1, 2",
    ),
}


def test_charts_are_described_and_shown() -> None:
    charts = {chart["slice_name"]: chart for chart in assets("charts").values()}
    dashboard = assets("dashboards")["orders_and_money"]
    shown = {
        part["meta"]["sliceName"]: (part["meta"]["uuid"], part["meta"]["chartId"])
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert set(shown) == CHARTS | {TILE, BEST} == set(NUMBERS) | set(TABLES) | set(SERIES) | {TILE}
    for name, (uuid, _chart) in shown.items():
        assert charts[name]["uuid"] == uuid
        assert len(charts[name]["description"]) > 60, name
    for one in dashboard["metadata"]["native_filter_configuration"]:
        assert {shown[name][1] for name in CHARTS} == set(one["chartsInScope"])
        assert {shown[name][1] for name in (TILE, BEST)} == set(one["scope"]["excluded"])


class Orders(Shop):
    """A shop whose orders, payments, deliveries and returns are known, in PostgreSQL, ClickHouse and Superset."""

    def build(self) -> None:
        for entity in ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return"):
            self.sql(f"CALL dds.load_{entity}()")
        for mart in ("mart", *marts.tables()):
            self.sql(f"CALL cdm.build_{mart}()")

    def publish(self) -> None:
        super().publish()
        with contextlib.closing(self.client_of_clickhouse()) as client:

            def ask(query: str) -> list:
                return client.query(query).result_rows

            def run(statements: list[str]) -> None:
                for statement in statements:
                    client.command(statement)

            for table in marts.tables():
                marts.take_over(ask, run, table)

    def of_postgres(self, query: str, period: tuple[date, date]) -> list[tuple]:
        return self.sql(MARTS + query, {"first": period[0], "end": period[1]})

    def rows(self, chart: str, period: tuple[date, date] | str) -> list[dict]:
        """Return a chart's rows, with days of one's own or a named period, as the dashboard asks for them."""
        if chart in (TILE, BEST):
            return self.data(self.context(chart))
        return self.ask_for_period(chart, period) if isinstance(period, str) else self.ask(chart, period)


@pytest.fixture(scope="module")
def shop(scratch: Path) -> Iterator[Orders]:
    parts = ("postgres", "clickhouse", "airflow", "superset")
    settings = Settings(
        scratch / "orders", {part: free_port() for part in parts}, postgres_settings=dict(THROW_AWAY_SETTINGS)
    )
    running = stack.Stack(settings, (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        running.start()
        main_job.migrate(running)
        some = Orders(running)
        for statement in RAW.split(";\n"):
            some.sql(statement)
        some.build()
        some.publish()
        superset.start(settings)
        some.log_in()
        yield some
    finally:
        running.stop()
        stack.remove(settings)


def shown_value(column: str, value: Any) -> Any:
    """Return a value of a chart; a day is milliseconds there."""
    return str(date(1970, 1, 1) + timedelta(milliseconds=value)) if column == "sold_on" else value


def compare(shop: Orders, period: tuple[date, date], asked: tuple[date, date] | str | None = None) -> dict[str, Any]:
    """Hold each chart to PostgreSQL and return what they show.

    :param period: the days
    :param asked: the name of the period, where it is asked for by one
    """
    asked = asked or period
    shown: dict[str, Any] = {}
    for chart, query in NUMBERS.items():
        ((shown[chart],),) = (row.values() for row in shop.rows(chart, asked))
        assert [(shown[chart],)] == shop.of_postgres(query, period), chart
    for chart, (columns, query) in TABLES.items():
        shown[chart] = [
            tuple(shown_value(column, row[column]) for column in columns) for row in shop.rows(chart, asked)
        ]
        expected = shop.of_postgres(query, period)
        assert len(expected) > 1
        assert sorted(shown[chart]) == sorted(expected), chart
    for chart, (line, query) in SERIES.items():
        rows = shop.rows(chart, asked)
        assert [row[line] for row in rows] == sorted(row[line] for row in rows), chart
        shown[chart] = {
            (row[line], name): value
            for row in rows
            for name, value in row.items()
            if name != line and value is not None
        }
        expected = {
            (name, series): value for name, series, value in shop.of_postgres(query, period) if value is not None
        }
        assert len(expected) > 1
        assert shown[chart] == expected, chart
    return shown


@needs_superset
@pytest.mark.timeout(900)
def test_figures_are_those_of_postgres(shop: Orders) -> None:
    shown = compare(shop, (date(2025, 10, 1), date(2026, 2, 1)))
    assert {row[0] for row in shown["Revenue by channel"]} == {"Web", "Marketplace", "Stores", "unknown", "kiosk"}
    assert [row[0] for row in shown["Loyalty levels"]][:4] == ["Platinum", "Gold", "Silver", "Basic"]
    assert {row[0] for row in shown["Loyalty levels"]} >= {"Diamond", "unknown"}
    assert [row[0] for row in shown["Orders by status"]] == ["Pending", "Paid", "Completed", "Aborted"]
    revenue = [row[2] for row in shown["Top products"]]
    assert revenue == sorted(revenue, reverse=True)
    assert {row[0] for row in shown["Regions"]} == {"North", "South", "East", "West"}
    tree = {row[:3] for row in shown["Revenue in the tree of categories"]}
    clothes, tops = "Одежда / Бельё", "Верх / Худи"
    assert {(clothes, tops, "Футболки"), (clothes, tops, tops), ("Обувь", "Обувь", "Обувь")} <= tree
    assert {("Обувь", "Носки", "Носки"), ("Сумки",) * 3, ("Шапки",) * 3, ("unknown",) * 3} <= tree


@needs_superset
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("This month", date(2026, 1, 1)),
        ("Last 3 months", date(2025, 11, 1)),
        ("Последние 3 месяца", date(2025, 11, 1)),
        ("Last 12 months", date(2025, 2, 1)),
    ],
)
def test_a_named_period_is_whole_months_up_to_the_newest_day_with_orders(shop: Orders, name: str, first: date) -> None:
    compare(shop, (first, NEWEST + timedelta(days=1)), name)


@needs_superset
@pytest.mark.timeout(900)
def test_days_of_ones_own_have_the_weeks_and_months_that_they_touch(shop: Orders) -> None:
    shown = compare(shop, (date(2025, 12, 20), date(2026, 1, 9)))
    assert {month for month, _status in shown["Orders by month and status"]} == {"2025-12", "2026-01"}
    weeks = {week for week, _region in shown["Revenue by region"]}
    assert weeks == {"2025-12-15", "2025-12-22", "2025-12-29", "2026-01-05"}


@needs_superset
@pytest.mark.timeout(900)
def test_a_filter_that_is_not_set_leaves_the_charts_with_three_months(shop: Orders) -> None:
    three_months = shop.ask_for_period("Gross revenue", "Last 3 months")
    assert shop.data(shop.context("Gross revenue")) == three_months


@needs_superset
@pytest.mark.timeout(900)
def test_filter_offers_months_in_their_order(shop: Orders) -> None:
    filters = assets("dashboards")["orders_and_money"]["metadata"]["native_filter_configuration"]
    (target,) = filters[0]["targets"]
    datasets = shop.api.get("/api/v1/dataset/", params={"q": "(page_size:100)"}).json()["result"]
    (found,) = [one for one in datasets if one["uuid"] == target["datasetUuid"]]
    query = {"columns": [target["column"]["name"]], "metrics": [filters[0]["sortMetric"]], "row_limit": 1000}
    query |= {"orderby": [[filters[0]["sortMetric"], filters[0]["controlValues"]["sortAscending"]]]}
    rows = shop.data({"datasource": {"id": found["id"], "type": "table"}, "queries": [query]})
    assert [row["period"] for row in rows] == ["This month", "Last 3 months", "Last 12 months"]


@needs_superset
@pytest.mark.timeout(900)
def test_figures_follow_what_comes_late(shop: Orders) -> None:
    period = (date(2025, 10, 1), date(2026, 2, 1))
    before = compare(shop, period)
    assert shop.as_of(TILE)["Complete"] == "✓ yes"
    for statement in (
        "UPDATE raw.sales_order SET status = 'Aborted', updated_at = '2026-02-01+03' WHERE order_id IN (12, 13, 311)",
        "UPDATE raw.category SET name = 'Чемоданы', updated_at = '2026-02-01+03' WHERE category_id = 7",
        "UPDATE raw.client SET loyalty_status = 'Gold', updated_at = '2025-09-01+03' WHERE client_id = 6",
        "UPDATE raw.payment SET status = 'Refunded', updated_at = '2026-02-01+03' WHERE payment_id = 1211",
        "UPDATE raw.delivery SET delivered_at = delivered_at + interval '8 days', updated_at = '2026-02-01+03'"
        " WHERE order_id % 3 = 1",
        "UPDATE raw.sale_return SET amount = amount + 1.01, updated_at = '2026-02-01+03' WHERE return_id % 2 = 0",
    ):
        shop.sql(statement)
    shop.build()
    shop.publish()
    after = compare(shop, period)
    for chart in CHARTS - {"Revenue by channel"}:
        assert after[chart] != before[chart], chart
    # The name is one category's only, now.
    assert "Одежда / Бельё" in {row[0] for row in after["Revenue in the tree of categories"] if row[2] == "Сумки"}
    tile = shop.as_of(TILE)
    assert list(tile) == ["Orders until", "Updated (Moscow)", "Complete"]
    assert tile["Orders until"] == f"{NEWEST:%d.%m.%Y}"
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", tile["Updated (Moscow)"])
    assert tile["Complete"] == "✓ yes"


@needs_superset
@pytest.mark.timeout(900)
def test_what_was_ordered_today_is_shown_today(shop: Orders) -> None:
    order = (
        "INSERT INTO raw.sales_order (order_id, ordered_at, status, total_amount, channel, region, updated_at) "
        "VALUES (9001, now(), 'Pending', 777.25, 'web', 'North', now())"
    )
    line = (
        "INSERT INTO raw.sale (sale_id, order_id, sold_at, product_id, quantity, unit_price, amount, updated_at) "
        "VALUES (90010, 9001, now(), 1, 1, 777.25, 777.25, now())"
    )
    for statement in (order, line):
        shop.sql(statement)
    try:
        shop.build()
        shop.publish()
        for name in ("This month", "Last 3 months"):
            assert list(shop.ask_for_period("Gross revenue", name)[0].values()) == [777.25], name
    finally:
        for table in ("sales_order", "sale"):
            shop.sql(f"UPDATE raw.{table} SET is_deleted = true, updated_at = now() WHERE order_id = 9001")
        shop.build()
        shop.publish()


@needs_superset
@pytest.mark.timeout(900)
def test_tile_shows_a_mart_that_is_marked_or_has_lost_rows(shop: Orders) -> None:
    mark = "INSERT INTO tshop.mart_to_heal (mart, difference) SELECT 'daily_sales', 'of a test'"
    unmark = "DELETE FROM tshop.mart_to_heal WHERE true"
    exchange = "EXCHANGE TABLES tshop.region_sales AND tshop.fewer"
    fewer = (
        "CREATE TABLE tshop.fewer ENGINE = MergeTree ORDER BY week_start AS SELECT * FROM tshop.region_sales LIMIT 9"
    )
    for wrong, right in (((mark,), (unmark,)), ((fewer, exchange), (exchange, "DROP TABLE tshop.fewer"))):
        shop.clickhouse(*wrong)
        try:
            assert shop.as_of(TILE)["Complete"] == "✗ no, tell the engineers"
        finally:
            shop.clickhouse(*right)
        assert shop.as_of(TILE)["Complete"] == "✓ yes"


@needs_superset
@pytest.mark.timeout(900)
def test_a_shop_without_orders_has_empty_charts(shop: Orders) -> None:
    with other_tables(shop, dict.fromkeys((*marts.tables(), "published_mart_batch"), "")):
        for chart in NUMBERS:
            assert list(shop.ask_for_period(chart, "Last 3 months")[0].values()) in ([None], [0.0]), chart
        for chart in {*TABLES, *SERIES} - {BEST}:
            assert shop.ask_for_period(chart, "Last 3 months") == [], chart
        assert shop.rows(BEST, "Last 3 months") == []
        assert shop.as_of(TILE) == {"Orders until": "–", "Updated (Moscow)": "–", "Complete": "no figures yet"}


@needs_superset
@pytest.mark.timeout(900)
def test_a_viewer_reads_each_chart(shop: Orders) -> None:
    with contextlib.closing(shop.client(superset.VIEWER)) as viewer:
        assert viewer.get(f"/api/v1/dashboard/{SLUG}").status_code == 200
        for chart in CHARTS | {TILE, BEST}:
            answer = viewer.post("/api/v1/chart/data", json=shop.context(chart))
            assert answer.status_code == 200, chart
            assert answer.json()["result"][0]["rowcount"] > 0, chart


# --- a browser --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def full_size(shop: Orders) -> Iterator[None]:
    """Let ClickHouse hold figures of five million clients, with names as long as they are in a shop."""
    rows = {}
    with contextlib.closing(shop.client_of_clickhouse()) as client:
        for table in marts.tables():
            columns = client.query(
                "SELECT name, type FROM system.columns WHERE database = 'tshop' AND table = {table:String}",
                parameters={"table": table},
            ).result_rows
            larger = {
                name: f"{name} * {1_000_000 if kind == 'Decimal(24, 2)' else 10_000}"
                for name, kind in columns
                if kind == "Decimal(24, 2)" or name.endswith(("_cnt", "_orders", "quantity", "unique_users"))
            }
            larger["product_name"] = "concat('Куртка-бомбер утеплённая, синяя ', product_name)"
            chosen = ", ".join(larger.get(name, name) for name, _kind in columns)
            rows[table] = f"SELECT {chosen} FROM tshop.{table}"
    with other_tables(shop, rows):
        yield


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_no_text_is_cut_with_the_figures_of_five_million_clients(shop: Orders) -> None:
    from docs import dashboards

    widths = (dashboards.PHONE[0], 1024, 1440)
    with full_size(shop), dashboards.browser(shutil.which("chromium")) as running:
        for width, page in pages(running, shop, SLUG, NUMBER_OF_CHARTS, widths, user=superset.VIEWER):
            ((gross,),) = shop.of_postgres(NUMBERS["Gross revenue"], (date(2025, 11, 1), NEWEST + timedelta(days=1)))
            text = f"{gross * 1_000_000:,.0f}".replace(",", "\u202f") + "\u202f₽"
            assert text in page.locator("[data-test-chart-name='Gross revenue']").inner_text()
            assert (width, cut_off(page, width)) == (width, [])


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_browser_shows_all_charts_and_another_period(shop: Orders) -> None:
    from docs import dashboards

    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": 1440, "height": 8000})
        refused: list[str] = []
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        dashboards.log_in(page, shop.settings, superset.VIEWER)
        dashboards.open_dashboard(page, shop.settings, SLUG, NUMBER_OF_CHARTS)
        shown = {one.get_attribute("data-test-chart-name") for one in page.locator("[data-test-chart-name]").all()}
        assert shown == CHARTS | {TILE, BEST}
        for name, first in (("Last 3 months", date(2025, 11, 1)), ("Last 12 months", date(2025, 2, 1))):
            if name != "Last 3 months":
                page.locator(".ant-select-selection-item", has_text="Last 3 months").click()
                page.locator(".ant-select-item-option", has_text=name).first.click()
                page.locator("[data-test='filter-bar__apply-button']").click()
            ((net,),) = shop.of_postgres(NUMBERS["Net revenue"], (first, NEWEST + timedelta(days=1)))
            text = f"{net:,.0f}".replace(",", "\u202f")
            page.locator("[data-test-chart-name='Net revenue']", has_text=text).wait_for()
            dashboards.wait_drawn(page, NUMBER_OF_CHARTS)
            assert dashboards.failures(page) == []
        pending = page.locator("[data-test-chart-name='Orders by status'] tbody tr").first.inner_text().split()
        rows = shop.of_postgres(TABLES["Orders by status"][1], (date(2025, 2, 1), NEWEST + timedelta(days=1)))
        ((_status, now, ever, hours),) = (row for row in rows if row[0] == "Pending")
        assert pending == ["Pending", f"{now:.0f}", f"{ever:.0f}", f"{hours:.1f}"]
        assert refused == []


@needs_superset
@needs_chromium
@pytest.mark.timeout(900)
def test_dashboard_speaks_russian(shop: Orders) -> None:
    from docs import dashboards

    translations = yaml.safe_load((FOLDER / "translations" / "ru.yaml").read_text())
    shop.settings.choose_language("ru")
    try:
        superset.start(shop.settings)
        widths = (dashboards.PHONE[0], 1440)
        with full_size(shop), dashboards.browser(shutil.which("chromium")) as running:
            for width, page in pages(running, shop, SLUG, NUMBER_OF_CHARTS, widths, user=superset.VIEWER):
                shown = page.locator("[data-test-chart-name]").all()
                names = {one.get_attribute("data-test-chart-name") for one in shown}
                assert names == {translations[name] for name in CHARTS | {TILE, BEST}}
                assert (width, dashboards.cut_texts(page)) == (width, [])
                if width == dashboards.PHONE[0]:
                    # Its filters are folded away.
                    continue
                bar = page.locator(".filter-bar, [data-test='filter-bar']").first.inner_text()
                assert {"Период", "Последние 3 месяца", "Применить"} <= set(bar.split("\n")), bar
                whole = page.locator("body").inner_text()
                english = [text for text in sorted(shown_texts()) if re.search(rf"\b{re.escape(text)}\b", whole)]
                # Who owns the dashboard is called so.
                assert english == ["T-Shop"]
                assert {"Ждёт оплаты", "Платиновый", "Север"} <= set(re.split(r"[\t\n]", whole))
    finally:
        shop.settings.choose_language("en")
        superset.start(shop.settings)
