"""What the relay does: a row stands in the outbox until Kafka has acknowledged it, and then goes.

Nothing is lost: a row is removed by its id after it was acknowledged, so one whose transaction commits late is simply
still there, however large the ids are that went before it. A row may be sent twice: where the relay dies between
Kafka's acknowledgement and the removal.

The messages of one key keep their order. Who writes an outbox row holds the lock of the shop's row, so the ids of one
key have the order of its changes, and none is visible before an earlier one. They go to one partition, and the producer
never sends past a gap: where a message fails, it is thrown away with all that it has not sent (idempotence, and the
gapless guarantee of librdkafka), and the rows are read again.

A message is what Debezium's outbox event router would send: topic shop.<aggregatetype>, key aggregateid, header id, the
payload as it stands, no value where there is none (a deletion).
"""

import contextlib
import logging
import select
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import psycopg2.extensions
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from migrations.plain import plain
from sources.relay import statements

TOPIC_PREFIX = "shop."
CHANNEL = "outbox"
# Of a session-level advisory lock in the shop's database: one relay at a time.
LOCK = 7_402_160_001
BATCH_ROWS = 2_000
# Of their messages; a message that is larger goes alone.
BATCH_BYTES = 4 * 1024 * 1024
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
# Kafka may take so long to acknowledge a batch.
SEND_SECONDS = 30.0
# Somebody else may make a topic that was missing.
TOPICS_SECONDS = 5.0
LONGEST_PAUSE = 15.0
TOLD_SECONDS = 60.0
PRODUCER = {
    # All of these are waited for: acks=all, five requests under way at most, and their order.
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,
    # A message does not grow too old by itself: the relay gives up on a batch as a whole.
    "message.timeout.ms": 0,
    "message.max.bytes": 33_554_432,
    "compression.type": "lz4",
    "linger.ms": 5,
    "reconnect.backoff.max.ms": 2_000,
    "topic.metadata.propagation.max.ms": 5_000,
    # What it would say is said here.
    "log_level": 0,
}
# What no repetition cures.
REFUSED = {
    KafkaError.MSG_SIZE_TOO_LARGE: "larger than Kafka takes",
    KafkaError.INVALID_MSG_SIZE: "of a size that Kafka does not take",
    KafkaError.INVALID_RECORD: "not valid for Kafka",
    KafkaError.INVALID_TIMESTAMP: "of a time that Kafka does not take",
}

log = logging.getLogger("relay")


class KafkaAway(Exception):
    """Kafka did not take a batch; the message says why."""


@dataclass(frozen=True)
class Row:
    """A row of the outbox, as the message that it becomes."""

    id: int
    aggregatetype: str
    aggregateid: str
    type: str
    payload: str | None
    schema_version: str | None
    milliseconds: int

    @property
    def topic(self) -> str:
        """The topic that the message goes to."""
        return TOPIC_PREFIX + self.aggregatetype

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """What the message says of itself."""
        named = {"id": str(self.id), "event": self.type, "schema_version": self.schema_version}
        return [(name, value.encode()) for name, value in named.items() if value is not None]


@dataclass
class Sent:
    """What became of the rows of a batch.

    Attributes:
        acknowledged: ids of the rows that Kafka has.
        refused: reason by the id of a row that Kafka will never take.
        problem: why others did not get there, or "".
    """

    acknowledged: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    problem: str = ""


