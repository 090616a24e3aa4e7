"""Start, stop and health of the embedded stack: PostgreSQL, ClickHouse and Airflow under supervisord.

supervisord starts again what crashes. Its children get their secrets from the launcher ``python -m embedded exec``, so
none stands in its configuration.
"""

import configparser
import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from supervisor.xmlrpc import SupervisorTransport

from embedded import live_status, osuser, roles
from embedded.airflow_api import AirflowApi
from embedded.environment import (
    airflow_environment,
    base_environment,
    endpoint_environment,
    environment,
    external_addresses,
)
from embedded.errors import StackError
from embedded.postgres import WHEEL_PROGRAMS, PostgresServer, wheel_packages
from embedded.settings import (
    AIRFLOW_CONNECTIONS,
    AIRFLOW_DATABASE,
    CLICKHOUSE_CONFIGURATION,
    PORTS,
    ROOT,
    WAREHOUSE_DATABASE,
    WAREHOUSE_ROLES,
    Settings,
    endpoint_configuration,
)
from migrations.plain import plain

# In the environment of every process of a stack, and of all that they start: "<home>".
MARK = "TSHOP_STACK"
# A unix socket's path holds about 100 bytes.
LONGEST_SOCKET_PATH = 90
LOG_BYTES = 10 * 1024 * 1024
# What supervisord calls the states in which a program has no process, or soon none.
NOT_RUNNING = ("STOPPED", "EXITED", "FATAL", "BACKOFF", "UNKNOWN")


@dataclass(frozen=True)
class Part:
    """One program of the stack.

    Attributes:
        name: what supervisord and the log file call it.
        title: what people call it.
        port: key of its port in Settings.ports, or "".
        command: after ``python -m embedded exec --``; PostgreSQL's comes from its server.
        start_seconds: how long its start may take on a slow machine.
    """

    name: str
    title: str
    port: str
    command: tuple[str, ...]
    start_seconds: int


