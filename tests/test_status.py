"""make status: what it says of a warehouse and its ClickHouse that are well, behind, broken or away."""

import contextlib
import os
import re
import subprocess
from pathlib import Path

import psycopg2
import pytest
from conftest import ROOT, run_module
from prometheus_client.parser import text_string_to_metric_families
from test_clickhouse import (  # noqa: F401
    PASSWORD,
    SALES,
    SQL,
    ClickHouse,
    change,
    clickhouse,
    execute,
    load,
    sell,
    shop,
)

from clickhouse import marts
from clickhouse.files import statements_of
from embedded import main_job, stack, status
from embedded.airflow_api import AirflowApi
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import Settings
from tests.ports import free_port

LATE = (
    "UPDATE sl.run SET stamped_at = coalesce(stamped_at, started_at), started_at = started_at - interval '3 days', "
    "finished_at = finished_at - interval '3 days'"
)


def settings_of(tmp_path: Path, dsn: str, server: ClickHouse | None = None) -> Settings:
    """Return settings that name a warehouse, and a ClickHouse where there is one, and run nothing themselves."""
    url = f"http://tshop:{PASSWORD}@127.0.0.1:{server.port}/tshop" if server else ""
    return Settings(tmp_path / "home", external_warehouse=dsn, external_clickhouse=url)


def lag_of(state: status.State) -> dict[tuple[str, str], tuple]:
    """Return by source and target how many rows the target is behind, and whether for any time."""
    return {
        (row["source"], row["target"]): (row["rows_behind"], row["minutes_behind"] is not None)
        for row in state.tables["lag"]
    }


