"""The marketplace: what a MongoDB server has is in raw, whatever documents look like and whatever is killed when."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from bson import ObjectId
from conftest import ROOT, run_module
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from embedded import status
from embedded.environment import marketplace_connection
from embedded.errors import StackError
from embedded.ferretdb import MarketplaceServer
from embedded.report import marketplace as report
from embedded.settings import Settings
from generator import marketplace
from sources.marketplace import extract
from sources.marketplace.extract import COLLECTIONS, Reader, UnlikelyError
from sources.marketplace.server import PROGRAM
from tests.ports import free_port

BASE = 2 * 10**12
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
PAGE = (ROOT / "docs" / "marketplace.md").read_text()
MARKET = marketplace.Market(users=120, products=40, orders=15)

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(scratch: Path) -> Iterator[MarketplaceServer]:
    """A running throw-away server."""
    if not PROGRAM.exists():
        pytest.skip("The marketplace's server is missing: 'make setup-marketplace' needs Go 1.24")
    server = MarketplaceServer(scratch / "marketplace", free_port())
    server.start()
    yield server
    server.stop()


@dataclass
class Market:
    """A database of the server and a warehouse that reads it.

    Attributes:
        server: the server.
        database: one of its own.
        dsn: of the warehouse, as its owner.
        session: a connection there.
    """

    server: MarketplaceServer
    database: Database
    dsn: str
    session: psycopg.Connection

    def ask(self, sql: str, *parameters: object) -> list[tuple]:
        """Run a statement in the warehouse; return its rows."""
        cursor = self.session.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def reader(self, name: str = "orders", **more: object) -> Iterator[Reader]:
        """A Reader of a collection, as the role that reads."""
        dsn = psycopg.conninfo.make_conninfo(self.dsn, options="-c role=tshop_marketplace")
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield Reader(self.database, connection, name, **more)

    def read(self, name: str = "orders", *, full: bool = False, **more: object) -> extract.Result:
        """Read a collection."""
        with self.reader(name, **more) as reader:
            return extract.extract(reader, full=full)

    def apply(self, name: str = "orders") -> None:
        """Apply what has landed of a collection."""
        self.ask("CALL raw.apply_documents(%s)", f"marketplace.{name}")

    def landed(self, name: str = "orders") -> list[tuple]:
        """Return key, whether it is there, and a mark of the documents that have landed, in their order."""
        return self.ask(
            "SELECT key, body IS NOT NULL, body ->> 'mark' FROM landing.document WHERE stream = %s ORDER BY position",
            f"marketplace.{name}",
        )

    def marks(self) -> dict[str, str]:
        """Return the newest landed mark of each order that is there."""
        return {key: mark for key, there, mark in self.landed() if there}


@pytest.fixture
def market(server: MarketplaceServer, warehouse: str) -> Iterator[Market]:
    """An empty marketplace and an empty warehouse."""
    with (
        MongoClient(server.url, serverSelectionTimeoutMS=5_000) as client,
        psycopg.connect(warehouse, autocommit=True) as session,
    ):
        yield Market(server, client[f"market_{next(_numbers)}"], warehouse, session)


def of_the_page(name: str) -> str:
    """Return a query of docs/marketplace.md."""
    (text,) = re.findall(rf"^<!-- test: {name} -->\n```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def order(number: int, minutes: float = 0, lines: tuple[int, ...] = (1,), **more: object) -> dict:
    """Return an order's document, changed so many minutes after the beginning."""
    return {
        "_id": str(number),
        "user_id": 5,
        "ordered_at": BEGIN,
        "status": "Paid",
        "total": 100,
        "lines": [{"line": line, "product_id": line, "quantity": 1, "price": "100,50"} for line in lines],
        "delivery": {"region": "North"},
        "updated_at": BEGIN + timedelta(minutes=minutes),
        **more,
    }


# --- the generator ---------------------------------------------------------------------------------------------------


