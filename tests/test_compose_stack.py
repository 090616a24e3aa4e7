"""docker-compose.yml run without an engine: each service as processes of this machine, in the order compose would start
them, in a folder that holds what its image and mounts hold, with no other environment than compose gives it.

PostgreSQL and ClickHouse are the embedded ones; everything else is a service's own command, and its own health check.
Who is root runs them as a container would: see tests/contain.sh. It takes some minutes, and is run where
COMPOSE_STACK=1 is set.
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from conftest import run_psql
from test_compose import (
    ROOT,
    SERVICES,
    VARIABLE,
    commands,
    dockerfiles,
    lay_out,
    mounts,
    pip_installs,
    postgres_arguments,
    size,
)

from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from tests import endpoint
from tests.ports import free_port

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("COMPOSE_STACK"),
        reason="The services of docker-compose.yml take minutes: 'COMPOSE_STACK=1 make test'",
    ),
    pytest.mark.timeout(1800),
]
# What listens where, inside.
ADDRESSES = {"postgres": 5432, "clickhouse": 8123, "airflow-api-server": 8080, "superset": 8088}
SUPERSET_BIN = ROOT / ".venv-superset" / "bin"
SETTINGS = {"TSHOP_CLIENTS": "500", "TSHOP_PRODUCTS": "50", "TSHOP_LAST_DAY": "2026-01-03"}
# The folder of PostgreSQL's socket.
SOCKET = "/var/run/postgresql"
# Seconds for a service to become healthy, on a busy machine.
TIMEOUT_SECONDS = 600


class Stack:
    """The services as processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ADDRESSES}
        self.values = {**self._make_env(), **SETTINGS}
        self.processes: dict[str, subprocess.Popen] = {}
        self.done: dict[str, str] = {}
        # The greatest memory in bytes that was seen.
        self.memory: dict[str, int] = {}
        self.postgres: PostgresServer | None = None
        self.contained = os.geteuid() == 0 and shutil.which("unshare") is not None
        self._roots = itertools.count()
        # What services share and may write to, by where they see it.
        self.shared = {"/var/log/airflow": folder / "logs", SOCKET: folder / "socket"}
        for shared in self.shared.values():
            shared.mkdir()
            shared.chmod(0o777)

    def _make_env(self) -> dict[str, str]:
        (self.folder / "env" / "docker").mkdir(parents=True)
        for file in (".env.example", "docker/make_env.sh"):
            (self.folder / "env" / file).write_bytes((ROOT / file).read_bytes())
        subprocess.run(["bash", self.folder / "env" / "docker" / "make_env.sh"], check=True, capture_output=True)
        lines = (self.folder / "env" / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def resolve(self, name: str, value: Any) -> Any:
        """Return a value of the compose file as it is here: variables, addresses and folders."""
        if isinstance(value, dict):
            return {key: self.resolve(name, one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.resolve(name, one) for one in value]
        text = VARIABLE.sub(lambda match: self.values[match["name"]], value)
        for host, port in ADDRESSES.items():
            text = re.sub(rf"\b{host}:{port}\b", f"127.0.0.1:{self.ports[host]}", text)
            text = text.replace(f'"host": "{host}", "port": {port}', f'"host": "127.0.0.1", "port": {self.ports[host]}')
        # What a service says of itself; of the ports, only Superset's is in a command.
        text = re.sub(r"\b(0\.0\.0\.0|127\.0\.0\.1):8088\b", f"127.0.0.1:{self.ports['superset']}", text)
        # A socket is named by its port, which is 5432 there.
        text = text.replace(f"?host={SOCKET}", f"?host={SOCKET}&port={self.ports['postgres']}")
        if not self.contained:
            for folder in ("/opt/tshop", "/opt/airflow", "/opt/superset"):
                here = "image" if folder == "/opt/tshop" else "home"
                text = text.replace(folder, str(self.folder / name / here))
            for folder, here in self.shared.items():
                text = text.replace(folder, str(here))
        return text

    def environment(self, name: str) -> dict[str, str]:
        """Return the whole environment of a service: its image's and its own."""
        image = re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^ENV (.+)$", self._dockerfile(name), re.MULTILINE)))
        own = SERVICES[name].get("environment", {})
        path = f"{self._python(name).parent}:{os.environ['PATH']}"
        found = self.resolve(name, {**dict(image), **own})
        if not self.contained:
            found |= dict.fromkeys(("HOME", "TMPDIR"), str(self.folder / name / "home"))
        if "AIRFLOW__API__PORT" in found:
            found |= {"AIRFLOW__API__HOST": "127.0.0.1", "AIRFLOW__API__PORT": str(self.ports[name])}
        return {**found, "PATH": path}

    @staticmethod
    def _python(name: str) -> Path:
        return SUPERSET_BIN / "python" if name.startswith("superset") else Path(sys.executable)

    def _dockerfile(self, name: str) -> str:
        return (ROOT / SERVICES[name]["build"]["dockerfile"]).read_text()

    def up(self, *names: str) -> None:
        """Start services and all that they depend on, each when its conditions are met."""
        for name in names:
            if name in self.done or name in self.processes:
                continue
            self.up(*SERVICES[name].get("depends_on", {}))
            if name == "postgres":
                self._start_postgres()
            elif name == "clickhouse":
                self._start_clickhouse()
            elif SERVICES[name]["restart"] == "no":
                self.done[name] = self.run(name).stdout
            else:
                self._start(name)
            for other, how in SERVICES[name].get("depends_on", {}).items():
                where = self.processes if how["condition"] == "service_healthy" else self.done
                assert other in where, f"{name} has begun without {other}"

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess:
        """Run a job to its end, which has to be good; arguments go in the place of its own."""
        own = self.resolve(name, [*SERVICES[name].get("entrypoint", []), *(arguments or SERVICES[name]["command"])])
        answer = subprocess.run(
            self._contain(name, self._program(name, own)),
            cwd=self._lay_out(name),
            env=self.environment(name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, f"{name}: {answer.stdout}\n{answer.stderr}"
        return answer

    def _lay_out(self, name: str) -> Path:
        image = self.folder / name / "image"
        (self.folder / name / "home").mkdir(parents=True, exist_ok=True)
        return image if image.exists() else lay_out(name, image)

    def _program(self, name: str, command: list[str]) -> list[str]:
        bin_dir = self._python(name).parent
        return [str(bin_dir / command[0]), *command[1:]] if (bin_dir / command[0]).exists() else command

    def _contain(self, name: str, command: list[str]) -> list[str]:
        """Return the command as it runs in something like a container; the command itself where that cannot be."""
        if not self.contained:
            return command
        root = self.folder / "roots" / str(next(self._roots))
        root.mkdir(parents=True)
        python = self._python(name)
        read_only = [python.parents[1], Path(os.path.realpath(python)).parents[1]]
        shown = [str(self._lay_out(name)), "/opt/tshop"]
        for _source, target, *mode in mounts(SERVICES[name]):
            if not mode:
                shown += [f"+{self.shared[target]}", target]
        memory = [word for folder in SERVICES[name].get("tmpfs", []) for word in folder.split(":")]
        # As the image's user has it.
        home = (re.findall(r"--home-dir (\S+)", self._dockerfile(name)) or ["/home/tshop"])[0]
        script = str(ROOT / "tests" / "contain.sh")
        prefix = ["unshare", "--mount", "bash", script, str(root), home, "--", *map(str, read_only), "--"]
        return [*prefix, *shown, "--", *memory, "--", *command]

    def _start(self, name: str) -> None:
        folder = self._lay_out(name)
        programs = [self._program(name, self.resolve(name, one)) for one in commands(name)]
        command, check = (self._contain(name, one) for one in programs)
        environment = self.environment(name)
        self._popen(name, command, folder, environment)

        def healthy() -> bool:
            return subprocess.run(check, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0

        self._wait(name, healthy)

    def _popen(self, name: str, command: list[Any], folder: Path, environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, name: str, healthy: Any) -> None:
        end = time.monotonic() + TIMEOUT_SECONDS
        while not healthy():
            log = (self.folder / f"{name}.log").read_text(errors="replace")[-5000:]
            assert self.processes[name].poll() is None, f"{name} ended:\n{log}"
            assert time.monotonic() < end, f"{name} is not healthy:\n{log}"
            time.sleep(1)

    def _start_postgres(self) -> None:
        # The shared file is the embedded server's, too, and where it listens is this machine's.
        elsewhere = ("config-file", "listen-addresses")
        given = {name: value for name, value in postgres_arguments().items() if name not in elsewhere}
        rules = self.folder / "pg_hba.conf"
        shutil.copyfile(ROOT / "docker" / "postgres" / "pg_hba.conf", rules)
        rules.chmod(0o644)
        given |= {
            "hba-file": str(rules),
            "unix-socket-directories": str(self.shared[SOCKET]),
            "shared-buffers": "128MB",
        }
        settings = {name.replace("-", "_"): f"'{value}'" for name, value in given.items()}
        environment = self.resolve("postgres", SERVICES["postgres"]["environment"])
        self.postgres = PostgresServer(
            self.folder / "postgres",
            self.ports["postgres"],
            environment["POSTGRES_PASSWORD"],
            settings={**THROW_AWAY_SETTINGS, **settings},
        )
        self.postgres.start()
        # The superuser comes by the socket only.
        admin = f"postgresql://postgres@/{{}}?host={self.shared[SOCKET]}&port={self.postgres.port}"
        answer = run_psql(admin.format("postgres"), "-c", f"CREATE DATABASE {environment['POSTGRES_DB']}")
        assert answer.returncode == 0, answer.stderr
        for script in sorted((ROOT / "docker" / "postgres").glob("*.sql")):
            answer = run_psql(admin.format(environment["POSTGRES_DB"]), "-f", str(script), **environment)
            assert answer.returncode == 0, answer.stderr
        self.processes["postgres"] = None

    def _start_clickhouse(self) -> None:
        environment = self.resolve("clickhouse", SERVICES["clickhouse"]["environment"])
        parts = {name.removeprefix("TSHOP_WAREHOUSE_"): value for name, value in environment.items()}
        port = self.ports["clickhouse"]
        command = [*endpoint.COMMAND, "--path", self.folder / "clickhouse"]
        self._popen(
            "clickhouse",
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            ROOT,
            {
                **os.environ,
                "CLICKHOUSE_USER": "tshop",
                "CLICKHOUSE_PASSWORD": environment["TSHOP_CLICKHOUSE_PASSWORD"],
                "TSHOP_DASHBOARD_PASSWORD": environment["TSHOP_DASHBOARD_PASSWORD"],
                "WAREHOUSE_DSN": "postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}".format(
                    **parts, port=self.ports["postgres"]
                ),
            },
        )

        def healthy() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
                return True
            return False

        self._wait("clickhouse", healthy)

    def look_at_memory(self) -> None:
        """Keep the greatest memory of each service, its own share of what processes have in common."""
        for name, process in self.processes.items():
            if process is not None:
                with contextlib.suppress(psutil.Error):
                    first = psutil.Process(process.pid)
                    used = sum(one.memory_full_info().pss for one in (first, *first.children(recursive=True)))
                    self.memory[name] = max(used, self.memory.get(name, 0))

    def query(self, sql: str) -> str:
        """Return ClickHouse's answer to a query, as the user tshop."""
        key = b64encode(f"tshop:{self.values['TSHOP_CLICKHOUSE_PASSWORD']}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['clickhouse']}/", sql.encode(), {"Authorization": f"Basic {key}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode().strip()

    def airflow(self, method: str, path: str, body: dict | None = None) -> dict:
        """Ask Airflow's REST API as its user admin."""
        base = f"http://127.0.0.1:{self.ports['airflow-api-server']}"
        names = {"username": "admin", "password": self.values["TSHOP_AIRFLOW_ADMIN_PASSWORD"]}
        headers = {"Content-Type": "application/json"}
        login = urllib.request.Request(f"{base}/auth/token", json.dumps(names).encode(), headers)
        with urllib.request.urlopen(login, timeout=60) as answer:
            headers["Authorization"] = f"Bearer {json.load(answer)['access_token']}"
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{base}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def down(self) -> None:
        """End everything."""
        for process in reversed([one for one in self.processes.values() if one is not None]):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self.postgres is not None:
            self.postgres.stop("immediate")


# What the tests themselves run in is installed in the same way as the test image.
@pytest.mark.parametrize(
    "file", [file for file in dockerfiles() if file.parent.name != "test"], ids=lambda file: file.parent.name
)
def test_packages_of_the_image_install_and_fit_together(file, tmp_path):
    steps = [f"install {arguments}" for arguments in pip_installs(file)]
    (tmp_path / "requirements").mkdir()
    for step in steps:
        (tmp_path / step.split()[-1]).write_bytes((ROOT / step.split()[-1]).read_bytes())
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    # The base image has no compiler.
    environment = {**os.environ, "CC": "false", "CXX": "false"}
    for command in (*(step.replace(" --no-cache-dir", "").split() for step in steps), ["check"]):
        answer = subprocess.run(
            [python, "-m", "pip", "--quiet", *command],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def stack(scratch: Path) -> Iterator[Stack]:
    """All services that "up" starts, but those that come after the first days."""
    stack = Stack(scratch / "compose-stack")
    late = {"first-days", "superset-init", "superset"}
    try:
        stack.up(*(name for name, service in SERVICES.items() if not service.get("profiles") and name not in late))
        yield stack
    finally:
        for name, used in stack.memory.items():
            limit = size(SERVICES[name]["mem_limit"])
            print(f"{name}: {used / 2**20:.0f} MiB of {limit / 2**20:.0f}")
        stack.down()


def ask_warehouse(stack: Stack, sql: str) -> Any:
    """Return the one value of a query in the warehouse, as its owner."""
    dsn = stack.postgres.dsn("tshop", "tshop", stack.values["TSHOP_OWNER_PASSWORD"])
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        ((value,),) = cursor.fetchall()
        return value


def counts(stack: Stack) -> tuple[str, int]:
    """Return how many current sales ClickHouse has, and the mart."""
    in_mart = ask_warehouse(stack, "SELECT count(*) FROM cdm.sales_mart WHERE is_current")
    return stack.query("SELECT count() FROM tshop.sales"), in_mart


def test_first_days_arrive_in_clickhouse_once(stack):
    stack.look_at_memory()
    assert stack.run("first-days").stdout.splitlines()[-1] == "The first days are there."
    stack.look_at_memory()
    in_clickhouse, in_mart = counts(stack)
    assert in_mart > 0
    assert int(in_clickhouse) == in_mart
    assert stack.run("first-days").stdout == "The first days are there already.\n"
    assert len(stack.airflow("GET", "/api/v2/dags/tshop_daily/dagRuns")["dag_runs"]) == 1


def test_first_days_that_failed_are_started_again(stack):
    before = counts(stack)
    path = "/api/v2/dags/tshop_daily/dagRuns/first_days"
    stack.airflow("PATCH", path, {"state": "failed"})
    assert stack.run("first-days").stdout.splitlines()[-1] == "The first days are there."
    assert stack.airflow("GET", path)["state"] == "success"
    assert counts(stack) == before


@pytest.mark.skipif(not SUPERSET_BIN.exists(), reason="Superset is not installed: 'make dashboard'")
def test_dashboard_comes_with_the_first_days(stack):
    stack.up("superset")
    stack.look_at_memory()
    assert "imported" in stack.done["superset-init"]
    base = f"http://127.0.0.1:{stack.ports['superset']}"

    def log_in(user: str) -> dict[str, str]:
        names = {
            "username": user,
            "password": stack.values[f"TSHOP_SUPERSET_{user.upper()}_PASSWORD"],
            "provider": "db",
        }
        data = json.dumps(names).encode()
        login = urllib.request.Request(f"{base}/api/v1/security/login", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(login, timeout=60) as answer:
            # A type of content that there is none of would be refused.
            return {"Authorization": f"Bearer {json.load(answer)['access_token']}"}

    headers = log_in("admin")

    def get(path: str) -> dict:
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{base}{path}", headers=headers), timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path}: {error.read().decode()}")

    dashboards = get("/api/v1/dashboard/")["result"]
    assert "T-Shop" in {one["dashboard_title"] for one in dashboards}
    charts = get("/api/v1/chart/?q=(page_size:100)")["result"]
    ours = {one["slice_name"]: one["id"] for one in charts if one["datasource_name_text"] == "tshop.sales"}
    assert len(ours) >= 9
    for name, number in ours.items():
        assert get(f"/api/v1/chart/{number}/data/")["result"][0]["rowcount"] > 0, name
    headers = log_in("viewer")
    assert {one["dashboard_title"] for one in get("/api/v1/dashboard/")["result"]} == {"T-Shop", "Orders and money"}


def test_generator_adds_days(stack):
    stack.run("generator", "--from", "2026-01-04", "--to", "2026-01-05")
    newest = "SELECT max(sold_at)::date::text FROM raw.sale WHERE sold_at <= '2026-01-31'"
    assert ask_warehouse(stack, newest) == "2026-01-05"


def test_jobs_may_run_again(stack):
    for name in ("roles", "migrate", "clickhouse-ddl", "airflow-init"):
        stack.run(name)
    assert int(counts(stack)[0]) > 0
