"""The DAG tshop_live: from landed documents to ClickHouse, only what is due, and never beside the other DAGs."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from pymongo import MongoClient
from test_dags import BUILDS, ENTITIES, MARTS, dag_bag, decision, live  # noqa: F401

from clickhouse.definitions import is_current
from embedded import main_job, stack
from embedded.airflow_api import FINISHED, AirflowApi
from embedded.environment import marketplace_connection
from embedded.ferretdb import MarketplaceServer
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import ROOT, WAREHOUSE_DATABASE, Settings
from sources.marketplace.extract import COLLECTIONS
from sources.marketplace.server import PROGRAM
from tests.ports import free_port

DAG = "tshop_live"
MARKETPLACE = "tshop_marketplace"
WAREHOUSE = ("load", "build", "audit", "publish")
# For what a loaded machine takes minutes for.
TIMEOUT_SECONDS = 600


def settings_of(folder: Path) -> Settings:
    """Return the settings of a throw-away stack."""
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow")}
    return Settings(folder, ports, postgres_settings=THROW_AWAY_SETTINGS)


def execute(running: stack.Stack, *statements: str, role: str = "owner") -> list[tuple]:
    """Run statements in the warehouse and return the rows of the last one."""
    with psycopg.connect(running.settings.warehouse_dsn_of(role), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


# --- what it is ------------------------------------------------------------------------------------------------------


def test_tasks_run_one_after_the_other_and_all_that_is_declared_is_called(live, warehouse):  # noqa: F811
    order = [task.task_id for task in live.topological_sort()]
    assert order == ["apply", "load", "build", "audit", "publish"]
    edges = {(task.task_id, below) for task in live.tasks for below in task.downstream_task_ids}
    assert edges == set(pairwise(order))
    calls = {task_id: [call.procedure for call in live.get_task(task_id).calls] for task_id in order[:-1]}
    # In the order that rules look at each other's entities in.
    assert calls["load"] == [f"dds.load_{entity}" for entity in ENTITIES]
    assert calls["build"] == [f"cdm.{build}" for build in BUILDS]
    assert calls["audit"] == ["sl.audit"]
    with psycopg.connect(warehouse) as connection:
        # Those of other channels have DAGs of their own.
        declared = {
            name for (name,) in connection.execute("SELECT stream FROM landing.stream WHERE stream LIKE 'shop.%'")
        }
    assert {call.parameters["stream"] for call in live.get_task("apply").calls} == declared


def test_it_is_paused_until_it_is_wanted_and_then_runs_each_minute(live):  # noqa: F811
    assert live.is_paused_upon_creation
    assert live.timetable.expression == "* * * * *"
    assert live.max_active_runs == 1
    assert not live.catchup


def test_what_a_retry_would_find_again_ends_the_task_at_once(live):  # noqa: F811
    import tshop_operators

    for task_id in ("load", "publish"):
        assert decision(live, task_id, tshop_operators.Failed("a mart failed")) == "default"
        assert live.get_task(task_id).retries == 1
    refusal = RuntimeError("Code: 395. DB::Exception: Not the warehouse. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)")
    assert decision(live, "publish", refusal) == "fail"


# --- what a run does -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(scratch: Path) -> Iterator[stack.Stack]:
    """A migrated stack of PostgreSQL and ClickHouse with Airflow's tables, but none of Airflow's services."""
    running = stack.Stack(settings_of(scratch / "live-dag"), (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        running.start()
        running.prepare_airflow()
        main_job.migrate(running)
        yield running
    finally:
        running.stop()
        stack.remove(running.settings)


def run_dag(running: stack.Stack, state: str = "success", dag_id: str = DAG, **environment: str) -> str:
    """Run a DAG until it ends in a state, and return its log."""
    answer = subprocess.run(
        ["airflow", "dags", "test", dag_id],
        cwd=ROOT,
        env={**running.environment("airflow"), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert f"state={state}" in answer.stdout, answer.stdout[-5000:]
    return answer.stdout


def land(running: stack.Stack, *documents: tuple[str, int, dict]) -> None:
    """Land documents as the consumer does: stream, key and row of each, one partition a stream."""
    dsn = running.settings.warehouse_dsn_of("consumer")
    for stream, key, row in documents:
        with psycopg.connect(dsn) as connection:
            ((offset,),) = connection.execute(
                "SELECT first_offset FROM landing.begin_landing(%s, 0, 'test')", (stream,)
            ).fetchall()
            body = json.dumps({"schema_version": 1, "event": "changed", "id": offset, "row": row})
            connection.execute(
                "INSERT INTO landing.document (stream, partition, position, key, body, written_at)"
                " VALUES (%s, 0, %s, %s, %s, now())",
                (stream, offset, str(key), body),
            )
            connection.execute("SELECT landing.end_landing(%s, 0, %s, %s)", (stream, offset, offset + 1))


NOW = "2026-11-30T12:00:00+03:00"
ORDER = {
    "id": 7,
    "user_id": 5,
    "ordered_at": NOW,
    "status": "Pending",
    "delivered_at": None,
    "total_amount": 500,
    "region": "North",
    "updated_at": NOW,
}
CATEGORY = {"id": 1, "name": "Платья", "parent_id": None, "updated_at": NOW}
MARKETPLACE_ORDER = {
    "user_id": 5,
    "ordered_at": NOW,
    "status": "Pending",
    "total": 500,
    "delivery": {"region": "North"},
    "lines": [{"line": 1, "product_id": 5, "quantity": 1, "price": 500}],
}


def land_states(running: stack.Stack, stream: str, key: str, document: dict) -> None:
    """Land a document as the reader of the marketplace does."""
    with psycopg.connect(running.settings.warehouse_dsn_of("marketplace")) as connection:
        connection.execute(
            "SELECT landing.land_states(%s, 'test', %s, %s, %s)", (stream, [key], [json.dumps(document)], [NOW])
        )


def runs_of(running: stack.Stack) -> list[str]:
    """Return the procedures that sl.run knows of, in the order of their runs."""
    return [name for (name,) in execute(running, "SELECT procedure_name FROM sl.run ORDER BY run_id")]


def ask(running: stack.Stack, query: str) -> list[tuple]:
    """Return the rows of a query of ClickHouse."""
    import clickhouse_connect

    client = clickhouse_connect.get_client(dsn=running.settings.clickhouse_url.rsplit("/", 1)[0] + "/default")
    with contextlib.closing(client):
        return [tuple(row) for row in client.query(query).result_rows]


@pytest.mark.timeout(TIMEOUT_SECONDS)
def test_an_order_goes_from_its_document_to_clickhouse_by_what_is_due_and_no_more(running: stack.Stack) -> None:
    land(running, ("shop.orders", 7, ORDER))
    # ClickHouse is empty: what the files define is made first.
    assert ask(running, "SELECT count() FROM system.tables WHERE database = 'tshop'") == [(0,)]
    log = run_dag(running)
    assert is_current(lambda query: ask(running, query))
    marts_of_orders = ("user_sales", "product_sales", "region_sales", "daily_sales", "status_time")
    due = ["dds.load_sales_order", *(f"cdm.build_{mart}" for mart in marts_of_orders), "sl.audit"]
    assert [name for name in runs_of(running) if name.startswith(("dds", "cdm", "sl"))] == due
    assert ask(running, "SELECT sum(orders_cnt) FROM tshop.daily_sales WHERE channel = 'web'") == [(1,)]
    assert "Rows of tshop.daily_sales copied: 1, batches: 1" in log

    # Nothing new: no call, no publishing, one task.
    before = runs_of(running)
    log = run_dag(running)
    assert "Nothing is new" in log
    assert runs_of(running) == before

    # What was loaded and not published, since a run was lost, is no less new than what has just come.
    land(running, ("shop.orders", 8, {**ORDER, "id": 8}))
    execute(running, "CALL raw.apply_documents('shop.orders')", "CALL dds.load_sales_order()", role="etl")
    execute(running, "CALL cdm.build_daily_sales()", role="etl")
    run_dag(running)
    assert ask(running, "SELECT sum(orders_cnt) FROM tshop.daily_sales WHERE channel = 'web'") == [(2,)]
    assert ask(running, "SELECT sum(orders_cnt) FROM tshop.user_sales") == [(2,)]


@pytest.mark.timeout(TIMEOUT_SECONDS)
def test_the_marketplace_goes_from_its_documents_to_clickhouse(running: stack.Stack, scratch: Path) -> None:
    if not PROGRAM.exists():
        pytest.skip("The marketplace's server is missing: 'make setup-marketplace' needs Go 1.24")
    server = MarketplaceServer(scratch / "marketplace-dag", free_port())
    server.start()
    connection = marketplace_connection(server.url)
    try:
        with MongoClient(server.url) as client:
            orders = client["marketplace"]["orders"]
            # With a number that the web shop has, too.
            orders.insert_many([{**MARKETPLACE_ORDER, "_id": "7"}, {**MARKETPLACE_ORDER, "_id": 8}])
            log = run_dag(running, dag_id=MARKETPLACE, **connection)
            assert "marketplace.orders: 2 documents read (all), 2 of them new or changed, 0 deleted" in log
            shown = "SELECT orders_cnt, gross_amount FROM tshop.daily_sales WHERE channel = 'marketplace'"
            assert ask(running, shown) == [(2, 1000)]
            # The first run of a day has compared all.
            orders.insert_one({**MARKETPLACE_ORDER, "_id": "9", "updated_at": datetime.now(UTC)})
            log = run_dag(running, dag_id=MARKETPLACE, **connection)
            assert "marketplace.orders: 1 documents read, 1 of them new or changed, 0 deleted" in log
            assert ask(running, shown) == [(3, 1500)]
    finally:
        server.stop()


# --- never beside the others -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scheduled(scratch: Path) -> Iterator[stack.Stack]:
    """A migrated stack with all of Airflow, on which tshop_live is on."""
    running = stack.Stack(settings_of(scratch / "live-dag-scheduled"))
    try:
        running.start()
        main_job.migrate(running)
        api = AirflowApi(running.settings)
        for dag_id in (main_job.DAG, DAG, MARKETPLACE):
            assert running.wait_for(lambda dag_id=dag_id: api.dag_exists(dag_id), TIMEOUT_SECONDS)
        for dag_id in (main_job.DAG, DAG):
            api.unpause(dag_id)
        yield running
    finally:
        running.stop()
        stack.remove(running.settings)


class Work(NamedTuple):
    """What a task did between its look at the other DAGs and its end."""

    dag_id: str
    task_id: str
    begun: datetime
    ended: datetime


def log_of(api: AirflowApi, dag_id: str, run_id: str, task: dict) -> list[dict]:
    """Return the entries of a task's log, of all starts of its last try."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
    return api._request("GET", f"{path}?full_content=true").json()["content"]


