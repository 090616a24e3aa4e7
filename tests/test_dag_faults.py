"""Tasks that fail or are killed: what stays behind of them in the warehouse and in ClickHouse."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from test_clickhouse import PASSWORD, ClickHouse, execute, load, sell

from embedded.environment import clickhouse_connection, warehouse_connection

AIRFLOW = str(Path(sys.executable).parent / "airflow")
# How long a task may take to begin and a statement to end, in seconds; what holds it up otherwise takes ten minutes.
TIMEOUT_SECONDS = 240


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of an Airflow of the tests' own, with its tables."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    subprocess.run([AIRFLOW, "db", "migrate"], env=environment, capture_output=True, check=True)
    return environment


class Task:
    """A running attempt of a task."""

    def __init__(self, environment: dict[str, str], dag_id: str, task_id: str, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [AIRFLOW, "tasks", "test", dag_id, task_id],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def end(self) -> str:
        """Wait for its end and return its log."""
        self.process.wait(TIMEOUT_SECONDS)
        return self._log.read_text()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait until it has reached something."""
        if not wait_for(lambda: reached() or self.process.poll() is not None) or self.process.poll() is not None:
            pytest.fail(f"The task did not come so far:\n{self._log.read_text()[-3000:]}", pytrace=False)


@pytest.fixture
def start(airflow_home: dict[str, str], warehouse: str, tmp_path: Path) -> Iterator[Callable[..., Task]]:
    """Function that starts a task of a DAG on the test's warehouse and, where there is one, a ClickHouse."""
    tasks = []

    def run(task_id: str, clickhouse: ClickHouse | None = None, dag: str = "tshop_daily") -> Task:
        connections = {"AIRFLOW_CONN_TSHOP_WAREHOUSE": warehouse_connection(warehouse)}
        if clickhouse:
            url = f"http://tshop:{PASSWORD}@127.0.0.1:{clickhouse.port}/tshop"
            connections["AIRFLOW_CONN_TSHOP_CLICKHOUSE"] = clickhouse_connection(url)
        log = tmp_path / f"task_{len(tasks)}.log"
        tasks.append(Task({**airflow_home, **connections}, dag, task_id, log))
        return tasks[-1]

    yield run
    for task in tasks:
        task.process.kill()
        task.process.wait()


def wait_for(what: Callable[[], bool]) -> bool:
    """Wait until something is so; tell whether it came to be."""
    for _ in range(TIMEOUT_SECONDS * 5):
        if what():
            return True
        time.sleep(0.2)
    return False


def plant(dsn: str, body: str) -> None:
    """Let each load of a client run into a trigger with this body."""
    execute(
        dsn,
        f"CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} RETURN new; END$$",
        "CREATE TRIGGER planted BEFORE INSERT ON dds.client FOR EACH ROW EXECUTE FUNCTION public.planted()",
        "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)"
        " VALUES (1, 'Иван', 'Петров', '1990-01-01', '2026-01-01')",
    )


FAILING = "RAISE EXCEPTION 'planted' USING ERRCODE = 'UT001', DETAIL = 'Failing row contains ' || new.last_name;"


def failures(dsn: str) -> list[tuple]:
    """Return the traces of failed runs."""
    return execute(
        dsn,
        "SELECT procedure_name, error_sqlstate, error_message, error_context FROM sl.run WHERE status = 'failed'"
        " ORDER BY run_id",
    )


def test_failed_call_leaves_its_trace_without_the_row_it_failed_on(start, warehouse):
    plant(warehouse, FAILING)
    log = start("load_client").end()
    assert "planted" in log
    ((procedure, sqlstate, message, context),) = failures(warehouse)
    assert (procedure, sqlstate, message) == ("dds.load_client", "UT001", "planted")
    assert "planted() line 1 at RAISE" in context
    assert "Петров" not in context
    assert execute(warehouse, "SELECT count(*) FROM dds.client") == [(0,)]
    started = "SELECT started_at < finished_at, finished_at <= clock_timestamp() FROM sl.run WHERE status = 'failed'"
    assert execute(warehouse, started) == [(True, True)]


