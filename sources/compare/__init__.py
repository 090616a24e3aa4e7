"""Whether the tables of the shop's own database equal raw, row by row.

The queries of the folders shop/ and raw/ give the same rows with the same columns, in the shop's own numbers. Both
servers hash them, a thousand of ids at a time, and only where the hashes differ rows are sent.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

FOLDER = Path(__file__).parent
# Tables of the shop's own database, with the table that has them in raw; the last three come by replication.
TABLES = {
    "users": "client",
    "product_categories": "category",
    "products": "product",
    "orders": "sales_order",
    "order_details": "sale",
    "transactions": "payment",
    "deliveries": "delivery",
    "returns": "sale_return",
}
BUCKET = 1000

Ask = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Comparison:
    """What a table of the shop and its table in raw have.

    Attributes:
        in_shop: rows of the shop's.
        in_raw: rows of raw's in the range of the shop's numbers, but the deleted ones.
        differences: id and what is the matter with it: missing in raw, not in the shop, or other values.
    """

    in_shop: int
    in_raw: int
    differences: list[tuple[int, str]]


def compare(shop_dsn: str, warehouse_dsn: str) -> dict[str, Comparison]:
    """Compare all tables.

    Args:
        shop_dsn: libpq URI of the shop's own database, as who may read its tables, such as shop_monitor.
        warehouse_dsn: libpq URI of the warehouse, as who may read raw.
    """
    with _session(shop_dsn) as shop, _session(warehouse_dsn) as warehouse:
        return {table: _compare(shop, warehouse, table) for table in TABLES}


def differences(shop_dsn: str, warehouse_dsn: str) -> dict[str, list[str]]:
    """Return by table what differs, one text a row; none where the table equals raw."""
    return {
        table: [f"{number}: {what}" for number, what in found.differences]
        for table, found in compare(shop_dsn, warehouse_dsn).items()
    }


@contextlib.contextmanager
def _session(dsn: str):
    """Open a database in one snapshot; gives a function that returns the rows of a statement."""
    with contextlib.closing(psycopg2.connect(dsn, connect_timeout=10)) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)

        def ask(statement: str) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()

        # The text of a row depends on these.
        ask("SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true)")
        yield ask


def _compare(shop: Ask, warehouse: Ask, table: str) -> Comparison:
    theirs, ours = _buckets(shop, "shop", table), _buckets(warehouse, "raw", table)
    found = []
    for bucket in sorted(theirs.keys() | ours.keys()):
        if theirs.get(bucket) == ours.get(bucket):
            continue
        in_shop, in_raw = _rows(shop, "shop", table, bucket), _rows(warehouse, "raw", table, bucket)
        for number in sorted(in_shop.keys() | in_raw.keys()):
            if number not in in_raw:
                found.append((number, "is missing in raw"))
            elif number not in in_shop:
                found.append((number, "is not in the shop"))
            elif in_shop[number] != in_raw[number]:
                found.append((number, f"{in_shop[number]} in the shop, {in_raw[number]} in raw"))
    return Comparison(
        sum(count for count, _hashes in theirs.values()), sum(count for count, _hashes in ours.values()), found
    )


def _buckets(ask: Ask, side: str, table: str) -> dict[int, tuple[int, int]]:
    """Return the number of rows and the sum of their hashes by a thousand of ids."""
    rows = ask(
        f"SELECT id / {BUCKET}, count(*), sum(hashtextextended(t::text, 0)::numeric) "
        f"FROM ({_sql(side, table)}) AS t GROUP BY 1"
    )
    return {bucket: (count, hashes) for bucket, count, hashes in rows}


def _rows(ask: Ask, side: str, table: str, bucket: int) -> dict[int, str]:
    return dict(ask(f"SELECT id, t::text FROM ({_sql(side, table)}) AS t WHERE id / {BUCKET} = {bucket}"))


def _sql(side: str, table: str) -> str:
    return (FOLDER / side / f"{table}.sql").read_text()
