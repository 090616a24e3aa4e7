"""What the generator says of orders holds together: statuses, totals, payments, deliveries, returns, loyalty."""

import contextlib
import re
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from conftest import ROOT

import generator
from generator import people

SHOP = generator.Shop(clients=20_000, products=600)
DAYS = 45
MOSCOW = ZoneInfo("Europe/Moscow")
# What the days up to this one lead to lies within the fixture's days.
SETTLED = DAYS - 16
DISCOUNTS = {"Basic": 0, "Silver": 3, "Gold": 5, "Platinum": 8}


class Raw:
    """What raw holds after some days: the last row of each key, all rows of a key, and which rows were planted."""

    def __init__(self):
        self.rows = {entity: {} for entity in generator.ENTITIES}
        self.history = defaultdict(list)
        self.odd = defaultdict(set)
        for number in range(DAYS):
            for rows in generator.chunks(SHOP, SHOP.date(number)):
                for row, rule, warned in zip(rows.table.to_pylist(), rows.rule, rows.warned, strict=True):
                    key = next(iter(row.values()))
                    self.history[rows.entity, key].append(row)
                    self.rows[rows.entity][key] = row
                    names = [name for bit, name in enumerate(rows.warnings) if warned >> bit & 1]
                    if rule or set(names) - {"client_missing"}:
                        self.odd[rows.entity].add(key)

    def of(self, entity):
        """The last rows of an entity's keys that were never planted."""
        return {key: row for key, row in self.rows[entity].items() if key not in self.odd[entity]}


@pytest.fixture(scope="module")
def raw():
    return Raw()


@pytest.fixture(scope="module")
def lines(raw):
    """All lines of each order, good or not, the cancelled ones left out."""
    order_of = {row["ordered_at"]: key for key, row in raw.rows["sales_order"].items()}
    result = defaultdict(list)
    for row in raw.rows["sale"].values():
        if not row["is_deleted"]:
            # A line that never names its order was sold in the same second.
            result[row["order_id"] or order_of.get(row["sold_at"])].append(row)
    return result


def day_of(key):
    return key // 10_000_000 - 1


def local_day(time):
    return (time.astimezone(MOSCOW).date() - SHOP.opened).days


def settled(rows):
    """Those of orders that nothing happens to any more."""
    return {key: row for key, row in rows.items() if day_of(key) <= SETTLED}


def test_an_order_goes_from_pending_by_paid_to_completed_in_1_to_9_days_or_is_aborted(raw):
    ends, ways, seen = Counter(), Counter(), set()
    for key, row in settled(raw.of("sales_order")).items():
        statuses = [state["status"] for state in raw.history["sales_order", key]]
        stages = ["Pending", "Paid", "Completed", "Aborted"]
        assert [stages.index(status) for status in statuses] == sorted(stages.index(status) for status in statuses)
        seen |= set(statuses)
        ends[row["status"]] += 1
        assert (row["status"] == "Completed") == (row["delivered_at"] is not None)
        if row["delivered_at"]:
            assert local_day(row["updated_at"]) >= local_day(row["delivered_at"])
            ways[local_day(row["delivered_at"]) - day_of(key)] += 1
    assert seen == {"Pending", "Paid", "Completed", "Aborted"}
    assert set(ends) == {"Completed", "Aborted"}
    assert 0.02 < ends["Aborted"] / ends.total() < 0.04
    assert set(ways) == set(range(1, 10))
    assert 2 < sum(way * count for way, count in ways.items()) / ways.total() < 4


def test_a_row_is_written_on_the_days_that_something_happens(raw):
    states = Counter(len(raw.history["sales_order", key]) for key in settled(raw.of("sales_order")))
    assert set(states) <= {1, 2, 3, 4, 5, 6}
    assert sum(count * number for number, count in states.items()) / states.total() < 2.5


def test_totals_are_the_sums_of_the_lines(raw, lines):
    orders = raw.of("sales_order")
    assert len(orders) > 0.98 * len(raw.rows["sales_order"])
    for key, row in orders.items():
        # A line that is never repaired names its amount all the same.
        assert row["total_amount"] == sum(line["amount"] for line in lines[key])
    assert len(raw.odd["sales_order"]) > 0


def test_a_lines_price_is_the_list_price_less_what_loyalty_and_campaign_take_off(raw):
    taken, campaign = Counter(), set()
    for key, row in settled(raw.of("sale")).items():
        sold_at = row["sold_at"]
        assert row["amount"] == row["unit_price"] * row["quantity"]
        states = [state for state in raw.history["product", row["product_id"]] if state["updated_at"] <= sold_at]
        if any(not state["price"] or state["price"] < 0 for state in states):
            continue
        percent = 100 - 100 * row["unit_price"] / states[-1]["price"]
        extra = 15 if sold_at.astimezone(MOSCOW).day in (10, 11, 12) else 0
        campaign.add(extra)
        status = "Basic"
        if row["client_id"] is not None:
            known = [
                state["loyalty_status"]
                for state in raw.history["client", row["client_id"]]
                if local_day(state["updated_at"]) < day_of(key)
            ]
            status = (known or ["Basic"])[-1]
        if status in DISCOUNTS:
            assert percent == DISCOUNTS[status] + extra, (key, status)
            taken[status] += 1
    assert set(taken) == set(DISCOUNTS)
    assert campaign == {0, 15}


