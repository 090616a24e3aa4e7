"""The ClickHouse endpoint as its clients see it: a real process on a free port, its data in a directory of the test."""

import base64
import contextlib
import datetime
import decimal
import gzip
import http.server
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import clickhouse_connect
import httpx
import lz4.frame
import psutil
import pyarrow as pa
import pytest
import sqlalchemy
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from clickhouse_server.limits import Limits
from embedded.environment import endpoint_environment
from embedded.settings import Settings
from tests.endpoint import COMMAND
from tests.ports import free_port

USER, PASSWORD = "shop", "s3cret'/&<é"
READER, READER_PASSWORD = "tshop_dashboard", "re@d/ér"
_NUMBERS = itertools.count()
ROOT = Path(__file__).parent.parent


class Endpoint:
    """One endpoint process over `path`; `start` may be called again after a stop or a kill."""

    def __init__(self, path: Path, **environment: str):
        self.path, self.environment, self.process = path, environment, None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str, output=subprocess.PIPE) -> subprocess.Popen:
        users = {
            "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD, "TSHOP_DASHBOARD_PASSWORD": READER_PASSWORD,
        }  # fmt: skip
        environment = os.environ | users | self.environment
        if "WAREHOUSE_DSN" not in self.environment:
            environment.pop("WAREHOUSE_DSN", None)
        return subprocess.Popen(
            [*COMMAND, "--path", str(self.path), "--port", str(self.port)]
            + list(arguments),
            env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def start(self, *arguments: str) -> "Endpoint":
        self.process = self.command(*arguments)
        while self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/ping").text == "Ok.\n":
                    return self
            time.sleep(0.05)
        raise AssertionError(self.process.communicate()[0])

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.output = self.process.communicate(timeout=60)[0]
        return self.process.returncode

    def client(self, **options):
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=USER, password=PASSWORD, database="tshop", **options
        )

    def post(self, query: str | bytes = "", data: bytes | None = None, headers=None, **parameters) -> httpx.Response:
        if data is not None:
            parameters, query = parameters | {"query": query}, data
        with httpx.Client(auth=(USER.encode(), PASSWORD.encode()), timeout=60) as client:
            return client.post(self.url, params=parameters, content=query, headers=headers)

    def read(self, query: str | bytes, **parameters) -> httpx.Response:
        """Post a query as the reader of dashboards."""
        return httpx.post(
            self.url, params=parameters, content=query, auth=(READER, READER_PASSWORD.encode()), timeout=60
        )

    def get(self, **parameters) -> httpx.Response:
        return httpx.get(self.url, params=parameters, auth=(USER.encode(), PASSWORD.encode()))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    server = Endpoint(tmp_path_factory.mktemp("clickhouse")).start()
    yield server
    assert server.stop() == 0, server.output
    assert "Traceback" not in server.output, server.output


@pytest.fixture
def own(tmp_path):
    """An endpoint of the test's own, to be killed at will."""
    server = Endpoint(tmp_path / "clickhouse")
    yield server
    if server.process and server.process.poll() is None:
        server.stop(signal.SIGKILL)


@pytest.fixture
def table(endpoint):
    name = f"t{next(_NUMBERS)}"
    endpoint.post(
        f"CREATE TABLE {name} (id Int32, name String, price Nullable(Decimal(12, 2))) ENGINE = MergeTree ORDER BY id"
    )
    yield name
    endpoint.post(f"DROP TABLE {name} SYNC")


def failed(response: httpx.Response, status: int, code: int, name: str) -> str:
    assert (response.status_code, response.headers.get("x-clickhouse-exception-code")) == (status, str(code)), (
        response.text
    )
    assert response.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name}) (version " in response.text
    return response.text


# ---- clients


def test_clickhouse_connect_inserts_and_reads_types(endpoint):
    client = endpoint.client()
    client.command(
        "CREATE TABLE types (d Decimal(22, 2), t DateTime64(6, 'UTC'), s String, n Nullable(Int16), a Array(String), "
        "day Date32, l LowCardinality(String)) ENGINE = MergeTree ORDER BY tuple()"
    )
    rows = [
        (decimal.Decimal("12345678901234567890.12"), datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC), "Анна",
         None, ["a'", ""], datetime.date(1950, 1, 2), "S"),
        (decimal.Decimal("-0.01"), datetime.datetime(2299, 12, 31, tzinfo=datetime.UTC), "", -5, [],
         datetime.date(2026, 1, 1), "XL"),
    ]  # fmt: skip
    assert client.insert("types", rows).written_rows == 2
    result = client.query("SELECT * FROM types ORDER BY d DESC")
    assert [tuple(r) for r in result.result_rows] == [
        tuple(v.replace(tzinfo=None) if isinstance(v, datetime.datetime) else v for v in row) for row in rows
    ]
    assert result.column_names == ("d", "t", "s", "n", "a", "day", "l")


def test_clickhouse_connect_parameters_reach_the_query_whatever_they_hold(endpoint):
    nasty = "o'k \\ \t \n 'x'); DROP TABLE x; -- я"
    client, form = endpoint.client(), endpoint.client(form_encode_query_params=True)
    for each in (client, form):
        assert each.query("SELECT {s:String}, {i:Int64}", parameters={"s": nasty, "i": -7}).result_rows == [(nasty, -7)]
        assert each.query("SELECT {a:Array(String)}", parameters={"a": [nasty, ""]}).result_rows == [([nasty, ""],)]
    assert form.query("SELECT length({s:String})", parameters={"s": "я" * 200_000}).result_rows == [(400_000,)]


def test_clickhouse_connect_settings_hold_for_one_query(endpoint):
    client = endpoint.client()
    value = "SELECT getSetting('max_block_size')"
    before = client.command(value)
    assert client.query(value, settings={"max_block_size": 777}).result_rows == [(777,)]
    assert client.command(value) == before


def test_clickhouse_connect_session_keeps_set_and_temporary_tables(endpoint):
    client, other = endpoint.client(), endpoint.client()
    client.command("CREATE TEMPORARY TABLE mine (a Int32)")
    client.command("INSERT INTO mine VALUES (1), (2)")
    client.command("SET max_block_size = 4242")
    assert client.command("SELECT sum(a) FROM mine") == 3
    assert client.command("SELECT getSetting('max_block_size')") == 4242
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        other.query("SELECT * FROM mine")


def test_clickhouse_connect_streams_and_is_told_of_a_failure_on_the_way(endpoint):
    client = endpoint.client()
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(1000000)") as blocks:
        assert sum(len(block) for block in blocks) == 1_000_000
    failing = "SELECT throwIf(number = 900000, 'half way') FROM numbers(1000000)"
    with pytest.raises(StreamFailureError, match="half way"), client.query_row_block_stream(failing) as blocks:
        for _ in blocks:
            pass
    assert client.command("SELECT 1") == 1


def test_clickhouse_connect_external_data_and_arrow(endpoint, table):
    client = endpoint.client()
    client.insert_arrow(table, pa.table({"id": pa.array([1, 2], pa.int32()), "name": ["a", "b"]}))
    assert client.query_arrow(f"SELECT id, name FROM {table} ORDER BY id").column("id").to_pylist() == [1, 2]
    extra = ExternalData(file_name="extra.csv", fmt="CSV", structure="id Int32, note String", data=b"2,two\n9,nine\n")
    joined = client.query(f"SELECT note FROM extra JOIN {table} ON extra.id = {table}.id", external_data=extra)
    assert joined.result_rows == [("two",)]


