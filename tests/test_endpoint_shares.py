"""What the users of the ClickHouse endpoint can take from each other, keep from each other, or make each other do."""

import base64
import contextlib
import gzip
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from clickhouse_server.limits import Limits
from tests.test_endpoint import PASSWORD, READER, READER_PASSWORD, USER, Endpoint, failed, wait_for

ROOT = Path(__file__).parent.parent
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%{}%' AND query NOT LIKE '%system.processes%'"
BASIC = {
    user: base64.b64encode(f"{user}:{password}".encode()).decode()
    for user, password in ((USER, PASSWORD), (READER, READER_PASSWORD))
}


@pytest.fixture
def own(tmp_path):
    """An endpoint of the test's own with one table that dashboards show; `start` is the test's to call."""
    server = Endpoint(tmp_path / "clickhouse")
    yield server
    if server.process and server.process.poll() is None:
        server.stop()


def started(own: Endpoint, **limits: int) -> Endpoint:
    own.environment = {f"TSHOP_CLICKHOUSE_{name.upper()}": str(value) for name, value in limits.items()}
    own.start()
    own.post("CREATE TABLE sales (id Int64) ENGINE = MergeTree ORDER BY id")
    own.post("INSERT INTO sales SELECT number FROM numbers(100000)")
    return own


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    server = started(Endpoint(tmp_path_factory.mktemp("clickhouse")))
    yield server
    assert server.stop() == 0, server.output
    assert "Traceback" not in server.output, server.output


@contextlib.contextmanager
def load(own: Endpoint, requests: int, query: str, **parameters: str):
    """So many of the reader's requests at once, until the block ends."""
    ended = threading.Event()

    def ask(_: int) -> None:
        while not ended.is_set():
            with contextlib.suppress(httpx.TransportError):
                own.read(query, **parameters)

    with ThreadPoolExecutor(requests) as pool:
        for number in range(requests):
            pool.submit(ask, number)
        try:
            yield
        finally:
            ended.set()
            # Its statements end with it.
            own.stop()


# ---- sessions


@pytest.mark.parametrize("refused", ["SET max_threads = 1", "CREATE TEMPORARY TABLE t (a Int8)", "SELECT 1"])
def test_a_readers_sessions_take_none_of_the_builders(own, refused):
    started(own)
    with httpx.Client(auth=(READER, READER_PASSWORD.encode())) as client:
        for number in range(300):
            client.post(own.url, params={"session_id": f"left {number}", "session_timeout": 3600}, content=refused)
    assert own.post("SELECT 1", session_id="a task").text == "1\n"
    assert own.post("CREATE TEMPORARY TABLE mine (a Int8)", session_id="a task").status_code == 200
    assert own.read("SELECT 1", session_id="left 0", session_check="1").text == "1\n"


def test_a_session_in_which_all_was_refused_keeps_nothing(own):
    started(own)
    with httpx.Client(auth=(USER.encode(), PASSWORD.encode())) as client:
        for number in range(256):
            ask = {"session_id": f"refused {number}", "session_timeout": 3600}
            assert client.post(own.url, params=ask, content="SET log_comment = 'x'").status_code == 403
    assert own.post("SELECT 1", session_id="one more").text == "1\n"


def test_a_sessions_name_is_bounded(endpoint):
    failed(endpoint.read("SELECT 1", session_id="x" * 300), 400, 36, "BAD_ARGUMENTS")


def test_the_sessions_that_are_remembered_are_bounded_for_each_user(own):
    started(own)
    own.post("SET max_threads = 1", session_id="kept", session_timeout="3600")
    with httpx.Client(auth=(READER, READER_PASSWORD.encode())) as client:
        for number in range(520):
            client.get(own.url, params={"session_id": f"{number}", "session_timeout": 3600, "query": "SELECT"})
    failed(own.read("SELECT 1", session_id="0", session_check="1"), 500, 372, "SESSION_NOT_FOUND")
    assert own.read("SELECT 1", session_id="519", session_check="1").text == "1\n"
    assert own.post("SELECT getSetting('max_threads')", session_id="kept", session_check="1").text == "1\n"


# ---- statements, the queue, threads


def test_a_reader_that_takes_every_slot_and_place_in_the_queue_leaves_the_builder_its_own(own):
    started(own)
    with load(own, 120, ENDLESS):
        wait_for(lambda: int(own.post(RUNNING.format("sipHash64")).text) >= 2, "the reader's statements run")
        for _ in range(5):
            assert own.post("INSERT INTO sales SELECT -1").status_code == 200
        assert own.post("SELECT countIf(id = -1) FROM sales").text == "5\n"


