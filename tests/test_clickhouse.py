"""The way of the mart's batches into ClickHouse: whole, exact, and right after a kill at any point."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import clickhouse_connect
import jinja2
import psycopg2
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from conftest import ROOT, compose_environment

from bench import dashboard
from clickhouse.definitions import pending
from clickhouse.files import statements, statements_of
from embedded import report
from embedded.postgres import PostgresServer
from embedded.settings import Settings
from tests import endpoint
from tests.ports import free_port

SQL = ROOT / "clickhouse"
REPORT = ROOT / "embedded" / "report" / "clickhouse"
PASSWORD = "test-password"
COLUMNS = (
    *("sale_id", "version_no", "order_id", "sold_at", "sold_on", "client_id", "client_sk", "client", "client_age"),
    *("product_id", "product_sk", "product", "category", "size", "price", "quantity", "total_amount"),
    *("valid_from", "valid_to", "is_current", "run_id"),
)
SALES = 1500
# What docs/clickhouse.md advises where another warehouse is to be published.
(PUBLISH_FROM_THE_START,) = re.findall(
    r"publish this one from the start:\n`(DROP TABLE [^`]+)`", (ROOT / "docs" / "clickhouse.md").read_text()
)


class ClickHouse:
    """An endpoint of the test's own, which can be killed and started again on the same data."""

    def __init__(self, folder: Path, warehouse: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {"WAREHOUSE_DSN": warehouse}

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = endpoint.start(
            self.folder / "data", self.port, self.folder / "log", "tshop", PASSWORD, **self.environment
        )

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def client(self, **settings: int) -> Client:
        """Return a new client with these settings."""
        return clickhouse_connect.get_client(
            host="127.0.0.1",
            port=self.port,
            username="tshop",
            password=PASSWORD,
            database="default",
            settings=settings,
            autogenerate_session_id=False,
        )

    def command(self, *commands: str, **settings: int) -> None:
        """Run statements in order."""
        with closing(self.client(**settings)) as client:
            for command in commands:
                client.command(command)

    def run(self, *names: str, **settings: int) -> None:
        """Run the statements of these files of clickhouse/ in order."""
        self.command(*statements_of(*names), **settings)

    def rows(self, query: str) -> list[tuple]:
        """Return the rows of a query."""
        with closing(self.client()) as client:
            return [tuple(row) for row in client.query(query).result_rows]

    def prepare(self) -> None:
        """Do as the task prepare_clickhouse."""
        self.command(*(step.statement for step in pending(self.rows)))

    def take_over(self) -> None:
        """Do as the tasks from prepare_clickhouse on."""
        self.prepare()
        self.run("pull.sql", "reconcile.sql", "publish.sql")

    def find(self, batch: int | None = None) -> dict[int, str]:
        """Do as the DAG tshop_heal's first task; return the batches that are to be healed, and how they differ."""
        template = jinja2.Template((ROOT / "dags" / "sql" / "find_batches_to_heal.sql").read_text())
        *marking, marked = statements(template.render(params={"batch": batch}))
        self.command(*marking)
        return dict(self.rows(marked))

    def heal(self, batch: int | None = None) -> dict[int, str]:
        """Do as the DAG tshop_heal; return the batches that were healed, and how they differed."""
        found = self.find(batch)
        self.run("pull.sql", "reconcile.sql", "publish.sql", "verify.sql")
        return found


@pytest.fixture
def clickhouse(tmp_path: Path, warehouse: str) -> Iterator[ClickHouse]:
    """A running endpoint with no database of ours but an empty one, which reads the test's warehouse."""
    server = ClickHouse(tmp_path, warehouse)
    server.start()
    yield server
    server.kill()


def execute(dsn: str, *queries: str) -> list[tuple]:
    """Run queries in the warehouse, each in a transaction of its own; return the rows of the last."""
    rows = []
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for query in queries:
                cursor.execute(query)
            if cursor.description:
                rows = cursor.fetchall()
    return rows


def load(dsn: str) -> int:
    """Bring dds and the mart up to raw; return the run_id of the mart's batch."""
    row = execute(
        dsn, "CALL dds.load_client()", "CALL dds.load_product()", "CALL dds.load_sale()", "CALL cdm.build_mart()"
    )
    return row[0][0]


def sell(dsn: str, first: int, last: int) -> None:
    """Write sales first to last, an hour apart from new year on, of which some clients and products are unknown."""
    execute(
        dsn,
        f"""
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
        SELECT n, n / 3, sold_at, n % 40, n % 25, n % 4 + 1, sold_at
        FROM (SELECT n, timestamptz '2026-01-01 00:30+03' + n * interval '1 hour' AS sold_at
              FROM generate_series({first}, {last}) AS n) AS s
        """,
    )


def change(dsn: str, assignment: str, condition: str) -> None:
    """Change sales in raw as the source would, with a later update time."""
    execute(dsn, f"UPDATE raw.sale SET {assignment}, updated_at = updated_at + interval '1 day' WHERE {condition}")


@pytest.fixture
def shop(warehouse: str) -> str:
    """The warehouse with a first batch of sales over four months in the mart."""
    execute(
        warehouse,
        """
        INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
        SELECT n, 'Иван', 'Петров «' || n || '»', date '1960-01-01' + n * 400, timestamptz '2026-01-01 00:00+03'
        FROM generate_series(1, 38) AS n
        """,
        """
        INSERT INTO raw.product (product_id, name, category, size, price, updated_at)
        SELECT n, E'Платье\\t\\\\N' || n, 'Платья', 'M', 99.99 * n, timestamptz '2026-01-01 00:00+03'
        FROM generate_series(1, 23) AS n
        """,
    )
    sell(warehouse, 1, SALES)
    load(warehouse)
    return warehouse


def mart(dsn: str) -> list[tuple]:
    """Return all rows of the mart as ClickHouse is to have them."""
    return execute(dsn, f"SELECT {', '.join(COLUMNS)} FROM cdm.sales_mart_export ORDER BY sale_id, version_no")


def published(clickhouse: ClickHouse) -> list[tuple]:
    """Return all rows of tshop.sales_mart, times as UTC without zone."""
    rows = clickhouse.rows(f"SELECT {', '.join(COLUMNS)} FROM tshop.sales_mart ORDER BY sale_id, version_no")
    times = [COLUMNS.index(name) for name in ("sold_at", "valid_from", "valid_to")]
    return [
        tuple(value.replace(tzinfo=None) if index in times else value for index, value in enumerate(row))
        for row in rows
    ]


def assert_equal(clickhouse: ClickHouse, dsn: str) -> None:
    """Compare every row of the mart, the batches' sums, and the current rows."""
    expected = mart(dsn)
    assert published(clickhouse) == expected
    with closing(clickhouse.client()) as client:
        assert client.query((REPORT / "batches.sql").read_text()).result_rows == []
    current = [row[0] for row in expected if row[COLUMNS.index("is_current")] == 1]
    assert [row[0] for row in clickhouse.rows("SELECT sale_id FROM tshop.sales ORDER BY sale_id")] == current


def watermark(clickhouse: ClickHouse) -> list[int]:
    """Return the run_ids of tshop.published_batch."""
    return [row[0] for row in clickhouse.rows("SELECT run_id FROM tshop.published_batch ORDER BY run_id")]


def test_first_batch_arrives_exactly(clickhouse, shop):
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    batch = clickhouse.rows(
        "SELECT run_id, row_count, current_count, sum_quantity, sum_total_amount FROM tshop.published_batch"
    )
    assert batch == execute(
        shop, "SELECT run_id, row_count, current_count, sum_quantity, sum_total_amount FROM cdm.sales_mart_batch"
    )


@pytest.fixture
def asked(clickhouse: ClickHouse, postgres_server: PostgresServer) -> Callable[[str, str, str], list[str]]:
    """Function that runs a file of clickhouse/ and returns how the warehouse was asked for the rows of a view."""

    def ask(dsn: str, file: str, view: str) -> list[str]:
        database = urllib.parse.urlsplit(dsn).path.strip("/")
        execute(
            postgres_server.dsn("postgres"),
            f"ALTER DATABASE {database} SET log_statement = 'all'",
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'",
        )
        start = postgres_server.log_file.stat().st_size
        clickhouse.run(file)
        with postgres_server.log_file.open() as log:
            log.seek(start)
            return [line for line in log if "COPY (SELECT" in line and view in line]

    return ask


def test_warehouse_is_asked_for_what_is_new_only(clickhouse, shop, asked):
    clickhouse.take_over()
    last = watermark(clickhouse)[-1]
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    for file, view in (("pull.sql", "sales_mart_export"), ("reconcile.sql", "sales_mart_batch")):
        lines = asked(shop, file, view)
        assert lines
        assert all(f'("run_id" > {last}) OR (("run_id" >= 0) AND ("run_id" <= 0))' in line for line in lines), lines


def test_reconcile_lets_both_sides_work_at_a_time(clickhouse, shop):
    clickhouse.prepare()
    plan = str(clickhouse.rows("EXPLAIN SELECT * FROM tshop.batch_difference(held_in = 'sales_mart_staging')"))
    assert "ReadFromPostgreSQL" in plan
    assert "Union" in plan
    # The left side of a join waits for the right one.
    assert "Join" not in plan


def test_statements_may_be_run_again_without_loss(clickhouse, shop):
    clickhouse.take_over()
    clickhouse.prepare()
    clickhouse.prepare()
    assert_equal(clickhouse, shop)
    assert len(watermark(clickhouse)) == 1


def test_nothing_new_publishes_nothing(clickhouse, shop):
    clickhouse.take_over()
    load(shop)
    before = clickhouse.rows("SELECT * FROM tshop.published_batch")
    clickhouse.take_over()
    assert clickhouse.rows("SELECT * FROM tshop.published_batch") == before
    assert clickhouse.rows("SELECT count() FROM tshop.sales_mart_staging") == [(0,)]
    assert_equal(clickhouse, shop)


def test_empty_mart_publishes_nothing(clickhouse, warehouse):
    clickhouse.take_over()
    clickhouse.take_over()
    assert watermark(clickhouse) == []
    assert published(clickhouse) == []


def test_number_of_months_in_a_batch_does_not_matter(clickhouse, warehouse):
    execute(
        warehouse,
        """
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
        SELECT row_number() OVER (), 1, s, 1, 1, 1, s
        FROM generate_series(timestamptz '2000-01-05 12:00+03', now(), interval '1 month') AS s
        """,
    )
    load(warehouse)
    ((months,),) = execute(warehouse, "SELECT count(DISTINCT date_trunc('month', sold_at)) FROM cdm.sales_mart")
    assert months > 300
    parts = "SELECT count() FROM system.parts WHERE database = 'tshop' AND table = 'sales_mart' AND active"
    clickhouse.take_over()
    assert_equal(clickhouse, warehouse)
    assert clickhouse.rows(parts) == [(1,)]
    # A correction of every month closes versions and opens as many.
    change(warehouse, "quantity = 2", "true")
    load(warehouse)
    clickhouse.take_over()
    assert_equal(clickhouse, warehouse)
    ((count,),) = clickhouse.rows(parts)
    assert count <= 3


def test_several_batches_arrive_in_one_pull(clickhouse, shop):
    sell(shop, SALES + 1, SALES + 10)
    second = load(shop)
    change(shop, "quantity = 9", "sale_id IN (5, 1505)")
    third = load(shop)
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    assert watermark(clickhouse)[1:] == [second, third]


def test_correction_moves_a_sale_between_months(clickhouse, shop):
    clickhouse.take_over()
    change(shop, "sold_at = timestamptz '2026-04-30 23:59:59.123456+03'", "sale_id = 10")
    load(shop)
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    months = clickhouse.rows("SELECT toYYYYMM(sold_on) FROM tshop.sales_mart WHERE sale_id = 10 ORDER BY version_no")
    assert months == [(202601,), (202604,)]
    assert clickhouse.rows("SELECT toString(sold_on) FROM tshop.sales WHERE sale_id = 10") == [("2026-04-30",)]


def test_deleted_sale_leaves_the_current_rows_only(clickhouse, shop):
    clickhouse.take_over()
    change(shop, "is_deleted = true", "sale_id <= 100")
    load(shop)
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    assert clickhouse.rows("SELECT count(), min(sale_id) FROM tshop.sales") == [(SALES - 100, 101)]
    assert len(published(clickhouse)) == SALES


def test_unknown_client_and_product_are_filled_when_they_arrive(clickhouse, shop):
    clickhouse.take_over()
    assert clickhouse.rows("SELECT DISTINCT age_group, client FROM tshop.sales WHERE client_id = 39") == [
        ("unknown", "")
    ]
    execute(
        shop,
        "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)"
        " VALUES (39, 'Анна', 'Ким', '2000-06-01', '2026-05-01')",
    )
    load(shop)
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    assert clickhouse.rows("SELECT DISTINCT age_group, client FROM tshop.sales WHERE client_id = 39") == [
        ("25-34", "Анна Ким")
    ]


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE tshop.sales_mart_staging DELETE WHERE sale_id = 7 SETTINGS mutations_sync = 2",
        "INSERT INTO tshop.sales_mart_staging SELECT * FROM tshop.sales_mart_staging WHERE sale_id = 7",
        "ALTER TABLE tshop.sales_mart_staging UPDATE total_amount = total_amount + toDecimal64('0.01', 2)"
        " WHERE sale_id = 7 SETTINGS mutations_sync = 2",
        "TRUNCATE TABLE tshop.sales_mart_staging",
    ],
    ids=["lost", "doubled", "kopeck", "empty"],
)
def test_reconcile_names_the_batch_that_differs(clickhouse, shop, damage):
    clickhouse.prepare()
    clickhouse.run("pull.sql")
    clickhouse.command(damage)
    (run_id,) = execute(shop, "SELECT run_id FROM cdm.sales_mart_batch")[0]
    with pytest.raises(DatabaseError, match=rf"Batch {run_id} differs in .*hash. PostgreSQL has {SALES} rows"):
        clickhouse.run("reconcile.sql")
    clickhouse.take_over()
    assert_equal(clickhouse, shop)