def test_loyalty_rises_and_follows_what_clients_spend(raw):
    order = list(DISCOUNTS)
    spent = defaultdict(Decimal)
    for row in raw.of("sales_order").values():
        if row["client_id"] is not None:
            spent[row["client_id"]] += row["total_amount"]
    first, rises = defaultdict(list), 0
    for (entity, key), states in raw.history.items():
        if entity == "client" and key not in raw.odd["client"]:
            levels = [order.index(state["loyalty_status"]) for state in states]
            assert levels == sorted(levels)
            rises += levels[-1] > levels[0]
            if key <= SHOP.clients:
                first[levels[0]].append(spent[key])
    assert rises > 100
    shares = [len(first[level]) / sum(map(len, first.values())) for level in range(4)]
    assert [round(share, 2) for share in shares] == sorted((round(share, 2) for share in shares), reverse=True)
    assert shares[0] > 0.5
    assert 0.02 < shares[3] < 0.06
    means = [sum(first[level]) / len(first[level]) for level in range(4)]
    assert means[0] * 2 < means[1] < means[2] < means[3]


def test_what_is_paid_is_what_is_due(raw):
    paid, methods, parts = defaultdict(Decimal), Counter(), Counter()
    statuses = Counter()
    for row in raw.rows["payment"].values():
        statuses[row["status"]] += 1
        if row["status"] in ("Succeeded", "Refunded") and row["amount"] is not None:
            paid[row["order_id"]] += row["amount"] * (1 if row["status"] == "Succeeded" else -1)
            methods[row["method"]] += 1
            parts[row["order_id"]] += row["status"] == "Succeeded"
    odd = {row["order_id"] for key in raw.odd["payment"] for row in raw.history["payment", key]}
    odd |= {order - 900_000_000_000 for order in odd if order and order > 900_000_000_000}
    back = defaultdict(Decimal)
    sales = raw.rows["sale"]
    for key in raw.rows["sale_return"]:
        states = raw.history["sale_return", key]
        sale = next((row["sale_id"] for row in states if row["sale_id"] in sales), None)
        if sale is None:
            odd |= {None}
            continue
        quantity = states[-1]["quantity"]
        if key in raw.odd["sale_return"] or sales[sale]["order_id"] is None:
            odd.add(sales[sale]["order_id"])
        else:
            back[sales[sale]["order_id"]] += sales[sale]["unit_price"] * quantity
    # A return that names a line that does not exist is of an order that cannot be seen here.
    unseen = sum(row["sale_id"] not in sales for row in raw.rows["sale_return"].values())
    compared = wrong = 0
    for key, row in settled(raw.of("sales_order")).items():
        if key not in odd:
            due = row["total_amount"] if row["status"] == "Completed" else 0
            compared += 1
            wrong += paid[key] != due - back[key]
    assert compared > 0.9 * len(settled(raw.rows["sales_order"]))
    assert wrong <= unseen
    assert set(methods) == {"card", "SBP", "cash", "instalments"}
    assert set(statuses) >= {"Succeeded", "Failed", "Refunded"}
    assert {1, 2, 3, 4} <= set(parts.values())


def test_a_failed_payment_comes_before_one_that_succeeds(raw):
    succeeded = defaultdict(list)
    for row in raw.rows["payment"].values():
        if row["status"] in ("Succeeded", "Blocked"):
            succeeded[row["order_id"]].append(row["paid_at"])
    failed = [row for row in raw.of("payment").values() if row["status"] == "Failed"]
    assert len(failed) > 100
    matched = [row for row in failed if row["order_id"] in succeeded]
    assert len(matched) > 0.97 * len(failed)
    assert all(row["paid_at"] < min(succeeded[row["order_id"]]) for row in matched)


def test_deliveries_follow_the_orders(raw):
    ways, statuses = defaultdict(list), Counter()
    orders = raw.rows["sales_order"]
    for key, row in raw.of("delivery").items():
        order = orders[row["order_id"]]
        assert row["shipped_at"] > raw.history["sales_order", row["order_id"]][0]["updated_at"] - timedelta(days=1)
        statuses[row["status"]] += 1
        if row["status"] == "Delivered":
            assert row["delivered_at"] > row["shipped_at"]
            ways[row["carrier"]].append(row["delivered_at"] - row["shipped_at"])
        if row["order_id"] in raw.odd["sales_order"]:
            continue
        assert row["shipped_at"] > order["ordered_at"]
        assert row["delivered_at"] == order["delivered_at"]
        assert (row["status"] == "Lost") == (order["status"] == "Aborted")
        assert key // 250_000_000 - 1 == local_day(raw.history["delivery", key][0]["updated_at"])
    assert set(statuses) == {"Shipped", "Delivered", "Lost"}
    assert statuses["Lost"] < 0.01 * statuses.total()
    means = sorted(sum(way, timedelta()) / len(way) for way in ways.values())
    assert len(means) == 5
    assert means[-1] > 2 * means[0]


