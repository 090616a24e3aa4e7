"""No file of the stack holds the name of a forgotten person once the operator has run what docs/operations.md says."""

import contextlib
import json
import mmap
import os
import re
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import lz4.block
import psycopg2
import psycopg2.errors
import pytest
import zstandard
from conftest import run_psql
from test_dashboard import Shop, needs_superset
from test_operations import block

from embedded import main_job, stack, superset
from embedded.environment import superset_environment
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import ROOT, ClickHouseAddress, Settings
from tests.ports import free_port

# Superset's first start takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)

# Nobody else is called so. PostgreSQL's compression leaves letters that do not repeat as they are, and sets a byte of
# its own between some of them.
NAME = "Qzvkxwjyhgfbnmud"
TRACE = re.compile(b".?".join(re.escape(bytes([letter])) for letter in NAME.encode()), re.DOTALL)
CLIENT = 42
DATABASES = {"WAREHOUSE": "tshop", "AIRFLOW": "airflow", "SUPERSET": "superset"}
WHO = {"name": NAME, "client": CLIENT}


def traces(*folders: Path) -> set[str]:
    """Return the files of folders that hold the name, by their paths below the folders."""
    found = set()
    for folder in folders:
        for file in (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            with contextlib.suppress(FileNotFoundError), file.open("rb") as handle:
                if os.fstat(handle.fileno()).st_size == 0:
                    continue
                with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    if TRACE.search(content) or (file.suffix == ".bin" and NAME.encode() in unpacked(content)):
                        found.add(str(file.relative_to(folder)))
    return found


def unpacked(content: mmap.mmap) -> bytes:
    """Return what a column's file of ClickHouse holds: blocks of checksum, method, both sizes, and the packed bytes."""
    found, place = [], 0
    while place + 25 <= len(content):
        method, packed, size = struct.unpack_from("<BII", content, place + 16)
        block = content[place + 25 : place + 16 + packed]
        # Numbers have other methods.
        if method == 0x90:
            found.append(zstandard.ZstdDecompressor().decompress(block, max_output_size=size))
        elif method == 0x82:
            found.append(lz4.block.decompress(block, uncompressed_size=size))
        place += 16 + packed
    return b"".join(found)


def run(*command: str, environment: dict[str, str], cwd: Path = ROOT) -> str:
    """Run a command, which has to succeed, and return what it says."""
    answer = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-4000:]
    return answer.stdout


