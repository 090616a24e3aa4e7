"""docker-compose.yml on an engine: with ports, secrets and a small shop of its own."""

import contextlib
import json
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg2

from tests.containers.engine import ROOT
from tests.ports import free_port

PROJECT = "tshop-test"
SETTINGS = {
    "TSHOP_CLIENTS": "500",
    "TSHOP_PRODUCTS": "50",
    "TSHOP_LAST_DAY": "2026-01-03",
    "TSHOP_STORES_WEEKS": "1",
    # Of Spark's drivers, which run in it.
    "TSHOP_SCHEDULER_MEMORY": "5g",
}
# Seconds for a service to become healthy, a run to end, an image to be built, on a busy machine.
HEALTHY_SECONDS, RUN_SECONDS, UP_SECONDS, BUILD_SECONDS = 900, 1800, 3600, 3600


class Stack:
    """The services as containers.

    Args:
        compose: the command of Compose.
        folder: where secrets and settings go.
        project: what Compose calls it.
        volumes: what volumes have otherwise, as in the compose file.
        root: folder of the compose file.
        tag: of the images that are built; that of the compose file by default.
    """

    def __init__(
        self,
        compose: list[str],
        folder: Path,
        project: str = PROJECT,
        *,
        volumes: dict[str, Any] | None = None,
        root: Path = ROOT,
        tag: str | None = None,
    ) -> None:
        self.folder = folder
        self.root = root
        folder.mkdir(exist_ok=True)
        self.program = compose
        self.project = project
        self.profiles: list[str] = []
        self.values = self._make_env()
        self._override = folder / "override.json"
        self._override.write_text("{}")
        self.services: dict[str, Any] = json.loads(self.compose("config", "--format=json", profiles=["*"]))["services"]
        own = {name: _of_this_machine(one, tag) for name, one in self.services.items()}
        self._override.write_text(json.dumps({"services": own, "volumes": volumes or {}}))
        # Bytes of each image and the seconds of its build; seconds until a service was healthy or a job done, and
        # until it was healthy again; the greatest memory in bytes that was seen.
        self.images: dict[str, tuple[int, float]] = {}
        self.seconds: dict[str, float] = {}
        self.seconds_after_kill: dict[str, float] = {}
        self.memory: dict[str, int] = {}

    def _make_env(self) -> dict[str, str]:
        file = self.folder / ".env"
        if not file.exists():
            (self.folder / "docker").mkdir(exist_ok=True)
            for name in (".env.example", "docker/make_env.sh"):
                (self.folder / name).write_bytes((self.root / name).read_bytes())
            subprocess.run(["bash", self.folder / "docker" / "make_env.sh"], check=True, capture_output=True)
            values = read_env(file) | SETTINGS
            values |= {name: str(free_port()) for name in values if name.endswith("_PORT")}
            self.write_env(values)
        return read_env(file)

    def write_env(self, values: dict[str, str]) -> None:
        """Write the file of secrets and settings."""
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))

    def command(self, profiles: list[str] | None = None, env: Path | None = None) -> list[str]:
        """Return the beginning of a command of Compose.

        Args:
            profiles: other ones than those that are on.
            env: another file of secrets and settings.
        """
        return [
            *self.program,
            f"--project-name={self.project}",
            f"--project-directory={self.root}",
            f"--env-file={env or self.folder / '.env'}",
            *(f"--file={file}" for file in (self.root / "docker-compose.yml", self._override)),
            *(f"--profile={one}" for one in (self.profiles if profiles is None else profiles)),
        ]

    def compose(self, *arguments: str, profiles: list[str] | None = None, timeout: float = BUILD_SECONDS) -> str:
        """Run Compose, with the profiles that are on unless others are named, and return what it prints.

        Raises:
            AssertionError: it failed.
        """
        command = self.command(profiles)
        with (self.folder / "compose.log").open("a") as log:
            log.write(f"\n{datetime.now().astimezone():%H:%M:%S} compose {' '.join(arguments)}\n")
            log.flush()
            answer = subprocess.run(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                timeout=timeout,
                check=False,
            )
            # What Compose itself prints has secrets; a container that is removed has no other log.
            if arguments[0] == "run":
                log.write(answer.stdout)
        end = (self.folder / "compose.log").read_text()[-3000:]
        assert answer.returncode == 0, f"compose {' '.join(arguments)}: {answer.stdout[-2000:]}\n{end}"
        return answer.stdout

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run the engine's client and return what it prints; where it may fail, its errors too.

        Raises:
            AssertionError: it failed.
        """
        answer = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
        # What it prints of containers has their secrets.
        assert not check or answer.returncode == 0, f"docker {arguments[0]}: {answer.stderr}"
        return answer.stdout + ("" if check else answer.stderr)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the engine knows of the container of each service that has one."""
        of_project = f"--filter=label=com.docker.compose.project={self.project}"
        numbers = self.docker("ps", "--all", "--quiet", of_project, "--filter=label=com.docker.compose.oneoff=False")
        if not numbers:
            return {}
        # It fails for a container that Compose has removed since, and prints the others.
        answer = subprocess.run(["docker", "inspect", *numbers.split()], capture_output=True, text=True, check=False)
        found = json.loads(answer.stdout or "[]")
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def down(self, volumes: bool) -> None:
        """End the services, and delete their data where that is asked for; their logs are kept in the folder."""
        # With what they say at their end.
        self.compose("stop", profiles=["*"])
        self._keep_logs()
        self.compose("down", *(["--volumes"] if volumes else []), profiles=["*"])

    def _keep_logs(self) -> None:
        with (self.folder / "removed.log").open("ab") as log:
            for name, container in self.containers().items():
                log.write(f"--- {name}\n".encode())
                log.flush()
                subprocess.run(["docker", "logs", container["Id"]], stdout=log, stderr=log, check=False)
                if name == "airflow-scheduler":
                    # Those of the tasks, as a tar, which is not packed.
                    tasks = ["docker", "cp", f"{container['Id']}:/var/log/airflow", "-"]
                    subprocess.run(tasks, stdout=log, stderr=log, check=False)

    def wanted(self) -> list[str]:
        """Return the services that "up" starts, with the profiles that are on."""
        return sorted(
            name
            for name, service in self.services.items()
            if not service.get("profiles") or set(service["profiles"]) & set(self.profiles)
        )

    def is_job(self, name: str) -> bool:
        """Tell whether a service is a job, which ends."""
        return self.services[name].get("restart", "no") == "no"

    def up(self, *profiles: str) -> float:
        """Start the services with these profiles, and wait until all are healthy or done; return the seconds.

        Raises:
            AssertionError: a job failed, or a service is not healthy in time.
        """
        self.profiles = list(profiles)
        began = time.monotonic()
        with (self.folder / "up.log").open("wb") as log:
            up = subprocess.Popen(
                [*self.command(), "up", "--detach", "--no-build"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            while up.poll() is None:
                assert time.monotonic() < began + UP_SECONDS, f"'up' does not end.\n{self.troubles()}"
                self.look()
                time.sleep(2)
        finally:
            up.kill()
        end = (self.folder / "up.log").read_text(errors="replace")[-3000:]
        assert up.returncode == 0, f"compose up: {end}\n{self.troubles()}"
        self.wait()
        return time.monotonic() - began

    def wait(self, seconds: float = HEALTHY_SECONDS) -> None:
        """Wait until all services are healthy, and all jobs done.

        Raises:
            AssertionError: a job failed, or a service is not healthy in time.
        """
        end = time.monotonic() + seconds
        while waiting := self.look():
            failed = [name for name, one in self.containers().items() if self.is_job(name) and one["State"]["ExitCode"]]
            assert not failed, f"Failed: {failed}\n{self.troubles()}"
            assert time.monotonic() < end, f"Not healthy: {waiting}\n{self.troubles()}"
            time.sleep(2)

    def look(self) -> list[str]:
        """Note the time of what is healthy or done now; return the services that are neither."""
        waiting = []
        containers = self.containers()
        for name in self.wanted():
            state = containers[name]["State"] if name in containers else {"Status": "missing"}
            if state["Status"] == "exited" and self.is_job(name) and state["ExitCode"] == 0:
                taken = _moment(state["FinishedAt"]) - _moment(state["StartedAt"])
            elif state["Status"] == "running" and state.get("Health", {}).get("Status") == "healthy":
                taken = time.time() - _moment(state["StartedAt"])
            else:
                waiting.append(name)
                continue
            self.seconds.setdefault(name, taken)
        self.look_at_memory()
        return waiting

    @contextlib.contextmanager
    def watching_memory(self) -> Iterator[None]:
        """Look at the memory again and again while the block runs."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(1):
                self.look_at_memory()

        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch)
            try:
                yield
            finally:
                is_over.set()
            watching.result()

    def look_at_memory(self) -> None:
        """Keep the greatest memory of each service, without the page cache."""
        for container in self.docker(
            "stats", "--no-stream", "--format={{.Name}} {{.MemUsage}}", check=False
        ).splitlines():
            name, used, *_ = container.split()
            # What has just ended has a line with no figures.
            if name.startswith(f"{self.project}-") and used[0].isdigit():
                service = name.removeprefix(f"{self.project}-").rpartition("-")[0]
                self.memory[service] = max(_bytes(used), self.memory.get(service, 0))

    def troubles(self) -> str:
        """Return the end of the log of each container that failed or is not healthy."""
        told = []
        for name, container in self.containers().items():
            state = container["State"]
            health = state.get("Health", {})
            failed = state["Status"] == "exited" and state["ExitCode"] != 0
            if failed or state["Status"] == "restarting" or health.get("Status") in ("starting", "unhealthy"):
                checks = [one["Output"][-500:] for one in health.get("Log", [])[-1:]]
                log = self.docker("logs", "--tail=25", container["Id"], check=False)
                told.append(
                    f"--- {name}: {state['Status']} {state['ExitCode']} {state['Error']} {checks}\n{log[-3000:]}"
                )
        return "\n".join(told)

    def ask_warehouse(self, sql: str) -> list[tuple]:
        """Return the rows of a query in the warehouse, as its owner, by the port on this machine."""
        return self._ask("tshop", "TSHOP_OWNER_PASSWORD", "TSHOP_POSTGRES_PORT", "tshop", sql)

    def ask_shop(self, sql: str) -> list[tuple]:
        """Return the rows of a query in the web shop's database, as its owner."""
        return self._ask("shop", "TSHOP_SHOP_OWNER_PASSWORD", "TSHOP_SHOP_PORT", "shop", sql)

    def _ask(self, user: str, password: str, port: str, database: str, sql: str) -> list[tuple]:
        address = {"host": "127.0.0.1", "port": self.values[port], "user": user, "password": self.values[password]}
        with contextlib.closing(psycopg2.connect(**address, dbname=database, connect_timeout=10)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()

    def ask_clickhouse(self, sql: str, user: str = "tshop", password: str | None = None) -> str:
        """Return ClickHouse's answer to a query."""
        known = self.values["TSHOP_CLICKHOUSE_PASSWORD"] if password is None else password
        address = f"http://127.0.0.1:{self.values['TSHOP_CLICKHOUSE_PORT']}/"
        answer = httpx.post(address, content=sql, auth=(user, known), timeout=120)
        assert answer.is_success, f"{answer.status_code} {answer.text[:500]}"
        return answer.text.strip()

    def airflow(self, method: str, path: str, body: dict | None = None) -> dict[str, Any]:
        """Ask Airflow's REST API as its user admin; a server that is away is waited for.

        Raises:
            AssertionError: it refuses, or does not come back.
        """
        base = f"http://127.0.0.1:{self.values['TSHOP_AIRFLOW_PORT']}"
        names = {"username": "admin", "password": self.values["TSHOP_AIRFLOW_ADMIN_PASSWORD"]}
        end = time.monotonic() + HEALTHY_SECONDS
        trouble: object = None
        while time.monotonic() < end:
            try:
                login = httpx.post(f"{base}/auth/token", json=names, timeout=60).raise_for_status().json()
                headers = {"Authorization": f"Bearer {login['access_token']}"}
                answer = httpx.request(method, f"{base}{path}", json=body, headers=headers, timeout=60)
                if answer.is_success:
                    return answer.json()
                trouble = f"{answer.status_code} {answer.text[:500]}"
                if answer.status_code < 500:
                    break
            except httpx.HTTPError as error:
                trouble = repr(error)
            time.sleep(2)
        raise AssertionError(f"{method} {path}: {trouble}")

    def start_run(self, dag: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run of a DAG, which is switched on, and return its name."""
        self.airflow("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
        body = {"logical_date": None, "conf": conf or {}}
        return self.airflow("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"]

    def wait_for_run(self, dag: str, run: str) -> None:
        """Wait until a run has ended well.

        Raises:
            AssertionError: it failed, or has not ended in time.
        """
        end = time.monotonic() + RUN_SECONDS
        path = f"/api/v2/dags/{dag}/dagRuns/{run}"
        while (state := self.airflow("GET", path)["state"]) not in ("success", "failed"):
            assert time.monotonic() < end, f"{dag} {run} is {state} still"
            self.look_at_memory()
            time.sleep(3)
        if state == "failed":
            tasks = self.airflow("GET", f"{path}/taskInstances?limit=100")["task_instances"]
            failed = [task for task in tasks if task["state"] == "failed"]
            logs = [f"{one['task_id']}: {self._log(dag, run, one)}" for one in failed[:3]]
            raise AssertionError(f"{dag} {run} failed: " + "\n".join(logs))

    def _log(self, dag: str, run: str, task: dict[str, Any]) -> str:
        where = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        return str(self.airflow("GET", f"{where}?full_content=true&map_index={task['map_index']}"))[-2500:]


def read_env(file: Path) -> dict[str, str]:
    """Return the secrets and settings of a file by their names."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _of_this_machine(service: dict[str, Any], tag: str | None) -> dict[str, Any]:
    """Return what a service has otherwise here: this machine's network for its build, and its limit of open files."""
    own: dict[str, Any] = {}
    if "build" in service:
        own["build"] = {"network": "host"}
        if tag:
            own["image"] = f"{service['image']}:{tag}"
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if (wanted := service.get("ulimits", {}).get("nofile")) and wanted["hard"] > most:
        own["ulimits"] = {"nofile": {"soft": most, "hard": most}}
    return own


def _moment(text: str) -> float:
    """Return seconds since 1970, of a time as the engine writes it, with nanoseconds."""
    return datetime.fromisoformat(f"{text.rstrip('Z').partition('.')[0]}+00:00").timestamp()


def _bytes(text: str) -> int:
    units = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
    number = text.rstrip("KMGiB")
    return int(float(number) * units[text[len(number) :]])
