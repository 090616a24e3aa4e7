"""The marts: how a table of this ClickHouse gets the current rows of a mart of the warehouse.

A mart is a table that a file of clickhouse/ddl/ makes with a column `imported_at`. All else is asked for: its other
columns of system.columns, the mart that is published as this table, its views and its key of the warehouse's
sl.published_mart. The statements are made of the templates in clickhouse/mart/.

The sales mart is none of them: it keeps every version and is too large to be copied for each batch, so that it has
files of its own, pull.sql, reconcile.sql and publish.sql.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from clickhouse.definitions import DATABASE, DEFINITIONS, Ask, Definition
from clickhouse.files import FOLDER, statements

TEMPLATES = FOLDER / "mart"
IMPORTED_AT = "imported_at"
# What these are in every current row. A table may leave them out.
ALWAYS = {"is_current": "1", "valid_to": "toDateTime64('2299-12-31 00:00:00', 6, 'UTC')"}
COLLECTION = "tshop_warehouse"

Run = Callable[[list[str]], None]


class MartError(Exception):
    """A mart cannot be published: one sentence on why and what to do."""


def tables(folder: Path = DEFINITIONS) -> list[str]:
    """Return the names of the tables that show marts, as the files define them, without the database."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        definition = Definition.read(file)
        for statement in definition.statements:
            made = re.match(rf"CREATE TABLE IF NOT EXISTS {DATABASE}\.(\w+)", statement, re.IGNORECASE)
            if made and made[1] in definition.makes and re.search(rf"^\s*`?{IMPORTED_AT}\b", statement, re.MULTILINE):
                found.append(made[1])
    return found


@dataclass(frozen=True)
class Column:
    """A column of a mart.

    Attributes:
        name: in the warehouse and here.
        kind: text, integer, decimal, date or time: how a hash reads it.
        scale: digits after the point of a decimal.
        takes_null: whether the column of the table is Nullable.
        is_held: whether the table has it.
    """

    name: str
    kind: str
    scale: int
    takes_null: bool
    is_held: bool


@dataclass(frozen=True)
class Witness:
    """The newest build that was published, by which the warehouse is known again.

    Attributes:
        table: of the mart that was built, without the database.
        run_id, started: the build, by number and clock, in microseconds since 1970.
        schema, run_view: the warehouse's view of the builds of this mart.
    """

    table: str
    run_id: int
    started: int
    schema: str
    run_view: str

    @classmethod
    def of(cls, ask: Ask, table: str) -> "Witness | None":
        """Return that of a mart, else of any other that is published (the sales mart, too), if there is one."""
        found = ask(
            f"""
            SELECT p.mart, p.newest, p.started, w.view_schema, w.run_view
            FROM (
                SELECT mart, max(run_id) AS newest, toUnixTimestamp64Micro(argMax(started_at, run_id)) AS started
                FROM (
                    SELECT toString(mart) AS mart, run_id, started_at FROM {DATABASE}.published_mart_batch
                    UNION ALL
                    SELECT 'sales_mart' AS mart, run_id, started_at FROM {DATABASE}.published_batch
                )
                GROUP BY mart
            ) AS p
            INNER JOIN {_view("sl", "published_mart")} AS w
                ON assumeNotNull(w.published_as) = concat('{DATABASE}.', p.mart)
            ORDER BY p.mart = {_text(table)} DESC, p.newest DESC
            LIMIT 1
            """
        )
        return next((cls(*row) for row in found), None)


class Place:
    """How columns are read in a place: as they were pulled, or as the table of the mart holds them."""

    def __init__(self, columns: list[Column], is_published: bool) -> None:
        self._columns = {column.name: column for column in columns}
        self._is_published = is_published

    def of(self, name: str) -> str:
        """Return an expression of the column's value."""
        if self._is_published and not self._columns[name].is_held:
            return ALWAYS[name]
        return _name(name)

    def texts(self) -> list[str]:
        """Return the parts of the text that a row's hash is made of: sl._make_export has the same, in this order."""
        ordered = sorted(self._columns.values(), key=lambda column: column.name.encode())
        texts = [f"ifNull(toString({self.of(column.name)}), '')" for column in ordered if column.kind == "text"]
        values = [self._value(column) for column in ordered if column.kind != "text"]
        return [*values, *(f"toString(length({text}))" for text in texts), *texts]

    def _value(self, column: Column) -> str:
        value = self.of(column.name)
        text = {
            "integer": f"toString(toInt64({value}))",
            "decimal": f"toDecimalString({value}, {column.scale})",
            "date": f"toString(toInt32(toDate32({value})))",
            "time": f"toDecimalString(toDecimal64(toDateTime64({value}, 6, 'UTC'), 6), 6)",
        }[column.kind]
        return f"ifNull({text}, '')"


