"""What a machine lacks is told: each test that is skipped says why, and which command brings what it needs."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import ROOT, run_psql

TESTS = ROOT / "tests"


def reasons() -> Iterator[tuple[str, str]]:
    """Yield each reason for which a test may be skipped, with the place where it stands."""
    for file in sorted(TESTS.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name.endswith(("pytest.skip", "mark.skipif", "mark.skip", "importorskip")):
                given = [keyword.value for keyword in node.keywords if keyword.arg == "reason"] or node.args[:1]
                yield f"{file.name}:{node.lineno}", ast.unparse(given[0]) if given else ""


@pytest.mark.parametrize(("place", "reason"), list(reasons()))
def test_each_reason_to_skip_names_a_command(place: str, reason: str) -> None:
    # What is missing, then the command that brings it.
    assert re.fullmatch(r"""f?"[\w{].+: '[^']+'.*\"""", reason), reason


def test_psql_that_calls_psql_needs_none_in_path(admin_dsn, tmp_path, monkeypatch) -> None:
    (tmp_path / "psql").write_text("#!/bin/sh\necho another psql\n")
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert run_psql(admin_dsn, "-c", r"\! psql --version").stdout.startswith("psql (PostgreSQL) 18")


def test_a_bare_machine_has_what_readme_names_and_no_more() -> None:
    asked = ("sh", "bash", "awk", "make", "python3", "apt-get", "dpkg-deb", "psql", "initdb", "git", "gcc", "curl")
    answer = subprocess.run(
        ["bash", TESTS / "bare.sh", "bash", "-c", f"for one in {' '.join(asked)}; do command -v $one; done; true"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.split("/")[-1] for line in answer.stdout.splitlines()]
    assert found == ["sh", "bash", "awk", "make", "python3", "apt-get", "dpkg-deb"]


def pytest_of(folder, *arguments: str) -> str:
    """Run pytest with this repository's hooks on the tests of a folder, and return what it prints."""
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "--rootdir", folder, "-c", ROOT / "pyproject.toml"]
    answer = subprocess.run(
        [*command, "-p", "tests.conftest", *arguments, folder],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{TESTS}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout + answer.stderr


@pytest.mark.parametrize("workers", [(), ("--numprocesses", "2")], ids=["alone", "workers"])
def test_skips_are_told_in_one_line_a_reason_and_run_later(tmp_path, workers) -> None:
    for name in ("one", "two"):
        (tmp_path / f"test_{name}.py").write_text(
            "import os, pytest\n"
            "needs = pytest.mark.skipif('WINGS' not in os.environ, reason=\"Wings are missing: 'make wings'\")\n"
            "@needs\n@pytest.mark.parametrize('number', [1, 2])\n"
            "def test_flies(number): pass\n"
            "def test_walks(): pass\n"
        )
    said = pytest_of(tmp_path, *workers)
    assert [line for line in said.splitlines() if "Wings" in line] == [
        "4 tests of test_one.py, test_two.py: Wings are missing: 'make wings'"
    ], said
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINGS", "2")
        said = pytest_of(tmp_path, *workers, "--skipped")
    assert "4 passed" in said
    assert "not tested" not in said
