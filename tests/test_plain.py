"""Control characters from data, messages and logs do not reach the terminal."""

import subprocess
import sys
from urllib.parse import quote

import pytest
from test_clickhouse import PASSWORD, SALES, ClickHouse, clickhouse, execute, load, sell, shop  # noqa: F401

from embedded import report, stack, status
from embedded.report.request import Request
from embedded.settings import Settings
from migrations.plain import first_line, plain
from tests.conftest import ROOT

# Retitles the window, moves the cursor, asks the terminal to answer; turns writing around; ends a line.
HOSTILE = "Куртка\x1b]0;owned\x07\x1b[2J\x9b6n\u202eтеп\u200b\r\n"


@pytest.mark.parametrize(
    ("text", "keep", "safe"),
    [
        ("Куртка, 42 ₽\u00a0— «ёж»", "", "Куртка, 42 ₽\u00a0— «ёж»"),
        ("a\x1b]0;t\x07b", "", "a\\x1b]0;t\\x07b"),
        ("a\x9bb\x7f\x00", "", "a\\x9bb\\x7f\\x00"),
        ("a\u202eb\u200bc\u2028d", "", "a\\u202eb\\u200bc\\u2028d"),
        ("a\nb\tc", "\n", "a\nb\\tc"),
        ("a\ud800b", "", "a\\ud800b"),
    ],
)
def test_what_is_unsafe_is_escaped(text, keep, safe):
    assert plain(text, keep) == safe


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("  refused\n\tIs the server running?\n"), "refused"),
        (ValueError("ERROR:  permission denied\nLINE 1: SELECT"), "permission denied"),
        # psycopg2 has errors that say nothing.
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_of_what_an_error_says_the_first_line_is_told(error, said):
    assert first_line(error) == said


def controls(text: str) -> set[str]:
    """Return the characters that a terminal would obey."""
    return {one for one in text if (ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160 or one in "\u202e\u200b"}


def test_report_and_status_show_hostile_names_escaped(tmp_path, shop, clickhouse):  # noqa: F811
    execute(shop, f"UPDATE raw.product SET category = $h${HOSTILE}$h$, updated_at = '2026-01-01 00:00:01'")
    load(shop)
    clickhouse.take_over()
    execute(shop, f"CALL sl.record_failure('cdm.build_mart', 'XX000', $h${HOSTILE}$h$)")
    url = f"http://tshop:{PASSWORD}@127.0.0.1:{clickhouse.port}/tshop"
    settings = Settings(tmp_path / "home", external_warehouse=shop, external_clickhouse=url)
    told = report.render(settings, Request.from_environment())
    assert "Куртка\\x1b]0;owned\\x07" in told
    assert controls(told) == set()
    screen = status.render(status.look(settings))
    assert "\\x1b]0;owned" in screen
    assert controls(screen) == set()


def test_logs_are_shown_escaped(tmp_path):
    logs = tmp_path / "home" / "logs"
    logs.mkdir(parents=True)
    (logs / "airflow-scheduler.log").write_text(f"before\n{HOSTILE}after\n")
    answer = subprocess.run(
        [sys.executable, "-m", "embedded", "logs", "airflow-scheduler"],
        cwd=ROOT,
        env={"TSHOP_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = answer.stdout.decode()
    assert "\\x1b]0;owned" in said
    assert "after" in said
    assert controls(said) == set()


def test_progress_is_shown_escaped(capsys):
    """Such as the reason for which a task of Airflow is tried again, which is a line of its log."""
    stack.say(f"after: {HOSTILE}")
    said = capsys.readouterr().out
    assert "after: Куртка\\x1b]0;owned" in said
    assert controls(said) == set()


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        pytest.param("embedded.superset", "TSHOP_LANGUAGE", id="make dashboard"),
        pytest.param("embedded.backfill", "SLICE_ROWS", id="make backfill"),
        pytest.param("embedded up", "TSHOP_POSTGRES_PORT", id="make run"),
        pytest.param("migrations", "WAREHOUSE_DSN", id="make migrate"),
        pytest.param("migrations.roles", "WAREHOUSE_ADMIN_DSN", id="make the roles"),
        pytest.param("generator --from 2026-01-01", "WAREHOUSE_DSN", id="make generate"),
    ],
)
def test_errors_are_shown_escaped(tmp_path, postgres_server, command, variable):
    hostile = HOSTILE
    if variable.endswith("DSN"):
        # The server's answer names the database that it does not have.
        hostile = f"{postgres_server.dsn('').rstrip('/')}/{quote(HOSTILE.strip())}"
    answer = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT,
        env={"TSHOP_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", variable: hostile},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = answer.stderr.decode()
    assert answer.returncode != 0
    assert "\\x1b]0;owned" in said
    assert controls(said) == set()