def test_a_day_is_a_function_of_the_market_and_the_date():
    days = [marketplace.day(MARKET, date(2026, 1, number)) for number in (1, 4, 9)]
    marketplace.day(MARKET, date(2026, 1, 5))
    assert [marketplace.day(MARKET, date(2026, 1, number)) for number in (1, 4, 9)] == days
    other = marketplace.Market(users=120, products=40, orders=15, seed=2)
    assert marketplace.day(other, date(2026, 1, 4)) != days[1]


def test_documents_are_as_real_ones_are():
    last = date(2026, 1, 14)
    orders = [marketplace.order(MARKET, number, last) for number in marketplace.orders_of(MARKET, date(2026, 1, 10))]
    users = [marketplace.user(MARKET, number, last) for number in range(1, 121)]
    forms = {
        type(one["ordered_at"]).__name__ if isinstance(one["ordered_at"], datetime) else "." in one["ordered_at"][:3]
        for one in orders
        if one
    }
    assert forms == {"datetime", True, False}
    assert {type(one["total"]) for one in orders if one} >= {float, str}
    assert {"updated_at" in one for one in users} == {True, False}
    assert {"email" in one["contacts"] for one in users} == {True, False}
    # What stands in a document of orders is of no person.
    assert {name for one in orders if one for name in one["delivery"]} == {"region", "city", "delivered_at"}


def fill(market: Market, days: int) -> date:
    """Write days of the marketplace after those that are written; return the last one."""
    sink = marketplace.Sink(market.database, asdict(MARKET))
    for _ in range(days):
        day = sink.last + timedelta(days=1) if sink.last else MARKET.opened
        sink.write(day, marketplace.day(MARKET, day))
    return sink.last


def test_the_command_writes_days_each_once_and_refuses_another_market(server: MarketplaceServer) -> None:
    with MongoClient(server.url) as client:
        url = f"{server.url}_command"
        words = ("generator", "marketplace", "--users", "20", "--products", "10", "--orders", "3")
        answer = run_module(*words, "--days", "2", MONGO_URL=url)
        assert answer.returncode == 0, answer.stderr
        orders = client["marketplace_command"]["orders"]
        before = list(orders.find().sort("_id", 1))
        # The parameters are kept.
        assert run_module(*words[:2], "--to", "2026-01-02", "--from", "2026-01-01", MONGO_URL=url).returncode == 0
        assert list(orders.find().sort("_id", 1)) == before
        other = run_module(*words, "--seed", "2", MONGO_URL=url)
        assert (other.returncode, "leave the parameters out" in other.stderr) == (2, True)
        assert run_module(*words, "--from", "2026-02-01", MONGO_URL=url).returncode == 2
    assert "MONGO_URL is not set" in run_module(*words, MONGO_URL="").stderr


