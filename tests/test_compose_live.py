"""The profile live of docker-compose.yml without an engine: each service's own command and health check, as processes.

In folders that hold what the images and mounts hold, with the environment that compose gives them. A service is found
on a port of this machine instead of by its name.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import run_psql
from test_compose import ROOT, SERVICES, VARIABLE, commands, lay_out, mounts
from test_stream import PYTHON as SPARK_PYTHON
from test_stream import needs_connector, needs_spark

from embedded.postgres import SHOP_SETTINGS, THROW_AWAY_SETTINGS, PostgresServer, shared_settings
from sources.jars import jars_of
from tests.live_parts import needs_kafka
from tests.ports import free_port

pytestmark = [pytest.mark.timeout(900), *needs_kafka]
TIMEOUT_SECONDS = 300
SOCKET = "/var/run/postgresql"
# Their passwords, which have their variables' names for values: see compose_server.
BY_SOCKET = {"postgres": "TSHOP_POSTGRES_PASSWORD", "tshop": "TSHOP_OWNER_PASSWORD"}
# Kafka's image has scripts of these names.
KAFKA_PROGRAMS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
}


class Services:
    """Services as processes.

    Attributes:
        places: host and port that a service is found at, and where that is here.
        processes: those that run.
    """

    def __init__(self, folder: Path, warehouse: PostgresServer) -> None:
        self.folder = folder
        names = ("shop-postgres:5432", "kafka:9092", "master.spark:7077", "worker.spark:7078")
        self.places = {name: f"127.0.0.1:{free_port()}" for name in names}
        self.places["postgres:5432"] = f"127.0.0.1:{warehouse.port}"
        self.secrets: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen] = {}
        self.warehouse = warehouse
        self.shop = self._make_shop()

    def _make_shop(self) -> PostgresServer:
        port = int(self.places["shop-postgres:5432"].rsplit(":", 1)[1])
        password = self._value("TSHOP_SHOP_POSTGRES_PASSWORD")
        return PostgresServer(self.folder / "shop", port, password, settings=THROW_AWAY_SETTINGS)

    def _value(self, variable: str) -> str:
        # The warehouse's roles have the variables' names for passwords.
        is_shops = variable.startswith("TSHOP_SHOP_")
        return self.secrets.setdefault(variable, secrets.token_hex(16)) if is_shops else variable

    def resolve(self, text: str) -> str:
        """Return a value of the compose file as it is here."""
        text = VARIABLE.sub(lambda match: self._value(match["name"]), text)
        # Who comes to the warehouse by the socket comes to the tests' by TCP.
        for user, password in BY_SOCKET.items():
            text = text.replace(
                f"postgresql://{user}@/tshop?host={SOCKET}", self.warehouse.dsn("tshop", user, password)
            )
        text = text.replace(f"@/shop?host={SOCKET}", f"@/shop?host={self.socket}&port={self.shop.port}")
        for name, place in self.places.items():
            text = re.sub(rf"(?<![\w-]){re.escape(name)}", place, text)
            host, port = name.split(":")
            # As words of a command of their own, and in a health check.
            text = {host: "127.0.0.1", port: place.rsplit(":", 1)[1]}.get(text, text)
            text = text.replace(f"'{host}', {port}", f"'127.0.0.1', {place.rsplit(':', 1)[1]}")
        # A container has a folder in memory of its own, or a volume.
        return re.sub(r"^/(?=tmp/|var/lib/spark)", f"{self.folder}/", text)

    @property
    def socket(self) -> Path:
        """The folder of the shop's socket."""
        return self.folder / "socket"

    def environment(self, name: str) -> dict[str, str]:
        """Return the whole environment of a service."""
        own = {key: self.resolve(value) for key, value in SERVICES[name].get("environment", {}).items()}
        bin_dir = SPARK_PYTHON.parent if SERVICES[name].get("image") == "tshop-spark" else Path(sys.executable).parent
        path = f"{bin_dir}:{os.environ['PATH']}"
        more = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
        return {"PYTHONDONTWRITEBYTECODE": "1", **more, **own, "PATH": path}

    def image(self, name: str) -> Path:
        """Return the folder that holds what a service's image holds."""
        folder = self.folder / "images" / name
        return folder if folder.exists() else lay_out(name, folder)

    def run(self, name: str, *arguments: str) -> str:
        """Run a job to its end, which has to be good, and return what it printed."""
        command = [*SERVICES[name].get("entrypoint", []), *(arguments or SERVICES[name]["command"])]
        answer = subprocess.run(
            [self.resolve(word) for word in command],
            cwd=self.image(name),
            env=self.environment(name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, f"{name}: {answer.stdout}\n{answer.stderr}"
        return answer.stdout

    def start(self, name: str, **more: str) -> None:
        """Start a service and wait until its own health check is good."""
        command, check = ([self.resolve(word) for word in one] for one in commands(name))
        folder = self.image(name) if "build" in SERVICES[name] else self.folder
        environment = {**self.environment(name), **more}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

        def is_healthy() -> bool:
            return subprocess.run(check, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0

        wait_until(is_healthy, lambda: self.log(name))

    def log(self, name: str) -> str:
        """Return the end of a service's log."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-5000:]

    def stop(self) -> None:
        """End everything."""
        for name, process in reversed(self.processes.items()):
            # What is PostgreSQL's immediate shutdown.
            process.send_signal(signal.SIGQUIT if name == "shop-postgres" else signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()

    def ask_shop(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query in the shop's database, as superuser."""
        return ask(f"postgresql://postgres@/shop?host={self.socket}&port={self.shop.port}", statement)


def ask(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def wait_until(condition: Callable[[], bool], log: Callable[[], str] = str) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < end, log()
        time.sleep(0.5)


def start_shop(services: Services) -> None:
    """Start the shop's server with the settings, rules and script of docker/shop-postgres/."""
    arguments = dict(argument[2:].split("=") for argument in SERVICES["shop-postgres"]["command"][1:])
    folder = services.folder / "etc"
    folder.mkdir()
    folder.chmod(0o755)
    services.socket.mkdir()
    services.socket.chmod(0o777)
    # What the mounts put where.
    for source, target, *_mode in mounts(SERVICES["shop-postgres"]):
        if source.startswith("./"):
            files = sorted((ROOT / source).iterdir()) if (ROOT / source).is_dir() else [ROOT / source]
            for file in files:
                place = folder / (file.name if (ROOT / source).is_dir() else Path(target).name)
                place.write_text(file.read_text().replace("/etc/postgresql/", f"{folder}/"))
                place.chmod(0o644)
    places = {name: str(folder / Path(arguments[name]).name) for name in ("config-file", "hba-file")}
    services.shop.prepare()
    given = {
        **arguments,
        **places,
        "listen-addresses": "127.0.0.1",
        "port": str(services.shop.port),
        "unix-socket-directories": str(services.socket),
    }
    with (services.folder / "shop-postgres.log").open("wb") as log:
        services.processes["shop-postgres"] = subprocess.Popen(
            [*services.shop.command(), *(f"--{name}={value}" for name, value in given.items())],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **services.shop.user.popen_arguments(),
        )
    admin = f"postgresql://postgres@/{{}}?host={services.socket}&port={services.shop.port}"
    # The superuser comes by the socket only.
    wait_until(
        lambda: run_psql(admin.format("postgres"), "-c", "SELECT").returncode == 0,
        lambda: services.log("shop-postgres"),
    )
    answer = run_psql(
        admin.format("postgres"), "-c", f"CREATE DATABASE {SERVICES['shop-postgres']['environment']['POSTGRES_DB']}"
    )
    assert answer.returncode == 0, answer.stderr
    for script in sorted((ROOT / "docker" / "shop-postgres").glob("*.sql")):
        answer = run_psql(admin.format("shop"), "-f", str(script))
        assert answer.returncode == 0, answer.stderr


@pytest.fixture(scope="module")
def services(scratch: Path, compose_server: PostgresServer) -> Iterator[Services]:
    """The shop's server with its roles and schema, Kafka with its topics, the relay, and the subscription."""
    folder = scratch / "compose-live"
    for made in (folder, folder / "tmp", folder / "var" / "lib" / "spark"):
        made.mkdir(parents=True)
        made.chmod(0o755)
    services = Services(folder, compose_server)
    try:
        start_shop(services)
        services.run("shop-roles")
        services.run("shop-migrate")
        programs, broker = folder / "kafka-bin", folder / "kafka"
        programs.mkdir()
        broker.mkdir()
        for name, main in KAFKA_PROGRAMS.items():
            script = programs / name
            script.write_text(
                f"#!/bin/bash\nexec java $KAFKA_HEAP_OPTS $KAFKA_JVM_PERFORMANCE_OPTS $KAFKA_LOG4J_OPTS"
                f' -cp "{jars_of("kafka")}/*" {main} "$@"\n'
            )
            script.chmod(0o755)
        for source, target, *mode in mounts(SERVICES["kafka"]):
            if mode:
                shutil.copyfile(ROOT / source, broker / Path(target).name)
        start_kafka(services, broker, programs)
        services.run("kafka-topics")
        services.start("relay")
        services.run("replication")
        yield services
    finally:
        services.stop()
        if services.shop.moved:
            shutil.rmtree(services.shop.folder, ignore_errors=True)


def start_kafka(services: Services, folder: Path, programs: Path) -> None:
    """Start Kafka by its own command, in the folder that holds what its mounts hold."""
    command, check = commands("kafka")
    host, port = services.places["kafka:9092"].split(":")
    environment = {
        **services.environment("kafka"),
        "BROKER_CONTROLLER_PORT": str(free_port()),
        "BROKER_DATA": str(folder / "data"),
        "BROKER_PROGRAMS": str(programs),
        "LOG_DIR": str(folder / "logs"),
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
    }
    with (services.folder / "kafka.log").open("wb") as log:
        services.processes["kafka"] = subprocess.Popen(
            [word.replace("/opt/tshop/kafka", str(folder)) for word in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    here = [word.replace("127.0.0.1/9092", f"{host}/{port}") for word in check]
    wait_until(
        lambda: subprocess.run(here, capture_output=True, check=False).returncode == 0, lambda: services.log("kafka")
    )


def test_shops_server_has_the_shared_settings_and_its_own(services):
    dsn = services.shop.dsn("shop", "shop_monitor", services.secrets["TSHOP_SHOP_MONITOR_PASSWORD"])
    sources = dict(ask(dsn, "SELECT name, source FROM pg_settings"))
    wanted = {**shared_settings(18), **shared_settings(18, SHOP_SETTINGS)}
    assert len(wanted) > len(shared_settings(18))
    assert {name: sources[name] for name in wanted} == dict.fromkeys(wanted, "configuration file")


@pytest.mark.parametrize(
    ("database", "user", "password", "said"),
    [
        ("shop", "postgres", "TSHOP_SHOP_POSTGRES_PASSWORD", "rejects connection"),
        ("postgres", "shop_app", "TSHOP_SHOP_APP_PASSWORD", "no pg_hba.conf entry"),
    ],
)
def test_nobody_comes_by_a_network_to_what_is_not_his(services, database, user, password, said):
    with pytest.raises(psycopg2.OperationalError, match=said):
        psycopg2.connect(services.shop.dsn(database, user, services.secrets[password]))


def test_what_the_shop_does_arrives_in_kafka_and_by_replication(services):
    told = services.run("live", "--rate", "40", "--minutes", "0.2", "--clients", "20", "--products", "20")
    assert re.search(r"generator: \d+ events", told)
    wait_until(lambda: services.ask_shop("SELECT count(*) FROM shop.outbox") == [(0,)], lambda: services.log("relay"))
    ((sent, refused),) = services.ask_shop(
        "SELECT sent, (SELECT count(*) FROM shop.outbox_refused) FROM shop.relay_state"
    )
    assert sent > 40
    assert refused == 0
    ((paid,),) = services.ask_shop("SELECT count(*) FROM shop.transactions")
    assert paid > 0
    count = "SELECT count(*) FROM raw.payment WHERE payment_id > 1000000000000 AND NOT is_deleted"
    wait_until(lambda: ask(services.warehouse.dsn("tshop"), count) == [(paid,)])


def test_jobs_may_run_again_and_kafka_keeps_what_it_has(services):
    for name in ("shop-roles", "shop-migrate", "kafka-topics", "replication"):
        services.run(name)
    services.processes["kafka"].kill()
    services.processes["kafka"].wait()
    start_kafka(services, services.folder / "kafka", services.folder / "kafka-bin")
    assert services.run("kafka-topics") == "All topics are there.\n"


@needs_spark
@needs_connector
def test_the_consumer_lands_on_the_cluster_what_kafka_has(services):
    defaults = dict(
        line.split(None, 1)
        for line in (ROOT / "docker/spark/spark-defaults.conf").read_text().splitlines()
        if line[:1] not in ("", "#")
    )
    # The network's name for the driver.
    assert SERVICES["stream"]["networks"]["spark"]["aliases"] == [defaults["spark.driver.host"].strip()]
    conf = services.folder / "spark-conf"
    conf.mkdir()
    here = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    values = {**defaults, **here, "spark.local.dir": str(services.folder / "tmp")}
    (conf / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in values.items()))
    (services.image("stream") / ".jars").mkdir()
    (services.image("stream") / ".jars" / "stream").symlink_to(jars_of("stream"))
    own = {"SPARK_CONF_DIR": str(conf), "PYSPARK_PYTHON": str(SPARK_PYTHON)}
    for name in ("spark-master", "spark-worker", "stream"):
        services.start(name, **own)
    ((sent,),) = services.ask_shop("SELECT sent FROM shop.relay_state")
    landed = "SELECT count(*) FROM landing.document"
    wait_until(lambda: ask(services.warehouse.dsn("tshop"), landed)[0][0] >= sent, lambda: services.log("stream"))
    assert "Registering worker" in services.log("spark-master")
    ((orders,),) = services.ask_shop("SELECT count(*) FROM shop.orders")
    count = "SELECT count(*) FROM raw.sales_order WHERE order_id > 1000000000000 AND NOT is_deleted"
    wait_until(lambda: ask(services.warehouse.dsn("tshop"), count) == [(orders,)], lambda: services.log("stream"))
    # What the driver leaves at the worker goes, or the worker's volume fills up by drivers that start again.
    left = services.folder / "var" / "lib" / "spark" / "work"
    assert list(left.iterdir())
    services.processes["stream"].terminate()
    wait_until(lambda: not list(left.iterdir()), lambda: services.log("spark-worker"))
