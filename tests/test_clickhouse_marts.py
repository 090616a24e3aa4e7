"""The way of the marts into ClickHouse by one mechanism: a table definition here, a declaration in the warehouse."""

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from conftest import ROOT, run_module
from test_clickhouse import PUBLISH_FROM_THE_START, ClickHouse, clickhouse, execute  # noqa: F401

from clickhouse import marts
from clickhouse.definitions import DEFINITIONS, pending
from clickhouse.files import statements
from clickhouse.marts import MartError

TABLE = "category_sales"
DEFINITION = """
-- tshop.category_sales
--
-- Purpose: sales by day and category.
CREATE TABLE IF NOT EXISTS tshop.category_sales
(
    sold_on Date32,
    category LowCardinality(String),
    sales_cnt Int64,
    quantity Int64,
    total_amount Nullable(Decimal(24, 2)),
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (sold_on, category);
"""
IMAGE = """
CREATE VIEW cdm.category_sales_image AS
SELECT
    (m.sold_at AT TIME ZONE 'Europe/Moscow')::date AS sold_on, coalesce(m.category, 'Unknown') AS category,
    count(*) AS sales_cnt, sum(m.quantity) AS quantity, sum(m.total_amount)::numeric(24, 2) AS total_amount
FROM cdm.sales_mart_image AS m
GROUP BY 1, 2
"""
DECLARE = """
CALL sl.declare_mart(
    'category_sales', '{sold_on,category}', '{client,product,sale}', p_published_as => 'tshop.category_sales'
)
"""
COLUMNS = "sold_on, category, sales_cnt, quantity, total_amount, version_no, run_id"


class Killed(Exception):
    """What ends a run in its midst, in place of a kill."""


