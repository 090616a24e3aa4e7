"""Generator: pure in seed and day, true to the shop's figures, and its manifest is what the warehouse then reports."""

import contextlib
import errno
import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg2
import pyarrow.csv
import pyarrow.parquet
import pytest
from conftest import ROOT, run_module
from faker.providers.person.ru_RU import Provider as RussianNames

import generator
from generator import people, sinks
from generator.__main__ import main
from generator.manifest import Manifest

ENTITIES = ("category", "client", "product", "sales_order", "sale", "payment", "delivery", "sale_return")
# Lines before orders, so that a load of orders can compare the totals.
LOADS = ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return")
# They open the shop, the day before its first.
REGISTERS = ("category", "client", "product")
MOSCOW = ZoneInfo("Europe/Moscow")
OPENED = date(2026, 1, 1)
DAYS = 35
SHOP = generator.Shop()

LETTERS = {"XS", "S", "M", "L", "XL", "XXL"}
SIZES = {
    "Джинсы": {str(waist) for waist in range(26, 39)},
    "Обувь": {str(size) for size in range(36, 47)},
    "Носки": {"35-37", "38-40", "41-43", "44-46"},
    "Шапки и шарфы": {"one size"},
    "Сумки и ремни": {"one size"},
}


def blank(text):
    return text is None or not text.strip()


def before(one, other):
    return one is not None and other is not None and one < other


# What a row must not be, by the rules' names; written here again, from the rules and not from the generator.
RULES = {
    "category": {
        "name_missing": lambda row: blank(row["name"]),
        "parent_is_itself": lambda row: row["parent_category_id"] == row["category_id"],
    },
    "client": {
        "name_missing": lambda row: blank(row["first_name"]) or blank(row["last_name"]),
        "birth_date_in_future": lambda row: row["birth_date"] > date(2100, 1, 1),
        "birth_date_implausible": lambda row: row["birth_date"] < date(1900, 1, 1),
    },
    "product": {
        "name_missing": lambda row: blank(row["name"]),
        "price_missing": lambda row: row["price"] is None,
        "price_negative": lambda row: row["price"] is not None and row["price"] < 0,
    },
    "sale": {
        "order_missing": lambda row: row["order_id"] is None,
        "sold_at_missing": lambda row: row["sold_at"] is None,
        "sold_in_future": lambda row: row["sold_at"] is not None and row["sold_at"] > row["updated_at"],
        "sold_at_implausible": lambda row: row["sold_at"] is not None and row["sold_at"].year < 2000,
        "product_missing": lambda row: row["product_id"] is None,
        "quantity_missing": lambda row: row["quantity"] is None,
        "quantity_zero": lambda row: row["quantity"] == 0,
        "quantity_implausible": lambda row: row["quantity"] is not None and row["quantity"] > 10_000_000,
    },
    "sales_order": {
        "ordered_at_missing": lambda row: row["ordered_at"] is None,
        "ordered_in_future": lambda row: row["ordered_at"] is not None and row["ordered_at"] > row["updated_at"],
        "ordered_at_implausible": lambda row: row["ordered_at"] is not None and row["ordered_at"].year < 2000,
        "status_unknown": lambda row: row["status"] not in ("Pending", "Paid", "Completed", "Aborted"),
        "total_missing": lambda row: row["total_amount"] is None,
        "delivered_before_ordered": lambda row: before(row["delivered_at"], row["ordered_at"]),
        "delivered_at_implausible": lambda row: row["delivered_at"] is not None and row["delivered_at"].year > 2199,
    },
    "payment": {
        "order_missing": lambda row: row["order_id"] is None,
        "amount_missing": lambda row: row["amount"] is None,
        "amount_negative": lambda row: row["amount"] is not None and row["amount"] < 0,
        "status_unknown": lambda row: row["status"] not in ("Succeeded", "Failed", "Refunded"),
        "paid_at_implausible": lambda row: not 2000 <= row["paid_at"].year < 2200,
    },
    "delivery": {
        "order_missing": lambda row: row["order_id"] is None,
        "delivered_before_shipped": lambda row: before(row["delivered_at"], row["shipped_at"]),
        "status_unknown": lambda row: row["status"] not in ("Shipped", "Delivered", "Lost"),
        "time_implausible": lambda row: not 2000 <= row["shipped_at"].year < 2200,
    },
    "sale_return": {
        "sale_missing": lambda row: row["sale_id"] is None,
        "quantity_missing": lambda row: row["quantity"] is None,
        "quantity_not_positive": lambda row: row["quantity"] is not None and row["quantity"] <= 0,
        "returned_at_missing": lambda row: row["returned_at"] is None,
        "quantity_implausible": lambda row: row["quantity"] is not None and row["quantity"] > 10_000_000,
        "returned_in_future": lambda row: row["returned_at"] is not None and row["returned_at"] > row["updated_at"],
        "returned_at_implausible": lambda row: row["returned_at"] is not None and row["returned_at"].year < 2000,
        "amount_negative": lambda row: row["amount"] is not None and row["amount"] < 0,
    },
}
# What rows are planted for the rules of severity warn.
WARNINGS = {
    "category": {"parent_unknown"},
    "client": {"loyalty_unknown", "email_implausible", "region_unknown"},
    "product": {"category_unknown", "stock_negative"},
    "sales_order": {"client_missing", "channel_unknown", "region_unknown", "lines_differ"},
    "sale": {"client_missing"},
    "payment": {"order_unknown"},
    "delivery": {"order_unknown", "before_order"},
    "sale_return": {"sale_unknown", "more_than_sold"},
}
# Rules of severity warn that look at other rows, too, so that they also name what follows from bad rows.
FOLLOWING = {"lines_differ", "order_unknown", "before_order", "sale_unknown", "more_than_sold"}
# Columns that are written in place and make no version.
IN_PLACE = {"stock_quantity"}


