"""``make live``: the web shop itself, live, from its own database through Kafka and replication to ClickHouse.

Starts the services beside the stack, runs the shop's application for some minutes, waits until all of what it did is
seen in ClickHouse, and prints a report. The services run on until ``make stop``.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import Consumer, KafkaException, TopicPartition

from clickhouse import marts
from embedded import live_status, main_job, reach, stack
from embedded.airflow_api import FINISHED, AirflowApi
from embedded.environment import SPARK_BIN, environment
from embedded.errors import StackError
from embedded.postgres import PostgresServer
from embedded.report import live as report
from embedded.roles import close_database
from embedded.settings import ROOT, SHOP_DATABASE, SHOP_ROLES, Settings
from migrations.plain import first_line, plain
from sources.jars import JarsError, check_programs, jars_of
from sources.kafka import TopicsError, declared, make_topics

DAG = stack.LIVE_DAG
# A wait in which nothing moves is given up after so long.
NOTHING_MOVED_SECONDS = 600
SAY_SECONDS = 10
SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Request:
    """What the variables of ``make live`` ask for.

    Attributes:
        rate: events a second.
        minutes: for how long.
    """

    rate: float
    minutes: float

    @classmethod
    def from_environment(cls) -> "Request":
        """Read RATE and MINUTES.

        Raises:
            StackError: a value is not possible.
        """
        return cls(_number("RATE", 50, 0.1, 10_000), _number("MINUTES", 3, 0.05, 60 * 24 * 30))


def _number(name: str, default: float, lowest: float, highest: float) -> float:
    text = os.environ.get(name) or str(default)
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) and lowest <= float(text) <= highest:
        return float(text)
    raise StackError(f"{name} is '{text}': give a number from {lowest:g} to {highest:g}.")


def run(settings: Settings) -> None:
    """Start what is missing, let the shop live, wait until ClickHouse has it all, and print the report.

    Raises:
        StackError: a program is missing, a part does not start, or nothing moves any more.
    """
    request = Request.from_environment()
    check(settings)
    lock = settings.folder("run") / "live.lock"
    with stack.file_lock(lock, "Another 'make live' works on this stack: wait for it."):
        embedded = start(settings)
        api = AirflowApi(settings)
        _unpause(api)
        try:
            begun = Marks.now(settings)
            with Sampler(settings) as sampler:
                stack.say(f"The shop is open: {request.rate:g} events a second for {request.minutes:g} minutes.")
                events = _produce(embedded, request)
                stack.say("The shop is closed: waiting until ClickHouse has all that it did ...")
                ended = Wait(embedded, api).until_all_is_seen()
        except (psycopg2.Error, KafkaException) as error:
            said = plain(first_line(error))
            raise StackError(f"The live shop does not answer ({said}): see 'make status'.") from None
        print(report.render(settings, begun, ended, events, sampler.samples))


def check(settings: Settings) -> None:
    """Make sure that what is needed is installed, before anything starts.

    Raises:
        StackError: something is missing, with what to do.
    """
    if settings.external_warehouse or settings.external_clickhouse:
        raise StackError(
            "make live works on the embedded warehouse and ClickHouse, which it may replicate into: unset "
            "WAREHOUSE_DSN and CLICKHOUSE_URL."
        )
    try:
        check_programs(("java",))
    except JarsError as error:
        raise StackError(str(error)) from None
    for part in ("kafka", "stream"):
        if not any(jars_of(part).glob("*.jar")):
            raise StackError(f"The jars of {part} are missing: run 'make setup-kafka'.")
    if not (SPARK_BIN / "python").exists():
        raise StackError("Spark is not installed: run 'make setup-spark'.")


def start(settings: Settings) -> stack.Stack:
    """Start the stack where it does not run, without generating days, and the live shop's services; return the stack.

    Raises:
        StackError: a part does not start.
    """
    embedded = main_job.start(settings)
    stack.say("Starting the live shop ...")
    embedded.start_on_request(stack.SHOP_POSTGRES, embedded.shop.prepare)
    set_up_shop(settings, embedded.shop)
    kafka = settings.kafka()
    embedded.start_on_request(stack.KAFKA, kafka.prepare)
    try:
        if made := make_topics(kafka.bootstrap):
            stack.say(f"  Kafka: made the topics {', '.join(made)}")
    except TopicsError as error:
        raise StackError(str(error)) from None
    embedded.start_on_request(stack.RELAY)
    _run(settings, "replication", "sources.replication")
    embedded.start_on_request(stack.STREAM, lambda: _empty(settings.folder("stream") / "tmp"))
    (settings.folder("live") / "set_up").touch()
    return embedded


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def set_up_shop(settings: Settings, server: PostgresServer) -> None:
    """Make the shop's database and roles in its running server, and bring them to what sources/shop/ says."""
    server.create_database(SHOP_DATABASE)
    passwords = {
        "SHOP_OWNER_PASSWORD" if role == SHOP_DATABASE else f"{role.upper()}_PASSWORD": settings.secret(name)
        for name, role in SHOP_ROLES.items()
    }
    admin = {"SHOP_ADMIN_DSN": server.dsn(SHOP_DATABASE), **passwords}
    _run(settings, "kafka", "sources.shop", "--roles", **admin)
    for closed in (SHOP_DATABASE, "postgres", "template1"):
        close_database(server, closed)
    _run(settings, "shop", "sources.shop")