def said(api: AirflowApi, run_id: str, task_id: str) -> str:
    """Return what a task of tshop_marketplace has logged so far."""
    task = next(task for task in api.tasks(MARKETPLACE, run_id) if task["task_id"] == task_id)
    entries = log_of(api, MARKETPLACE, run_id, task) if task["start_date"] else []
    return "\n".join(entry["event"] for entry in entries)


def works(api: AirflowApi, dag_id: str, run_id: str) -> Iterator[Work]:
    """Yield the work of a run's tasks that others must not meet. A task that is skipped does none."""
    for task in api.tasks(dag_id, run_id):
        if task["state"] != "success" or not task["start_date"]:
            continue
        if dag_id == MARKETPLACE and task["task_id"] not in WAREHOUSE:
            continue
        entries = log_of(api, dag_id, run_id, task)
        # A task's work begins where its preparation ends, and what comes after it has a group of its own.
        ends = [entry["timestamp"] for entry in entries if entry["event"] == "::endgroup::" and entry.get("timestamp")]
        after = [entry["timestamp"] for entry in entries if entry["event"].startswith("::group::Post Execute")]
        yield Work(dag_id, task["task_id"], datetime.fromisoformat(ends[-1]), datetime.fromisoformat(after[-1]))


def take_turn(api: AirflowApi) -> str:
    """Begin a run of tshop_marketplace for which everything is read, as there is no server; return its id."""
    api.pause(MARKETPLACE)
    run_id = api.trigger(MARKETPLACE, {})
    for collection in COLLECTIONS:
        path = f"/api/v2/dags/{MARKETPLACE}/dagRuns/{run_id}/taskInstances/extract_{collection}"
        api._request("PATCH", path, {"new_state": "success"})
    api.unpause(MARKETPLACE)
    return run_id


