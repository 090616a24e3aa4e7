"""Kill -9 of any part of the live shop, in any order: at the end all equals what the shop's own database holds.

Everything is real: both PostgreSQL servers, Kafka, the relay, Spark, Airflow, ClickHouse, under supervisord, which
starts again what was killed, and the shop's application, which this module starts again. Which states an order ever had
is said by a table in the shop's database that a trigger of this module writes in the order's own transaction.

TSHOP_LIVE_KILLS says how many kills there are (default: each victim once). TSHOP_SEED sets the random choices, which
are printed: the same seed chooses the same victims and pauses.
"""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from clickhouse import marts
from clickhouse.definitions import Ask
from embedded import live, stack
from embedded.airflow_api import AirflowApi
from embedded.environment import SPARK_BIN
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.reach import clickhouse_client
from embedded.settings import Settings
from sources.compare import differences
from tests import tally
from tests.conftest import ROOT
from tests.live_parts import needs_kafka
from tests.ports import free_port

SEED = int(os.environ.get("TSHOP_SEED") or random.randrange(10**6))
RATE = 40
IDS = 10**12
pytestmark = needs_kafka
# What a log keeps of each state of an order, as it was committed.
LOG = """
CREATE TABLE status_log (order_id bigint, status text, updated_at timestamptz);
CREATE FUNCTION log_status() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop, pg_temp AS $$
BEGIN
    INSERT INTO status_log VALUES (NEW.id, NEW.status, NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER zz_log_status AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION log_status();
"""


class Victims:
    """The processes of a live shop, by what they are."""

    def __init__(self, running: stack.Stack, chance: random.Random) -> None:
        self.stack = running
        self.chance = chance
        self.producer: subprocess.Popen | None = None
        parts = {
            "relay": stack.RELAY,
            "broker": stack.KAFKA,
            "Spark's driver": stack.STREAM,
            "scheduler": stack.SCHEDULER,
            "ClickHouse": stack.CLICKHOUSE,
        }
        self.kinds: dict[str, Callable[[], list[psutil.Process]]] = {
            **{name: lambda part=part: self._process(part) for name, part in parts.items()},
            "producer": lambda: [psutil.Process(self.producer.pid)],
            "shop's PostgreSQL": lambda: self._process(stack.SHOP_POSTGRES, with_children=True),
            "warehouse": lambda: self._process(stack.POSTGRES, with_children=True),
            "backend of the warehouse": self._backend,
            "Spark's JVM": lambda: self._of_spark("java")[:1],
            "Spark's Python workers": lambda: self._of_spark("python")[:2],
        }

    def kill(self, kind: str) -> int:
        """Kill a kind of processes; returns how many there were. Those that are being started again are waited for."""
        killed = 0

        def is_struck() -> bool:
            nonlocal killed
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in self.kinds[kind]():
                    process.kill()
                    killed += 1
            return killed > 0

        assert self.stack.wait_for(is_struck, 300), f"there is no {kind} to kill"
        return killed

    def _process(self, part: stack.Part, with_children: bool = False) -> list[psutil.Process]:
        pid = self.stack.pid(part)
        if not pid:
            return []
        main = psutil.Process(pid)
        return [main, *(main.children(recursive=True) if with_children else ())]

    def _backend(self) -> list[psutil.Process]:
        backends = self._process(stack.POSTGRES, with_children=True)[1:]
        return self.chance.sample(backends, min(1, len(backends)))

    def _of_spark(self, name: str) -> list[psutil.Process]:
        pid = self.stack.pid(stack.STREAM)
        below = psutil.Process(pid).children(recursive=True) if pid else []
        return [process for process in below if process.name().startswith(name)]


@contextlib.contextmanager
def live_shop(home: Path) -> Iterator[stack.Stack]:
    """A whole stack with the services of the live shop."""
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow", "shop", "kafka", "kafka_controller")}
    settings = Settings(home, ports, postgres_settings={**THROW_AWAY_SETTINGS, "synchronous_commit": "on"})
    running = stack.Stack(settings)
    try:
        live.start(settings)
        AirflowApi(settings).unpause(live.DAG)
        yield running
    finally:
        running.stop()
        stack.remove(settings)


