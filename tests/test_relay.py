"""The relay: what stands in the shop's outbox gets to Kafka, in order for each key, whatever is killed meanwhile."""

import contextlib
import json
import math
import os
import random
import secrets
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from conftest import ROOT, run_module

from embedded.kafka import KafkaServer
from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from sources import kafka
from tests.live_parts import needs_kafka, shop_database
from tests.ports import free_port

pytestmark = [pytest.mark.timeout(600), *needs_kafka]

# Whatever is waited for is there after so many seconds even on a busy machine, or never.
PATIENCE = 120


@dataclass(frozen=True)
class Live:
    """The shop's database of a test, and the broker of all of them.

    Attributes:
        server: the PostgreSQL server.
        broker: the broker.
        dsns: libpq URI of the database by role: admin, owner, app, relay.
        since: where each partition ended when the test began.
    """

    server: PostgresServer
    broker: KafkaServer
    dsns: dict[str, str]
    since: dict[tuple[str, int], int]
    folder: Path

    def ask(self, statement: str, *values: Any, role: str = "admin") -> list[tuple[Any, ...]]:
        with contextlib.closing(psycopg2.connect(self.dsns[role])) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @property
    def waiting(self) -> int:
        return self.ask("SELECT count(*) FROM outbox")[0][0]

    def start_relay(self) -> subprocess.Popen:
        with (self.folder / "relay.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "sources.relay"],
                cwd=ROOT,
                env={**os.environ, "SHOP_RELAY_DSN": self.dsns["relay"], "KAFKA_BOOTSTRAP": self.broker.bootstrap},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @contextlib.contextmanager
    def relay(self) -> Iterator[subprocess.Popen]:
        process = self.start_relay()
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def log(self) -> str:
        return (self.folder / "relay.log").read_text()

    def until(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"{what}: not within {PATIENCE} s. The relay's log:\n{self.log()[-3000:]}", pytrace=False)
            time.sleep(0.1)

    def until_drained(self) -> None:
        self.until(lambda: self.waiting == 0, "The outbox is empty")

    def messages(self, *topics: str) -> list[Message]:
        """Return what came since the test began, of a partition in the order of its offsets."""
        ends = offsets_of(self.broker)
        found = []
        with contextlib.closing(
            Consumer(
                {
                    "bootstrap.servers": self.broker.bootstrap,
                    "group.id": secrets.token_hex(4),
                    "enable.auto.commit": False,
                    "fetch.message.max.bytes": 40_000_000,
                    "receive.message.max.bytes": 100_000_000,
                }
            )
        ) as consumer:
            for (topic, partition), end in ends.items():
                begin = self.since.get((topic, partition), 0)
                if begin >= end or (topics and topic not in topics):
                    continue
                consumer.assign([TopicPartition(topic, partition, begin)])
                while begin < end:
                    message = consumer.poll(30)
                    assert message is not None, f"{topic} {partition} ends at {begin} of {end}"
                    assert message.error() is None, message.error()
                    found.append(message)
                    begin = message.offset() + 1
        return found


def offsets_of(broker: KafkaServer) -> dict[tuple[str, int], int]:
    with contextlib.closing(Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "ends"})) as consumer:
        return {
            (name, partition): consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=30)[1]
            for name, topic in consumer.list_topics(timeout=30).topics.items()
            if name.startswith("shop.")
            for partition in topic.partitions
        }


@pytest.fixture(scope="module")
def server(scratch: Path) -> Iterator[PostgresServer]:
    """A server of one's own: it is killed here. What is committed outlives that."""
    settings = {**THROW_AWAY_SETTINGS, "synchronous_commit": "on", "wal_level": "logical"}
    server = PostgresServer(scratch / "relay-postgres", free_port(), secrets.token_urlsafe(16), settings=settings)
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    broker = KafkaServer(tmp_path_factory.mktemp("kafka"), free_port(), free_port())
    broker.start()
    kafka.make_topics(broker.bootstrap)
    yield broker
    broker.stop()


def test_a_broker_is_made_whatever_its_random_id_begins_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka's program takes an id that begins with - for an option."""
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(bytes=b"\xf8" + bytes(15)))
    assert KafkaServer(tmp_path, free_port(), free_port()).prepare()


@pytest.fixture
def live(server: PostgresServer, broker: KafkaServer, tmp_path: Path) -> Iterator[Live]:
    with shop_database(server) as dsns:
        yield Live(server, broker, dsns, offsets_of(broker), tmp_path)


def header(message: Message, name: str) -> str | None:
    return next((value.decode() for key, value in message.headers() if key == name), None)


