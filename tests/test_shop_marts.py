"""Marts of a small shop, row by row: written out by hand, and beside them queries written independently of the images.

Then what a renamed and a moved category re-issue, an order's statuses as history, and what bad input gets.
"""

import contextlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import psycopg2
import pytest

from tests.reference_marts import MARTS as MARTS_OF_THE_MODEL
from tests.reference_marts import STATES

# Of each mart the columns of its key, and those of its figures.
MARTS = {**MARTS_OF_THE_MODEL, "status_time": (("order_month", "status"), ("orders_cnt", "left_cnt", "avg_hours"))}
FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)


class Warehouse:
    """A warehouse, and what calls its procedures as one transaction each."""

    def __init__(self, dsn: str) -> None:
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True

    def run(self, statement: str) -> list[tuple]:
        """Run a statement; returns its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def load(self) -> None:
        """Load every entity."""
        for entity in STATES:
            self.run(f"CALL dds.load_{entity}()")

    def build(self) -> dict[str, tuple]:
        """Build every mart; returns of each that was written how many rows were inserted, corrected and deleted."""
        counts = {mart: self.run(f"CALL cdm.build_{mart}()")[0][2:5] for mart in MARTS}
        return {mart: written for mart, written in counts.items() if any(written)}

    def rows(self, mart: str, condition: str = "is_current", more: str = "") -> list[tuple]:
        """Return rows of a mart, by its key."""
        key, figures = MARTS[mart]
        columns = ", ".join((*key, *figures))
        return plain(self.run(f"SELECT {columns}{more} FROM cdm.{mart} WHERE {condition} ORDER BY {', '.join(key)}"))

    def findings(self) -> list[tuple]:
        """Return what does not fit together now."""
        return self.run("SELECT finding, entity_name, entity_key::text FROM cdm.shop_finding ORDER BY 1, 2, 3")

    def rejections(self) -> list[tuple]:
        """Return the open rejections."""
        return self.run(
            "SELECT entity_name, entity_key, rule_name FROM sl.rejected_row WHERE resolved_run_id IS NULL "
            "ORDER BY 1, 2, 3"
        )

    def warnings(self) -> set[tuple]:
        """Return the warnings of all loads."""
        return set(self.run("SELECT entity_name, example_key, rule_name FROM sl.rule_warning"))


def plain(rows: list[tuple]) -> list[tuple]:
    """Return rows with sums as texts, so that their decimals count, and whole numbers of any type as such."""
    return [
        tuple(
            value if not isinstance(value, Decimal) else str(value) if value.as_tuple().exponent else int(value)
            for value in row
        )
        for row in rows
    ]


@pytest.fixture
def shop(warehouse: str) -> Iterator[Warehouse]:
    """The warehouse with a small shop in it, loaded and built."""
    made = Warehouse(warehouse)
    with contextlib.closing(made.connection):
        made.run(SHOP)
        made.run(
            "UPDATE raw.client SET loyalty_status = 'Platinum', updated_at = '2025-03-10 00:00+03' WHERE client_id = 1"
        )
        made.load()
        made.build()
        yield made


# Times are Moscow's. Order 101 is of the last half-hour of February, 102 of the first minutes of March. Between 101 and
# 103 client 1 becomes Platinum. 103 is aborted, 104 is a guest's and of no region. Line 1 has a price of its own, 2 and
# 3 an amount, the others the product's price. The scarf has no category but a text.
SHOP = """
INSERT INTO raw.category (category_id, name, parent_category_id, updated_at) VALUES
    (1, 'Одежда', NULL, '2025-01-01 00:00+03'),
    (2, 'Верх', 1, '2025-01-01 00:00+03'),
    (3, 'Обувь', NULL, '2025-01-01 00:00+03'),
    (4, 'Рубашки', 2, '2025-01-01 00:00+03');
INSERT INTO raw.client (client_id, first_name, last_name, loyalty_status, updated_at) VALUES
    (1, 'Анна', 'Орлова', 'Gold', '2025-01-01 00:00+03'),
    (2, 'Иван', 'Петров', 'Basic', '2025-01-01 00:00+03');
INSERT INTO raw.product (product_id, name, category, size, price, category_id, updated_at) VALUES
    (1, 'Рубашка', NULL, 'M', 1000.00, 2, '2025-01-01 00:00+03'),
    (2, 'Кеды', 'Разное', '42', 2500.50, 3, '2025-01-01 00:00+03'),
    (3, 'Шарф', 'Аксессуары', NULL, 300.00, NULL, '2025-01-01 00:00+03');
