"""The part "stream": messages from Kafka through Spark into raw, beside hand-written SQL; the largest rate it holds."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from confluent_kafka import Producer

from bench import live
from bench.measure import BenchError, Cost, Peak
from bench.plan import Plan
from bench.results import Check, Memory, Part, Row, say
from bench.warehouse import Warehouse, free_ports, warehouse
from embedded.environment import SPARK_BIN
from embedded.kafka import KafkaServer
from embedded.settings import ROOT
from sources.jars import jars_of
from sources.kafka import make_topics

_TOPIC = "shop.orders"
# Of the real size.
_MESSAGES = 1_000_000
_BACKLOG = 500 * 3600
_FEWEST = 10_000
_ID_BASE = 10**12
_RATE = 200
# Messages a second, tried one after the other until one is not held.
RATES = (4_000, 8_000, 12_000, 16_000, 24_000, 32_000)
_TICK = 0.05
_P95_SECONDS = 5.0
_MEMORY_LIMIT = 3 * 2**29
# Spark's first session on a busy machine.
_START_SECONDS = 300
_NOTHING_MOVED_SECONDS = 300
_POSITIONS = """
SELECT coalesce(sum(landed_position + 1), 0), coalesce(sum(applied_position + 1), 0)
FROM landing.position WHERE stream = 'shop.orders'
"""
_DOCUMENT = "stream, partition, position, key, body, written_at"
# Into the same table, whose triggers keep what no load has read, whoever writes: of ids that nothing else has.
_UPSERT = """
INSERT INTO raw.sales_order AS o (
    order_id, client_id, ordered_at, status, delivered_at, total_amount, channel, region, updated_at
)
SELECT DISTINCT ON (r.id)
    5000000000000 + r.id, 5000000000000 + r.user_id, r.ordered_at, r.status, r.delivered_at, r.total_amount, 'web',
    r.region, r.updated_at
FROM bench.document AS d
CROSS JOIN LATERAL jsonb_to_record(d.body -> 'row') AS r (
    id bigint, user_id bigint, ordered_at timestamptz, status text, delivered_at timestamptz, total_amount numeric,
    region text, updated_at timestamptz
)
ORDER BY r.id, r.updated_at DESC
ON CONFLICT (order_id) DO UPDATE SET
    client_id = excluded.client_id,
    ordered_at = excluded.ordered_at,
    status = excluded.status,
    delivered_at = excluded.delivered_at,
    total_amount = excluded.total_amount,
    channel = excluded.channel,
    region = excluded.region,
    updated_at = excluded.updated_at
