"""The report at the end of the main job.

Every number in it is the result of a query in a .sql file beside this module.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
from clickhouse_connect.driver.exceptions import ClickHouseError
from tabulate import tabulate

from clickhouse import marts
from embedded import reach
from embedded.errors import StackError
from embedded.report.request import SHOP, Request
from embedded.settings import Settings
from migrations.plain import first_line, plain

# Column names and rows, as a query gives them.
Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
Query = Callable[..., Table]

TOTALS = {
    "revenue": "Revenue, RUB",
    "clients": "Clients (guests left out)",
    "orders": "Orders (of guests and returns, too)",
    "pieces_an_order": "Items an order (pieces)",
    "lines_an_order": "Items an order (lines)",
    "average_order_value": "Average order value, RUB",
    "average_age": "Average age of clients",
    "most_popular_size": "Most popular size",
    "first_day": "First day",
    "last_day": "Last day",
}


def render(settings: Settings, request: Request | None = None) -> str:
    """Return the report of a warehouse and its ClickHouse as plain text.

    Args:
        settings: where they are.
        request: which sales it is of; of all, and of the warehouse itself, by default.

    Raises:
        StackError: one of them cannot be reached, or lacks the tables, or knew nothing yet.
    """
    request = request or Request()
    if reason := reach.stopped(settings):
        raise StackError(reason)
    with postgres(settings, request) as from_postgres, clickhouse(settings, request) as from_clickhouse:
        if request.as_of:
            _check_something_was_known(request, from_postgres)
        totals_names, totals = from_clickhouse("totals")
        sections = [
            ("Sales (ClickHouse)", _list(totals_names, totals)),
            ("Revenue by category (ClickHouse)", _table(from_clickhouse("categories"))),
            ("Revenue by age group (ClickHouse)", _table(from_clickhouse("age_groups"))),
            *_orders(request, from_postgres),
        ]
        if request.is_whole:
            others, differences = _other_marts(settings)
            sections += [
                ("Layers (PostgreSQL)", _table(from_postgres("layers"))),
                ("Rejected rows by rule (PostgreSQL)", _table(from_postgres("rejected"))),
                ("Last runs (PostgreSQL)", _table(from_postgres("runs"))),
                ("Other marts in ClickHouse", _table((("mart", "rows", "verdict"), others))),
                ("ClickHouse against PostgreSQL", _comparison(from_clickhouse, from_postgres, differences)),
            ]
        else:
            sections.append(("ClickHouse against PostgreSQL", _comparison_of_sales(from_clickhouse, from_postgres)))
    told = "\n".join(f"\n{title}\n{'-' * len(title)}\n{text}" for title, text in sections) + "\n"
    return told if request.is_whole else f"\n{request}.\n{told}"


def _orders(request: Request, from_postgres: Query) -> list[tuple[str, str]]:
    """Return the sections on orders, none for a shop that has never delivered any.

    They are of the warehouse, which alone knows what was reported earlier: ClickHouse has these marts as they are now.
    """
    if from_postgres("orders")[1] == [(0,)]:
        return []
    sections = [
        ("Orders by channel (PostgreSQL)", _table(from_postgres("channels"))),
        ("Orders by status, whole months (PostgreSQL)", _table(from_postgres("statuses"))),
        ("Loyalty levels, whole months (PostgreSQL)", _table(from_postgres("loyalty"))),
        ("Revenue by region, whole weeks (PostgreSQL)", _table(from_postgres("regions"))),
        ("Top products, whole months (PostgreSQL)", _table(from_postgres("products"))),
    ]
    # What fitted together at an earlier moment is not kept.
    if request.as_of is None:
        title = "What does not fit together now, of the last 7 days (PostgreSQL)"
        sections.append((title, _table(from_postgres("findings"))))
    return sections


def _check_something_was_known(request: Request, from_postgres: Query) -> None:
    ((began,),) = from_postgres("first_build")[1]
    if began is None:
        raise StackError("The mart was never built: load it first by 'make run'.")
    began = began.astimezone(SHOP)
    if request.as_of < began:
        raise StackError(
            f"AS_OF: at {request.as_of.astimezone(SHOP):%Y-%m-%d %H:%M:%S} Europe/Moscow the mart was not built yet; "
            f"its first build began at {began:%Y-%m-%d %H:%M:%S}: give a later moment."
        )


@contextlib.contextmanager
def clickhouse(settings: Settings, request: Request):
    """Open ClickHouse and give a function that runs a query file of the folder clickhouse/ on the sales asked for.

    Raises:
        StackError: it cannot be reached or a query fails.
    """
    sales = _sales(request)
    try:
        with contextlib.closing(reach.clickhouse_client(settings)) as client:

            def query(name: str) -> Table:
                answer = client.query(_sql("clickhouse", name).replace("FROM tshop.sales\n", f"FROM {sales}\n"))
                return answer.column_names, answer.result_rows

            yield query
    except ClickHouseError as error:
        reason = first_line(error)
        raise StackError(
            reach.clickhouse_sentence(settings, error)
            or f"ClickHouse does not give the report ({reason}): load it first by 'make run'."
        ) from None


@contextlib.contextmanager
def postgres(settings: Settings, request: Request):
    """Open the warehouse and give a function that runs a query file of the folder postgres/, all in one snapshot.

    What is asked for is in the settings tshop.as_of, tshop.first and tshop.last.

    Raises:
        StackError: it cannot be reached or a query fails.
    """
    try:
        connection = psycopg2.connect(settings.warehouse_dsn, connect_timeout=10)
    except psycopg2.Error as error:
        raise StackError(reach.postgres_sentence(settings, error)) from None
    try:
        with contextlib.closing(connection):
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection.cursor() as cursor:
                for name, value in (("as_of", request.as_of or ""), ("first", request.first), ("last", request.last)):
                    cursor.execute("SELECT set_config(%s, %s, true)", (f"tshop.{name}", str(value)))

            def query(name: str) -> Table:
                with connection.cursor() as cursor:
                    cursor.execute(_sql("postgres", name))
                    return [column.name for column in cursor.description], cursor.fetchall()

            yield query
    except psycopg2.Error as error:
        reason = first_line(error)
        raise StackError(f"The warehouse does not give the report ({reason}): load it first by 'make run'.") from error


def _sales(request: Request) -> str:
    """Return what the queries read in place of tshop.sales."""
    if request.is_whole:
        return "tshop.sales"
    known = "tshop.sales"
    if request.as_of:
        known = f"tshop.sales_as_known(at = '{request.as_of:%Y-%m-%d %H:%M:%S.%f}')"
    return f"(SELECT * FROM {known} WHERE sold_on BETWEEN toDate32('{request.first}') AND toDate32('{request.last}'))"


def _sql(database: str, name: str) -> str:
    return (Path(__file__).parent / database / f"{name}.sql").read_text()


def _text(value: Any) -> str:
    """Show a value: thousands apart by a space, money with two digits, other fractions with one or two."""
    match value:
        case None:
            return "-"
        case Decimal() if value.as_tuple().exponent == -1:
            return f"{value:,.1f}".replace(",", " ")
        case Decimal() | float() if value % 1 or isinstance(value, Decimal):
            return f"{value:,.2f}".replace(",", " ")
        case int() | float():
            return f"{value:,.0f}".replace(",", " ")
        case date():
            return value.isoformat()
        case _:
            return plain(str(value))


def _list(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    values = dict(zip(names, rows[0], strict=True))
    lines = [(title, _text(values[name])) for name, title in TOTALS.items()]
    return tabulate(lines, tablefmt="plain", colalign=("left", "right"), disable_numparse=True)


def _table(table: Table) -> str:
    names, rows = table
    if not rows:
        return "none"
    numeric = [any(isinstance(row[column], int | float | Decimal) for row in rows) for column in range(len(names))]
    return tabulate(
        [[_text(value) for value in row] for row in rows],
        headers=[name.removesuffix("_name").replace("_", " ") for name in names],
        tablefmt="simple",
        colalign=["right" if number else "left" for number in numeric],
        disable_numparse=True,
    )


def _comparison_of_sales(from_clickhouse: Query, from_postgres: Query) -> str:
    """Compare rows and exact sums of the sales asked for."""
    theirs, ours = from_clickhouse("current")[1][0], from_postgres("known")[1][0]
    equal = tuple(map(Decimal, theirs)) == tuple(map(Decimal, ours))
    lines = [("ClickHouse", *theirs, ""), ("PostgreSQL", *ours, "equal" if equal else "DIFFERENT")]
    verdict = "ClickHouse equals PostgreSQL." if equal else "ClickHouse does NOT equal PostgreSQL."
    return "\n".join([_table((("in", "rows", "pieces", "revenue", "verdict"), lines)), verdict])


def _other_marts(settings: Settings) -> tuple[list[tuple[str, int | None, str]], list[str]]:
    """Compare rows, sums and hashes of the marts other than the sales mart; return them, and what is wrong with them.

    One that cannot be compared says why, and does not stop the others.
    """
    rows, told = [], []
    with contextlib.closing(reach.clickhouse_client(settings)) as client:

        def ask(query: str) -> Sequence[Sequence[Any]]:
            return client.query(query).result_rows

        differences, failed = marts.compare(lambda mart: marts.differences(ask, mart))
        for mart in marts.tables():
            if mart in failed:
                rows.append((f"tshop.{mart}", None, f"cannot be compared: {marts.reason(failed[mart])}"))
                told.append(f"tshop.{mart} cannot be compared")
            else:
                ((count,),) = ask(f"SELECT count() FROM tshop.{mart}")
                rows.append((f"tshop.{mart}", count, "DIFFERENT" if differences[mart] else "equal"))
                told += differences[mart]
    return rows, told


def _comparison(from_clickhouse: Query, from_postgres: Query, of_others: list[str]) -> str:
    """Compare rows and exact sums of all versions and of the current rows, and name the batches that differ."""
    lines, verdicts = [], []
    for title, name in (("all versions", "versions"), ("current rows", "current")):
        theirs, ours = from_clickhouse(name)[1][0], from_postgres(name)[1][0]
        equal = tuple(map(Decimal, theirs)) == tuple(map(Decimal, ours))
        verdicts.append(equal)
        lines.append((title, "ClickHouse", *theirs, ""))
        lines.append((title, "PostgreSQL", *ours, "equal" if equal else "DIFFERENT"))
    differences = [*(difference for _run_id, difference in from_clickhouse("batches")[1]), *of_others]
    if all(verdicts) and not differences:
        verdict = ["ClickHouse equals PostgreSQL."]
    else:
        verdict = ["ClickHouse does NOT equal PostgreSQL.", *(f"{difference}." for difference in differences)]
    return "\n".join([_table((("mart", "in", "rows", "pieces", "revenue", "verdict"), lines)), *verdict])