def failures(entity, row):
    """Names of the rules that a row fails; a deleted row is not judged."""
    return [] if row["is_deleted"] else [name for name, fails in RULES[entity].items() if fails(row)]


def key_of(row):
    return next(iter(row.values()))


def image_of(row):
    """What of a row makes a version: all but its key, time and deletion, and what is written in place."""
    _key, *names = row
    return tuple(row[name] for name in names if name not in {"updated_at", "is_deleted", *IN_PLACE})


def in_place_of(row):
    return tuple(row[name] for name in row if name in IN_PLACE)


def nets_of(days, first=0):
    """The manifest's ``net`` of the days from ``first`` on, by entity, counted from the rows themselves.

    A load after the last day reads what each day left of a key, against what the days before left of it.
    """
    result = {}
    for entity in ENTITIES:
        held = {}
        kinds = ("read", "inserted", "corrected", "deleted", "deleted_unseen", "unchanged")
        net = {**dict.fromkeys(kinds, 0), "rejected": Counter()}
        for number, day in enumerate(days):
            for key, row in {key_of(row): row for row in day[entity]}.items():
                failed = failures(entity, row)
                image = None if row["is_deleted"] else image_of(row)
                known, in_place = held.get(key, (None, None))
                if number >= first:
                    net["read"] += 1
                    if failed:
                        net["rejected"][failed[0]] += 1
                    elif image is None:
                        net["deleted" if key in held else "deleted_unseen"] += 1
                    elif known != image:
                        net["inserted"] += 1
                    else:
                        net["unchanged" if in_place == in_place_of(row) else "corrected"] += 1
                if not failed and image is None:
                    held.pop(key, None)
                elif not failed:
                    held[key] = image, in_place_of(row)
        result[entity] = net
    return result