def test_trace_that_can_not_be_written_hides_nothing(start, warehouse):
    plant(warehouse, FAILING)
    execute(warehouse, "DROP PROCEDURE sl.record_failure")
    log = start("load_client").end()
    assert "The failure of dds.load_client could not be recorded in sl.run" in log
    assert "planted" in log


def is_held_up(dsn: str) -> bool:
    """Tell whether a call runs into the planted wait."""
    return bool(
        execute(dsn, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%load_client%'")
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["terminated", "killed"])
def test_call_ends_with_its_task_and_its_lock_is_free(start, warehouse, number):
    # As on a server that is not ours.
    name = execute(warehouse, "SELECT current_database()")[0][0]
    execute(warehouse, f"ALTER DATABASE {name} SET client_connection_check_interval = 0")
    plant(warehouse, "PERFORM pg_sleep(600);")
    task = start("load_client")
    task.wait_until(lambda: is_held_up(warehouse))
    task.process.send_signal(number)
    assert wait_for(lambda: not is_held_up(warehouse))
    log = task.end()
    execute(warehouse, "DROP TRIGGER planted ON dds.client", "CALL dds.load_client()")
    assert execute(warehouse, "SELECT count(*) FROM dds.client") == [(1,)]
    if number == signal.SIGTERM:
        assert "canceling statement due to user request" in log
        assert [row[:2] for row in failures(warehouse)] == [("dds.load_client", "57014")]


@pytest.fixture
def slow_clickhouse(tmp_path: Path, warehouse: str) -> Iterator[ClickHouse]:
    """A ClickHouse that is ready to pull from a warehouse that takes minutes to send its mart."""
    sell(warehouse, 1, 3000)
    load(warehouse)
    server = ClickHouse(tmp_path, warehouse)
    server.start()
    server.prepare()
    ((definition,),) = execute(warehouse, "SELECT pg_get_viewdef('cdm.sales_mart_export')")
    inner = definition.rstrip().rstrip(";")
    execute(
        warehouse,
        f"CREATE OR REPLACE VIEW cdm.sales_mart_export AS SELECT v.* FROM ({inner} OFFSET 0) AS v"
        " WHERE pg_sleep(0.2) IS NOT NULL",
    )
    yield server
    server.kill()


def is_pulling(clickhouse: ClickHouse) -> bool:
    """Tell whether a pull runs."""
    query = (
        "SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND startsWith(query, 'INSERT INTO tshop.')"
    )
    return clickhouse.rows(query) != [(0,)]


def is_sending(dsn: str) -> bool:
    """Tell whether the warehouse sends its mart."""
    return bool(
        execute(
            dsn,
            "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%sales_mart_export%' AND state = 'active'"
            " AND datname = current_database()",
        )
    )


@pytest.mark.timeout(600)
def test_pull_ends_with_its_task(start, warehouse, slow_clickhouse):
    task = start("pull", slow_clickhouse)
    task.wait_until(lambda: is_pulling(slow_clickhouse) and is_sending(warehouse))
    task.process.terminate()
    assert wait_for(lambda: not is_pulling(slow_clickhouse) and not is_sending(warehouse))
    assert "QUERY_WAS_CANCELLED" in task.end()


@pytest.mark.timeout(600)
def test_pull_of_a_killed_task_is_ended_by_the_next_attempt(start, warehouse, slow_clickhouse):
    task = start("pull", slow_clickhouse)
    task.wait_until(lambda: is_pulling(slow_clickhouse) and is_sending(warehouse))
    task.process.kill()
    task.process.wait()
    running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%sales_mart_export%' AND state = 'active'"
    ((left,),) = execute(warehouse, running)
    again = start("pull", slow_clickhouse)
    again.wait_until(lambda: execute(warehouse, running) not in ([], [(left,)]))
    assert wait_for(lambda: (left,) not in execute(warehouse, running))
    again.process.terminate()
    again.end()


@pytest.mark.timeout(600)
def test_database_that_is_gone_is_made_by_the_first_task(start, warehouse, tmp_path):
    server = ClickHouse(tmp_path, warehouse)
    server.start()
    try:
        server.command("DROP DATABASE tshop SYNC")
        log = start("prepare_clickhouse", server).end()
        assert server.rows("SELECT count() > 10 FROM system.tables WHERE database = 'tshop'") == [(True,)], log
    finally:
        server.kill()


@pytest.mark.timeout(1200)
def test_a_mart_that_differs_is_found_healed_and_verified_by_the_tasks(start, warehouse, tmp_path):
    execute(
        warehouse,
        "INSERT INTO raw.category (category_id, name, updated_at) VALUES (1, 'Верх', '2026-01-01')",
        "CALL dds.load_category()",
        "CALL cdm.build_category_tree()",
    )
    server = ClickHouse(tmp_path, warehouse)
    server.start()
    try:
        server.prepare()
        assert "Rows of tshop.category_tree copied: 1, batches: 1" in start("publish_category_tree", server).end()
        server.command("ALTER TABLE tshop.category_tree UPDATE name = 'x' WHERE true SETTINGS mutations_sync = 2")
        log = start("verify_marts", server, "tshop_heal").end()
        assert "of tshop.category_tree differs in hash" in log
        assert "Run the DAG tshop_heal" in log
        assert server.rows("SELECT count() FROM tshop.mart_to_heal") == [(0,)]
        start("find_marts", server, "tshop_heal").end()
        assert server.rows("SELECT mart FROM tshop.mart_to_heal") == [("category_tree",)]
        start("publish_category_tree", server).end()
        assert "No mart differs" in start("verify_marts", server, "tshop_heal").end()
        assert server.rows("SELECT name FROM tshop.category_tree") == [("Верх",)]
    finally:
        server.kill()


@pytest.mark.timeout(1200)
def test_a_mart_that_cannot_be_compared_does_not_stop_the_others(start, warehouse, tmp_path):
    execute(
        warehouse,
        "INSERT INTO raw.category (category_id, name, updated_at) VALUES (1, 'Верх', '2026-01-01')",
        "CALL dds.load_category()",
        "CALL cdm.build_category_tree()",
    )
    server = ClickHouse(tmp_path, warehouse)
    server.start()
    try:
        server.prepare()
        start("publish_category_tree", server).end()
        server.command(
            "ALTER TABLE tshop.user_sales DROP COLUMN paid_orders",
            "DROP TABLE tshop.region_sales",
            "ALTER TABLE tshop.category_tree UPDATE name = 'x' WHERE true SETTINGS mutations_sync = 2",
        )
        execute(warehouse, "ALTER VIEW cdm.product_sales_batch RENAME COLUMN row_hash TO other")
        named = (
            "tshop.user_sales cannot be compared: tshop.user_sales has not the columns of cdm.user_sales_export",
            "tshop.product_sales cannot be compared: ",
            "tshop.region_sales cannot be compared: There is no table tshop.region_sales",
        )
        log = start("find_marts", server, "tshop_heal").end()
        assert all(sentence in log for sentence in named), log
        # The others are healed first; verify_marts fails in the end, with all of it as one error.
        assert "correct the mart. tshop.product_sales cannot be compared" not in log
        assert server.rows("SELECT mart FROM tshop.mart_to_heal") == [("category_tree",)]
        start("publish_category_tree", server).end()
        log = start("verify_marts", server, "tshop_heal").end()
        assert all(sentence in log for sentence in named), log
        assert "correct the mart. tshop.product_sales cannot be compared" in log
        assert "of tshop.category_tree differs" not in log
    finally:
        server.kill()