def command(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command."""
    home = {"TSHOP_HOME": str(tmp_path / "home"), "TSHOP_POSTGRES_PORT": str(free_port())}
    return run_module("embedded", "status", *arguments, **home, **environment)


def test_tells_what_is_behind_until_all_is_published(tmp_path, shop, clickhouse):  # noqa: F811
    settings = settings_of(tmp_path, shop, clickhouse)
    state = status.look(settings)
    # The tables of ClickHouse are not even made.
    assert lag_of(state)[("cdm.sales_mart", "tshop.sales_mart")] == (SALES, True)
    assert state.problems == [
        "cdm.sales_mart has 1 500 rows in builds of which none was ever published: "
        "run the DAG tshop_daily ('make run')."
    ]

    clickhouse.take_over()
    execute(shop, *(f"CALL {name}()" for (name,) in execute(shop, "SELECT sl._build_name(m) FROM sl.mart AS m")))
    state = status.look(settings)
    assert set(lag_of(state).values()) == {(0, True)}
    screen = status.render(state)
    assert screen.endswith("\nAll is well.")
    assert len(screen.splitlines()) <= 45
    assert max(map(len, screen.splitlines())) <= 120

    # Two versions are closed, two opened, three sales are new; four more rows are in raw only.
    change(shop, "quantity = 7", "sale_id IN (1, 2)")
    sell(shop, SALES + 1, SALES + 3)
    load(shop)
    sell(shop, SALES + 4, SALES + 7)
    state = status.look(settings)
    lag = lag_of(state)
    assert lag[("cdm.sales_mart", "tshop.sales_mart")] == (7, True)
    assert lag[("raw.sale", "dds.sale")] == (4, True)
    assert lag[("dds.sale", "cdm.sales_mart")] == (0, True)
    clickhouse.run("pull.sql")
    assert clickhouse.rows("SELECT count() FROM tshop.sales_mart_staging") == [(7,)]

    # Builds that nobody publishes become late, and say so.
    execute(shop, f"{LATE} WHERE target = 'cdm.sales_mart'")
    [problem] = status.look(settings).problems
    assert problem.startswith("7 rows of cdm.sales_mart have waited for tshop.sales_mart for 3 d 0 h:")


def test_a_source_that_brings_nothing_new_is_late(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    assert not any("brought nothing new" in problem for problem in status.look(settings).problems)
    execute(shop, "UPDATE sl.entity SET fresh_within = '1 second' WHERE entity_name = 'sale'")
    state = status.look(settings)
    [problem] = [problem for problem in state.problems if "brought nothing new" in problem]
    assert problem.startswith("raw.sale has brought nothing new for longer than its declaration allows")
    assert 'tshop_late{source="raw.sale",target="dds.sale"} 1.0' in status.metrics(state)


def test_knows_another_warehouse_and_damaged_batches(tmp_path, shop, clickhouse):  # noqa: F811
    clickhouse.take_over()
    settings = settings_of(tmp_path, shop, clickhouse)
    clickhouse.command("INSERT INTO tshop.batch_to_heal (run_id, difference) VALUES (1, 'a'), (1, 'b')")
    [problem] = status.look(settings).problems
    assert problem.startswith("Of ClickHouse's batches 1 are damaged:")
    clickhouse.command("TRUNCATE TABLE tshop.batch_to_heal")
    execute(shop, "UPDATE sl.run SET started_at = started_at - interval '1 s' WHERE target = 'cdm.sales_mart'")
    [problem] = status.look(settings).problems
    assert "which this warehouse did not make" in problem

    clickhouse.kill()
    state = status.look(settings)
    assert state.problems == [
        "ClickHouse does not tell what is published (it does not answer): correct CLICKHOUSE_URL."
    ]
    # The rest is told all the same.
    assert lag_of(state)[("raw.sale", "dds.sale")] == (0, True)
    answer = command(tmp_path, WAREHOUSE_DSN=shop, CLICKHOUSE_URL=settings.external_clickhouse)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert answer.stdout.splitlines()[-1] == f"Wrong: {state.problems[0]}"
    assert PASSWORD not in answer.stdout


def test_readers_without_their_rows_are_told(tmp_path, shop, clickhouse):  # noqa: F811
    clickhouse.take_over()
    settings = settings_of(tmp_path, shop, clickhouse)
    lacks = "ClickHouse lacks a table or view of tshop: the next run of tshop_daily makes it and pulls what is missing."
    for loss, seen in (
        (["DELETE FROM tshop.sales_mart WHERE sold_on < '2026-02-01' SETTINGS lightweight_deletes_sync = 2"], "757"),
        (["TRUNCATE TABLE tshop.sales_mart"], "0"),
        (["DROP TABLE tshop.sales_mart SYNC"], None),
        (["DROP VIEW tshop.sales"], None),
    ):
        clickhouse.command(*loss)
        [problem] = status.look(settings).problems
        if seen is None:
            assert problem == lacks
            clickhouse.prepare()
            [problem] = status.look(settings).problems if "sales_mart" in loss[0] else [None]
        if problem:
            assert problem == (
                f"Readers see {seen or 0} rows of tshop.sales in ClickHouse, and 1 500 were published: the next run of "
                "tshop_daily pulls every batch again."
            )
        clickhouse.take_over()
        assert status.look(settings).problems == []
    clickhouse.command("DROP DATABASE tshop SYNC")
    [problem] = status.look(settings).problems
    assert problem.startswith("cdm.sales_mart has 1 500 rows in builds of which none was ever published")


def test_a_mart_that_is_behind_lost_or_damaged_is_told(tmp_path, shop, clickhouse):  # noqa: F811
    settings = settings_of(tmp_path, shop, clickhouse)
    clickhouse.take_over()
    execute(
        shop,
        "INSERT INTO raw.category (category_id, name, updated_at) VALUES (1, 'Верх', '2026-01-01')",
        "CALL dds.load_category()",
        "CALL cdm.build_category_tree()",
    )
    state = status.look(settings)
    assert lag_of(state)[("cdm.category_tree", "tshop.category_tree")] == (1, True)
    assert state.problems == [
        "cdm.category_tree has 1 rows in builds of which none was ever published: run the DAG tshop_daily ('make run')."
    ]
    marts.take_over(clickhouse.rows, lambda found: clickhouse.command(*found), "category_tree")
    state = status.look(settings)
    assert (state.problems, lag_of(state)[("cdm.category_tree", "tshop.category_tree")]) == ([], (0, True))
    clickhouse.command("TRUNCATE TABLE tshop.category_tree")
    [problem] = status.look(settings).problems
    assert problem.startswith("Readers see no row of tshop.category_tree in ClickHouse, and 1 were published:")
    marts.mark(clickhouse.rows, lambda found: clickhouse.command(*found), "category_tree")
    [_, problem] = status.look(settings).problems
    assert problem.startswith("ClickHouse's tshop.category_tree is damaged:")


def test_state_on_the_way_of_a_publishing_is_no_loss(tmp_path, shop, clickhouse):  # noqa: F811
    clickhouse.take_over()
    settings = settings_of(tmp_path, shop, clickhouse)
    sell(shop, SALES + 1, SALES + 3)
    load(shop)
    clickhouse.run("pull.sql", "reconcile.sql")
    for step in statements_of("publish.sql"):
        clickhouse.command(step)
        assert status.look(settings).problems == [], step


def test_failed_run_is_told_until_one_succeeds(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    execute(shop, "CALL sl.record_failure('dds.load_sale', 'TS004', 'the load would delete 900 rows')")
    state = status.look(settings)
    assert state.problems == [
        "The last run of dds.load_sale failed (TS004: the load would delete 900 rows): see docs/errors.md."
    ]
    [failed] = state.tables["failed"]
    assert (failed["sqlstate"], failed["made_up_for"], failed["message"]) == (
        "TS004",
        "no",
        "the load would delete 900 rows",
    )
    answer = command(tmp_path, WAREHOUSE_DSN=shop)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert "TS004" in answer.stdout

    execute(shop, "CALL sl.record_failure('dds.load_sale', NULL, 'the connection was lost')")
    state = status.look(settings)
    assert [row["made_up_for"] for row in state.tables["failed"]] == ["no", "no"]
    execute(shop, "CALL dds.load_sale()")
    state = status.look(settings)
    assert (state.problems, [row["made_up_for"] for row in state.tables["failed"]]) == ([], ["yes", "yes"])
    assert command(tmp_path, WAREHOUSE_DSN=shop).returncode == 0


# Every procedure that leaves a run, and a call that succeeds. A backfill commits, and all others may.
CALLS = {
    "dds.load_client": "CALL dds.load_client()",
    "dds.load_product": "CALL dds.load_product()",
    "dds.load_sale": "CALL dds.load_sale()",
    "cdm.build_mart": "CALL cdm.build_mart()",
    "sl.audit": "CALL sl.audit()",
    "dds.forget_client": "CALL dds.forget_client(1)",
    "sl.backfill": "CALL sl.backfill('product')",
}


def test_every_failure_is_made_up_for_by_a_later_success(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    for procedure in CALLS:
        execute(shop, f"CALL sl.record_failure('{procedure}', 'XX000', 'planted')")
    state = status.look(settings)
    assert [problem.split(" failed")[0] for problem in state.problems] == [
        f"The last run of {procedure}" for procedure in sorted(CALLS)
    ]
    execute(shop, *CALLS.values())
    # Forgetting a client builds all marts that read clients.
    succeeded = {row[0] for row in execute(shop, "SELECT procedure_name FROM sl.run WHERE status = 'succeeded'")}
    assert succeeded >= set(CALLS)
    state = status.look(settings)
    assert state.problems == []
    assert {row["made_up_for"] for row in state.tables["failed"]} == {"yes"}
    # And the next failure is one again.
    execute(shop, "CALL sl.record_failure('dds.forget_client', 'TS005', 'planted')")
    assert len(status.look(settings).problems) == 1


def test_call_that_was_refused_for_its_argument_is_no_failure(tmp_path, shop):  # noqa: F811
    answer = subprocess.run(
        ["make", "forget", "CLIENT=999999999"],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_DSN": shop, "TSHOP_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "no client 999999999 is known" in answer.stderr
    assert "has its trace" not in answer.stderr
    state = status.look(settings_of(tmp_path, shop))
    assert (state.problems, state.tables["failed"]) == ([], [])


def test_rows_that_wait_in_raw_become_late(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    execute(shop, "SELECT sl.run_build(mart_name) FROM sl.mart")
    sell(shop, SALES + 1, SALES + 2)
    execute(shop, "UPDATE raw.client SET first_name = NULL, updated_at = now() WHERE client_id = 1", LATE)
    execute(shop, "CALL dds.load_client()")
    state = status.look(settings)
    assert [problem.split(":")[0] for problem in state.problems] == [
        "2 rows of raw.sale have waited for dds.sale for 3 d 0 h"
    ]
    assert [(row["entity"], row["rule"], row["rows"]) for row in state.tables["rejected"]] == [
        ("client", "name_missing", 1)
    ]


def test_rows_loaded_with_a_warning_are_shown_and_are_no_fault(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    assert status.look(settings).tables["warned"] == []
    execute(
        shop,
        "UPDATE raw.sale SET client_id = NULL, updated_at = updated_at + interval '1 hour' WHERE sale_id <= 3",
        "CALL dds.load_sale()",
        "CALL cdm.build_mart()",
    )
    state = status.look(settings)
    assert state.problems == []
    assert [(row["entity"], row["rule"], row["rows"], row["example_key"]) for row in state.tables["warned"]] == [
        ("sale", "client_missing", 3, "1")
    ]
    assert re.search(r"^ *sale +client_missing +3 +1 ", status.render(state), re.MULTILINE)
    assert 'tshop_warned_rows{entity="sale",rule="client_missing"} 3.0' in status.metrics(state)


def test_names_the_runs_of_a_clock_that_ran_ahead(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    execute(
        shop,
        "UPDATE sl.run SET started_at = started_at + interval '1 year', finished_at = finished_at + interval '1 year' "
        "WHERE target = 'cdm.sales_mart'",
        # The clock is right again, and the next build fails: the success of next year does not make up for it.
        "CALL sl.record_failure('cdm.build_mart', '53100', 'could not extend file')",
    )
    state = status.look(settings)
    assert [row["made_up_for"] for row in state.tables["failed"]] == ["no"]
    assert [problem.split(" began ")[0].split(" failed")[0] for problem in state.problems] == [
        "The last run of cdm.build_mart",
        f"Run {execute(shop, 'SELECT run_id FROM sl.status_clock')[0][0]} on cdm.sales_mart",
    ]
    execute(shop, "SELECT * FROM sl.restamp_runs()", "CALL cdm.build_mart()")
    assert status.look(settings).problems == []


def test_names_what_is_not_as_declared(tmp_path, shop):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    execute(shop, "ALTER TABLE raw.client ADD COLUMN nickname text", "ALTER TABLE raw.sale DISABLE TRIGGER sl_stamp")
    state = status.look(settings)
    # A column that nobody has declared is shown, and is no fault.
    assert [problem.split(", ")[0] for problem in state.problems] == [
        "Entity sale: raw.sale: the trigger sl_stamp is not always enabled: Declare the entity again"
    ]
    shown = status.render(state).split("Sources and targets that are not as declared\n")[1].split("\n\n")[0]
    assert [line.split()[:3] for line in shown.splitlines()[1:]] == [
        ["sale", "error", "raw.sale:"],
        ["client", "info", "raw.client"],
    ]
    assert 'tshop_drift{entity="client",level="info"} 1.0' in status.metrics(state)


def test_names_a_transaction_that_is_open_for_long(tmp_path, shop, monkeypatch):  # noqa: F811
    settings = settings_of(tmp_path, shop)
    monkeypatch.setattr(status, "LONG_HOURS", -1)
    with contextlib.closing(psycopg2.connect(shop, application_name="a notebook")) as connection:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO raw.client (client_id, updated_at) VALUES (99999, now())")
            # The view shows what is open for a minute.
            execute(
                shop,
                "CREATE OR REPLACE VIEW sl.status_transaction AS SELECT t.* FROM sl.open_transactions() AS t",
            )
            [problem] = status.look(settings).problems
        assert problem.startswith("postgres (a notebook, idle in transaction, pid ")
        assert "each load reads again what was written since: end it by 'make reap'" in problem
    assert status.look(settings).problems == []


def test_metrics_are_those_of_the_screen(tmp_path, shop):  # noqa: F811
    execute(shop, "CALL sl.record_failure('dds.load_sale', 'TS004', 'x')")
    sell(shop, SALES + 1, SALES + 2)
    answer = command(tmp_path, "--format", "prometheus", WAREHOUSE_DSN=shop)
    assert (answer.returncode, answer.stderr) == (1, "")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.stdout)
        for sample in family.samples
    }
    assert samples[("tshop_problems",)] == 1
    assert samples[("tshop_lag_rows", "raw.sale", "dds.sale")] == 2
    assert samples[("tshop_lag_seconds", "dds.sale", "cdm.sales_mart")] == 0
    assert samples[("tshop_run_failed", "dds.load_sale", "dds.sale")] == 1
    assert samples[("tshop_run_failed", "dds.load_client", "dds.client")] == 0
    # Nobody knows how far a ClickHouse is that nobody named.
    assert ("tshop_lag_rows", "cdm.sales_mart", "tshop.sales_mart") not in samples


def test_stopped_stack_and_warehouses_out_of_reach_are_one_sentence(tmp_path, empty_database):
    answer = command(tmp_path)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert answer.stdout.splitlines()[-1] == "Wrong: The stack is stopped: start it by 'make run'."

    answer = command(tmp_path, WAREHOUSE_DSN=f"postgresql://tshop:hidden@127.0.0.1:{free_port()}/tshop")
    assert (answer.returncode, answer.stderr, answer.stdout.count("Wrong")) == (1, "", 1)
    assert "PostgreSQL does not tell how the warehouse is (connection to server" in answer.stdout
    assert "hidden" not in answer.stdout

    answer = command(tmp_path, WAREHOUSE_DSN=empty_database)
    assert answer.stdout.splitlines()[-1] == "Wrong: The warehouse has no status views: run 'make migrate'."


def test_reads_as_the_monitor_may(tmp_path, new_database, warehouse_template):
    admin = new_database(warehouse_template)
    name = "monitor-of-status"
    with contextlib.closing(psycopg2.connect(admin)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE tshop_monitor PASSWORD %s", (name,))
    parts = psycopg2.extensions.parse_dsn(admin)
    dsn = f"postgresql://tshop_monitor:{name}@{parts['host']}:{parts['port']}/{parts['dbname']}"
    # As the owner nothing would be read here.
    settings = Settings(
        tmp_path / "home", external_warehouse="postgresql://x@127.0.0.1:1/x", external_roles={"monitor": dsn}
    )
    state = status.look(settings)
    assert state.problems == []
    asked = ("runs", "failed", "latest", "lag", "marketplace", "rejected", "warned", "clock", "drift", "transactions")
    assert tuple(sorted(state.tables)) == tuple(sorted(asked))


@pytest.mark.parametrize(
    ("minutes", "text"), [(None, "-"), (0, "0 min"), (119, "119 min"), (125, "2 h 5 min"), (3000, "2 d 2 h")]
)
def test_durations_are_said_as_people_do(minutes, text):
    assert status._duration(minutes) == text


@pytest.mark.timeout(600)
def test_failed_run_of_a_dag_is_told_until_one_succeeds(scratch):
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow")}
    settings = Settings(scratch / "status-airflow", ports, postgres_settings=THROW_AWAY_SETTINGS)
    running = stack.Stack(settings)
    try:
        running.start()
        main_job.migrate(running)
        api = AirflowApi(settings)
        assert running.wait_for(lambda: all(api.dag_exists(dag) for dag in status.DAGS), 240)
        assert status.look(settings).problems == []
        for dag in status.DAGS:
            # A paused DAG is not run: its runs end as they are told to.
            api._request("PATCH", f"/api/v2/dags/{dag}", {"is_paused": True})
            run_id = api.trigger(dag, {})
            assert status.look(settings).problems == []
            api.fail(dag, run_id)
            [problem] = status.look(settings).problems
            assert problem.startswith(f"The last run of {dag} failed ({run_id}): {settings.airflow_url}/dags/{dag} ")
            later = api.trigger(dag, {})
            api._request("PATCH", f"/api/v2/dags/{dag}/dagRuns/{later}", {"state": "success"})
            assert status.look(settings).problems == []
    finally:
        running.stop()
        stack.remove(settings)