def ids(messages: list[Message]) -> list[int]:
    return [int(header(message, "id")) for message in messages]


def check_order(messages: list[Message]) -> None:
    """The first arrivals of a key have the order of its changes, which is that of the outbox's ids."""
    seen: dict[tuple[str, bytes], list[int]] = {}
    partitions: dict[tuple[str, bytes], set[int]] = {}
    for message in messages:
        key = (message.topic(), message.key())
        partitions.setdefault(key, set()).add(message.partition())
        row_id = int(header(message, "id"))
        if row_id not in seen.setdefault(key, []):
            seen[key].append(row_id)
    for key, row_ids in seen.items():
        assert row_ids == sorted(row_ids), key
        assert len(partitions[key]) == 1, key


def new_user(live: Live, name: str = "Анна") -> int:
    return live.ask("INSERT INTO users (first_name, region) VALUES (%s, 'North') RETURNING id", name, role="app")[0][0]


def new_product(live: Live, description: str = "") -> int:
    statement = "INSERT INTO products (name, description, stock_quantity) VALUES ('Шарф', %s, 0) RETURNING id"
    return live.ask(statement, description, role="app")[0][0]


# --- what a message is ------------------------------------------------------------------------------------------------


def test_a_message_is_what_the_outbox_says(live: Live) -> None:
    user = new_user(live)
    live.ask("UPDATE users SET email = 'anna@example.com' WHERE id = %s", user, role="app")
    live.ask("DELETE FROM users WHERE id = %s", user, role="app")
    rows = live.ask("SELECT id, type, payload::text, occurred_at FROM outbox ORDER BY id")
    with live.relay():
        live.until_drained()
    messages = live.messages()
    assert [message.topic() for message in messages] == ["shop.users"] * 3
    assert [message.key() for message in messages] == [str(user).encode()] * 3
    assert ids(messages) == [row_id for row_id, *_ in rows]
    assert [header(message, "event") for message in messages] == [kind for _id, kind, *_ in rows]
    assert [message.value() and message.value().decode() for message in messages] == [text for *_, text, _at in rows]
    assert json.loads(messages[1].value())["row"]["email"] == "anna@example.com"
    assert messages[2].value() is None
    assert [header(message, "schema_version") for message in messages] == ["1", "1", None]
    # Rounded up: a deletion is not earlier than the last state.
    assert [message.timestamp()[1] for message in messages] == [milliseconds(at) for *_, at in rows]
    sent, last_id, problem = live.ask("SELECT sent, last_id, problem FROM relay_state")[0]
    assert (sent, last_id, problem) == (3, rows[-1][0], None)


def milliseconds(at: datetime) -> int:
    return math.ceil(round(at.timestamp() * 1_000_000) / 1000)


def test_each_table_has_a_topic_of_its_own(live: Live) -> None:
    category = live.ask("INSERT INTO product_categories (name) VALUES ('Шарфы') RETURNING id", role="app")[0][0]
    product = live.ask(
        "INSERT INTO products (name, category_id) VALUES ('Шарф', %s) RETURNING id", category, role="app"
    )[0][0]
    order = live.ask(
        "INSERT INTO orders (user_id, status) VALUES (%s, 'Pending') RETURNING id", new_user(live), role="app"
    )[0][0]
    live.ask("INSERT INTO order_details (order_id, product_id) VALUES (%s, %s)", order, product, role="app")
    with live.relay():
        live.until_drained()
    assert sorted({message.topic() for message in live.messages()}) == sorted(kafka.declared()["partitions"])


# --- order ------------------------------------------------------------------------------------------------------------


def test_the_states_of_a_key_keep_their_order(live: Live) -> None:
    products = [new_product(live) for _ in range(5)]

    def write(number: int) -> None:
        dice = random.Random(number)
        with contextlib.closing(psycopg2.connect(live.dsns["app"])) as connection:
            for _ in range(60):
                with connection, connection.cursor() as cursor:
                    # In one order, so that no two wait for each other.
                    for product in sorted(dice.sample(products, 2)):
                        cursor.execute(
                            "UPDATE products SET stock_quantity = stock_quantity + 1 WHERE id = %s", (product,)
                        )

    with live.relay():
        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        live.until_drained()
    messages = live.messages("shop.products")
    check_order(messages)
    of_key: dict[bytes, list[int]] = {}
    for message in messages:
        of_key.setdefault(message.key(), []).append(json.loads(message.value())["row"]["stock_quantity"])
    # Each state once, one after the other: nothing is sent twice where nothing fails.
    assert all(stock == list(range(len(stock))) for stock in of_key.values())
    assert sum(len(stock) for stock in of_key.values()) == 6 * 60 * 2 + 5