# --- how it is named -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://127.0.0.1:27018/marketplace",
        "mongodb://reader:p%40ss%2Fword@one:27017,two:27018/shop?replicaSet=rs0&authSource=admin",
        "mongodb://127.0.0.1",
    ],
)
def test_airflow_connects_to_what_mongo_url_names(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.mongo.hooks.mongo import MongoHook
    from pymongo.uri_parser import parse_uri

    for name, value in marketplace_connection(url).items():
        monkeypatch.setenv(name, value)
    hook = MongoHook(mongo_conn_id="tshop_marketplace")
    hook.extras["connect"] = False
    with hook:
        client, wanted = hook.get_conn(), parse_uri(url)
        options = client.options.pool_options._credentials
        assert client.topology_description.server_descriptions().keys() == set(wanted["nodelist"])
        assert hook.connection.schema == (wanted["database"] or "marketplace")
        assert (options and (options.username, options.password, options.source)) == (
            wanted["username"] and (wanted["username"], wanted["password"], "admin")
        )
        assert client.options.replica_set_name == wanted["options"].get("replicaSet")


def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TSHOP_HOME", str(tmp_path))
    for url in ("localhost:27017", "http://localhost/", "mongodb:///marketplace"):
        monkeypatch.setenv("MONGO_URL", url)
        with pytest.raises(StackError, match="MONGO_URL does not have the form"):
            Settings.from_environment()
    monkeypatch.setenv("MONGO_URL", "mongodb://elsewhere/market")
    assert Settings.from_environment().marketplace_url == "mongodb://elsewhere/market"
    monkeypatch.delenv("MONGO_URL")
    assert Settings.from_environment().marketplace_url == "mongodb://127.0.0.1:27018/marketplace"


def test_the_task_says_in_a_sentence_what_is_wrong(warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "dags"))
    from airflow.sdk.exceptions import AirflowSkipException
    from tshop_marketplace_operators import ExtractOperator
    from tshop_operators import Failed, Refused

    monkeypatch.setenv("AIRFLOW_VAR_TSHOP_MARKETPLACE_OVERLAP_MINUTES", "10")
    context = {"params": {"full": False, "accept_deletions": False}}
    task = ExtractOperator(collection="orders")
    with pytest.raises(AirflowSkipException, match="No marketplace is connected"):
        task.execute(context)
    port = free_port()
    for name, value in marketplace_connection(f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=100").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match="WAREHOUSE_MARKETPLACE_DSN is not set"):
        task.execute(context)
    monkeypatch.setenv("WAREHOUSE_MARKETPLACE_DSN", warehouse)
    with pytest.raises(Failed, match=f"The marketplace's server failed: 127.0.0.1:{port}"):
        task.execute(context)


# --- from documents to rows ------------------------------------------------------------------------------------------


def test_what_the_marketplace_has_is_in_raw_day_after_day_and_history_passes_every_audit(market: Market) -> None:
    for days in (3, 1, 12):
        last = fill(market, days)
        for name in COLLECTIONS:
            market.read(name, full=days > 1)
            market.apply(name)
    manifest = marketplace.manifest(MARKET, last)
    found = {
        "users": market.ask("SELECT count(*) FROM raw.client WHERE NOT is_deleted")[0][0],
        "products": market.ask("SELECT count(*) FROM raw.product WHERE NOT is_deleted")[0][0],
        "orders_by_status": dict(
            market.ask("SELECT status, count(*) FROM raw.sales_order WHERE NOT is_deleted GROUP BY status")
        ),
    }
    lines, quantity, amount = market.ask(
        "SELECT count(*), sum(quantity), sum(quantity * unit_price) FROM raw.sale WHERE NOT is_deleted"
    )[0]
    found |= {"lines": lines, "quantity": quantity, "amount": str(amount)}
    assert found == {name: manifest[name] for name in found}
    # So says the report.
    ((*counts, summed),) = market.ask((report.FOLDER / "postgres" / "marketplace_lines.sql").read_text())
    assert [*counts, Decimal(summed)] == [manifest["lines"], str(manifest["quantity"]), Decimal(manifest["amount"])]
    assert report.lines_written(market.database) == {name: manifest[name] for name in ("lines", "quantity", "amount")}
    ((least, greatest),) = market.ask("SELECT min(client_id), max(client_id) FROM raw.client")
    assert BASE < least <= greatest < BASE + 10**12
    assert market.ask("SELECT DISTINCT channel FROM raw.sales_order WHERE NOT is_deleted") == [("marketplace",)]
    market.ask("CALL raw.audit_documents()")
    for entity in ("client", "product", "sale", "sales_order"):
        market.ask(f"CALL dds.load_{entity}()")
    market.ask("CALL sl.audit()")
    bookmarks = market.ask(of_the_page("bookmarks"))
    assert [stream for stream, *_ in bookmarks] == ["marketplace.orders", "marketplace.products", "marketplace.users"]
    # Nothing new: nothing lands.
    before = len(market.landed("orders"))
    assert [market.read(name, full=True).landed for name in COLLECTIONS] == [0, 0, 0]
    assert len(market.landed("orders")) == before


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('{"$date": "2026-01-05T10:00:00Z"}', "2026-01-05 10:00:00+00"),
        ('{"$date": {"$numberLong": "-157766400000"}}', "1965-01-01 00:00:00+00"),
        ('"2026-01-05T10:00:00+05:00"', "2026-01-05 05:00:00+00"),
        ('"2026-01-05 10:00:00"', "2026-01-05 07:00:00+00"),
        ('"05.01.2026 10:00:00"', "2026-01-05 07:00:00+00"),
        ('"05.01.2026"', "2026-01-04 21:00:00+00"),
        ('" "', None),
        ("null", None),
    ],
)
def test_a_time_is_read_in_each_form(warehouse: str, value: str, expected: str | None) -> None:
    with psycopg.connect(warehouse, options="-c timezone=UTC") as connection:
        assert connection.execute("SELECT raw.json_time(%s::jsonb)::text", (value,)).fetchone() == (expected,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.5", "12.5"),
        ('"1 299,90"', "1299.90"),
        ('"1\\u00a0299.5"', "1299.5"),
        ('"12 345 678"', "12345678"),
        ('" -12.5 "', "-12.5"),
        ('{"$numberDecimal": "12.5000"}', "12.5"),
        ('{"$numberDouble": "1.0E3"}', "1000"),
        ('{"$numberLong": "5"}', "5"),
        ('""', None),
        ("null", None),
    ],
)
def test_a_number_is_read_in_each_form(warehouse: str, value: str, expected: str | None) -> None:
    with psycopg.connect(warehouse) as connection:
        (found,) = connection.execute("SELECT raw.json_number(%s::jsonb)", (value,)).fetchone()
    assert found == (expected and Decimal(expected))