def test_a_builder_that_takes_every_slot_leaves_the_reader_its_own(own):
    started(own, max_queries=2)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(lambda: own.post(ENDLESS))
        wait_for(lambda: own.read("SELECT count() FROM sales").text == "100000\n", "the reader is answered")
        own.stop()


def test_a_readers_kills_are_refused_and_take_nothing_of_the_builder(own):
    started(own)
    with load(own, 40, "KILL QUERY WHERE query_id = 'x' AND sleep(3) = 0 ASYNC"):
        assert own.post("SELECT 1").text == "1\n"
        failed(own.post("KILL QUERY WHERE throwIf(1)"), 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")


def test_a_readers_statement_ends_when_its_client_leaves(own):
    started(own)
    with contextlib.suppress(httpx.ReadTimeout):
        httpx.post(own.url, content=ENDLESS, auth=(READER, READER_PASSWORD.encode()), timeout=1)
    wait_for(lambda: own.post(RUNNING.format("sipHash64")).text == "0\n", "it ends")


# ---- query ids


def test_no_user_takes_or_ends_a_query_id_of_anothers(own):
    started(own)
    answers = {}

    def run(user, ask):
        with contextlib.suppress(httpx.TransportError):
            answers[user] = ask(ENDLESS, query_id="pull")

    threads = [threading.Thread(target=run, args=each) for each in ((READER, own.read), (USER, own.post))]
    threads[0].start()
    wait_for(lambda: own.post(RUNNING.format("sipHash64")).text == "1\n", "the reader's runs")
    threads[1].start()
    wait_for(lambda: own.post(RUNNING.format("sipHash64")).text == "2\n", "both run")
    failed(own.read("KILL QUERY WHERE query_id = 'pull' SYNC"), 500, 164, "READONLY")
    assert own.post("KILL QUERY WHERE query_id = 'pull' SYNC").status_code == 200
    threads[1].join(30)
    failed(answers[USER], 500, 394, "QUERY_WAS_CANCELLED")
    assert own.post(RUNNING.format("sipHash64")).text == "1\n"
    # The engine's ids are those of all, and only the builder sees and ends them.
    others = "SELECT query_id FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'"
    assert own.read(others).text == ""
    assert own.post(f"KILL QUERY WHERE query_id = '{own.post(others).text.strip()}' SYNC").status_code == 200
    threads[0].join(30)
    failed(answers[READER], 500, 394, "QUERY_WAS_CANCELLED")


# ---- what a reader may ask for


def test_a_readers_share_fits_a_dashboard():
    share = Limits().of_reader()
    assert (share.max_seconds, share.max_queries, share.max_connections) == (120, 4, 64)
    assert (share.max_body_bytes, share.max_result_bytes) == (1 << 20, 256 << 20)
    assert Limits().of_builder().max_connections == 192
    assert Limits(max_seconds=7, max_queries=1, max_connections=1).of_reader().max_seconds == 7


@pytest.mark.parametrize("more", [{}, {"session_id": "limits"}])
@pytest.mark.parametrize(
    ("setting", "most"),
    [
        ("max_execution_time", 120),
        ("max_memory_usage", 512 << 20),
        ("max_result_rows", 1000000),
        ("max_threads", 2),
        ("max_temporary_data_on_disk_size_for_query", 1 << 30),
    ],
)
def test_a_reader_has_the_limits_of_a_dashboard_and_does_not_lift_them(endpoint, setting, most, more):
    assert endpoint.read(f"SELECT getSetting('{setting}')", **more).text == f"{most}\n"
    # No number of threads is as many as the machine has cores.
    for beyond in (most + 1,) if setting == "max_threads" else (0, most + 1):
        failed(endpoint.read("SELECT 1", **{setting: beyond}, **more), 500, 452, "SETTING_CONSTRAINT_VIOLATION")
        answer = endpoint.read(f"SELECT 1 SETTINGS {setting} = {beyond}", **more)
        failed(answer, 500, 452, "SETTING_CONSTRAINT_VIOLATION")
    assert (
        endpoint.read(f"SELECT getSetting('{setting}') SETTINGS {setting} = {most - 1}", **more).text == f"{most - 1}\n"
    )


@pytest.mark.parametrize(
    "setting",
    [
        "max_memory_usage_for_user = 1",
        "max_untracked_memory = 1000000000000",
        "memory_overcommit_ratio_denominator = 1",
        "memory_overcommit_ratio_denominator_for_user = 1",
        "max_temporary_data_on_disk_size_for_user = 1",
        "max_concurrent_queries_for_user = 100",
        "max_concurrent_queries_for_all_users = 1",
        "max_network_bandwidth_for_user = 1",
        "max_network_bandwidth_for_all_users = 1",
        "priority = 1",
        "os_thread_priority = -20",
        "os_threads_nice_value_query = -20",
        "workload = 'x'",
        "use_query_cache = 1",
        "use_uncompressed_cache = 1",
        "query_profiler_real_time_period_ns = 1",
        "query_profiler_cpu_time_period_ns = 1",
        "memory_profiler_sample_probability = 1",
        "profile = 'default'",
        "profile = 'reader_alone'",
    ],
)
def test_a_reader_sets_nothing_that_reaches_beyond_its_statement(endpoint, setting):
    failed(endpoint.read(f"SELECT 1 SETTINGS {setting}"), 500, 452, "SETTING_CONSTRAINT_VIOLATION")
    name, value = setting.split(" = ")
    failed(endpoint.read("SELECT 1", **{name: value.strip("'")}), 500, 452, "SETTING_CONSTRAINT_VIOLATION")


def test_a_readers_limits_are_those_of_a_server():
    def profile(file: str, name: str) -> tuple[dict[str, str], dict[str, list[str]]]:
        found = ElementTree.parse(ROOT / file).find(f"profiles/{name}")  # noqa: S314
        values = {each.tag: each.text for each in found if each.tag not in ("constraints", "profile")}
        bounds = {each.tag: [(bound.tag, bound.text) for bound in each] for each in found.find("constraints")}
        return values, bounds

    values, bounds = profile("clickhouse_server/users.xml", "reader")
    served, served_bounds = profile("clickhouse/server/users.d/tshop.xml", READER)
    # A server counts the memory of each user; chDB has one user, and the endpoint counts statements.
    only_served = {"max_memory_usage_for_user", "max_concurrent_queries_for_user"}
    only_served |= {"max_temporary_data_on_disk_size_for_user"}
    assert {k: v for k, v in served.items() if k not in {*only_served, "max_memory_usage", "max_threads"}} == {
        k: v for k, v in values.items() if k not in {"max_memory_usage", "max_threads"}
    }
    assert {k: v for k, v in served_bounds.items() if k not in {"max_memory_usage", "max_threads"}} == {
        k: v for k, v in bounds.items() if k not in {"max_memory_usage", "max_threads"}
    }
    assert only_served <= set(served)


def test_a_statement_that_needs_more_than_its_part_of_the_readers_memory_runs_alone(own):
    started(own)
    large = "SELECT uniqExact(intHash64(number)) FROM numbers(25000000)"
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(own.read, [large, "SELECT 1", large, "SELECT 2", "SELECT 3", "SELECT 4"]))
    assert [answer.text for answer in answers] == ["25000000\n", "1\n", "25000000\n", "2\n", "3\n", "4\n"]
    too_large = "SELECT length(groupArray(number)) FROM numbers(300000000)"
    failed(own.read(too_large), 500, 241, "MEMORY_LIMIT_EXCEEDED")
    assert own.read("SELECT 5").text == "5\n"


