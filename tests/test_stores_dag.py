"""The DAG tshop_stores: from the inbox to ClickHouse; a missing region is told, and a run again changes nothing."""

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from conftest import run_module
from test_alerts import CHANNEL, CHAT, Telegram
from test_dags import dag_bag  # noqa: F401
from test_live_dag import ask, execute, settings_of

from embedded import main_job, stack, stores
from embedded.airflow_api import AirflowApi
from embedded.environment import SPARK_BIN
from embedded.errors import StackError
from embedded.report import stores as report
from embedded.settings import ROOT
from generator.stores import Chain, weeks
from sources.stores import inbox
from tests.live_parts import needs_java

DAG = "tshop_stores"
FIRST, LATE = "2023-W35", "2023-W36"
SIZE = ("--sales", "20000", "--clients-first", "1000", "--clients-last", "1500", "--products", "50")


# --- which week, which files ------------------------------------------------------------------------------------------


def test_a_run_is_for_the_week_that_was_over_in_moscow():
    assert inbox.week_of_run(datetime(2023, 9, 5, 9, 45, tzinfo=UTC)) == "2023-W35"
    # In Moscow it is Monday already.
    assert inbox.week_of_run(datetime(2023, 9, 10, 20, 59, tzinfo=UTC)) == "2023-W35"
    assert inbox.week_of_run(datetime(2023, 9, 10, 21, 0, tzinfo=UTC)) == "2023-W36"
    assert inbox.week_of_run(datetime(2024, 1, 2, 9, 45, tzinfo=UTC)) == "2023-W52"
    begin, end = inbox.bounds("2023-W35")
    assert (begin, end) == (datetime(2023, 8, 27, 21, tzinfo=UTC), datetime(2023, 9, 3, 21, tzinfo=UTC))
    with pytest.raises(ValueError, match="'2023-35' is no week: write it as 2023-W35"):
        inbox.bounds("2023-35")


def test_the_generators_weeks_are_those_of_the_inbox():
    for week in weeks(Chain()):
        assert inbox.monday(week.name) <= week.first <= week.last
        assert inbox.bounds(week.name)[1].timestamp() * 1_000_000 == week.ends
        assert inbox.week_of_run(inbox.run_of(week.name)) == week.name


def test_new_files_are_those_of_known_names_and_other_content(tmp_path: Path):
    assert inbox.new_files(tmp_path / "none", {}) == []
    for place in (f"{FIRST}/North/sales.csv", f"{LATE}/North/sales.csv", f"{LATE}/East/clients.csv"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(place)
    for other in (f"{FIRST}/North/sales.csv.partial", f"{FIRST}/Abroad/sales.csv", "2023-35/North/sales.csv", "notes"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_text("x")
    found = inbox.new_files(tmp_path, {})
    assert [(file.week, file.region, file.stream) for file in found] == [
        (FIRST, "North", "stores.sales"),
        (LATE, "East", "stores.clients"),
        (LATE, "North", "stores.sales"),
    ]
    landed = {(file.stream, file.week, file.region): file.sha256 for file in found}
    assert inbox.new_files(tmp_path, landed) == []
    assert inbox.new_files(tmp_path, {}, upto=FIRST) == found[:1]
    assert inbox.new_files(tmp_path, {}, regions=("East",)) == found[1:2]
    assert inbox.new_files(tmp_path, {}, weeks=[LATE]) == found[1:]
    (tmp_path / LATE / "North" / "sales.csv").write_text("another")
    assert [file.week for file in inbox.new_files(tmp_path, landed)] == [LATE]
    both = ["sales.csv", "clients.csv"]
    assert inbox.missing(tmp_path, {}, LATE) == {
        "North": ["clients.csv"],
        "South": both,
        "East": ["sales.csv"],
        "West": both,
    }
    # What was landed may have been put away since.
    known = {(f"stores.{name}", LATE, region): "x" for name in ("sales", "clients") for region in ("South", "West")}
    assert set(inbox.missing(tmp_path, known, LATE)) == {"North", "East"}


# --- the DAG ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dag(dag_bag):  # noqa: F811
    """The DAG."""
    return dag_bag.dags[DAG]


def test_tasks_run_in_order_and_a_failed_region_stops_no_other(dag, warehouse):
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    chain = ["plan", "clean", "apply", "load", "build", "audit", "publish"]
    assert edges == {
        *pairwise(chain),
        ("clean", "every_region"),
        ("plan", "tell_missing"),
    }
    assert dag.get_task("apply").trigger_rule == "all_done"
    # A leaf, so that the run fails all the same.
    assert dag.get_task("every_region").trigger_rule == "none_failed"
    with psycopg.connect(warehouse) as connection:
        found = connection.execute("SELECT stream FROM landing.stream WHERE stream LIKE 'stores.%'").fetchall()
    assert {call.parameters["stream"] for call in dag.get_task("apply").calls} == {stream for (stream,) in found}


def test_it_runs_on_tuesdays_when_it_is_wanted(dag):
    assert dag.is_paused_upon_creation
    assert (dag.timetable.expression, dag.max_active_runs, dag.catchup) == ("45 12 * * TUE", 1, False)


class Answer(BaseHTTPRequestHandler):
    """An API server that answers each request with its ``said``."""

    said = b""

    def do_POST(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.said)))
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def test_a_note_that_cannot_be_written_is_a_line_in_the_log(monkeypatch, caplog, dag_bag):  # noqa: F811
    from tshop_stores_operators import write_note

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        for address, said in (
            (f"127.0.0.1:{port}", b"<html>"),
            (f"127.0.0.1:{port}", b"{}"),
            (f"127.0.0.1:{port}", b"[]"),
            ("127.0.0.1:1", b""),
        ):
            monkeypatch.setattr(Answer, "said", said)
            monkeypatch.setenv("AIRFLOW_CONN_TSHOP_AIRFLOW", f"http://name:word@{address}")
            caplog.clear()
            write_note(DAG, "a run", "a note")
            assert "The run's note could not be written" in caplog.text
        server.shutdown()


