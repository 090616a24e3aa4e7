"""The consumer: each message of Kafka is landed once and applied, whatever is killed, lost or poisonous."""

import contextlib
import fcntl
import itertools
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from conftest import ROOT, run_module

from embedded import roles
from embedded.kafka import KafkaServer
from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from embedded.settings import WAREHOUSE_ROLES
from sources import kafka
from sources.jars import jars_of
from tests.live_parts import needs_kafka
from tests.ports import free_port

PYTHON = ROOT / ".venv-spark" / "bin" / "python"
needs_spark = pytest.mark.skipif(not PYTHON.exists(), reason="Spark is not installed: 'make setup-spark'")
needs_connector = pytest.mark.skipif(
    not any(jars_of("stream").glob("*.jar")), reason="The jars of Spark's connector are missing: 'make setup-kafka'"
)
pytestmark = [pytest.mark.timeout(900), *needs_kafka, needs_spark, needs_connector]

# Whatever is waited for is there after so many seconds even on a busy machine, or never.
PATIENCE = 240
ORDERS, PRODUCTS, USERS, CATEGORIES = "shop.orders", "shop.products", "shop.users", "shop.product_categories"
ID_BASE = 10**12


class Live:
    """A broker, a warehouse, and the consumer between them."""

    def __init__(self, server: PostgresServer, broker: KafkaServer, dsn: str, folder: Path) -> None:
        self.server = server
        self.broker = broker
        self.folder = folder
        self.checkpoints = folder / "checkpoint"
        self.dsn = dsn
        self._consumer: subprocess.Popen | None = None
        self._family: list[psutil.Process] = []
        # Idempotent: a message that is sent again is not behind others, and is not there twice.
        settings = {"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "message.max.bytes": 32 << 20}
        self.producer = Producer(settings)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as superuser; the server may be about to start again."""
        with contextlib.closing(psycopg2.connect(self.server.dsn("tshop"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

    # --- the consumer -----------------------------------------------------------------------------------------------

    def environment(self, **own: str) -> dict[str, str]:
        return {
            **os.environ,
            "KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "WAREHOUSE_CONSUMER_DSN": self.dsn,
            "TSHOP_STREAM_CHECKPOINT": str(self.checkpoints),
            **own,
        }

    def spawn(self, **environment: str) -> subprocess.Popen:
        with (self.folder / "stream.log").open("ab") as log:
            return subprocess.Popen(
                [PYTHON, ROOT / "sources" / "stream" / "consume.py"],
                env=self.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self, **environment: str) -> None:
        """Start the consumer where it does not run; wait until it lands."""
        if self._consumer is None or self._consumer.poll() is not None:
            told = self.log.count("Landing ")
            self._consumer = self.spawn(**environment)
            self.until(lambda: self.log.count("Landing ") > told, "The consumer lands")

    def end(self) -> int:
        """End the consumer as a service is ended; return its status."""
        self._consumer.send_signal(signal.SIGTERM)
        return self._consumer.wait(PATIENCE)

    def kill(self, process: psutil.Process | None = None) -> None:
        """Kill the driver's Python, or another process of the consumer."""
        self._family = self.family()
        (process or self._consumer).kill()
        if process is None:
            self._consumer.wait()
            self.gone()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self._consumer.pid).children(recursive=True)

    def gone(self) -> None:
        """Wait until the processes of a killed driver have noticed that it is gone."""
        _, alive = psutil.wait_procs(self._family, timeout=PATIENCE)
        assert not alive

    def wait_end(self) -> int:
        return self._consumer.wait(PATIENCE)

    @property
    def log(self) -> str:
        file = self.folder / "stream.log"
        return file.read_text() if file.exists() else ""

    def until(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(psycopg2.OperationalError):
                if condition():
                    return
            if time.monotonic() > end:
                pytest.fail(f"{what}: not within {PATIENCE} s. The consumer's log:\n{self.log[-3000:]}", pytrace=False)
            time.sleep(0.1)

    # --- messages ---------------------------------------------------------------------------------------------------

    def send(self, topic: str, key: bytes | None, value: bytes | None, partition: int = -1) -> None:
        more = {} if partition < 0 else {"partition": partition}
        self.producer.produce(topic, key=key, value=value, **more)
        self.producer.poll(0)

    def send_rows(self, topic: str, ids: Any, version: int = 1) -> None:
        for number in ids:
            self.send(topic, str(number).encode(), row(topic, number, version))
        self.producer.flush()

    def sent(self, topic: str) -> list[tuple[int, int, bytes | None, bytes | None]]:
        """Return all that the topic holds: partition, offset, key, value."""
        settings = {
            "bootstrap.servers": self.broker.bootstrap,
            "group.id": secrets.token_hex(4),
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 40_000_000,
            "receive.message.max.bytes": 100_000_000,
        }
        found = []
        with contextlib.closing(Consumer(settings)) as consumer:
            for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
                offset, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
                consumer.assign([TopicPartition(topic, partition, offset)])
                while offset < end:
                    message = consumer.poll(30)
                    assert message is not None
                    assert message.error() is None, message.error()
                    found.append((partition, message.offset(), message.key(), message.value()))
                    offset = message.offset() + 1
        return found

    def landed(self, topic: str) -> int:
        return self.ask("SELECT count(*) FROM landing.document WHERE stream = %s", topic)[0][0]

    def problem(self, topic: str) -> str | None:
        return self.ask("SELECT max(problem) FROM landing.position WHERE stream = %s", topic)[0][0]

    def until_landed(self, topic: str, count: int) -> None:
        self.until(lambda: self.landed(topic) >= count, f"{count} messages of {topic} are landed")

    def until_applied(self, topic: str) -> None:
        waiting = "SELECT 1 FROM landing.position WHERE stream = %s AND applied_position < landed_position"
        self.until(lambda: not self.ask(waiting, topic), f"{topic} is applied")

    def check_landed(self, topic: str) -> None:
        """Compare landing.document with what the topic holds, message by message."""
        query = "SELECT partition, position, key, body::text FROM landing.document WHERE stream = %s ORDER BY 1, 2"
        documents = [
            (partition, position, key, None if body is None else json.loads(body))
            for partition, position, key, body in self.ask(query, topic)
        ]
        messages = [
            (partition, offset, None if key is None else key.decode(), None if value is None else json.loads(value))
            for partition, offset, key, value in self.sent(topic)
        ]
        assert documents == sorted(messages, key=lambda message: message[:2])


def row(topic: str, number: int, version: int) -> bytes:
    """A message of the outbox: a version of a row."""
    updated_at = f"2026-11-01T00:{version // 60 % 60:02}:{version % 60:02}+00:00"
    columns = {
        ORDERS: {"user_id": 1, "ordered_at": "2026-11-01T00:00:00+00:00", "status": "Paid", "total_amount": version},
        PRODUCTS: {"name": f"Coat {version}", "price": 10, "created_at": "2026-11-01T00:00:00+00:00"},
        CATEGORIES: {"name": f"Coats {version}", "parent_id": None},
        USERS: {"first_name": "Anna", "last_name": f"Ivanova {version}"},
    }[topic]
    body = {"schema_version": 1, "event": topic, "id": number, "occurred_at": updated_at}
    return json.dumps({**body, "row": {"id": number, **columns, "updated_at": updated_at}}).encode()


@pytest.fixture(scope="module")
def live(scratch: Path) -> Iterator[Live]:
    """A broker with the shop's topics, and a warehouse on a server of its own, which is killed here."""
    folder = scratch / "stream"
    folder.mkdir()
    # What is committed outlives a kill.
    settings = {**THROW_AWAY_SETTINGS, "synchronous_commit": "on"}
    server = PostgresServer(scratch / "stream-postgres", free_port(), secrets.token_urlsafe(16), settings=settings)
    broker = KafkaServer(folder / "kafka", free_port(), free_port())
    server.start()
    broker.start()
    passwords = dict.fromkeys(WAREHOUSE_ROLES.values(), server.password)
    roles.set_up(server, "tshop", passwords)
    answer = run_module("migrations", WAREHOUSE_DSN=server.dsn("tshop", WAREHOUSE_ROLES["owner"]))
    assert answer.returncode == 0, answer.stderr
    kafka.make_topics(broker.bootstrap)
    live = Live(server, broker, server.dsn("tshop", WAREHOUSE_ROLES["consumer"]), folder)
    yield live
    with contextlib.suppress(AttributeError):
        live.end()
    broker.kill()
    server.stop("immediate")


POISON = [
    (b"not json", "not json"),
    (b"\xff{}", "\\xff{}"),
    (b"", ""),
    (b"\x00", "\\x00"),
    (b'{"a": "\\u0000"}', '{"a": "\\u0000"}'),
    (b'{"a": NaN}', '{"a": NaN}'),
    (b'{"a": 1e400000}', '{"a": 1e400000}'),
    (b"[" * 100_000 + b"]" * 100_000, "[" * 100_000 + "]" * 100_000),
    (b"y" * 20_000_000, "y" * 20_000_000),
]


def test_what_is_no_json_is_landed_as_text_and_the_stream_goes_on(live):
    for number, (value, _) in enumerate(POISON):
        live.send(USERS, b"1", value, partition=0)
        live.send(USERS, b"2", row(USERS, 2, number), partition=0)
    live.send(USERS, None, row(USERS, 3, 1), partition=0)
    live.send(USERS, b"\xff\0", row(USERS, 4, 1), partition=0)
    live.send(USERS, b"5", None, partition=0)
    # Fits in jsonb, and is not text.
    live.send(USERS, b"6", json.dumps({"big": "z" * 20_000_000}).encode(), partition=0)
    live.producer.flush()
    live.start()
    live.until_landed(USERS, 2 * len(POISON) + 4)
    query = "SELECT key, body FROM landing.document WHERE stream = %s AND partition = 0 ORDER BY position"
    rows = live.ask(query, USERS)
    assert [body for _, body in rows[0 : 2 * len(POISON) : 2]] == [text for _, text in POISON]
    good = [json.loads(row(USERS, 2, number)) for number in range(len(POISON))]
    assert [body for _, body in rows[1 : 2 * len(POISON) : 2]] == good
    keys = [key for key, _ in rows[2 * len(POISON) :]]
    assert keys == [None, "\\xff\\x00", "5", "6"]
    assert rows[2 * len(POISON) + 2][1] is None
    live.until_applied(USERS)
    name = "SELECT last_name FROM raw.client WHERE client_id = %s"
    assert live.ask(name, ID_BASE + 2) == [(f"Ivanova {len(POISON) - 1}",)]


def test_how_far_kafka_is_and_that_the_consumer_is_there_is_noted_without_messages(live):
    live.start()
    live.ask("UPDATE landing.position SET end_position = NULL, seen_at = NULL")
    noted = "SELECT count(*) FROM landing.position WHERE end_position = landed_position + 1 AND seen_at IS NOT NULL"
    live.until(lambda: live.ask(noted) == [(9,)], "All partitions are seen")


def test_a_warehouse_that_was_set_back_is_landed_from_there_again(live):
    live.start()
    live.send_rows(PRODUCTS, range(40))
    live.until_landed(PRODUCTS, 40)
    # One statement: the consumer must not land between the two.
    set_back = """
        WITH lost AS (DELETE FROM landing.document WHERE stream = %s AND position > 4)
        UPDATE landing.position
        SET landed_position = 4, applied_position = least(applied_position, 4)
        WHERE stream = %s
    """
    live.ask(set_back, PRODUCTS, PRODUCTS)
    live.send_rows(PRODUCTS, range(40), version=2)
    live.until_landed(PRODUCTS, 80)
    live.check_landed(PRODUCTS)


def test_a_topic_that_was_made_again_waits_for_consent_and_the_others_do_not(live):
    live.start()
    live.send_rows(CATEGORIES, range(3))
    live.until_landed(CATEGORIES, 3)
    admin = AdminClient({"bootstrap.servers": live.broker.bootstrap})
    admin.delete_topics([CATEGORIES])[CATEGORIES].result()
    live.until(lambda: CATEGORIES not in admin.list_topics(timeout=30).topics, "The topic is deleted")
    kafka.make_topics(live.broker.bootstrap)
    # As many as were landed of the old one, and one more: by its offset it would be the next.
    live.send_rows(CATEGORIES, range(4), version=2)
    live.until(lambda: "continue_stream('shop.product_categories')" in (live.problem(CATEGORIES) or ""), "It is told")
    before = live.landed(PRODUCTS)
    live.send_rows(PRODUCTS, range(10), version=3)
    live.until_landed(PRODUCTS, before + 10)
    assert live.landed(CATEGORIES) == 3
    live.ask("CALL landing.continue_stream(%s)", CATEGORIES)
    live.until_landed(CATEGORIES, 7)
    positions = "SELECT position FROM landing.document WHERE stream = %s ORDER BY 1"
    assert live.ask(positions, CATEGORIES) == [(number,) for number in range(7)]
    live.until_applied(CATEGORIES)
    names = "SELECT count(*) FROM raw.category WHERE name = 'Coats 2'"
    assert live.ask(names) == [(4,)]
    assert live.problem(CATEGORIES) is None


def test_a_topic_that_ends_before_what_was_landed_waits_for_consent(live):
    live.start()
    there = len(live.sent(CATEGORIES))
    live.ask("UPDATE landing.position SET landed_position = 1000000 WHERE stream = %s", CATEGORIES)
    live.until(lambda: "ends before offset" in (live.problem(CATEGORIES) or ""), "It is told")
    live.ask("CALL landing.continue_stream(%s)", CATEGORIES)
    beyond = "SELECT count(*) FROM landing.document WHERE stream = %s AND position > 1000000"
    live.until(lambda: live.ask(beyond, CATEGORIES) == [(there,)], "The topic is landed from its first message")


def test_messages_that_kafka_removed_are_told_and_skipped_by_consent(live):
    live.start()
    assert live.end() == 0
    live.send_rows(PRODUCTS, range(40), version=4)
    ends = {partition: offset + 1 for partition, offset, _, _ in live.sent(PRODUCTS)}
    admin = AdminClient({"bootstrap.servers": live.broker.bootstrap})
    removed = admin.delete_records([TopicPartition(PRODUCTS, partition, end - 5) for partition, end in ends.items()])
    for future in removed.values():
        future.result()
    live.start()
    live.until(lambda: "skip_lost('shop.products')" in (live.problem(PRODUCTS) or ""), "It is told")
    before = live.landed(PRODUCTS)
    live.ask("CALL landing.skip_lost(%s)", PRODUCTS)
    live.until_landed(PRODUCTS, before + 10)
    assert live.problem(PRODUCTS) is None
    kept = "SELECT partition, position FROM landing.document WHERE stream = %s AND position >= %s"
    for partition, end in ends.items():
        assert [p for p, _ in live.ask(kept, PRODUCTS, end - 5)].count(partition) == 5


LAND = """
import json, sys
sys.path.insert(0, sys.argv[1])
import consume, pyarrow as pa
dsn, source_id = sys.argv[2:]
time = pa.scalar(0, pa.timestamp("us", tz="UTC"))
schema = {"topic": pa.string(), "partition": pa.int32(), "offset": pa.int64(), "timestamp": time.type}
schema = pa.schema({**schema, "key": pa.binary(), "value": pa.binary()})
rows = [("shop.users", 7, offset, time.as_py(), b"1", b"{}") for offset in range(3)]
batch = pa.RecordBatch.from_pylist([dict(zip(schema.names, row)) for row in rows], schema=schema)
topics = {"shop.users": consume.Topic(source_id, {7: (0, 3)})}
for _ in range(2):
    (result,) = consume.make_land(dsn, topics, {("shop.users", 7): 0})([batch])
    print(*(result[name][0].as_py() for name in ("count", "following", "problem")))
"""


def test_what_another_consumer_has_landed_counts_as_read(live):
    # Else a warehouse that is set back behind it would not be noticed by this one.
    ((source_id,),) = live.ask("SELECT source_id FROM landing.stream WHERE stream = 'shop.users'")
    answer = subprocess.run(
        [PYTHON, "-c", LAND, ROOT / "sources" / "stream", live.dsn, source_id or "x"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert answer.stdout.splitlines() == ["3 3 None", "0 3 None"], answer.stderr


def is_worker(process: psutil.Process) -> bool:
    """Tell whether it is a process that runs the Python of an executor's tasks."""
    with contextlib.suppress(psutil.Error):
        return "pyspark.daemon" in process.cmdline() and "pyspark.daemon" in process.parent().cmdline()
    return False


def is_jvm(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.name() == "java"
    return False


def garble(folder: Path) -> None:
    for file in (file for file in folder.glob("query-*/**/*") if file.is_file()):
        file.write_bytes(file.read_bytes()[:7])


def test_whatever_is_killed_each_message_is_landed_once(live):
    chance = random.Random(16)
    over = threading.Event()
    sent = itertools.count()

    def produce() -> None:
        for number in sent:
            if over.wait(0.002):
                return
            live.send(ORDERS, str(number % 500).encode(), row(ORDERS, number % 500, number // 500))

    def landing() -> None:
        """Wait for a moment at or soon after the commit of a batch."""
        positions = "SELECT sum(landed_position) FROM landing.position WHERE stream = %s"
        before = live.ask(positions, ORDERS)
        live.until(lambda: live.ask(positions, ORDERS) != before, "A batch is landed")
        time.sleep(chance.uniform(0, 0.3))

    live.start()
    producer = threading.Thread(target=produce)
    producer.start()
    try:
        for _ in range(3):
            landing()
            for process in filter(is_worker, live.family()):
                live.kill(process)
        landing()
        live.server.kill()
        live.server.start()
        landing()
        live.broker.kill()
        live.broker.start()
        # Beside another one.
        other = live.spawn(TSHOP_STREAM_CHECKPOINT=str(live.folder / "other"))
        landing()
        live.kill()
        landing()
        shutil.rmtree(live.checkpoints)
        live.start()
        landing()
        other.kill()
        other.wait()
        landing()
        garble(live.checkpoints)
        landing()
        for folder in live.checkpoints.glob("query-*"):
            shutil.rmtree(folder, ignore_errors=True)
        landing()
        live.kill(next(filter(is_jvm, live.family())))
        assert live.wait_end() == 1
        live.gone()
        garble(live.checkpoints)
        left = set((live.checkpoints / "spark").iterdir())
        assert left
        live.start()
        assert not left & set((live.checkpoints / "spark").iterdir())
        landing()
    finally:
        over.set()
        producer.join()
        live.producer.flush()
    live.until_landed(ORDERS, next(sent) - 1)
    live.check_landed(ORDERS)
    live.until_applied(ORDERS)
    newest = {}
    for _, _, key, value in live.sent(ORDERS):
        total = json.loads(value)["row"]["total_amount"]
        newest[ID_BASE + int(key)] = max(total, newest.get(ID_BASE + int(key), total))
    assert dict(live.ask("SELECT order_id, total_amount FROM raw.sales_order")) == newest


def test_it_runs_unchanged_on_a_standalone_cluster_whose_executor_is_killed(live):
    port, environment = free_port(), {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    environment["PATH"] = f"{PYTHON.parent}:{environment['PATH']}"
    deploy = [PYTHON.parent / "spark-class", "org.apache.spark.deploy"]
    master = f"spark://127.0.0.1:{port}"
    commands = (
        ["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())],
        ["worker.Worker", "--host", "127.0.0.1", "--cores", "2", "--memory", "1g", "--webui-port", str(free_port())],
    )
    commands[1].extend(["--work-dir", str(live.folder / "work"), master])
    if live._consumer is not None and live._consumer.poll() is None:
        assert live.end() == 0
    with contextlib.ExitStack() as stack, (live.folder / "cluster.log").open("ab") as log:
        for name, *arguments in commands:
            process = subprocess.Popen(
                [deploy[0], f"{deploy[1]}.{name}", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        live.start(SPARK_MASTER=master, SPARK_LOCAL_IP="127.0.0.1")
        before = live.landed(ORDERS)
        live.send_rows(ORDERS, range(1000, 1100))
        live.until_landed(ORDERS, before + 100)
        (executor,) = (child for child in psutil.Process(process.pid).children(recursive=True) if is_jvm(child))
        executor.kill()
        live.send_rows(ORDERS, range(1000, 1100), version=2)
        live.until_landed(ORDERS, before + 200)
        live.check_landed(ORDERS)
        assert live.end() == 0


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"KAFKA_BOOTSTRAP": ""}, "KAFKA_BOOTSTRAP is not set"),
        ({"TSHOP_STREAM_JARS": "/nowhere"}, "'make setup-kafka' brings them"),
        ({"JAVA_HOME": "", "PATH": "/nowhere"}, "Java is missing"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(live, environment, sentence):
    assert_not_begun(live.environment(**environment), sentence)


def test_a_folder_is_one_consumers(live):
    folder = live.folder / "taken"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_not_begun(live.environment(TSHOP_STREAM_CHECKPOINT=str(folder)), "Another consumer works in")


def assert_not_begun(environment: dict[str, str], sentence: str) -> None:
    answer = subprocess.run(
        [PYTHON, ROOT / "sources" / "stream" / "consume.py"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert answer.returncode == 2, answer.stderr
    (line,) = answer.stderr.splitlines()
    assert sentence in line
