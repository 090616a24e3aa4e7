"""Fixtures: a throw-away PostgreSQL with the warehouse in it, a throw-away ClickHouse endpoint, and the pgTAP files."""

import contextlib
import functools
import itertools
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from dotenv import dotenv_values
from pytest_pgtap.plugin.core import FixtureItem, report_tap

from embedded.postgres import (
    THROW_AWAY_SETTINGS,
    PostgresServer,
    debian_bin_dir,
    libpq_environment,
    pgtap_share_dir,
    wheel_bin_dir,
)
from embedded.settings import WAREHOUSE_VARIABLES
from tests import endpoint
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
PGTAP = ROOT / "tests" / "pgtap"
TEMPLATE = "warehouse_template"
# Where pytest's cache keeps the names of the tests that the last run skipped.
SKIPPED = "tshop/skipped"
OWN_WAREHOUSE = pytest.StashKey[str]()
_database_numbers = itertools.count(1)


def run_module(*arguments: str, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess:
    """Run ``python -m <arguments>`` in the repository with these environment variables added, whatever its status."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_psql(dsn: str, *arguments: str, timeout: float | None = 240, **environment: str) -> subprocess.CompletedProcess:
    """Run psql on a database with bare, unaligned output, stopping at the first error; never raises on a status."""
    programs = wheel_bin_dir()
    return subprocess.run(
        [programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments],
        cwd=ROOT,
        # A file of psql may call psql itself, which need not be installed beside the wheel's.
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **environment, **libpq_environment(dsn)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def sql_of_page(page: str, name: str) -> str:
    """Return the SQL that a page of docs/ marks as the one of a test of its own."""
    text = (ROOT / "docs" / page).read_text()
    (found,) = re.findall(rf"^<!-- test: {name} -->\n```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Folder of the session, removed at its end, that other users can traverse (pytest's own cannot be)."""
    folder = Path(tempfile.mkdtemp(prefix="tshop-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> None:
    """Keep the tests off whatever warehouse and stack the shell points at."""
    for name in list(os.environ):
        if name in (*WAREHOUSE_VARIABLES.values(), "CLICKHOUSE_URL") or name.startswith("TSHOP_"):
            del os.environ[name]


@functools.cache
def find_pgtap(scratch: Path) -> Path | None:
    """Return a folder whose subfolder "extension" holds pgTAP: Debian's installed one, else its package unpacked."""
    if installed := pgtap_share_dir():
        return installed
    if not shutil.which("dpkg-deb") or not shutil.which("apt-get"):
        return None
    cache = ROOT / ".tshop" / "cache" / "pgtap"
    cache.mkdir(parents=True, exist_ok=True)
    if not list(cache.glob("*.deb")):
        # Needs no root; where the package lists are missing it fails, and the test that needs pgTAP says so.
        subprocess.run(
            ["apt-get", "download", "postgresql-15-pgtap"],
            cwd=cache,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    for package in cache.glob("*.deb"):
        # Unpacked where the user PostgreSQL runs as can read it.
        if subprocess.run(["dpkg-deb", "-x", package, scratch / "pgtap"], check=False).returncode == 0:
            (scratch / "pgtap").chmod(0o755)
            return next((scratch / "pgtap").glob("usr/share/postgresql/*/extension")).parent
    return None


def debian_programs(version: int) -> Path:
    """Return the folder of Debian's PostgreSQL programs of a major version; the test is skipped where there is none."""
    if folder := debian_bin_dir(version):
        return folder
    return pytest.skip(f"PostgreSQL {version} is not installed: 'apt-get install postgresql-{version}'")


@pytest.fixture(scope="session")
def server_of(scratch: Path) -> Iterator[Callable[[int], PostgresServer]]:
    """Function that returns a running throw-away server of a major version; skips the test where it is not installed.

    PostgreSQL 18 comes from the wheel and is always there, others are Debian's.
    """
    servers: dict[int, PostgresServer] = {}

    def start(version: int) -> PostgresServer:
        if version not in servers:
            bin_dir = None if version == 18 else debian_programs(version)
            # An ANALYZE of the server's own is a transaction as any other: a load beside it reads more rows than the
            # tests count.
            settings = {**THROW_AWAY_SETTINGS, "autovacuum": "off"}
            if version == 18 and (share := find_pgtap(scratch)):
                settings["extension_control_path"] = f"'$system:{share}'"
            server = PostgresServer(
                scratch / f"postgres-{version}", free_port(), secrets.token_urlsafe(16), bin_dir, settings
            )
            server.start()
            servers[version] = server
        return servers[version]

    yield start
    for server in servers.values():
        server.stop("immediate")
        if server.moved:
            shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_of: Callable[[int], PostgresServer]) -> PostgresServer:
    """The running throw-away PostgreSQL 18."""
    return server_of(18)


@pytest.fixture(scope="session")
def admin_dsn(postgres_server: PostgresServer) -> str:
    """URI of the database "postgres" of the throw-away server, as superuser: for roles and databases."""
    return postgres_server.dsn("postgres")


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> Callable[..., str]:
    """Function that makes an empty database, or one from a template, and returns its URI; nobody drops it."""

    def make(template: str | None = None) -> str:
        name = f"test_{next(_database_numbers)}"
        postgres_server.create_database(name, template)
        return postgres_server.dsn(name)

    return make


@pytest.fixture(scope="session")
def warehouse_template(postgres_server: PostgresServer) -> str:
    """Name of a database that holds the migrated, empty warehouse; nobody connects to it."""
    postgres_server.create_database(TEMPLATE)
    answer = run_module("migrations", WAREHOUSE_DSN=postgres_server.dsn(TEMPLATE))
    if answer.returncode != 0:
        pytest.fail(f"The migrations failed:\n{answer.stdout}\n{answer.stderr}", pytrace=False)
    return TEMPLATE


@pytest.fixture
def warehouse(postgres_server: PostgresServer, warehouse_template: str) -> Iterator[str]:
    """URI of a fresh, migrated, empty warehouse, dropped after the test."""
    name = f"warehouse_{next(_database_numbers)}"
    postgres_server.create_database(name, warehouse_template)
    yield postgres_server.dsn(name)
    postgres_server.drop_database(name)


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """URI of a fresh database without the warehouse, dropped after the test."""
    name = f"empty_{next(_database_numbers)}"
    postgres_server.create_database(name)
    yield postgres_server.dsn(name)
    postgres_server.drop_database(name)


def compose_file() -> dict[str, Any]:
    """Return docker-compose.yml, with the variables of a service's env_file in its environment, as Compose has it."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for service in compose["services"].values():
        for file in service.get("env_file", []):
            service["environment"] = {**dotenv_values(ROOT / file, interpolate=False), **service.get("environment", {})}
    return compose


def compose_environment(service: str, port: int) -> dict[str, str]:
    """Return the environment that docker-compose.yml gives a service, for a process on this machine.

    Each variable of .env has its own name for a value, so that one sees what came from where, and the service
    "postgres" is the server that listens on a port of 127.0.0.1.
    """
    values = compose_file()["services"][service].get("environment", {})
    found = {}
    for name, value in values.items():
        text = re.sub(r"\$\{(\w+)[^}]*\}", r"\1", value)
        text = text.replace("@postgres:5432", f"@127.0.0.1:{port}")
        # A test's server has no socket.
        text = text.replace("@/tshop?host=/var/run/postgresql", f"@127.0.0.1:{port}/tshop")
        text = text.replace('"host": "postgres", "port": 5432', f'"host": "127.0.0.1", "port": {port}')
        found[name] = {"postgres": "127.0.0.1", "5432": str(port)}.get(text, text)
    return found


@pytest.fixture(scope="session")
def compose_server(scratch: Path) -> Iterator[PostgresServer]:
    """A running throw-away PostgreSQL that was set up as docker-compose.yml does it, up to the migrated warehouse."""
    server = PostgresServer(scratch / "compose", free_port(), "TSHOP_POSTGRES_PASSWORD", settings=THROW_AWAY_SETTINGS)
    try:
        server.start()
        server.create_database("tshop")
        for script in sorted((ROOT / "docker" / "postgres").glob("*.sql")):
            answer = run_psql(server.dsn("tshop"), "-f", str(script), **compose_environment("postgres", server.port))
            assert answer.returncode == 0, answer.stderr
        for service, module in (("roles", "migrations.roles"), ("migrate", "migrations")):
            answer = run_module(module, **compose_environment(service, server.port))
            assert answer.returncode == 0, answer.stderr
        yield server
    finally:
        server.stop("immediate")
        if server.moved:
            shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def clickhouse_url(scratch: Path) -> Iterator[str]:
    """URL of a running throw-away ClickHouse endpoint; its named collection is for the test to set."""
    port = free_port()
    password = secrets.token_urlsafe(16)
    process = endpoint.start(scratch / "clickhouse", port, scratch / "clickhouse.log", "tshop", password)
    try:
        yield f"http://tshop:{password}@127.0.0.1:{port}/tshop"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@functools.cache
def pgtap_script(scratch: Path) -> str:
    """Return the file of SQL that makes pgTAP's functions, for a server that has not the extension."""
    share = find_pgtap(scratch)
    if share is None:
        pytest.fail(
            "pgTAP is not installed: run 'apt-get install postgresql-15-pgtap' (Debian 12), or use the test image.",
            pytrace=False,
        )
    return str(share / "extension" / "pgtap.sql")


def query(dsn: str, statement: str) -> tuple:
    """Run a statement outside of a transaction and return its first row, () where it gives none."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else ()


@pytest.fixture(scope="session")
def pgtap_database(request: pytest.FixtureRequest, scratch: Path) -> Iterator[str]:
    """URI of the database the pgTAP tests run in: the warehouse, pgTAP, and what tests/pgtap/helpers/ defines.

    It is a new one on the server of one's own warehouse, where that is tested, and is dropped in the end.
    """
    own = request.config.stash[OWN_WAREHOUSE]
    if own:
        name = f"tshop_pgtap_{secrets.token_hex(4)}"
        try:
            query(own, f"CREATE DATABASE {name}")
        except psycopg2.Error as error:
            pytest.fail(
                f"The tests need a database of their own beside the warehouse ({str(error).strip()}): "
                "name a user who may make one in WAREHOUSE_DSN, or run the checks alone by 'make pgtap'.",
                pytrace=False,
            )
        dsn = urlsplit(own)._replace(path=f"/{name}").geturl()
    else:
        server, template = (request.getfixturevalue(name) for name in ("postgres_server", "warehouse_template"))
        server.create_database("pgtap", template)
        dsn = server.dsn("pgtap")
    try:
        if own:
            answer = run_module("migrations", WAREHOUSE_DSN=dsn)
            assert answer.returncode == 0, answer.stderr
        answer = run_psql(dsn, "-c", "SET client_min_messages = warning", "-f", pgtap_script(scratch))
        assert answer.returncode == 0, answer.stderr
        for file in sorted((PGTAP / "helpers").glob("*.sql")):
            answer = run_psql(dsn, "-f", str(file))
            assert answer.returncode == 0, answer.stderr
        yield dsn
    finally:
        if own:
            query(own, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def pgtap_checks(request: pytest.FixtureRequest, scratch: Path) -> tuple[str, list[str]]:
    """URI of the warehouse that the checks look at, and what psql has to do before them, in their transaction."""
    own = request.config.stash[OWN_WAREHOUSE]
    if not own:
        return request.getfixturevalue("pgtap_database"), []
    try:
        (installed,) = query(own, "SELECT count(*) > 0 FROM pg_catalog.pg_extension WHERE extname = 'pgtap'")
        (may_make,) = query(own, "SELECT has_database_privilege(current_database(), 'CREATE')")
    except psycopg2.Error as error:
        pytest.fail(f"The warehouse cannot be reached: {str(error).strip()}", pytrace=False)
    if installed:
        return own, []
    if not may_make:
        pytest.fail(
            "pgTAP is not in the warehouse, and its user may make no schema there: as a superuser run "
            "'CREATE EXTENSION pgtap', or name the owner in WAREHOUSE_DSN.",
            pytrace=False,
        )
    # Gone with the transaction.
    make = "SET client_min_messages = warning; CREATE SCHEMA pgtap; SET LOCAL search_path = pgtap"
    return own, ["-c", make, "-f", pgtap_script(scratch), "-c", "RESET client_min_messages"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options --skipped, --own-warehouse and --write-answers."""
    parser.addoption(
        "--own-warehouse", action="store_true", help="run pgTAP's files on the warehouse that WAREHOUSE_DSN names"
    )
    parser.addoption("--skipped", action="store_true", help="run the tests that the last run skipped, and no others")
    parser.addoption("--write-answers", action="store_true", help="write the answers of docs/questions.md")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the address of one's own warehouse, which no other test sees."""
    config.stash[OWN_WAREHOUSE] = os.environ.get("WAREHOUSE_DSN", "") if config.option.own_warehouse else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that the last run skipped, where --skipped asks for them."""
    if config.option.skipped:
        skipped = set(config.cache.get(SKIPPED, []))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in skipped])
        items[:] = [item for item in items if item.nodeid in skipped]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell in one line a reason how many tests were skipped, why, and which command brings what they need."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons: dict[str, list[str]] = {}
    for report in reports:
        reasons.setdefault(report.longrepr[2].removeprefix("Skipped: "), []).append(report.fspath.split("/")[-1])
    if reasons:
        terminalreporter.section("not tested")
    for reason, files in sorted(reasons.items()):
        number = f"{len(files)} test{'s' if len(files) > 1 else ''}"
        terminalreporter.line(f"{number} of {', '.join(sorted(set(files)))}: {reason}")
    if hasattr(config, "cache"):
        config.cache.set(SKIPPED, sorted(report.nodeid for report in reports))


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    """Collect every SQL file of tests/pgtap/ but the helpers."""
    if file_path.suffix != ".sql" or PGTAP not in file_path.parents or file_path.parent.name == "helpers":
        return None
    return PgTapFile.from_parent(parent, path=file_path)


class PgTapFile(pytest.File):
    """A pgTAP file, which is one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """Return the one test."""
        yield PgTapTest.from_parent(self, name=self.path.stem)


class PgTapTest(FixtureItem):
    """Runs its file by psql in a connection and transaction of its own, rolled back; each TAP line is a subtest.

    The file needs no BEGIN and ROLLBACK, and may have them for those who run it by psql themselves. A file of the
    folder checks/ only reads, and runs on the warehouse itself where one's own is tested; the others write, and run on
    an empty one beside it.
    """

    def runtest(self) -> None:
        """Run the file."""
        before: list[str] = []
        if self.path.parent.name == "checks":
            dsn, before = self._request.getfixturevalue("pgtap_checks")
        else:
            dsn = self._request.getfixturevalue("pgtap_database")
        # A large warehouse takes its time; the test's own limit is pytest's.
        answer = run_psql(dsn, "-c", "BEGIN", *before, "-f", str(self.path), "-c", "ROLLBACK", timeout=None)
        label = str(self.path.relative_to(ROOT))
        if answer.returncode != 0:
            pytest.fail(f"{label}:\n{answer.stdout}\n{answer.stderr}", pytrace=False)
        self.add_report_section("call", "messages", answer.stderr)
        # The parser's dots of "1..7" match any character, so that the row "12|0" of a CALL would be a plan of 0 tests.
        lines = [line for line in answer.stdout.splitlines() if not re.match(r"1(?!\.\.).", line)]
        report_tap(self, lines, label)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the file as pytest shows it."""
        return self.path, 0, self.name