@pytest.mark.parametrize(
    "text", ["1,299", "1.299", "10.005", "12 50", "4 2", "1 2345", "1,299.90", "NaN", "1e3", "-", "5."]
)
def test_a_text_that_may_be_two_numbers_or_none_is_refused(warehouse: str, text: str) -> None:
    with psycopg.connect(warehouse) as connection, pytest.raises(psycopg.errors.InvalidTextRepresentation) as error:
        connection.execute("SELECT raw.json_number(to_jsonb(%s::text))", (text,))
    assert f'invalid number: "{text}"' in str(error.value)


def test_lines_that_an_order_has_no_more_are_deleted_in_one_batch_or_in_several(market: Market) -> None:
    states = ((1, 2), (1,), (1, 3), (2, 3), ())
    for number, together in ((7, True), (8, False)):
        for minutes, lines in enumerate(states):
            market.database.orders.replace_one({"_id": str(number)}, order(number, minutes, lines), upsert=True)
            market.read(full=True)
            if not together:
                market.apply()
                market.ask("CALL dds.load_sale()")
        market.apply()
        market.ask("CALL dds.load_sale()")
    market.ask("CALL raw.audit_documents()")
    assert market.ask("SELECT count(*) FROM raw.sale WHERE NOT is_deleted") == [(0,)]
    history = [
        market.ask(
            "SELECT mod(sale_id, 1000), valid_from, valid_to FROM dds.sale WHERE sale_id / 1000 - 2000000000 = %s"
            " ORDER BY 1, 2",
            number,
        )
        for number in (7, 8)
    ]
    minute = [BEGIN + timedelta(minutes=minutes) for minutes in range(5)]
    assert (
        history[0]
        == history[1]
        == [
            (1, minute[0], minute[3]),
            (2, minute[0], minute[1]),
            (2, minute[3], minute[4]),
            (3, minute[2], minute[4]),
        ]
    )