def tasks_in(api: AirflowApi, dag_id: str, run_id: str, state: str) -> set[str]:
    """Return the tasks of a run that are in a state."""
    return {task["task_id"] for task in api.tasks(dag_id, run_id) if task["state"] == state}


@pytest.mark.timeout(3 * TIMEOUT_SECONDS)
def test_no_task_of_it_works_while_another_dag_does_and_neither_starves(scheduled: stack.Stack) -> None:
    api, daily = AirflowApi(scheduled.settings), main_job.DAG

    def wait_for(condition: Callable[[], bool]) -> None:
        def holds() -> bool:
            # tshop_marketplace's run of the hour would look for a server, and those that take turns wait for it.
            for run in api.runs(MARKETPLACE, ("queued", "running")):
                if run["run_type"] == "scheduled":
                    api.fail(MARKETPLACE, run["dag_run_id"])
            return condition()

        assert scheduled.wait_for(holds, TIMEOUT_SECONDS)

    def is_over(dag_id: str, run_id: str) -> bool:
        return api.run(dag_id, run_id)["state"] in FINISHED

    def is_at_work() -> bool:
        runs = [run["dag_run_id"] for run in api.runs(DAG, ("running",))]
        return any(tasks_in(api, DAG, run_id, "running") - {"apply"} for run_id in runs)

    def orders_shown(channel: str = "web") -> int:
        ((orders,),) = ask(scheduled, f"SELECT sum(orders_cnt) FROM tshop.daily_sales WHERE channel = '{channel}'")
        return orders

    # tshop_marketplace comes while tshop_live waits for a lock, and is started again until that is over.
    land_states(scheduled, "marketplace.orders", "6", MARKETPLACE_ORDER)
    land(scheduled, ("shop.product_categories", 1, CATEGORY))
    execute(scheduled, f"ALTER DATABASE {WAREHOUSE_DATABASE} SET lock_timeout = '{TIMEOUT_SECONDS} s'")
    with psycopg.connect(scheduled.settings.warehouse_dsn_of("owner")) as holding:
        holding.execute("SELECT FROM landing.position WHERE stream = 'shop.product_categories' FOR UPDATE")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%apply_documents%'"
        wait_for(lambda: execute(scheduled, waiting))
        turns = [take_turn(api)]
        wait_for(lambda: "this task is started again" in said(api, turns[0], "load"))
    execute(scheduled, f"ALTER DATABASE {WAREHOUSE_DATABASE} RESET lock_timeout")
    # tshop_daily comes while tshop_live is at work.
    land(scheduled, ("shop.orders", 7, ORDER))
    api.trigger(DAG, {})
    wait_for(is_at_work)
    dailies = [api.trigger(daily, {})]
    # tshop_live comes while tshop_daily is at work.
    wait_for(lambda: tasks_in(api, daily, dailies[0], "success"))
    yielding = api.trigger(DAG, {})
    wait_for(lambda: is_over(DAG, yielding))
    assert tasks_in(api, DAG, yielding, "success") == set()
    # So does tshop_marketplace, which takes turns.
    land_states(scheduled, "marketplace.orders", "7", MARKETPLACE_ORDER)
    turns.append(take_turn(api))
    # A run that was left in the middle is in nobody's way.
    api._request("PATCH", f"/api/v2/dags/{daily}", {"is_paused": True})
    wait_for(lambda: not tasks_in(api, daily, dailies[0], "running"))
    assert not is_over(daily, dailies[0])
    land(scheduled, ("shop.orders", 8, {**ORDER, "id": 8}))
    wait_for(lambda: orders_shown() == 2)
    api.unpause(daily)
    # Both at once.
    land_states(scheduled, "marketplace.orders", "8", MARKETPLACE_ORDER)
    dailies.append(api.trigger(daily, {}))
    turns.append(take_turn(api))
    api.trigger(DAG, {})
    for run_id in dailies:
        wait_for(lambda run_id=run_id: is_over(daily, run_id))
        assert api.run(daily, run_id)["state"] == "success"
    for run_id in turns:
        wait_for(lambda run_id=run_id: is_over(MARKETPLACE, run_id))
        assert api.run(MARKETPLACE, run_id)["state"] == "success"
    assert orders_shown("marketplace") == 3
    # And it works again.
    land(scheduled, ("shop.orders", 9, {**ORDER, "id": 9}))
    wait_for(lambda: orders_shown() == 3)
    # What ClickHouse shows, the run that has brought it may still be at: only what has ended is looked at.
    wait_for(lambda: not api.runs(DAG, ("running",)))

    # Those of each minute, too.
    runs = {DAG: [run["dag_run_id"] for run in api.runs(DAG, FINISHED)], daily: dailies, MARKETPLACE: turns}
    done = {dag_id: [work for run_id in runs[dag_id] for work in works(api, dag_id, run_id)] for dag_id in runs}
    # The last order was brought by it alone; the others' tasks may have taken those before.
    assert len(done[DAG]) >= 5
    assert len(done[daily]) > 50
    at_once = [
        (one, other)
        for one_dag, other_dag in combinations(done, 2)
        for one, other in product(done[one_dag], done[other_dag])
        if one.begun < other.ended and other.begun < one.ended
    ]
    assert at_once == []
