"""The consumer: lands the messages of Kafka's topics in landing.document and has them applied to raw.

PySpark Structured Streaming, run as a script: ``python sources/stream/consume.py``, or by ``spark-submit``. A script
needs no file on the executors: Spark sends them its functions by value. They need Python, pyarrow and psycopg2 alone.

The positions are kept in PostgreSQL, in the transaction that writes the documents, and nowhere else. Each start of
the query begins at them, with a new checkpoint. Spark's checkpoint is never read, so that a lost, damaged or outdated
one changes nothing. A message that arrives twice is left out by its offset.

Each 10 seconds the driver asks Kafka for the topics' ids and offsets and notes them in landing.position. It stops
reading a topic that was made again, that ends before what was landed, or that no longer has the next message. It
tells the problem there and in the log, and reads the other topics on. After CALL landing.continue_stream or
landing.skip_lost it resumes.

Environment:
    KAFKA_BOOTSTRAP: host:port of the broker.
    WAREHOUSE_CONSUMER_DSN: libpq URI of the warehouse, as the role tshop_consumer.
    TSHOP_STREAM_CHECKPOINT: folder for Spark's checkpoint and its other files, of this consumer alone.
    TSHOP_STREAM_JARS: folder of the jars of pom.xml; .jars/stream by default.
    SPARK_MASTER: local[2] by default; spark://host:port of a standalone cluster.
    KAFKA_TOPICS: topics, separated by commas; the shop's five by default.
"""

import contextlib
import fcntl
import io
import itertools
import json
import logging
import operator
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from py4j.protocol import Py4JError, Py4JJavaError
from pyarrow import csv
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

TOPICS = "shop.users,shop.product_categories,shop.products,shop.orders,shop.order_details"
# Seconds.
TRIGGER = 1
LOOK = 10
LONGEST_PAUSE = 10
# Of all topics together, in one batch.
MESSAGES_A_BATCH = 100_000
JAVA_OPTIONS = (
    "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 "
    f'"-Dlog4j2.configurationFile={Path(__file__).with_name("log4j2.properties")}"'
)
SETTINGS = {
    "spark.driver.memory": "512m",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.python.worker.reuse": "true",
    # A batch of large messages must fit in memory, too.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
    "spark.sql.execution.arrow.maxBytesPerBatch": "16m",
    "spark.sql.streaming.minBatchesToRetain": "2",
    "spark.sql.streaming.numRecentProgressUpdates": "2",
    "spark.sql.streaming.stopTimeout": "20s",
}
# No call waits much longer than this for a broker that is away, so that the consumer can be stopped meanwhile.
KAFKA_SETTINGS = {"request.timeout.ms": "5000", "default.api.timeout.ms": "10000"}
NOT_BEGUN, FAILURE = 2, 1
# Errors of landing.begin_landing: the topic was made again; the stream is not declared.
MADE_AGAIN, NOT_DECLARED = "TS020", "TS021"
# The error of a second call of raw.apply_documents at the same time.
RUNS_ALREADY = "TS001"

log = logging.getLogger("stream")


# --- what an executor does ------------------------------------------------------------------------------------------

BEGIN = "SELECT first_offset, base FROM landing.begin_landing(%s, %s, %s)"
END = "SELECT landing.end_landing(%s, %s, %s, %s)"
COPY = """
COPY landing.document (stream, partition, position, key, body, written_at) FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')
"""
# What became of a partition's messages: how many are landed, how many of them as text, the offset
# that follows, and why none is landed.
LANDED = pa.schema(
    {
        "topic": pa.string(),
        "partition": pa.int32(),
        "count": pa.int64(),
        "as_text": pa.int64(),
        "following": pa.int64(),
        "problem": pa.string(),
    }
)