def test_a_document_that_no_mapping_takes_is_rejected_with_the_reason_and_a_mended_one_is_there(market: Market) -> None:
    bad = (
        order(1, total="по запросу"),
        order(2, lines=(1, 1)),
        order(3, lines=(1000,)),
        order(4, ordered_at="вчера"),
        order(5, note="a\x00b"),
        {**order(6), "_id": ObjectId("65f000000000000000000001")},
        order(10**9),
        order(8, lines=("x",)),
        order(9, lines=(1.5,)),
        order(11, total="1,299"),
    )
    market.database.orders.insert_many([*bad, order(7)])
    market.read()
    market.apply()
    reasons = dict(
        market.ask("SELECT d.key, r.reason FROM landing.rejected_document AS r NATURAL JOIN landing.document AS d")
    )
    assert reasons.keys() == {str(one["_id"]) for one in bad}
    assert sorted(reason for *_, reason in market.ask(of_the_page("unreadable"))) == sorted(reasons.values())
    assert 'invalid number: "по запросу"' in reasons["1"]
    assert "gives no sale_id" in reasons["2"]
    assert 'bigint: "1.5"' in reasons["9"]
    assert "is no JSON object" in reasons["5"]
    assert market.ask("SELECT order_id - %s FROM raw.sales_order", BASE) == [(7,)]
    # A state that was rejected and is replayed comes after later ones: they hold.
    market.database.orders.replace_one({"_id": "2"}, order(2, 1, (2,)))
    market.read()
    market.apply()
    market.ask(
        "UPDATE landing.document SET body = jsonb_set(body, '{lines}', body -> 'lines' -> 0 || '[]') WHERE key = '2'"
        " AND jsonb_array_length(body -> 'lines') = 2"
    )
    market.ask("CALL raw.replay_documents('marketplace.orders')")
    market.ask("CALL raw.audit_documents()")
    assert market.ask(
        "SELECT mod(sale_id, 1000) FROM raw.sale WHERE NOT is_deleted AND sale_id / 1000 = 2000000002"
    ) == [(2,)]


def test_no_key_stops_a_reading_and_what_had_it_can_be_deleted(market: Market) -> None:
    keys = ("12345678901234567890123", "9" * 19, "-5", -6, "a\0b", "x" * 5000)
    market.database.orders.insert_many([*({**order(1), "_id": key} for key in keys), order(1), order(2)])
    assert market.read().landed == 8
    market.apply()
    assert market.ask("SELECT count(*) FROM landing.rejected_document") == [(6,)]
    assert market.read(full=True).landed == 0
    market.database.orders.delete_many({"_id": {"$in": list(keys)}})
    assert market.read(full=True).deleted == 6
    assert market.read().landed == 0


def test_a_second_reader_of_a_collection_ends_with_a_sentence(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "LOCK_SECONDS", 0)
    market.database.orders.insert_one(order(1))

    def read_beside(_result: extract.Result) -> None:
        with pytest.raises(extract.BusyError, match=r"Another reader is at marketplace\.orders: wait for its end"):
            market.read()
        market.read("users")

    assert market.read(progress=read_beside).landed == 1
    assert market.read(full=True).landed == 0


def test_forgetting_a_person_empties_what_landed(market: Market) -> None:
    market.database.users.insert_one(
        {
            "_id": "9",
            "first_name": "Анна",
            "last_name": "Орлова",
            "contacts": {"email": "anna@example.com"},
            "address": {"region": "North", "street": "Садовая улица, 5"},
            "updated_at": BEGIN,
        }
    )
    market.read("users")
    market.apply("users")
    market.ask("CALL dds.load_client()")
    market.ask("CALL dds.forget_client(%s)", BASE + 9)
    words = ("Анна", "Орлова", "anna", "Садовая")
    everything = market.ask("SELECT string_agg(d::text, ' ') FROM landing.document AS d")[0][0]
    assert not [word for word in words if word in everything]
    # Who comes again stays forgotten.
    market.database.users.update_one({"_id": "9"}, {"$set": {"loyalty": "Gold", "updated_at": datetime.now(UTC)}})
    assert market.read("users").landed == 1
    market.apply("users")
    everything = market.ask(
        "SELECT string_agg(d::text, ' ') || (SELECT string_agg(c::text, ' ') FROM raw.client AS c)"
        " FROM landing.document AS d"
    )[0][0]
    assert "Gold" in everything
    assert not [word for word in words if word in everything]