# --- what a run does --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(scratch: Path) -> Iterator[stack.Stack]:
    """A migrated stack of PostgreSQL and ClickHouse, and of Airflow the API server, which keeps the runs' notes."""
    running = stack.Stack(settings_of(scratch / "stores-dag"), (stack.POSTGRES, stack.CLICKHOUSE))
    server = None
    try:
        running.start()
        running.prepare_airflow()
        main_job.migrate(running)
        server = subprocess.Popen(
            ["airflow", "api-server"],
            cwd=ROOT,
            env=running.environment("airflow"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        yield running
    finally:
        if server is not None:
            server.terminate()
            server.wait()
        running.stop()
        stack.remove(running.settings)


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Telegram]:
    """A server that takes Telegram's place."""
    server = Telegram(tmp_path)
    yield server
    server.stop()


def run_dag(running: stack.Stack, telegram: Telegram, logical_date: str) -> str:
    """Run the DAG for a moment, to its good end, and return its log."""
    answer = subprocess.run(
        ["airflow", "dags", "test", DAG, logical_date],
        cwd=ROOT,
        env={**running.environment("airflow"), **telegram.environment, "TSHOP_ALERT_URLS": CHANNEL},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "state=success" in answer.stdout, answer.stdout[-5000:]
    return answer.stdout


def note_of(running: stack.Stack) -> str:
    """Return the note of the DAG's newest run."""
    return AirflowApi(running.settings).runs(DAG, ("success",))[-1]["note"]


def everything(running: stack.Stack) -> list[tuple]:
    """Return all that the layers hold of the stores, in PostgreSQL and in ClickHouse."""
    tables = ("landing.document", "landing.file", "landing.refused_line", "landing.position", "raw.sale", "raw.client")
    tables += ("dds.sale", "dds.client", "dds.sales_order", "cdm.sales_mart", "cdm.region_sales", "sl.run")
    counted = [
        execute(running, f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t")
        for table in tables
    ]
    shown = [ask(running, f"SELECT * FROM tshop.{table} ORDER BY ALL") for table in ("region_sales", "sales")]
    return [*counted, *shown]


@needs_java
@pytest.mark.skipif(not (SPARK_BIN / "spark-submit").exists(), reason="Spark is not installed: 'make setup-spark'")
@pytest.mark.timeout(1200)
def test_files_go_to_clickhouse_a_missing_region_is_told_and_a_run_again_changes_nothing(running, telegram, tmp_path):
    manifest = generate(running, tmp_path)
    folder = running.settings.inbox
    # East sends nothing in the first week, South no clients; West sends nothing at all.
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for place in (f"{FIRST}/East", f"{FIRST}/South/clients.csv", f"{FIRST}/West", f"{LATE}/West", f"{LATE}/South"):
        (hidden / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).rename(hidden / place)
    log = run_dag(running, telegram, "2023-09-05T12:45:00+03:00")
    # Both weeks of North in one session.
    assert "North: new files of 2023-W35, 2023-W36" in log
    assert [row[0] for row in execute(running, "SELECT DISTINCT region FROM landing.file ORDER BY 1")] == [
        *("East", "North", "South"),
    ]
    sentence = (
        "2023-W35: South has not sent clients.csv; East has not sent sales.csv and clients.csv; West has not sent "
        "sales.csv and clients.csv"
    )
    assert note_of(running) == sentence
    ((_path, body),) = telegram.received
    assert str(body["chat_id"]) == CHAT
    assert body["text"].startswith("<b>Stores, 2023-W35: files of South, East, West are missing</b>")
    assert "East has not sent sales.csv and clients.csv." in body["text"]
    shown = ask(running, "SELECT region, sum(sales_cnt) FROM tshop.region_sales GROUP BY region ORDER BY region")
    assert shown == execute(
        running, "SELECT region, sum(landed)::int FROM landing.file WHERE stream = 'stores.sales' GROUP BY 1 ORDER BY 1"
    )

    # Again, as where somebody clears the run.
    before = everything(running)
    log = run_dag(running, telegram, "2023-09-05T12:45:00+03:00")
    assert "No file is new" in log
    assert "Nothing is new" in log
    assert everything(running) == before
    assert note_of(running) == sentence

    # What was late heals: all totals are the manifest's.
    for place in sorted(hidden.rglob("*.csv")):
        target = folder / place.relative_to(hidden)
        target.parent.mkdir(parents=True, exist_ok=True)
        place.rename(target)
    told = len(telegram.received)
    run_dag(running, telegram, "2023-09-12T12:45:00+03:00")
    assert note_of(running) == "2023-W36: every region has sent its files"
    assert len(telegram.received) == told
    text, is_equal = report.render(manifest, report.look(running.settings))
    assert is_equal, text
    assert "DIFFERENT" not in text
    # It can fail.
    manifest["regions"]["East"]["sales.csv"]["amount"] = str(
        Decimal(manifest["regions"]["East"]["sales.csv"]["amount"]) + Decimal("0.01")
    )
    text, is_equal = report.render(manifest, report.look(running.settings))
    assert not is_equal
    assert text.count("DIFFERENT") == 4


def generate(running: stack.Stack, folder: Path) -> dict:
    """Write two weeks of files to the stack's inbox; return the manifest."""
    file = folder / "manifest.json"
    answer = run_module(
        *("generator", "stores", "--inbox", str(running.settings.inbox), *SIZE),
        *("--weeks", "2", "--manifest", str(file)),
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(file.read_text())


# --- what make stores asks for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("WEEKS", "54", "WEEKS is '54': give a whole number from 0 to 53."),
        ("WEEKS", "six", "WEEKS is 'six': give a whole number from 0 to 53."),
        ("LATE", "1", "LATE is '1': give yes or no."),
    ],
)
def test_bad_variables_get_one_sentence(monkeypatch, variable, value, sentence):
    monkeypatch.setenv(variable, value)
    with pytest.raises(StackError, match=sentence.replace("?", r"\?")):
        stores.Request.from_environment()


def test_files_that_are_not_the_generators_are_not_written_over(tmp_path: Path):
    own, theirs = tmp_path / "own", tmp_path / "theirs"
    for _ in range(2):
        stores.claim(own)
        (own / FIRST / "North").mkdir(parents=True, exist_ok=True)
        (own / FIRST / "North" / "sales.csv").touch()
    (theirs / FIRST / "North").mkdir(parents=True)
    (theirs / FIRST / "North" / "sales.csv").touch()
    with pytest.raises(StackError, match="holds files that are not the generator's"):
        stores.claim(theirs)
    assert [path.name for path in theirs.iterdir()] == [FIRST]


def test_good_variables(monkeypatch):
    for name in ("WEEKS", "LATE"):
        monkeypatch.delenv(name, raising=False)
    assert stores.Request.from_environment() == stores.Request(6, False)
    monkeypatch.setenv("LATE", "yes")
    assert stores.Request.from_environment() == stores.Request(0, True)
    monkeypatch.setenv("WEEKS", "47")
    assert stores.Request.from_environment() == stores.Request(47, True)
