"""What the report says of orders: the marts as they were known at a moment, by days, months and weeks."""

import re
from datetime import UTC, date, datetime, timedelta

from test_clickhouse import clickhouse, execute, shop  # noqa: F401
from test_command_line import settings_of
from test_dashboard_orders import NEWEST, RAW

from clickhouse import marts
from embedded import report
from embedded.report.request import Request

SECTIONS = [
    "Orders by channel (PostgreSQL)",
    "Orders by status, whole months (PostgreSQL)",
    "Loyalty levels, whole months (PostgreSQL)",
    "Revenue by region, whole weeks (PostgreSQL)",
    "Top products, whole months (PostgreSQL)",
    "What does not fit together now, of the last 7 days (PostgreSQL)",
]
ENTITIES = ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return")
# The same figures from the histories themselves, between two days of the orders.
ORDERS = """
WITH chosen AS (
    SELECT o.*, (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS ordered_on
    FROM dds.sales_order AS o
    WHERE o.is_current AND (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date BETWEEN '{first}' AND '{last}'
),
line AS (
    SELECT s.*, o.region, o.status
    FROM dds.sale AS s
    INNER JOIN chosen AS o ON o.order_id = s.order_id
    WHERE s.is_current
)
"""


def build(dsn: str) -> None:
    """Bring dds and the marts up to raw."""
    execute(
        dsn,
        *(f"CALL dds.load_{entity}()" for entity in ENTITIES),
        *(f"CALL cdm.build_{mart}()" for mart in ("mart", *marts.tables())),
    )


def sections(text: str) -> dict[str, list[list[str]]]:
    """Return the cells of each table of a report, without its head, by its title."""
    found = {}
    for title, body in re.findall(r"^(.+)\n-{5,}\n((?:.+\n)+)", text, re.MULTILINE):
        lines = body.splitlines()
        found[title] = [re.split(r" {2,}", line.strip()) for line in lines[2:]] if len(lines) > 2 else lines
    return found


def said(row: tuple) -> list[str]:
    """Return values as a report shows them."""
    return [f"{value:,}".replace(",", " ") if not isinstance(value, str) else value for value in row]


def of_histories(dsn: str, query: str, first: date, last: date) -> list[list[str]]:
    """Return the rows of a query of ORDERS, as a report shows them."""
    return [said(row) for row in execute(dsn, ORDERS.format(first=first, last=last) + query)]


def money(dsn: str, first: date, last: date) -> list[str]:
    """Return what a report says of all orders of some days: how many, gross, net, delivered."""
    (row,) = of_histories(
        dsn,
        """
        SELECT
            count(*),
            (SELECT sum(amount) FROM line WHERE status <> 'Aborted'),
            (SELECT sum(CASE p.status WHEN 'Refunded' THEN -p.amount ELSE p.amount END)
                FROM dds.payment AS p INNER JOIN chosen AS c ON c.order_id = p.order_id
                WHERE p.is_current AND p.status <> 'Failed'),
            count(*) FILTER (WHERE delivered_at IS NOT NULL)
        FROM chosen
        """,
        first,
        last,
    )
    return row


def told_money(text: str) -> list[str]:
    """Return the same from a report."""
    channels = sections(text)["Orders by channel (PostgreSQL)"]
    title, orders, gross, _returned, _net, paid, delivered = channels[-1]
    assert title == "all"
    return [orders, gross, paid, delivered]