def test_sqlalchemy_dialect_reads_and_reflects(endpoint, table):
    url = sqlalchemy.URL.create("clickhousedb", USER, PASSWORD, "127.0.0.1", endpoint.port, "tshop")
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"INSERT INTO {table} (id, name) VALUES (1, 'x')"))
        rows = connection.execute(
            sqlalchemy.text(f"SELECT id, name FROM {table} WHERE name = :n"), {"n": "x"}
        ).fetchall()
    assert [tuple(r) for r in rows] == [(1, "x")]
    inspector = sqlalchemy.inspect(engine)
    assert table in inspector.get_table_names()
    assert [c["name"] for c in inspector.get_columns(table)] == ["id", "name", "price"]


def test_airflow_hook_runs_statements_and_bulk_inserts(endpoint, table, monkeypatch):
    from airflow.providers.clickhousedb.hooks.clickhouse import ClickHouseHook

    connection = {
        "conn_type": "clickhouse", "host": "127.0.0.1", "port": endpoint.port, "login": USER, "password": PASSWORD,
        "schema": "tshop",
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_TSHOP_CLICKHOUSE", json.dumps(connection))
    hook = ClickHouseHook(clickhouse_conn_id="tshop_clickhouse", session_settings={"max_threads": 1})
    hook.run([f"INSERT INTO {table} (id, name) VALUES (1, 'a')", f"INSERT INTO {table} (id, name) SELECT 2, 'b'"])
    hook.bulk_insert_rows(table, [(3, "c"), (4, "d")], ["id", "name"], batch_size=1)
    assert hook.get_records(f"SELECT id, name FROM {table} ORDER BY id") == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    with pytest.raises(DatabaseError, match="reconciliation failed"):
        hook.run("SELECT throwIf(1, 'reconciliation failed')")


# ---- what goes over the wire


def test_ping_and_greeting_need_no_password(endpoint):
    assert httpx.get(f"{endpoint.url}/ping").text == "Ok.\n"
    assert httpx.get(f"{endpoint.url}/replicas_status").text == "Ok.\n"
    assert httpx.get(endpoint.url).text == "Ok.\n"
    for path in ("elsewhere", "ping/", "/", "%2e%2e/etc"):
        assert httpx.get(f"{endpoint.url}/{path}").status_code == 404


def test_headers_of_an_answer(endpoint):
    response = endpoint.post("SELECT 1 AS a FORMAT JSONEachRow", query_id="my id")
    assert response.text == '{"a":1}\n'
    assert response.headers["x-clickhouse-query-id"] == "my id"
    assert response.headers["x-clickhouse-format"] == "JSONEachRow"
    assert response.headers["x-clickhouse-timezone"] == "UTC"
    assert response.headers["x-clickhouse-server-display-name"]
    assert response.headers["content-type"].startswith("application/x-ndjson")
    summary = json.loads(response.headers["x-clickhouse-summary"])
    assert {"read_rows", "read_bytes", "written_rows", "result_rows", "elapsed_ns"} <= set(summary)


@pytest.mark.parametrize(
    ("ask", "body"),
    [
        ({}, "1\tx\n2\tx\n"),
        ({"default_format": "CSVWithNames"}, '"a","b"\n1,"x"\n2,"x"\n'),
        ({"headers": {"X-ClickHouse-Format": "TSVWithNamesAndTypes"}}, "a\tb\nUInt64\tString\n1\tx\n2\tx\n"),
    ],
)
def test_format_by_parameter_and_header(endpoint, ask, body):
    assert endpoint.post("SELECT number + 1 AS a, 'x' AS b FROM numbers(2)", **ask).text == body


@pytest.mark.parametrize("format_", ["CSVWithNames", "TSVWithNamesAndTypes", "RowBinary", "Native", "JSON", "Parquet"])
def test_large_result_is_one_well_formed_document(endpoint, format_):
    rows = 300_000
    body = endpoint.post(
        f'SELECT number AS `a"\n b`, toString(number) AS s FROM numbers({rows}) FORMAT {format_}'
    ).content
    structure = '`a"\n b` UInt64, s String'
    endpoint.post(f"CREATE TABLE again ({structure}) ENGINE = Memory")
    try:
        assert endpoint.post(f"INSERT INTO again FORMAT {format_}", data=body).status_code == 200
        total = endpoint.post('SELECT count(), sum(`a"\n b`), uniqExact(s) FROM again').text
        assert total == f"{rows}\t{rows * (rows - 1) // 2}\t{rows}\n"
    finally:
        endpoint.post("DROP TABLE again SYNC")


def test_query_parameter_and_body_are_joined(endpoint):
    assert endpoint.post("SELECT 1", data=b"+ 2").text == "3\n"
    assert endpoint.get(query="SELECT {x:Int32} + 1", param_x="41").text == "42\n"


def test_get_is_read_only(endpoint, table):
    failed(endpoint.get(query=f"INSERT INTO {table} (id) SELECT 1"), 500, 164, "READONLY")
    failed(endpoint.get(query=f"DROP TABLE {table}"), 500, 164, "READONLY")
    failed(endpoint.get(query=f"DROP TABLE {table}", session_id="ro"), 500, 164, "READONLY")
    failed(endpoint.get(query=f"DROP TABLE {table}", readonly="0"), 500, 164, "READONLY")
    assert endpoint.get(query=f"EXISTS {table}", session_id="ro").text == "1\n"
    assert endpoint.post(f"INSERT INTO {table} (id) VALUES (1)", session_id="ro").status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "code", "name"),
    [
        ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
        ("", 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1 PARALLEL WITH SELECT 2", 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1 /* open", 400, 62, "SYNTAX_ERROR"),
        ("SELECT nothing", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT * FROM nowhere", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT * FROM nowhere.t", 404, 81, "UNKNOWN_DATABASE"),
        ("SELECT nofunction()", 404, 46, "UNKNOWN_FUNCTION"),
        ("SELECT 1 FORMAT Nothing", 404, 73, "UNKNOWN_FORMAT"),
        ("SELECT 1 FORMAT DataFrame", 404, 73, "UNKNOWN_FORMAT"),
        ("SELECT {x:Int32}", 500, 456, "UNKNOWN_QUERY_PARAMETER"),
        ("SELECT throwIf(1, 'no')", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        (
            "SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 1, max_block_size = 1",
            408, 159, "TIMEOUT_EXCEEDED",
        ),
        (
            "SELECT groupArray(number) FROM numbers(1000000000) SETTINGS max_memory_usage = 10000000",
            500, 241, "MEMORY_LIMIT_EXCEEDED",
        ),
    ],
)  # fmt: skip
def test_errors_have_clickhouse_codes_and_statuses(endpoint, query, status, code, name):
    failed(endpoint.post(query), status, code, name)
    assert endpoint.post("SELECT 1").text == "1\n"


def test_settings_in_the_url(endpoint):
    value = "SELECT getSetting('max_block_size')"
    assert endpoint.post(value, max_block_size="123").text == "123\n"
    assert endpoint.post(value, max_block_size="123", session_id="s").text == "123\n"
    assert endpoint.post(value, session_id="s").text == endpoint.post(value).text != "123\n"
    assert endpoint.post("SET max_block_size = 9", session_id="s", max_threads="1").status_code == 200
    assert endpoint.post(value, session_id="s").text == "9\n"
    failed(endpoint.post("SELECT 1", no_such_setting="1"), 404, 115, "UNKNOWN_SETTING")
    failed(endpoint.post("SELECT 1", **{"a = 1, b": "1"}), 404, 115, "UNKNOWN_SETTING")
    failed(endpoint.post("SELECT 1", max_memory_usage=str(1 << 40)), 500, 452, "SETTING_CONSTRAINT_VIOLATION")