def _run(settings: Settings, whose: str, module: str, *arguments: str, **more: str) -> None:
    """Run a module as a part of the stack and say the last line that it prints.

    Raises:
        StackError: it failed; the message is its own.
    """
    answer = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**environment(settings, whose), **more},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in (answer.stdout if answer.returncode == 0 else answer.stderr).splitlines() if line.strip()]
    if answer.returncode != 0:
        raise StackError(plain("\n".join(lines[-10:]) or f"{module} failed with status {answer.returncode}", keep="\n"))
    if lines:
        stack.say(f"  {plain(lines[-1])}")


def _unpause(api: AirflowApi) -> None:
    end = time.monotonic() + 180
    while not api.dag_exists(DAG):
        if errors := api.import_errors():
            raise StackError("Airflow cannot read a DAG file:\n" + "\n".join(errors))
        if time.monotonic() > end:
            raise StackError(f"Airflow does not find the DAG {DAG}: see 'make logs'.")
        time.sleep(0.5)
    api.unpause(DAG)


def _produce(embedded: stack.Stack, request: Request) -> list[str]:
    """Run the shop's application, show what it says, and return the lines of what it did.

    Raises:
        StackError: it failed.
    """
    command = ["-m", "generator", "live", "--rate", f"{request.rate:g}", "--minutes", f"{request.minutes:g}"]
    with subprocess.Popen(
        [sys.executable, *command],
        env=embedded.environment("producer"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as producer:
        lines = []
        for line in producer.stdout:
            lines.append(line.rstrip())
            stack.say(f"  {lines[-1]}")
    if producer.returncode != 0:
        raise StackError("The shop's application failed, for the reason above; what it did until then stays.")
    return lines


@dataclass(frozen=True)
class Marks:
    """Where each part of the chain is at a moment.

    Attributes:
        at: the moment.
        sent: messages that the relay has sent, since the beginning.
        refused: messages that Kafka will never take.
        ends: end of each partition of Kafka.
        landed: next offset to be landed, by partition.
        applied: next offset to be applied, by partition.
    """

    at: datetime
    sent: int
    refused: int
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    landed: dict[tuple[str, int], int] = field(default_factory=dict)
    applied: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    def now(cls, settings: Settings) -> "Marks":
        """Look at all parts.

        Raises:
            psycopg2.Error, KafkaException: one does not answer.
        """
        (relay,) = live_status.from_shop(settings, "relay")
        positions = report.from_warehouse(settings, "live_positions")
        return cls(
            datetime.now(UTC),
            relay["sent"],
            relay["refused"],
            ends(settings),
            {(row["stream"], row["partition"]): row["landed"] for row in positions},
            {(row["stream"], row["partition"]): row["applied"] for row in positions},
        )


def ends(settings: Settings) -> dict[tuple[str, int], int]:
    """Return where each partition of the shop's topics ends."""
    with contextlib.closing(
        Consumer({"bootstrap.servers": settings.kafka().bootstrap, "group.id": "tshop-ends", "log_level": 0})
    ) as consumer:
        topics = consumer.list_topics(timeout=10).topics
        return {
            (name, partition): consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=10)[1]
            for name in declared()["partitions"]
            if name in topics
            for partition in topics[name].partitions
        }


class Wait:
    """Waits until what the shop did is seen, part after part of the chain."""

    def __init__(self, embedded: stack.Stack, api: AirflowApi) -> None:
        self._stack = embedded
        self._settings = embedded.settings
        self._api = api
        # Where the shop's write-ahead log ended when the outbox was empty.
        self._lsn = "0/0"

    def until_all_is_seen(self) -> Marks:
        """Return where all parts are once ClickHouse has everything.

        Raises:
            StackError: nothing moves any more.
        """
        self._until("messages in the outbox", self._unsent)
        self._until("messages that are not landed", lambda: self._behind("landed"))
        self._until("messages that are not applied", lambda: self._behind("applied"))
        self._until("bytes that are not replicated", self._bytes_behind)
        self._until("loads, builds or publications", self._unpublished, self._under_way)
        return Marks.now(self._settings)

    def _until(self, what: str, look: Callable[[], int], told: Callable[[], str] | None = None) -> None:
        """Wait until nothing is left of something, for as long as it changes how much is.

        Args:
            what: it is.
            look: tells how many are left.
            told: says what is under way, instead of how many are left.
        """
        last, moved, said = None, time.monotonic(), time.monotonic()
        while True:
            try:
                left = look()
            except (psycopg2.Error, KafkaException, ClickHouseError) as error:
                # It is being started again.
                what_now = plain(first_line(error))
            else:
                what_now = f"{left} {what}"
                if not left:
                    return
                if left != last:
                    last, moved = left, time.monotonic()
            if time.monotonic() > said + SAY_SECONDS:
                said = time.monotonic()
                stack.say(f"  waiting: {told() if told else plain(what_now)}")
                self._check_alive()
            if time.monotonic() > moved + NOTHING_MOVED_SECONDS:
                raise StackError(
                    f"Nothing has moved for {NOTHING_MOVED_SECONDS // 60} minutes ({plain(what_now)}): see 'make "
                    "status'. Nothing is lost; when the cause is gone, 'make live' resumes."
                )
            time.sleep(SAMPLE_SECONDS)

    def _unpublished(self) -> int:
        """Return how many loads, builds or, when none is due any more, marts of ClickHouse have something to do."""
        if due := len(report.from_warehouse(self._settings, "live_due")):
            return due
        with contextlib.closing(reach.clickhouse_client(self._settings)) as client:
            return len(marts.behind(lambda question: client.query(question).result_rows))

    def _under_way(self) -> str:
        """Return what the DAG does, or that it failed."""
        tasks = [
            task["task_id"]
            for run in self._api.runs(DAG, ("running",))
            for task in self._api.tasks(DAG, run["dag_run_id"])
            if task["state"] in ("running", "up_for_retry")
        ]
        said = f"{DAG}: {', '.join(tasks) or 'its next run'}"
        last = self._api.runs(DAG, FINISHED)[-1:]
        if last and last[0]["state"] == "failed":
            said += f"; its last run failed, {self._settings.airflow_url} shows why"
        return said

    def _behind(self, which: str) -> int:
        now = Marks.now(self._settings)
        places = getattr(now, which)
        return sum(max(end - places.get(partition, 0), 0) for partition, end in now.ends.items())

    def _unsent(self) -> int:
        waiting, self._lsn = self._ask_shop("SELECT waiting, pg_current_wal_lsn()::text FROM shop.status_relay")
        return waiting

    def _bytes_behind(self) -> int:
        """Return the bytes of what the shop had written when the outbox was empty, that the warehouse has not."""
        (left,) = self._ask_shop(
            # Where there is no slot, nothing is replicated.
            "SELECT coalesce(max(greatest(pg_wal_lsn_diff(%s, confirmed_flush_lsn), 0)), 1)::bigint "
            "FROM pg_replication_slots WHERE slot_name = 'tshop_shop'",
            self._lsn,
        )
        return left

    def _ask_shop(self, statement: str, *values: Any) -> tuple[Any, ...]:
        with (
            contextlib.closing(
                psycopg2.connect(self._settings.shop_dsn_of("shop_monitor"), connect_timeout=10)
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchone()

    def _check_alive(self) -> None:
        if not self._stack.runs():
            raise StackError("The stack was stopped meanwhile: 'make live' starts it again and resumes.")
        for part in (*self._stack.parts, *stack.LIVE_PARTS):
            if self._stack.state(part) == "FATAL":
                raise StackError(f"{part.title} does not stay up. The end of its log:\n{self._stack.log_tail(part)}")


class Sampler:
    """Notes meanwhile which position was applied when: the warehouse keeps the last one only.

    Attributes:
        samples: stream, partition, applied position, when it was applied.
    """

    def __init__(self, settings: Settings) -> None:
        self.samples: list[tuple[str, int, int, datetime]] = []
        self._settings = settings
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        last: dict[tuple[str, int], int] = {}
        while not self._ended.is_set():
            # A warehouse that is started again is asked again.
            with contextlib.suppress(psycopg2.Error), report.warehouse(self._settings) as query:
                while not self._ended.wait(SAMPLE_SECONDS):
                    for row in query("live_positions"):
                        partition = (row["stream"], row["partition"])
                        if row["applied_at"] and last.get(partition) != row["applied_position"]:
                            last[partition] = row["applied_position"]
                            self.samples.append((*partition, row["applied_position"], row["applied_at"]))
            self._ended.wait(1)