def test_a_person_whose_document_was_rejected_can_be_forgotten(market: Market) -> None:
    market.database.users.insert_many(
        [
            {"_id": _id, "first_name": "Анна", "birth_date": "вчера", "updated_at": BEGIN}
            for _id in ("9", ObjectId("65f000000000000000000001"))
        ]
    )
    market.read("users")
    market.apply("users")
    market.ask("CALL dds.forget_client(%s)", BASE + 9)
    market.read("users", full=True)
    market.apply("users")
    assert market.ask(
        "SELECT body, reason FROM landing.document NATURAL JOIN landing.rejected_document WHERE key = '9'"
    ) == [("(erased)", "(erased)")]
    with pytest.raises(psycopg.errors.DatabaseError, match="no client 2000000000010 is known"):
        market.ask("CALL dds.forget_client(%s)", BASE + 10)
    # Of one that has no number nobody can say who is meant: it goes with its time.
    market.ask("UPDATE landing.document SET landed_at = landed_at - interval '31 days'")
    market.ask("CALL raw.purge_documents()")
    assert market.ask("SELECT count(*) FROM landing.document") == [(0,)]


# --- what is read ----------------------------------------------------------------------------------------------------


def test_the_first_reading_takes_all_and_later_ones_what_has_changed(market: Market) -> None:
    market.database.orders.insert_many([order(number, number, mark="a") for number in range(1, 51)])
    assert market.read() == extract.Result(read=50, landed=50, batches=1)
    market.database.orders.replace_one({"_id": "3"}, order(3, 100, mark="b"))
    market.database.orders.insert_one(order(51, 101, mark="a"))
    # The overlap brings some again, which do not land again; most are not read at all.
    result = market.read()
    assert (result.landed, result.read < 20) == (2, True)
    assert market.read().landed == 0
    assert market.marks() == {**{str(number): "a" for number in range(1, 52)}, "3": "b"}


@pytest.mark.parametrize("updated_at", ["2026-01-05T12:30:00+03:00", "2026-01-05T09:30:00Z", "05.01.2026 12:30:00"])
def test_an_update_time_that_is_a_text_is_found_like_any_other(market: Market, updated_at: str) -> None:
    market.database.orders.insert_many([order(1), order(2, 60)])
    market.read()
    market.database.orders.replace_one({"_id": "1"}, order(1, mark="b", updated_at=updated_at))
    market.read()
    assert market.marks() == {"1": "b", "2": None}
    assert market.ask("SELECT written_at FROM landing.document WHERE key = '1' AND body ? 'mark'") == [
        (BEGIN + timedelta(minutes=30),)
    ]


def test_two_with_the_same_time_and_a_clock_behind_and_none_is_lost(market: Market) -> None:
    market.database.orders.insert_many([order(number, 60, mark="a") for number in (1, 2)])
    market.read()
    # The bookmark is at this time, and at one of these.
    market.database.orders.insert_many([order(number, 60, mark="same") for number in (3, 10)])
    # Of a clock that is behind by less than the overlap.
    market.database.orders.insert_one(order(4, 52, mark="behind"))
    # The same document again in the same moment, and by a clock behind.
    market.database.orders.replace_one({"_id": "1"}, order(1, 60, mark="b", status="Completed"))
    market.database.orders.replace_one({"_id": "2"}, order(2, 55, mark="c", status="Aborted"))
    assert market.read().landed == 5
    assert market.marks() == {"1": "b", "2": "c", "3": "same", "10": "same", "4": "behind"}
    # By more than the overlap: the comparison finds it.
    market.database.orders.insert_one(order(5, 10, mark="far behind"))
    assert market.read().landed == 0
    assert market.read(full=True).landed == 1
    market.apply()
    market.ask("CALL dds.load_sales_order()")
    # The last one read is the current one, and what was before is not lost.
    assert market.ask(
        "SELECT order_id - %s, array_agg(status ORDER BY valid_from), (array_agg(status) FILTER (WHERE is_current))[1]"
        " FROM dds.sales_order WHERE order_id IN (%s, %s) GROUP BY 1 ORDER BY 1",
        BASE,
        BASE + 1,
        BASE + 2,
    ) == [(1, ["Paid", "Completed"], "Completed"), (2, ["Paid", "Aborted"], "Aborted")]