def test_database_by_parameter(endpoint):
    assert endpoint.post("SELECT currentDatabase()").text == "tshop\n"
    assert endpoint.post("SELECT currentDatabase()", database="system").text == "system\n"
    assert endpoint.post("SELECT currentDatabase()", headers={"X-ClickHouse-Database": "system"}).text == "system\n"
    failed(endpoint.post("SELECT 1", database="nowhere"), 404, 81, "UNKNOWN_DATABASE")
    assert endpoint.post("SELECT engine FROM system.databases WHERE name = 'tshop'").text == "Atomic\n"


def test_session_rules(endpoint):
    failed(endpoint.post("SELECT 1", session_id="never seen", session_check="1"), 500, 372, "SESSION_NOT_FOUND")
    failed(endpoint.post("SELECT 1", session_id="x", session_timeout="99999"), 500, 374, "INVALID_SESSION_TIMEOUT")
    slow = threading.Thread(target=endpoint.post, args=("SELECT sleep(2)",), kwargs={"session_id": "busy"})
    slow.start()
    while endpoint.post("SELECT count() FROM system.processes WHERE query LIKE '%sleep(2)%'").text != "2\n":
        assert slow.is_alive()
    failed(endpoint.post("SELECT 1", session_id="busy"), 500, 373, "SESSION_IS_LOCKED")
    slow.join()
    assert endpoint.post("SELECT 1", session_id="busy").text == "1\n"
    endpoint.post("CREATE TEMPORARY TABLE gone (a Int8)", session_id="short", session_timeout="1")
    assert endpoint.post("EXISTS TEMPORARY TABLE gone", session_id="short", session_timeout="1").text == "1\n"
    time.sleep(3)
    failed(endpoint.post("SELECT 1", session_id="short", session_check="1"), 500, 372, "SESSION_NOT_FOUND")


def test_clients_that_leave_their_sessions_behind_do_not_fill_the_endpoint(own):
    own.start()
    own.post("CREATE TEMPORARY TABLE kept AS SELECT 7 AS a", session_id="keeper", session_timeout="3600")
    own.post("SELECT 1", session_id="first", session_timeout="3600")
    with httpx.Client(auth=(USER.encode(), PASSWORD.encode())) as client:
        for number in range(300):
            answer = client.post(own.url, params={"session_id": f"left {number}"}, content="SELECT 1")
            assert answer.text == "1\n"
    assert own.post("SELECT a FROM kept", session_id="keeper", session_check="1").text == "7\n"
    # One that had nothing to lose is still there, and in its database.
    assert own.post("SELECT currentDatabase()", session_id="first", session_check="1").text == "tshop\n"


def test_sessions_that_keep_something_are_bounded(own):
    own.start()
    with httpx.Client(auth=(USER.encode(), PASSWORD.encode())) as client:
        for number in range(256):
            answer = client.post(own.url, params={"session_id": f"keeps {number}"}, content="SET max_threads = 1")
            assert answer.status_code == 200
    failed(own.post("SELECT 1", session_id="one more"), 503, 202, "TOO_MANY_SIMULTANEOUS_QUERIES")
    assert own.post("SELECT getSetting('max_threads')", session_id="keeps 0").text == "1\n"


def test_authentication_every_way(endpoint):
    query = {"query": "SELECT 1"}
    right = [
        {"auth": (USER.encode(), PASSWORD.encode())},
        {"headers": {"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD.encode()}},
        {"params": {"user": USER, "password": PASSWORD}},
    ]
    for way in right:
        params = query | way.pop("params", {})
        assert httpx.get(endpoint.url, params=params, **way).text == "1\n"
    assert httpx.get(endpoint.url, params=query).status_code == 401
    for way in (
        {"auth": (USER, "wrong")},
        {"auth": ("other", PASSWORD)},
        {"auth": (USER, "")},
        {"auth": (USER, READER_PASSWORD.encode())},
        {"auth": (READER, PASSWORD.encode())},
        {"headers": {"X-ClickHouse-User": USER}},
        {"headers": {"X-ClickHouse-User": USER, "X-ClickHouse-Key": "wrong"}},
        {"headers": {"Authorization": "Basic !!!"}},
        {"headers": {"Authorization": b"Basic \xff"}},
        {"headers": {"Authorization": "Bearer x"}},
    ):
        answer = failed(httpx.get(endpoint.url, params=query, **way), 403, 516, "AUTHENTICATION_FAILED")
        assert PASSWORD not in answer


# ---- the reader of dashboards


@pytest.fixture(scope="module")
def shop(endpoint):
    """An endpoint with a table that dashboards show and one that they do not."""
    for name in ("sales", "kept"):
        endpoint.post(f"CREATE TABLE {name} (id Int32) ENGINE = MergeTree ORDER BY id")
        endpoint.post(f"INSERT INTO {name} VALUES (1), (2)")
    return endpoint


def test_the_reader_reads_what_dashboards_show(shop):
    for more in ({}, {"session_id": "reading"}):
        assert shop.read("SELECT sum(id) FROM sales", **more).text == "3\n"
        assert shop.read("WITH (SELECT max(id) FROM tshop.sales) AS most SELECT most + 1", **more).text == "3\n"
        assert shop.read("SELECT count() FROM numbers(10)", readonly="2", max_block_size="3", **more).text == "10\n"
        assert shop.read("SHOW TABLES", **more).text == "sales\n"
        assert shop.read("DESCRIBE TABLE sales", **more).text.startswith("id\tInt32")
        assert shop.read("EXISTS TABLE tshop.sales", **more).text == "1\n"
        assert "ReadFromMergeTree (tshop.sales)" in shop.read("EXPLAIN SELECT * FROM sales", **more).text
    url = sqlalchemy.URL.create("clickhousedb", READER, READER_PASSWORD, "127.0.0.1", shop.port, "tshop")
    with sqlalchemy.create_engine(url).connect() as sql:
        assert sql.execute(sqlalchemy.text("SELECT count() FROM sales")).scalar() == 2
        assert sqlalchemy.inspect(sql).get_table_names() == ["sales"]


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO sales VALUES (3)",
        "INSERT INTO sales SELECT 3",
        "INSERT INTO sales FORMAT CSV\n3\n",
        "INSERT INTO FUNCTION null('a Int8') SELECT 1",
        "CREATE TABLE more (id Int32) ENGINE = Memory",
        "CREATE TEMPORARY TABLE more (id Int32)",
        "CREATE VIEW more AS SELECT * FROM kept",
        "CREATE DATABASE more",
        "CREATE FUNCTION more AS x -> x + 1",
        "ALTER TABLE sales DELETE WHERE 1",
        "ALTER TABLE sales UPDATE id = 7 WHERE 1",
        "DELETE FROM sales WHERE 1",
        "TRUNCATE TABLE sales",
        "OPTIMIZE TABLE sales FINAL",
        "DROP TABLE sales",
        "DETACH TABLE sales",
        "RENAME TABLE sales TO sold",
        "EXCHANGE TABLES sales AND kept",
        "KILL QUERY WHERE 1",
        "KILL MUTATION WHERE 1",
        "SYSTEM STOP MERGES",
        "SYSTEM DROP MARK CACHE",
        "GRANT SELECT ON tshop.kept TO default",
        "SET ROLE tshop",
        "SET ROLE ALL",
        "SET DEFAULT ROLE tshop TO default",
        "EXECUTE AS default SELECT * FROM kept",
        "SET readonly = 0",
        "SET max_memory_usage = 1000000000",
        "USE system",
        "BEGIN TRANSACTION",
        "CREATE TABLE more (id Int32) ENGINE = Memory PARALLEL WITH DROP TABLE sales",
        "SELECT 1; DROP TABLE sales",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "SELECT 1 INTO OUTFILE '/tmp/more.csv'",
        "CHECK TABLE kept",
        "SELECT * FROM kept",
        "SELECT * FROM sales WHERE id IN (SELECT id FROM kept)",
        "SELECT * FROM loop(tshop, kept)",
        "SELECT * FROM merge(tshop, 'kept')",
        "SELECT * FROM mergeTreeIndex(tshop, kept)",
        "SELECT * FROM view(SELECT * FROM kept)",
        "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM kept))",
        "SELECT * FROM dictionary('kept')",
        "SHOW CREATE TABLE kept",
        "DESCRIBE TABLE kept",
        "EXPLAIN SELECT * FROM kept",
        "SELECT * FROM postgresql(tshop_warehouse, schema = 'cdm', table = 'sales_mart')",
        "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM url('http://127.0.0.1:1', CSV, 'a String')",
        "SELECT * FROM file('/etc/hostname', LineAsString)",
        "SELECT * FROM remote('127.0.0.1', 'tshop.kept')",
        "SELECT * FROM s3('http://127.0.0.1:1/a.csv')",
        "SELECT name FROM system.users",
    ],
)
def test_the_reader_does_nothing_else(shop, query):
    for more in ({}, {"session_id": "reader"}):
        answer = shop.read(query, **more)
        assert answer.status_code >= 400, answer.text
        # 636: merge() finds no table that it may read.
        assert answer.headers["x-clickhouse-exception-code"] in {"62", "164", "452", "497", "636"}, answer.text
    tables = "SELECT arraySort(groupArray(name)) FROM system.tables WHERE name IN ('kept', 'more', 'sales')"
    assert shop.post(f"SELECT ({tables}), (SELECT groupArray(id) FROM sales)").text == "['kept','sales']\t[1,2]\n"


