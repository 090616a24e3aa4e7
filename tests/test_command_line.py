"""What the command line says: to words that make does not know, to servers that do not answer, and of what is down."""

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import ROOT, run_module
from test_clickhouse import PASSWORD, SALES, ClickHouse, change, clickhouse, execute, load, sell, shop  # noqa: F401

from embedded import main_job, report, stack, status
from embedded.__main__ import where
from embedded.errors import StackError
from embedded.report.request import Request
from embedded.settings import Settings
from tests.ports import free_port


def make(*words: str) -> subprocess.CompletedProcess:
    """Call make as a person does: with none of the variables by which one make tells another that it calls it."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")
    }
    return subprocess.run(["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


# --- words of make ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("reprot", "There is no target reprot, did you mean report? 'make help' shows what there is."),
        ("xyzzy", "There is no target xyzzy. 'make help' shows what there is."),
        ("run CLEINTS=5", "make run takes no variable CLEINTS, did you mean CLIENTS? 'make help' shows what there is."),
        ("run clients=5", "make run takes no variable clients, did you mean CLIENTS? 'make help' shows what there is."),
        ("load WAREHOSUE_DSN=x", "make load takes no variable WAREHOSUE_DSN, did you mean WAREHOUSE_DSN? 'make help' "),
        ("generate DAYS=3", "make generate takes no variable DAYS. 'make help' shows what there is."),
        ("stop load RUNS=3", "make stop load takes no variable RUNS. 'make help' shows what there is."),
    ],
)
def test_an_unknown_word_is_told_before_anything_runs(words: str, message: str) -> None:
    answer = make(*words.split())
    assert answer.returncode == 2
    assert answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert message in line


@pytest.mark.parametrize(
    "words",
    [
        ("run", "CLIENTS=5", "FROM=2026-01-01"),
        ("report", "AS_OF=2026-01-26 10:00", "TO=2026-01-26"),
        ("stop", "TSHOP_HOME=/tmp/elsewhere", "WAREHOUSE_READER_DSN=x"),
        ("load", "mart", "PYTHON=python3"),
        (".venv/bin/uv",),
        (),
    ],
)
def test_known_words_are_taken(words: tuple[str, ...]) -> None:
    assert make("--dry-run", *words).returncode == 0


def test_help_names_each_variable_that_a_target_takes() -> None:
    text = (ROOT / "Makefile").read_text()
    taken = {name for names in re.findall(r"^TAKES\.[\w-]+ := (.*)$", text, re.MULTILINE) for name in names.split()}
    shown = make("help").stdout
    assert [name for name in sorted(taken) if not re.search(rf"\b{name}\b", shown)] == []


# --- the report -------------------------------------------------------------------------------------------------------


def settings_of(folder: Path, dsn: str, server: ClickHouse) -> Settings:
    """Return settings that name a warehouse and a ClickHouse and run nothing themselves."""
    url = f"http://tshop:{PASSWORD}@127.0.0.1:{server.port}/tshop"
    return Settings(folder / "home", external_warehouse=dsn, external_clickhouse=url)


def figures(text: str) -> tuple[str, str]:
    """Return the lines in the mart, as ClickHouse counts them, and the revenue that a report shows."""
    rows = re.search(r"^ClickHouse +([\d ]+?)  ", text, re.MULTILINE)[1]
    return rows, re.search(r"^Revenue, RUB +(.+)$", text, re.MULTILINE)[1]


def test_report_of_what_was_known_at_a_moment_and_of_a_period(tmp_path, clickhouse, shop):  # noqa: F811
    # The shop's first batch was built three days ago.
    execute(
        shop,
        "UPDATE sl.run SET started_at = started_at - interval '3 days', finished_at = finished_at - interval '3 days'",
        "UPDATE cdm.sales_mart SET valid_from = valid_from - interval '3 days'",
    )
    change(shop, "quantity = quantity + 1", "sale_id <= 10")
    sell(shop, SALES + 1, SALES + 5)
    load(shop)
    clickhouse.take_over()
    settings = settings_of(tmp_path, shop, clickhouse)
    now = datetime.now(UTC)

    whole = report.render(settings)
    ((revenue,),) = execute(shop, "SELECT sum(total_amount) FROM cdm.sales_mart WHERE is_current")
    assert re.search(r"^Revenue, RUB +(.+)$", whole, re.MULTILINE)[1] == f"{revenue:,.2f}".replace(",", " ")

    earlier = now - timedelta(days=1)
    text = report.render(settings, Request(as_of=earlier))
    ((revenue,),) = execute(shop, f"SELECT sum(total_amount) FROM cdm.sales_mart_as_known('{earlier}')")
    assert figures(text) == (f"{SALES:,}".replace(",", " "), f"{revenue:,.2f}".replace(",", " "))
    assert "ClickHouse equals PostgreSQL." in text
    assert re.match(r"\nAll sales, as they were known at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d Europe/Moscow\.\n", text)
    # The warehouse itself has no past to tell.
    assert "Layers" not in text

    days = "(sold_at AT TIME ZONE 'Europe/Moscow')::date"
    ((first, middle, rows),) = execute(
        shop,
        f"SELECT min({days}), min({days}) + 20,"
        f" count(*) FILTER (WHERE {days} <= (SELECT min({days}) + 20 FROM raw.sale))"
        " FROM cdm.sales_mart WHERE is_current",
    )
    assert 0 < rows < SALES
    text = report.render(settings, Request(first=first, last=middle))
    assert figures(text)[0] == str(rows)
    assert f"\nSales from {first} to {middle}, as they are known now.\n" in text
    assert re.search(rf"^First day +{first}$", text, re.MULTILINE)
    assert "ClickHouse equals PostgreSQL." in text
    both = report.render(settings, Request(now, first, middle))
    assert figures(both) == figures(text)

    with pytest.raises(StackError, match=r"AS_OF: at .* the mart was not built yet; its first build began at .*: give"):
        report.render(settings, Request(as_of=now - timedelta(days=4)))


def test_report_reads_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(**variables: str) -> Request:
        for name in ("AS_OF", "FROM", "TO"):
            monkeypatch.setenv(name, variables.get(name, ""))
        return Request.from_environment()

    assert ask() == Request()
    assert ask().is_whole
    assert ask(FROM="2026-01-19", TO="2026-01-25") == Request(None, date(2026, 1, 19), date(2026, 1, 25))
    # A day is over at midnight in Moscow.
    assert ask(AS_OF="2026-01-26").as_of == datetime(2026, 1, 26, 21, tzinfo=UTC)
    assert ask(AS_OF="2026-01-26 09:00").as_of == datetime(2026, 1, 26, 6, tzinfo=UTC)
    assert ask(AS_OF="2026-01-26T09:00:30").as_of == datetime(2026, 1, 26, 6, 0, 30, tzinfo=UTC)
    today = datetime.now(main_job.SHOP_ZONE).date()
    assert datetime.now(UTC) - ask(AS_OF=str(today)).as_of < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"FROM": "2026-02-30"}, "FROM: '2026-02-30' does not exist: February 2026 has 28 days."),
        ({"TO": "January"}, "TO: 'January' is not a day: write it as 2026-01-31."),
        ({"FROM": "2026-01-05", "TO": "2026-01-04"}, "TO=2026-01-04 is before FROM=2026-01-05: give them in order."),
        ({"AS_OF": "2026-04-31"}, "AS_OF: '2026-04-31' does not exist: April 2026 has 30 days."),
        ({"AS_OF": "2026-01-26 25:00"}, "AS_OF: '25:00' is not a time of day: write it as 09:00."),
        ({"AS_OF": "last week ago"}, "AS_OF: 'last week ago' is not a moment: write it as 2026-01-31 or"),
        ({"AS_OF": "2999-01-01"}, "AS_OF: 2999-01-01 has not come yet: give a moment of the past, Moscow time."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_variables_of_the_report_get_one_sentence(tmp_path, variables, message) -> None:
    answer = run_module("embedded", "report", TSHOP_HOME=str(tmp_path / "home"), **variables)
    assert (answer.returncode, answer.stdout) == (1, "")
    (line,) = answer.stderr.splitlines()
    assert message in line


def test_each_way_of_not_answering_has_a_sentence_of_its_own(tmp_path, clickhouse, shop, monkeypatch):  # noqa: F811
    # A password that the session has for psql would be taken.
    monkeypatch.delenv("PGPASSWORD", raising=False)
    clickhouse.prepare()
    url = f"http://tshop:{PASSWORD}@127.0.0.1:{clickhouse.port}/tshop"
    host = shop.split("@")[1]
    closed = free_port()
    cases = [
        ({}, "The embedded stack is not running: start it by 'make run', or name a warehouse by WAREHOUSE_DSN."),
        ({"WAREHOUSE_DSN": shop}, "The embedded stack is not running: start it by 'make run', or name a warehouse by"),
        (
            {"WAREHOUSE_DSN": "postgresql://u:p@nowhere.invalid/d", "CLICKHOUSE_URL": url},
            "WAREHOUSE_DSN names the host 'nowhere.invalid', which is not known: correct it.",
        ),
        (
            {"WAREHOUSE_DSN": f"postgresql://u:p@127.0.0.1:{closed}/d", "CLICKHOUSE_URL": url},
            'The warehouse named by WAREHOUSE_DSN cannot be reached (connection to server at "127.0.0.1", '
            f"port {closed} failed: Connection refused): start it, or correct its address.",
        ),
        (
            {"WAREHOUSE_DSN": f"postgresql://postgres:wrong@{host}", "CLICKHOUSE_URL": url},
            "The warehouse named by WAREHOUSE_DSN does not accept the password of 'postgres': correct it in "
            "WAREHOUSE_DSN.",
        ),
        (
            {"WAREHOUSE_DSN": f"postgresql://postgres@{host}", "CLICKHOUSE_URL": url},
            "The warehouse named by WAREHOUSE_DSN wants a password: write it into WAREHOUSE_DSN.",
        ),
        (
            {"WAREHOUSE_DSN": re.sub(r"/\w+$", "/nothing", shop), "CLICKHOUSE_URL": url},
            "The warehouse named by WAREHOUSE_DSN has no database 'nothing': correct WAREHOUSE_DSN, or make it there.",
        ),
        (
            {"WAREHOUSE_DSN": shop, "CLICKHOUSE_URL": f"http://tshop:p@127.0.0.1:{closed}/tshop"},
            f"ClickHouse does not answer at 127.0.0.1:{closed}: start it, or correct CLICKHOUSE_URL.",
        ),
        (
            {"WAREHOUSE_DSN": shop, "CLICKHOUSE_URL": "http://tshop:p@nowhere.invalid:8123/tshop"},
            "CLICKHOUSE_URL names the host 'nowhere.invalid', which is not known: correct it.",
        ),
        (
            {"WAREHOUSE_DSN": shop, "CLICKHOUSE_URL": url.replace(PASSWORD, "wrong")},
            "ClickHouse does not accept the password of 'tshop': correct it in CLICKHOUSE_URL.",
        ),
    ]
    for variables, message in cases:
        answer = run_module("embedded", "report", TSHOP_HOME=str(tmp_path / "home"), **variables)
        assert answer.stderr.startswith(f"Error: {message}"), (variables, answer.stderr)
        assert len(answer.stderr.splitlines()) == 1
        assert answer.returncode == 1


# --- what is down, and when -------------------------------------------------------------------------------------------


def test_following_the_logs_of_a_stopped_stack_ends(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "postgres.log").write_text("the last line\n")
    answer = run_module("embedded", "logs", "--follow", TSHOP_HOME=str(tmp_path), timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith("the last line\n\nThe stack is stopped: these are the ends of its logs.\n")


def test_a_reader_that_has_read_enough_gets_no_traceback(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "embedded", "status"],
            cwd=ROOT,
            env={**os.environ, "TSHOP_HOME": str(tmp_path / "home")},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (answer.returncode, answer.stderr) == (141, "")


def test_a_superset_that_is_down_is_told_once_somebody_has_set_it_up(scratch: Path) -> None:
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow", "superset")}
    settings = Settings(scratch / "superset-down", ports)
    small = stack.Stack(settings, (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        small.start()
        assert "Superset" not in where(settings)
        assert "Superset" not in {title for title, _state, _health in small.status()}
        # What the first start of Superset leaves.
        (settings.folder("superset") / "set_up").touch()
        assert "  Superset     does not run (does not answer): start it by 'make dashboard'" in where(settings)
        assert (
            "Superset is stopped, so nobody sees the dashboards: start it by 'make dashboard'."
            in status.look(settings).problems
        )
    finally:
        small.stop()
        stack.remove(settings)


def test_the_time_zone_stands_over_every_time(tmp_path, clickhouse, shop):  # noqa: F811
    execute(shop, "INSERT INTO raw.sale (sale_id, updated_at) VALUES (0, '2026-01-01')")
    load(shop)
    clickhouse.take_over()
    settings = settings_of(tmp_path, shop, clickhouse)
    execute(shop, "CALL sl.record_failure('dds.load_sale', 'XX000', 'It broke')")
    told = f"{status.render(status.look(settings))}\n\n{report.render(settings)}"
    sections = [section for section in told.split("\n\n") if re.search(r"\d\d:\d\d", section)]
    # Lag, rejected rows, last runs, failed runs; the report's last runs.
    assert len(sections) == 5
    for section in sections:
        assert "Europe/Moscow" in "".join(section.splitlines()[:3]), section


@pytest.mark.parametrize(("runs", "said"), [("0", "RUNS=0: no day is generated; "), ("3", "All days up to yesterday")])
def test_a_run_that_generates_nothing_says_why(monkeypatch, runs: str, said: str) -> None:
    monkeypatch.setenv("RUNS", runs)
    assert main_job.why_no_day(main_job.Request.from_environment()).startswith(said)