WHERE excluded.updated_at >= o.updated_at
"""


def run(
    plan: Plan, postgres_settings: dict[str, str] | None = None, rates: tuple[int, ...] = RATES, whole: bool = True
) -> Part:
    """Measure the part on servers of its own.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
        rates: messages a second to try.
        whole: also measure the whole live shop, with Airflow and ClickHouse.
    """
    part = Part("stream", plan)
    seconds = max(5, min(60, round(3_000 * plan.scale)))
    home = plan.home / "stream"
    with (
        warehouse(home, postgres_settings=postgres_settings) as servers,
        _running(servers, home) as stream,
        Peak(stream.memory) as memory,
    ):
        part.rows.append(_land_and_apply(plan, servers, stream))
        part.rows.append(_latency(stream, seconds))
        part.rows.append(_held(stream, rates, seconds))
        part.rows.append(_catch_up(plan, servers, stream))
        part.checks.append(stream.check())
    if whole:
        live.measure(plan, part)
    part.memory["the consumer: Spark and its Python"] = Memory(memory.bytes, _MEMORY_LIMIT)
    return part


class _Stream:
    """A broker and the consumer, beside a warehouse.

    Args:
        servers: the warehouse.
        broker: the broker, running, with the topics.
        consumer: the process of the driver.
    """

    def __init__(self, servers: Warehouse, broker: KafkaServer, consumer: subprocess.Popen) -> None:
        self._servers = servers
        self._consumer = consumer
        self._producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap,
                "enable.idempotence": True,
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        self.sent = 0
        self.keys = 1

    def send(self, count: int) -> None:
        """Send messages: of each key in turn its next state."""
        for number in range(self.sent, self.sent + count):
            key = number % self.keys
            # A microsecond apart.
            time_of = f"{number // 10**6 // 60 % 60:02}:{number // 10**6 % 60:02}.{number % 10**6:06}"
            value = (
                f'{{"schema_version": 1, "event": "orders_changed", "id": {number}, "row": {{"id": {key}, '
                f'"user_id": {key % 1000}, "ordered_at": "2025-02-01T00:00:00+00:00", "status": "Paid", '
                f'"delivered_at": null, "total_amount": {number % 1000}.5, "region": "North", '
                f'"updated_at": "2025-02-02T00:{time_of}+00:00"}}}}'
            )
            while True:
                try:
                    self._producer.produce(_TOPIC, key=str(key), value=value)
                except BufferError:
                    self._producer.poll(0.1)
                else:
                    break
        self.sent += count
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until Kafka has all that was sent."""
        self._producer.flush()

    def close(self) -> None:
        """End the producer, which would look for the broker for ever."""
        self._producer = None

    def applied(self) -> tuple[float, int]:
        """Return the time, and how many messages are in raw."""
        return time.monotonic(), int(self._servers.execute(_POSITIONS)[0][1])

    def wait(self) -> list[tuple[float, int]]:
        """Wait until all that was sent is in raw; return when how many messages were there.

        Raises:
            BenchError: nothing moves any more.
        """
        before, moved = -1, time.monotonic()
        samples = [self.applied()]
        while (now := samples[-1][1]) < self.sent:
            if now != before:
                before, moved = now, time.monotonic()
            self.check_alive()
            if time.monotonic() - moved > _NOTHING_MOVED_SECONDS:
                raise BenchError(f"The consumer stopped at {now} of {self.sent} messages: see its log.")
            time.sleep(_TICK)
            samples.append(self.applied())
        return samples

    def check_alive(self) -> None:
        """Make sure that the consumer runs.

        Raises:
            BenchError: it has ended.
        """
        if self._consumer.poll() is not None:
            raise BenchError(f"The consumer ended with status {self._consumer.returncode}: see its log.")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the consumer from landing, as a second one would, so that messages gather."""
        with self._servers.session("owner") as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT partition FROM landing.position WHERE stream = '{_TOPIC}' FOR UPDATE")
            yield
            cursor.execute("COMMIT")

    def at_rate(self, rate: int, seconds: float) -> np.ndarray:
        """Send at an even rate; return how many seconds each message took from Kafka to raw."""
        first, begin = self.sent, time.monotonic()
        sent, applied = [], []
        while (now := time.monotonic() - begin) < seconds:
            self.send(max(0, round(now * rate) - (self.sent - first)))
            sent.append((time.monotonic(), self.sent))
            applied.append(self.applied())
            time.sleep(max(0.0, _TICK - (time.monotonic() - begin - now)))
        self.flush()
        applied += self.wait()
        numbers = np.arange(first + 1, self.sent + 1)
        times = [_first_time(samples, numbers) for samples in (applied, sent)]
        return times[0] - times[1]

    def memory(self) -> int:
        """Return what Spark's process and its Python workers hold now, in bytes."""
        held = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in self._family():
                held += process.memory_full_info().pss
        return held

    def check(self) -> Check:
        """Compare raw with what was sent."""
        ((landed, applied),) = self._servers.execute(_POSITIONS)
        keys = min(self.keys, self.sent)
        # The newest state of a key bears the number of its last message.
        newest = f"(({self.sent} - 1 - k) / {self.keys} * {self.keys} + k) % 1000 + 0.5"
        ((wrong,),) = self._servers.execute(
            f"SELECT count(*) FROM generate_series(0, {keys - 1}) AS k LEFT JOIN raw.sales_order AS o "
            f"ON o.order_id = {_ID_BASE} + k WHERE o.total_amount IS DISTINCT FROM {newest}"
        )
        found = {"not landed": self.sent - int(landed), "not applied": self.sent - int(applied), "rows differ": wrong}
        return Check("messages sent", found)

    def _family(self) -> list[psutil.Process]:
        driver = psutil.Process(self._consumer.pid)
        return [driver, *driver.children(recursive=True)]


def _first_time(samples: list[tuple[float, int]], numbers: np.ndarray) -> np.ndarray:
    """Return when each number was first reached, by samples of time and number."""
    times, reached = (np.array(column) for column in zip(*samples, strict=True))
    return times[np.searchsorted(reached, numbers)]