@pytest.mark.parametrize(
    ("settings", "code", "name"),
    [
        ({"readonly": "0"}, 164, "READONLY"),
        ({"max_memory_usage": "0"}, 452, "SETTING_CONSTRAINT_VIOLATION"),
        ({"max_memory_usage": str(4 << 30)}, 452, "SETTING_CONSTRAINT_VIOLATION"),
        ({"additional_table_filters": "{'sales': 'id = 1'}"}, 452, "SETTING_CONSTRAINT_VIOLATION"),
    ],
)
def test_the_reader_does_not_lift_its_limits_by_the_url(shop, settings, code, name):
    failed(shop.read("SELECT * FROM sales", **settings), 500, code, name)


def test_the_reader_sends_no_table_along(shop):
    answer = httpx.post(
        shop.url,
        params={"query": "SELECT * FROM more", "more_structure": "id Int32"},
        files={"more": b"1\n"},
        auth=(READER, READER_PASSWORD.encode()),
    )
    failed(answer, 403, 497, "ACCESS_DENIED")


def test_no_session_is_another_users(shop):
    shop.post("CREATE TEMPORARY TABLE mine (a Int32)", session_id="shared")
    failed(shop.read("SELECT * FROM mine", session_id="shared"), 404, 60, "UNKNOWN_TABLE")
    failed(shop.read("SELECT * FROM kept", session_id="shared"), 403, 497, "ACCESS_DENIED")
    assert shop.post("SELECT count() FROM kept", session_id="shared").text == "2\n"
    shop.read("SELECT 1", session_id="read first")
    assert shop.post("SELECT count() FROM kept", session_id="read first").text == "2\n"


def test_the_reader_is_nobody_where_it_has_no_password(own):
    own.environment = {"TSHOP_DASHBOARD_PASSWORD": ""}
    own.start()
    for password in ("", READER_PASSWORD, PASSWORD):
        answer = httpx.get(own.url, params={"query": "SELECT 1", "user": READER, "password": password})
        failed(answer, 403, 516, "AUTHENTICATION_FAILED")


def test_the_reader_may_what_a_server_grants_it(own):
    users = ElementTree.parse(ROOT / "clickhouse" / "server" / "users.d" / "tshop.xml")  # noqa: S314
    tables = [query.text.split(" ON ")[1] for query in users.iterfind(f"users/{READER}/grants/query")]
    assert len(tables) > 1
    assert len(set(tables)) == len(tables)
    own.start()
    for name in (*tables, "tshop.other"):
        own.post(f"CREATE TABLE {name} (a Int8) ENGINE = MergeTree ORDER BY a")
    shown = own.read("SELECT concat(database, '.', name) FROM system.tables WHERE database = 'tshop' ORDER BY 1")
    assert shown.text.split() == sorted(tables)
    assert {own.read(f"SELECT * FROM {name}").text for name in tables} == {""}
    failed(own.read("SELECT * FROM tshop.other"), 403, 497, "ACCESS_DENIED")


# ---- bodies


ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_compressed_request_bodies(endpoint, table, encoding):
    rows = b"".join(b"%d,name %d,1.50\n" % (i, i) for i in range(50_000))
    packed = (
        ENCODERS[encoding](rows[:1000]) + ENCODERS[encoding](rows[1000:])
        if encoding != "deflate"
        else zlib.compress(rows)
    )
    insert = f"INSERT INTO {table} FORMAT CSV"
    response = endpoint.post(insert, data=packed, headers={"Content-Encoding": encoding})
    assert json.loads(response.headers["x-clickhouse-summary"])["written_rows"] == "50000", response.text
    assert endpoint.post(f"SELECT count(), sum(price) FROM {table}").text == "50000\t75000\n"
    cut = endpoint.post(insert, data=packed[:-20], headers={"Content-Encoding": encoding})
    failed(cut, 400, 354, "INFLATE_FAILED")
    failed(endpoint.post(insert, data=b"nonsense", headers={"Content-Encoding": encoding}), 400, 354, "INFLATE_FAILED")
    assert endpoint.post(f"SELECT count() FROM {table}").text == "50000\n"


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("wait", ["0", "1"])
def test_compressed_responses(endpoint, encoding, wait):
    unpack = {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        "zstd": lambda b: zstandard.ZstdDecompressor().decompressobj().decompress(b),
        "lz4": lz4.frame.decompress,
    }
    query, headers = "SELECT number FROM numbers(200000)", {"Accept-Encoding": encoding}
    with httpx.Client(auth=(USER.encode(), PASSWORD.encode())) as client:
        ask = {"query": query, "enable_http_compression": "1", "wait_end_of_query": wait}
        with client.stream("GET", endpoint.url, params=ask, headers=headers) as response:
            packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == encoding
    assert unpack[encoding](packed) == b"".join(b"%d\n" % i for i in range(200_000))
    plain = endpoint.post(query, headers=headers)
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    ("format_", "body"),
    [
        ("CSV", b'1,"a, b",1.5\n2,c,\\N\n'),
        ("TSV", b"1\ta, b\t1.5\n2\tc\t\\N\n"),
        ("TabSeparatedWithNames", b"name\tid\tprice\na, b\t1\t1.5\nc\t2\t\\N\n"),
        ("JSONEachRow", b'{"id":1,"name":"a, b","price":1.5}\n{"id":2,"name":"c"}'),
        ("Values", b"(1, 'a, b', 1.5), (2, 'c', NULL);"),
        ("RowBinary", b"\x01\0\0\0\x04a, b\0\x96\0\0\0\0\0\0\0\x02\0\0\0\x01c\x01"),
    ],
)
def test_insert_formats_with_data_in_the_body_or_in_line(endpoint, table, format_, body):
    insert = f"INSERT INTO {table} (id, name, price) /* FORMAT none */ FORMAT {format_}"
    assert endpoint.post(insert, data=body).status_code == 200
    assert endpoint.post(f"{insert}\n".encode() + body).status_code == 200
    rows = endpoint.post(f"SELECT id, name, price, count() FROM {table} GROUP BY ALL ORDER BY id").text
    assert rows == "1\ta, b\t1.5\t2\n2\tc\t\\N\t2\n"