def test_a_transaction_that_commits_late_is_not_passed_over(live: Live) -> None:
    with live.relay(), contextlib.closing(psycopg2.connect(live.dsns["app"])) as late:
        with late.cursor() as cursor:
            cursor.execute("INSERT INTO users (first_name) VALUES ('Поздняя')")
        for _ in range(3):
            new_user(live)
        live.until(lambda: live.ask("SELECT sent FROM relay_state") == [(3,)], "The early ones are sent")
        late.commit()
        live.until(lambda: live.ask("SELECT sent FROM relay_state") == [(4,)], "The late one is sent")
        assert live.waiting == 0
    names = [json.loads(message.value())["row"]["first_name"] for message in live.messages()]
    assert sorted(names) == ["Анна", "Анна", "Анна", "Поздняя"]


# --- kills ------------------------------------------------------------------------------------------------------------


def test_whatever_is_killed_every_change_arrives_and_in_order(live: Live) -> None:
    live.ask(
        """
        CREATE TABLE committed (id bigint PRIMARY KEY, aggregateid text, payload jsonb);
        CREATE FUNCTION note_committed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO shop.committed VALUES (NEW.id, NEW.aggregateid, NEW.payload);
            RETURN NULL;
        END $$;
        CREATE TRIGGER note_committed AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION note_committed();
        """
    )
    products = [new_product(live) for _ in range(20)]
    done = threading.Event()
    dice = random.Random(20)

    def write(number: int) -> None:
        """Act as the shop does, through restarts of its database."""
        own = random.Random(number)
        while not done.is_set():
            with (
                contextlib.suppress(psycopg2.Error),
                contextlib.closing(psycopg2.connect(live.dsns["app"])) as connection,
            ):
                while not done.is_set():
                    with connection, connection.cursor() as cursor:
                        for product in sorted(own.sample(products, 3)):
                            cursor.execute(
                                "UPDATE products SET stock_quantity = stock_quantity + 1 WHERE id = %s", (product,)
                            )
                        if own.random() < 0.1:
                            time.sleep(own.random() / 4)
                        if own.random() < 0.1:
                            connection.rollback()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    relay = live.start_relay()
    kills = {"relay": 0, "broker": 0, "postgres": 0}
    try:
        for writer in writers:
            writer.start()
        for victim in ["relay", "broker", "relay", "postgres", "relay", "relay", "broker", "relay"]:
            time.sleep(0.3 + dice.random() * 2)
            kills[victim] += 1
            if victim == "relay":
                relay.kill()
                relay.wait()
                relay = live.start_relay()
            elif victim == "broker":
                live.broker.kill()
                time.sleep(dice.random() * 2)
                live.broker.start()
            else:
                live.server.kill()
                live.server.start()
        done.set()
        for writer in writers:
            writer.join()
        live.until_drained()
    finally:
        done.set()
        relay.kill()
        relay.wait()
    committed = dict(live.ask("SELECT id, payload::text FROM committed"))
    messages = live.messages()
    assert len(committed) > 200
    arrived = ids(messages)
    assert set(arrived) == set(committed), kills
    assert all(message.value().decode() == committed[int(header(message, "id"))] for message in messages)
    check_order(messages)
    # What a kill costs is a batch sent again, and not all of them.
    assert live.ask("SELECT sent FROM relay_state")[0][0] == len(committed)


def test_the_second_relay_waits_for_the_first_to_end(live: Live) -> None:
    with live.relay() as first:
        new_user(live)
        live.until_drained()
        with live.relay():
            live.until(lambda: "another relay is at work" in live.log(), "The second one says that it waits")
            new_user(live)
            live.until_drained()
            assert live.log().count("relay: at work") == 1
            first.kill()
            live.until(lambda: live.log().count("relay: at work") == 2, "The second one takes over")
            new_user(live)
            live.until_drained()
    assert len(live.messages()) == 3


def test_the_relay_goes_on_when_the_shops_database_is_back(live: Live) -> None:
    with live.relay() as relay:
        new_user(live)
        live.until_drained()
        live.server.kill()
        live.until(lambda: "does not answer" in live.log(), "It is said that the database is away")
        live.server.start()
        new_user(live)
        live.until_drained()
        assert relay.poll() is None
    assert len(live.messages()) == 2


# --- Kafka away, topics away, messages too large ----------------------------------------------------------------------