def run(*arguments):
    """Run the command line in this process, which saves its start; returns what a process would have."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            status = main(list(arguments))
        except SystemExit as end:
            status = end.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def planted():
    """The Rows of 35 days of a shop of 50 000 clients, one dict by entity a day."""
    return [
        dict(zip(ENTITIES, generator.day(SHOP, OPENED + timedelta(days=number)), strict=True)) for number in range(DAYS)
    ]


@pytest.fixture(scope="module")
def days(planted):
    """The same days as Python rows."""
    return [{entity: rows.table.to_pylist() for entity, rows in day.items()} for day in planted]


@pytest.fixture(scope="module")
def made(planted):
    """All good sales as they were made, as columns, and the price of each line."""
    columns = defaultdict(list)
    price = {}
    for number, day in enumerate(planted):
        for product in day["product"].table.select(["product_id", "price"]).to_pylist():
            if product["price"] is not None:
                price[product["product_id"]] = abs(int(product["price"]))
        sale = day["sale"]
        good = np.flatnonzero(sale.rule[: sale.new] == 0)
        for name in ("order_id", "client_id", "product_id", "quantity"):
            columns[name].append(sale.table[name].fill_null(0).to_numpy()[good].astype(np.int64))
        columns["price"].append(np.array([price[key] for key in columns["product_id"][-1]]))
        columns["day"].append(np.full(len(good), number))
        columns["sold_at"].append(sale.table["sold_at"].cast("int64").to_numpy()[good].astype(np.int64))
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def share_of_top_fifth(weights, count):
    """Share of the total that the heaviest fifth of ``count`` owners has."""
    return np.sort(weights)[::-1][: count // 5].sum() / weights.sum()


def test_a_day_is_the_same_alone_in_a_range_and_in_any_order(tmp_path):
    arguments = ["--clients", "3000", "--products", "300", "--seed", "7", "--quiet"]
    calls = {
        "range": ["--to", "2026-01-12"],
        "alone": ["--from", "2026-01-12"],
        "backwards": ["--from", "2026-01-11"],
    }
    for folder, days_asked in calls.items():
        answer = run_module("generator", *arguments, *days_asked, "--csv", str(tmp_path / folder))
        assert answer.returncode == 0, answer.stderr
    for folder, day in (("alone", "2026-01-12"), ("backwards", "2026-01-11")):
        for entity in ENTITIES:
            file = f"{entity}_{day}.csv"
            assert (tmp_path / folder / file).read_bytes() == (tmp_path / "range" / file).read_bytes()


def test_days_asked_for_backwards_are_the_same(planted):
    generator.sales.made_on.cache_clear()
    for number in (20, 3, 11):
        for entity, rows in zip(ENTITIES, generator.day(SHOP, OPENED + timedelta(days=number)), strict=True):
            assert rows.table.equals(planted[number][entity].table)


def test_chunks_are_the_days_rows_in_order(monkeypatch, planted):
    monkeypatch.setattr(generator.registry, "_CHUNK", 7_000)
    for number in (0, 9):
        parts = list(generator.chunks(SHOP, OPENED + timedelta(days=number)))
        assert all(rows.new in (0, rows.table.num_rows) for rows in parts)
        # Of the opening day: what is new of each entity, of clients in eight chunks, and what happens to the old ones.
        assert number > 0 or Counter(rows.entity for rows in parts) == {
            **dict.fromkeys(ENTITIES, 1),
            "category": 2,
            "client": 9,
            "product": 2,
            "delivery": 2,
        }
        for entity in ENTITIES:
            own = [rows.table for rows in parts if rows.entity == entity]
            assert pyarrow.concat_tables(own).equals(planted[number][entity].table)


def test_another_seed_gives_other_rows(planted):
    other = dict(zip(ENTITIES, generator.day(generator.Shop(seed=2), OPENED), strict=True))
    for entity, column in (
        ("client", "birth_date"),
        ("product", "price"),
        ("sales_order", "ordered_at"),
        ("sale", "client_id"),
        ("payment", "method"),
        ("delivery", "carrier"),
    ):
        assert not other[entity].table[column].equals(planted[0][entity].table[column])


def test_exactly_one_percent_buys_on_a_weekday_and_five_on_a_weekend_day_and_guests_on_top(days):
    clients = set()
    for number, day in enumerate(days):
        for row in day["client"]:
            (clients.discard if row["is_deleted"] else clients.add)(row["client_id"])
        percent = 5 if (OPENED + timedelta(days=number)).weekday() in (5, 6) else 1
        expected = (len(clients) * percent + 50) // 100
        assert generator.sales.buyers(SHOP, number)[0] == len(clients)
        orders = {row["order_id"]: row["client_id"] for row in day["sales_order"] if made_on(row, "order_id", number)}
        buyers = [client for client in orders.values() if client is not None]
        assert set(buyers) <= clients
        assert len(buyers) == len(set(buyers)) == expected
        assert len(orders) - expected == (expected * 8 + 50) // 92
        for row in day["sale"]:
            if made_on(row, "sale_id", number) and row["order_id"] is not None:
                assert row["client_id"] == orders[row["order_id"]]


def made_on(row, key, number):
    """Whether an order or a line was made on the day of a number."""
    return row[key] // 10_000_000 == number + 1


def test_first_and_last_names_agree_in_gender(days):
    men, women = set(RussianNames.first_names_male), set(RussianNames.first_names_female)
    both = men & women
    seen = Counter()
    for row in (row for day in days for row in day["client"]):
        if row["first_name"] in both or failures("client", row):
            continue
        woman = row["first_name"] in women
        seen[woman] += 1
        assert row["last_name"] in (RussianNames.last_names_female if woman else RussianNames.last_names_male)
    assert 0.55 < seen[True] / seen.total() < 0.65


def test_clients_are_18_to_87_years_old_when_they_sign_up(planted):
    ages = Counter()
    for number, day in enumerate(planted):
        today = OPENED + timedelta(days=number)
        client = day["client"]
        for row in client.table.slice(0, client.new).to_pylist():
            if not failures("client", row):
                birth = row["birth_date"]
                ages[today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))] += 1
    assert set(ages) == set(range(18, 88))


def test_sizes_fit_the_category(days):
    seen = defaultdict(set)
    for row in (row for day in days for row in day["product"]):
        seen[row["category"]].add(row["size"])
    assert len(seen) == 12
    for category, sizes in seen.items():
        assert sizes == SIZES.get(category, LETTERS), category


def test_three_quarters_of_prices_end_in_9_or_5(days):
    prices = [row["price"] for day in days for row in day["product"] if row["price"] and row["price"] > 0]
    assert all(price == int(price) for price in prices)
    assert 0.72 < sum(int(price) % 10 in (9, 5) for price in prices) / len(prices) < 0.78


def test_an_order_has_1_to_8_lines_of_distinct_products(days):
    lines = defaultdict(list)
    for number, day in enumerate(days):
        for row in day["sale"]:
            if made_on(row, "sale_id", number) and row["order_id"] is not None:
                lines[row["order_id"]].append(row)
    sizes = Counter(len(rows) for rows in lines.values())
    assert set(sizes) == set(range(1, 9))
    for size, weight in zip(range(1, 5), (12, 9, 7, 4), strict=True):
        assert abs(sizes[size] / len(lines) - weight / 36) < 0.02
    for rows in lines.values():
        products = [row["product_id"] for row in rows if row["product_id"] is not None]
        assert len(products) == len(set(products))
        assert len({row["client_id"] for row in rows} - {None}) <= 1
        assert len({row["sold_at"] for row in rows if not failures("sale", row)}) <= 1


def test_units_a_line(made):
    counts = np.bincount(made["quantity"])
    assert np.allclose(counts[1:5] / counts.sum(), [0.45, 0.23, 0.14, 0.07], atol=0.01)
    assert 2.3 < made["quantity"].mean() < 2.5


def test_clients_return_and_a_fifth_of_them_brings_most_of_the_revenue():
    shop = generator.Shop(clients=10_000)
    orders, revenue = np.zeros((2, 20_000))
    for number in range(180):
        made = generator.sales.made_on(shop, number)
        made = made.where(made.client > 0)
        orders += np.bincount(np.unique(np.stack([made.client, made.order_id]), axis=1)[0], minlength=len(orders))
        spent = made.quantity * generator.catalogue.list_price(shop, made.product_id, 0)
        revenue += np.bincount(made.client, weights=spent, minlength=len(revenue))
        if number == 27:
            assert 0.45 < (orders == 1).sum() / (orders > 0).sum() < 0.65
            assert orders.max() > 5
    assert 0.55 < share_of_top_fifth(revenue, (orders > 0).sum()) < 0.75
    assert 0.55 < share_of_top_fifth(revenue, shop.clients) < 0.75


def test_a_fifth_of_the_products_has_two_thirds_of_the_lines(made):
    lines = np.bincount(made["product_id"])
    assert 0.6 < share_of_top_fifth(lines, SHOP.products) < 0.86


def test_hours_peak_at_noon_and_in_the_evening(made):
    hours = np.bincount((made["sold_at"] // 1_000_000 // 3600 + 3) % 24, minlength=24)
    assert hours[8:16].argmax() + 8 == 12
    assert hours[15:].argmax() + 15 == 18
    assert hours[:6].sum() < hours[12] * 0.6


def test_nothing_is_written_outside_its_day(planted):
    for number, day in enumerate(planted):
        start = datetime.combine(OPENED + timedelta(days=number), datetime.min.time(), MOSCOW)
        for entity, rows in day.items():
            times = rows.table["updated_at"].cast("int64").to_numpy()
            if not len(times):
                continue
            opening = number == 0 and entity in REGISTERS
            first = start - timedelta(days=1) if opening else start
            last = start if opening else start + timedelta(days=1)
            assert times.min() >= first.timestamp() * 1e6
            assert times.max() < last.timestamp() * 1e6
        for row in day["sale"].table.to_pylist():
            assert failures("sale", row) or row["sold_at"] <= row["updated_at"]


def test_days_of_23_and_25_hours_keep_their_rows():
    shop = generator.Shop(clients=2000, opened=date(2010, 3, 20))
    for day in (date(2010, 3, 27), date(2010, 3, 28), date(2010, 10, 31)):
        start = datetime.combine(day, datetime.min.time(), MOSCOW).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), MOSCOW).astimezone(UTC)
        for rows in generator.day(shop, day):
            assert all(start <= row["updated_at"] < end for row in rows.table.to_pylist())


def test_stories_are_consistent(days):
    last = {entity: {} for entity in ENTITIES}
    events = Counter()
    signed_up = {}
    for number, day in enumerate(days):
        for entity, rows in day.items():
            assert len({key_of(row) for row in rows}) == len(rows)
            for row in rows:
                key = key_of(row)
                earlier = last[entity].get(key)
                last[entity][key] = row
                if earlier is None:
                    assert not row["is_deleted"]
                    if entity == "client" and number > 0:
                        signed_up[key] = row["updated_at"]
                    continue
                assert not earlier["is_deleted"]
                assert earlier["updated_at"] < row["updated_at"]
                if entity == "sale":
                    events[key] += 1
                    assert 1 <= number + 1 - key // 10_000_000 <= 3
        for row in day["sale"]:
            if row["sold_at"] is not None and row["client_id"] in signed_up:
                assert row["sold_at"] >= signed_up[row["client_id"]]
            assert row["client_id"] is None or row["client_id"] in last["client"]
            assert row["product_id"] is None or row["product_id"] in last["product"]
    assert set(events.values()) == {1}


def test_what_changes(days):
    moving = {
        "category": {"name", "parent_category_id"},
        "client": {"last_name", "loyalty_status"},
        "product": {"price", "stock_quantity"},
        "sales_order": {"status", "delivered_at", "total_amount"},
        "sale": {"quantity", "amount"},
        "payment": set(),
        "delivery": {"status", "delivered_at"},
        "sale_return": set(),
    }
    women, changed = set(RussianNames.last_names_female), Counter()
    for entity, columns in moving.items():
        good, seen = {}, set()
        for row in (row for day in days for row in day[entity]):
            if failures(entity, row):
                continue
            earlier = good.get(key_of(row))
            good[key_of(row)] = row
            if earlier is None:
                continue
            differing = {name for name in row if row[name] != earlier[name]} - {"updated_at", "is_deleted"}
            seen |= differing
            if entity == "client" and "last_name" in differing:
                changed[row["last_name"] in women] += 1
        assert seen == columns, entity
    assert changed[True] > 5 * changed[False]


def test_every_day_has_every_kind_of_event(planted):
    for number, day in enumerate(planted):
        counts = {entity: rows.counts() for entity, rows in day.items()}
        for entity in ("client", "product", "sale", "sales_order", "payment", "delivery"):
            assert counts[entity]["new"] > 0
            bad = sum(counts[entity]["bad"].values())
            assert 0 < bad < max(10, counts[entity]["rows"] * 0.2), (number, entity)
            if number > 3:
                assert counts[entity]["changed"] > 0 or entity == "payment"
                assert counts[entity]["repaired"] > 0 or entity != "sale", number
                assert counts[entity]["deleted"] > 0 or entity not in ("client", "sale")


def test_over_some_weeks_every_kind_of_event_happens(planted):
    for entity in ("category", "sales_order", "payment", "delivery", "sale_return"):
        counts = Counter()
        for day in planted:
            counts.update({kind: count for kind, count in day[entity].counts().items() if isinstance(count, int)})
        assert counts["new"] > 0
        assert counts["repaired"] > 0
        assert counts["changed"] > 0 or entity in ("payment", "sale_return")


def test_most_bad_rows_are_repaired_within_two_days(days):
    for entity in ENTITIES:
        broken, repaired = {}, 0
        for number, day in enumerate(days):
            for row in day[entity]:
                if failures(entity, row):
                    broken.setdefault(key_of(row), number)
                elif number - broken.pop(key_of(row), number) in (1, 2):
                    repaired += 1
        left = sum(number < DAYS - 2 for number in broken.values())
        assert 0.6 < repaired / (repaired + left) <= 1, entity


def test_a_bad_row_fails_exactly_one_rule_and_the_manifest_counts_it(planted, days):
    kinds = defaultdict(set)
    for planted_day, day in zip(planted, days, strict=True):
        for entity, rows in day.items():
            failed = [failures(entity, row) for row in rows]
            assert {len(names) for names in failed} <= {0, 1}
            bad = Counter(name for names in failed for name in names)
            counts = planted_day[entity].counts()
            assert counts["bad"] == dict(bad)
            assert counts["rows"] == len(rows)
            assert (
                counts["rows"] == sum(counts[kind] for kind in ("new", "changed", "deleted", "repaired")) + bad.total()
            )
            kinds[entity] |= set(bad)
    for entity in ENTITIES:
        assert kinds[entity] == set(RULES[entity])


def test_rows_are_planted_for_every_rule_of_severity_warn(planted):
    for entity in ENTITIES:
        counts = Counter()
        for day in planted:
            counts.update(day[entity].counts()["warned"])
        assert set(counts) == WARNINGS[entity]
        odd = sum(count for name, count in counts.items() if name != "client_missing")
        assert odd < 0.03 * sum(len(day[entity].rule) for day in planted) or entity == "category"


@pytest.mark.parametrize("first", [0, 1, 9])
def test_the_manifest_has_the_net_of_a_range(planted, days, first):
    manifest = Manifest(SHOP, OPENED + timedelta(days=first))
    for number in range(first, DAYS):
        for rows in planted[number].values():
            manifest.add(rows)
        manifest.end_day(OPENED + timedelta(days=number))
    document = manifest.as_dict()
    assert document["net"] == nets_of(days, first)
    assert document["days"][0]["sale"]["net"] == nets_of(days[: first + 1], first)["sale"]


@pytest.mark.parametrize(("clients", "products"), [(100, 20), (100, 1), (1, 1), (7, 3)])
def test_tiny_shops(planted, clients, products):
    shop = generator.Shop(clients=clients, products=products)
    manifest = Manifest(shop, OPENED)
    for number in range(12):
        day = OPENED + timedelta(days=number)
        entities = dict(zip(ENTITIES, generator.day(shop, day), strict=True))
        for rows in entities.values():
            manifest.add(rows)
            assert rows.table.schema == planted[0][rows.entity].table.schema
        sale = entities["sale"].table
        if products == 1 and sale.num_rows:
            assert set(Counter(sale["order_id"].to_pylist()).values()) <= {1, 2, 3}
        manifest.end_day(day)
    assert manifest.as_dict()["net"]["client"]["read"] >= clients


@pytest.mark.parametrize(
    "locale", ["en_US", "ja_JP", "pl_PL", "is_IS", "uk_UA", "ar_SA", "zh_CN", "fr_FR", "ta_IN", "th_TH"]
)
def test_other_locales(locale):
    _, client, *_ = generator.day(generator.Shop(clients=1000, locale=locale), OPENED)
    first, last = people.names(locale)
    rows = [row for row in client.table.to_pylist() if not failures("client", row)]
    assert len(rows) > 990
    assert {row["first_name"] for row in rows} <= set(first.words.to_pylist())
    assert {row["last_name"] for row in rows} <= set(last.words.to_pylist())
    assert len({row["last_name"] for row in rows}) > 10


def test_files_hold_the_rows_and_nothing_else_is_left(tmp_path, planted):
    for kind in ("csv", "parquet"):
        answer = run("--from", "2026-01-09", f"--{kind}", str(tmp_path / kind), "--manifest", "-")
        assert answer.returncode == 0, answer.stderr
        document = json.loads(answer.stdout)
        assert document["days"][0]["date"] == "2026-01-09"
        assert "2026-01-09: category" in answer.stderr
        assert {file.name for file in (tmp_path / kind).iterdir()} == {f"{e}_2026-01-09.{kind}" for e in ENTITIES}
    for entity in ENTITIES:
        table = planted[8][entity].table
        assert pyarrow.parquet.read_table(tmp_path / "parquet" / f"{entity}_2026-01-09.parquet").equals(table)
        options = pyarrow.csv.ConvertOptions(
            column_types=table.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        read = pyarrow.csv.read_csv(tmp_path / "csv" / f"{entity}_2026-01-09.csv", convert_options=options)
        assert read.equals(table.combine_chunks())


def test_quiet_is_quiet(tmp_path):
    manifest = tmp_path / "manifest.json"
    answer = run("--clients", "100", "--csv", str(tmp_path), "--quiet", "--manifest", str(manifest))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert json.loads(manifest.read_text())["parameters"]["clients"] == 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2026-02-30"], "argument --from: '2026-02-30' does not exist: February 2026 has 28 days"),
        (["--from", "2026-13-01"], "'2026-13-01' is not a day: write it as 2026-01-31"),
        (["--from", "yesterday"], "'yesterday' is not a day"),
        (["--from", "2026-01-05", "--to", "2026-01-04"], "is before --from"),
        (["--from", "2025-12-31"], "before the shop opened"),
        (["--from", "2099-12-31"], "over ten years after"),
        (["--opened", "1950-01-01"], "years 2000 to 2199"),
        (["--clients", "0"], "'0' is not a whole number from 1"),
        (["--clients", "-5"], "--clients"),
        (["--products", "many"], "'many' is not a whole number"),
        (["--products", "0"], "--products"),
        (["--locale", "xx_YY"], "no locale 'xx_YY'"),
        ([], "set WAREHOUSE_DSN or give --dsn, --csv or --parquet"),
        (["--dsn", "postgresql://someone:geheim@127.0.0.1:1/shop"], "cannot be reached"),
        (["--dsn", "someone:geheim"], "libpq URI"),
        (["--opened", "2199-01-01", "--dsn", "postgresql://127.0.0.1:1/shop"], "is not over yet"),
        (["--csv", "/dev/null/files"], "cannot be made"),
        (["--csv", "files", "--manifest", "/nowhere/manifest.json"], "does not exist"),
        (["--csv", "files", "--parquet", "files"], "not allowed with"),
    ],
)
def test_wrong_arguments_get_one_sentence(arguments, words):
    answer = run(*arguments)
    # A warehouse that is away may be back in a moment.
    assert answer.returncode == (3 if words == "cannot be reached" else 2)
    assert answer.stdout == ""
    assert re.fullmatch(r"generator: [^\n]+\n", answer.stderr), answer.stderr
    assert words in answer.stderr
    assert "geheim" not in answer.stderr
    assert not (ROOT / "files").exists()


@pytest.mark.parametrize(
    ("dsn", "status", "words"),
    [("", 2, "set WAREHOUSE_DSN"), ("postgresql://someone:geheim@127.0.0.1:1/shop", 3, "cannot be reached")],
)
def test_the_dsn_comes_from_the_environment(dsn, status, words):
    answer = run_module("generator", WAREHOUSE_DSN=dsn)
    assert (answer.returncode, answer.stdout) == (status, "")
    assert re.fullmatch(r"generator: [^\n]+\n", answer.stderr), answer.stderr
    assert words in answer.stderr


def query(dsn, sql, *parameters):
    """Rows of a statement, in a transaction of its own."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def generate(dsn, *arguments):
    """Run the generator on a small shop."""
    return run("--clients", "5000", "--products", "300", "--dsn", dsn, *arguments)