def test_insert_values_with_expressions_and_from_select(endpoint, table):
    for insert in (
        f"INSERT INTO {table} (id, name, price) VALUES (1 + 1, upper('a;)'), NULL), "
        "(length('abc'), concat('x', '('), 2.5)",
        f"INSERT INTO {table} SELECT 4, 'FORMAT CSV', 1",
        f"INSERT INTO {table} SETTINGS max_threads = 1 VALUES (5, 'VALUES', -1)",
        f"INSERT INTO {table} FORMAT CSV SETTINGS input_format_csv_empty_as_default = 1\n6,six,",
    ):
        response = endpoint.post(insert)
        assert response.status_code == 200, response.text
    rows = endpoint.post(f"SELECT * FROM {table} ORDER BY id").text
    assert rows == "2\tA;)\t\\N\n3\tx(\t2.5\n4\tFORMAT CSV\t1\n5\tVALUES\t-1\n6\tsix\t\\N\n"


def test_insert_of_nothing_and_of_nonsense(endpoint, table):
    assert endpoint.post(f"INSERT INTO {table} FORMAT CSV", data=b"").status_code == 200
    assert endpoint.post(f"INSERT INTO {table} VALUES").status_code == 200
    assert endpoint.post(f"INSERT INTO {table} FORMAT CSV\n1,x,1\ntwo,y,2\n").status_code == 400
    assert endpoint.post(f"INSERT INTO {table} FORMAT Native", data=b"\xff" * 100).status_code >= 400
    assert endpoint.post(f"INSERT INTO {table} FORMAT Parquet", data=b"PAR1").status_code >= 400
    assert endpoint.post(f"INSERT INTO {table} VALUES (1, 'open").status_code == 400
    failed(endpoint.post(f"INSERT INTO {table} FORMAT None", data=b"x"), 404, 73, "UNKNOWN_FORMAT")
    assert endpoint.post(f"SELECT count() FROM {table}").text == "0\n"


def test_a_body_that_breaks_off_inserts_nothing(endpoint, table):
    user = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = f"POST /?query=INSERT+INTO+{table}+FORMAT+CSV HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {user}\r\n"
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        client.sendall(f"{head}Content-Length: 1000000\r\n\r\n1,a,1\n2,b,2\n".encode())
    assert endpoint.post("SELECT 1").text == "1\n"
    assert endpoint.post(f"SELECT count() FROM {table}").text == "0\n"


def test_malformed_http_is_refused_and_the_server_stays(endpoint):
    for raw in (
        b"\0\1\2\3\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /?" + b"a" * (2 << 20),
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    ):
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as raw_client:
            with contextlib.suppress(OSError):
                raw_client.sendall(raw)
                raw_client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                answer = raw_client.recv(64)
                assert not answer or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 403")), raw[:60]
    for headers in ({"Content-Encoding": "br"}, {"Content-Encoding": "rot13"}):
        failed(endpoint.post("SELECT 1", headers=headers), 501, 48, "NOT_IMPLEMENTED")
    form = endpoint.post(b"no form", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert form.status_code == 400
    assert endpoint.post(b"SELECT '\xff\xfe'").content == b"\xff\xfe\n"
    assert endpoint.post("SELECT 1").text == "1\n"


def test_oversized_bodies_are_refused_as_sent_and_as_unpacked(own):
    own.environment = {"TSHOP_CLICKHOUSE_MAX_BODY_BYTES": "100000"}
    own.start()
    own.post("CREATE TABLE t (s String) ENGINE = Memory")
    insert = "INSERT INTO t FORMAT LineAsString"
    big = b"x" * 200_000
    failed(own.post(insert, data=big), 413, 291, "QUERY_IS_TOO_LARGE")
    failed(own.post(insert, data=iter([big[:150_000], big])), 413, 291, "QUERY_IS_TOO_LARGE")
    for encoding, pack in ENCODERS.items():
        failed(own.post(insert, data=pack(big), headers={"Content-Encoding": encoding}), 413, 291, "QUERY_IS_TOO_LARGE")
    assert own.post(insert, data=b"x" * 90_000).status_code == 200
    assert own.post("SELECT count() FROM t").text == "1\n"


# ---- queries that are left, cancelled, or not allowed


def wait_for(condition, what: str):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_kill_query_by_the_clients_id(endpoint):
    answers = []
    endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
    victim = threading.Thread(target=lambda: answers.append(endpoint.post(endless, query_id="victim")))
    victim.start()
    wait_for(
        lambda: (
            "sipHash64" in endpoint.post("SELECT query FROM system.processes WHERE query NOT LIKE '%processes%'").text
        ),
        "it runs",
    )
    failed(endpoint.post("SELECT 1", query_id="victim"), 500, 216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING")
    assert endpoint.post("KILL QUERY WHERE query_id = 'victim' SYNC").status_code == 200
    victim.join(30)
    failed(answers[0], 500, 394, "QUERY_WAS_CANCELLED")


def test_clients_that_leave_do_not_hold_the_server(endpoint):
    running = "SELECT count() FROM system.processes WHERE query LIKE '%leaving%' AND query NOT LIKE '%processes%'"
    for query, read in (
        ("SELECT number, 'leaving' FROM numbers(100000000000)", True),
        ("SELECT count(), 'leaving' FROM numbers(100000000000) WHERE sipHash64(number) = 1", False),
    ):
        for _ in range(10):
            with (
                httpx.Client(auth=(USER.encode(), PASSWORD.encode()), timeout=1) as client,
                contextlib.suppress(httpx.ReadTimeout),
                client.stream(
                    "POST", endpoint.url, content=query, params={"cancel_http_readonly_queries_on_client_close": "1"},
                ) as answer,
            ):  # fmt: skip
                assert read
                next(answer.iter_raw())
    wait_for(lambda: endpoint.post(running).text == "0\n", "the queries of clients that left have ended")
    assert endpoint.post("SELECT 1").text == "1\n"


OUTSIDE = [
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT file('/etc/hostname')",
    "SELECT `file`('/etc/hostname')",
    "SELECT arrayMap(x -> file(x), ['/etc/hostname'])",
    "SELECT '/etc/hostname' AS f, * APPLY(file) FROM (SELECT '/etc/hostname')",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/hostname')",
    "WITH f AS (SELECT file('/etc/hostname')) SELECT * FROM f",
    "SELECT * FROM view(SELECT file('/etc/hostname'))",
    "SELECT * FROM loop(file('/etc/hostname'))",
    "SELECT * FROM `default`.`/etc/hostname`",
    "SELECT * FROM url('http://127.0.0.1:1/')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM executable('x', 'TSV', 'a String')",
    "SELECT * FROM python('x')",
    "SELECT * FROM sqlite('/tmp/x', 't')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql(tshop_warehouse, schema = 's', table = 't', host = '127.0.0.1')",
    "SELECT * FROM eval('SELECT 1')",
    "DESCRIBE file('/etc/hostname')",
    "EXPLAIN SELECT file('/etc/hostname')",
    "SELECT 1 INTO OUTFILE '/tmp/endpoint-outfile'",
    "SHOW TABLES INTO OUTFILE '/tmp/endpoint-outfile'",
    "CREATE TABLE x ENGINE = MergeTree ORDER BY tuple() AS SELECT file('/etc/hostname') AS f",
    "CREATE TABLE x (a String DEFAULT file('/etc/hostname')) ENGINE = Memory",
    "CREATE TABLE x AS file('/etc/hostname')",
    "CREATE TABLE x (a String) ENGINE = File(CSV, '/tmp/x')",
    "CREATE TABLE x (a String) ENGINE = URL('http://127.0.0.1:1', CSV)",
    "CREATE TABLE x (a String) ENGINE = Executable('x', CSV)",
    "CREATE TABLE x (a String) ENGINE = EmbeddedRocksDB(0, '/tmp/x') PRIMARY KEY a",
    "CREATE TABLE x (a Int8) ENGINE = PostgreSQL('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "CREATE MATERIALIZED VIEW x ENGINE = File(CSV) AS SELECT 1",
    "CREATE DATABASE x ENGINE = Filesystem('/etc')",
    "CREATE DATABASE x ENGINE = PostgreSQL('127.0.0.1:1', 'a', 'b', 'c')",
    "CREATE DICTIONARY x (a String) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'id' FORMAT 'TSV')) "
    "LAYOUT(complex_key_hashed()) LIFETIME(0)",
    "CREATE FUNCTION x AS f -> file(f)",
    "CREATE USER x",
    "CREATE NAMED COLLECTION x AS a = 1",
    "ALTER NAMED COLLECTION tshop_warehouse SET host = '127.0.0.2'",
    "ATTACH TABLE x FROM '/tmp/x' (a Int8) ENGINE = Log",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a String') VALUES ('x')",
    "BACKUP DATABASE tshop TO File('/tmp/x')",
    "SYSTEM SHUTDOWN",
    "SELECT file('/etc/hostname') AS an_alias",
    "SELECT * FROM numbers(1) AS n, executable('x', 'TSV', 'a String') AS an_alias",
]  # fmt: skip


@pytest.mark.parametrize("query", OUTSIDE)
def test_queries_reach_no_file_and_no_address(endpoint, query):
    hostname = Path("/etc/hostname").read_text().strip()
    response = endpoint.post(query)
    assert response.headers.get("x-clickhouse-exception-code") == "497", response.text
    assert hostname not in response.text.split()
    assert not Path("/tmp/endpoint-outfile").exists()  # noqa: S108


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO {t} (name) VALUES (file('/etc/hostname'))",
        "INSERT INTO {t} (name) VALUES ('a'), (upper(`file`('/etc/hostname')))",
        "INSERT INTO {t} (name) FORMAT Values (file('/etc/hostname'))",
        "INSERT INTO {t} (name) FROM INFILE '/etc/hostname' FORMAT LineAsString",
        "INSERT INTO {t} (name) SELECT * FROM format(Values, 'a String', $$(file('/etc/hostname'))$$)",
        "SELECT * FROM {t} SETTINGS additional_result_filter = 'file(1)'",
        "SET input_format_values_interpret_expressions = 1",
        "SET dialect = 'prql'",
        "CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = s3, endpoint = 'http://127.0.0.1:1/b/')",
        "CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '/tmp/')",
    ],
)  # fmt: skip
def test_sql_carried_as_data_or_settings_reaches_no_file(endpoint, table, query):
    assert endpoint.post(query.format(t=table)).status_code >= 400
    assert endpoint.post(f"SELECT count() FROM {table}").text == "0\n"