def make_land(dsn, topics, following):
    """Return the function that lands the messages of one partition of a topic, in one transaction.

    Args:
        dsn: libpq URI of the warehouse.
        topics: Topic by name, as last seen.
        following: by topic and partition the offset that follows what this query has read. Where the warehouse has
            less, it was set back meanwhile: nothing is landed, or the messages between would be lost.
    """

    def land(batches):
        batches = (batch for batch in batches if batch.num_rows)
        head = next(batches, None)
        if head is None:
            return
        topic, partition = head["topic"][0].as_py(), head["partition"][0].as_py()
        count, as_text, last, problem, read_to = 0, 0, None, None, following[topic, partition]
        try:
            with contextlib.closing(connect(dsn)) as connection, connection.cursor() as cursor:
                first, base, problem = begin(cursor, topic, partition, topics[topic].id)
                if problem is None and first < following[topic, partition]:
                    problem = f"The warehouse was set back to offset {first}."
                for batch in itertools.chain([head], batches) if problem is None else ():
                    read_to = batch["offset"][-1].as_py() + 1
                    new = batch.filter(pc.greater_equal(batch["offset"], first))
                    if new.num_rows:
                        as_text += write(cursor, new, base)
                        count += new.num_rows
                        last = new["offset"][-1].as_py()
                if last is not None:
                    end = topics[topic].offsets[partition][1]
                    cursor.execute(END, (topic, partition, last, max(end, last + 1)))
                connection.commit()
        except psycopg2.Error as error:
            # A result, and no failed task: Spark would tell of it in a hundred lines.
            problem = f"The warehouse: {first_line(error)}"
        result = {"topic": topic, "partition": partition, "count": count, "as_text": as_text, "problem": problem}
        # What another consumer has landed counts: this query does not read it again.
        result["following"] = following[topic, partition] if problem else read_to
        yield pa.RecordBatch.from_pylist([result], schema=LANDED)

    return land


def connect(dsn):
    """Return a connection to the warehouse that notices, within a minute, a server that is no longer there."""
    connection = psycopg2.connect(
        dsn, connect_timeout=10, keepalives_idle=20, keepalives_interval=10, keepalives_count=3, tcp_user_timeout=60_000
    )
    connection.set_client_encoding("UTF8")
    return connection


def begin(cursor, topic, partition, identity):
    """Begin landing a partition of a topic; return its next offset and its base, or the problem that there is."""
    try:
        cursor.execute(BEGIN, (topic, partition, identity))
    except psycopg2.Error as error:
        if error.pgcode not in (MADE_AGAIN, NOT_DECLARED):
            raise
        cursor.connection.rollback()
        return None, None, f"{error.diag.message_primary} {error.diag.message_hint or ''}".strip()
    return *cursor.fetchone(), None


def write(cursor, batch, base):
    """Write messages of one partition to landing.document; return how many of them had to become a JSON string."""
    rows = {
        "stream": batch["topic"],
        "partition": batch["partition"],
        "position": pc.add(batch["offset"], base),
        "key": batch["key"],
        "body": batch["value"],
        "written_at": batch["timestamp"],
    }
    try:
        rows["key"], rows["body"] = (rows[name].cast(pa.string()) for name in ("key", "body"))
        copied = copy(cursor, pa.table(rows))
    except pa.ArrowInvalid:
        # Bytes that are no UTF-8.
        copied = False
    if copied:
        return 0
    # The rest of the batch stays fast: what Python can tell to be no JSON needs no try.
    bodies = [as_json(value) for value in batch["value"].to_pylist()]
    rows["body"] = pa.array([body for body, _ in bodies], pa.string())
    rows["key"] = pa.array([None if key is None else as_text(key) for key in batch["key"].to_pylist()], pa.string())
    return sum(changed for _, changed in bodies) + copy_halves(cursor, pa.table(rows))


def copy(cursor, table):
    """Copy rows to landing.document; return False, with nothing written, where PostgreSQL cannot hold one of them."""
    text = io.BytesIO()
    csv.write_csv(table, text, csv.WriteOptions(include_header=False, batch_size=table.num_rows))
    text.seek(0)
    cursor.execute("SAVEPOINT rows")
    try:
        cursor.copy_expert(COPY, text)
    except psycopg2.Error as error:
        # A value that is wrong, or that goes beyond a limit, such as how deep JSON is nested.
        if (error.pgcode or "")[:2] not in ("22", "54"):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT rows")
        return False
    cursor.execute("RELEASE SAVEPOINT rows")
    return True


def copy_halves(cursor, table):
    """Copy rows, those that jsonb cannot hold as JSON strings; return how many they were."""
    if copy(cursor, table):
        return 0
    if table.num_rows > 1:
        half = table.num_rows // 2
        return copy_halves(cursor, table.slice(0, half)) + copy_halves(cursor, table.slice(half))
    body = pa.array([json.dumps(table["body"][0].as_py(), ensure_ascii=False)], pa.string())
    if not copy(cursor, table.set_column(table.schema.get_field_index("body"), "body", body)):
        raise ValueError(f"Offset {table['position'][0]} of {table['stream'][0]} cannot be landed.")
    return 1