def test_a_clock_ahead_hides_nothing_that_comes_after(market: Market) -> None:
    market.database.orders.insert_one(order(1))
    market.read()
    market.database.orders.insert_one(order(2, updated_at=datetime(2199, 1, 1, tzinfo=UTC)))
    market.read()
    now = datetime.now(UTC)
    market.database.orders.insert_one(order(3, updated_at=now))
    market.database.orders.replace_one({"_id": "2"}, order(2, mark="b", updated_at=now))
    market.read()
    assert market.marks() == {"1": None, "2": "b", "3": None}
    assert market.ask("SELECT count(*) FROM landing.document WHERE written_at > clock_timestamp()") == [(0,)]


def test_documents_without_an_update_time_are_found_by_the_comparison(market: Market) -> None:
    market.database.orders.insert_one(order(1))
    market.read()
    for mark in ("a", "b"):
        document = order(2, mark=mark)
        del document["updated_at"]
        market.database.orders.replace_one({"_id": "2"}, document, upsert=True)
        assert market.read(full=True).landed == 1
    assert [mark for key, _, mark in market.landed() if key == "2"] == ["a", "b"]


# --- what is gone ----------------------------------------------------------------------------------------------------


def test_what_is_gone_is_deleted_and_what_comes_back_is_there_again(market: Market) -> None:
    market.database.orders.insert_many([order(number, number) for number in range(1, 30)])
    market.read()
    market.apply()
    market.database.orders.delete_one({"_id": "5"})
    assert market.read().deleted == 0
    assert market.read(full=True).deleted == 1
    assert market.read(full=True).deleted == 0
    market.apply()
    current = "SELECT count(*) FROM raw.sales_order WHERE NOT is_deleted"
    assert (market.ask(current), market.ask("SELECT count(*) FROM raw.sale WHERE NOT is_deleted")) == ([(28,)], [(28,)])
    # As it was, with the time that it had.
    market.database.orders.insert_one(order(5, 5))
    assert market.read(full=True).landed == 1
    market.apply()
    assert market.ask(current) == [(29,)]
    market.ask("CALL dds.load_sales_order()")
    assert market.ask(
        "SELECT count(*), count(*) FILTER (WHERE is_current) FROM dds.sales_order WHERE order_id = %s", BASE + 5
    ) == [(2, 1)]


