"""The report at the end of ``make live``.

Every number in it is the result of a query in a .sql file beside this module: those on the shop's own database in
shop/, those on the warehouse and on ClickHouse in live_*.sql of postgres/ and clickhouse/.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from clickhouse_connect.driver.exceptions import ClickHouseError
from psycopg2.extras import RealDictCursor, execute_values
from tabulate import tabulate

from embedded import reach
from embedded.errors import StackError
from embedded.settings import Settings
from migrations.plain import first_line, plain
from sources import compare

if TYPE_CHECKING:
    from embedded.live import Marks

Row = dict[str, Any]
Query = Callable[..., list[Row]]

FOLDER = Path(__file__).parent
NAMED = 3
# Stands in the queries on ClickHouse for the moment since when they count.
EPOCH = "1970-01-01 00:00:00"


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

        def query(name: str) -> list[Row]:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute((FOLDER / folder / f"{name}.sql").read_text())
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
                ("Rejected documents (PostgreSQL)", table(from_postgres("live_rejected"))),
                ("Orders by status", _statuses(from_shop("statuses"), from_postgres("live_statuses"))),
                ("Freshness, seconds", _freshness(settings, from_postgres, begun.at, samples)),
                (
                    "The shop's tables against raw",
                    compare_tables(settings.shop_dsn_of("shop_monitor"), settings.warehouse_dsn),
                ),
                ("The web shop's lines in ClickHouse", _lines(settings, from_postgres)),
            ]
    except psycopg2.Error as error:
        raise StackError(f"The report cannot be made ({first_line(error)}).") from None
    except ClickHouseError as error:
        reason = reach.clickhouse_sentence(settings, error) or first_line(error)
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
    told = f"The relay sent {text_of(ended.sent - begun.sent)} messages; Kafka refused {text_of(refused)}."
    return "\n".join([table([*rows, total]), told])


def _statuses(in_shop: list[Row], in_warehouse: list[Row]) -> str:
    ours = {row["status"]: row["orders"] for row in in_warehouse}
    theirs = {row["status"]: row["orders"] for row in in_shop}
    return table(
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
        moment = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        ((lines, p50, p95),) = client.query(query.replace(EPOCH, moment)).result_rows
    return table(
        [
            _percentiles("change in the shop to landing", messages["messages"], messages, "landed"),
            _percentiles("change in the shop to raw", messages["messages"], messages, "raw"),
            _percentiles(
                "order to ClickHouse", lines, {"_p50": p50 if lines else None, "_p95": p95 if lines else None}, ""
            ),
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
    return "-" if value is None else f"{value:.1f}"


def compare_tables(shop_dsn: str, warehouse_dsn: str) -> str:
    """Compare all rows of the shop's tables with those of raw, and name the first that differ."""
    rows, told = [], []
    for name, found in compare.compare(shop_dsn, warehouse_dsn).items():
        rows.append(
            {
                "table": name,
                "rows in the shop": found.in_shop,
                "in raw": f"raw.{compare.TABLES[name]}",
                "rows": found.in_raw,
                "verdict": "DIFFERENT" if found.differences else "equal",
            }
        )
        if found.differences:
            named = ", ".join(str(number) for number, _what in found.differences[:NAMED])
            more = ", ..." if len(found.differences) > NAMED else ""
            told.append(f"{name}: {text_of(len(found.differences))} rows differ ({named}{more}).")
    verdict = "The shop's tables do NOT equal raw." if told else "The shop's tables equal raw, row by row."
    return "\n".join([table(rows), *told, verdict])


def _lines(settings: Settings, from_postgres: Query) -> str:
    (ours,) = from_postgres("live_sales")
    with contextlib.closing(reach.clickhouse_client(settings)) as client:
        answer = client.query((FOLDER / "clickhouse" / "live_sales.sql").read_text())
    theirs = dict(zip(answer.column_names, answer.result_rows[0], strict=True))
    equal = all(theirs[name] == ours[name] for name in ours)
    return table([{"in": "ClickHouse", **theirs}, {"in": "PostgreSQL", **ours}]) + (
        "\nClickHouse equals PostgreSQL." if equal else "\nClickHouse does NOT equal PostgreSQL."
    )


def text_of(value: Any) -> str:
    """Return a value of a report as people read it."""
    if value is None:
        return "-"
    return plain(str(value)) if isinstance(value, str) else f"{value:,}".replace(",", " ")


def table(rows: list[Row]) -> str:
    """Return rows as a table with a heading, or "none"."""
    if not rows:
        return "none"
    return tabulate(
        [[text_of(value) for value in row.values()] for row in rows],
        headers=[name.replace("_", " ") for name in rows[0]],
        tablefmt="simple",
        colalign=[
            "left" if isinstance(value, str) and not value[:1].isdigit() else "right" for value in rows[0].values()
        ],
        disable_numparse=True,
    )