def test_amount_that_is_no_number_is_refused_and_not_taken_for_nothing(clickhouse, shop):
    ((definition,),) = execute(shop, "SELECT pg_get_viewdef('cdm.sales_mart_export')")
    inner = definition.rstrip().rstrip(";")
    for column, digits in (("price", 12), ("total_amount", 22)):
        unknown = f"(CASE WHEN v.sale_id <> 7 THEN v.{column} END)::numeric({digits}, 2) AS {column}"
        changed = ", ".join(unknown if name == column else name for name in COLUMNS)
        execute(shop, f"CREATE OR REPLACE VIEW cdm.sales_mart_export AS SELECT {changed} FROM ({inner}) AS v")
        with pytest.raises(DatabaseError, match="Attempt to read after eof"):
            clickhouse.take_over()
        assert published(clickhouse) == []
    execute(shop, f"CREATE OR REPLACE VIEW cdm.sales_mart_export AS {definition}")
    clickhouse.take_over()
    assert_equal(clickhouse, shop)


def test_mart_built_between_pull_and_reconcile_is_found_and_cured_by_pulling_again(clickhouse, shop):
    clickhouse.prepare()
    clickhouse.run("pull.sql")
    change(shop, "quantity = 8", "sale_id <= 10")
    load(shop)
    with pytest.raises(DatabaseError, match=r"Batch \d+ differs"):
        clickhouse.run("reconcile.sql")
    clickhouse.run("pull.sql", "reconcile.sql", "publish.sql")
    assert_equal(clickhouse, shop)