POSTGRES = Part("postgres", "PostgreSQL", "postgres", (), 120)
CLICKHOUSE = Part(
    "clickhouse",
    "ClickHouse",
    "clickhouse",
    ("python", "-m", "clickhouse_server", "--config", str(CLICKHOUSE_CONFIGURATION)),
    120,
)
API_SERVER = Part("airflow-api-server", "Airflow API server", "airflow", ("airflow", "api-server"), 240)
TRIGGERER = Part("airflow-triggerer", "Airflow triggerer", "", ("airflow", "triggerer", "--skip-serve-logs"), 240)
DAG_PROCESSOR = Part("airflow-dag-processor", "Airflow DAG processor", "", ("airflow", "dag-processor"), 240)
SCHEDULER = Part("airflow-scheduler", "Airflow scheduler", "", ("airflow", "scheduler", "--skip-serve-logs"), 240)
AIRFLOW_PARTS = (API_SERVER, DAG_PROCESSOR, SCHEDULER, TRIGGERER)
# Not of those that start with the stack: embedded/superset.py starts it.
SUPERSET = Part(
    "superset",
    "Superset",
    "superset",
    # One process with threads: a dashboard asks for all of its charts at once, and ClickHouse does the work.
    (
        *("gunicorn", "--config", "superset/gunicorn_config.py"),
        *("--workers", "1", "--worker-class", "gthread", "--threads", "12", "--timeout", "120"),
    ),
    300,
)
# embedded/notebooks.py starts it.
NOTEBOOKS = Part(
    "notebooks",
    "JupyterLab",
    "notebooks",
    # Without it a server that root starts, as all else here may be, says no.
    ("jupyter-lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
    120,
)
# What embedded/live.py starts: the shop itself, and what brings its data to the warehouse.
SHOP_POSTGRES = Part("shop-postgres", "Shop's PostgreSQL", "shop", (), 120)
KAFKA = Part("kafka", "Kafka", "kafka", (), 120)
RELAY = Part("relay", "Relay", "", ("python", "-m", "sources.relay"), 60)
# A session of Spark takes long to start on a busy machine.
STREAM = Part("stream", "Consumer (Spark)", "", ("python", str(ROOT / "sources" / "stream" / "consume.py")), 240)
LIVE_PARTS = (SHOP_POSTGRES, KAFKA, RELAY, STREAM)
# What embedded/spark.py starts: a cluster of Spark of one worker.
_DEPLOY = "org.apache.spark.deploy"
SPARK_MASTER = Part(
    "spark-master", "Spark's master", "spark", ("spark-class", f"{_DEPLOY}.master.Master", "--host", "127.0.0.1"), 120
)
SPARK_WORKER = Part(
    "spark-worker",
    "Spark's worker",
    "spark_worker_ui",
    ("spark-class", f"{_DEPLOY}.worker.Worker", "--host", "127.0.0.1", "--cores", "2", "--memory", "2g"),
    120,
)
SPARK_PARTS = (SPARK_MASTER, SPARK_WORKER)
# What embedded/marketplace.py starts.
MARKETPLACE = Part("marketplace-server", "Marketplace's server", "marketplace", (), 60)
# Ports that a part has beside its own.
MORE_PORTS = {KAFKA: ("kafka_controller",), SPARK_MASTER: ("spark_ui",)}
# The DAG that takes what they bring to ClickHouse.
LIVE_DAG = "tshop_live"
MARKETPLACE_DAG = "tshop_marketplace"
# How such parts are after 'make stop' and 'make run'. Nothing is lost meanwhile: the shop itself is closed, and a job
# on the cluster has to be asked for.
STOPPED = {
    **dict.fromkeys(LIVE_PARTS, "stopped: 'make live' starts it"),
    **dict.fromkeys(SPARK_PARTS, "stopped: 'make spark' starts it"),
    MARKETPLACE: "stopped: 'make marketplace' starts it",
}
# What supervisord knows and does not start with the stack.
ON_REQUEST = (SUPERSET, NOTEBOOKS, *LIVE_PARTS, *SPARK_PARTS, MARKETPLACE)
# In the order of starting; stopped in the reverse one.
PARTS = (POSTGRES, CLICKHOUSE, *AIRFLOW_PARTS)


def say(text: str) -> None:
    """Print a line of progress at once."""
    print(plain(text, keep="\n"), flush=True)


class Stack:
    """The embedded stack of some settings.

    Args:
        settings: where it lives.
        parts: which programs it has; a test may do without Airflow. The embedded ClickHouse is left out where the
            settings name another.
    """

    def __init__(self, settings: Settings, parts: tuple[Part, ...] = PARTS) -> None:
        self.settings = settings
        self.parts = tuple(part for part in parts if part is not CLICKHOUSE or not settings.external_clickhouse)
        self.postgres: PostgresServer = settings.postgres()
        self.shop: PostgresServer | None = settings.shop_postgres() if SHOP_POSTGRES.port in settings.ports else None

    def environment(self, whose: str = "owner") -> dict[str, str]:
        """Return the environment in which a command works on this stack, as the function of this name has it."""
        return environment(self.settings, whose)

    # --- start and stop ---------------------------------------------------------------------------------------------

    def start(self) -> bool:
        """Start what does not run yet and wait until all is healthy.

        Returns:
            True when supervisord was started, False when the stack was up already.

        Raises:
            StackError: a port is taken, or a part does not become healthy; the message ends with the end of its log.
        """
        with self._lock():
            if self._supervisor_runs() and not self.is_current():
                say("The addresses or the configuration changed: starting the stack again.")
                self._stop()
            fresh = not self._supervisor_runs()
            if fresh:
                self._end_leftovers()
                # What killed jobs of Spark left.
                shutil.rmtree(self.settings.home / "spark" / "tmp", ignore_errors=True)
                self._check_ports(self.parts)
                self._start_supervisor()
            self._start_parts()
            if fresh and API_SERVER in self.parts:
                # Without the live shop it would run each minute for nothing, and without the marketplace's server fail
                # each hour: 'make live' and 'make marketplace' let them run again.
                if self.live_was_set_up:
                    AirflowApi(self.settings).pause(LIVE_DAG)
                if self.is_expected(MARKETPLACE):
                    AirflowApi(self.settings).pause(MARKETPLACE_DAG)
        return fresh

    def check_running(self) -> None:
        """Make sure that the stack runs, with PostgreSQL, as it is configured now.

        Raises:
            StackError: it does not, with what to do.
        """
        if not self.runs() or self.health(POSTGRES) != "healthy":
            raise StackError("The embedded stack is not running: start it by 'make run'.")
        if not self.is_current():
            raise StackError(
                "The stack runs with other addresses or an earlier configuration: "
                "start it again by 'make run', which also loads the next days."
            )

    def stop(self) -> bool:
        """Stop everything, PostgreSQL last; return False when nothing ran."""
        with self._lock():
            return self._stop()

    @property
    def superset_was_set_up(self) -> bool:
        """Whether somebody has started Superset here before, and so expects it."""
        return self.is_expected(SUPERSET)

    @property
    def live_was_set_up(self) -> bool:
        """Whether the live shop was started here before."""
        return self.is_expected(STREAM)

    def is_expected(self, part: Part) -> bool:
        """Tell whether a part that starts on request was started here before."""
        folders = {
            **dict.fromkeys(LIVE_PARTS, "live"),
            **dict.fromkeys(SPARK_PARTS, "spark"),
            MARKETPLACE: "marketplace",
        }
        return part in PARTS or (self.settings.home / folders.get(part, part.name) / "set_up").exists()

    def start_superset(self) -> None:
        """Start Superset, or start it again, in the running stack and wait until it is healthy.

        Raises:
            StackError: the stack does not run, the port is taken, or Superset does not become healthy.
        """
        with self._lock():
            if not self._supervisor_runs():
                raise StackError("The embedded stack is not running: start it by 'make run'.")
            try:
                running = self.state(SUPERSET) not in NOT_RUNNING
            except xmlrpc.client.Fault:
                raise StackError("The stack was started without Superset: 'make stop', then 'make run'.") from None
            if running:
                self._supervisor().stopProcess(SUPERSET.name)
            self._check_ports((SUPERSET,))
            self._start_part(SUPERSET)
            self._wait_healthy(SUPERSET)
            (self.settings.folder("superset") / "set_up").touch()

    def start_on_request(self, part: Part, prepare: Callable[[], object] | None = None) -> None:
        """Start a part that starts on request in the running stack, unless it runs, and wait until it is healthy.

        Args:
            part: the part.
            prepare: called before it starts, where it does not run.

        Raises:
            StackError: the stack does not run, a port is taken, or the part does not become healthy.
        """
        with self._lock():
            if not self._supervisor_runs():
                raise StackError("The embedded stack is not running: start it by 'make run'.")
            try:
                running = self.state(part) not in NOT_RUNNING
            except xmlrpc.client.Fault:
                raise StackError("The stack was started by an earlier release: 'make stop', then again.") from None
            if not running:
                self._check_ports((part,))
                if prepare is not None:
                    prepare()
                self._start_part(part)
            self._wait_healthy(part)

    def kill(self) -> None:
        """Kill everything by SIGKILL at once, as a power cut would."""
        # supervisord goes first, so it starts nothing again.
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for server in self._servers():
            server.kill()
        # A process whose first thread has ended counts as dead, while its others still hold the port for a moment.
        self.wait_for(lambda: not self.processes() and self._ports_are_free(), 30)

    def _start_parts(self) -> None:
        if POSTGRES in self.parts:
            if self.postgres.prepare():
                say(f"  PostgreSQL: made its data folder {self.postgres.data}")
                if self.postgres.moved:
                    say(f"  (outside {self.settings.home}, which the user {self.postgres.user.name} cannot reach)")
            self._start_part(POSTGRES)
            self._wait_healthy(POSTGRES)
            passwords = {name: self.settings.secret(f"warehouse_{role}") for role, name in WAREHOUSE_ROLES.items()}
            roles.set_up(self.postgres, WAREHOUSE_DATABASE, passwords)
        if CLICKHOUSE in self.parts:
            self._start_part(CLICKHOUSE)
        if API_SERVER in self.parts:
            self.prepare_airflow()
            for part in AIRFLOW_PARTS:
                self._start_part(part)
        for part in self.parts:
            if part is not POSTGRES:
                self._wait_healthy(part)

    def _start_part(self, part: Part) -> None:
        state = self.state(part)
        if state in NOT_RUNNING:
            with contextlib.suppress(xmlrpc.client.Fault):
                self._supervisor().startProcess(part.name, False)

    def _stop(self) -> bool:
        ran = self._supervisor_runs()
        if ran:
            main = self._supervisor_process()
            # supervisord answers, then stops the parts one after the other in the reverse order of starting.
            self._supervisor().shutdown()
            if main is not None:
                with contextlib.suppress(psutil.TimeoutExpired):
                    main.wait(240)
        return self._end_leftovers() or ran

    def _end_leftovers(self) -> bool:
        """End processes of this stack that no supervisord looks after: it was killed, or they outlived its patience."""
        processes = self.processes()
        if not processes and not any(server.pid() for server in self._servers()):
            return False
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _gone, alive = psutil.wait_procs(processes, timeout=20)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=20)
        for server in self._servers():
            server.stop()
        return True

    def _servers(self) -> list[PostgresServer]:
        """Return the PostgreSQL servers of this stack, the warehouse's last."""
        return [server for server in (self.shop, self.postgres) if server is not None]

    def processes(self) -> list[psutil.Process]:
        """Return the processes of this stack but PostgreSQL's, supervisord first.

        They are known by the mark in their environment or, as Airflow overwrites that with the process's title, by the
        session that supervisord opened, which lasts until its last process ends.
        """
        home = str(self.settings.home)
        file = self._session_file()
        # No session is ever None. 0 would be the session of all whose leader lives outside this container.
        session, born = map(float, file.read_text().split()) if file.exists() else (None, 0)
        spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
        found = []
        for process in psutil.process_iter():
            if process.pid in spared:
                continue
            # Other users' processes do not show their environment, and are not ours.
            with contextlib.suppress(psutil.Error, OSError):
                in_session = (
                    os.getsid(process.pid) == session
                    and process.create_time() >= born
                    and Path(process.cwd()).is_relative_to(ROOT)
                )
                if in_session or process.environ().get(MARK) == home:
                    found.append(process)
        return sorted(found, key=lambda one: one.pid != session)

    # --- health -----------------------------------------------------------------------------------------------------

    def health(self, part: Part) -> str:
        """Return "healthy", or what is the matter with a part in a few words."""
        if part is POSTGRES:
            return "healthy" if self.postgres.is_ready() else "takes no connections"
        if part is CLICKHOUSE:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.get(f"http://127.0.0.1:{self.settings.ports['clickhouse']}/ping", timeout=5)
                return "healthy" if answer.status_code == 200 else f"/ping answers {answer.status_code}"
            return "does not answer"
        if part is SHOP_POSTGRES:
            return "healthy" if self.shop.is_ready() else "takes no connections"
        if part is KAFKA:
            return "healthy" if self.settings.kafka().is_ready() else "does not answer"
        if part in (RELAY, STREAM):
            return live_status.health_of(self.settings, part.name)
        if part in SPARK_PARTS:
            return spark_health(self.settings, part)
        if part is MARKETPLACE:
            return "healthy" if self.settings.marketplace().is_ready() else "does not answer"
        if part is SUPERSET:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.get(f"{self.settings.superset_url}/health", timeout=10)
                return "healthy" if answer.status_code == 200 else f"/health answers {answer.status_code}"
            return "does not answer"
        if part is NOTEBOOKS:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.get(f"{self.settings.notebooks_url}/api", timeout=10)
                return "healthy" if answer.status_code == 200 else f"/api answers {answer.status_code}"
            return "does not answer"
        with contextlib.suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"{self.settings.airflow_url}/api/v2/monitor/health", timeout=10).json()
            if part is API_SERVER:
                return "healthy"
            key = part.name.removeprefix("airflow-").replace("-", "_")
            return "healthy" if (answer.get(key) or {}).get("status") == "healthy" else "sends no heartbeat"
        return "does not answer" if part is API_SERVER else "unknown: the API server does not answer"

    def status(self) -> list[tuple[str, str, str]]:
        """Return for each part its title, the state of its process and its health."""
        if not self._supervisor_runs():
            return [(part.title, "stopped", "") for part in self.parts]
        rows = []
        infos = {info["name"]: info for info in self._supervisor().getAllProcessInfo()}
        for part in (*PARTS, *ON_REQUEST):
            info = infos.get(part.name)
            if info is None or (info["statename"] == "STOPPED" and not self.is_expected(part)):
                continue
            state = info["description"] if info["statename"] == "RUNNING" else info["statename"].lower()
            if state == "stopped":
                state = STOPPED.get(part, state)
            rows.append((part.title, state, self.health(part) if info["pid"] else ""))
        return rows

    def runs(self) -> bool:
        """Tell whether the stack is up (its supervisord is)."""
        return self._supervisor_runs()

    def is_current(self) -> bool:
        """Tell whether what runs was started with these settings and these files' configuration."""
        return self._known_fingerprint() == self._fingerprint()

    def supervisor_pid(self) -> int:
        """Return the process id of the running stack's supervisord."""
        return self._supervisor().getPID()

    def started_at(self) -> datetime:
        """Return when the running stack's supervisord was started."""
        return datetime.fromtimestamp(psutil.Process(self.supervisor_pid()).create_time(), UTC)

    def log_file(self, part: Part) -> Path:
        """Return the file a part's output goes to."""
        return self.settings.home / "logs" / f"{part.name}.log"

    def log_tail(self, part: Part, lines: int = 25) -> str:
        """Return the end of a part's log."""
        file = self.log_file(part)
        if not file.exists():
            return "(no log yet)"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])

    def _on_request(self) -> tuple[Part, ...]:
        """Return the parts that supervisord knows, wanted or not: they start when they are asked for."""
        there = [part for part in ON_REQUEST if not part.port or part.port in self.settings.ports]
        if self.shop is None:
            there = [part for part in there if part not in LIVE_PARTS]
        return tuple(there) if POSTGRES in self.parts else ()

    def _wait_healthy(self, part: Part) -> None:
        started = time.monotonic()
        end = started + part.start_seconds
        while (health := self.health(part)) != "healthy":
            state = self.state(part)
            if state == "FATAL" or time.monotonic() > end:
                raise StackError(
                    f"{part.title} did not start ({state.lower()}, {health}). "
                    f"The end of {self.log_file(part)}:\n{self.log_tail(part)}"
                )
            time.sleep(0.3)
        address = f" on 127.0.0.1:{self.settings.ports[part.port]}" if part.port else ""
        say(f"  {part.title}: healthy{address} ({time.monotonic() - started:.1f} s)")

    @staticmethod
    def wait_for(condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until a condition holds; return False when the time, in seconds, is over."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def _ports_are_free(self) -> bool:
        try:
            self._check_ports(self.parts)
        except StackError:
            return False
        return True

    def _check_ports(self, parts: tuple[Part, ...]) -> None:
        names = [(part, name) for part in parts for name in (part.port, *MORE_PORTS.get(part, ())) if name]
        for part, name in names:
            variable, _default = PORTS[name]
            port = self.settings.ports[name]
            with socket.socket() as probe:
                # As the servers do, so that a port lingering after a stop counts as free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise StackError(
                        f"Port {port} for {part.title} cannot be used ({os.strerror(error.errno)}): "
                        f"stop what holds it, or set {variable} to a free port."
                    ) from None

    # --- first start ------------------------------------------------------------------------------------------------

    def prepare_airflow(self) -> None:
        """Make Airflow's role, database and tables in the running PostgreSQL; nothing happens where they are there.

        Raises:
            StackError: Airflow could not make its tables.
        """
        roles.make_role(self.postgres, AIRFLOW_DATABASE, self.settings.secret("airflow_database"), AIRFLOW_CONNECTIONS)
        self.postgres.create_database(AIRFLOW_DATABASE, owner=AIRFLOW_DATABASE)
        roles.close_database(self.postgres, AIRFLOW_DATABASE, locks_for=AIRFLOW_DATABASE)
        # Once a version: the command takes many seconds even with nothing to do.
        stamp = self.settings.folder("airflow") / "migrated"
        version = importlib.metadata.version("apache-airflow-core")
        if stamp.exists() and stamp.read_text() == version:
            return
        started = time.monotonic()
        answer = subprocess.run(
            ["airflow", "db", "migrate"],
            env=self.environment("airflow"),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            tail = "\n".join(answer.stdout.splitlines()[-25:])
            raise StackError(f"Airflow's tables could not be made:\n{tail}")
        stamp.write_text(version)
        say(f"  Airflow: made its tables ({time.monotonic() - started:.1f} s)")

    # --- supervisord ------------------------------------------------------------------------------------------------

    def _start_supervisor(self) -> None:
        folder = self.settings.folder("run")
        config = folder / "supervisord.conf"
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            self._configuration().write(output)
        (folder / "supervisord.pid").unlink(missing_ok=True)
        self._socket().unlink(missing_ok=True)
        # Written first: where this start is broken off, the next one knows what runs.
        self._fingerprint_file().write_text(self._fingerprint())
        answer = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)],
            # The addresses from outside are for "exec", which gives each part what it may know.
            env={
                **base_environment(self.settings),
                **external_addresses(self.settings),
                MARK: str(self.settings.home),
            },
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if answer.returncode != 0 or not self.wait_for(self._supervisor_runs, 20):
            raise StackError(f"supervisord did not start: {answer.stdout.strip()}")
        main = psutil.Process(self.supervisor_pid())
        self._session_file().write_text(f"{os.getsid(main.pid)} {main.create_time()}")

    def _configuration(self) -> configparser.RawConfigParser:
        run, logs = self.settings.folder("run"), self.settings.folder("logs")
        config = configparser.RawConfigParser()
        # Option names and values are supervisord's, with "%" doubled.
        config["supervisord"] = {
            "identifier": "tshop",
            # supervisord warns where it is root's and nothing says that this is meant.
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "directory": str(ROOT),
            "logfile": str(logs / "supervisord.log"),
            "logfile_maxbytes": str(LOG_BYTES),
            "logfile_backups": "2",
            "pidfile": str(run / "supervisord.pid"),
            "childlogdir": str(logs),
            "umask": "077",
        }
        config["unix_http_server"] = {"file": str(self._socket()), "chmod": "0700"}
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        servers = {POSTGRES: self.postgres, SHOP_POSTGRES: self.shop}
        for rank, part in enumerate((*self.parts, *self._on_request())):
            config[f"program:{part.name}"] = {
                "command": self._command(part),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": "2",
                "startretries": "4",
                "priority": str(100 + rank),
                # Interrupt is PostgreSQL's fast shutdown; others end what they do on TERM.
                "stopsignal": "INT" if part in servers else "TERM",
                "stopwaitsecs": "60" if part in (*servers, KAFKA) else "20",
                "stopasgroup": "false",
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": str(self.log_file(part)),
                "stdout_logfile_maxbytes": str(LOG_BYTES),
                "stdout_logfile_backups": "2",
            }
        for part, server in servers.items():
            if f"program:{part.name}" in config and server is not None and server.user.is_other:
                config[f"program:{part.name}"]["user"] = server.user.name
                config[f"program:{part.name}"]["directory"] = "/"
        for section in config.values():
            for option, value in section.items():
                section[option] = value.replace("%", "%%")
        return config

    def _command(self, part: Part) -> str:
        if part in (POSTGRES, SHOP_POSTGRES):
            server = self.postgres if part is POSTGRES else self.shop
            # It knows its secrets from its own files, and needs nothing from our environment.
            command = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C", *server.command()]
        else:
            whose = "airflow" if part in AIRFLOW_PARTS else part.name
            servers = {KAFKA: self.settings.kafka, MARKETPLACE: self.settings.marketplace}
            own = servers[part]().command() if part in servers else part.command
            command = [sys.executable, "-m", "embedded", "exec", "--as", whose, "--", *own]
            if part is CLICKHOUSE:
                folder = self.settings.folder("clickhouse")
                port = str(self.settings.ports["clickhouse"])
                command += ["--path", str(folder), "--host", "127.0.0.1", "--port", port]
            if part is SPARK_MASTER:
                ports = self.settings.ports
                command += ["--port", str(ports["spark"]), "--webui-port", str(ports["spark_ui"])]
            if part is SPARK_WORKER:
                command += ["--webui-port", str(self.settings.ports["spark_worker_ui"])]
                command += ["--work-dir", str(self.settings.folder("spark") / "work"), self.settings.spark_embedded]
            if part is SUPERSET:
                command += ["--bind", f"127.0.0.1:{self.settings.ports['superset']}", "superset.app:create_app()"]
            if part is NOTEBOOKS:
                command += [f"--ServerApp.root_dir={ROOT / 'notebooks'}", f"--port={self.settings.ports['notebooks']}"]
        # supervisord splits the command as a shell would.
        return " ".join(json.dumps(word) if set(word) & set(" \"'\\;") else word for word in command)

    def _socket(self) -> Path:
        path = self.settings.folder("run") / "supervisord.sock"
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        label = hashlib.sha256(str(self.settings.home).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"tshop-{os.geteuid()}-{label}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.geteuid() or folder.stat().st_mode & 0o077:
            raise StackError(
                f"The folder {folder} is open to other users: delete it, or give TSHOP_HOME a shorter path."
            )
        return folder / "supervisord.sock"

    def _supervisor(self) -> xmlrpc.client.ServerProxy:
        transport = SupervisorTransport(serverurl=f"unix://{self._socket()}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport).supervisor

    def _supervisor_runs(self) -> bool:
        if not self._socket().exists():
            return False
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            return self._supervisor().getState()["statename"] == "RUNNING"
        return False

    def _supervisor_process(self) -> psutil.Process | None:
        with contextlib.suppress(OSError, psutil.Error, xmlrpc.client.Error):
            return psutil.Process(self.supervisor_pid())
        return None

    def state(self, part: Part) -> str:
        """Return supervisord's name of the state of a part's process, such as RUNNING or FATAL."""
        return self._supervisor().getProcessInfo(part.name)["statename"]

    def is_running(self, part: Part) -> bool:
        """Tell whether a part has a process, or soon one; False where the running stack does not know the part."""
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            return self.state(part) not in NOT_RUNNING
        return False

    def pid(self, part: Part) -> int:
        """Return the process id of a part, 0 where it does not run."""
        return self._supervisor().getProcessInfo(part.name)["pid"]

    def _fingerprint(self) -> str:
        """Return a digest of what running programs took over at their start."""
        environments = [builder(self.settings) for builder in (endpoint_environment, airflow_environment)]
        # Superset's port, too, and the commands stand in supervisord's configuration.
        commands = [part.command for part in (*PARTS, *ON_REQUEST)]
        taken = [*environments, self.settings.ports, commands, repr(endpoint_configuration())]
        return hashlib.sha256(json.dumps(taken, sort_keys=True).encode()).hexdigest()

    def _known_fingerprint(self) -> str:
        """Return the fingerprint of what runs, "" where it is not known."""
        file = self._fingerprint_file()
        return file.read_text() if file.exists() else ""

    def _session_file(self) -> Path:
        return self.settings.folder("run") / "session"

    def _fingerprint_file(self) -> Path:
        return self.settings.folder("run") / "fingerprint"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with file_lock(
            self.settings.folder("run") / "stack.lock", "Another command starts or stops this stack: wait for it."
        ):
            yield


def spark_health(settings: Settings, part: Part) -> str:
    """Return "healthy", or what is the matter with a part of the cluster of Spark, as their pages tell it."""
    with contextlib.suppress(httpx.HTTPError, ValueError):
        master = httpx.get(f"http://127.0.0.1:{settings.ports['spark_ui']}/json/", timeout=5).json()
        if part is SPARK_MASTER:
            return "healthy" if master["status"] == "ALIVE" else f"is {master['status'].lower()}"
        httpx.get(f"http://127.0.0.1:{settings.ports['spark_worker_ui']}/json/", timeout=5).raise_for_status()
        return "healthy" if master["aliveworkers"] else "has not found the master"
    return "does not answer"


@contextlib.contextmanager
def file_lock(file: Path, message: str) -> Iterator[None]:
    """Hold a lock that ends with this process.

    Raises:
        StackError: somebody else holds it; with this message.
    """
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(message) from None
        yield


def remove(settings: Settings) -> list[Path]:
    """Delete all data, logs and secrets of a stopped stack, including what lies outside its home.

    Returns:
        The folders that were there and are deleted.

    Raises:
        StackError: something of them is left.
    """
    servers = (settings.home / "postgres", settings.home / "shop-postgres")
    return _delete(settings.home, *(osuser.outside_folder(server).parent for server in servers))


def remove_programs() -> list[Path]:
    """Delete the copy of PostgreSQL's programs that was made for its user, unless another stack runs on it.

    Returns:
        The folder, if it was there and is deleted.

    Raises:
        StackError: something of it is left.
    """
    copy = osuser.copy_of(wheel_packages(), f"{WHEEL_PROGRAMS}/bin/postgres")
    return [] if _is_run_from(copy) else _delete(copy)


def _delete(*folders: Path) -> list[Path]:
    there = [folder for folder in folders if folder.exists()]
    for folder in there:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise StackError(f"{folder} could not be deleted whole: delete it as the user who owns what is left in it.")
    return there


def _is_run_from(folder: Path) -> bool:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.exe()).is_relative_to(folder):
                return True
    return False