def test_readers_at_their_memory_leave_the_builder_its_own(own):
    started(own)
    # Half a GiB each, held for as long as the statement runs.
    with load(own, 8, "SELECT length(groupArray(number)), sum(sleepEachRow(0.001)) FROM numbers(30000000)"):
        wait_for(lambda: int(own.post(RUNNING.format("groupArray")).text) == 4, "the reader's statements run")
        for _ in range(3):
            answer = own.post("SELECT length(groupArray(number)) FROM numbers(60000000)")
            assert answer.text == "60000000\n"


# ---- bodies and answers


def test_a_reader_sends_statements_and_no_data(endpoint):
    failed(endpoint.read(b" " * (2 << 20) + b"SELECT 1"), 413, 291, "QUERY_IS_TOO_LARGE")
    for ask in (
        {"content": gzip.compress(b" " * (50 << 20) + b"SELECT 1"), "headers": {"Content-Encoding": "gzip"}},
        {"content": iter([b" " * (1 << 20)] * 3)},
        {"files": {"query": (None, b" " * (2 << 20) + b"SELECT 1")}},
    ):
        answer = httpx.post(endpoint.url, auth=(READER, READER_PASSWORD.encode()), **ask)
        failed(answer, 413, 291, "QUERY_IS_TOO_LARGE")
    assert endpoint.read(b" " * (1 << 19) + b"SELECT 1", max_query_size=1 << 20).text == "1\n"