class Marts:
    """A ClickHouse and its warehouse: takes the mart over as the DAG does."""

    def __init__(self, server: ClickHouse, dsn: str, folder: Path) -> None:
        self.server, self.dsn, self.folder = server, dsn, folder

    def prepare(self) -> None:
        """Do as the task prepare_clickhouse."""
        self.server.command(*(step.statement for step in pending(self.server.rows, self.folder)))

    def run(self, found: list[str]) -> None:
        """Run statements."""
        self.server.command(*found)

    def take_over(self, table: str = TABLE) -> str:
        """Do as the task of the mart."""
        return marts.take_over(self.server.rows, self.run, table)

    def heal(self) -> list[tuple[int, str]]:
        """Do as tshop_heal."""
        found = marts.mark(self.server.rows, self.run, TABLE)
        self.take_over()
        assert marts.differences(self.server.rows, TABLE) == []
        return found

    def load(self, *changes: str) -> int:
        """Change what is in raw, then bring dds and the mart up to it; returns the build's run_id."""
        execute(self.dsn, *changes, "CALL dds.load_product()", "CALL dds.load_sale()")
        return execute(self.dsn, "CALL cdm.build_category_sales()")[0][0]

    def sell(self, *sales: tuple[int, str, int, int]) -> int:
        """Write sales (number, day, product, quantity) and bring the mart up to them."""
        return self.load(
            *(
                "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at) "
                f"VALUES ({number}, {number}, '{day} 12:00+03', 1, {product}, {quantity}, '{day} 12:00+03') "
                "ON CONFLICT (sale_id) DO UPDATE SET quantity = excluded.quantity, product_id = excluded.product_id, "
                "updated_at = raw.sale.updated_at + interval '1 minute'"
                for number, day, product, quantity in sales
            )
        )

    def expected(self) -> list[tuple]:
        """Return the current rows of the warehouse."""
        return execute(self.dsn, f"SELECT {COLUMNS} FROM cdm.category_sales WHERE is_current ORDER BY 1, 2")

    def shown(self, columns: str = COLUMNS) -> list[tuple]:
        """Return what readers see."""
        return self.server.rows(f"SELECT {columns} FROM tshop.category_sales ORDER BY sold_on, category")

    def imported(self) -> dict[tuple, datetime]:
        """Return when each row came."""
        return {row[:2]: row[2] for row in self.shown("sold_on, category, imported_at")}

    def assert_equal(self) -> None:
        """Compare all rows, and rows, sums and hashes of the batches."""
        assert self.shown() == self.expected()
        assert marts.differences(self.server.rows, TABLE) == []

    def published(self) -> list[int]:
        """Return the builds that are published."""
        return [run for (run,) in self.server.rows("SELECT run_id FROM tshop.published_mart_batch ORDER BY run_id")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The definitions, and that of the mart."""
    made = tmp_path / "ddl"
    made.mkdir()
    for file in DEFINITIONS.glob("*.sql"):
        (made / file.name).write_text(file.read_text())
    (made / "20_category_sales.sql").write_text(DEFINITION)
    return made


@pytest.fixture
def mart(clickhouse: ClickHouse, warehouse: str, folder: Path) -> Marts:  # noqa: F811
    """A warehouse with a mart of two days and categories, and a ClickHouse that has a table for it."""
    execute(
        warehouse,
        IMAGE,
        DECLARE,
        "INSERT INTO raw.product (product_id, name, category, size, price, updated_at) VALUES "
        "(1, 'Куртка', E'Верх | ''\\\\N\\t«зима»', 'M', 100.01, '2026-01-01'), "
        "(2, 'Носки', NULL, 'S', NULL, '2026-01-01')",
    )
    made = Marts(clickhouse, warehouse, folder)
    made.sell((1, "2026-01-02", 1, 2), (2, "2026-01-02", 2, 1), (3, "2026-01-03", 1, 5))
    made.prepare()
    return made


def test_the_tables_of_marts_are_those_that_say_when_a_row_came(folder: Path) -> None:
    assert set(marts.tables(folder)) == {*marts.tables(), TABLE}


def test_the_first_pull_takes_all_and_the_next_what_is_new(mart: Marts) -> None:
    assert mart.take_over() == "Rows of tshop.category_sales copied: 3, batches: 1, the whole mart"
    mart.assert_equal()
    before = mart.imported()
    # A row that changes, one that is gone, one that comes, and one that stays.
    mart.sell((1, "2026-01-02", 1, 4), (4, "2026-01-04", 2, 1))
    last = mart.load(
        "UPDATE raw.sale SET is_deleted = true, updated_at = updated_at + interval '1 hour' WHERE sale_id = 3"
    )
    assert mart.take_over() == "Rows of tshop.category_sales copied: 4, batches: 2"
    mart.assert_equal()
    after = mart.imported()
    assert [key for key in after if after[key] == before.get(key)] == [(date(2026, 1, 2), "Unknown")]
    assert len(mart.published()) == 3
    assert mart.published()[-1] == last
    assert mart.take_over() == "Rows of tshop.category_sales copied: 0, batches: 0"
    assert mart.server.rows(
        "SELECT name FROM system.tables WHERE database = 'tshop' AND name LIKE 'category_sales%'"
    ) == [(TABLE,)]


def test_a_mart_is_behind_until_its_newest_batch_is_published(mart: Marts) -> None:
    assert marts.behind(mart.server.rows) == [TABLE]
    mart.take_over()
    assert marts.behind(mart.server.rows) == []
    execute(mart.dsn, "CALL cdm.build_mart()")
    assert marts.behind(mart.server.rows) == ["sales_mart"]
    mart.server.run("pull.sql", "reconcile.sql", "publish.sql")
    assert marts.behind(mart.server.rows) == []
    # A batch whose rows are all closed is one, too.
    mart.load("UPDATE raw.sale SET is_deleted = true, updated_at = updated_at + interval '1 hour'")
    assert marts.behind(mart.server.rows) == [TABLE]
    mart.take_over()
    assert marts.behind(mart.server.rows) == []


def test_an_empty_mart_and_one_that_lost_all_rows_are_published(mart: Marts) -> None:
    mart.take_over()
    mart.load("UPDATE raw.sale SET is_deleted = true, updated_at = updated_at + interval '1 hour'")
    mart.take_over()
    assert mart.shown() == []
    # A whole pull of it brings no row, and knows that all is published.
    mart.server.command("DROP TABLE tshop.category_sales, tshop.published_mart_batch")
    mart.prepare()
    assert mart.take_over().endswith("the whole mart")
    assert mart.take_over() == "Rows of tshop.category_sales copied: 0, batches: 0"


def test_a_run_that_is_cut_off_after_any_statement_is_right_after_the_next(mart: Marts) -> None:
    mart.take_over()
    for number in range(1, 1000):
        mart.sell((1, "2026-01-02", 1, 10 + number), (100 + number, "2026-01-04", 2, 1))
        if number == 5:
            mart.load(
                "UPDATE raw.sale SET is_deleted = true, updated_at = updated_at + interval '1 hour' WHERE sale_id = 3"
            )
        states = (mart.shown(), mart.expected())
        left = number

        def run(found: list[str]) -> None:
            nonlocal left
            for statement in found:
                if left == 0:
                    raise Killed
                left -= 1
                mart.run([statement])

        try:
            marts.take_over(mart.server.rows, run, TABLE)
        except Killed:
            # Readers see the state before or the one after, and none between.
            assert mart.shown() in states
            mart.take_over()
            mart.assert_equal()
        else:
            break
        assert number < 100
    assert number > 10
    mart.assert_equal()
    assert mart.take_over() == "Rows of tshop.category_sales copied: 0, batches: 0"


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("ALTER TABLE tshop.category_sales UPDATE total_amount = total_amount + 1 WHERE sold_on = '2026-01-03' "
         "SETTINGS mutations_sync = 2", "sum of total_amount, hash"),
        ("ALTER TABLE tshop.category_sales UPDATE valid_from = valid_from + 1 WHERE sold_on = '2026-01-03' "
         "SETTINGS mutations_sync = 2", "hash"),
        ("INSERT INTO tshop.category_sales SELECT * FROM tshop.category_sales LIMIT 1", "rows"),
        ("DELETE FROM tshop.category_sales WHERE sold_on = '2026-01-03'", "rows"),
    ],
)  # fmt: skip
def test_a_mart_that_is_damaged_is_healed(mart: Marts, damage: str, named: str) -> None:
    mart.take_over()
    mart.server.command(damage)
    ((batch, difference),) = mart.heal()
    assert f"Batch {batch} of tshop.category_sales differs in {named}" in difference
    mart.assert_equal()
    assert mart.server.rows("SELECT count() FROM tshop.mart_to_heal") == [(0,)]
    assert mart.heal() == []


def test_lost_rows_and_a_lost_table_heal_without_being_asked_for(mart: Marts) -> None:
    mart.take_over()
    mart.server.command("TRUNCATE TABLE tshop.category_sales")
    mart.take_over()
    mart.assert_equal()
    mart.server.command("DROP TABLE tshop.category_sales")
    mart.prepare()
    mart.take_over()
    mart.assert_equal()
    mart.server.command("DROP DATABASE tshop")
    mart.prepare()
    mart.take_over()
    mart.assert_equal()


def refused(mart: Marts, kind: type[Exception], *parts: str) -> None:
    """Take the mart over, which is refused in these words; readers see what they saw."""
    before = mart.shown("*"), mart.published()
    with pytest.raises(kind) as error:
        mart.take_over()
    for part in parts:
        assert part in str(error.value)
    assert (mart.shown("*"), mart.published()) == before


def test_another_warehouse_is_refused(mart: Marts) -> None:
    mart.take_over()
    execute(
        mart.dsn, "UPDATE sl.run SET stamped_at = started_at - interval '1 day' WHERE target = 'cdm.category_sales'"
    )
    refused(mart, MartError, "This is not the warehouse that tshop.category_sales was published from last")
    mart.server.command(PUBLISH_FROM_THE_START)
    mart.prepare()
    assert mart.take_over().endswith("the whole mart")
    mart.assert_equal()


@pytest.mark.parametrize("published", ["sales_mart", "category_tree"])
def test_the_first_publication_of_a_mart_is_refused_from_another_warehouse_than_that_of_the_others(
    mart: Marts, published: str
) -> None:
    execute(
        mart.dsn,
        "INSERT INTO raw.category (category_id, name, updated_at) VALUES (1, 'Верх', '2026-01-01')",
        "CALL dds.load_category()",
        "CALL cdm.build_category_tree()",
        "CALL cdm.build_mart()",
    )
    if published == "sales_mart":
        mart.server.run("pull.sql", "reconcile.sql", "publish.sql")
    else:
        mart.take_over(published)
    clock = f"UPDATE sl.run SET stamped_at = %s WHERE target = 'cdm.{published}'"
    execute(mart.dsn, clock % "started_at - interval '1 day'")
    refused(mart, MartError, f"This is not the warehouse that tshop.{published} was published from last")
    execute(mart.dsn, clock % "NULL")
    mart.take_over()
    mart.assert_equal()


def test_values_in_a_form_that_would_be_misread_are_refused(mart: Marts) -> None:
    mart.take_over()
    execute(
        mart.dsn,
        "CREATE OR REPLACE VIEW cdm.category_sales_run AS "
        "SELECT r.run_id, r.started_at AT TIME ZONE 'UTC' AS started_at, "
        "0::smallint AS is_erasure, 'German, DMY' AS date_style, 'UTF8' AS client_encoding FROM sl.run AS r",
    )
    refused(mart, MartError, "DateStyle is German, DMY, and must be ISO")


def test_null_in_a_column_that_takes_none_is_refused_and_nothing_is_lost(mart: Marts) -> None:
    mart.take_over()
    execute(mart.dsn, "UPDATE cdm.category_sales SET sales_cnt = NULL, run_id = run_id + 1 WHERE category = 'Unknown'")
    execute(
        mart.dsn,
        "INSERT INTO sl.run (run_id, procedure_name, target, started_at, status) OVERRIDING SYSTEM VALUE "
        "SELECT max(run_id) + 1, 'cdm.build_category_sales', 'cdm.category_sales', now(), 'succeeded' FROM sl.run",
    )
    refused(
        mart,
        DatabaseError,
        "Column sales_cnt of cdm.category_sales_export is NULL in some rows",
        "that of tshop.category_sales takes none",
        "make the column Nullable by a statement at the end of its file in clickhouse/ddl",
    )
    execute(mart.dsn, "UPDATE cdm.category_sales SET sales_cnt = 7 WHERE category = 'Unknown'")
    mart.take_over()
    mart.assert_equal()


def test_a_value_that_does_not_fit_its_column_is_refused(mart: Marts) -> None:
    mart.server.command("ALTER TABLE tshop.category_sales MODIFY COLUMN quantity Int8 SETTINGS mutations_sync = 2")
    mart.sell((9, "2026-01-09", 1, 300))
    refused(mart, DatabaseError, "a value does not fit the type of its column")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["ALTER TABLE tshop.category_sales DROP COLUMN quantity"], "it lacks quantity."),
        (["ALTER TABLE tshop.category_sales ADD COLUMN more Int8"], "it has more, and the view has not."),
    ],
)
def test_a_table_of_other_columns_is_refused(mart: Marts, changes: list[str], message: str) -> None:
    mart.take_over()
    mart.server.command(*changes)
    refused(mart, MartError, message, "Append a statement that makes the change to the table's file in clickhouse/ddl")


def test_a_table_that_no_mart_is_published_as_is_refused(mart: Marts) -> None:
    execute(mart.dsn, DECLARE.replace("tshop.category_sales", "tshop.another"))
    refused(mart, MartError, "No mart of the warehouse is published as tshop.category_sales: name the table")


def test_a_new_column_comes_with_a_statement_at_the_end_of_the_file(mart: Marts, folder: Path) -> None:
    mart.take_over()
    execute(
        mart.dsn,
        "DROP VIEW cdm.category_sales_image",
        IMAGE.replace("AS total_amount", "AS total_amount, count(*) = 1 AS is_single"),
        DECLARE,
    )
    mart.load()
    refused(mart, MartError, "it lacks is_single.")
    (folder / "20_category_sales.sql").write_text(
        DEFINITION + "ALTER TABLE tshop.category_sales ADD COLUMN IF NOT EXISTS is_single UInt8 AFTER total_amount;\n"
    )
    mart.prepare()
    mart.take_over()
    mart.assert_equal()
    assert mart.shown("is_single") == execute(
        mart.dsn, "SELECT is_single::int FROM cdm.category_sales WHERE is_current ORDER BY sold_on, category"
    )


def test_a_new_column_that_takes_no_null_is_refused_where_old_rows_have_one(mart: Marts, folder: Path) -> None:
    mart.take_over()
    execute(
        mart.dsn,
        "DROP VIEW cdm.category_sales_image",
        IMAGE.replace("AS total_amount", "AS total_amount, CASE WHEN count(*) > 1 THEN 1 END AS more_than_one"),
        DECLARE,
    )
    added = "ALTER TABLE tshop.category_sales ADD COLUMN IF NOT EXISTS more_than_one {} AFTER total_amount;\n"
    file = folder / "20_category_sales.sql"
    file.write_text(DEFINITION + added.format("UInt8"))
    mart.prepare()
    refused(mart, DatabaseError, "Column more_than_one of cdm.category_sales_export is NULL in some rows")
    change = "ALTER TABLE tshop.category_sales MODIFY COLUMN more_than_one Nullable(UInt8);\n"
    file.write_text(DEFINITION + added.format("UInt8") + change)
    mart.prepare()
    assert mart.take_over().endswith("the whole mart")
    mart.assert_equal()
    assert {value for (value,) in mart.shown("more_than_one")} == {None}
    assert not mart.take_over().endswith("the whole mart")


def test_an_older_clickhouse_is_upgraded(mart: Marts, folder: Path) -> None:
    """The ClickHouse of a release without marts gets what they need, and keeps what it has."""
    mart.server.command("DROP DATABASE tshop SYNC")
    added = [file for file in folder.glob("*.sql") if int(file.name[:2]) > 12]
    texts = {file: file.read_text() for file in added}
    for file in added:
        file.unlink()
    mart.prepare()
    execute(mart.dsn, "CALL cdm.build_mart()")
    mart.server.run("pull.sql", "reconcile.sql", "publish.sql")
    before = mart.server.rows("SELECT * FROM tshop.sales_mart ORDER BY sale_id, version_no")
    for file, text in texts.items():
        file.write_text(text)
    mart.prepare()
    mart.take_over()
    mart.assert_equal()
    assert before
    assert mart.server.rows("SELECT * FROM tshop.sales_mart ORDER BY sale_id, version_no") == before
    assert pending(mart.server.rows, folder) == [
        step for step in pending(mart.server.rows, folder) if step.statement.startswith(("SELECT", "CREATE OR REPLACE"))
    ]


@pytest.fixture
def persons(mart: Marts, folder: Path) -> Callable[[], str]:
    """A mart with a personal column and one of every type, published; returns a function that takes it over."""
    execute(
        mart.dsn,
        "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at) VALUES "
        "(1, 'Иван', 'Петров', '1980-01-01', '2025-01-01'), (2, 'Анна', 'Иванова', '1990-01-01', '2025-01-01')",
        "CALL dds.load_client()",
        """
        CREATE VIEW cdm.persons_image AS
        SELECT
            c.client_id, c.last_name AS name, c.client_id > 1 AS is_new, c.birth_date AS born_on,
            c.valid_from AS seen_at, (c.client_id / 3.0)::numeric(38, 9) AS share, md5(c.client_id::text)::uuid AS mark,
            CASE c.client_id WHEN 1 THEN 'infinity' ELSE date '1969-07-20' END AS until, NULL::integer AS nothing
        FROM dds.client AS c
        WHERE c.is_current
        """,
        """
        CALL sl.declare_mart(
            'persons', '{client_id}', '{client}', p_published_as => 'tshop.persons',
            p_personal => '{"client": {"columns": ["name"], "key": "client_id"}}'
        )
        """,
        "CALL cdm.build_persons()",
    )
    (folder / "21_persons.sql").write_text(
        """
        CREATE TABLE IF NOT EXISTS tshop.persons
        (
            client_id Int64, name String, is_new Bool, born_on Nullable(Date32), seen_at DateTime64(6, 'Asia/Tokyo'),
            share Decimal(38, 9), mark UUID, until Date32, nothing Nullable(Int32), version_no Int32,
            valid_from DateTime64(6, 'UTC'), valid_to DateTime64(6, 'UTC'), is_current UInt8, run_id Int64,
            imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
        )
        ORDER BY client_id
        """
    )
    mart.prepare()
    return lambda: mart.take_over("persons")


def test_every_type_crosses_over_exactly(mart: Marts, persons: Callable[[], str]) -> None:
    persons()
    assert marts.differences(mart.server.rows, "persons") == []
    rows = mart.server.rows(
        "SELECT client_id, name, is_new, toString(share), toString(until), nothing FROM tshop.persons ORDER BY 1"
    )
    assert rows == [
        (1, "Петров", False, "0.333333333", "2299-12-31", None),
        (2, "Иванова", True, "0.666666667", "1969-07-20", None),
    ]


def test_who_was_erased_is_gone_from_the_mart_and_from_the_disk(mart: Marts, persons: Callable[[], str]) -> None:
    persons()
    execute(mart.dsn, "CALL dds.forget_client(1)")
    ((erasure,),) = execute(mart.dsn, "SELECT run_id FROM cdm.persons_run WHERE is_erasure = 1")
    persons()
    assert marts.differences(mart.server.rows, "persons") == []
    assert mart.server.rows("SELECT name FROM tshop.persons ORDER BY client_id") == [("",), ("Иванова",)]
    assert mart.server.rows("SELECT run_id FROM tshop.erased_batch") == [(erasure,)]
    # A masked row would be read so.
    masked = "SELECT count() FROM tshop.persons WHERE name = 'Петров' SETTINGS apply_deleted_mask = 0"
    assert mart.server.rows(masked) == [(0,)]
    assert mart.server.rows("SELECT name FROM system.tables WHERE database = 'tshop' AND name LIKE 'persons%'") == [
        ("persons",)
    ]


def test_every_mart_of_the_shop_is_published_exactly(clickhouse: ClickHouse, warehouse: str) -> None:  # noqa: F811
    days = (
        "--opened",
        "2026-01-01",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-05",
        "--clients",
        "300",
        "--products",
        "60",
    )
    answer = run_module("generator", *days, WAREHOUSE_DSN=warehouse)
    assert answer.returncode == 0, answer.stderr
    builds = [name for (name,) in execute(warehouse, "SELECT sl._build_name(m) FROM sl.mart AS m ORDER BY 1")]
    loads = ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return")
    execute(warehouse, *(f"CALL dds.load_{name}()" for name in loads), *(f"CALL {name}()" for name in builds))
    clickhouse.prepare()
    published = execute(
        warehouse, "SELECT split_part(published_as, '.', 2) FROM sl.mart WHERE mart_name <> 'sales_mart' ORDER BY 1"
    )
    assert sorted(marts.tables()) == [name for (name,) in published]
    for table in marts.tables():
        marts.take_over(clickhouse.rows, lambda found: clickhouse.command(*found), table)
        assert marts.differences(clickhouse.rows, table) == []
        ((expected,),) = execute(warehouse, f"SELECT count(*) FROM cdm.{table} WHERE is_current")
        assert clickhouse.rows(f"SELECT count() FROM tshop.{table}") == [(expected,)]
        assert expected > 0, table


def test_a_task_ends_statements_of_its_own_name_alone(mart: Marts) -> None:
    """Names may begin alike: publish, of the sales mart, and publish_category_sales."""
    running = (
        "SELECT DISTINCT splitByChar(' ', Settings['log_comment'])[1] FROM system.processes WHERE query LIKE '%37%'"
    )
    end = (ROOT / "dags" / "sql" / "end_statements.sql").read_text()

    def is_running(name: str) -> bool:
        return (name,) in mart.server.rows(running)

    def slow(name: str) -> None:
        with contextlib.suppress(DatabaseError):
            mart.server.command("SELECT sleepEachRow(1) FROM numbers(37) SETTINGS max_block_size = 1", log_comment=name)

    names = ("tshop_daily.publish", "tshop_daily.publish_category_sales")
    threads = [threading.Thread(target=slow, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(map(is_running, names)))
    for name, left in zip(names, (names[1:], ()), strict=True):
        mart.server.command(*statements(end.replace("%(comment)s", f"'{name}'")))
        wait_until(lambda name=name: not is_running(name))
        assert tuple(filter(is_running, names)) == left
    for thread in threads:
        thread.join()


def wait_until(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not what():
        time.sleep(0.1)
