"""The report at the end of ``make live``.

Every number in it is the result of a query in a .sql file beside this module: those on the shop's own database in
shop/, those on the warehouse and on ClickHouse in live_*.sql of postgres/ and clickhouse/.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from clickhouse_connect.driver.exceptions import ClickHouseError
from psycopg2.extras import RealDictCursor, execute_values
from tabulate import tabulate

from embedded import reach
from embedded.errors import StackError
from embedded.settings import Settings
from migrations.plain import plain

if TYPE_CHECKING:
    from embedded.live import Marks

Row = dict[str, Any]
Query = Callable[..., list[Row]]

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
# Rows that are compared at a time.
BUCKET = 1000
NAMED = 3


@contextlib.contextmanager
def warehouse(settings: Settings) -> Iterator[Query]:
    """Open the warehouse and give a function that runs a query file of postgres/, each in a transaction of its own."""
    with _queries(settings.warehouse_dsn, "postgres") as query:
        yield query


@contextlib.contextmanager
def shop(settings: Settings) -> Iterator[Query]:
    """The same for the shop's own database and the folder shop/."""
    with _queries(settings.shop_dsn_of("shop_monitor"), "shop") as query:
        yield query


@contextlib.contextmanager
def _queries(dsn: str, folder: str) -> Iterator[Query]:
    with contextlib.closing(psycopg2.connect(dsn, connect_timeout=10)) as connection:
        connection.autocommit = True

        def query(name: str, around: str = "{}") -> list[Row]:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(around.format((FOLDER / folder / f"{name}.sql").read_text()))
                return [dict(row) for row in cursor.fetchall()]

        query.connection = connection
        yield query


def from_warehouse(settings: Settings, name: str) -> list[Row]:
    """Return the rows of one query on the warehouse."""
    with warehouse(settings) as query:
        return query(name)


def render(
    settings: Settings, begun: "Marks", ended: "Marks", events: list[str], samples: Sequence[tuple[Any, ...]]
) -> str:
    """Return the report as plain text.

    Args:
        settings: the stack.
        begun: where all parts were before the shop opened.
        ended: where they are now.
        events: what the shop's application says it did.
        samples: what was applied when, as it was seen meanwhile.

    Raises:
        StackError: a part does not answer.
    """
    try:
        with shop(settings) as from_shop, warehouse(settings) as from_postgres:
            sections = [
                ("Events (the shop's application)", "\n".join(events) or "none"),
                ("Messages (relay, Kafka, consumer)", _messages(begun, ended)),
                ("Rejected documents (PostgreSQL)", _table(from_postgres("live_rejected"))),
                ("Orders by status", _statuses(from_shop("statuses"), from_postgres("live_statuses"))),
                ("Freshness, seconds", _freshness(settings, from_postgres, begun.at, samples)),
                ("The shop's tables against raw", compare_tables(from_shop, from_postgres)),
                ("The web shop's lines in ClickHouse", _lines(settings, from_postgres)),
            ]
    except psycopg2.Error as error:
        raise StackError(f"The report cannot be made ({str(error).strip().splitlines()[0]}).") from None
    except ClickHouseError as error:
        reason = reach.clickhouse_sentence(settings, error) or str(error).strip().splitlines()[0]
        raise StackError(f"The report cannot be made: {reason}") from None
    return "\n".join(f"\n{title}\n{'-' * len(title)}\n{text}" for title, text in sections) + "\n"


def _messages(begun: "Marks", ended: "Marks") -> str:
    """Count by topic what went through each part since the beginning."""
    rows = []
    for topic in sorted({name for name, _partition in ended.ends}):
        partitions = [partition for partition in ended.ends if partition[0] == topic]

        def moved(which: str, partitions: list[tuple[str, int]] = partitions) -> int:
            before, after = getattr(begun, which), getattr(ended, which)
            return sum(after.get(one, 0) - before.get(one, 0) for one in partitions)

        rows.append({"topic": topic, "in Kafka": moved("ends"), "landed": moved("landed"), "applied": moved("applied")})
    total = {"topic": "all", **{name: sum(row[name] for row in rows) for name in ("in Kafka", "landed", "applied")}}
    refused = ended.refused - begun.refused
    told = f"The relay sent {_text(ended.sent - begun.sent)} messages; Kafka refused {_text(refused)}."
    return "\n".join([_table([*rows, total]), told])


def _statuses(in_shop: list[Row], in_warehouse: list[Row]) -> str:
    ours = {row["status"]: row["orders"] for row in in_warehouse}
    theirs = {row["status"]: row["orders"] for row in in_shop}
    return _table(
        [
            {
                "status": status,
                "shop": theirs.get(status, 0),
                "warehouse (dds)": ours.get(status, 0),
                "verdict": "equal" if theirs.get(status) == ours.get(status) else "DIFFERENT",
            }
            for status in sorted({*ours, *theirs}, key=str)
        ]
    )