def test_a_column_named_file_is_no_function(endpoint):
    endpoint.post("CREATE TABLE files (file String, url String) ENGINE = MergeTree ORDER BY file")
    try:
        assert endpoint.post("INSERT INTO files (file, url) VALUES ('file(1)', 'INTO OUTFILE')").status_code == 200
        assert endpoint.post("SELECT upper(file), url AS infile FROM files").text == "FILE(1)\tINTO OUTFILE\n"
    finally:
        endpoint.post("DROP TABLE files SYNC")


@pytest.mark.parametrize(
    "query",
    [
        "DROP DATABASE system",
        "DROP TABLE system.one",
        "DETACH TABLE system.one",
        "TRUNCATE DATABASE system",
        "RENAME TABLE system.one TO tshop.one",
        "EXCHANGE TABLES system.one AND tshop.{t}",
        "DROP DATABASE default",
        "DETACH DATABASE default",
        "DROP DATABASE information_schema",
        "DROP TABLE INFORMATION_SCHEMA.tables",
        "CREATE TABLE system.x (a Int8) ENGINE = Memory",
        "CREATE TABLE default.x (a Int8) ENGINE = Memory",
        "ALTER USER default IDENTIFIED BY 'x'",
        "SYSTEM RELOAD CONFIG",
        "SYSTEM STOP MERGES {t}",
        "BACKUP TABLE {t} TO Disk('default', 'x')",
        "CREATE ROW POLICY p ON {t} USING 0",
        "CREATE VIEW v SQL SECURITY NONE AS SELECT 1",
    ],
)
def test_what_the_engine_itself_needs_stays(endpoint, table, query):
    assert endpoint.post(query.format(t=table)).status_code >= 400
    assert endpoint.post("SELECT 1").text == "1\n"
    assert endpoint.post("SELECT 1", database="default").text == "1\n"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = '{file}'",
        "SELECT 1 AS a FORMAT Template SETTINGS format_template_resultset = '{file}', format_template_row_format = 'x'",
        "SELECT 'x' AS a FORMAT Protobuf SETTINGS format_schema = '{file}:M'",
        "SELECT 'x' AS a FORMAT Protobuf SETTINGS output_format_schema = '{new}'",
        "SELECT 'x' AS a FORMAT Protobuf SETTINGS format_schema_source = 'query', format_schema_message_name = 'M', "
        "format_schema = 'SELECT file(''{file}'')'",
        "SELECT * FROM format(CSV, 'a Int8', 'x\n') SETTINGS input_format_allow_errors_num = 1, "
        "input_format_record_errors_file_path = '{new}'",
        "SELECT * APPLY(x -> toString(file(x))) FROM (SELECT '{file}')",
        "SELECT 1 AS APPLY, * APPLY(file) FROM (SELECT '{file}')",
        "SELECT 1 AS APPLY, * APPLY file FROM (SELECT '{file}')",
        "SHOW TABLES WHERE 0 = throwIf(1, file('{file}'))",
        "SHOW COLUMNS FROM {t} WHERE 0 = throwIf(1, `f\\x69le`('{file}'))",
        "SHOW INDEX FROM {t} WHERE 0 = throwIf(1, file('{file}'))",
        "EXISTS default.`{file}`",
        "SELECT * FROM default.`{file}`",
        "INSERT INTO default.`{new}` SELECT 1",
        "CREATE TABLE b (a String) ENGINE = Alias('default', '{file}')",
    ],
)
def test_no_setting_no_show_and_no_name_reaches_a_file(endpoint, table, tmp_path, query):
    file, new = tmp_path / "file.proto", tmp_path / "new"
    file.write_text('syntax = "proto3"; message M { string a = 1; } // planted')
    endpoint.post(f"INSERT INTO {table} (id) VALUES (1)")
    response = endpoint.post(query.format(file=file, new=new, t=table))
    assert response.status_code >= 400, response.text
    assert "planted" not in response.text
    assert not new.exists()


def test_no_setting_calls_out(endpoint):
    called = []

    class Registry(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            called.append(self.path)
            self.send_error(404)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_port}/"
        for query in (
            r"SELECT * FROM format(AvroConfluent, 'a String', '\0\0\0\0\x01\x02a') "
            f"SETTINGS format_avro_schema_registry_url = '{url}'",
            f"CREATE TABLE w (a Int8) ENGINE = Log SETTINGS disk = disk(type = web, endpoint = '{url}')",
            f"CREATE TABLE w (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint='{url}')",
            f"CREATE DATABASE w ENGINE = Atomic SETTINGS disk = `disk`(type = web, endpoint = '{url}')",
        ):
            assert endpoint.post(query).status_code >= 400
        endpoint.post("SELECT * FROM system.remote_data_paths")
        web.shutdown()
    assert called == []


