"""From the generator to ClickHouse and the report by the DAG itself, on a throw-away stack."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from clickhouse import marts
from embedded import main_job, report, stack, status
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import ROOT, Settings
from tests.ports import free_port

CONF = {"generate": True, "date_from": "2026-01-01", "date_to": "2026-01-03", "clients": 2000, "products": 100}


@pytest.fixture(scope="module")
def running(scratch: Path) -> Iterator[stack.Stack]:
    """A migrated stack of PostgreSQL and ClickHouse with Airflow's tables, but none of Airflow's services."""
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow")}
    settings = Settings(scratch / "end-to-end", ports, postgres_settings=THROW_AWAY_SETTINGS)
    running = stack.Stack(settings, (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        running.start()
        running.prepare_airflow()
        main_job.migrate(running)
        yield running
    finally:
        running.stop()
        stack.remove(settings)


def run_dag(running: stack.Stack, conf: dict, state: str = "success") -> str:
    """Run the DAG until it ends in a state, and return its log."""
    answer = subprocess.run(
        ["airflow", "dags", "test", main_job.DAG, "--conf", json.dumps(conf)],
        cwd=ROOT,
        env=running.environment("airflow"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert f"state={state}" in answer.stdout, answer.stdout[-5000:]
    return answer.stdout


def rows(running: stack.Stack, statement: str) -> list[tuple]:
    dsn = running.settings.warehouse_dsn
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.mark.timeout(600)
def test_days_go_from_the_generator_to_clickhouse(running: stack.Stack) -> None:
    log = run_dag(running, CONF)

    # The procedures' notices are in the tasks' logs.
    assert re.search(r"dds\.load_sale: run \d+ read \d+ rows", log)
    assert rows(running, "SELECT DISTINCT status FROM sl.run") == [("succeeded",)]

    # The pull tells how many rows it has copied.
    ((built,),) = rows(running, "SELECT count(*) FROM cdm.sales_mart")
    assert f"Rows copied: {built}, batches: 1" in log

    # All that was done without the owner's rights: Airflow does not know the owner.
    known = running.environment("airflow")
    assert urlsplit(known["WAREHOUSE_DSN"]).username == "tshop_loader"
    assert rows(running, "SELECT DISTINCT called_by FROM sl.run") == [("tshop_etl",)]

    days = "SELECT DISTINCT (sold_at AT TIME ZONE 'Europe/Moscow')::date::text FROM cdm.sales_mart ORDER BY 1"
    assert rows(running, days) == [("2026-01-01",), ("2026-01-02",), ("2026-01-03",)]

    # What ClickHouse shows is what PostgreSQL holds, and the report says so.
    text = report.render(running.settings)
    assert "ClickHouse equals PostgreSQL." in text
    [(revenue, orders)] = rows(
        running, "SELECT sum(total_amount), count(DISTINCT order_id) FROM cdm.sales_mart WHERE is_current"
    )
    assert revenue > 0
    assert re.search(rf"Revenue, RUB +{f'{revenue:,.2f}'.replace(',', ' ')}\n", text)
    assert re.search(rf"Orders [^0-9\n]*{orders}\n", text)

    # So does make status, as a role that may see no more than that. How many rows wait in raw is an upper bound here,
    # where Airflow's own transactions keep the load's window open.
    state = status.look(running.settings)
    assert state.problems == []
    assert [(title, health) for title, _process, health in state.services] == [
        ("PostgreSQL", "healthy"),
        ("ClickHouse", "healthy"),
    ]
    assert {row["rows_behind"] for row in state.tables["lag"] if row["layer"] != "dds"} == {0}
    assert {row["status"] for row in state.tables["runs"]} == {"succeeded"}
    assert text.count(" equal\n") >= len(marts.tables())
    assert rows(running, "SELECT count(*) > 0 FROM cdm.daily_sales") == [(True,)]

    # The same days again change nothing.
    before = rows(running, "SELECT count(*), sum(version_no), max(run_id) FROM cdm.sales_mart")
    run_dag(running, CONF)
    assert rows(running, "SELECT count(*), sum(version_no), max(run_id) FROM cdm.sales_mart") == before
    assert report.render(running.settings).split("Layers")[0] == text.split("Layers")[0]

    # A day later the main job would go on where the warehouse ends.
    assert str(main_job.last_generated_day(running.settings)) == "2026-01-03"


@pytest.mark.timeout(600)
def test_generating_without_a_day_fails_at_once_in_one_sentence(running: stack.Stack) -> None:
    log = run_dag(running, {"generate": True}, "failed")
    assert log.count("The parameter generate is on and date_from is empty: give a day as YYYY-MM-DD.") >= 1
    assert "Traceback" not in log
    assert "up_for_retry" not in log.lower()


def test_report_says_what_is_missing(running: stack.Stack, empty_database: str) -> None:
    empty = replace(running.settings, external_warehouse=empty_database)
    with pytest.raises(report.StackError, match=r"The warehouse does not give the report .* 'make run'"):
        report.render(empty)


def test_no_session_of_airflows_holds_its_locks_for_ever(running: stack.Stack) -> None:
    # A scheduler that is killed leaves workers, which keep its sessions open.
    dsn = running.settings.airflow_database_url.replace("+psycopg2", "")
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