class Relay:
    """Sends what is in the outbox until it is told to stop.

    Args:
        dsn: libpq URI of the shop's database, as the role shop_relay.
        bootstrap: address of Kafka.
        stop: set when it is to end.
    """

    def __init__(self, dsn: str, bootstrap: str, stop: threading.Event) -> None:
        self._dsn = dsn
        self._bootstrap = bootstrap
        self._stop = stop
        self._connection: psycopg2.extensions.connection | None = None
        self._producer: Producer | None = None
        self._topics: set[str] = set()
        self._topics_at = 0.0
        self._held: set[str] = set()
        self._beaten_at = 0.0
        self._problem: str | None = None
        self._said = ""
        self._total = self._told = 0
        self._told_at = time.monotonic()

    def run(self) -> None:
        """Work until the end; what is away is waited for."""
        pause = 1.0
        while not self._stop.is_set():
            try:
                with self._session():
                    pause = 1.0
                    self._work()
            except psycopg2.Error as error:
                if not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
                    raise
                self._say(f"the shop's database does not answer ({_reason(error)}): waiting for it")
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        self._discard_producer()
        self._tell(at_once=True)

    # --- the shop's database ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """Have a connection that is the only relay's, as long as the block lasts."""
        with contextlib.closing(
            psycopg2.connect(
                self._dsn,
                application_name="tshop relay",
                connect_timeout=10,
                # A server that hangs or is cut off is given up on.
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
                tcp_user_timeout=30_000,
            )
        ) as self._connection:
            self._connection.autocommit = True
            while not self._stop.is_set() and not self._ask(statements.LOCK, (LOCK,))[0][0]:
                self._say("another relay is at work: waiting for it to end")
                self._stop.wait(POLL_SECONDS)
            yield

    def _ask(self, statement: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _beat(self) -> None:
        """Say that the relay is there, and what keeps it from its work, when it is time or when that changed."""
        if time.monotonic() >= self._beaten_at + HEARTBEAT_SECONDS:
            self._ask(statements.BEAT, (self._problem,))
            self._beaten_at = time.monotonic()

    def _note_problem(self, problem: str | None) -> None:
        """Keep what is the matter, or that nothing is; it is said once a change."""
        if problem != self._problem:
            self._problem, self._beaten_at = problem, 0.0
            self._say(problem or "all is well again")
        self._beat()

    def _wait(self) -> None:
        """Wait until something is written into the outbox, or for a while."""
        if not self._connection.notifies and select.select([self._connection], [], [], POLL_SECONDS)[0]:
            self._connection.poll()
        # Those that came with the answer of a statement, too.
        self._connection.notifies.clear()

    # --- the work ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        if not self._stop.is_set():
            self._ask(f"LISTEN {CHANNEL}")
            self._say("at work")
            # A problem of an earlier time is over until it is met again.
            self._beaten_at, self._problem = 0.0, None
        pause = 1.0
        while not self._stop.is_set():
            try:
                found = self._relay_a_batch()
            except KafkaAway as error:
                self._discard_producer()
                if self._stop.is_set():
                    return
                self._note_problem(str(error))
                self._pause(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = 1.0
            self._note_problem(self._about_held())
            self._tell()
            if not found:
                self._wait()

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._stop.wait(min(1.0, seconds)):
            self._beat()

    def _relay_a_batch(self) -> int:
        """Send the oldest rows whose topics are there and remove those that arrived; return how many rows there were.

        Raises:
            KafkaAway: it does not take them.
        """
        if self._held and time.monotonic() >= self._topics_at + TOPICS_SECONDS:
            self._look_at_topics()
        held = sorted(topic.removeprefix(TOPIC_PREFIX) for topic in self._held)
        rows = [
            Row(*row) for row in self._ask(statements.READ, {"held": held, "rows": BATCH_ROWS, "bytes": BATCH_BYTES})
        ]
        if not rows:
            return 0
        if not {row.topic for row in rows} <= self._topics:
            self._look_at_topics()
            self._held = {row.topic for row in rows} - self._topics | self._held - self._topics
            rows = [row for row in rows if row.topic in self._topics]
        sent = self._send(rows)
        if sent.acknowledged or sent.refused:
            self._settle(sent)
        # A refused message leaves a gap, which ends the producer, too: the others go with the next one.
        if sent.problem and not sent.refused:
            raise KafkaAway(sent.problem)
        return len(rows)

    def _settle(self, sent: Sent) -> None:
        """Remove what Kafka has and what it will never take, and count it, in one transaction."""
        refused = (list(sent.refused), list(sent.refused.values()))
        with self._connection, self._connection.cursor() as cursor:
            if sent.refused:
                cursor.execute(statements.REFUSE, refused)
            cursor.execute(statements.REMOVE, ([*sent.acknowledged, *sent.refused],))
            if sent.acknowledged:
                cursor.execute(statements.COUNT, (len(sent.acknowledged), max(sent.acknowledged)))
        self._total += len(sent.acknowledged)
        for row_id, reason in sent.refused.items():
            log.warning("message %s is %s: it is in outbox_refused", row_id, reason)

    def _about_held(self) -> str | None:
        if not self._held:
            return None
        topics = ", ".join(sorted(self._held))
        return plain(
            f"Kafka has no topic {topics}: its messages wait in the outbox, the others are sent. "
            "Make it by 'python -m sources.kafka'"
        )

    # --- Kafka ------------------------------------------------------------------------------------------------------

    def _look_at_topics(self) -> None:
        """Ask which topics there are.

        Raises:
            KafkaAway: nobody answers.
        """
        try:
            self._topics = set(self._kafka().list_topics(timeout=5).topics)
        except KafkaException as error:
            raise KafkaAway(self._away(error.args[0])) from None
        self._topics_at = time.monotonic()
        self._held -= self._topics

    def _send(self, rows: list[Row]) -> Sent:
        """Send rows and wait until it is known what became of each."""
        sent = Sent()
        for row in rows:
            self._produce(row, sent)
            if sent.problem:
                break
        end = time.monotonic() + SEND_SECONDS
        while self._kafka().flush(POLL_SECONDS) and not sent.problem:
            if self._stop.is_set():
                sent.problem = "told to stop"
            elif time.monotonic() > end:
                sent.problem = f"Kafka at {self._bootstrap} does not acknowledge what is sent: waiting for it"
            else:
                self._beat()
        if sent.problem or len(sent.acknowledged) + len(sent.refused) < len(rows):
            # It may hold messages that it has not sent: they are read again, in their order.
            self._discard_producer()
        return sent

    def _produce(self, row: Row, sent: Sent) -> None:
        def settled(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                sent.acknowledged.append(row.id)
            elif error.code() in REFUSED:
                sent.refused[row.id] = REFUSED[error.code()]
            elif not sent.problem:
                sent.problem = self._away(error)
                if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
                    # It was there and is deleted.
                    self._topics.clear()

        while True:
            try:
                return self._kafka().produce(
                    row.topic,
                    value=None if row.payload is None else row.payload.encode(),
                    key=row.aggregateid.encode(),
                    headers=row.headers,
                    timestamp=row.milliseconds,
                    on_delivery=settled,
                )
            except BufferError:
                self._kafka().poll(POLL_SECONDS)
                self._beat()
            except KafkaException as error:
                return settled(error.args[0], None)

    def _kafka(self) -> Producer:
        if self._producer is None:
            self._producer = Producer({"bootstrap.servers": self._bootstrap, **PRODUCER})
        return self._producer

    def _discard_producer(self) -> None:
        if self._producer is not None:
            self._producer.purge()
            self._producer = None
            self._topics.clear()

    def _away(self, error: KafkaError) -> str:
        return plain(f"Kafka at {self._bootstrap} does not take messages ({error.str()}): waiting for it")

    # --- the log ----------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        """Write a line, unless it is the last one again."""
        if text != self._said:
            log.info("%s", text)
            self._said = text

    def _tell(self, at_once: bool = False) -> None:
        """Write how much was sent, once a minute where anything was."""
        if self._total > self._told and (at_once or time.monotonic() >= self._told_at + TOLD_SECONDS):
            log.info("sent %d messages, %d since the start", self._total - self._told, self._total)
            self._told, self._told_at = self._total, time.monotonic()


def _reason(error: psycopg2.Error) -> str:
    return plain((str(error).strip().splitlines() or [type(error).__name__])[0])