def test_what_is_written_while_kafka_is_away_arrives_later(live: Live) -> None:
    def problem() -> str | None:
        return live.ask("SELECT problem FROM relay_state")[0][0]

    with live.relay():
        new_user(live)
        live.until_drained()
        live.broker.stop()
        try:
            for _ in range(50):
                new_user(live)
            live.until(problem, "The problem is told")
            assert live.broker.bootstrap in problem()
            (seen,) = live.ask("SELECT seen_at FROM relay_state")
            live.until(lambda: live.ask("SELECT seen_at FROM relay_state")[0] != seen, "The relay says it is there")
            assert live.waiting == 50
        finally:
            live.broker.start()
        live.until_drained()
        live.until(lambda: problem() is None, "The problem is over")
    messages = live.messages()
    assert len(set(ids(messages))) == 51
    check_order(messages)


def test_a_topic_that_is_missing_holds_up_its_own_messages_only(live: Live) -> None:
    live.ask(
        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) "
        "SELECT 'gift cards', n::text, 'gift', '{}' FROM generate_series(1, 3000) AS n"
    )
    live.ask("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('gift', '7', 'gift', '{}')")
    with live.relay():
        user = new_user(live)
        live.until(lambda: live.waiting == 3001, "The user's message is sent")
        live.until(lambda: live.ask("SELECT problem FROM relay_state")[0][0], "The problem is told")
        told = live.ask("SELECT problem FROM relay_state")[0][0]
        assert "no topic shop.gift, shop.gift cards" in told
        assert "python -m sources.kafka" in told
        client = AdminClient({"bootstrap.servers": live.broker.bootstrap})
        client.create_topics([NewTopic("shop.gift", 1)])["shop.gift"].result(30)
        try:
            live.until(lambda: live.waiting == 3000, "The gift's message is sent once there is a topic")
            assert [message.key() for message in live.messages("shop.users")] == [str(user).encode()]
            assert [message.value() for message in live.messages("shop.gift")] == [b"{}"]
        finally:
            client.delete_topics(["shop.gift"])["shop.gift"].result(30)


def test_20_megabytes_arrive_and_what_kafka_never_takes_is_put_aside(live: Live) -> None:
    large = new_product(live, secrets.token_hex(10_000_000))
    refused = new_product(live, secrets.token_hex(20_000_000))
    live.ask("UPDATE products SET description = 'short' WHERE id = %s", refused, role="app")
    live.ask("UPDATE products SET description = 'short' WHERE id = %s", large, role="app")
    with live.relay():
        live.until_drained()
    messages = live.messages("shop.products")
    check_order(messages)
    of_key = {key: [m for m in messages if m.key() == str(key).encode()] for key in (large, refused)}
    assert [len(message.value()) > 20_000_000 for message in of_key[large]] == [True, False]
    assert [json.loads(message.value())["row"]["description"] for message in of_key[refused]] == ["short"]
    kept = live.ask("SELECT aggregateid, reason, octet_length(payload ->> 'row') > 40000000 FROM outbox_refused")
    assert kept == [(str(refused), "larger than Kafka takes", True)]
    assert live.ask("SELECT problem FROM relay_state") == [(None,)]


# --- the command ------------------------------------------------------------------------------------------------------


def test_it_ends_cleanly_when_it_is_told_to(live: Live) -> None:
    with live.relay() as relay:
        new_user(live)
        live.until_drained()
        relay.terminate()
        assert relay.wait(60) == 0
    assert "sent 1 messages" in live.log()


def test_it_ends_when_it_is_told_to_while_kafka_is_away(live: Live) -> None:
    live.broker.stop()
    try:
        new_user(live)
        with live.relay() as relay:
            live.until(lambda: live.ask("SELECT problem FROM relay_state")[0][0], "The problem is told")
            relay.terminate()
            assert relay.wait(60) == 0
        assert live.waiting == 1
    finally:
        live.broker.start()


def test_what_is_not_set_is_told() -> None:
    answer = run_module("sources.relay")
    assert (answer.returncode, answer.stderr) == (
        1,
        "Error: SHOP_RELAY_DSN is not set: give a libpq URI of the shop's database.\n",
    )


def test_a_database_without_an_outbox_is_told(server: PostgresServer, broker: KafkaServer) -> None:
    answer = run_module("sources.relay", SHOP_RELAY_DSN=server.dsn("postgres"), KAFKA_BOOTSTRAP=broker.bootstrap)
    assert answer.returncode == 1
    assert answer.stderr.strip().splitlines()[-1].startswith('Error: the outbox cannot be read (relation "shop.')
