"""A hostile reader of dashboards beside the DAG: whatever it asks of ClickHouse, each run of the DAG succeeds.

Everything is real: the embedded stack, and the files of SQL that the DAG runs, in its order and as its roles.
TSHOP_HOSTILE_RUNS says how many runs of the DAG itself, by Airflow's scheduler, follow (default: none, since Airflow
takes minutes). TSHOP_SEED sets the random choices, which are printed with a failure.
"""

import contextlib
import gzip
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from embedded import stack
from embedded.settings import ClickHouseAddress, Settings
from tests import tally
from tests.test_faults import SEED, Airflow, attacked

RUNS = int(os.environ.get("TSHOP_HOSTILE_RUNS", "0"))
THREADS = 100
# What the reader must have met: what it may ask, what it may not, and the end of its share.
ANSWERS = {"answered 200", "answered 500", "answered 503"}
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = {}"
STATEMENTS = (
    ENDLESS,
    "SELECT length(groupArray(number)) FROM numbers(1000000000) WHERE number != {}",
    "SELECT a.client_id, b.client FROM tshop.sales AS a CROSS JOIN tshop.sales_mart AS b WHERE a.sale_id != {}",
    "SELECT randomString(1000) AS s FROM numbers(100000000) ORDER BY s SETTINGS max_bytes_before_external_sort = {}",
    "SELECT sleepEachRow(3), {} FROM numbers(100)",
    "KILL QUERY WHERE {} = {}",
    "SET max_threads = {}",
    "CREATE TEMPORARY TABLE t{} (a Int8)",
    "SELECT throwIf(1, '{}')",
    "SELECT * FROM system.processes WHERE query != '{}'",
    "SELECT * FROM tshop.warehouse_batch WHERE run_id != {}",
    "INSERT INTO tshop.published_batch (run_id) VALUES ({})",
    "DROP TABLE tshop.sales_mart SETTINGS max_threads = {}",
)  # fmt: skip