def assert_refused(clickhouse: ClickHouse) -> None:
    """Pull, and expect the refusal of a warehouse that is not the one published from, with nothing changed."""
    before = published(clickhouse), watermark(clickhouse)
    with pytest.raises(DatabaseError, match="not the warehouse that was published last") as refused:
        clickhouse.take_over()
    assert "DROP" not in str(refused.value)
    assert (published(clickhouse), watermark(clickhouse)) == before


@pytest.fixture
def read_from(clickhouse: ClickHouse) -> Callable[[str], None]:
    """Function that lets ClickHouse read another warehouse from now on."""

    def restart(dsn: str) -> None:
        clickhouse.kill()
        clickhouse.environment["WAREHOUSE_DSN"] = dsn
        clickhouse.start()

    return restart


@pytest.fixture
def copy_of(postgres_server: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Function that copies a warehouse as a backup would, and returns the copy's URI; it is dropped after the test."""
    names: list[str] = []

    def make(dsn: str) -> str:
        source = urllib.parse.urlsplit(dsn).path.strip("/")
        names.append(f"{source}_copy_{len(names)}")
        # ClickHouse keeps its connections, and PostgreSQL copies no database that is in use.
        execute(
            postgres_server.dsn("postgres"),
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{source}'",
        )
        postgres_server.create_database(names[-1], source)
        return postgres_server.dsn(names[-1])

    yield make
    for name in names:
        postgres_server.drop_database(name)


# What a session of PostgreSQL writes values by, set to what nobody can read back.
UNREADABLE = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "America/New_York",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "client_encoding": "WIN1251",
}


@pytest.fixture
def set_in_database(clickhouse: ClickHouse, warehouse: str, postgres_server: PostgresServer) -> Callable[..., None]:
    """Function that gives new sessions in the warehouse these settings, none by default, and ends ClickHouse's own."""
    database = urllib.parse.urlsplit(warehouse).path.strip("/")

    def change_settings(**settings: str) -> None:
        execute(
            postgres_server.dsn("postgres"),
            f"ALTER DATABASE {database} RESET ALL",
            f"ALTER ROLE postgres IN DATABASE {database} RESET ALL",
            # A role's own setting in a database beats the database's and the role's.
            *(f"ALTER DATABASE {database} SET {name} = '{value}'" for name, value in settings.items()),
            *(f"ALTER ROLE postgres IN DATABASE {database} SET {name} = '{value}'" for name, value in settings.items()),
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'",
        )

    return change_settings


def test_settings_of_the_database_and_of_the_role_garble_nothing(clickhouse, shop, set_in_database):
    set_in_database(**UNREADABLE)
    clickhouse.take_over()
    set_in_database()
    assert_equal(clickhouse, shop)


@pytest.mark.parametrize("name", ["DateStyle", "client_encoding"])
def test_unreadable_form_is_named_and_nothing_is_published(clickhouse, shop, set_in_database, name):
    # A ClickHouse of one's own that pins nothing.
    clickhouse.kill()
    clickhouse.environment["PGOPTIONS"] = "-c statement_timeout=0"
    clickhouse.start()
    set_in_database(**{name: UNREADABLE[name]})
    with pytest.raises(DatabaseError, match=f"{name} is {UNREADABLE[name]}") as refused:
        clickhouse.take_over()
    assert "DROP" not in str(refused.value)
    assert published(clickhouse) == []
    set_in_database()
    clickhouse.take_over()
    assert_equal(clickhouse, shop)


@pytest.mark.parametrize("more", [0, 3], ids=["equal-run-ids", "higher-run-ids"])
def test_another_warehouse_is_refused(clickhouse, warehouse, copy_of, read_from, more):
    other = copy_of(warehouse)
    for dsn in (warehouse, other):
        sell(dsn, 1, 10)
        load(dsn)
    for number in range(more):
        sell(other, 11 + number, 11 + number)
        load(other)
    batches = [execute(dsn, "SELECT max(run_id) FROM cdm.sales_mart")[0][0] for dsn in (warehouse, other)]
    assert batches[1] - batches[0] == 4 * more
    clickhouse.take_over()
    read_from(other)
    assert_refused(clickhouse)
    clickhouse.command(PUBLISH_FROM_THE_START)
    clickhouse.take_over()
    assert_equal(clickhouse, other)


def test_older_backup_is_refused(clickhouse, shop, copy_of, read_from):
    backup = copy_of(shop)
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    clickhouse.take_over()
    read_from(backup)
    assert_refused(clickhouse)


def test_older_backup_that_grew_past_what_was_published_is_refused(clickhouse, shop, copy_of, read_from):
    backup = copy_of(shop)
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    clickhouse.take_over()
    for number in range(3):
        sell(backup, SALES + 1 + number, SALES + 1 + number)
        load(backup)
    read_from(backup)
    assert_refused(clickhouse)


def test_backup_that_holds_all_that_was_published_goes_on(clickhouse, shop, copy_of, read_from):
    clickhouse.take_over()
    load(shop)
    backup = copy_of(shop)
    sell(backup, SALES + 1, SALES + 10)
    load(backup)
    read_from(backup)
    clickhouse.take_over()
    assert_equal(clickhouse, backup)