def test_words_of_what_is_refused_are_no_harm_elsewhere(endpoint):
    for query, text in (
        ("WITH url AS (SELECT 1 AS file) SELECT file AS s3 FROM url WHERE file IN (1)", "1\n"),
        ("SELECT 'APPLY file(x) INTO OUTFILE log_comment = 1' AS disk", "APPLY file(x) INTO OUTFILE log_comment = 1\n"),
        ("SELECT * APPLY(sum) APPLY(x -> x + 1) FROM numbers(4)", "7\n"),
        ("SELECT 1 AS log_comment", "1\n"),
    ):
        assert endpoint.post(query).text == text
    assert endpoint.post("SELECT getSetting('log_comment')", log_comment="mine").text.startswith("mine ")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 SETTINGS log_comment = 'x'",
        "SELECT 1 SETTINGS `log_comment` = 'x'",
        "CREATE VIEW v AS SELECT 1 SETTINGS log_comment = 'x'",
        "SET log_comment = 'x'",
        "INSERT INTO {t} (id) SETTINGS log_comment = 'x' SELECT 1",
    ],
)
def test_no_statement_takes_off_the_mark_by_which_it_is_cancelled(endpoint, table, query):
    failed(endpoint.post(query.format(t=table)), 403, 497, "ACCESS_DENIED")


@pytest.mark.parametrize(
    "settings",
    ["max_memory_usage = 0", "max_threads = 1000", "max_parser_depth = 0", "max_parser_depth = 100000"],
)
def test_the_limits_of_a_query_are_not_lifted(endpoint, settings):
    failed(endpoint.post(f"SELECT 1 SETTINGS {settings}"), 500, 452, "SETTING_CONSTRAINT_VIOLATION")


@pytest.mark.parametrize(
    "statement",
    [
        b"INSERT INTO t " + b"/*a" * 80_000,
        b"INSERT INTO t '" + b"\\'" * 120_000 + b"\\",
        b"INSERT INTO t " + b"".join(b"$a%d$ " % i for i in range(12_000)),
        b"INSERT INTO t " + b'"a' * 120_001,
        b"SELECT 'outfile', 'APPLY" + b"(" * 200_000 + b"'",
        b"SELECT 'outfile', '" + b"APPLY( " * 30_000 + b"'",
        b"(" * 200_000,
    ],
    ids=["comments", "escapes", "heredocs", "names", "brackets", "applies", "depth"],
)
def test_a_statement_costs_no_more_than_its_length(endpoint, statement):
    assert endpoint.post(statement).status_code in (200, 400, 500)
    assert httpx.get(f"{endpoint.url}/ping").text == "Ok.\n"


def test_a_session_whose_database_is_gone_still_answers(endpoint):
    endpoint.post("CREATE DATABASE gone")
    assert endpoint.post("USE gone", session_id="in gone").status_code == 200
    endpoint.post("DROP DATABASE gone SYNC")
    assert endpoint.post("SELECT 1", session_id="in gone", database="tshop").text == "1\n"
    failed(endpoint.post("SELECT 1", session_id="in gone", format_schema="x"), 500, 452, "SETTING_CONSTRAINT_VIOLATION")


def test_the_own_database_can_be_dropped_and_made_again(own):
    own.start()
    assert own.post("SELECT currentDatabase()").text == "tshop\n"
    assert own.post("SELECT currentDatabase()", session_id="before").text == "tshop\n"
    assert own.post("DROP DATABASE tshop SYNC").status_code == 200
    for session in ({}, {"session_id": "before"}, {"session_id": "after"}):
        assert own.post("SELECT 1", **session).text == "1\n"
    failed(own.post("SELECT 1", database="tshop"), 404, 81, "UNKNOWN_DATABASE")
    assert own.post("CREATE DATABASE tshop").status_code == 200
    assert own.post("SELECT currentDatabase()").text == "tshop\n"


def test_a_temporary_tables_format_is_a_name(endpoint):
    files = {"extra": ("extra", b"1\n")}
    ask = {"query": "SELECT * FROM extra", "extra_structure": "a Int8", "extra_format": "CSV SETTINGS max_threads = 1"}
    with httpx.Client(auth=(USER.encode(), PASSWORD.encode())) as client:
        failed(client.post(endpoint.url, params=ask, files=files), 404, 73, "UNKNOWN_FORMAT")


# ---- limits


def limited(own, **limits: int):
    own.environment = {f"TSHOP_CLICKHOUSE_{name.upper()}": str(value) for name, value in limits.items()}
    return own.start()


@pytest.mark.parametrize("value", ["0", "-1", "many", "1e3", "²", str(1 << 60)])
def test_a_limit_that_is_no_number_is_told(own, value):
    own.environment = {"TSHOP_CLICKHOUSE_MAX_BODY_BYTES": value}
    assert "TSHOP_CLICKHOUSE_MAX_BODY_BYTES" in fails_to_start(own.command())


def test_the_stack_hands_the_limits_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TSHOP_CLICKHOUSE_MAX_SECONDS", "7")
    given = endpoint_environment(Settings(tmp_path, external_clickhouse="http://u:p@h:1/d", external_warehouse="x"))
    assert Limits.of(given, "TSHOP_CLICKHOUSE_") == Limits(max_seconds=7)


def test_a_result_that_is_too_long_is_broken_off_whole_or_streamed(own):
    limited(own, max_result_bytes=1_000_000)
    query = "SELECT number FROM numbers(1000000)"
    failed(own.post(query, wait_end_of_query="1"), 500, 396, "TOO_MANY_ROWS_OR_BYTES")
    with pytest.raises(httpx.RemoteProtocolError):
        own.post(query)
    with pytest.raises(DatabaseError, match="longer than 1000000 bytes"):
        own.client().query(query)
    assert own.post("SELECT count() FROM numbers(1000000)").text == "1000000\n"
    own.post("CREATE TABLE t (a UInt64) ENGINE = Memory")
    assert own.post("INSERT INTO t SELECT number FROM numbers(1000000)").status_code == 200


def test_a_statement_that_only_reads_ends_in_time_whatever_its_settings_and_one_that_writes_is_let_be(own):
    limited(own, max_seconds=1)
    own.post("CREATE TABLE t (a UInt64) ENGINE = Memory")
    endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1 SETTINGS max_execution_time = 0"
    failed(own.post(endless), 408, 159, "TIMEOUT_EXCEEDED")
    failed(own.post(endless, wait_end_of_query="1", session_id="s"), 408, 159, "TIMEOUT_EXCEEDED")
    slow = "SELECT sleepEachRow(1) FROM numbers(4) SETTINGS max_block_size = 1"
    assert own.post(f"INSERT INTO t {slow}").status_code == 200
    assert own.post("SELECT count() FROM t").text == "4\n"


def test_statements_beyond_the_limit_wait_for_their_turn(own):
    limited(own, max_queries=1)
    with ThreadPoolExecutor(6) as pool:
        assert {answer.text for answer in pool.map(own.post, ["SELECT sleep(0.1)"] * 6)} == {"0\n"}


def test_headers_and_url_are_bounded(own):
    limited(own, max_header_bytes=20_000)
    failed(own.get(query="SELECT 1", param_s="x" * 30_000), 431, 291, "QUERY_IS_TOO_LARGE")
    failed(own.post("SELECT 1", headers={"X-Note": "x" * 30_000}), 431, 291, "QUERY_IS_TOO_LARGE")
    # Refused while it still comes, which may reach the sender as a reset.
    with contextlib.suppress(httpx.TransportError):
        assert own.post("SELECT 1", headers={"X-Note": "x" * 300_000}).status_code == 400
    assert own.post("SELECT length({s:String})", param_s="x" * 10_000).text == "10000\n"