def as_json(value):
    """Return a message's value as JSON, and whether it is none and became a JSON string of its text."""
    if value is None:
        return None, False
    try:
        text = value.decode()
        json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError):
        return json.dumps(as_text(value), ensure_ascii=False), True
    except (RecursionError, ValueError):
        # Too deep for Python, or a number with too many digits: PostgreSQL may take it.
        pass
    return text, False


def as_text(value):
    """Return bytes as text that PostgreSQL can hold: what is no UTF-8 as backslash, x and two digits."""
    return value.decode(errors="backslashreplace").replace("\0", "\\x00")


# --- what the driver does -------------------------------------------------------------------------------------------


class SettingsError(Exception):
    """A sentence that says which setting is wrong and what to do."""


class AwayError(Exception):
    """A sentence that says what does not work, and may work again later."""


@dataclass(frozen=True)
class Topic:
    """What Kafka says of a topic.

    Attributes:
        id: its identity: a topic that is deleted and made again has another.
        offsets: by partition, the first offset that is still there and the one that the next message gets.
    """

    id: str
    offsets: dict


class Kafka:
    """Asks the broker about topics, by the Java client that Spark's connector works with."""

    def __init__(self, spark, bootstrap):
        self._java = spark._jvm
        self._kafka = self._java.org.apache.kafka
        settings = self._java.java.util.Properties()
        for name, value in {"bootstrap.servers": bootstrap, **KAFKA_SETTINGS}.items():
            settings.setProperty(name, value)
        self._admin = self._kafka.clients.admin.AdminClient.create(settings)

    def identities(self, topics):
        """Return by name the id and the partitions of those topics that exist.

        Raises:
            AwayError: Kafka does not answer.
        """
        names = self._java.java.util.ArrayList()
        for topic in topics:
            names.add(topic)
        asked = self._admin.describeTopics(names).topicNameValues()
        found = {}
        for topic in topics:
            try:
                description = asked.get(topic).get()
            except Py4JJavaError as error:
                if "UnknownTopicOrPartitionException" in str(error.java_exception):
                    continue
                raise AwayError(f"Kafka: {first_line(error)}") from error
            found[topic] = (description.topicId().toString(), [part.partition() for part in description.partitions()])
        return found

    def offsets(self, partitions):
        """Return by topic and partition the first offset that is still there and the one that the next message gets.

        Raises:
            AwayError: Kafka does not answer.
        """
        spec = self._kafka.clients.admin.OffsetSpec
        try:
            first, end = self._asked(partitions, spec.earliest()), self._asked(partitions, spec.latest())
            return {key: (first(key), end(key)) for key in partitions}
        except Py4JJavaError as error:
            raise AwayError(f"Kafka: {first_line(error)}") from error

    def _asked(self, partitions, spec):
        keys = {key: self._kafka.common.TopicPartition(*key) for key in partitions}
        asked = self._java.java.util.HashMap()
        for key in keys.values():
            asked.put(key, spec)
        answer = self._admin.listOffsets(asked)
        return lambda key: answer.partitionResult(keys[key]).get().offset()


class Applier(threading.Thread):
    """Calls raw.apply_documents for the streams that got something, beside the landing of what comes next."""

    def __init__(self, dsn):
        super().__init__(daemon=True)
        self._dsn = dsn
        self._connection = None
        self._waiting = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()

    def add(self, streams):
        """Have these streams applied, and those that had to wait."""
        with self._lock:
            self._waiting |= set(streams)
        self._wake.set()

    def stop(self):
        """End; what is being applied is rolled back, and applied by the next consumer or the DAG."""
        self._end.set()
        self._wake.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(psycopg2.Error):
                connection.cancel()
        self.join(timeout=10)

    def run(self):
        """Apply whenever there is something to apply."""
        told = None
        while not self._end.is_set():
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                streams, self._waiting = sorted(self._waiting), set()
            for stream in streams:
                problem = None if self._end.is_set() else self._apply(stream)
                if problem is not None and problem != told:
                    log.error("%s is not applied: %s", stream, problem)
                told = problem

    def _apply(self, stream):
        """Apply a stream and return the problem, if any. What could not be applied waits for the next add()."""
        try:
            if self._connection is None:
                self._connection = connect(self._dsn)
                self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute("CALL raw.apply_documents(%s)", (stream,))
            self._connection.notices.clear()
        except psycopg2.Error as error:
            with self._lock:
                self._waiting.add(stream)
            if self._connection is not None and self._connection.closed:
                self._connection = None
            # Who applies it now may not have seen what was landed last.
            return None if error.pgcode == RUNS_ALREADY or self._end.is_set() else first_line(error)
        return None