@contextlib.contextmanager
def _running(servers: Warehouse, home: Path) -> Iterator[_Stream]:
    ports = free_ports("clients", "controller")
    broker = KafkaServer(home / "kafka", ports["clients"], ports["controller"])
    broker.start()
    log = home / "stream.log"
    try:
        make_topics(broker.bootstrap)
        environment = {
            **os.environ,
            "PATH": f"{SPARK_BIN}:{os.environ['PATH']}",
            "KAFKA_BOOTSTRAP": broker.bootstrap,
            "WAREHOUSE_CONSUMER_DSN": servers.dsn("consumer"),
            "TSHOP_STREAM_CHECKPOINT": str(home / "checkpoint"),
            "TSHOP_STREAM_JARS": str(jars_of("stream")),
        }
        with log.open("wb") as output:
            consumer = subprocess.Popen(
                [SPARK_BIN / "python", ROOT / "sources" / "stream" / "consume.py"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        stream = _Stream(servers, broker, consumer)
        try:
            end = time.monotonic() + _START_SECONDS
            while "Landing " not in log.read_text():
                stream.check_alive()
                if time.monotonic() > end:
                    raise BenchError("The consumer did not start: see its log.")
                time.sleep(1)
            yield stream
        except BenchError as error:
            raise BenchError(f"{error}\n{log.read_text()[-2000:]}") from None
        finally:
            stream.close()
            consumer.terminate()
            consumer.wait()
    finally:
        broker.stop()


def _land_and_apply(plan: Plan, servers: Warehouse, stream: _Stream) -> Row:
    count = max(_FEWEST, round(_MESSAGES * plan.scale))
    stream.keys = count // 2
    servers.copy_of("landing.document", "document")
    file = servers.settings.postgres().folder / "documents.csv"
    ours, floor = [], []
    # The first repetition warms Spark up.
    for number in range(plan.runs + 1):
        with stream.held():
            stream.send(count)
            stream.flush()
            ((begin,),) = servers.execute("SELECT clock_timestamp()")
            servers.execute("CHECKPOINT")
        with servers.meter.cost(settled=False) as cost:
            stream.wait()
        servers.execute(
            f"COPY (SELECT {_DOCUMENT} FROM landing.document WHERE stream = '{_TOPIC}' AND landed_at >= '{begin}') "
            f"TO '{file}' WITH (FORMAT csv)"
        )
        with servers.meter.cost() as other:
            servers.execute(f"COPY bench.document ({_DOCUMENT}) FROM '{file}' WITH (FORMAT csv)", _UPSERT)
        ((copied,),) = servers.execute("SELECT count(*) FROM bench.document")
        if copied != count:
            raise BenchError(f"The floor copied {copied} of {count} messages.")
        servers.execute("TRUNCATE bench.document")
        if number:
            ours.append(cost)
            floor.append(other)
            say(f"  landed and applied {count} messages: {cost.seconds:.1f} s, by hand {other.seconds:.1f} s")
    file.unlink()
    return Row(
        f"land and apply {count:,} messages of {count // 2:,} keys that gathered in Kafka",
        "COPY of the same documents from a file, and one upsert into raw",
        count,
        ours,
        floor,
        at_most=1.5,
    )


def _latency(stream: _Stream, seconds: float) -> Row:
    taken = stream.at_rate(_RATE, seconds)
    p50, p95 = (float(np.percentile(taken, percent)) for percent in (50, 95))
    say(f"  {_RATE} messages a second: p50 {p50:.2f} s, p95 {p95:.2f} s")
    return Row(
        f"a message of one topic, written into Kafka by hand, to raw, {_RATE} a second for {seconds:.0f} s, p95",
        "",
        0,
        [Cost(p95)],
        [],
        at_most_seconds=_P95_SECONDS,
        note=f"p50 {p50:.2f} s",
    )


def _held(stream: _Stream, rates: tuple[int, ...], seconds: float) -> Row:
    """Find the largest rate whose messages do not take longer and longer."""
    found: dict[int, float] = {}

    def p95(rate: int) -> float:
        # Of the last third, where a lag that grows is greatest.
        taken = stream.at_rate(rate, seconds)
        found[rate] = float(np.percentile(taken[-len(taken) // 3 :], 95))
        say(f"  {rate} messages a second for {seconds:.0f} s: p95 {found[rate]:.2f} s")
        return found[rate]

    held = rates[_climb(rates, p95)]
    return Row(
        f"the largest rate of such messages: {held:,} a second for {seconds:.0f} s, p95",
        "",
        round(held * found[held]),
        [Cost(found[held])],
        [],
        at_most_seconds=_P95_SECONDS,
        note=f"of the last third; tried: {', '.join(f'{rate:,}' for rate in found)}",
    )


def _climb(rates: tuple[int, ...], p95: Callable[[int], float]) -> int:
    """Return the place of the last rate that is held, beginning with the first."""
    for place, rate in enumerate(rates):
        if p95(rate) > _P95_SECONDS:
            return max(0, place - 1)
    return len(rates) - 1


def _catch_up(plan: Plan, servers: Warehouse, stream: _Stream) -> Row:
    count = max(_FEWEST, round(_BACKLOG * plan.scale))
    servers.stop()
    stream.send(count)
    stream.flush()
    servers.start()
    stream.wait()
    ((seconds,),) = servers.execute(
        "SELECT extract(epoch FROM max(applied_at) - pg_postmaster_start_time()) FROM landing.position"
    )
    say(f"  caught up with {count} messages in {seconds:.1f} s")
    return Row(
        f"catch up with {count:,} messages, after the warehouse was down",
        "",
        count,
        [Cost(float(seconds))],
        [],
        note=f"an hour at 500 a second, times the scale {plan.scale:g}, from the start of the server",
    )