def test_a_user_without_rights_is_told_whom_to_name(warehouse):
    role = f"stranger_{secrets.token_hex(4)}"
    query(warehouse, f"CREATE ROLE {role} LOGIN PASSWORD 'geheim'")
    try:
        answer = generate(re.sub("//[^@]*@", f"//{role}:geheim@", warehouse))
        assert answer.returncode == 2
        assert re.fullmatch(r"generator: raw cannot be read \([^\n]+\): name in the DSN a user [^\n]+\n", answer.stderr)
    finally:
        query(warehouse, f"DROP ROLE {role}")


def raw_state(dsn):
    """Every row of raw with the transaction that wrote it."""
    return [query(dsn, f"SELECT * FROM raw.{entity} ORDER BY 1") for entity in ENTITIES]


def test_the_warehouse_holds_the_rows_and_a_second_time_changes_nothing(warehouse):
    assert generate(warehouse, "--to", "2026-01-06").returncode == 0
    state = raw_state(warehouse)
    shop = generator.Shop(clients=5000, products=300)
    expected = {entity: {} for entity in ENTITIES}
    for number in range(6):
        for rows in generator.day(shop, OPENED + timedelta(days=number)):
            expected[rows.entity].update((key_of(row), tuple(row.values())) for row in rows.table.to_pylist())
    for entity, final in expected.items():
        columns = ", ".join(generator.day(shop, OPENED)[ENTITIES.index(entity)].table.column_names)
        assert len(final) > 0
        held = query(warehouse, f"SELECT {columns} FROM raw.{entity} ORDER BY 1")
        assert held == [final[key] for key in sorted(final)]

    for again in (["--to", "2026-01-06"], ["--from", "2026-01-03", "--to", "2026-01-04"]):
        assert generate(warehouse, *again).returncode == 0
        assert raw_state(warehouse) == state