def test_warehouse_changed_between_pull_and_publish_is_found_by_the_next_pull(clickhouse, shop, copy_of, read_from):
    backup = copy_of(shop)
    for dsn in (shop, backup):
        sell(dsn, SALES + 1, SALES + 10)
        load(dsn)
    clickhouse.prepare()
    clickhouse.run("pull.sql", "reconcile.sql")
    read_from(backup)
    clickhouse.run("publish.sql")
    # What was pulled is what readers see; only the builds' clocks, and so the hash, tell it from the other warehouse's.
    assert published(clickhouse) == mart(shop)
    assert_refused(clickhouse)


def lose_what_readers_see(clickhouse, shop, copy_of, read_from) -> str:
    """Cut a publishing off once readers see it, and let ClickHouse read another warehouse's batch of the same number.

    Returns:
        The URI of that warehouse.
    """
    clickhouse.take_over()
    backup = copy_of(shop)
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    clickhouse.run("pull.sql", "reconcile.sql")
    steps = statements_of("publish.sql")
    swap = next(number for number, step in enumerate(steps) if step.startswith("EXCHANGE"))
    clickhouse.command(*steps[: swap + 1])
    sell(backup, SALES + 1, SALES + 5)
    load(backup)
    read_from(backup)
    return backup


def test_batch_that_readers_see_and_the_warehouse_lost_is_not_built_upon(clickhouse, shop, copy_of, read_from):
    lose_what_readers_see(clickhouse, shop, copy_of, read_from)
    before = published(clickhouse)
    with pytest.raises(DatabaseError, match="rows of a build that this warehouse does not have") as refused:
        clickhouse.take_over()
    assert "DROP" not in str(refused.value)
    assert published(clickhouse) == before


def test_published_batch_records_the_clock_of_the_build(clickhouse, shop):
    clickhouse.take_over()
    ledger = clickhouse.rows("SELECT run_id, toString(started_at) FROM tshop.published_batch")
    assert ledger == execute(
        shop, "SELECT run_id, to_char(started_at, 'YYYY-MM-DD HH24:MI:SS.US') FROM cdm.sales_mart_run"
    )


def test_step_done_twice_is_not_published(clickhouse, shop):
    clickhouse.take_over()
    before = published(clickhouse)
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    clickhouse.run("pull.sql", "reconcile.sql")
    steps = statements_of("publish.sql")
    swap = next(number for number, step in enumerate(steps) if step.startswith("EXCHANGE"))
    twice = [step for step in steps[:swap] for _ in range(1 + step.startswith("ALTER"))]
    with pytest.raises(DatabaseError, match="nothing was published"):
        clickhouse.command(*twice)
    assert published(clickhouse) == before
    clickhouse.run("publish.sql")
    assert_equal(clickhouse, shop)


def test_kill_during_a_pull_loses_and_doubles_nothing(clickhouse, shop):
    ((definition,),) = execute(shop, "SELECT pg_get_viewdef('cdm.sales_mart_export')")
    inner = definition.rstrip().rstrip(";")
    # The view stops in mid-stream, and ClickHouse writes blocks small enough that some are written by then.
    execute(
        shop,
        f"CREATE OR REPLACE VIEW cdm.sales_mart_export AS SELECT v.* FROM ({inner} ORDER BY m.sale_id OFFSET 0) AS v"
        " WHERE v.sale_id <= 1000 OR pg_sleep(600)::text IS NOT NULL",
    )
    clickhouse.prepare()
    small = dict.fromkeys(("max_block_size", "max_insert_block_size", "min_insert_block_size_rows"), 100)

    def pull() -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the client says when the server dies
            clickhouse.run("pull.sql", **small)

    thread = threading.Thread(target=pull)
    thread.start()
    arrived = 0
    for _ in range(300):
        time.sleep(0.1)
        if clickhouse.rows("EXISTS TABLE tshop.sales_mart_staging") == [(1,)]:
            ((arrived,),) = clickhouse.rows("SELECT count() FROM tshop.sales_mart_staging")
        if arrived:
            break
    clickhouse.kill()
    thread.join()
    assert 0 < arrived < SALES

    execute(
        shop,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
        f"CREATE OR REPLACE VIEW cdm.sales_mart_export AS {definition}",
    )
    clickhouse.start()
    assert published(clickhouse) == []
    clickhouse.take_over()
    assert_equal(clickhouse, shop)


@pytest.mark.timeout(600)
def test_kill_between_the_steps_of_publishing_loses_and_doubles_nothing(clickhouse, shop):
    clickhouse.take_over()
    steps = statements_of("publish.sql")
    changing = [
        number
        for number, step in enumerate(steps, 1)
        if step.startswith(("DELETE", "ALTER", "EXCHANGE", "INSERT")) and "tshop.batch_to_heal" not in step
    ]
    assert len(changing) == 7
    for number in changing:
        old = published(clickhouse)
        sell(shop, SALES + number * 10, SALES + number * 10 + 9)
        change(shop, "quantity = quantity + 1", f"sale_id % 100 = {number}")
        change(shop, "is_deleted = true", f"sale_id = {number}")
        load(shop)
        clickhouse.run("pull.sql", "reconcile.sql")
        clickhouse.command(*steps[:number])
        clickhouse.kill()
        clickhouse.start()
        assert published(clickhouse) in (old, mart(shop)), steps[number - 1]
        if number % 2:
            clickhouse.take_over()
        else:
            clickhouse.run("publish.sql")
        assert_equal(clickhouse, shop)
    batches = watermark(clickhouse)
    assert len(batches) == len(set(batches)) == len(changing) + 1


def test_nothing_is_merged_while_closed_versions_are_taken_out_and_all_is_after_it(clickhouse, shop):
    def parts(table: str, fewer_than: int) -> int:
        """Write published rows twenty times more, a part each; return how many parts there are.

        That is once they are few enough, and five seconds later at most.
        """
        for _ in range(20):
            clickhouse.command(f"INSERT INTO tshop.{table} SELECT * EXCEPT age_group FROM tshop.sales_mart LIMIT 9")
        for _ in range(50):
            ((count,),) = clickhouse.rows(f"SELECT count() FROM system.parts WHERE table = '{table}' AND active")
            if count < fewer_than:
                break
            time.sleep(0.1)
        return count

    clickhouse.take_over()
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    clickhouse.run("pull.sql", "reconcile.sql")
    steps = statements_of("publish.sql")
    mutation = next(number for number, step in enumerate(steps) if step.startswith("DELETE"))
    clickhouse.command(*steps[:mutation])
    ((attached,),) = clickhouse.rows("SELECT count() FROM system.parts WHERE table = 'sales_mart_next' AND active")
    assert parts("sales_mart_next", fewer_than=attached + 20) == attached + 20
    clickhouse.run("publish.sql")
    assert_equal(clickhouse, shop)
    assert parts("sales_mart", fewer_than=20) < 20