INSERT INTO raw.sales_order (
    order_id, client_id, ordered_at, status, delivered_at, total_amount, channel, region, updated_at
)
VALUES
    (101, 1, '2025-02-28 23:30+03', 'Completed', '2025-03-03 11:30+03', 2300.00, 'web', 'North', '2025-03-03 12:00+03'),
    (102, 2, '2025-03-01 00:10+03', 'Paid', NULL, 2250.45, 'web', 'North', '2025-03-01 00:20+03'),
    (103, 1, '2025-03-12 12:00+03', 'Aborted', NULL, 5001.00, 'store', 'South', '2025-03-12 13:00+03'),
    (104, NULL, '2025-03-12 15:00+03', 'Pending', NULL, 300.00, 'store', NULL, '2025-03-12 15:00+03'),
    (105, 2, '2025-03-13 10:00+03', 'Completed', '2025-03-17 10:00+03', 1000.00, 'web', 'North', '2025-03-17 11:00+03');
INSERT INTO raw.sale (
    sale_id, order_id, sold_at, client_id, product_id, quantity, unit_price, amount, updated_at
)
VALUES
    (1, 101, '2025-02-28 23:30+03', 1, 1, 2, 900.00, NULL, '2025-02-28 23:30+03'),
    (2, 101, '2025-02-28 23:30+03', 1, 3, 1, NULL, 500.00, '2025-02-28 23:30+03'),
    (3, 102, '2025-03-01 00:10+03', 2, 2, 1, NULL, 2250.45, '2025-03-01 00:10+03'),
    (4, 103, '2025-03-12 12:00+03', 1, 2, 2, NULL, NULL, '2025-03-12 12:00+03'),
    (5, 104, '2025-03-12 15:00+03', NULL, 3, 1, NULL, NULL, '2025-03-12 15:00+03'),
    (6, 105, '2025-03-13 10:00+03', 2, 1, 1, NULL, NULL, '2025-03-13 10:00+03');
INSERT INTO raw.payment (payment_id, order_id, paid_at, amount, method, status, updated_at) VALUES
    (1, 101, '2025-02-28 23:40+03', 1500.00, 'card', 'Succeeded', '2025-02-28 23:40+03'),
    (2, 101, '2025-03-03 11:30+03', 800.00, 'cash', 'Succeeded', '2025-03-03 11:30+03'),
    (3, 102, '2025-03-01 00:20+03', 2250.45, 'card', 'Succeeded', '2025-03-01 00:20+03'),
    (4, 102, '2025-03-02 10:00+03', 250.45, 'card', 'Refunded', '2025-03-02 10:00+03'),
    (5, 103, '2025-03-12 12:05+03', 5001.00, 'card', 'Failed', '2025-03-12 12:05+03'),
    (6, 105, '2025-03-13 10:05+03', 1000.00, 'card', 'Succeeded', '2025-03-13 10:05+03');
INSERT INTO raw.delivery (delivery_id, order_id, shipped_at, delivered_at, carrier, status, updated_at) VALUES
    (1, 101, '2025-03-01 10:00+03', '2025-03-03 11:30+03', 'CDEK', 'Delivered', '2025-03-03 11:30+03'),
    (2, 105, '2025-03-14 10:00+03', '2025-03-17 10:00+03', 'Post', 'Delivered', '2025-03-17 10:00+03');
INSERT INTO raw.sale_return (return_id, sale_id, returned_at, quantity, amount, reason, updated_at) VALUES
    (1, 1, '2025-03-05 10:00+03', 1, NULL, 'size', '2025-03-05 10:00+03'),
    (2, 2, '2025-03-05 10:00+03', 1, 450.00, 'colour', '2025-03-05 10:00+03'),
    (3, 4, '2025-03-14 10:00+03', 1, 100.00, NULL, '2025-03-14 10:00+03');