def fails(dsn: str, *statements: str) -> None:
    """Run statements of which the last one fails."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        *before, last = statements
        for statement in before:
            cursor.execute(statement)
        with pytest.raises(psycopg2.Error):
            cursor.execute(last)


def ask(url: str, statement: str) -> httpx.Response:
    """Ask ClickHouse, as whom a URL names."""
    address = ClickHouseAddress.parse(url)
    return httpx.post(
        f"http://{address.host}:{address.port}/", content=statement, auth=(address.user, address.password), timeout=60
    )


class Warehouse(Shop):
    """A stack in which a client's name has been wherever a name can get."""

    @property
    def folders(self) -> list[Path]:
        """The folders that hold all files of the stack."""
        server = self.stack.postgres
        return [self.settings.home, *([server.folder] if server.moved else [])]

    def run_dag(self, state: str = "success", **conf: object) -> None:
        """Run the DAG until it ends in a state."""
        log = run(
            *("bash", "-c", 'airflow dags test "$0" --conf "$1" || true', main_job.DAG, json.dumps(conf)),
            environment=self.stack.environment("airflow"),
        )
        assert f"state={state}" in log, log[-5000:]

    def traces(self) -> set[str]:
        """Return the files of the stack that hold the name, with all of PostgreSQL's on the disk."""
        run_psql(self.stack.postgres.dsn("postgres"), "-c", "CHECKPOINT")
        return traces(*self.folders)

    def number_of(self, database: str) -> int:
        """Return the number that a database's folder is named by."""
        ((number,),) = self.sql("SELECT oid FROM pg_database WHERE datname = %(name)s", {"name": database})
        return number

    def in_superset(self, statement: str) -> tuple:
        """Run a statement in Superset's database and return its first row."""
        with (
            contextlib.closing(psycopg2.connect(self.stack.postgres.dsn("superset"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            return cursor.fetchone()

    def run_sql(self, name: str, dsn: str, folder: Path) -> None:
        """Run a block of SQL of the docs by psql."""
        (folder / "block.sql").write_text(block(name))
        answer = run_psql(dsn, "-v", f"name={NAME}", "-f", str(folder / "block.sql"))
        assert answer.returncode == 0, answer.stderr

    def sell(self) -> None:
        """A client buys, another state of the client is rejected, and the DAG takes it all to ClickHouse."""
        self.sql(
            "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)"
            " SELECT n, 'Иван', 'Петров', '1980-01-01', '2026-01-01' FROM generate_series(1, 60) AS n"
        )
        self.sql(
            "UPDATE raw.client SET last_name = %(name)s, email = %(name)s || '@example.com', phone = %(name)s"
            " WHERE client_id = %(client)s",
            WHO,
        )
        self.sql(
            "INSERT INTO raw.product (product_id, name, category, size, price, updated_at)"
            " VALUES (1, 'Платье', 'Платья', 'M', 99.99, '2026-01-01')"
        )
        self.sql(
            "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)"
            " SELECT n, n, '2026-01-02', n % 60 + 1, 1, 1, '2026-01-02' FROM generate_series(1, 600) AS n"
        )
        self.run_dag()
        self.sql(
            "UPDATE raw.client SET birth_date = '1700-01-01', updated_at = '2026-01-03' WHERE client_id = %(client)s",
            WHO,
        )
        # A parameter of the run that the DAG does not know, as somebody's note.
        self.run_dag(asked_by=NAME)

    def fail_in_postgres(self) -> None:
        """Statements that fail with the name in their text, in their message, and in the row that is refused."""
        for role in ("owner", "loader", "analyst", "monitor"):
            dsn = self.settings.warehouse_dsn_of(role)
            fails(dsn, f'SELECT "{NAME}"')
            fails(dsn, f"SELECT '{NAME}'::date")
        owner, admin = self.settings.warehouse_dsn, self.stack.postgres.dsn("tshop")
        self.sql(f"CALL sl.record_failure('dds.load_client', '22007', 'no date: {NAME}', p_started_at => now())")
        fails(owner, f"INSERT INTO raw.client (client_id, last_name) VALUES (7, '{NAME}')")
        fails(owner, "CREATE TEMPORARY TABLE t (n text UNIQUE)", f"INSERT INTO t VALUES ('{NAME}'), ('{NAME}')")
        fails(admin, f"DO $$ BEGIN RAISE EXCEPTION 'no {NAME}' USING DETAIL = '{NAME}', HINT = '{NAME}'; END $$")
        self.sql(f"DO $$ BEGIN RAISE WARNING '{NAME}'; END $$")

    def spill(self) -> None:
        """A sort of names that does not fit into memory."""
        dsn = self.settings.warehouse_dsn_of("owner")
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute("SET work_mem = '64kB'")
            cursor.execute(
                "EXPLAIN (ANALYZE, FORMAT JSON) SELECT c.last_name || n"
                f" FROM raw.client AS c, generate_series(1, 20000) AS n WHERE c.client_id = {CLIENT} ORDER BY 1"
            )
            assert "external merge" in json.dumps(cursor.fetchone())

    def fail_in_clickhouse(self) -> None:
        """Statements that fail with the name, of whom reads for dashboards."""
        for statement in (f"SELECT toInt32('{NAME}')", f"SELECT {NAME}", f"SELECT throwIf(1, '{NAME}')"):
            answer = ask(self.settings.clickhouse_dashboard_url, statement)
            assert answer.status_code != 200
            assert NAME in answer.text

    def ask_superset(self) -> None:
        """SQL Lab: a query that is answered, one that fails, one that is saved, and what a tab keeps."""
        token = self.api.get("/api/v1/security/csrf_token/").json()["result"]
        headers = {"X-CSRFToken": token, "Referer": self.settings.superset_url}
        databases = self.api.get("/api/v1/database/").json()["result"]
        (number,) = [one["id"] for one in databases if one["database_name"] == "ClickHouse"]
        sql = f"SELECT count() FROM tshop.sales WHERE client LIKE '%{NAME}%'"
        for text, status in ((sql, 200), (f"SELECT toInt32('{NAME}')", 500)):
            answer = self.api.post(
                "/api/v1/sqllab/execute/", json={"database_id": number, "sql": text}, headers=headers
            )
            assert (answer.status_code == 200) is (status == 200), answer.text
        saved = {"db_id": number, "label": "one client", "sql": sql}
        assert self.api.post("/api/v1/saved_query/", json=saved, headers=headers).status_code == 201
        link = {"dbId": number, "name": "a tab", "sql": sql, "autorun": False}
        assert self.api.post("/api/v1/sqllab/permalink", json=link, headers=headers).status_code == 201


@pytest.fixture(scope="module")
def warehouse(scratch: Path) -> Iterator[Warehouse]:
    parts = ("postgres", "clickhouse", "airflow", "superset")
    settings = Settings(
        scratch / "forgotten", {part: free_port() for part in parts}, postgres_settings=dict(THROW_AWAY_SETTINGS)
    )
    running = stack.Stack(settings, (stack.POSTGRES, stack.CLICKHOUSE))
    try:
        running.start()
        running.prepare_airflow()
        main_job.migrate(running)
        some = Warehouse(running)
        some.sell()
        if superset.is_installed():
            superset.start(settings)
            some.log_in()
        yield some
    finally:
        running.stop()
        stack.remove(settings)


def test_no_log_of_a_server_quotes_what_a_statement_held(warehouse: Warehouse) -> None:
    server = warehouse.stack.postgres
    # What the servers do write, so that the logs that are searched are theirs, and all of it is there.
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(server.dsn("tshop", "before_the_name", "wrong"))
    warehouse.fail_in_postgres()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(server.dsn("tshop", "after_the_name", "wrong"))
    warehouse.fail_in_clickhouse()
    logs = {part: warehouse.stack.log_file(part).read_text() for part in (stack.POSTGRES, stack.CLICKHOUSE)}
    for role in ("before_the_name", "after_the_name"):
        assert f'password authentication failed for user "{role}"' in logs[stack.POSTGRES]
    assert f"Started server process [{warehouse.stack.pid(stack.CLICKHOUSE)}]" in logs[stack.CLICKHOUSE]
    assert [part.title for part, log in logs.items() if NAME in log] == []


@pytest.mark.parametrize(
    ("whose", "source", "status", "said"),
    [
        ("clickhouse_url", "system.errors", 200, ""),
        ("clickhouse_url", "merge('system', '^errors$')", 200, ""),
        ("clickhouse_dashboard_url", "system.errors", 200, ""),
        (
            "clickhouse_dashboard_url",
            "merge('system', '^errors$')",
            500,
            "Code: 636. DB::Exception: There are no tables",
        ),
    ],
)
def test_the_endpoints_users_read_no_errors(
    warehouse: Warehouse, whose: str, source: str, status: int, said: str
) -> None:
    warehouse.fail_in_clickhouse()
    answer = ask(getattr(warehouse.settings, whose), f"SELECT * FROM {source} FORMAT TSV")
    assert answer.status_code == status
    assert answer.text.startswith(said) if said else answer.text == ""
    assert NAME not in answer.text


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


@contextlib.contextmanager
def often_pruning(settings: Settings, folder: Path) -> Iterator[None]:
    """A server of Superset beside the stack's that looks for what is old several times a second."""
    config = folder / "often.py"
    config.write_text(
        f"import sys\nsys.path.append({str(ROOT / 'superset')!r})\nimport tshop_retention\n"
        "tshop_retention.LOOK_SECONDS = 0.3\nfrom gunicorn_config import post_worker_init\n"
    )
    command = [{"superset/gunicorn_config.py": str(config)}.get(word, word) for word in stack.SUPERSET.command]
    assert str(config) in command
    log = folder / "often.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{free_port()}", "superset.app:create_app()"],
            cwd=ROOT,
            env={**superset_environment(settings), "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
            process.wait(60)


@needs_superset
def test_superset_does_not_keep_for_good_what_people_asked(warehouse: Warehouse, tmp_path: Path) -> None:
    def kept() -> tuple:
        return warehouse.in_superset("SELECT (SELECT count(*) FROM query), (SELECT count(*) FROM logs)")

    def age(which: str = "true") -> None:
        warehouse.in_superset(f"UPDATE query SET changed_on = now() - interval '31 days' WHERE {which} RETURNING id")

    warehouse.ask_superset()
    queries, actions = kept()
    assert queries >= 2
    assert actions >= 2
    with often_pruning(warehouse.settings, tmp_path):
        age("id = (SELECT max(id) FROM query)")
        wait_for(lambda: kept()[0] == queries - 1, "what is old is not deleted")
        # It outlives a server that was away.
        run_psql(
            warehouse.stack.postgres.dsn("postgres"),
            "-c",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'superset'",
        )
        warehouse.in_superset("UPDATE logs SET dttm = now() - interval '31 days' RETURNING id")
        wait_for(lambda: kept() == (queries - 1, 0), "what is old is not deleted later")
    # The stack's own does so from its start.
    age()
    assert superset.set_up(warehouse.settings).returncode == 0
    assert kept()[0] == queries - 1
    warehouse.stack.start_superset()
    wait_for(lambda: kept()[0] == 0, "the stack's Superset deletes nothing")


@needs_superset
def test_no_file_holds_the_name_of_a_forgotten_person(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.fail_in_postgres()
    warehouse.spill()
    warehouse.fail_in_clickhouse()
    warehouse.ask_superset()
    holders = (
        "SELECT (SELECT count(*) FROM raw.client WHERE last_name = %(name)s),"
        " (SELECT count(*) FROM dds.client WHERE last_name = %(name)s),"
        " (SELECT count(*) FROM sl.rejected_row AS r WHERE strpos(r::text, %(name)s) > 0)"
    )
    assert warehouse.sql(holders, WHO) == [(1, 1, 1)]
    # The planner takes its samples, as it does by itself sooner or later.
    for database in DATABASES.values():
        assert run_psql(warehouse.stack.postgres.dsn(database), "-c", "ANALYZE").returncode == 0
    # As a task leaves it whose statement failed.
    log = warehouse.settings.home / "airflow" / "logs" / "dag_id=tshop_daily" / "attempt=1.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"psycopg.errors.CheckViolation: ... DETAIL: Failing row contains (42, {NAME}).")
    before = warehouse.traces()
    places = ["pg_wal/", "clickhouse/", "airflow/logs/", "logs/superset.log"]
    places += [f"base/{warehouse.number_of(database)}/" for database in DATABASES.values()]
    assert [place for place in places if not any(place in file for file in before)] == [], before

    owner = warehouse.stack.environment("owner")
    run("bash", "-ec", f"make -n -o setup forget CLIENT={CLIENT} | CLIENT={CLIENT} bash -e", environment=owner)
    warehouse.run_dag()
    assert warehouse.sql(holders, WHO) == [(0, 0, 0)]
    # What the docs say stays is there, and is not found by chance.
    assert any("base/" in file for file in warehouse.traces())

    admin = {name: warehouse.stack.postgres.dsn(database) for name, database in DATABASES.items()}
    warehouse.run_sql("leftovers of superset", admin["SUPERSET"], tmp_path)
    for name in ("leftovers of airflow", "leftovers in tables"):
        run("bash", "-eu", "-o", "pipefail", "-c", block(name), environment={**owner, **admin})
    warehouse.run_sql("leftovers in wal", admin["WAREHOUSE"], tmp_path)
    # ClickHouse's disk is free of it a minute later.
    end = time.monotonic() + 240
    while time.monotonic() < end and traces(warehouse.settings.home / "clickhouse"):
        time.sleep(5)
    warehouse.stack.stop()
    run("bash", "-eu", "-c", block("leftovers in logs"), environment=owner)
    warehouse.stack.start()
    assert warehouse.traces() == set()