@dataclass(frozen=True)
class Mart:
    """A mart: the table that shows it, and what the warehouse has of it.

    Attributes:
        table: without the database.
        schema, export_view, batch_view, run_view: the warehouse's views.
        key: names of the key's columns.
        all_columns: of the export.
        sums: names of the columns that the batches add up, each with its digits after the point.
        signature: names and types of the table's columns.
    """

    table: str
    schema: str
    export_view: str
    batch_view: str
    run_view: str
    key: list[str]
    all_columns: list[Column]
    sums: list[tuple[str, int]]
    signature: str

    @property
    def name(self) -> str:
        """The table with its database."""
        return f"{DATABASE}.{_name(self.table)}"

    @property
    def staging(self) -> str:
        """The table of what was pulled."""
        return f"{DATABASE}.{_name(self.table + '_staging')}"

    @property
    def next(self) -> str:
        """The table of the next state."""
        return f"{DATABASE}.{_name(self.table + '_next')}"

    @property
    def columns(self) -> list[Column]:
        """The columns that the table has."""
        return [column for column in self.all_columns if column.is_held]

    @property
    def names(self) -> str:
        """Their names."""
        return ", ".join(_name(column.name) for column in self.columns)

    @property
    def key_names(self) -> str:
        """The names of the key's columns."""
        return ", ".join(map(_name, self.key))

    @property
    def staged_key(self) -> str:
        """The key as it was pulled, where every column is Nullable."""
        return ", ".join(f"assumeNotNull({_name(name)})" for name in self.key)

    def render(self, template: str, **values: object) -> list[str]:
        """Return the statements of a file of clickhouse/mart/."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701
        )
        environment.filters |= {"name": _name, "text": _text, "sum_of": _sum_of}
        places = {"staged": Place(self.all_columns, False), "published_place": Place(self.all_columns, True)}
        return statements(environment.get_template(f"{template}.sql.jinja").render(mart=self, **places, **values))


def read(ask: Ask, table: str) -> Mart:
    """Return a mart by the name of its table.

    Args:
        ask: returns the rows of a query.
        table: without the database.

    Raises:
        MartError: the warehouse has no mart that is published as this table, or its columns are not those of the table.
    """
    held = {
        name: kind
        for name, kind in ask(
            f"SELECT name, type FROM system.columns WHERE database = '{DATABASE}' AND table = {_text(table)} "
            "AND default_kind NOT IN ('MATERIALIZED', 'ALIAS')"
        )
        if name != IMPORTED_AT
    }
    declared = list(
        ask(
            "SELECT view_schema, export_view, batch_view, run_view, key_columns "
            f"FROM {_view('sl', 'published_mart')} WHERE published_as = {_text(f'{DATABASE}.{table}')}"
        )
    )
    if not held:
        raise MartError(f"There is no table {DATABASE}.{table}: the task prepare_clickhouse makes it.")
    if not declared:
        raise MartError(
            f"No mart of the warehouse is published as {DATABASE}.{table}: name the table in p_published_as of its "
            "declaration, and run make migrate."
        )
    schema, export_view, batch_view, run_view, key = declared[0]
    columns = [
        _column(name, kind, held.get(name))
        for name, kind, *_ in ask(f"DESCRIBE (SELECT * FROM {_view(schema, export_view)})")
    ]
    known = {column.name for column in columns}
    wrong = [
        *(f"it has {name}, and the view has not" for name in sorted(held.keys() - known)),
        *(f"it lacks {name}" for name in sorted(known - held.keys() - ALWAYS.keys())),
    ]
    if wrong:
        raise MartError(
            f"{DATABASE}.{table} has not the columns of {schema}.{export_view}: {', '.join(wrong)}. Append a statement "
            "that makes the change to the table's file in clickhouse/ddl, or correct the mart."
        )
    added = {name for name, *_ in ask(f"DESCRIBE (SELECT * FROM {_view(schema, batch_view)})")}
    sums = [(column.name, column.scale) for column in columns if _sum_of(column.name) in added]
    signature = json.dumps(held, sort_keys=True)
    return Mart(table, schema, export_view, batch_view, run_view, json.loads(key), columns, sums, signature)


def take_over(ask: Ask, run: Run, table: str) -> str:
    """Pull what is new of a mart, check it, and publish it; cut off anywhere, it is right after the next time.

    The whole mart is pulled where nothing is published yet, where it is to be healed, and where its table has not as
    many rows as were published, or other columns.

    Args:
        ask: returns the rows of a query.
        run: runs statements in their order.
        table: of the mart, without the database.

    Returns:
        What was done, in a sentence.

    Raises:
        MartError: as of read; or the warehouse is not the one published from, or sends values that would be misread.
    """
    mart = read(ask, table)
    for question in mart.render("check", witness=Witness.of(ask, table)):
        ((fault,),) = ask(question)
        if fault:
            raise MartError(fault)
    ((published, rows_then, rows_now, is_marked, healed_until),) = ask(
        f"""
        SELECT
            max(run_id),
            argMax(mart_rows, run_id),
            (SELECT count() FROM {mart.name}),
            (SELECT count() FROM {DATABASE}.mart_to_heal WHERE mart = {_text(table)}) > 0,
            (SELECT toUnixTimestamp64Micro(max(found_at)) FROM {DATABASE}.mart_to_heal WHERE mart = {_text(table)})
        FROM {DATABASE}.published_mart_batch
        WHERE mart = {_text(table)}
        """
    )
    ((columns_then,),) = ask(
        f"SELECT argMax(columns, published_at) FROM {DATABASE}.published_mart_columns WHERE mart = {_text(table)}"
    )
    is_altered = columns_then != mart.signature
    is_whole = bool(published == 0 or rows_then != rows_now or is_marked or is_altered)
    # Of a whole pull, which brings current rows only, a build is published too whose rows are all closed.
    newest = 0
    if is_whole:
        ((newest,),) = ask(f"SELECT ifNull(max(run_id), 0) FROM {_view(mart.schema, mart.run_view)}")
    condition = "is_current = 1" if is_whole else f"run_id > {published}"
    values = {"published": published, "newest": newest, "is_whole": is_whole, "condition": condition}
    run(mart.render("pull", **values))
    ((rows, batches),) = ask(f"SELECT count(), uniqExact(run_id) FROM {mart.staging}")
    if rows or is_whole:
        run(mart.render("publish", **values))
    run(mart.render("finish", healed_until=healed_until, is_altered=is_altered))
    return f"Rows of {DATABASE}.{table} copied: {rows}, batches: {batches}{', the whole mart' if is_whole else ''}"


def behind(ask: Ask) -> list[str]:
    """Return the tables of which the warehouse has a batch that is not published, cheaply enough to ask every minute.

    The table of the sales mart may be one of them. What is to be healed is not looked at.
    """
    declared = list(
        ask(
            "SELECT published_as, view_schema, batch_view "
            f"FROM {_view('sl', 'published_mart')} WHERE published_as LIKE '{DATABASE}.%' ORDER BY published_as"
        )
    )
    if not declared:
        return []
    published = dict(
        ask(
            f"""
            SELECT mart, max(run_id) FROM {DATABASE}.published_mart_batch GROUP BY mart
            UNION ALL
            SELECT 'sales_mart', max(run_id) FROM {DATABASE}.published_batch
            """
        )
    )
    newer = [
        f"SELECT {_text(table)} AS mart FROM {_view(schema, batch_view)} "
        f"WHERE run_id > {published.get(table, 0)} LIMIT 1"
        for table, schema, batch_view in ((name.split(".", 1)[1], *views) for name, *views in declared)
    ]
    return sorted(table for (table,) in ask(" UNION ALL ".join(f"SELECT mart FROM ({query})" for query in newer)))


def differences(ask: Ask, table: str) -> list[tuple[int, str]]:
    """Return the batches in which what readers see of a mart is not what the warehouse says, and how they differ."""
    (query,) = read(ask, table).render("difference")
    return sorted((batch, difference) for batch, difference in ask(query))


def mark(ask: Ask, run: Run, table: str) -> list[tuple[int, str]]:
    """Have a mart that differs pulled again whole by the next run; returns the batches that differ, and how."""
    found = differences(ask, table)
    if found:
        run(
            [
                f"INSERT INTO {DATABASE}.mart_to_heal (mart, difference) SELECT {_text(table)}, {_text(difference)}"
                for _, difference in found[:1]
            ]
        )
    return found


def compare(
    differences_of: Callable[[str], list[tuple[int, str]]],
) -> tuple[dict[str, list[str]], dict[str, MartError | DatabaseError]]:
    """Compare every mart with the warehouse. One that cannot be compared does not stop the others.

    Args:
        differences_of: compares one, as differences and mark do.

    Returns:
        By the name of the table how each differs, a sentence a batch, and why the others cannot be compared.

    Raises:
        OperationalError: ClickHouse does not answer.
    """
    found, failed = {}, {}
    for table in tables():
        try:
            found[table] = [difference for _batch, difference in differences_of(table)]
        except OperationalError:
            raise
        except (MartError, DatabaseError) as error:
            failed[table] = error
    return found, failed


def reason(error: MartError | DatabaseError) -> str:
    """Return what an error of a mart says, on one line."""
    return str(error).strip().splitlines()[0]


def _view(schema: str, view: str) -> str:
    return f"postgresql({COLLECTION}, schema = {_text(schema)}, table = {_text(view)})"


def _column(name: str, warehouse_type: str, held_type: str | None) -> Column:
    plain = re.sub(r"^Nullable\((.*)\)$", r"\1", warehouse_type)
    decimal = re.match(r"Decimal\(\d+, (\d+)\)", plain)
    kind = (
        "decimal"
        if decimal
        else {"String": "text", "Date32": "date", "Date": "date"}.get(plain)
        or ("time" if plain.startswith("DateTime") else "integer")
    )
    takes_null = bool(held_type and re.match(r"(LowCardinality\()?Nullable\(", held_type))
    return Column(name, kind, int(decimal[1]) if decimal else 0, takes_null, held_type is not None)


def _sum_of(name: str) -> str:
    # As long as a name of PostgreSQL may be.
    return f"sum_{name}"[:63]


def _name(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