class Consumer:
    """The query and what watches it."""

    def __init__(self, spark, environment, stop):
        self._spark = spark
        self._stop = stop
        self._bootstrap = environment["KAFKA_BOOTSTRAP"]
        self._dsn = environment["WAREHOUSE_CONSUMER_DSN"]
        self._topics = sorted(name.strip() for name in environment.get("KAFKA_TOPICS", TOPICS).split(","))
        self._checkpoints = Path(environment["TSHOP_STREAM_CHECKPOINT"])
        self._kafka = Kafka(spark, self._bootstrap)
        self._connection = None
        self._query = None
        # Topic by name, of those that the query reads.
        self._seen = {}
        # By topic and partition the offset that follows what the query has read.
        self._following = {}
        # Names of the topics that a query was last begun with.
        self._reading = set()
        # By topic and partition the first and the end offset that Kafka last told.
        self._offsets = {}
        # Why the query cannot go on and has to be started again.
        self._over = []
        # By topic and partition why it is not read.
        self._problems = {}
        self._applier = Applier(self._dsn)

    def run(self):
        """Land until the event ``stop`` is set, whatever goes away and comes back meanwhile."""
        self._applier.start()
        pause, told = 1, None
        while not self._stop.is_set():
            try:
                if self._step():
                    pause, told = 1, None
            except (AwayError, psycopg2.Error, Py4JJavaError, PySparkException) as error:
                self._disconnect()
                problem = (
                    f"The warehouse: {first_line(error)}" if isinstance(error, psycopg2.Error) else first_line(error)
                )
                if problem != told and not self._stop.is_set():
                    log.error("Trying again until it works. %s", problem)
                told = problem
                self._stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._wait()
        self._end_query()
        self._applier.stop()
        self._remove_checkpoints()

    def _wait(self):
        """Wait until it is time to look again, or the query has ended or is over."""
        for _ in range(LOOK):
            if self._stop.wait(1) or self._over or (self._query is not None and not self._query.isActive):
                break

    def _connect(self):
        if self._connection is None:
            self._connection = connect(self._dsn)
            self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                # A partition that is being landed is not waited for.
                cursor.execute("SET lock_timeout = '1s'")
        return self._connection

    def _disconnect(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _step(self):
        """Look at Kafka and at the warehouse, note what is seen, and start the query where it has to be.

        Returns:
            Whether the query goes on as it was, so that it is known to work.

        Raises:
            AwayError: Kafka does not answer, or the query has met a problem; it is started again by the next call.
            PySparkException: the query has failed.
        """
        if self._query is not None and not self._query.isActive:
            query, self._query = self._query, None
            if (error := query.exception()) is not None:
                raise error
        if self._over:
            self._end_query()
            problems, self._over = self._over, []
            raise AwayError(" ".join(problems))
        seen, following = self._look()
        ids = ({name: topic.id for name, topic in topics.items()} for topics in (seen, self._seen))
        is_same = operator.eq(*ids) and following.keys() == self._following.keys()
        if is_same and (self._query is not None or not following):
            # Partitions end elsewhere now.
            self._seen = seen
            self._applier.add(())
            return True
        self._end_query()
        self._begin_query(seen, following)
        # What an earlier consumer landed and did not come to apply.
        self._applier.add(seen)
        return False

    def _look(self):
        """Note in the warehouse what Kafka has; return Topic by name, and by topic and partition what to land next."""
        begun = {}
        with self._connect().cursor() as cursor:
            try:
                identities = self._kafka.identities(self._topics)
            except AwayError as error:
                for key, offsets in self._offsets.items():
                    note(cursor, key, offsets, str(error))
                raise
            for topic, (identity, partitions) in identities.items():
                for partition in partitions:
                    begun[topic, partition] = self._begin(cursor, topic, partition, identity)
            # Asked after the positions: a message that is landed meanwhile must not seem to lie behind the end.
            offsets = self._offsets = self._kafka.offsets(begun)
            following, problems, behind = {}, {}, 0
            for key, (first, met) in begun.items():
                problem = met or find_problem(key[0], first, *offsets[key])
                if problem is None:
                    following[key] = first
                    behind += offsets[key][1] - first
                else:
                    problems[key] = problem
                note(cursor, key, offsets[key], problem)
            for topic in set(self._topics) - identities.keys():
                problems[topic, 0] = f"Kafka has no topic {topic}: 'python -m sources.kafka' makes it."
                note(cursor, (topic, 0), (None, None), problems[topic, 0])
        for key, problem in problems.items():
            if self._problems.get(key) != problem:
                log.error("%s, partition %d, is not read: %s", *key, problem)
        self._problems = problems
        if behind > MESSAGES_A_BATCH:
            log.info("%d messages behind.", behind)
        seen = {
            topic: Topic(identity, {number: offsets[topic, number] for number in partitions})
            for topic, (identity, partitions) in identities.items()
        }
        return {topic: seen[topic] for topic in seen if any(topic == name for name, _ in following)}, following

    def _begin(self, cursor, topic, partition, identity):
        """Return what a partition of a topic is to be landed from, or the problem that there is."""
        try:
            first, _, problem = begin(cursor, topic, partition, identity)
        except psycopg2.errors.LockNotAvailable:
            # It is being landed.
            if (topic, partition) not in self._following:
                raise
            return self._following[topic, partition], None
        return first, problem

    def _begin_query(self, seen, following):
        self._seen, self._following = seen, following
        if not following:
            return
        starts = {}
        for (topic, partition), offset in sorted(following.items()):
            starts.setdefault(topic, {})[str(partition)] = offset
        self._remove_checkpoints()
        self._checkpoints.mkdir(parents=True, exist_ok=True)
        options = {
            "kafka.bootstrap.servers": self._bootstrap,
            **{f"kafka.{name}": value for name, value in KAFKA_SETTINGS.items()},
            "assign": json.dumps({topic: [int(number) for number in offsets] for topic, offsets in starts.items()}),
            "startingOffsets": json.dumps(starts),
            "maxOffsetsPerTrigger": str(MESSAGES_A_BATCH),
            "failOnDataLoss": "true",
            # As many as there are: what Kafka's client hands over at once is 500 by default, of at most 1 MiB.
            "kafka.max.poll.records": "20000",
            "kafka.max.partition.fetch.bytes": str(4 << 20),
            "kafkaConsumer.pollTimeoutMs": "20000",
        }
        self._query = (
            self._spark.readStream.format("kafka")
            .options(**options)
            .load()
            .select("topic", "partition", "offset", "timestamp", "key", "value")
            .writeStream.foreachBatch(self._land)
            .trigger(processingTime=f"{TRIGGER} seconds")
            .option("checkpointLocation", tempfile.mkdtemp(prefix="query-", dir=self._checkpoints))
            .start()
        )
        if starts.keys() != self._reading:
            log.info("Landing %d partitions of %s.", len(following), ", ".join(starts))
        self._reading = starts.keys()

    def _remove_checkpoints(self):
        for folder in self._checkpoints.glob("query-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _end_query(self):
        query, self._query = self._query, None
        if query is not None:
            with contextlib.suppress(Py4JJavaError, PySparkException):
                query.stop()

    def _land(self, frame, _batch_id):
        """Land a batch of messages; nothing of it where a topic is not the one that the query began with."""
        if self._over:
            return
        seen, over, landed = self._seen, set(), set()
        try:
            identities = self._kafka.identities(seen)
        except AwayError as error:
            over, identities = {str(error)}, {}
        for name in identities.keys() & seen.keys():
            if identities[name][0] != seen[name].id:
                over.add(f"{name} was made again.")
        if not over:
            land = make_land(self._dsn, seen, dict(self._following))
            for row in frame.mapInArrow(land, from_arrow_schema(LANDED)).collect():
                self._following[row.topic, row.partition] = row.following
                if row.problem:
                    over.add(row.problem)
                elif row.count:
                    landed.add(row.topic)
                    if row.as_text:
                        log.warning("%s: %d messages that are no JSON are landed as text.", row.topic, row.as_text)
        if over:
            self._over = sorted(over)
        self._applier.add(landed)


def find_problem(topic, first, earliest, end):
    """Return why a partition cannot be read from its next offset, or None."""
    send_again = "Send what is lost again: CALL shop.resend() in the shop's database. Then CALL landing."
    if first > end:
        return (
            f"The topic ends before offset {end} and was landed to offset {first - 1}, so it is not the same. "
            f"{send_again}continue_stream('{topic}')."
        )
    if first < earliest:
        return f"Kafka no longer has the messages {first} to {earliest - 1}. {send_again}skip_lost('{topic}')."
    return None


def note(cursor, key, offsets, problem):
    """Note in the warehouse what was seen of a partition.

    Nothing is noted where a batch is being landed, which notes the same, and of a stream that is not declared.
    """
    with contextlib.suppress(psycopg2.errors.LockNotAvailable):
        try:
            cursor.execute("SELECT landing.note_seen(%s, %s, %s, %s, %s)", (*key, offsets[1], problem, offsets[0]))
        except psycopg2.Error as error:
            if error.pgcode != NOT_DECLARED:
                raise


def first_line(error):
    """Return what an error says in one line: of those that caused each other, the first one."""
    text = str(error.java_exception if isinstance(error, Py4JJavaError) else error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    # Without the packages that the names of Java's and Python's errors begin with.
    found = (re.match(r"(?:.*[.: ])?(\w+(?:Error|Exception): .+)", line) for line in lines)
    causes = [match[1] for match in found if match]
    return (causes or lines)[-1 if causes else 0]


def check(environment):
    """Return the jars of Spark's connector.

    Raises:
        SettingsError: a setting, the jars or Java are missing.
    """
    for name in ("KAFKA_BOOTSTRAP", "WAREHOUSE_CONSUMER_DSN", "TSHOP_STREAM_CHECKPOINT"):
        if not environment.get(name):
            raise SettingsError(f"{name} is not set: see the head of {Path(__file__).name}.")
    folder = Path(environment.get("TSHOP_STREAM_JARS") or Path(__file__).parents[2] / ".jars" / "stream")
    jars = sorted(str(file) for file in folder.glob("*.jar"))
    if not jars:
        raise SettingsError(
            f"{folder} has no jars: 'make setup-kafka' brings them, TSHOP_STREAM_JARS names another folder."
        )
    if not environment.get("JAVA_HOME") and not shutil.which("java"):
        raise SettingsError("Java is missing: install it (Debian 12: 'apt-get install openjdk-17-jre-headless').")
    return jars


@contextlib.contextmanager
def locked(folder):
    """Keep a folder for this consumer.

    Raises:
        SettingsError: another consumer has it, or it cannot be written to.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / "lock").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"Another consumer works in {folder}: TSHOP_STREAM_CHECKPOINT names a folder for each."
            ) from None
        except OSError as error:
            raise SettingsError(
                f"{folder} cannot be written to ({error.strerror}): TSHOP_STREAM_CHECKPOINT names another folder."
            ) from None
        yield


def session(environment, jars, folder):
    """Return the Spark session, whose own files go to a folder: what a killed one leaves there, the next removes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    master = environment.get("SPARK_MASTER", "local[2]")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        # Nobody else is to reach it.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName("tshop stream").master(master).config("spark.jars", ",".join(jars))
    os.environ.setdefault("SPARK_LOCAL_DIRS", str(folder))
    own = {"spark.driver.extraJavaOptions": f'{JAVA_OPTIONS} "-Djava.io.tmpdir={folder}"'}
    for name, value in (SETTINGS | own).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main(environment=os.environ):
    """Run the consumer; return the exit status: 0 when it was stopped, 2 where nothing was begun, 1 for a failure."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    log.setLevel(logging.INFO)
    # What fails in a batch comes out of the query, too.
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    # Of pandas' version, of which nothing is used here.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        jars = check(environment)
        folder = Path(environment["TSHOP_STREAM_CHECKPOINT"])
        with locked(folder):
            spark = session(environment, jars, folder / "spark")
            Consumer(spark, environment, stop).run()
            spark.stop()
    except SettingsError as error:
        print(f"stream: {error}", file=sys.stderr)
        return NOT_BEGUN
    except (Py4JError, ConnectionError) as error:
        # A service's end, or Ctrl+C, may end Spark's own process first.
        if not stop.is_set():
            log.error("Spark has ended: %s", first_line(error))
            return FAILURE
    log.info("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