def test_reader_never_sees_half_a_batch(clickhouse, shop):
    clickhouse.take_over()
    query = "SELECT count(), sum(quantity), sum(version_no) FROM tshop.sales"
    allowed = set(clickhouse.rows(query))
    seen: set[tuple] = set()
    stop = threading.Event()

    def read() -> None:
        with closing(clickhouse.client()) as client:
            while not stop.is_set():
                seen.add(tuple(client.query(query).first_row))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 3):
            change(shop, f"quantity = quantity + {number}", f"sale_id % 7 = {number}")
            load(shop)
            clickhouse.take_over()
            allowed |= set(clickhouse.rows(query))
    finally:
        stop.set()
        reader.join()
    assert len(allowed) == 3
    assert len(seen) > 1
    assert seen <= allowed


def two_batches(dsn: str, clickhouse: ClickHouse) -> tuple[int, int]:
    """Publish a second batch, which closes versions of the first; return the run_ids of both."""
    change(dsn, "quantity = quantity + 1", "sale_id % 50 = 1")
    change(dsn, "sold_at = timestamptz '2026-05-30 12:00+03'", "sale_id = 11")
    load(dsn)
    clickhouse.take_over()
    first, second = (row[0] for row in execute(dsn, "SELECT run_id FROM cdm.sales_mart_batch ORDER BY run_id"))
    return first, second


def update(assignment: str, condition: str) -> str:
    """Return the statement that damages published rows."""
    return f"ALTER TABLE tshop.sales_mart UPDATE {assignment} WHERE {condition} SETTINGS mutations_sync = 2"


def insert(replacement: str, condition: str) -> str:
    """Return the statement that publishes rows a second time, some columns replaced."""
    rows = f"(SELECT * FROM tshop.sales_mart WHERE {condition})"
    return f"INSERT INTO tshop.sales_mart SELECT * REPLACE ({replacement}) FROM {rows}"


def delete(condition: str) -> str:
    """Return the statement that takes published rows out."""
    return f"ALTER TABLE tshop.sales_mart DELETE WHERE {condition} SETTINGS mutations_sync = 2"


KOPECK = "toDecimal64('0.01', 2)"
ALL = "rows, current rows, quantity, amount, hash"
# What was done to the published rows, in which of the two batches it is found (0 is one the warehouse does not have),
# and in what they differ then. That no column is left out of the hash is pgTAP's to test.
DAMAGES: dict[str, tuple[list[str], dict[int, str]]] = {
    "one kopeck in one row": ([update(f"total_amount = total_amount + {KOPECK}", "sale_id = 7")], {1: "amount, hash"}),
    "two kopecks moved between two rows": (
        [update(f"total_amount = total_amount + if(sale_id = 7, 2, -2) * {KOPECK}", "sale_id IN (7, 8)")],
        {1: "hash"},
    ),
    "one letter of a name": ([update("client = replaceOne(client, 'в', 'б')", "sale_id = 7")], {1: "hash"}),
    "one row lost": ([delete("sale_id = 7")], {1: ALL}),
    "one row doubled": ([insert("sale_id AS sale_id", "sale_id = 7")], {1: ALL}),
    "one row too many": ([insert("900000 AS sale_id", "sale_id = 7")], {1: ALL}),
    "the key of another row": ([insert("8 AS sale_id", "sale_id = 7"), delete("sale_id = 7")], {1: "hash"}),
    "the number of another batch": (
        [update("run_id = {second}", "sale_id = 7"), update("run_id = 999", "sale_id = 8")],
        {1: ALL, 2: ALL, 0: ALL},
    ),
    "many things": (
        [
            delete("run_id = {second}"),
            insert("addMonths(sold_on, 1) AS sold_on", "sale_id = 9"),
            delete("sale_id % 7 = 3"),
            update("client_age = ifNull(client_age, 0) + 1, size = ''", "sale_id % 5 = 1"),
            insert("0 AS is_current, 70 AS version_no", "sale_id < 50"),
        ],
        {1: ALL, 2: ALL},
    ),
    "everything lost": (["TRUNCATE TABLE tshop.sales_mart"], {1: ALL, 2: ALL}),
}


# Each is healed by a whole run, which takes seconds: a soak tries them all.
FEW_DAMAGES = ("one kopeck in one row", "two kopecks moved between two rows", "one row lost", "many things")
DAMAGES_TRIED = tuple(DAMAGES) if os.environ.get("TSHOP_DAMAGES") == "all" else FEW_DAMAGES


@pytest.mark.timeout(600)
def test_damage_is_found_named_and_healed(clickhouse, shop):
    clickhouse.take_over()
    first, second = two_batches(shop, clickhouse)
    ledger = clickhouse.rows("SELECT * FROM tshop.published_batch ORDER BY run_id")
    clickhouse.run("verify.sql")
    assert clickhouse.find() == {}
    for name in DAMAGES_TRIED:
        damage, expected = DAMAGES[name]
        clickhouse.command(*(statement.format(second=second) for statement in damage))
        assert published(clickhouse) != mart(shop), name
        with pytest.raises(DatabaseError, match=r"Batch \d+ differs in .*Run the DAG tshop_heal"):
            clickhouse.run("verify.sql")
        found = clickhouse.heal()
        batches = {{1: first, 2: second, 0: 999}[number]: parts for number, parts in expected.items()}
        assert set(found) == set(batches), name
        for run_id, parts in batches.items():
            assert f"Batch {run_id} differs in {parts}" in found[run_id], name
        assert published(clickhouse) == mart(shop), name
    assert_equal(clickhouse, shop)
    assert clickhouse.find() == {}
    # What was published when is not told anew.
    assert clickhouse.rows("SELECT * FROM tshop.published_batch ORDER BY run_id") == ledger
    assert clickhouse.rows("SELECT count() FROM tshop.staged_batch_to_heal") == [(0,)]


