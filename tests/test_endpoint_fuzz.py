"""Hostile requests, at the level of the socket, against a ClickHouse endpoint with data in it.

TSHOP_FUZZ_REQUESTS requests are sent (200 by default), made from TSHOP_FUZZ_SEED (the same each time by
default, another each time where the number is given). After each burst the endpoint must be the same process, answer,
hold the same data and not have grown out of bounds; no answer and no line of its log may show a failure of its own.
"""

import base64
import contextlib
import gzip
import io
import os
import random
import re
import secrets
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import lz4.frame
import psutil
import pytest
import zstandard

from tests.test_endpoint import PASSWORD, USER, Endpoint, wait_for

REQUESTS = int(os.environ.get("TSHOP_FUZZ_REQUESTS") or 200)
SEED = os.environ.get("TSHOP_FUZZ_SEED") or (secrets.token_hex(4) if "TSHOP_FUZZ_REQUESTS" in os.environ else "T-Shop")
BURST, SENDERS = 200, 8
# Between bursts, when nothing runs. The engine's own limit on its memory is 3 GiB.
MEMORY_GROWTH = 2 << 30
RUNNING = "SELECT count() FROM system.processes"
STATE = "SELECT count(), sum(sipHash64(*)) FROM safe.kept"
_RIGHT = base64.b64encode(f"{USER}:{PASSWORD}".encode())


def _words(text: str) -> list[str]:
    return text.split()


WORDS = _words(r"""
    SELECT FROM WHERE WITH AS INSERT INTO VALUES FORMAT SETTINGS UNION ALL JOIN USING ORDER BY GROUP LIMIT HAVING ARRAY
    WINDOW OVER CASE WHEN THEN ELSE END NULL NOT AND OR IN BETWEEN LIKE CAST INTERVAL EXPLAIN AST SYNTAX PIPELINE
    DESCRIBE SHOW TABLES CREATE TEMPORARY TABLE VIEW FUNCTION DATABASE ENGINE Memory MergeTree File URL Executable Join
    SYSTEM SHUTDOWN KILL QUERY GRANT USER IDENTIFIED BACKUP TO RESTORE ATTACH DETACH APPLY EXCEPT REPLACE COLUMNS
    INTERPOLATE numbers(3) system.one system.tables scratch tshop default file url s3 remote postgresql executable input
    tshop_warehouse values format('CSV','a') max_threads log_comment format_schema disk readonly profile throwIf rand()
    sleep(0.01) arrayMap(x->x,[1]) toString materialize(1) {x:Int8} {x:Identifier} INFILE OUTFILE '/etc/hostname' 'x'
    "y" `z` 1 -1 1e999 0x7f 340282366920938463463374607431768211456 nan inf * ** ( ) [ ] { } , ; : :: -> . .. = == != <>
    < > + - / % ? @ $ $$ $a$ -- # #! /* */ ' " ` \ \' '' \x00 é 漢 🙂
""") + ["\0", "\t", "\n", "\u2028", "\ufeff"]
STATEMENTS = [
    "SELECT 1",
    "SELECT number, toString(number) FROM numbers(1000)",
    "SELECT * FROM safe.kept ORDER BY id LIMIT 5",
    "SELECT {x:Int32} + 1",
    "INSERT INTO scratch VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO scratch SELECT number, 'x' FROM numbers(10)",
    "CREATE TABLE IF NOT EXISTS scratch (a Int32, s String) ENGINE = Memory",
    "CREATE TEMPORARY TABLE mine (a Int32)",
    "TRUNCATE TABLE IF EXISTS scratch",
    "DROP DATABASE system",
    "DROP DATABASE default",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP MERGES",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
    "SELECT groupArray(number) FROM numbers(1000000000)",
    "SELECT throwIf(number = 50000) FROM numbers(100000)",
    "SELECT repeat('x', 1000000) FROM numbers(1000)",
    "SELECT arrayJoin(range(1000000))",
    "SHOW TABLES WHERE throwIf(1)",
    "SET max_block_size = 10",
    "USE system",
]
FORMATS = _words("""
    TSV CSV CSVWithNames JSONEachRow JSON JSONCompact Values RowBinary RowBinaryWithNamesAndTypes Native
    Parquet Arrow ArrowStream ORC Avro Protobuf MsgPack CapnProto LineAsString RawBLOB Template Regexp TSKV
    BSONEachRow Npy Null Pretty XML Markdown SQLInsert Form Hash Buffers None DataFrame
""")
SETTINGS = _words("""
    max_threads max_block_size max_memory_usage max_execution_time max_result_rows readonly dialect profile
    session_timezone join_algorithm max_query_size max_parser_depth log_comment format_schema wait_end_of_query
    enable_http_compression send_progress_in_http_headers compress decompress default_format database session_id
    session_timeout session_check close_session query_id role quota_key stacktrace param_x param_ async_insert
    limit offset additional_table_filters cancel_http_readonly_queries_on_client_close extremes query user password
""")
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    # One compressor is not for several threads.
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "lz4": lz4.frame.compress,
}