def test_each_day_is_one_transaction(warehouse):
    assert generate(warehouse, "--to", "2026-01-03").returncode == 0
    days_by_xid = query(warehouse, "SELECT changed_xid, count(DISTINCT sale_id / 10000000) FROM raw.sale GROUP BY 1")
    assert len(days_by_xid) == 3


def outcome(dsn, entity):
    """What a load of an entity reports, in the manifest's terms, and how many keys it found repaired."""
    seen = "SELECT rule_name, sum(times_seen)::int FROM sl.rejected_row WHERE entity_name = %s GROUP BY 1"
    seen_before = Counter(dict(query(dsn, seen, entity)))
    query(dsn, f"CALL dds.load_{entity}()")
    run_id, *counts = query(
        dsn,
        "SELECT run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected"
        " FROM sl.run WHERE procedure_name = %s ORDER BY run_id DESC LIMIT 1",
        f"dds.load_{entity}",
    )[0]
    read, inserted, corrected, deleted, unchanged, rejected = counts
    rejections = Counter(dict(query(dsn, seen, entity))) - seen_before
    resolved = query(dsn, "SELECT count(DISTINCT entity_key) FROM sl.rejected_row WHERE resolved_run_id = %s", run_id)
    return {
        "accepted": read - rejected,
        "inserted": inserted,
        "corrected": corrected,
        "deleted": deleted,
        "unchanged": unchanged,
        "rejected": dict(rejections),
        "resolved": resolved[0][0],
    }


