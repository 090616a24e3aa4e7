"""pgTAP on one's own warehouse: the checks read only, the tests leave nothing, and docs/pgtap.md runs as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, query, run_module, run_psql
from test_clickhouse import execute, load, shop  # noqa: F401

from embedded.postgres import wheel_bin_dir

PAGE = (ROOT / "docs" / "pgtap.md").read_text()
CHECKS = sorted((ROOT / "tests" / "pgtap" / "checks").glob("*.sql"))
needs_pg_prove = pytest.mark.skipif(
    not shutil.which("pg_prove"),
    reason="pg_prove is not installed: 'apt-get install libtap-parser-sourcehandler-pgtap-perl'",
)


def block(name: str) -> str:
    """Return the text of a block of the page."""
    (text,) = re.findall(rf"^<!-- test: {name} -->\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def pgtap(dsn: str, *files: str) -> subprocess.CompletedProcess:
    """Run files as make pgtap does."""
    options = ("--own-warehouse", "-p", "no:cacheprovider", "--quiet", "--quiet", "--tb=short")
    return run_module("pytest", *options, *files, WAREHOUSE_DSN=dsn)


def prove(script: str, **variables: str) -> subprocess.CompletedProcess:
    """Run shell commands of the page."""
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{wheel_bin_dir()}:{os.environ['PATH']}",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def state(dsn: str) -> list[tuple]:
    """Return what a check must not change: every table and routine there is, and the rows of the runs."""
    return execute(
        dsn,
        "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_namespace),"
        " (SELECT max(run_id) FROM sl.run), (SELECT count(*) FROM dds.sale)",
    )


def test_checks_of_a_warehouse_in_use_change_nothing(shop: str) -> None:  # noqa: F811
    before = state(shop)
    answer = pgtap(shop, "tests/pgtap/checks")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert state(shop) == before


@pytest.mark.parametrize(
    ("damage", "failed"),
    [
        ("DELETE FROM cdm.sales_mart WHERE sale_id = 7", "mart_equals_a_fresh_computation"),
        (
            "INSERT INTO cdm.category_tree"
            " (category_id, version_no, name, path, top_category, level, valid_from, run_id)"
            " SELECT 1, 2, 'Tops', 'Tops', 'Tops', 1, now(), max(run_id) FROM sl.run",
            "mart_equals_a_fresh_computation",
        ),
        ("UPDATE dds.sale SET is_current = false WHERE sale_id = 7", "history_keeps_its_invariants"),
        ("CALL sl.record_failure('dds.load_sale', 'XX000', 'It broke')", "no_procedure_failed_last"),
        (
            "UPDATE sl.run SET started_at = started_at - interval '3 days', finished_at = now() - interval '3 days';"
            " INSERT INTO raw.client (client_id, updated_at) VALUES (1001, now())",
            "nothing_waits_for_more_than_a_day",
        ),
    ],
)
def test_each_check_finds_what_it_is_for(shop: str, damage: str, failed: str) -> None:  # noqa: F811
    execute(shop, *damage.split("; "))
    answer = pgtap(shop, "tests/pgtap/checks")
    assert answer.returncode == 1
    assert set(re.findall(r"^FAILED tests/pgtap/checks/(\w+)\.sql", answer.stdout, re.MULTILINE)) >= {failed}


@pytest.mark.parametrize("file", CHECKS, ids=lambda file: file.stem)
def test_a_check_can_not_write(shop: str, file: Path, tmp_path: Path, pgtap_database: str) -> None:  # noqa: F811
    text = file.read_text().replace("SELECT * FROM finish();", "DELETE FROM sl.run; SELECT * FROM finish();")
    (tmp_path / "writes.sql").write_text(text)
    answer = run_psql(pgtap_database, "-f", str(tmp_path / "writes.sql"))
    assert "cannot execute DELETE in a read-only transaction" in answer.stderr


def test_tests_run_in_a_database_beside_the_warehouse(shop: str) -> None:  # noqa: F811
    before = state(shop)
    answer = pgtap(shop, "tests/pgtap/checks", "tests/pgtap/_begin_run")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert state(shop) == before
    assert query(shop, "SELECT count(*) FROM pg_database WHERE datname LIKE 'tshop_pgtap_%'") == (0,)


def test_a_server_that_is_away_is_told() -> None:
    answer = pgtap("postgresql://nobody@127.0.0.1:1/none", "tests/pgtap/checks/no_procedure_failed_last.sql")
    assert answer.returncode == 1
    assert "The warehouse cannot be reached: connection to server" in answer.stdout
    assert "Traceback" not in answer.stdout


@needs_pg_prove
def test_the_page_proves_the_checks(shop: str) -> None:  # noqa: F811
    execute(shop, "CREATE EXTENSION pgtap")
    answer = prove(block("prove checks"), WAREHOUSE_DSN=shop)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[-1] == "Result: PASS"
    # And make pgtap takes the extension that is there.
    assert pgtap(shop, "tests/pgtap/checks").returncode == 0


@needs_pg_prove
def test_the_page_proves_the_tests_in_an_empty_warehouse(empty_database: str) -> None:
    answer = prove(block("prove tests"), EMPTY_DSN=empty_database)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[-1] == "Result: PASS"
    assert query(empty_database, "SELECT count(*) FROM sl.run") == (0,)


def test_the_pages_own_test_leaves_nothing(shop: str, tmp_path: Path) -> None:  # noqa: F811
    execute(shop, "CREATE EXTENSION pgtap")
    before = state(shop)
    (tmp_path / "own.sql").write_text(block("own test"))
    answer = run_psql(shop, "-f", str(tmp_path / "own.sql"))
    assert answer.returncode == 0, answer.stderr
    lines = [line for line in answer.stdout.splitlines() if line.startswith(("ok", "not ok", "1..", "#"))]
    assert lines == ["1..2", "ok 1 - a new client has one version", "ok 2 - which is the current one"]
    assert state(shop) == before


def test_the_page_lists_every_check() -> None:
    assert sorted(re.findall(r"^\| `(\w+)\.sql` \|", PAGE, re.MULTILINE)) == [file.stem for file in CHECKS]