class Case:
    """The requests of one number: the same bytes for the same seed and number."""

    def __init__(self, number: int):
        self.random = random.Random(f"{SEED}:{number}")
        kinds = (
            self.noise,
            self.broken_http,
            self.soup,
            self.mutated,
            self.packed,
            self.parameters,
            self.form,
            self.rows,
        )
        self.kind = kinds[number % len(kinds)]
        self.data = self.kind()
        # Some clients leave in the middle, some send in pieces, some do not wait for the answer.
        cut = self.random.random() < 0.1
        if cut:
            self.data = self.data[: self.random.randrange(len(self.data) + 1)]
        self.ends = cut or self.kind == self.noise or self.random.random() < 0.05
        self.waits = self.random.random() < 0.9
        self.in_pieces = self.random.random() < 0.1

    def junk(self, most: int = 300) -> bytes:
        return self.random.randbytes(self.random.randrange(most))

    def text(self) -> str:
        """Any text, hardly ever short, sometimes huge."""
        r = self.random
        kind = r.randrange(6)
        if kind == 0:
            return "".join(chr(r.choice((r.randrange(128), r.randrange(0x20, 0xD7FF)))) for _ in range(r.randrange(60)))
        if kind == 1:
            return r.choice("x'\"`\\(/*$-# é\0\n") * r.choice((1, 100, 10_000, 60_000))
        if kind == 2:
            return str(r.choice((0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**40, "nan", "inf", "1e308", "0x1", "")))
        if kind == 3:
            return r.choice(STATEMENTS)
        return " ".join(r.choices(WORDS, k=r.randrange(1, 40)))

    def statement(self) -> bytes:
        r = self.random
        tokens = r.choices(WORDS, k=r.randrange(1, 60))
        if r.random() < 0.5:
            tokens.insert(
                0, r.choice(("SELECT", "INSERT INTO scratch", "SHOW", "EXPLAIN", "CREATE TABLE scratch", "WITH"))
            )
        if r.random() < 0.3:
            tokens.insert(r.randrange(len(tokens)), self.text())
        return r.choice((" ", "", "\n")).join(tokens).encode("utf-8", "surrogatepass")

    def request(
        self,
        body: bytes = b"",
        parameters: list[tuple[str, str]] = (),
        headers: list[tuple[bytes, bytes]] = (),
        method: bytes = b"POST",
    ) -> bytes:
        r = self.random
        given = [*parameters]
        # What would run for long is nothing to wait for here.
        if r.random() < 0.9:
            given.append(("max_execution_time", "1"))
        target = b"/?" + str(httpx.QueryParams(given)).encode()
        lines = [(b"Host", b"x"), (b"Connection", r.choice((b"close", b"keep-alive"))), *headers]
        if r.random() < 0.9:
            lines.append((b"Authorization", b"Basic " + _RIGHT))
        if r.random() < 0.2:
            size = r.choice((1, 7, 1000))
            lines.append((b"Transfer-Encoding", b"chunked"))
            pieces = [body[i : i + size] for i in range(0, min(len(body), 50_000), size)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        else:
            lines.append((b"Content-Length", b"%d" % len(body)))
        head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
        return method + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n" + body

    def noise(self) -> bytes:
        r = self.random
        start = r.choice(
            (b"", b"GET ", b"POST / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01", b"\r\n" * 9)
        )
        return start + self.junk(r.choice((10, 3000, 100_000)))

    def broken_http(self) -> bytes:
        r = self.random
        method = r.choice(
            (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"get", b"\0")
        )
        target = r.choice(
            (
                b"/",
                b"*",
                b"/ping",
                b"/../../etc/passwd",
                b"//",
                b"/%00",
                b"/?%ff=%zz&&&=&query",
                b"http://x/",
                b"",
                b"/\xff",
            )
        ) + r.choice((b"", b"?query=SELECT+1", b"?" + b"a=1&" * r.choice((1, 1000, 100_000))))
        version = r.choice((b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2", b"HTTP/1.1 ", b""))
        odd = [
            b"Content-Length: "
            + r.choice((b"-1", b"+5", b"nine", b"99999999999999999999", b"0x10", b"5, 5", b"", b" 5 \0")),
            b"Content-Length: 5\r\nContent-Length: 6",
            b"Transfer-Encoding: "
            + r.choice((b"chunked", b"gzip, chunked", b"identity", b"chunked\r\nContent-Length: 3")),
            b"Expect: 100-continue",
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
            b"X: " + b"y" * r.choice((10, 70_000, 2_000_000)),
            b"\r\n".join(b"H%d: v" % i for i in range(r.choice((10, 5000)))),
            b" folded: line",
            b"no colon",
            b"Bad\0Name: \xff\xfe",
            b"Authorization: "
            + r.choice((b"Basic", b"Basic " + self.junk(30), b"Bearer x", b"Basic " + _RIGHT * 1000)),
            b"X-ClickHouse-User: \xff\r\nX-ClickHouse-Key: " + PASSWORD.encode(),
            b"Authorization: Basic " + _RIGHT,
            b"Content-Type: multipart/form-data" + r.choice((b"", b"; boundary=", b"; boundary=" + b"b" * 5000)),
        ]
        lines = r.sample(odd, k=r.randrange(5))
        body = r.choice((b"", b"SELECT 1", b"5\r\nSELEC\r\n", b"zz\r\n", b"ffffffffffffffff\r\nx", self.junk()))
        return (
            b" ".join((method, target, version))
            + b"\r\nHost: x\r\n"
            + b"".join(x + b"\r\n" for x in lines)
            + b"\r\n"
            + body
        )

    def soup(self) -> bytes:
        statement = self.statement()
        if self.random.random() < 0.3:
            return self.request(
                parameters=[("query", statement.decode())], method=self.random.choice((b"GET", b"HEAD", b"POST"))
            )
        return self.request(statement)

    def mutated(self) -> bytes:
        """A right request with some bytes wrong, or several on end."""
        r = self.random
        data = bytearray(b"".join(self.request(r.choice(STATEMENTS).encode()) for _ in range(r.choice((1, 1, 1, 5)))))
        for _ in range(r.randrange(8)):
            at = r.randrange(len(data))
            change = r.randrange(4)
            if change == 0:
                data[at] = r.randrange(256)
            elif change == 1:
                del data[at : at + r.randrange(1, 20)]
            elif change == 2:
                data[at:at] = r.choice((b"\0", b"\r\n", b"'", b"\xff", b" ", b"/*", self.junk(20)))
            else:
                data[at:at] = data[at : at + r.randrange(40)] * r.randrange(1, 30)
            data = data or bytearray(b" ")
        return bytes(data)

    def packed(self) -> bytes:
        r = self.random
        encoding, pack = r.choice(list(PACKERS.items()))
        plain = r.choice((b"SELECT 1", b"x" * 200_000, b"\0" * 30_000_000, self.statement(), b"1\ta\n" * 5000))
        body = r.choice(
            (
                pack(plain),
                pack(plain)[: r.randrange(1, 60)],
                plain[:100_000],
                pack(plain) + self.junk(),
                self.junk(5000),
            )
        )
        declared = r.choice((encoding, encoding, encoding, r.choice(list(PACKERS)), "br", "gzip, gzip", "\0", ""))
        parameters = r.choice(([], [("query", "INSERT INTO scratch FORMAT TSV")], [("decompress", "1")]))
        return self.request(body, parameters, [(b"Content-Encoding", declared.encode())])

    def parameters(self) -> bytes:
        r = self.random
        parameters = [(r.choice(SETTINGS), self.text()) for _ in range(r.choice((1, 3, 10)))]
        if r.random() < 0.2:
            parameters += [(f"param_p{i}", "v") for i in range(r.choice((100, 5000)))]
        if r.random() < 0.5:
            parameters.append(("session_id", r.choice(("a", "b", self.text()))))
        return self.request(
            r.choice(STATEMENTS).encode(), parameters, method=r.choice((b"GET", b"POST", b"POST", b"POST"))
        )

    def form(self) -> bytes:
        r = self.random
        parts = []
        for _ in range(r.choice((1, 3, 300))):
            name = r.choice(
                ("query", "extra", "extra_structure", "extra_types", "extra_format", "param_x", self.text()[:200])
            )
            file = r.choice(("", '; filename="f"', "; filename=" + self.text()[:50]))
            value = r.choice((self.text().encode("utf-8", "replace")[:2000], self.junk(), b"a Int8", b"1\n2\n", b"TSV"))
            disposition = f'Content-Disposition: form-data; name="{name}"{file}'.encode("utf-8", "replace")
            parts.append(b"--b\r\n" + disposition + b"\r\n\r\n" + value + b"\r\n")
        end = r.choice((b"--b--\r\n", b"--b", b"", b"--c--\r\n"))
        asked = r.choice(
            ([], [("query", "SELECT * FROM extra"), ("extra_structure", "a Int8"), ("extra_format", "TSV")])
        )
        return self.request(b"".join(parts) + end, asked, [(b"Content-Type", b"multipart/form-data; boundary=b")])

    def rows(self) -> bytes:
        """Rows that are none, in every format there is."""
        r = self.random
        format_ = r.choice(FORMATS)
        magic = {
            "Parquet": b"PAR1",
            "ORC": b"ORC",
            "Avro": b"Obj\x01",
            "Arrow": b"ARROW1\0\0",
            "Npy": b"\x93NUMPY\x01\0",
        }
        body = (
            r.choice((b"", magic.get(format_, b"\x01\x02")))
            + r.choice(
                (
                    self.junk(3000),
                    self.text().encode("utf-8", "replace"),
                    b"\xff" * 100,
                    b"[" * 20_000,
                    b'{"a":' * 5000,
                    b"(1,'a')" * 50,
                )
            )
            + r.choice((b"", magic.get(format_, b"")))
        )
        if r.random() < 0.3:
            return self.request(f"SELECT * FROM scratch FORMAT {format_}".encode())
        if r.random() < 0.3:
            return self.request(f"SELECT * FROM format({format_}, $f$".encode() + body + b"$f$)")
        return self.request(body, [("query", f"INSERT INTO scratch FORMAT {format_}")])


def _is_whole(answer: bytes) -> bool:
    """Whether a connection that stays open has nothing more to say."""
    head, end, _ = answer[:4000].partition(b"\r\n\r\n")
    if re.search(rb"\r\ntransfer-encoding: chunked", head, re.IGNORECASE):
        return answer.endswith(b"\r\n0\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    return bool(end and length) and len(answer) - len(head) - len(end) >= int(length[1])


def send(port: int, case: Case) -> bytes:
    """Send a case's bytes and return what comes back: its beginning, and its end."""
    answer = io.BytesIO()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        if case.in_pieces:
            for start in range(0, min(len(case.data), 2000), 100):
                client.sendall(case.data[start : start + 100])
            client.sendall(case.data[2000:])
        else:
            client.sendall(case.data)
        if not case.waits:
            return b""
        if case.ends:
            client.shutdown(socket.SHUT_WR)
        client.settimeout(2)
        while piece := client.recv(1 << 16):
            answer.write(piece)
            if answer.tell() > 5_000_000 or _is_whole(answer.getvalue()):
                break
    return answer.getvalue()


@pytest.fixture
def target(tmp_path) -> Iterator[Endpoint]:
    """An endpoint with a table in a database of its own; `log` is what it has written so far."""
    limits = {"MAX_SECONDS": 5, "STALL_SECONDS": 5, "MAX_BODY_BYTES": 20_000_000, "MAX_RESULT_BYTES": 50_000_000}
    server = Endpoint(tmp_path / "clickhouse", **{f"TSHOP_CLICKHOUSE_{name}": str(n) for name, n in limits.items()})
    log = tmp_path / "log"
    with log.open("w") as output:
        start = server.command
        server.command = lambda *arguments: start(*arguments, output=output)
        server.start()
        server.log = log
        for query in (
            "CREATE DATABASE safe",
            "CREATE TABLE safe.kept (id UInt64, s String, d Decimal(12, 2)) ENGINE = MergeTree ORDER BY id",
            "INSERT INTO safe.kept SELECT number, concat('имя ', toString(number)), number / 7 FROM numbers(100000)",
        ):
            assert server.post(query).status_code == 200
        yield server
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def own_failure(answer: bytes) -> str | None:
    """What in an answer shows that the endpoint itself failed."""
    for sign in (
        b"Traceback (most recent",
        b"\r\n\r\nInternal Server Error",
        b"The endpoint failed on this request",
        b"LOGICAL_ERROR",
    ):
        if sign in answer:
            return sign.decode()
    if answer and not re.match(rb"HTTP/1\.[01] [1-5]\d\d ", answer):
        return "an answer that is no HTTP"
    return None


def test_hostile_requests_are_refused_and_never_stop_it(target):
    pid = target.process.pid
    state = target.post(STATE).text
    assert state.startswith("100000\t")
    process = psutil.Process(pid)
    memory = process.memory_info().rss
    statuses: dict[bytes, int] = {}
    lock = threading.Lock()

    def grown() -> int:
        return process.memory_info().rss - memory

    def attack(number: int) -> None:
        case = Case(number)
        answer = send(target.port, case)
        with lock:
            status = answer[9:12] or b"none"
            statuses[status] = statuses.get(status, 0) + 1
        failure = own_failure(answer)
        assert failure is None, (
            f"{failure}: {case.kind.__name__} {number} of seed {SEED}: {case.data[:2000]!r}\n{answer[:1000]!r}"
        )

    with ThreadPoolExecutor(SENDERS) as pool:
        for first in range(0, REQUESTS, BURST):
            numbers = range(first, min(first + BURST, REQUESTS))
            where = f"after the requests {numbers.start} to {numbers.stop - 1} of TSHOP_FUZZ_SEED={SEED}"
            target.post("CREATE TABLE IF NOT EXISTS scratch (a Int32, s String) ENGINE = Memory")
            for _ in pool.map(attack, numbers):
                pass
            assert target.process.poll() is None, f"it ended {where}:\n{target.log.read_text()[-3000:]}"
            assert httpx.get(f"{target.url}/ping", timeout=30).text == "Ok.\n", where
            assert target.post(STATE).text == state, where
            # What clients have left behind ends too, and gives its memory back.
            wait_for(lambda: target.post(RUNNING).text == "1\n", f"statements end {where}")
            wait_for(lambda: grown() < MEMORY_GROWTH, f"memory is given back {where}")
            assert "Traceback" not in target.log.read_text(errors="replace"), (
                f"{where}:\n{target.log.read_text()[-5000:]}"
            )
    print(f"{REQUESTS} hostile requests of seed {SEED}: {dict(sorted(statuses.items()))}, {grown() >> 20} MiB more")
    assert {b"200", b"400", b"403"} <= set(statuses)
    assert target.stop() == 0, target.log.read_text()[-3000:]