def warnings(dsn, entity):
    """How many rows the last load of an entity named for each rule of severity warn."""
    counted = query(
        dsn,
        "SELECT rule_name, rows FROM sl.rule_warning WHERE entity_name = %s"
        " AND run_id = (SELECT max(run_id) FROM sl.run WHERE procedure_name = %s)",
        entity,
        f"dds.load_{entity}",
    )
    return dict(counted)


def expected_outcome(net, resolved):
    """The same from a manifest's ``net``: a load counts every deletion, of a key that it holds or not.

    Rejections are compared by what a load records, since it also reads those again that only time can heal.
    """
    return {
        "accepted": net["read"] - sum(net["rejected"].values()),
        "inserted": net["inserted"],
        "corrected": net["corrected"],
        "deleted": net["deleted"] + net["deleted_unseen"],
        "unchanged": net["unchanged"],
        "rejected": net["rejected"],
        "resolved": resolved,
    }


def test_loads_of_single_days_report_what_the_manifest_says(warehouse):
    for number in range(6):
        answer = generate(warehouse, "--from", str(OPENED + timedelta(days=number)), "--quiet", "--manifest", "-")
        assert answer.returncode == 0, answer.stderr
        (day,) = json.loads(answer.stdout)["days"]
        for entity in LOADS:
            expected = expected_outcome(day[entity]["net"], day[entity]["repaired"])
            assert outcome(warehouse, entity) == expected, (number, entity)
            named, planted = warnings(warehouse, entity), day[entity]["warned"]
            assert {rule: named[rule] for rule in named if rule not in FOLLOWING} == {
                rule: planted[rule] for rule in planted if rule not in FOLLOWING
            }
            assert all(named[rule] >= planted[rule] for rule in planted)
    query(warehouse, "CALL cdm.build_mart()")
    query(warehouse, "CALL sl.audit()")