def test_what_comes_or_is_put_back_while_all_is_read_is_not_deleted(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.database.orders.insert_many([order(number, number) for number in range(1, 30)])
    market.read()
    market.database.orders.delete_one({"_id": "11"})
    monkeypatch.setattr(extract, "BATCH", 10)
    put_back = iter([order(11, 11)])

    def put(_result: extract.Result) -> None:
        for document in put_back:
            market.database.orders.insert_many([document, order(100, 100)])

    assert market.read(full=True, progress=put).deleted == 0


def test_a_collection_that_is_empty_or_much_smaller_is_an_error_and_no_deletion(market: Market) -> None:
    market.database.orders.insert_many([order(number, number) for number in range(1, 301)])
    market.read()
    market.database.orders.delete_many({"_id": {"$in": [str(number) for number in range(1, 151)]}})
    with pytest.raises(UnlikelyError, match=r"150 of the 300 documents of marketplace.orders .* accept_deletions on"):
        market.read(full=True)
    assert all(there for _, there, _ in market.landed())
    assert market.ask("SELECT problem FROM landing.status_stream WHERE stream = 'marketplace.orders'")[0][0].startswith(
        "150 of"
    )
    with market.reader() as reader:
        assert extract.extract(reader, full=True, accept_deletions=True).deleted == 150
    assert market.ask("SELECT problem FROM landing.status_stream WHERE stream = 'marketplace.orders'") == [(None,)]
    market.database.orders.drop()
    market.database.users.insert_one({"_id": "1", "first_name": "Анна", "last_name": "Орлова", "updated_at": BEGIN})
    market.read("users")
    market.database.users.drop()
    with pytest.raises(UnlikelyError, match="1 of the 1 documents"):
        market.read("users", full=True)


# --- what is killed --------------------------------------------------------------------------------------------------

READ = """
import os, sys, time
import psycopg
from pymongo import MongoClient
from sources.marketplace import extract
extract.BATCH = 10
url, database, dsn, pause = sys.argv[1:]
def told(result):
    print(result.landed, flush=True)
    time.sleep(float(pause))
with psycopg.connect(dsn, autocommit=True) as warehouse:
    reader = extract.Reader(MongoClient(url)[database], warehouse, "orders", progress=told)
    extract.extract(reader, full=False)
"""


def reading(market: Market, pause: float) -> subprocess.Popen:
    """Start a reading of orders in a process of its own, which pauses after each batch of ten."""
    return subprocess.Popen(
        [sys.executable, "-c", READ, market.server.url, market.database.name, market.dsn, str(pause)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def once(market: Market, count: int) -> bool:
    """Tell whether each of so many documents has landed once, and no other."""
    return sorted(market.landed(), key=lambda row: int(row[0])) == [(str(n), True, "a") for n in range(1, count + 1)]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_reader_that_is_killed_between_batches_resumes_and_lands_each_document_once(
    market: Market, is_first: bool
) -> None:
    if not is_first:
        market.database.orders.insert_one(order(1, 1, mark="a"))
        market.read()
    market.database.orders.insert_many([order(n, n, mark="a") for n in range(1 if is_first else 2, 101)])
    process = reading(market, 60)
    assert process.stdout.readline().strip() in ("9", "10")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.communicate()
    assert len(market.landed()) < 20
    market.read()
    assert once(market, 100)


def test_a_server_that_is_killed_in_the_middle_of_a_reading_is_told_and_nothing_is_lost(
    scratch: Path, tmp_path: Path, market: Market
) -> None:
    server = MarketplaceServer(scratch / "marketplace-killed", free_port())
    server.start()
    with MongoClient(server.url, serverSelectionTimeoutMS=500) as client:
        own = Market(server, client["market"], market.dsn, market.session)
        own.database.orders.insert_many([order(n, n, mark="a") for n in range(1, 2001)])

        def kill(result: extract.Result) -> None:
            if result.batches == 1:
                server.kill()

        with pytest.raises(PyMongoError):
            own.read(progress=kill)
        told = status.look(Settings(tmp_path, external_warehouse=market.dsn))
        assert [row["collection"] for row in told.tables["marketplace"]] == ["orders"]
        said = f"The marketplace's orders could not be read: 127.0.0.1:{server.port}"
        assert [problem for problem in told.problems if problem.startswith(said)]
        assert "last change landed" in status.render(told)
        assert 0 < len(own.landed()) < 2000
        server.start()
        try:
            own.read()
            assert once(own, 2000)
        finally:
            server.stop()


def test_a_connection_to_the_warehouse_that_is_ended_loses_nothing(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BATCH", 10)
    market.database.orders.insert_many([order(n, n, mark="a") for n in range(1, 101)])

    def end(result: extract.Result) -> None:
        if result.batches == 3:
            market.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    with pytest.raises(psycopg.OperationalError):
        market.read(progress=end)
    assert len(market.landed()) == 30
    market.read()
    assert once(market, 100)


def test_documents_that_change_while_they_are_read_end_as_they_are(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BATCH", 20)
    market.database.orders.insert_many([order(n, n, mark="0") for n in range(1, 101)])
    market.read()
    stop = threading.Event()

    def change() -> None:
        with MongoClient(market.server.url) as client:
            orders = client[market.database.name]["orders"]
            for turn in itertools.cycle(range(1, 101)):
                if stop.is_set():
                    return
                orders.replace_one(
                    {"_id": str(turn)}, order(turn, updated_at=datetime.now(UTC), mark=str(time.time_ns()))
                )

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for full in (False, True, False, False):
            market.read(full=full)
    finally:
        stop.set()
        writer.join()
    market.read()
    market.apply()
    assert market.marks() == {one["_id"]: one["mark"] for one in market.database.orders.find()}
    # In the order in which they were.
    marks = [(key, int(mark)) for key, _, mark in market.landed()]
    assert all(
        sorted(of_key) == of_key for key in map(str, range(1, 101)) for of_key in [[m for k, m in marks if k == key]]
    )
    market.ask("CALL raw.audit_documents()")