def head(user: str, length: int, parameters: str = "") -> bytes:
    return (
        f"POST /?{parameters} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {BASIC[user]}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def test_bodies_of_the_reader_take_none_of_the_builders_room(own):
    started(own, max_body_bytes=1_000_000)
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            holder = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            holder.sendall(head(READER, 1_000_000) + b" " * 999_000)
        wait_for(lambda: own.read(b" " * 50_000 + b"SELECT 1").status_code == 503, "the reader's room is taken")
        assert own.post(b" " * 50_000 + b"SELECT 1").text == "1\n"


def test_answers_that_wait_on_disk_are_bounded_for_each_user(own):
    size = 30_000_000
    started(own, max_result_bytes=size + 1_000_000)
    query = f"SELECT repeat('x', 1000000) FROM numbers({size // 1_000_000}) FORMAT RawBLOB".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            deaf = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            deaf.sendall(head(READER, len(query), "wait_end_of_query=1") + query)
            assert deaf.recv(15) == b"HTTP/1.1 200 OK"
        failed(own.read(query, wait_end_of_query="1"), 503, 202, "TOO_MANY_SIMULTANEOUS_QUERIES")
        assert len(own.post(query, wait_end_of_query="1").content) == size
    wait_for(lambda: own.read(query, wait_end_of_query="1").status_code == 200, "the room is given back")


def test_a_statement_whose_rows_nobody_takes_lets_the_table_go_in_time(own):
    started(own, max_seconds=1)
    query = b"SELECT a.id, b.id FROM sales AS a CROSS JOIN sales AS b"
    with socket.create_connection(("127.0.0.1", own.port)) as deaf:
        deaf.sendall(head(READER, len(query)) + query)
        assert deaf.recv(15) == b"HTTP/1.1 200 OK"
        wait_for(lambda: own.post(RUNNING.format("CROSS JOIN")).text == "0\n", "it ends")
        assert own.post("DROP TABLE sales SYNC").status_code == 200
        deaf.settimeout(30)
        rest = b""
        while piece := deaf.recv(1 << 20):
            rest = (rest + piece)[-2000:]
        assert b"TIMEOUT_EXCEEDED" in rest


# ---- connections


def test_clients_that_prove_nobody_keep_nobody_out(own):
    started(own, max_connections=8)
    with contextlib.ExitStack() as stack:
        for start in (
            # Refused at once, the rest of the body still to come.
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nSELECT",
            # Answers that are not taken.
            b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 100_000,
            b"POST /?user=x&password=y HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        ):
            for _ in range(20):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
                client.settimeout(0.2)
                with contextlib.suppress(OSError):
                    client.sendall(start)
            assert own.post("SELECT 1").text == "1\n"
            assert own.read("SELECT 2").text == "2\n"


def test_a_readers_connections_leave_the_builder_its_own(own):
    started(own, max_connections=8)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            with contextlib.suppress(OSError):
                half.sendall(head(READER, 100) + b"SELECT")
        failed(own.read("SELECT 1"), 503, 202, "TOO_MANY_SIMULTANEOUS_QUERIES")
        for _ in range(10):
            assert own.post("SELECT 1").text == "1\n"


def test_a_kept_connection_of_the_builder_outlives_a_flood_of_others(own):
    started(own, max_connections=8)
    with (
        httpx.Client(auth=(USER.encode(), PASSWORD.encode())) as kept,
        contextlib.ExitStack() as stack,
    ):
        assert kept.post(own.url, content="SELECT 1").text == "1\n"
        for _ in range(100):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            idle.sendall(head(READER, 8) + b"SELECT 1")
            stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            with contextlib.suppress(OSError):
                idle.recv(1000)
        connections = kept._transport._pool.connections
        assert kept.post(own.url, content="SELECT 1").text == "1\n"
        assert kept._transport._pool.connections == connections


def test_headers_and_parameters_beyond_number_are_refused(endpoint):
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as client:
        with contextlib.suppress(OSError):
            client.sendall(b"GET /?query=SELECT+1 HTTP/1.1\r\n" + b"a:b\r\n" * 100_000)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(15) in (b"HTTP/1.1 400 Ba", b"")
    many = httpx.get(f"{endpoint.url}/?query=SELECT+1" + "&a=" * 20_000, auth=(READER, READER_PASSWORD.encode()))
    failed(many, 413, 291, "QUERY_IS_TOO_LARGE")
    assert httpx.get(f"{endpoint.url}/?query=SELECT+1" + "&a=" * 20_000).status_code == 401
    assert endpoint.post("SELECT 1").text == "1\n"


def answers_of(client: socket.socket) -> str:
    """Return all that a server says until it hangs up."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            said += piece
    return said.decode()


PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
LONG_HEAD = b"GET /ping HTTP/1.1\r\nHost: x\r\n" + b"a:b\r\n" * 5000 + b"\r\n"
CHUNKED = head(USER, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"8\r\nSELECT 1\r\n0\r\n"


@pytest.mark.parametrize(
    ("before", "answered"),
    [
        pytest.param(PING, "Ok.", id="behind a request"),
        pytest.param(head(USER, 8) + b"SELECT 1", "1", id="behind a body"),
        pytest.param(head(USER, 10_000) + b"SELECT 1" + b"\n" * 9992, "1", id="behind a body of lines"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b" " * 70_000,
            "Code: 194",
            id="behind a body that nobody wants",
        ),
        pytest.param(CHUNKED + b"\r\n", "1", id="behind chunks"),
    ],
)
def test_a_head_beyond_number_is_refused_also_behind_another_request(endpoint, before, answered):
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as client:
        client.sendall(before + LONG_HEAD)
        first, _, second = answers_of(client).partition("HTTP/1.1 400 ")
    assert answered in first
    assert "Too many headers: send no more than 1000." in second
    assert "Ok." not in second


def test_headers_behind_a_body_are_counted_with_the_head(endpoint):
    for lines, status in ((10, "200"), (5000, "400")):
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as client:
            last = CHUNKED.replace(b"Host: x", b"Host: x\r\nConnection: close")
            client.sendall(last + b"a:b\r\n" * lines + b"\r\n")
            assert answers_of(client).startswith(f"HTTP/1.1 {status} ")


def test_lines_of_a_body_are_none_of_the_head(endpoint):
    body = b"SELECT 1" + b"\n " * 5000
    ask = head(USER, len(body)).replace(b"Host: x", b"Host: x\r\nConnection: close")
    for cut in (1, 2, 3):
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as client:
            # Once the first request is answered, the server has read the beginning of the second.
            client.sendall(PING + ask[:-cut])
            while not (said := client.recv(1 << 16)).endswith(b"Ok.\n"):
                assert said
            client.sendall(ask[-cut:] + body)
            assert answers_of(client).startswith("HTTP/1.1 200 ")


def test_chunks_of_a_byte_keep_nobody_out(own):
    """Each chunk costs what all share: the clients that send them take turns."""
    started(own)
    ended = threading.Event()

    def send(start: bytes) -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", own.port), timeout=60) as client:
                client.sendall(start)
                while not ended.is_set():
                    client.sendall(b"1\r\n \r\n" * 20_000)

    reader = head(READER, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    nobody = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with ThreadPoolExecutor(60) as pool:
        for _ in range(30):
            pool.submit(send, reader)
            pool.submit(send, nobody)
        try:
            for _ in range(5):
                assert own.post("INSERT INTO sales FORMAT TSV\n" + "-1\n" * 10_000).status_code == 200
                assert own.post("SELECT countIf(id = -1) > 0 FROM sales").text == "1\n"
        finally:
            ended.set()
            own.stop()


def test_a_body_of_many_small_chunks_arrives_whole(endpoint):
    endpoint.post("CREATE TABLE small (a UInt64) ENGINE = Memory")
    with httpx.Client(auth=(USER.encode(), PASSWORD.encode()), timeout=60) as client:
        rows = (f"{number}\n".encode() for number in range(50_000))
        answer = client.post(endpoint.url, params={"query": "INSERT INTO small FORMAT TSV"}, content=rows)
    assert answer.status_code == 200, answer.text
    assert endpoint.post("SELECT count(), sum(a) FROM small").text == "50000\t1249975000\n"


# ---- what others' statements hold


def test_a_reader_sees_nothing_of_what_others_ask(own):
    started(own)
    planted = "Planted-Literal"
    own.post(f"SELECT throwIf(1, '{planted} in an error')")
    own.post(f"SELECT '{planted} in the cache' SETTINGS use_query_cache = 1")
    own.post("CREATE TABLE hidden (a String) ENGINE = MergeTree ORDER BY a")
    own.post(f"INSERT INTO hidden VALUES ('{planted} stored')")
    own.post(f"INSERT INTO hidden SETTINGS async_insert = 1, wait_for_async_insert = 0 VALUES ('{planted} waiting')")
    own.post(f"ALTER TABLE sales DELETE WHERE id = length('{planted}')", mutations_sync="2")
    own.post(f"CREATE VIEW shown AS SELECT '{planted} in a view' AS a")
    own.post(f"CREATE FUNCTION planted AS x -> concat(x, '{planted} in a function')")
    own.post(f"CREATE TEMPORARY TABLE t AS SELECT '{planted} in a session' AS a", session_id="s")
    slow = f"SELECT sleepEachRow(1), '{planted} running' FROM numbers(60) SETTINGS max_block_size = 1"

    def run() -> None:
        # Its rows are on their way when it is ended.
        with contextlib.suppress(httpx.TransportError):
            own.post(slow)

    running = threading.Thread(target=run)
    running.start()
    wait_for(lambda: own.post(RUNNING.format("sleepEachRow")).text == "1\n", "it runs")

    def show(ask, tables) -> set[str]:
        answers = {table: ask(f"SELECT * FROM system.`{table}` LIMIT 10000") for table in tables}
        return {table for table, answer in answers.items() if planted in answer.text}

    tables = own.post("SELECT name FROM system.tables WHERE database = 'system' ORDER BY name").text.split()
    shown = {"functions", "mutations", "processes"}
    assert show(own.post, shown) == shown
    # Those without an end hold numbers and characters.
    assert show(own.read, [t for t in tables if not t.startswith(("numbers", "zeros", "primes", "unicode"))]) == set()
    assert "sum" in own.read("SELECT name FROM system.functions").text.split()
    assert own.read("SHOW PROCESSLIST").text == ""
    own.post("KILL QUERY WHERE query LIKE '%sleepEachRow%' SYNC")
    running.join(30)


def test_no_element_of_a_user_stands_twice():
    """The engine reads the first of two and passes over the other."""
    root = ElementTree.parse(ROOT / "clickhouse_server" / "users.xml").getroot()  # noqa: S314
    for user in root.find("users"):
        names = [element.tag for element in user]
        assert len(names) == len(set(names)), user.tag


# ---- the table of docs/roles.md

ATTEMPTS = {
    "read": {
        "what dashboards show": "SELECT count() FROM sales",
        "all other tables": "SELECT count() FROM kept",
        "others' statements": "SELECT throwIf(count() = 0) FROM system.processes",
    },
    "write": {
        "rows": "INSERT INTO sales VALUES (1)",
        "tables": "CREATE OR REPLACE TABLE more (id Int64) ENGINE = Memory",
        "the engine's own": "CREATE TABLE system.more (id Int64) ENGINE = Memory",
    },
    "stop": {
        "others' statements": "KILL QUERY WHERE query_id = 'any'",
        "merges": "SYSTEM STOP MERGES sales",
        "the server": "SYSTEM SHUTDOWN",
    },
    "fill": {
        "tables": "INSERT INTO kept SELECT number FROM numbers(10)",
        "its share": "SELECT length(groupArray(number)) FROM numbers(10)",
        "the memory of others": "SELECT 1 SETTINGS max_memory_usage = 8000000000",
    },
    "escalate": {
        "users": "CREATE USER more",
        "rights": "GRANT SELECT ON *.* TO default",
        "files": "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "addresses": "SELECT * FROM url('http://127.0.0.1:1', CSV, 'a String')",
        "another PostgreSQL": "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    },
}


def test_the_table_of_roles_says_what_each_user_can_do(own):
    started(own)
    own.post("CREATE TABLE kept (id Int64) ENGINE = MergeTree ORDER BY id")

    def nobody(query: str) -> httpx.Response:
        return httpx.post(own.url, content=query)

    lines = []
    for user, ask in (("`tshop`", own.post), ("`tshop_dashboard`", own.read), ("without a password", nobody)):
        cells = [
            ", ".join(what for what, query in attempts.items() if ask(query).status_code == 200) or "nothing"
            for attempts in ATTEMPTS.values()
        ]
        lines.append(f"| {user} | {' | '.join(cells)} |")
    said = (ROOT / "docs" / "roles.md").read_text().splitlines()
    head = said.index(f"| user | {' | '.join(ATTEMPTS)} |")
    assert said[head + 2 : head + 2 + len(lines)] == lines