class HostileReader:
    """Threads that ask for all they can get as the dashboards' user, until they are stopped; `asked` counts it."""

    def __init__(self, url: str) -> None:
        address = ClickHouseAddress.parse(url)
        self.address = (address.host, address.port)
        self.url = f"http://{address.host}:{address.port}/"
        self.auth = (address.user, address.password)
        # One client for all threads: each new one would read the machine's certificates.
        self._client = httpx.Client(auth=self.auth, timeout=20, limits=httpx.Limits(max_connections=None))
        self.asked: Counter[str] = Counter()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._attack, args=(number,)) for number in range(THREADS)]

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Attack until the block ends."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join()
            self._client.close()

    def _attack(self, number: int) -> None:
        chance = random.Random(f"{SEED}/{number}")
        attacks = (
            self._ask,
            self._ask,
            self._ask,
            self._leave_sessions,
            self._stall,
            self._deaf,
            self._bomb,
            self._crumble,
            self._flood,
        )
        while not self._ended.is_set():
            attack = chance.choice(attacks)
            with contextlib.suppress(httpx.TransportError, OSError):
                attack(chance)
            with self._lock:
                self.asked[attack.__name__] += 1

    def _post(self, content: bytes | str, headers: dict | None = None, **parameters: object) -> None:
        answer = self._client.post(self.url, content=content, params=parameters, headers=headers)
        with self._lock:
            self.asked[f"answered {answer.status_code}"] += 1

    def _ask(self, chance: random.Random) -> None:
        number = chance.randrange(1, 10**6)
        statement = chance.choice(STATEMENTS).replace("{}", str(number))
        more = chance.choice(({}, {"session_id": f"s{number}", "session_timeout": 3600}, {"wait_end_of_query": 1}))
        self._post(statement, query_id=chance.choice(("pull", "publish", str(number))), **more)

    def _leave_sessions(self, chance: random.Random) -> None:
        for number in range(50):
            if self._ended.is_set():
                return
            self._post("SET max_threads = 1", session_id=f"{chance.random()} {number}", session_timeout=3600)

    def _raw(self, head: bytes, body: bytes, seconds: float) -> None:
        with socket.create_connection(self.address, timeout=5) as client:
            request = httpx.Request("POST", self.url)
            basic = next(httpx.BasicAuth(*self.auth).auth_flow(request)).headers["Authorization"].encode()
            client.sendall(head.replace(b"{basic}", basic) + body)
            self._ended.wait(seconds)

    def _stall(self, chance: random.Random) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {basic}\r\nContent-Length: 900000\r\n\r\n"
        self._raw(head, b" " * chance.randrange(800_000), seconds=chance.uniform(0, 20))

    def _deaf(self, chance: random.Random) -> None:
        query = b"SELECT number, randomString(100) FROM numbers(2000000) FORMAT RawBLOB"
        wait = chance.choice((b"", b"?wait_end_of_query=1"))
        head = (
            b"POST /"
            + wait
            + b" HTTP/1.1\r\nHost: x\r\nAuthorization: {basic}\r\nContent-Length: %d\r\n\r\n" % len(query)
        )
        self._raw(head, query, seconds=chance.uniform(0, 20))

    def _bomb(self, _chance: random.Random) -> None:
        self._post(gzip.compress(b" " * (50 << 20), 1), headers={"Content-Encoding": "gzip"})
        self._post(b" " * (8 << 20))
        self._post("SELECT 1", headers={"X-Long": "x" * 500_000})

    def _crumble(self, chance: random.Random) -> None:
        """A body in chunks of a byte, and a head that comes behind it."""
        head = b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {basic}\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"1\r\n \r\n" * chance.randrange(100_000) + b"0\r\n\r\n"
        self._raw(head, body + b"GET /ping HTTP/1.1\r\n" + b"a:b\r\n" * 10_000 + b"\r\n", chance.uniform(0, 5))

    def _flood(self, chance: random.Random) -> None:
        """Connections that prove nobody: they say little, or much and wrong."""
        with contextlib.ExitStack() as opened:
            for _ in range(20):
                client = opened.enter_context(socket.create_connection(self.address, timeout=5))
                client.sendall(
                    chance.choice(
                        (
                            b"",
                            b"GET /ping HT",
                            b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 1000,
                            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nSELECT",
                            b"POST /?user=tshop&password=x HTTP/1.1\r\nHost: x\r\n" + b"a:b\r\n" * 10_000 + b"\r\n",
                        )
                    )
                )
            self._ended.wait(chance.uniform(0, 5))


@pytest.mark.timeout(900 + 900 * RUNS)
def test_each_run_of_the_dag_succeeds_beside_a_hostile_reader(scratch: Path) -> None:
    parts = stack.PARTS if RUNS else (stack.POSTGRES, stack.CLICKHOUSE)
    with attacked(scratch / "hostile", *parts) as shop:
        settings: Settings = shop.settings
        reader = HostileReader(settings.clickhouse_dashboard_url)
        airflow = Airflow(shop) if RUNS else None
        with reader.at_work():
            for number in range(2):
                chance = random.Random(f"{SEED}/days/{number}")
                shop.generate_day()
                shop.change_rows(chance)
                assert shop.run() is None, shop.told("A run of the DAG's steps was cut off")
                shop.check()
            for number in range(RUNS):
                shop.change_rows(random.Random(f"{SEED}/runs/{number}"))
                assert airflow.run({"generate": False}) == "success", shop.told("A run of the DAG failed")
                shop.check()
            deadline = time.monotonic() + 120
            while not set(reader.asked) >= ANSWERS and time.monotonic() < deadline:
                time.sleep(0.5)
        assert set(reader.asked) >= ANSWERS, reader.asked
    tally.add("requests of a hostile reader", sum(n for what, n in reader.asked.items() if what.startswith("answered")))
    tally.add("runs of the DAG beside a hostile reader", RUNS)