def _freshness(settings: Settings, from_postgres: Query, since: datetime, samples: Sequence[tuple[Any, ...]]) -> str:
    with from_postgres.connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS applied_sample "
            "(stream text, partition integer, position bigint, applied_at timestamptz)"
        )
        execute_values(cursor, "INSERT INTO applied_sample VALUES %s", samples or [(None, None, None, None)])
        cursor.execute("CREATE INDEX ON applied_sample (stream, partition, position)")
        cursor.execute("SELECT set_config('tshop.since', %s, false)", (since.isoformat(),))
    (messages,) = from_postgres("live_freshness")
    with contextlib.closing(reach.clickhouse_client(settings)) as client:
        query = (FOLDER / "clickhouse" / "live_freshness.sql").read_text()
        ((lines, p50, p95),) = client.query(query, parameters={"since": since.isoformat()}).result_rows
    return _table(
        [
            _percentiles("change in the shop to landing", messages["messages"], messages, "landed"),
            _percentiles("change in the shop to raw", messages["messages"], messages, "raw"),
            {"from, to": "order to ClickHouse", "measured": lines, "p50": _seconds(p50), "p95": _seconds(p95)},
        ]
    )


def _percentiles(what: str, count: int, row: Row, name: str) -> Row:
    return {
        "from, to": what,
        "measured": count,
        "p50": _seconds(row[f"{name}_p50"]),
        "p95": _seconds(row[f"{name}_p95"]),
    }


def _seconds(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.1f}"


def compare_tables(from_shop: Query, from_postgres: Query) -> str:
    """Compare all rows of the shop's tables with those of raw, and name the first that differ."""
    rows, told = [], []
    for table, target in TABLES.items():
        theirs, ours = _buckets(from_shop, table), _buckets(from_postgres, f"live_{table}")
        differing = [bucket for bucket in theirs.keys() | ours.keys() if theirs.get(bucket) != ours.get(bucket)]
        ids = sorted(number for bucket in differing for number in _differing(from_shop, from_postgres, table, bucket))
        rows.append(
            {
                "table": table,
                "rows in the shop": sum(count for count, _sum in theirs.values()),
                "in raw": f"raw.{target}",
                "rows": sum(count for count, _sum in ours.values()),
                "verdict": "DIFFERENT" if ids else "equal",
            }
        )
        if ids:
            named = ", ".join(map(str, ids[:NAMED])) + (", ..." if len(ids) > NAMED else "")
            told.append(f"{table}: {_text(len(ids))} rows differ ({named}).")
    verdict = "The shop's tables do NOT equal raw." if told else "The shop's tables equal raw, row by row."
    return "\n".join([_table(rows), *told, verdict])


def _buckets(query: Query, name: str) -> dict[int, tuple[int, int]]:
    """Return the number of rows and the sum of their hashes by a thousand of ids."""
    found = query(
        name,
        f"SELECT id / {BUCKET} AS bucket, count(*), sum(hashtextextended(t::text, 0)::numeric) AS hashes "
        "FROM ({}) AS t GROUP BY 1",
    )
    return {row["bucket"]: (row["count"], row["hashes"]) for row in found}


def _differing(from_shop: Query, from_postgres: Query, table: str, bucket: int) -> set[int]:
    around = f"SELECT id, t::text AS row FROM ({{}}) AS t WHERE id / {BUCKET} = {bucket}"
    theirs = {(row["id"], row["row"]) for row in from_shop(table, around)}
    ours = {(row["id"], row["row"]) for row in from_postgres(f"live_{table}", around)}
    return {number for number, _row in theirs ^ ours}


def _lines(settings: Settings, from_postgres: Query) -> str:
    (ours,) = from_postgres("live_sales")
    with contextlib.closing(reach.clickhouse_client(settings)) as client:
        answer = client.query((FOLDER / "clickhouse" / "live_sales.sql").read_text())
    theirs = dict(zip(answer.column_names, answer.result_rows[0], strict=True))
    equal = all(theirs[name] == ours[name] for name in ours)
    return _table([{"in": "ClickHouse", **theirs}, {"in": "PostgreSQL", **ours}]) + (
        "\nClickHouse equals PostgreSQL." if equal else "\nClickHouse does NOT equal PostgreSQL."
    )


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return plain(str(value)) if isinstance(value, str) else f"{value:,}".replace(",", " ")


def _table(rows: list[Row]) -> str:
    if not rows:
        return "none"
    return tabulate(
        [[_text(value) for value in row.values()] for row in rows],
        headers=[name.replace("_", " ") for name in rows[0]],
        tablefmt="simple",
        colalign=[
            "left" if isinstance(value, str) and not value[:1].isdigit() else "right" for value in rows[0].values()
        ],
        disable_numparse=True,
    )