def test_one_load_of_a_range_reports_the_manifests_net(warehouse):
    for first, last in ((0, 4), (5, 12)):
        arguments = ["--from", str(OPENED + timedelta(days=first)), "--to", str(OPENED + timedelta(days=last))]
        answer = generate(warehouse, *arguments, "--quiet", "--manifest", "-")
        assert answer.returncode == 0, answer.stderr
        manifest = json.loads(answer.stdout)
        for entity in LOADS:
            repaired = sum(day[entity]["repaired"] for day in manifest["days"])
            expected, reported = expected_outcome(manifest["net"][entity], repaired), outcome(warehouse, entity)
            # Of the states of one version the last one's columns in place are taken, and the others are unchanged.
            for counts in (expected, reported):
                counts["unchanged"] += counts.pop("corrected")
            assert reported == expected, (first, entity)
    query(warehouse, "CALL cdm.build_mart()")
    query(warehouse, "CALL sl.audit()")


def test_the_days_go_on_where_persons_were_forgotten(warehouse):
    assert generate(warehouse, "--to", "2026-01-02").returncode == 0
    query(warehouse, "CALL dds.load_client()")
    for client_id in (1, 2, 3):
        query(warehouse, f"CALL dds.forget_client({client_id})")
    answer = generate(warehouse, "--from", "2026-01-03")
    assert answer.returncode == 0, answer.stderr
    assert query(warehouse, "SELECT max(sold_at)::date > '2026-01-02' FROM raw.sale WHERE sold_at < now()") == [(True,)]
    # It still knows its shop.
    answer = generate(warehouse, "--from", "2026-01-04", "--seed", "2")
    assert "raw holds another shop's clients" in answer.stderr


