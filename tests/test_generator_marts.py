"""The manifest says what each mart must show, and the warehouse shows it, to the kopeck."""

import contextlib
import json
from datetime import date, timedelta
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pytest
from conftest import run_module

import generator
from generator.manifest import Manifest

OPENED = date(2026, 1, 1)
DAYS = 24
# Days that are loaded and built together: alone, some at once, and the rest.
STEPS = (1, 1, 2, 9, 11)
# Lines before orders, so that a load of orders can compare the totals.
LOADS = ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return")
KEYS = {
    "user_sales": ("order_month", "loyalty_status"),
    "product_sales": ("order_month", "product_category", "product_name"),
    "region_sales": ("week_start", "region", "product_id"),
    "daily_sales": ("sold_on", "channel"),
}
VERSION = {"version_no", "valid_from", "valid_to", "is_current", "run_id"}


@pytest.fixture
def execute(warehouse):
    """Function that runs a statement in the warehouse and returns its rows as dicts of the manifest's values."""
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def run(statement, *parameters):
            cursor.execute(statement, parameters)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()] if names else []

        yield run


def plain(value):
    """A value as the manifest writes it."""
    if isinstance(value, Decimal):
        # Sums of whole numbers come as decimals without places.
        return int(value) if value.as_tuple().exponent == 0 else str(value)
    return value.isoformat() if isinstance(value, date) else value


def shown(execute, mart):
    """The current rows of a mart by key."""
    rows = execute(f"SELECT * FROM cdm.{mart} WHERE is_current")
    return {
        tuple(row[name] for name in KEYS[mart]): {name: value for name, value in row.items() if name not in VERSION}
        for row in rows
    }


def expected(mart, groups):
    """The groups of the manifest by key."""
    return {tuple(row[name] for name in KEYS[mart]): row for row in groups}


def test_every_mart_shows_what_the_manifest_says(warehouse, execute):
    first = OPENED
    for step in STEPS:
        last = first + timedelta(days=step - 1)
        answer = run_module(
            *(
                "generator",
                "--clients",
                "5000",
                "--products",
                "300",
                "--from",
                str(first),
                "--to",
                str(last),
                "--quiet",
            ),
            WAREHOUSE_DSN=warehouse,
        )
        assert answer.returncode == 0, answer.stderr
        for entity in LOADS:
            execute(f"CALL dds.load_{entity}()")
        for mart in ("mart", *KEYS):
            execute(f"CALL cdm.build_{mart}()")
        first = last + timedelta(days=1)
    execute("CALL sl.audit()")
    marts = document(manifest_of(DAYS))["marts"]

    for mart in ("user_sales", "daily_sales"):
        rows = shown(execute, mart)
        assert rows == expected(mart, marts[mart]["groups"])
        assert len(rows) == marts[mart]["rows"] > 4
    for mart in ("product_sales", "region_sales"):
        rows = shown(execute, mart)
        assert len(rows) == marts[mart]["rows"] > 100
        groups = expected(mart, marts[mart]["groups"])
        assert len(groups) == 20
        assert {key: rows[key] for key in groups} == groups
        sums = ", ".join(f"sum({name}) AS {name}" for name in marts[mart]["totals"])
        assert execute(f"SELECT {sums} FROM cdm.{mart} WHERE is_current") == [marts[mart]["totals"]]


def manifest_of(days, first=0):
    """The Manifest of the same shop's days."""
    shop = generator.Shop(clients=5000, products=300)
    manifest = Manifest(shop, shop.date(first))
    for number in range(first, days):
        for rows in generator.chunks(shop, shop.date(number)):
            manifest.add(rows)
        manifest.end_day(shop.date(number))
    return manifest


def document(manifest):
    """The manifest as it is read from its file."""
    return json.loads(json.dumps(manifest.as_dict()))


def test_a_range_that_does_not_begin_at_the_opening_has_no_marts_and_keeps_no_rows():
    # What the generator itself keeps of a shop is there after the first time.
    manifest_of(4, first=2)
    before = pa.total_allocated_bytes()
    manifest = manifest_of(4, first=2)
    assert pa.total_allocated_bytes() == before
    assert "marts" not in document(manifest)