def test_report_tells_of_orders_as_the_histories_do(tmp_path, clickhouse, warehouse):  # noqa: F811
    execute(warehouse, *RAW.split(";\n"))
    execute(
        warehouse,
        "INSERT INTO raw.sales_order (order_id, ordered_at, status, total_amount, updated_at)"
        f" VALUES (900001, '{NEWEST} 12:00+03', 'Pending', 10, '{NEWEST} 12:00+03'),"
        " (900002, '2026-01-02 12:00+03', 'Pending', 10, '2026-01-02 12:00+03')",
        "INSERT INTO raw.category (category_id, name, parent_category_id, updated_at)"
        " VALUES (90, 'Подарки', 99, '2026-01-01+03')",
    )
    build(warehouse)
    clickhouse.take_over()
    settings = settings_of(tmp_path, warehouse, clickhouse)
    first, last = date(2025, 10, 1), date(2026, 1, 31)

    text = report.render(settings)
    found = sections(text)
    assert [title for title in found if title in SECTIONS] == SECTIONS
    assert told_money(text) == money(warehouse, first, last)
    channels = found["Orders by channel (PostgreSQL)"]
    assert {row[0] for row in channels} == {"web", "marketplace", "store", "kiosk", "Unknown", "all"}
    statuses = of_histories(warehouse, "SELECT status, count(*) FROM chosen GROUP BY 1", first, last)
    assert sorted(row[:2] for row in found["Orders by status, whole months (PostgreSQL)"]) == sorted(statuses)
    levels = found["Loyalty levels, whole months (PostgreSQL)"]
    assert [row[0] for row in levels] == ["Platinum", "Gold", "Silver", "Basic", "Diamond", "Unknown"]
    regions = of_histories(
        warehouse,
        "SELECT region, rank() OVER (ORDER BY sum(amount) DESC), sum(amount),"
        " round(100 * sum(amount) / sum(sum(amount)) OVER (), 1), count(*), sum(quantity)"
        " FROM line WHERE status <> 'Aborted' AND region IS NOT NULL GROUP BY 1 ORDER BY 2",
        first,
        last,
    )
    assert found["Revenue by region, whole weeks (PostgreSQL)"] == regions
    products = found["Top products, whole months (PostgreSQL)"]
    best = of_histories(
        warehouse,
        "SELECT 'Товар ' || product_id, sum(amount), sum(quantity) FROM line WHERE status <> 'Aborted'"
        " GROUP BY product_id ORDER BY 2 DESC LIMIT 10",
        first,
        last,
    )
    assert [[row[0], row[2], row[3]] for row in products] == best
    # The order of the second of January is older than a week.
    assert found[SECTIONS[-1]] == [["order_without_lines", "sales_order", "1"], ["parent_unknown", "category", "1"]]


def test_report_tells_of_the_orders_that_were_known_at_a_moment(tmp_path, clickhouse, warehouse):  # noqa: F811
    execute(warehouse, *RAW.split(";\n"))
    build(warehouse)
    clickhouse.take_over()
    # It was all built three days ago.
    execute(
        warehouse,
        "UPDATE sl.run SET started_at = started_at - interval '3 days', finished_at = finished_at - interval '3 days'",
        *(
            f"UPDATE cdm.{mart} SET valid_from = valid_from - interval '3 days'"
            for mart in ("sales_mart", *marts.tables())
        ),
    )
    settings = settings_of(tmp_path, warehouse, clickhouse)
    before = report.render(settings)
    execute(
        warehouse,
        "UPDATE raw.sales_order SET status = 'Aborted', updated_at = '2026-02-01+03' WHERE status <> 'Completed'",
        "UPDATE raw.client SET loyalty_status = 'Gold', updated_at = '2025-09-01+03'",
    )
    build(warehouse)

    now = report.render(settings)
    then = report.render(settings, Request(as_of=datetime.now(UTC) - timedelta(days=1)))
    for title in SECTIONS[:-1]:
        assert sections(then)[title] == sections(before)[title], title
        assert sections(now)[title] != sections(before)[title], title
    # What fitted together then is not kept.
    assert SECTIONS[-1] in sections(now)
    assert SECTIONS[-1] not in sections(then)


def test_report_of_days_has_the_months_and_weeks_that_they_touch(tmp_path, clickhouse, warehouse):  # noqa: F811
    execute(warehouse, *RAW.split(";\n"))
    build(warehouse)
    clickhouse.take_over()
    settings = settings_of(tmp_path, warehouse, clickhouse)
    first, last = date(2025, 11, 19), date(2025, 12, 3)
    text = report.render(settings, Request(first=first, last=last))
    found = sections(text)
    assert told_money(text) == money(warehouse, first, last)
    statuses = of_histories(
        warehouse, "SELECT status, count(*) FROM chosen GROUP BY 1", date(2025, 11, 1), date(2025, 12, 31)
    )
    assert sorted(row[:2] for row in found["Orders by status, whole months (PostgreSQL)"]) == sorted(statuses)
    weeks = of_histories(
        warehouse,
        "SELECT region, sum(amount) FROM line WHERE status <> 'Aborted' AND region IS NOT NULL GROUP BY 1",
        date(2025, 11, 17),
        date(2025, 12, 7),
    )
    regions = found["Revenue by region, whole weeks (PostgreSQL)"]
    assert sorted([row[0], row[2]] for row in regions) == sorted(weeks)


def test_report_of_a_shop_without_orders_says_nothing_of_them(tmp_path, clickhouse, shop):  # noqa: F811
    clickhouse.take_over()
    text = report.render(settings_of(tmp_path, shop, clickhouse))
    assert not set(sections(text)) & set(SECTIONS)
    assert "Revenue by category (ClickHouse)" in sections(text)