def test_an_empty_warehouse_must_begin_at_the_opening(warehouse):
    answer = generate(warehouse, "--from", "2026-01-05")
    assert (answer.returncode, answer.stderr) == (
        2,
        "generator: raw is empty of this shop: begin at the opening day, --from 2026-01-01\n",
    )
    assert not any(raw_state(warehouse))


@pytest.mark.parametrize(
    "other", [["--seed", "2"], ["--clients", "6000"], ["--clients", "4000"], ["--opened", "2025-12-31"]]
)
def test_another_shops_days_are_not_mixed_in(warehouse, other):
    assert generate(warehouse).returncode == 0
    state = raw_state(warehouse)
    answer = generate(warehouse, "--from", "2026-01-02", *other)
    assert answer.returncode == 2
    assert "raw holds another shop's clients" in answer.stderr
    assert raw_state(warehouse) == state


@pytest.mark.parametrize("channel", [1, 2, 3], ids=["web", "marketplace", "stores"])
def test_another_channels_clients_are_no_other_shop(warehouse, channel):
    query(warehouse, "INSERT INTO raw.client (client_id, updated_at) VALUES (%s, now())", channel * 10**12 + 1)
    answer = generate(warehouse, "--from", "2026-01-05")
    assert answer.stderr == "generator: raw is empty of this shop: begin at the opening day, --from 2026-01-01\n"
    answer = generate(warehouse)
    assert answer.returncode == 0, answer.stderr
    assert generate(warehouse, "--from", "2026-01-02").returncode == 0


def test_a_warehouse_without_tables_is_told_to_migrate(empty_database):
    answer = generate(empty_database)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "generator: the warehouse has no table raw.category: run `make migrate` first\n"


def test_a_full_disk_rolls_the_day_back_and_tells_which_days_are_complete(warehouse):
    # The server raises what it raises where a disk is full, on the third day's sales.
    query(
        warehouse,
        """
        CREATE FUNCTION raw.fill_the_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file: No space left on device';
        END $$;
        CREATE TRIGGER fill_the_disk BEFORE INSERT ON raw.sale FOR EACH ROW
        WHEN (new.sale_id >= 30000000) EXECUTE FUNCTION raw.fill_the_disk();
        """,
    )
    answer = generate(warehouse, "--to", "2026-01-05", "--quiet")
    assert answer.returncode == 1
    assert answer.stderr == (
        "generator: 2026-01-03 was not written: on the warehouse's server the disk is full: free some space and run the"
        " same days again (complete: 2026-01-01 to 2026-01-02)\n"
    )
    third = datetime(2026, 1, 3, tzinfo=MOSCOW)
    assert query(warehouse, "SELECT max(updated_at) < %s FROM raw.client", third) == [(True,)]

    query(warehouse, "DROP FUNCTION raw.fill_the_disk() CASCADE")
    assert generate(warehouse, "--to", "2026-01-05").returncode == 0


def test_a_full_disk_leaves_no_partial_file(tmp_path, monkeypatch):
    def fill(self, table):
        assert list(tmp_path.iterdir())
        raise OSError(errno.ENOSPC, "No space left on device")

    class FullDisk(pyarrow.csv.CSVWriter):
        write_table = fill

    monkeypatch.setattr(pyarrow.csv, "CSVWriter", FullDisk)
    sink = sinks.Files(tmp_path, "csv")
    with pytest.raises(generator.GeneratorError, match="the disk is full"):
        sink.write(OPENED, generator.chunks(generator.Shop(clients=100), OPENED), written=[].append)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_nothing(warehouse):
    # The copy waits in its midst for a lock that the test holds, so that the signal finds it there.
    query(
        warehouse,
        """
        CREATE FUNCTION raw.wait() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(1);
            RETURN new;
        END $$;
        CREATE TRIGGER wait BEFORE INSERT ON raw.client FOR EACH ROW WHEN (new.client_id = 20000)
        EXECUTE FUNCTION raw.wait();
        """,
    )
    with contextlib.closing(psycopg2.connect(warehouse)) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1)")
        process = subprocess.Popen(
            # A shell that starts the tests in its background has them, and all they start, ignore the signal.
            ["env", "--default-signal=INT", sys.executable, "-m", "generator", "--clients", "600000", "--quiet"],
            cwd=ROOT,
            env={**os.environ, "WAREHOUSE_DSN": warehouse},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not query(warehouse, waiting):
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            cursor.execute("SELECT pg_advisory_unlock(1)")
            _, message = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert (process.returncode, message) == (130, "generator: interrupted; the day at hand was not written\n")
    assert not any(raw_state(warehouse))
