"""docs/your-own-tables.md is true: each block prints what the page says, on a server that has never seen the shop."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer, wheel_bin_dir
from tests.conftest import ROOT, debian_programs
from tests.ports import free_port

PAGE = ROOT / "docs" / "your-own-tables.md"
# What a call shows besides its NOTICE.
COUNTS = r"^ run_id \|.*\n-+.*\n .*\n(?:\(1 row\)\n)?\n*"


@pytest.fixture
def stranger(request: pytest.FixtureRequest, scratch: Path) -> Iterator[str]:
    """URI of an empty database on a server of the major version that the test asks for, as its owner, no superuser."""
    programs = None if request.param == 18 else debian_programs(request.param)
    server = PostgresServer(scratch / f"stranger-{request.param}", free_port(), "secret", programs, THROW_AWAY_SETTINGS)
    server.start()
    with contextlib.closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE ROLE owner_of_theirs LOGIN CREATEROLE PASSWORD 'secret'")
    server.create_database("theirs", owner="owner_of_theirs")
    yield server.dsn("theirs", "owner_of_theirs", "secret")
    server.stop("immediate")
    shutil.rmtree(server.folder)


def ask_psql(dsn: str, text: str) -> str:
    """What psql prints, errors and notices too, of a block of a page."""
    return run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "footer=off", dsn], dsn, text, ROOT)


def run(command: list[str], dsn: str, text: str, folder: Path) -> str:
    """What a command prints of a block, without what differs from call to call."""
    programs = f"{wheel_bin_dir()}:{os.environ['PATH']}"
    answer = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": programs, "WAREHOUSE_DSN": dsn, "PGTZ": "UTC", "PGDATESTYLE": "ISO"},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = answer.stdout
    assert answer.returncode == 0, f"{text}\n{printed}"
    for pattern, plain in (
        (r"^psql:\S+ ", ""),
        (r"in \d+\.\d+ s:", "in … s:"),
        (r"version [\d.]+ is", "version … is"),
        (r" +$", ""),
    ):
        printed = re.sub(pattern, plain, printed, flags=re.MULTILINE)
    return printed.strip("\n")


def without_counts(printed: str) -> str:
    """What was printed but for the rows of counts that calls show."""
    return re.sub(COUNTS, "", f"{printed}\n", flags=re.MULTILINE).strip("\n")


@pytest.mark.parametrize("stranger", [15, 16, 17, 18], indirect=True)
def test_following_the_page_gives_a_table_a_history(stranger: str, tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert {kind for kind, _ in blocks} == {"sh", "sql", "text"}
    printed = ""
    for kind, text in blocks:
        if kind == "text":
            # The page shows the row of counts once.
            assert text.strip("\n") in (printed, without_counts(printed))
        elif kind == "sql":
            printed = ask_psql(stranger, text)
        else:
            # The repository is where its file of SQL is.
            printed = run(["bash", "-eu"], stranger, text, ROOT if "dist" in text else tmp_path)