# What hands may do to what readers see: each is made good by the next run of tshop_daily.
LOSSES = {
    "the table dropped": "DROP TABLE tshop.sales_mart SYNC",
    "a month deleted": delete("sold_on < '2026-02-01'"),
    "all current rows dropped": "ALTER TABLE tshop.sales_mart DROP PARTITION 1",
    "everything dropped": "DROP DATABASE tshop SYNC",
    "the table and its state dropped": "DROP TABLE tshop.sales_mart, tshop.published_state SYNC",
    "rows added": insert("70000 AS sale_id", "sale_id = 9"),
    "the ledger dropped": "DROP TABLE tshop.published_batch SYNC",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_is_made_good_by_the_next_run(clickhouse, shop, loss):
    clickhouse.take_over()
    two_batches(shop, clickhouse)
    ledger = watermark(clickhouse)
    clickhouse.command(LOSSES[loss])
    clickhouse.prepare()
    sell(shop, SALES + 21, SALES + 25)
    third = load(shop)
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    assert watermark(clickhouse) == [*ledger, third]
    assert clickhouse.rows("SELECT count() FROM tshop.batch_to_heal") == [(0,)]
    clickhouse.take_over()
    assert_equal(clickhouse, shop)


def test_loss_between_pull_and_publish_publishes_nothing(clickhouse, shop):
    clickhouse.take_over()
    first, second = two_batches(shop, clickhouse)
    sell(shop, SALES + 21, SALES + 25)
    load(shop)
    clickhouse.run("pull.sql", "reconcile.sql")
    clickhouse.command("DROP TABLE tshop.sales_mart SYNC")
    clickhouse.prepare()
    with pytest.raises(DatabaseError, match="lost or added since the pull; nothing was published"):
        clickhouse.run("publish.sql")
    assert watermark(clickhouse) == [first, second]
    clickhouse.take_over()
    assert_equal(clickhouse, shop)


def test_batch_that_is_named_is_pulled_again_and_no_other(clickhouse, shop, postgres_server):
    clickhouse.take_over()
    first, second = two_batches(shop, clickhouse)
    clickhouse.command(update("quantity = 0", "sale_id % 10 = 1"))
    assert clickhouse.find(second) == {second: f"Batch {second} was named by the run"}
    clickhouse.take_over()
    assert list(clickhouse.find()) == [first]
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    with pytest.raises(DatabaseError, match="There is no batch 12345"):
        clickhouse.find(12345)
    assert clickhouse.find() == {}


def test_warehouse_is_asked_for_the_batches_to_heal_only(clickhouse, shop, asked):
    clickhouse.take_over()
    batches = []
    for number in range(3):
        sell(shop, SALES + 1 + number, SALES + 1 + number)
        batches.append(load(shop))
    clickhouse.take_over()
    clickhouse.command(update("quantity = 0", f"run_id = {batches[1]}"))
    assert list(clickhouse.find()) == [batches[1]]
    condition = f'("run_id" > {batches[2]}) OR (("run_id" >= {batches[1]}) AND ("run_id" <= {batches[1]}))'
    for file, view in (("pull.sql", "sales_mart_export"), ("reconcile.sql", "sales_mart_batch")):
        lines = asked(shop, file, view)
        assert lines
        assert all(condition in line for line in lines), lines
    clickhouse.run("publish.sql")
    assert_equal(clickhouse, shop)


def test_batches_between_those_to_heal_stay_as_they_are(clickhouse, shop):
    clickhouse.take_over()
    batches = watermark(clickhouse)
    for number in range(2):
        sell(shop, SALES + 1 + number, SALES + 1 + number)
        batches.append(load(shop))
        clickhouse.take_over()
    clickhouse.command(update("quantity = 0", f"run_id IN ({batches[0]}, {batches[2]})"))
    clickhouse.find()
    clickhouse.run("pull.sql")
    staged = clickhouse.rows("SELECT DISTINCT run_id FROM tshop.sales_mart_staging ORDER BY run_id")
    assert [row[0] for row in staged] == [batches[0], batches[2]]
    clickhouse.run("reconcile.sql", "publish.sql", "verify.sql")
    assert_equal(clickhouse, shop)


def test_new_build_and_healing_in_one_pull(clickhouse, shop):
    clickhouse.take_over()
    first, second = two_batches(shop, clickhouse)
    clickhouse.command(delete("sale_id IN (7, 100, 101)"), update("quantity = 77", "sale_id = 12"))
    assert set(clickhouse.find()) == {first, second}
    # The new build takes rows over from both, damaged ones among them.
    change(shop, "quantity = 8", "sale_id IN (7, 8, 12, 100)")
    third = load(shop)
    clickhouse.take_over()
    clickhouse.run("verify.sql")
    assert_equal(clickhouse, shop)
    assert watermark(clickhouse) == [first, second, third]


def test_batch_found_while_another_is_published_is_left_to_the_next_pull(clickhouse, shop):
    clickhouse.take_over()
    first, second = two_batches(shop, clickhouse)
    clickhouse.command(update("quantity = 0", "sale_id = 7"))
    clickhouse.find(first)
    clickhouse.run("pull.sql", "reconcile.sql")
    clickhouse.command(update("quantity = 0", f"run_id = {second}"))
    clickhouse.find(second)
    clickhouse.run("publish.sql")
    assert list(clickhouse.find()) == [second]
    clickhouse.take_over()
    assert_equal(clickhouse, shop)
    assert clickhouse.find() == {}


def test_rows_of_a_build_that_the_warehouse_lost_are_healed(clickhouse, shop, copy_of, read_from):
    backup = lose_what_readers_see(clickhouse, shop, copy_of, read_from)
    with pytest.raises(DatabaseError, match="Run the DAG tshop_heal"):
        clickhouse.take_over()
    clickhouse.heal()
    assert_equal(clickhouse, backup)


@pytest.mark.timeout(600)
def test_kill_between_the_steps_of_healing_loses_and_doubles_nothing(clickhouse, shop):
    clickhouse.take_over()
    two_batches(shop, clickhouse)
    steps = statements_of("pull.sql", "reconcile.sql", "publish.sql")
    to_publish = len(steps) - len(statements_of("publish.sql"))
    # Where the pull takes note of what is to be healed, where readers see it, and the last steps that forget it.
    telling = ("CREATE OR REPLACE TABLE tshop.staged_batch_to_heal", "EXCHANGE", "TRUNCATE")
    changing = [number for number, step in enumerate(steps, 1) if step.startswith(telling)]
    assert len(changing) == 4
    for number in changing:
        clickhouse.command(delete("sale_id = 7"), insert("70000 AS sale_id", "sale_id = 9"))
        damaged = published(clickhouse)
        clickhouse.find()
        clickhouse.command(*steps[:number])
        clickhouse.kill()
        clickhouse.start()
        assert published(clickhouse) in (damaged, mart(shop)), steps[number - 1]
        if number > to_publish:
            # As the task does when it alone is tried again.
            clickhouse.run("publish.sql")
        clickhouse.run("pull.sql", "reconcile.sql", "publish.sql")
        assert published(clickhouse) == mart(shop), steps[number - 1]
        assert clickhouse.rows("SELECT count() FROM tshop.batch_to_heal") == [(0,)]
    assert_equal(clickhouse, shop)


TO_ERASE = (ROOT / "dags" / "sql" / "anything_to_erase.sql").read_text()


def erase(clickhouse: ClickHouse, dsn: str, client_id: int, name: str) -> None:
    """Do as the task erase, which is asked for since the name is on the disk, though masked, and which takes it off."""
    on_disk = f"SELECT count() > 0 FROM tshop.sales_mart WHERE client = '{name}' AND client_id = {client_id} "
    on_disk += "SETTINGS apply_deleted_mask = 0"
    assert (clickhouse.rows(on_disk), clickhouse.rows(TO_ERASE)) == ([(True,)], [(True,)])
    clickhouse.run("erase.sql")
    assert (clickhouse.rows(on_disk), clickhouse.rows(TO_ERASE)) == ([(False,)], [(False,)])
    erased = execute(dsn, "SELECT mart_run_id FROM sl.erasure")
    assert clickhouse.rows("SELECT run_id FROM tshop.erased_batch") == erased


def test_a_forgotten_name_leaves_the_disk(clickhouse, shop):
    # A name that was masked before, when its sale was corrected, and one that is shown.
    clickhouse.take_over()
    execute(
        shop, "UPDATE raw.sale SET quantity = quantity + 1, updated_at = updated_at + interval '1 h' WHERE sale_id = 1"
    )
    load(shop)
    clickhouse.take_over()
    ((client_id, name),) = clickhouse.rows("SELECT DISTINCT client_id, client FROM tshop.sales_mart WHERE sale_id = 1")
    figures = "SELECT count(), sum(total_amount), sum(client_age), uniqExact(client_id) FROM tshop.sales"
    before = clickhouse.rows(figures)
    assert clickhouse.rows(TO_ERASE) == [(False,)]

    execute(shop, f"CALL dds.forget_client({client_id})")
    clickhouse.take_over()
    assert clickhouse.rows(f"SELECT DISTINCT client FROM tshop.sales_mart WHERE client_id = {client_id}") == [("",)]
    erase(clickhouse, shop, client_id, name)
    assert clickhouse.rows(figures) == before
    assert_equal(clickhouse, shop)
    clickhouse.run("verify.sql")

    # Forgotten again, nothing is there to erase.
    execute(shop, f"CALL dds.forget_client({client_id})")
    sell(shop, SALES + 1, SALES + 10)
    load(shop)
    clickhouse.take_over()
    assert clickhouse.rows(TO_ERASE) == [(False,)]


def test_a_forgotten_name_leaves_the_disk_though_its_sales_were_cancelled_before_the_pull(clickhouse, shop):
    clickhouse.take_over()
    ((client_id, name),) = clickhouse.rows("SELECT DISTINCT client_id, client FROM tshop.sales_mart WHERE sale_id = 1")
    execute(shop, f"CALL dds.forget_client({client_id})")
    change(shop, "is_deleted = true", f"client_id = {client_id}")
    load(shop)
    # All rows that the erasure wrote are the next build's now.
    clickhouse.take_over()
    erase(clickhouse, shop, client_id, name)


def test_charts_read_aggregates_that_equal_the_rows(clickhouse, shop):
    clickhouse.take_over()
    two_batches(shop, clickhouse)
    change(shop, "is_deleted = true", "sale_id <= 100")
    load(shop)
    clickhouse.take_over()
    for chart, query in dashboard.queries(date(2026, 1, 1), date(2026, 6, 1), {}).items():
        # A part whose rows are all masked has none.
        assert "ReadFromMergeTree (day_by_" in str(clickhouse.rows(f"EXPLAIN {query}")), chart
        assert clickhouse.rows(query) == clickhouse.rows(f"{query} SETTINGS optimize_use_projections = 0"), chart


def test_aggregates_of_rows_that_were_there_before_are_made(clickhouse, shop, tmp_path):
    old = shutil.copytree(SQL / "ddl", tmp_path / "ddl")
    table = old / "05_sales_mart.sql"
    # As it was before it counted clients without guests.
    before, *_ = table.read_text().partition("-- A guest's client_id is 0")
    table.write_text(before)
    clickhouse.command(*(step.statement for step in pending(clickhouse.rows, old)))
    clickhouse.run("pull.sql", "reconcile.sql", "publish.sql")
    query = dashboard.queries(date(2026, 1, 1), date(2026, 6, 1), {})["Clients"]
    assert "ReadFromMergeTree (day_by_" not in str(clickhouse.rows(f"EXPLAIN {query}"))
    clickhouse.prepare()
    assert "ReadFromMergeTree (day_by_" in str(clickhouse.rows(f"EXPLAIN {query}"))
    assert clickhouse.rows(query) == clickhouse.rows(f"{query} SETTINGS optimize_use_projections = 0")
    assert clickhouse.rows("SELECT DISTINCT name FROM system.projections WHERE table = 'sales_mart' ORDER BY 1") == [
        ("day_by_age",),
        ("day_by_all",),
        ("day_by_size",),
    ]
    two_batches(shop, clickhouse)
    assert_equal(clickhouse, shop)


def test_guests_and_returns_arrive_exactly_and_are_no_clients(clickhouse, warehouse):
    execute(
        warehouse,
        """
        INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
        VALUES (1, 'Анна', 'Иванова', '1990-05-05', '2026-01-01'), (2, 'Иван', 'Ким', '2000-05-05', '2026-01-01')
        """,
        """
        INSERT INTO raw.product (product_id, name, category, size, price, updated_at)
        VALUES (1, 'Платье', 'Платья', 'M', 100.00, '2026-01-01')
        """,
        """
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, unit_price, updated_at)
        SELECT n, order_id, '2026-01-02 12:00+03', client_id, product_id, quantity, unit_price, '2026-01-02 12:00+03'
        FROM (VALUES
            (1, 1, 1, 1, 2, NULL), (2, 1, 1, 1, -1, NULL),
            (3, 2, NULL, 1, 3, 90.50), (4, 3, NULL, 1, -1, 90.50), (5, 4, NULL, 404, 1, NULL)
        ) AS s (n, order_id, client_id, product_id, quantity, unit_price)
        """,
    )
    load(warehouse)
    clickhouse.take_over()
    assert_equal(clickhouse, warehouse)
    columns = "sale_id, client_id, client, client_age, price, quantity, total_amount"
    assert clickhouse.rows(f"SELECT {columns} FROM tshop.sales ORDER BY sale_id") == [
        (1, 1, "Анна Иванова", 35, Decimal("100.00"), 2, Decimal("200.00")),
        (2, 1, "Анна Иванова", 35, Decimal("100.00"), -1, Decimal("-100.00")),
        (3, 0, "", None, Decimal("90.50"), 3, Decimal("271.50")),
        (4, 0, "", None, Decimal("90.50"), -1, Decimal("-90.50")),
        (5, 0, "", None, Decimal("0.00"), 1, Decimal("0.00")),
    ]
    charts = dashboard.queries(date(2026, 1, 1), date(2026, 2, 1), {})
    figures = ("Total revenue", "Clients", "Items per order", "Average order value")
    assert [clickhouse.rows(charts[name])[0][0] for name in figures] == [Decimal("281.00"), 1, 1.0, 70.25]
    text = rendered(clickhouse, warehouse)
    assert re.search(r"^Clients \(guests left out\) +1$", text, re.MULTILINE)
    assert re.search(r"^unknown +181.00 +3 +0$", text, re.MULTILINE)

    # A guest turns out to be a client, a client a guest.
    change(warehouse, "client_id = 2", "sale_id = 3")
    change(warehouse, "client_id = NULL", "order_id = 1")
    load(warehouse)
    clickhouse.take_over()
    assert_equal(clickhouse, warehouse)
    assert clickhouse.rows("SELECT client_id FROM tshop.sales ORDER BY sale_id") == [(0,), (0,), (2,), (0,), (0,)]
    clickhouse.run("verify.sql")


@pytest.mark.parametrize("version", ["24.12.9.1", "25.7.9.61"])
def test_server_that_is_too_old_is_refused(clickhouse, version):
    (statement,) = statements_of("ddl/00_version.sql")
    clickhouse.command(statement, statement.replace("version()", "'25.8.1.5101'"))
    with pytest.raises(DatabaseError, match=f"This is ClickHouse {version}, and T-Shop needs 25.8 or newer: let"):
        clickhouse.command(statement.replace("version()", f"'{version}'"))


def rendered(clickhouse: ClickHouse, dsn: str) -> str:
    """Return the report of this ClickHouse and this warehouse."""
    url = f"http://tshop:{PASSWORD}@127.0.0.1:{clickhouse.port}/tshop"
    return report.render(Settings(clickhouse.folder, external_warehouse=dsn, external_clickhouse=url))


def test_report_names_the_batches_that_differ(clickhouse, shop):
    clickhouse.take_over()
    assert "ClickHouse equals PostgreSQL." in rendered(clickhouse, shop)
    (first,) = watermark(clickhouse)
    # Sums of the whole that are equal, of batches that are not.
    clickhouse.command("ALTER TABLE tshop.sales_mart UPDATE run_id = 999 WHERE sale_id = 7 SETTINGS mutations_sync = 2")
    text = rendered(clickhouse, shop)
    assert "ClickHouse does NOT equal PostgreSQL." in text
    assert f"Batch {first} differs in rows, current rows, quantity, amount, hash. PostgreSQL has {SALES} rows" in text
    assert f"ClickHouse has {SALES - 1} rows" in text
    assert re.search(r"Batch 999 differs in [^.]+. PostgreSQL has 0 rows", text)


def test_report_says_of_a_mart_why_it_cannot_be_compared_and_compares_the_others(clickhouse, shop):
    clickhouse.take_over()
    clickhouse.command(
        "ALTER TABLE tshop.user_sales DROP COLUMN paid_orders",
        "DROP TABLE tshop.region_sales",
        "INSERT INTO tshop.category_tree (category_id, run_id) VALUES (1, 999)",
    )
    execute(shop, "ALTER VIEW cdm.product_sales_batch RENAME COLUMN row_hash TO other")
    text = rendered(clickhouse, shop)
    reasons = {
        "user_sales": "tshop.user_sales has not the columns of cdm.user_sales_export: it lacks paid_orders.",
        "product_sales": "Code: ",
        "region_sales": "There is no table tshop.region_sales",
    }
    for mart, reason in reasons.items():
        assert re.search(rf"^tshop\.{mart} +-  cannot be compared: .*{re.escape(reason)}", text, re.MULTILINE), text
        assert re.search(rf"^tshop\.{mart} cannot be compared\.$", text, re.MULTILINE), text
    assert re.search(r"^tshop\.category_tree +1  DIFFERENT$", text, re.MULTILINE)
    assert re.search(r"^tshop\.daily_sales +0  equal$", text, re.MULTILINE)
    assert "Batch 999 of tshop.category_tree differs in rows" in text
    assert "ClickHouse does NOT equal PostgreSQL." in text


def test_report_of_a_shop_that_has_sold_nothing(clickhouse, warehouse):
    clickhouse.take_over()
    text = rendered(clickhouse, warehouse)
    assert re.search(r"^Average order value, RUB +-$", text, re.MULTILINE)
    assert re.search(r"^Most popular size +-$", text, re.MULTILINE)
    assert "ClickHouse equals PostgreSQL." in text


def test_report_takes_the_age_groups_of_the_view(clickhouse, shop):
    clickhouse.take_over()
    (view,) = statements_of("ddl/10_sales.sql")
    clickhouse.command(
        view.replace("age_group", "if(age_group = '25-34', 'twenty-five and up', age_group) AS age_group")
    )
    assert "twenty-five and up" in rendered(clickhouse, shop)


# Runs files of SQL in an engine that has a real server's configuration, as chDB's own user; ends with 1 on the first
# statement that fails.
IN_A_SERVER = """
import sys
import chdb
from clickhouse.files import statements_of
connection = chdb.connect(sys.argv[1])
for file in sys.argv[2:]:
    for statement in statements_of(file):
        try:
            print(connection.query(statement, "TSV").bytes().decode(), end="")
        except Exception as error:
            sys.exit(f"{file}: {statement[:80]}: {error}")
"""


@pytest.fixture
def server_config(tmp_path: Path) -> Path:
    """The configuration of clickhouse/server/ as a server would put it together, for chDB, whose user is "default"."""
    users = (SQL / "server" / "users.d" / "tshop.xml").read_text()
    users = users.replace('<default remove="remove"/>', "")
    users = re.sub(r"<(/?)tshop>(?=\s*(<password|</users>))", r"<\1default>", users)
    users = users.replace("</profiles>", "<default/></profiles><quotas><default/></quotas>")
    (tmp_path / "users.xml").write_text(users)
    config = (SQL / "server" / "config.d" / "tshop.xml").read_text()
    config = config.replace("<listen_host>", f"<users_config>{tmp_path / 'users.xml'}</users_config><listen_host>")
    config = config.replace("<console>1</console>", "").replace("information", "fatal")
    (tmp_path / "config.xml").write_text(config)
    return tmp_path / "config.xml"


def test_grants_of_the_server_and_of_its_reader_suffice(tmp_path, compose_server, server_config):
    environment = {**compose_environment("clickhouse", compose_server.port), "TSHOP_CLICKHOUSE_PASSWORD": ""}
    owner = compose_environment("migrate", compose_server.port)["WAREHOUSE_DSN"]
    sell(owner, 1, 10)
    load(owner)
    files = [*sorted((SQL / "ddl").glob("*.sql")), *(SQL / f"{name}.sql" for name in ("pull", "reconcile", "publish"))]
    (tmp_path / "count.sql").write_text("SELECT 'sales', count() FROM tshop.sales")
    (tmp_path / "escape.sql").write_text("SELECT * FROM file('/etc/passwd', 'LineAsString')")

    def run(*names: Path) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", IN_A_SERVER, f"{tmp_path / 'server'}?config-file={server_config}", *names],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    answer = run(*files, *files, REPORT / "batches.sql", tmp_path / "count.sql")
    assert answer.returncode == 0, answer.stderr
    # The server of this configuration is shared: others may have sold something there.
    ((sales,),) = execute(owner, "SELECT count(*) FROM cdm.sales_mart WHERE is_current")
    assert sales >= 10
    assert answer.stdout.splitlines()[-1] == f"sales\t{sales}"
    # The grants are in force, then.
    assert "ACCESS_DENIED" in run(tmp_path / "escape.sql").stderr

    # The reader may read what the tables name, and write nothing.
    reader = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{DATABASE}".format(
        **{name.removeprefix("TSHOP_WAREHOUSE_"): value for name, value in environment.items()}
    )
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(reader, "SELECT * FROM raw.sale")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        execute(reader, "CREATE TEMPORARY TABLE mine (a int)")