def produce(running: stack.Stack) -> subprocess.Popen:
    """Start the shop's application, for longer than any test."""
    return subprocess.Popen(
        [sys.executable, "-m", "generator", "live", "--rate", str(RATE), "--minutes", "600", "--quiet"],
        env=running.environment("producer"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def rows(dsn: str, statement: str, *values: Any) -> list[tuple]:
    """Return the rows of a query."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def asker(settings: Settings) -> Ask:
    """Return what asks ClickHouse."""
    client = clickhouse_client(settings)
    return lambda question: client.query(question).result_rows


def check(running: stack.Stack) -> dict[str, int]:
    """Check that all is equal; returns what was compared."""
    settings = running.settings
    shop, warehouse = settings.shop_dsn_of("shop_monitor"), settings.warehouse_dsn_of("owner")
    assert differences(shop, warehouse) == {table: [] for table in differences(shop, warehouse)}
    logged = rows(settings.shop_dsn_of("shop_owner"), "SELECT order_id, status, updated_at FROM status_log")
    known: dict[int, list[tuple]] = {}
    for order, status, since, until in rows(
        warehouse,
        "SELECT order_id - %s, status, valid_from, CASE WHEN valid_to < 'infinity' THEN valid_to END "
        "FROM dds.sales_order WHERE order_id BETWEEN %s AND %s",
        IDS,
        IDS,
        2 * IDS - 1,
    ):
        known.setdefault(order, []).append((status, since, until))
    lost = [
        (order, status, at)
        for order, status, at in logged
        if not any(
            status == one and since <= at and (until is None or at < until)
            for one, since, until in known.get(order, [])
        )
    ]
    assert lost == [], f"{len(lost)} of {len(logged)} states are not in dds"
    assert rows(warehouse, "SELECT count(*) FROM landing.rejected_document") == [(0,)]
    assert rows(warehouse, "CALL sl.audit()")[0][2] == 0
    ask = asker(settings)
    assert {table: marts.differences(ask, table) for table in marts.tables()} == {table: [] for table in marts.tables()}
    assert list(ask("SELECT difference FROM tshop.batch_difference(held_in = 'sales_mart')")) == []
    return {"states of orders": len(logged), "orders": len(known)}


@pytest.mark.timeout(3000)
@pytest.mark.skipif(not (SPARK_BIN / "python").exists(), reason="Spark is not installed: 'make setup-spark'")
def test_kills_of_every_part_lose_and_double_nothing(scratch: Path) -> None:
    chance = random.Random(f"{SEED}/live")
    with live_shop(scratch / "live-chaos") as running:
        rows(running.settings.shop_dsn_of("shop_owner"), LOG)
        victims = Victims(running, chance)
        kinds = sorted(victims.kinds)
        kills = int(os.environ.get("TSHOP_LIVE_KILLS") or len(kinds))
        rounds = -(-kills // len(kinds))
        story = [f"seed {SEED}"]
        for kind in [kind for _ in range(rounds) for kind in chance.sample(kinds, len(kinds))][:kills]:
            if victims.producer is None or victims.producer.poll() is not None:
                victims.producer = produce(running)
            time.sleep(chance.choice((0.2, 2, 6)) * chance.uniform(0.5, 1.5))
            story.append(f"{kind}: {victims.kill(kind)} killed")
            if kind == "producer":
                # A signal is sent before it is heeded.
                victims.producer.wait()
            tally.add(f"kills of the live shop: {kind}")
        if victims.producer.poll() is None:
            time.sleep(10)
            victims.producer.terminate()
            assert victims.producer.wait(60) == 0
        print("\n".join(story))
        live.Wait(running, AirflowApi(running.settings)).until_all_is_seen()
        print(check(running))