def test_eight_percent_of_the_lines_come_back_within_four_days_of_the_delivery(raw):
    sales, orders = raw.rows["sale"], raw.rows["sales_order"]
    whole, counted = Counter(), 0
    for row in raw.of("sale_return").values():
        sale = sales[row["sale_id"]]
        assert not sale["is_deleted"]
        assert 1 <= row["quantity"] <= sale["quantity"]
        assert row["amount"] in (None, sale["unit_price"] * row["quantity"])
        whole[row["quantity"] == sale["quantity"]] += 1
        counted += day_of(row["sale_id"]) <= SETTLED
        order = sale["order_id"]
        if order is not None and order not in raw.odd["sales_order"]:
            assert orders[order]["status"] == "Completed"
            later = local_day(row["returned_at"]) - local_day(orders[order]["delivered_at"])
            assert 1 <= later <= 4
    assert 0.07 < counted / len(settled(sales)) < 0.09
    assert 0.7 < whole[True] / whole.total() < 0.9


def test_shares_of_guests_regions_and_channels(raw):
    orders = raw.of("sales_order").values()
    count = len(orders)
    guests = [row for row in orders if row["client_id"] is None]
    assert 0.075 < len(guests) / count < 0.085
    channels = Counter(row["channel"] for row in orders)
    assert channels["web"] > channels["marketplace"] > channels["store"] > 0.05 * count
    regions = Counter(row["region"] for row in orders)
    assert regions["West"] > regions["South"] > regions["North"] > regions["East"] > 0.05 * count
    assert 0 < regions[None] < 0.01 * count
    clients = raw.rows["client"]
    home = [row["region"] == clients[row["client_id"]]["region"] for row in orders if row["client_id"]]
    assert 0.95 < sum(home) / len(home) < 0.99


def test_persons_cannot_be_reached(raw):
    clients = raw.rows["client"].values()
    domains = {row["email"].rpartition("@")[2] for row in clients if "@" in row["email"]}
    assert domains == {"example.com", "example.org", "example.net"}
    # No telephone code begins with 0.
    assert all(row["phone"].startswith("+70") and len(row["phone"]) == 12 for row in clients)
    assert len({row["email"] for row in clients}) == len(clients)
    assert {row["region"] for row in raw.of("client").values()} == set(people.REGIONS)
    assert all(row["registered_at"] <= row["updated_at"] for row in clients)


def test_stock_changes_all_day_and_most_days_of_a_product_have_no_new_version(raw):
    moved = Counter()
    for (entity, _), states in raw.history.items():
        if entity == "product":
            for one, other in pairwise(states):
                moved[one["stock_quantity"] != other["stock_quantity"]] += 1
    assert moved[True] > 3 * moved[False]


def test_the_page_names_every_rule_that_a_load_has_as_planted_or_not(warehouse):
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT entity_name, severity, rule_name FROM sl.quality_rule")
        rules = defaultdict(set)
        for entity, severity, name in cursor:
            rules[entity, severity].add(name)
    page = (ROOT / "docs" / "generator.md").read_text(encoding="utf-8")
    _, _, planted = page.partition("## What is planted?")
    for rows in generator.day(SHOP, SHOP.opened):
        (line,) = re.findall(rf"^\| `{rows.entity}` \|.*$", planted, re.MULTILINE)
        rejected, warned, left_out = (re.findall(r"`(\w+)`", cell) for cell in line.split("|")[3:6])
        assert sorted(rejected) == sorted(rows.rules)
        assert sorted(warned) == sorted(rows.warnings)
        assert set(rejected) <= rules[rows.entity, "reject"]
        assert set(warned) <= rules[rows.entity, "warn"]
        assert sorted(rejected + warned + left_out) == sorted(
            rules[rows.entity, "reject"] | rules[rows.entity, "warn"]
        ), rows.entity


def test_the_tree_of_categories_has_three_levels_and_products_hang_on_its_leaves(raw):
    opening, *_ = generator.day(SHOP, SHOP.opened)
    tree = {row["category_id"]: row for row in opening.table.to_pylist()}

    def path(key):
        return [*path(tree[key]["parent_category_id"]), tree[key]["name"]] if key in tree else []

    assert Counter(len(path(key)) for key in tree) == {1: 3, 2: 6, 3: 12}
    for row in raw.of("product").values():
        assert len(path(row["category_id"])) == 3
        assert path(row["category_id"])[-1] == row["category"]
    names, parents = defaultdict(set), defaultdict(set)
    for row in raw.of("category").values():
        for state in raw.history["category", row["category_id"]]:
            names[row["category_id"]].add(state["name"])
            parents[row["category_id"]].add(state["parent_category_id"])
    assert any(len(seen) > 1 for seen in names.values())
    assert any(len(seen) > 1 for seen in parents.values())