def test_bodies_under_way_share_one_room(own):
    limited(own, max_body_bytes=1_000_000)
    own.post("CREATE TABLE t (s String) ENGINE = Memory")
    user = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = f"POST /?query=INSERT+INTO+t+FORMAT+LineAsString HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {user}\r\n"
    with contextlib.ExitStack() as stack:

        def hold() -> socket.socket:
            holder = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            holder.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 999_000)
            return holder

        holders = [hold() for _ in range(4)]

        def is_taken() -> bool:
            if own.post(b" " * 50_000 + b"SELECT 1").status_code == 503:
                return True
            # The question takes room, too: a body that came meanwhile may have been refused for it.
            refused, _, _ = select.select(holders, [], [], 0)
            holders[:] = [hold() if holder in refused else holder for holder in holders]
            return False

        wait_for(is_taken, "the room is taken")
    wait_for(lambda: own.post(b" " * 50_000 + b"SELECT 1").text == "1\n", "the room is given back")


def test_a_client_that_says_nothing_holds_nobody_up(own):
    limited(own, max_connections=8, stall_seconds=2)
    # The reader's share is two connections.
    users = [f"{USER}:{PASSWORD}"] * 6 + [f"{READER}:{READER_PASSWORD}"] * 2
    with contextlib.ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", own.port), timeout=30))

        for _ in range(50):
            connect().sendall(b"GET /ping HTTP/1.1\r\nHo")
            assert httpx.get(f"{own.url}/ping").text == "Ok.\n"
        halves = [connect() for _ in range(8)]
        for half, user in zip(halves, users, strict=True):
            basic = base64.b64encode(user.encode()).decode()
            head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nExpect: 100-continue\r\n"
            half.sendall(f"{head}Content-Length: 100\r\n\r\n".encode())
            # The server knows whose request it is, and waits for the body.
            assert half.recv(1000).startswith(b"HTTP/1.1 100 ")
            half.sendall(b"SELECT")
        refused = connect()
        assert refused.recv(1000).startswith(b"HTTP/1.1 503 ")
        for half in halves:
            with contextlib.suppress(ConnectionResetError):
                assert half.recv(1000) == b""
    assert own.post("SELECT 1").text == "1\n"


def test_a_client_that_does_not_read_its_answer_gives_the_query_up(own):
    limited(own, max_queries=1, stall_seconds=2)
    user = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    query = "SELECT number FROM numbers(100000000000)"
    with socket.create_connection(("127.0.0.1", own.port)) as deaf:
        head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {user}\r\nContent-Length: {len(query)}\r\n\r\n"
        deaf.sendall((head + query).encode())
        assert deaf.recv(15) == b"HTTP/1.1 200 OK"
        assert own.post("SELECT 1").text == "1\n"


def listens_on(own) -> set[str]:
    sockets = psutil.Process(own.process.pid).net_connections()
    return {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}


def test_it_listens_on_this_machine_only_unless_told_otherwise(own):
    own.start()
    assert listens_on(own) == {"127.0.0.1"}
    assert own.stop() == 0
    own.url = own.url.replace("127.0.0.1", "127.0.0.2")
    own.start("--host", "127.0.0.2")
    assert listens_on(own) == {"127.0.0.2"}


def test_no_address_is_listened_on_without_a_password(own):
    own.environment = {"CLICKHOUSE_PASSWORD": ""}
    assert "CLICKHOUSE_PASSWORD" in fails_to_start(own.command("--host", "0.0.0.0"))  # noqa: S104


# ---- one process, one directory


def test_stop_cancels_what_runs_and_the_data_is_there_again(own):
    own.start()
    own.post("CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
    own.post("INSERT INTO kept VALUES (1), (2)")
    answers = []

    def endless():
        with contextlib.suppress(httpx.TransportError):
            answers.append(
                own.post("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1").status_code
            )

    runner = threading.Thread(target=endless)
    runner.start()
    wait_for(lambda: own.post("SELECT count() FROM system.processes").text == "2\n", "it runs")
    assert own.stop() == 0, own.output
    runner.join(10)
    assert 200 not in answers
    assert own.start().post("SELECT sum(a) FROM kept").text == "3\n"


def test_kill_in_the_middle_of_an_insert_leaves_a_directory_that_opens(own):
    own.start()
    own.post("CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    own.post("INSERT INTO t SELECT number, 'first' FROM numbers(10)")

    def insert():
        with contextlib.suppress(httpx.TransportError):
            own.post("INSERT INTO t SELECT number, toString(rand()) FROM numbers(1000000000)")

    runner = threading.Thread(target=insert)
    runner.start()
    wait_for(lambda: int(own.post("SELECT count() FROM system.parts WHERE table = 't'").text) > 2, "parts are written")
    own.stop(signal.SIGKILL)
    runner.join(10)
    own.start()
    assert own.post("SELECT count() FROM t WHERE s = 'first'").text == "10\n"
    assert own.post("INSERT INTO t VALUES (1, 'after')").status_code == 200
    assert own.stop() == 0


def fails_to_start(process: subprocess.Popen) -> str:
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 1, output
    assert "Traceback" not in output
    assert output.count("\n") == 1, output
    return output


def test_a_second_owner_is_refused(own):
    own.start()
    second = Endpoint(own.path)
    assert "in use by another process" in fails_to_start(second.command())
    assert own.post("SELECT 1").text == "1\n"


def test_a_taken_port_is_told_with_the_variable(own, tmp_path):
    own.start()
    second = Endpoint(tmp_path / "second")
    second.port = own.port
    assert "--port" in fails_to_start(second.command())
    assert not second.path.exists()


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"CLICKHOUSE_PASSWORD": ""}, "CLICKHOUSE_PASSWORD"),
        ({"CLICKHOUSE_USER": ""}, "CLICKHOUSE_USER"),
        ({"WAREHOUSE_DSN": "no dsn s3cret"}, "WAREHOUSE_DSN"),
        ({"WAREHOUSE_DSN": "postgresql:///only_a_database"}, "WAREHOUSE_DSN"),
    ],
)
def test_a_missing_environment_is_told(own, environment, word):
    own.environment = environment
    told = fails_to_start(own.command())
    assert word in told
    assert "s3cret" not in told


def test_the_warehouse_password_is_neither_on_disk_nor_in_answers(own):
    secret = "pa&ss<wo'rd%"
    own.environment = {"WAREHOUSE_DSN": "postgresql://loader:pa%26ss%3Cwo'rd%25@127.0.0.1:1/shop"}
    own.start()
    created = own.post(
        "CREATE TABLE source (a Int32) ENGINE = PostgreSQL(tshop_warehouse, schema = 'cdm', table = 'mart')"
    )
    assert created.status_code == 200, created.text
    told = failed(own.post("SELECT * FROM source"), 500, 614, "POSTGRESQL_CONNECTION_FAILURE")
    assert "127.0.0.1:1" in told
    for query in ("SELECT * FROM system.named_collections", "SHOW CREATE TABLE source", "SELECT * FROM source"):
        assert secret not in own.post(query).text
    assert own.stop() == 0
    assert secret not in own.output
    assert not [f for f in own.path.rglob("*") if f.is_file() and secret.encode() in f.read_bytes()]
    own.environment = {}
    told = own.start().post("SELECT * FROM source").text
    assert "WAREHOUSE_DSN-is-not-set" in told