"""
PROMOTION = "UPDATE raw.client SET loyalty_status = 'Platinum', updated_at = '2025-03-10 00:00+03' WHERE client_id = 1"

# The rows by hand; sums in roubles as texts.
BY_HAND = {
    # order_month, loyalty_status: orders, paid, completed, pending, aborted, users, total, average, revenue, days.
    # The average of March's Basic is 3250.45 / 2 = 1625.225.
    "user_sales": [
        (FEBRUARY, "Gold", 1, 0, 1, 0, 0, 1, "2300.00", "2300.00", "2300.00", "2.50"),
        (MARCH, "Basic", 2, 1, 1, 0, 0, 1, "3250.45", "1625.23", "3250.45", "4.00"),
        (MARCH, "Platinum", 1, 0, 0, 0, 1, 1, "5001.00", "5001.00", "0.00", None),
        (MARCH, "Unknown", 1, 0, 0, 1, 0, 0, "300.00", "300.00", "300.00", None),
    ],
    # order_month, category, product: orders, pieces, of these aborted, paid, pending, completed, total, revenue.
    "product_sales": [
        (FEBRUARY, "Верх", "Рубашка", 1, 2, 0, 0, 0, 2, "1800.00", "1800.00"),
        (FEBRUARY, "Аксессуары", "Шарф", 1, 1, 0, 0, 0, 1, "500.00", "500.00"),
        (MARCH, "Верх", "Рубашка", 1, 1, 0, 0, 0, 1, "1000.00", "1000.00"),
        (MARCH, "Обувь", "Кеды", 2, 3, 2, 1, 0, 0, "7251.45", "2250.45"),
        (MARCH, "Аксессуары", "Шарф", 1, 1, 0, 0, 1, 0, "300.00", "300.00"),
    ],
    # week_start, region, product: lines, pieces, total, average, share, rank. The region's amount is 4550.45.
    "region_sales": [
        (date(2025, 2, 24), "North", 1, 1, 2, "1800.00", "1800.00", "0.395565", 2),
        (date(2025, 2, 24), "North", 2, 1, 1, "2250.45", "2250.45", "0.494555", 1),
        (date(2025, 2, 24), "North", 3, 1, 1, "500.00", "500.00", "0.109879", 3),
        (date(2025, 3, 10), "North", 1, 1, 1, "1000.00", "1000.00", "1.000000", 1),
    ],
    # sold_on, channel: orders, pieces, gross, returned, net, paid, delivered, days. One piece of line 1 came back.
    "daily_sales": [
        (date(2025, 2, 28), "web", 1, 3, "2300.00", "1350.00", "950.00", "2300.00", 1, "2.50"),
        (date(2025, 3, 1), "web", 1, 1, "2250.45", "0.00", "2250.45", "2000.00", 0, None),
        (date(2025, 3, 12), "store", 2, 1, "300.00", "0.00", "300.00", "0.00", 0, None),
        (date(2025, 3, 13), "web", 1, 1, "1000.00", "0.00", "1000.00", "1000.00", 1, "4.00"),
    ],
    # category: name, path, top one, level.
    "category_tree": [
        (1, "Одежда", "Одежда", "Одежда", 1),
        (2, "Верх", "Одежда / Верх", "Одежда", 2),
        (3, "Обувь", "Обувь", "Обувь", 1),
        (4, "Рубашки", "Одежда / Верх / Рубашки", "Одежда", 3),
    ],
    # shipped_month, carrier: deliveries, delivered, lost, late, days.
    "carrier_delivery": [(MARCH, "CDEK", 1, 1, 0, 0, "2.06"), (MARCH, "Post", 1, 1, 0, 0, "3.00")],
    # order_month, status: orders, stays that are over, hours of these.
    "status_time": [
        (FEBRUARY, "Completed", 1, 0, None),
        (MARCH, "Aborted", 1, 0, None),
        (MARCH, "Completed", 1, 0, None),
        (MARCH, "Paid", 1, 0, None),
        (MARCH, "Pending", 1, 0, None),
    ],
}
# In this shop nothing is late and no key is deleted, so that the version at the time of the order is the one whose
# interval has it.
LINES = """
    WITH line AS (
        SELECT
            o.order_id, o.status, o.region, s.sale_id, s.product_id, s.quantity,
            (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS day,
            p.name AS product, coalesce(c.name, p.category) AS category,
            coalesce(s.amount, s.unit_price * s.quantity, p.price * s.quantity) AS amount
        FROM raw.sale AS s
        JOIN raw.sales_order AS o USING (order_id)
        JOIN dds.product AS p
            ON p.product_id = s.product_id AND p.valid_from <= o.ordered_at AND o.ordered_at < p.valid_to
        LEFT JOIN dds.category AS c
            ON c.category_id = p.category_id AND c.valid_from <= o.ordered_at AND o.ordered_at < c.valid_to
    )
"""
BY_QUERY = {
    "user_sales": """
        WITH o AS (
            SELECT
                o.*, to_char(o.ordered_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-01')::date AS month,
                coalesce((
                    SELECT c.loyalty_status FROM dds.client AS c
                    WHERE c.client_id = o.client_id AND o.ordered_at >= c.valid_from AND o.ordered_at < c.valid_to
                ), 'Unknown') AS loyalty
            FROM raw.sales_order AS o
        )
        SELECT
            month, loyalty, count(*), sum((status = 'Paid')::int), sum((status = 'Completed')::int),
            sum((status = 'Pending')::int), sum((status = 'Aborted')::int), count(DISTINCT client_id),
            sum(total_amount), round(sum(total_amount) / count(*), 2),
            sum(CASE status WHEN 'Aborted' THEN 0.00 ELSE total_amount END),
            round((avg(extract(epoch FROM delivered_at - ordered_at)) / 86400), 2)
        FROM o GROUP BY month, loyalty
    """,
    "product_sales": LINES
    + """
        SELECT
            date_trunc('month', day)::date, category, product, count(DISTINCT order_id), sum(quantity),
            coalesce(sum(quantity) FILTER (WHERE status = 'Aborted'), 0),
            coalesce(sum(quantity) FILTER (WHERE status = 'Paid'), 0),
            coalesce(sum(quantity) FILTER (WHERE status = 'Pending'), 0),
            coalesce(sum(quantity) FILTER (WHERE status = 'Completed'), 0),
            sum(amount), sum(CASE status WHEN 'Aborted' THEN 0.00 ELSE amount END)
        FROM line GROUP BY 1, 2, 3
    """,
    "region_sales": LINES
    + """
        SELECT
            day - extract(isodow FROM day)::int + 1, region, product_id, count(*), sum(quantity), sum(amount),
            round(avg(amount), 2),
            round(sum(amount) / sum(sum(amount)) OVER w, 6),
            rank() OVER (w ORDER BY sum(amount) DESC)
        FROM line WHERE status <> 'Aborted' AND region IS NOT NULL
        GROUP BY 1, 2, 3
        WINDOW w AS (PARTITION BY day - extract(isodow FROM day)::int + 1, region)
    """,
    "daily_sales": LINES
    + """
        , sold AS (
            SELECT
                l.order_id, sum(l.quantity) AS quantity, sum(l.amount) AS gross,
                sum(coalesce((
                    SELECT sum(coalesce(r.amount, l.amount * r.quantity / l.quantity))
                    FROM raw.sale_return AS r WHERE r.sale_id = l.sale_id
                ), 0.00)) AS returned
            FROM line AS l WHERE l.status <> 'Aborted' GROUP BY 1
        ), paid AS (
            SELECT order_id, sum(amount) FILTER (WHERE status = 'Succeeded') AS got,
                sum(amount) FILTER (WHERE status = 'Refunded') AS back
            FROM raw.payment GROUP BY 1
        )
        SELECT
            (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date, o.channel, count(*), sum(coalesce(s.quantity, 0)),
            sum(coalesce(s.gross, 0.00)), round(sum(coalesce(s.returned, 0.00)), 2),
            round(sum(coalesce(s.gross, 0.00)) - sum(coalesce(s.returned, 0.00)), 2),
            sum(coalesce(p.got, 0.00) - coalesce(p.back, 0.00)), count(o.delivered_at),
            round((avg(extract(epoch FROM o.delivered_at - o.ordered_at)) / 86400), 2)
        FROM raw.sales_order AS o LEFT JOIN sold AS s USING (order_id) LEFT JOIN paid AS p USING (order_id)
        GROUP BY 1, 2
    """,
    "category_tree": """
        WITH RECURSIVE tree AS (
            SELECT category_id, name, name AS path, name AS top, 1 AS level
            FROM raw.category WHERE parent_category_id IS NULL
            UNION ALL
            SELECT c.category_id, c.name, t.path || ' / ' || c.name, t.top, t.level + 1
            FROM raw.category AS c JOIN tree AS t ON t.category_id = c.parent_category_id
        )
        SELECT * FROM tree
    """,
    "carrier_delivery": """
        SELECT
            to_char(shipped_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-01')::date, carrier, count(*),
            count(*) FILTER (WHERE status = 'Delivered'), count(*) FILTER (WHERE status = 'Lost'),
            count(*) FILTER (WHERE delivered_at > shipped_at + interval '168 hours'),
            round(avg(extract(epoch FROM delivered_at - shipped_at)) / 86400, 2)
        FROM raw.delivery GROUP BY 1, 2
    """,
    "status_time": """
        SELECT
            to_char(ordered_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-01')::date, status, count(DISTINCT order_id),
            count(*) FILTER (WHERE isfinite(valid_to)),
            round(avg(extract(epoch FROM valid_to - valid_from)) FILTER (WHERE isfinite(valid_to)) / 3600, 2)
        FROM dds.sales_order GROUP BY 1, 2
    """,
}


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_of_a_small_shop(shop: Warehouse, mart: str) -> None:
    """Row by row as it was written out by hand, and as a query that knows nothing of the image says."""
    expected = sorted(BY_HAND[mart], key=repr)
    assert sorted(plain(shop.run(BY_QUERY[mart])), key=repr) == expected
    assert sorted(shop.rows(mart), key=repr) == expected


def test_a_small_shop_without_faults(shop: Warehouse) -> None:
    assert shop.findings() == []
    assert shop.rejections() == []
    assert shop.warnings() == {("sales_order", "104", "client_missing"), ("sale", "5", "client_missing")}
    assert shop.build() == {}
    shop.run("CALL sl.audit()")


def test_a_renamed_category_reissues_the_rows_of_its_orders_since_then(shop: Warehouse) -> None:
    """February keeps the name that it was sold under; the category's child has another path."""
    shop.run("UPDATE raw.category SET name = 'Блузы', updated_at = '2025-03-05 00:00+03' WHERE category_id = 2")
    shop.load()
    assert shop.build() == {"product_sales": (1, 0, 1), "category_tree": (0, 2, 0)}
    assert shop.rows("product_sales", "product_name = 'Рубашка'", ", version_no, is_current") == [
        (FEBRUARY, "Верх", "Рубашка", 1, 2, 0, 0, 0, 2, "1800.00", "1800.00", 1, True),
        (MARCH, "Блузы", "Рубашка", 1, 1, 0, 0, 0, 1, "1000.00", "1000.00", 1, True),
        (MARCH, "Верх", "Рубашка", 1, 1, 0, 0, 0, 1, "1000.00", "1000.00", 1, False),
    ]
    assert shop.rows("category_tree", "category_id IN (2, 4) AND is_current", ", version_no") == [
        (2, "Блузы", "Одежда / Блузы", "Одежда", 2, 2),
        (4, "Рубашки", "Одежда / Блузы / Рубашки", "Одежда", 3, 2),
    ]
    shop.run("CALL sl.audit()")


def test_a_category_renamed_late_reissues_the_past_as_well(shop: Warehouse) -> None:
    shop.run("UPDATE raw.category SET name = 'Блузы', updated_at = '2025-02-01 00:00+03' WHERE category_id = 2")
    shop.load()
    assert shop.build() == {"product_sales": (2, 0, 2), "category_tree": (0, 2, 0)}
    assert shop.rows("product_sales", "is_current AND product_name = 'Рубашка'") == [
        (FEBRUARY, "Блузы", "Рубашка", 1, 2, 0, 0, 0, 2, "1800.00", "1800.00"),
        (MARCH, "Блузы", "Рубашка", 1, 1, 0, 0, 0, 1, "1000.00", "1000.00"),
    ]
    shop.run("CALL sl.audit()")


def test_a_moved_category_reissues_its_own_path_and_its_childrens(shop: Warehouse) -> None:
    shop.run("UPDATE raw.category SET parent_category_id = 3, updated_at = '2025-03-05 00:00+03' WHERE category_id = 2")
    shop.load()
    assert shop.build() == {"category_tree": (0, 2, 0)}
    assert shop.rows("category_tree") == [
        (1, "Одежда", "Одежда", "Одежда", 1),
        (2, "Верх", "Обувь / Верх", "Обувь", 2),
        (3, "Обувь", "Обувь", "Обувь", 1),
        (4, "Рубашки", "Обувь / Верх / Рубашки", "Обувь", 3),
    ]
    shop.run("CALL sl.audit()")


def test_a_product_that_moves_to_another_category_reissues_its_orders_since_then(shop: Warehouse) -> None:
    shop.run("UPDATE raw.product SET category_id = 3, updated_at = '2025-03-05 00:00+03' WHERE product_id = 1")
    shop.load()
    assert shop.build() == {"product_sales": (1, 0, 1)}
    assert shop.rows("product_sales", "product_name = 'Рубашка'", ", is_current") == [
        (FEBRUARY, "Верх", "Рубашка", 1, 2, 0, 0, 0, 2, "1800.00", "1800.00", True),
        (MARCH, "Верх", "Рубашка", 1, 1, 0, 0, 0, 1, "1000.00", "1000.00", False),
        (MARCH, "Обувь", "Рубашка", 1, 1, 0, 0, 0, 1, "1000.00", "1000.00", True),
    ]
    shop.run("CALL sl.audit()")


@pytest.mark.parametrize("is_later", [True, False], ids=["a new version", "corrected in place"])
def test_an_order_that_moves_leaves_the_groups_that_it_was_in(shop: Warehouse, is_later: bool) -> None:
    """To another month, week and day, channel, region and client, by a later state or one of the same time."""
    shop.run(
        "UPDATE raw.sales_order SET client_id = 2, ordered_at = '2025-04-02 12:00+03', channel = 'store', "
        "region = 'South', delivered_at = '2025-04-03 12:00+03', "
        f"updated_at = updated_at + interval '{int(is_later)} hour' WHERE order_id = 101"
    )
    shop.load()
    shop.build()
    april, day, week = date(2025, 4, 1), date(2025, 4, 2), date(2025, 3, 31)
    moved = {
        "user_sales": [(april, "Basic", 1, 0, 1, 0, 0, 1, "2300.00", "2300.00", "2300.00", "1.00")],
        "product_sales": [
            (april, "Аксессуары", "Шарф", 1, 1, 0, 0, 0, 1, "500.00", "500.00"),
            (april, "Верх", "Рубашка", 1, 2, 0, 0, 0, 2, "1800.00", "1800.00"),
        ],
        "region_sales": [
            (week, "South", 1, 1, 2, "1800.00", "1800.00", "0.782609", 1),
            (week, "South", 3, 1, 1, "500.00", "500.00", "0.217391", 2),
        ],
        "daily_sales": [(day, "store", 1, 3, "2300.00", "1350.00", "950.00", "2300.00", 1, "1.00")],
    }
    for mart, rows in moved.items():
        # What it leaves behind in its region that week is line 3, all of it.
        stay = [row for row in BY_HAND[mart] if row[0] not in (FEBRUARY, date(2025, 2, 24), date(2025, 2, 28))]
        if mart == "region_sales":
            stay.append((date(2025, 2, 24), "North", 2, 1, 1, "2250.45", "2250.45", "1.000000", 1))
        assert shop.rows(mart) == sorted([*stay, *rows], key=lambda row: row[: len(MARTS[mart][0])]), mart
    shop.run("CALL sl.audit()")


def test_an_orders_statuses_are_its_history(shop: Warehouse) -> None:
    """In the order of their times, also where a status comes late, and the marts show the last."""
    written = (
        ("Pending", "2025-03-20 10:00+03", None),
        ("Completed", "2025-03-22 18:00+03", "2025-03-22 17:30+03"),
        ("Paid", "2025-03-20 10:05+03", None),
    )
    for status, at, delivered_at in written:
        shop.run(
            "INSERT INTO raw.sales_order (order_id, ordered_at, status, delivered_at, total_amount, updated_at) "
            f"VALUES (106, '2025-03-20 10:00+03', '{status}', {delivered_at!r}, 70.00, '{at}') "
            "ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, delivered_at = excluded.delivered_at, "
            "updated_at = excluded.updated_at".replace("None", "NULL")
        )
        shop.load()
        shop.build()
    shop.run("SET timezone = 'Europe/Moscow'")
    assert shop.run(
        "SELECT status, valid_from::text, valid_to::text, is_current FROM dds.sales_order "
        "WHERE order_id = 106 ORDER BY valid_from"
    ) == [
        ("Pending", "2025-03-20 10:00:00+03", "2025-03-20 10:05:00+03", False),
        ("Paid", "2025-03-20 10:05:00+03", "2025-03-22 18:00:00+03", False),
        ("Completed", "2025-03-22 18:00:00+03", "infinity", True),
    ]
    # Of a channel that is not known. Delivered after 2 days 7.5 hours. What the late status says was true before.
    day = (date(2025, 3, 20), "Unknown", 1, 0, "0.00", "0.00", "0.00", "0.00")
    assert shop.rows("daily_sales", "sold_on = '2025-03-20'", ", version_no") == [
        (*day, 0, None, 1),
        (*day, 1, "2.31", 2),
    ]
    # Five minutes, and 55 hours and 55 minutes; three other orders are in one of these statuses, and stay.
    assert shop.rows("status_time", "is_current AND order_month = '2025-03-01' AND status <> 'Aborted'") == [
        (MARCH, "Completed", 2, 0, None),
        (MARCH, "Paid", 2, 1, "55.92"),
        (MARCH, "Pending", 2, 1, "0.08"),
    ]
    # With the guest's order 104.
    assert shop.rows("user_sales", "loyalty_status = 'Unknown'", ", version_no") == [
        (MARCH, "Unknown", 1, 0, 0, 1, 0, 0, "300.00", "300.00", "300.00", None, 1),
        (MARCH, "Unknown", 2, 0, 0, 2, 0, 0, "370.00", "185.00", "370.00", None, 2),
        (MARCH, "Unknown", 2, 0, 1, 1, 0, 0, "370.00", "185.00", "370.00", "2.31", 3),
    ]
    shop.run("CALL sl.audit()")


class Bad(NamedTuple):
    """Bad input, and what heals it.

    Attributes:
        write: statement that brings it.
        rejected: rejections that are open then.
        warned: what loads warn of, beside the guest.
        found: what cdm.shop_finding says.
        heal: statement after which all is well.
        healed: a mart, and a row of it that comes with the healing.
    """

    write: str
    rejected: tuple[tuple, ...] = ()
    warned: tuple[tuple, ...] = ()
    found: tuple[tuple, ...] = ()
    heal: str = ""
    healed: tuple[str, tuple] = ("", ())


ORDER = (
    "INSERT INTO raw.sales_order (order_id, client_id, ordered_at, status, total_amount, channel, updated_at) "
    "VALUES (201, 2, '2025-04-02 12:00+03', '{}', 90.00, 'web', '2025-04-02 12:00+03')"
)
LINE = (
    "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, amount, updated_at) "
    "VALUES (21, 201, '2025-04-02 12:00+03', 2, 1, 1, 90.00, '2025-04-02 12:00+03')"
)
APRIL = date(2025, 4, 1)
DAY = (date(2025, 4, 2), "web")
BAD_INPUT = {
    "an order of an unknown status": Bad(
        f"{ORDER.format('Shipped')}; {LINE}",
        rejected=(("sales_order", "201", "status_unknown"),),
        found=(("order_unknown", "sale", "21"),),
        heal="UPDATE raw.sales_order SET status = 'Paid', updated_at = '2025-04-03 12:00+03' WHERE order_id = 201",
        healed=("user_sales", (APRIL, "Basic", 1, 1, 0, 0, 0, 1, "90.00", "90.00", "90.00", None)),
    ),
    "an order that was delivered before it was ordered": Bad(
        f"{ORDER.format('Paid')}; {LINE}; UPDATE raw.sales_order SET delivered_at = '2025-04-01' WHERE order_id = 201",
        rejected=(("sales_order", "201", "delivered_before_ordered"),),
        found=(("order_unknown", "sale", "21"),),
        heal="UPDATE raw.sales_order SET delivered_at = '2025-04-04 12:00+03' WHERE order_id = 201",
        healed=("daily_sales", (*DAY, 1, 1, "90.00", "0.00", "90.00", "0.00", 1, "2.00")),
    ),
    "an order without lines": Bad(
        ORDER.format("Paid"),
        found=(("order_without_lines", "sales_order", "201"),),
        heal=LINE,
        healed=("daily_sales", (*DAY, 1, 1, "90.00", "0.00", "90.00", "0.00", 0, None)),
    ),
    "lines of an order that has not come yet": Bad(
        LINE,
        found=(("order_unknown", "sale", "21"),),
        heal=ORDER.format("Paid"),
        healed=("product_sales", (APRIL, "Верх", "Рубашка", 1, 1, 0, 1, 0, 0, "90.00", "90.00")),
    ),
    "lines that do not add up to the order": Bad(
        f"{ORDER.format('Paid')}; {LINE}; UPDATE raw.sale SET amount = 89.98 WHERE sale_id = 21",
        warned=(("sales_order", "201", "lines_differ"),),
        found=(("lines_differ", "sales_order", "201"),),
        # A kopeck is no difference.
        heal="UPDATE raw.sale SET amount = 89.99 WHERE sale_id = 21",
        healed=("product_sales", (APRIL, "Верх", "Рубашка", 1, 1, 0, 1, 0, 0, "89.99", "89.99")),
    ),
    "a payment for an unknown order": Bad(
        "INSERT INTO raw.payment (payment_id, order_id, amount, status, updated_at) "
        "VALUES (21, 201, 90.00, 'Succeeded', '2025-04-02')",
        warned=(("payment", "21", "order_unknown"),),
        found=(("order_unknown", "payment", "21"),),
        heal=f"{ORDER.format('Paid')}; {LINE}",
        healed=("daily_sales", (*DAY, 1, 1, "90.00", "0.00", "90.00", "90.00", 0, None)),
    ),
    "a delivery for an unknown order": Bad(
        "INSERT INTO raw.delivery (delivery_id, order_id, status, updated_at) "
        "VALUES (21, 201, 'Shipped', '2025-04-02')",
        warned=(("delivery", "21", "order_unknown"),),
        found=(("order_unknown", "delivery", "21"),),
        heal=f"{ORDER.format('Paid')}; {LINE}",
        healed=("daily_sales", (*DAY, 1, 1, "90.00", "0.00", "90.00", "0.00", 0, None)),
    ),
    "a return of more than was sold": Bad(
        "INSERT INTO raw.sale_return (return_id, sale_id, returned_at, quantity, updated_at) "
        "VALUES (21, 6, '2025-04-02', 2, '2025-04-02')",
        warned=(("sale_return", "21", "more_than_sold"),),
        found=(("more_than_sold", "sale", "6"),),
        heal="UPDATE raw.sale_return SET quantity = 1 WHERE return_id = 21",
        healed=(
            "daily_sales",
            (date(2025, 3, 13), "web", 1, 1, "1000.00", "1000.00", "0.00", "1000.00", 1, "4.00"),
        ),
    ),
    "a return of an unknown line": Bad(
        "INSERT INTO raw.sale_return (return_id, sale_id, returned_at, quantity, updated_at) "
        "VALUES (21, 21, '2025-04-02', 1, '2025-04-02')",
        warned=(("sale_return", "21", "sale_unknown"),),
        found=(("sale_unknown", "sale_return", "21"),),
        heal=f"{ORDER.format('Paid')}; {LINE}",
        healed=("daily_sales", (*DAY, 1, 1, "90.00", "90.00", "0.00", "0.00", 0, None)),
    ),
    "a category of a parent that does not exist": Bad(
        "INSERT INTO raw.category (category_id, name, parent_category_id, updated_at) "
        "VALUES (21, 'Носки', 22, '2025-04-02')",
        warned=(("category", "21", "parent_unknown"),),
        found=(("parent_unknown", "category", "21"),),
        heal="INSERT INTO raw.category (category_id, name, updated_at) VALUES (22, 'Бельё', '2025-04-03')",
        healed=("category_tree", (21, "Носки", "Бельё / Носки", "Бельё", 2)),
    ),
    "a product of a category that does not exist": Bad(
        "UPDATE raw.product SET category_id = 21, updated_at = '2025-03-01' WHERE product_id = 2",
        warned=(("product", "2", "category_unknown"),),
        found=(("category_unknown", "product", "2"),),
        heal="INSERT INTO raw.category (category_id, name, updated_at) VALUES (21, 'Кеды', '2025-03-01')",
        healed=("product_sales", (MARCH, "Кеды", "Кеды", 1, 2, 2, 0, 0, 0, "5001.00", "0.00")),
    ),
    "a category that is its own parent": Bad(
        "UPDATE raw.category SET parent_category_id = 3, updated_at = '2025-04-02' WHERE category_id = 3",
        rejected=(("category", "3", "parent_is_itself"),),
        heal="UPDATE raw.category SET parent_category_id = 1, updated_at = '2025-04-03' WHERE category_id = 3",
        healed=("category_tree", (3, "Обувь", "Одежда / Обувь", "Одежда", 2)),
    ),
    "a category that is its own ancestor": Bad(
        "UPDATE raw.category SET parent_category_id = 4, updated_at = '2025-04-02' WHERE category_id = 1",
        warned=(("category", "1", "cycle"),),
        found=tuple(("cycle", "category", key) for key in "124"),
        heal="UPDATE raw.category SET parent_category_id = 3, updated_at = '2025-04-03' WHERE category_id = 1",
        healed=("category_tree", (4, "Рубашки", "Обувь / Одежда / Верх / Рубашки", "Обувь", 4)),
    ),
    "a delivery before the order": Bad(
        "UPDATE raw.delivery SET shipped_at = '2025-03-12', updated_at = '2025-04-02' WHERE delivery_id = 2",
        warned=(("delivery", "2", "before_order"),),
        found=(("delivered_before_order", "delivery", "2"),),
        heal="UPDATE raw.delivery SET shipped_at = '2025-03-14', updated_at = '2025-04-03' WHERE delivery_id = 2",
    ),
}


@pytest.mark.parametrize("bad", BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_named_stops_nothing_and_heals(shop: Warehouse, bad: Bad) -> None:
    before = shop.warnings()
    shop.run(
        f"{bad.write}; INSERT INTO raw.category (category_id, name, updated_at) VALUES (90, 'Новое', '2025-04-01')"
    )
    shop.load()
    shop.build()
    assert shop.rejections() == list(bad.rejected)
    assert sorted(shop.warnings() - before) == list(bad.warned)
    assert shop.findings() == list(bad.found)
    assert (90, "Новое", "Новое", "Новое", 1) in shop.rows("category_tree")
    shop.run("CALL sl.audit()")
    if bad.healed[0]:
        mart, row = bad.healed
        assert row not in shop.rows(mart)
    shop.run(bad.heal)
    shop.load()
    shop.build()
    assert shop.rejections() == []
    assert shop.findings() == []
    if bad.healed[0]:
        assert row in shop.rows(mart)
    shop.run("CALL sl.audit()")
