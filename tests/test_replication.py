"""Logical replication of the web shop's payments, deliveries and returns: two servers, kills, a lost place, repairs."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import psycopg2.extras
import pytest

from embedded.postgres import SHOP_SETTINGS, THROW_AWAY_SETTINGS, PostgresServer, shared_settings
from tests import tally
from tests.conftest import ROOT, debian_programs, run_module
from tests.live_parts import shop_database
from tests.ports import free_port

SEED = int(os.environ.get("TSHOP_SEED") or random.randrange(10**6))
KILLS = int(os.environ.get("TSHOP_KILLS") or 6)
WEB = 10**12
# The shop's columns and those of raw, in the same order; ids are moved by WEB.
PAIRS = {
    "transactions": (
        "id, order_id, paid_at, amount, method, status, updated_at",
        "SELECT payment_id, order_id, paid_at, amount, method, status, updated_at FROM raw.payment",
    ),
    "deliveries": (
        "id, order_id, shipped_at, delivered_at, carrier, status, updated_at",
        "SELECT delivery_id, order_id, shipped_at, delivered_at, carrier, status, updated_at FROM raw.delivery",
    ),
    "returns": (
        "id, order_detail_id, returned_at, quantity, amount, reason, updated_at",
        "SELECT return_id, sale_id, returned_at, quantity, amount, reason, updated_at FROM raw.sale_return",
    ),
}
ORDER = """
INSERT INTO users (first_name) VALUES ('Анна');
INSERT INTO product_categories (name) VALUES ('Куртки');
INSERT INTO products (category_id, price, stock_quantity) SELECT max(id), 100, 1 FROM product_categories;
INSERT INTO orders (user_id, status, total_amount) SELECT max(id), 'Paid', 100 FROM users;
INSERT INTO order_details (order_id, product_id, quantity, unit_price, amount)
SELECT (SELECT max(id) FROM orders), max(id), 1, 100, 100 FROM products;
"""
# Remembers every state of the shop's rows, each with the transaction that wrote it.
HISTORY = """
CREATE TABLE past (kind text, id bigint, status text, updated_at timestamptz);
CREATE FUNCTION note_past() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO shop.past VALUES (TG_TABLE_NAME, NEW.id, to_jsonb(NEW) ->> 'status', NEW.updated_at);
    RETURN NULL;
END;
$$;
CREATE TRIGGER note_past AFTER INSERT OR UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION note_past();
CREATE TRIGGER note_past AFTER INSERT OR UPDATE ON transactions FOR EACH ROW EXECUTE FUNCTION note_past();
"""


class Pair:
    """A shop's server and a warehouse's, both one's own: they are killed here."""

    def __init__(self, folder: Path, shop_bin: Path | None, warehouse_bin: Path | None) -> None:
        # What was committed outlives the kill of a server's processes, as on real ones.
        settings = {**THROW_AWAY_SETTINGS, "synchronous_commit": "on", "autovacuum": "off"}
        # A worker that failed is started again at once.
        quick = {"wal_retrieve_retry_interval": "200ms"}
        self.shop_server = PostgresServer(folder / "shop", free_port(), "secret", shop_bin, settings)
        shop_settings = shared_settings(self.shop_server.version, SHOP_SETTINGS)
        self.shop_server.settings = {**shop_settings, **settings, "max_wal_size": "64MB", "min_wal_size": "32MB"}
        self.warehouse_server = PostgresServer(
            folder / "warehouse", free_port(), "secret", warehouse_bin, {**settings, **quick}
        )
        self.shop: dict[str, str] = {}
        self.warehouse = self.owner = ""

    def start(self) -> None:
        """Start both, and make a migrated warehouse to make others of."""
        for server in (self.shop_server, self.warehouse_server):
            server.start()
        self.warehouse_server.create_database("template")
        for module, dsns in (
            ("migrations.roles", {"WAREHOUSE_ADMIN_DSN": self.warehouse_server.dsn("template")}),
            ("migrations", {"WAREHOUSE_DSN": self.warehouse_server.dsn("template", "tshop")}),
        ):
            answer = run_module(module, **dsns, TSHOP_OWNER_PASSWORD=self.warehouse_server.password)
            assert answer.returncode == 0, answer.stderr

    def stop(self) -> None:
        """Stop both."""
        for server in (self.shop_server, self.warehouse_server):
            server.stop("immediate")

    @contextlib.contextmanager
    def databases(self) -> Iterator["Pair"]:
        """An empty shop and an empty warehouse."""
        with shop_database(self.shop_server) as dsns:
            self.shop = dsns
            self.warehouse_server.create_database("tshop", "template", "tshop")
            self.warehouse = self.warehouse_server.dsn("tshop")
            self.owner = self.warehouse_server.dsn("tshop", "tshop")
            try:
                yield self
            finally:
                self.warehouse_server.wait_ready()
                with contextlib.suppress(psycopg2.errors.UndefinedObject):
                    self.tell("ALTER SUBSCRIPTION tshop_shop DISABLE")
                    self.tell("ALTER SUBSCRIPTION tshop_shop SET (slot_name = NONE)")
                    self.tell("DROP SUBSCRIPTION tshop_shop")
                self.warehouse_server.drop_database("tshop")
                self.drop_slots()

    def drop_slots(self) -> None:
        """Drop all slots of the shop's server."""
        for (name,) in self.ask_shop("SELECT slot_name FROM pg_replication_slots", role="admin"):
            self.until(
                lambda name=name: (
                    self.ask_shop(
                        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                        "WHERE slot_name = %s AND active",
                        (name,),
                        role="admin",
                    )
                    == []
                ),
                "The slot is let go",
            )
            self.ask_shop("SELECT pg_drop_replication_slot(%s)", (name,), role="admin")

    # --- asking -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _ask(dsn: str, statement: str, values: object = None) -> list[tuple]:
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def ask_shop(self, statement: str, values: object = None, role: str = "app") -> list[tuple]:
        """Rows of a statement on the shop's database."""
        return self._ask(self.shop[role], statement, values)

    def tell(self, statement: str, values: object = None) -> list[tuple]:
        """Rows of a statement on the warehouse."""
        return self._ask(self.warehouse, statement, values)

    def problem(self) -> str | None:
        """What the warehouse's status says."""
        return self.tell("SELECT problem FROM shop.status_replication")[0][0]

    def replication(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run ``python -m sources.replication``."""
        return run_module(
            "sources.replication",
            *arguments,
            WAREHOUSE_ADMIN_DSN=self.warehouse,
            WAREHOUSE_DSN=self.owner,
            SHOP_REPLICA_DSN=self.shop["replica"],
        )

    def made(self, *arguments: str) -> str:
        """The same, which has to succeed; returns what it says."""
        answer = self.replication(*arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            # A server may be on its way up.
            with contextlib.suppress(psycopg2.OperationalError):
                if holds():
                    return
            time.sleep(0.1)
        pytest.fail(f"It never came to this: {what}. Status: {self.problem()}")

    def in_shop(self, table: str) -> list[tuple]:
        """All rows of a table of the shop, ids as raw has them."""
        columns = PAIRS[table][0]
        rows = self.ask_shop(f"SELECT {columns} FROM {table} ORDER BY id")
        return [(row[0] + WEB, row[1] and row[1] + WEB, *row[2:]) for row in rows]

    def in_raw(self, table: str) -> list[tuple]:
        """All rows that raw has of a table of the shop and that are not deleted."""
        return self.tell(f"{PAIRS[table][1]} WHERE NOT is_deleted ORDER BY 1")

    def is_equal(self) -> bool:
        """Tell whether raw equals the shop's tables row by row."""
        return all(self.in_shop(table) == self.in_raw(table) for table in PAIRS)

    def assert_equal(self) -> None:
        """Hold that raw equals the shop's tables once it has followed."""
        self.until(self.is_equal, "raw equals the shop's tables")

    # --- what happens in the shop -------------------------------------------------------------------------------------

    def write(self, rows: int = 20) -> None:
        """Payments, deliveries and returns, some of which change, some of which are deleted."""
        self.ask_shop(
            """
            INSERT INTO transactions (order_id, paid_at, amount, method, status)
            SELECT (SELECT max(id) FROM orders), now(), g, 'card', 'Succeeded' FROM generate_series(1, %(n)s) AS g;
            INSERT INTO deliveries (order_id, shipped_at, carrier, status)
            SELECT (SELECT max(id) FROM orders), now(), 'Тройка', 'Shipped' FROM generate_series(1, %(n)s) AS g;
            INSERT INTO returns (order_detail_id, returned_at, quantity, amount, reason)
            SELECT (SELECT max(id) FROM order_details), now(), 1, g, 'faulty' FROM generate_series(1, %(n)s) AS g;
            """,
            {"n": rows},
        )
        # In a transaction of its own: a state that was never committed is none.
        self.ask_shop(
            """
            UPDATE transactions SET status = 'Refunded' WHERE id % 5 = 0 AND status = 'Succeeded';
            UPDATE deliveries SET status = 'Delivered', delivered_at = now() WHERE id % 3 = 0 AND status = 'Shipped';
            """
        )
        self.ask_shop("DELETE FROM returns WHERE id % 7 = 0; DELETE FROM transactions WHERE id % 11 = 0")

    def lose_place(self) -> None:
        """Write so much that the shop's server keeps the place of a stopped subscription no longer."""
        self.ask_shop("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'", role="admin")
        self.ask_shop("SELECT pg_reload_conf()", role="admin")
        try:
            while self.ask_shop("SELECT wal_status FROM status_replication", role="monitor") != [("lost",)]:
                self.ask_shop("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000))", role="admin")
                self.ask_shop("SELECT pg_switch_wal()", role="admin")
                self.ask_shop("CHECKPOINT", role="admin")
        finally:
            self.ask_shop("ALTER SYSTEM RESET max_slot_wal_keep_size", role="admin")
            self.ask_shop("SELECT pg_reload_conf()", role="admin")


@pytest.fixture(scope="module", params=[(18, 18), (15, 15)], ids=lambda versions: "{}-to-{}".format(*versions))
def servers(request: pytest.FixtureRequest, scratch: Path) -> Iterator[Pair]:
    """The two servers, by the versions of the shop's and of the warehouse's."""
    programs = [None if version == 18 else debian_programs(version) for version in request.param]
    pair = Pair(scratch / "replication-{}-{}".format(*request.param), *programs)
    pair.start()
    yield pair
    pair.stop()


@pytest.fixture
def pair(servers: Pair) -> Iterator[Pair]:
    """A shop with one order, and an empty warehouse with no subscription yet."""
    with servers.databases() as both:
        both.ask_shop(ORDER)
        yield both


def test_changes_reach_raw(pair: Pair) -> None:
    """What was there is copied, what comes follows; a deletion marks raw's row, later than its last state."""
    assert "no subscription" in pair.problem()
    pair.write()
    assert "0 rows carried, 0 deleted" in pair.made()
    assert pair.is_equal()
    assert pair.problem() is None
    pair.write()
    pair.assert_equal()
    deleted, early = pair.tell(
        "SELECT count(*), count(*) FILTER (WHERE r.updated_at <= r.returned_at) "
        "FROM raw.sale_return AS r WHERE r.is_deleted"
    )[0]
    # Those that were deleted before the first copy never came.
    assert (deleted, early) == (3, 0)
    assert pair.made() == "sources.replication: the subscription runs\n"
    [(problem, lag)] = pair.ask_shop("SELECT problem, lag_bytes FROM status_replication", role="monitor")
    assert problem is None
    assert lag is not None


def test_the_worker_may_write_the_mirrors_alone(pair: Pair) -> None:
    """The subscription's owner is no superuser, on any version, and may not even read raw."""
    pair.made()
    assert pair.tell(
        "SELECT subowner::regrole::text, r.rolsuper FROM pg_subscription AS s "
        "INNER JOIN pg_roles AS r ON r.oid = s.subowner"
    ) == [("tshop_replica", False)]
    assert pair.tell(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace::regnamespace::text IN "
        "('landing', 'shop', 'raw', 'dds', 'cdm', 'spark', 'sl') AND c.relkind IN ('r', 'v') "
        "AND has_table_privilege('tshop_replica', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1"
    ) == [(f"shop.{mirror}",) for mirror in ("deleted_row", "deliveries", "relay_state", "returns", "transactions")]
    assert pair.tell(
        "SELECT count(*) FROM pg_proc AS p WHERE p.pronamespace::regnamespace::text IN "
        "('landing', 'shop', 'raw', 'dds', 'cdm', 'spark', 'sl') "
        "AND has_function_privilege('tshop_replica', p.oid, 'EXECUTE')"
    ) == [(0,)]


def test_another_id_is_another_row(pair: Pair) -> None:
    """The row of the old id is deleted, one of the new id is there."""
    pair.made()
    pair.write(1)
    pair.assert_equal()
    [(old,)] = pair.ask_shop("SELECT id FROM deliveries")
    pair.ask_shop("UPDATE deliveries SET id = DEFAULT")
    pair.assert_equal()
    assert pair.tell("SELECT is_deleted FROM raw.delivery WHERE delivery_id = %s", (old + WEB,)) == [(True,)]


def test_a_row_that_is_back_is_back(pair: Pair) -> None:
    """Deleted and written again, however late that arrives: the deletion counts from when it was."""
    pair.made()
    pair.write(1)
    pair.assert_equal()
    pair.tell("ALTER SUBSCRIPTION tshop_shop DISABLE")
    before = dict(pair.ask_shop("SELECT id, updated_at FROM deliveries"))
    for table in ("returns", "deliveries", "transactions"):
        pair.ask_shop(
            f"CREATE TABLE kept AS SELECT * FROM {table} ORDER BY id LIMIT 1; DELETE FROM {table} WHERE id = 1",
            role="admin",
        )
        pair.ask_shop(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept", role="admin")
    after = dict(pair.ask_shop("SELECT id, updated_at FROM deliveries"))
    pair.made()
    pair.assert_equal()
    for entity, key in (("delivery", "delivery_id"), ("payment", "payment_id"), ("sale_return", "return_id")):
        pair.tell(f"CALL dds.load_{entity}()")
        assert pair.tell(f"SELECT {key} FROM dds.{entity} WHERE is_current") == [(1 + WEB,)]
    (first, second) = pair.tell("SELECT valid_from, valid_to FROM dds.delivery ORDER BY valid_from")
    assert (first[0], second[0]) == (before[1], after[1])
    assert before[1] < first[1] < after[1]


def test_a_warehouse_that_was_set_back_is_told_and_repaired(pair: Pair) -> None:
    """As after a restore of a base backup: its place is older than what it has confirmed to the shop's server."""
    pair.made()
    beat = "UPDATE relay_state SET seen_at = clock_timestamp()"

    def write() -> None:
        pair.write()
        pair.ask_shop(beat, role="relay")

    write()
    pair.assert_equal()
    assert pair.problem() is None
    server = pair.warehouse_server
    server.stop()
    backup = server.folder / "backup"
    subprocess.run(["cp", "-a", server.data, backup], check=True)
    server.start()
    write()
    pair.assert_equal()
    server.stop()
    shutil.rmtree(server.data)
    backup.rename(server.data)
    server.start()
    write()
    pair.until(lambda: "was set back" in (pair.problem() or ""), "The status tells")
    assert not pair.is_equal()
    answer = pair.replication()
    assert answer.returncode == 1
    assert "was set back" in answer.stderr
    pair.made("--repair")
    assert pair.is_equal()
    assert pair.problem() is None
    write()
    pair.assert_equal()


def test_a_subscription_without_its_slot_is_made_again(pair: Pair) -> None:
    """As where a repair was killed between two of its statements."""
    pair.made()
    pair.write()
    pair.tell("ALTER SUBSCRIPTION tshop_shop DISABLE")
    pair.tell("ALTER SUBSCRIPTION tshop_shop SET (slot_name = NONE)")
    pair.made()
    assert pair.is_equal()
    assert pair.problem() is None


def test_the_role_of_the_subscription_copies_no_whole_server(pair: Pair) -> None:
    """REPLICATION would let it take a base backup, with every person and every password's hash."""
    parts = psycopg2.extensions.parse_dsn(pair.shop["replica"])
    with pytest.raises(psycopg2.OperationalError, match=r"pg_hba.conf rejects replication|no pg_hba.conf entry"):
        psycopg2.connect(
            **{**parts, "dbname": "replication"}, connection_factory=psycopg2.extras.PhysicalReplicationConnection
        )


def test_a_stopped_subscription_is_told_and_started(pair: Pair) -> None:
    """The same command starts it again, and what came in the meantime follows."""
    pair.made()
    pair.tell("ALTER SUBSCRIPTION tshop_shop DISABLE")
    assert pair.problem() == "The subscription is stopped: python -m sources.replication starts it."
    pair.write()
    assert pair.made() == "sources.replication: the subscription was stopped and runs again\n"
    pair.assert_equal()


def test_a_row_in_the_way_is_told_and_repaired(pair: Pair) -> None:
    """Who writes into a mirror by hand stops the subscription: the status says so, and the repair heals it."""
    pair.made()
    pair.tell("INSERT INTO shop.transactions (id, updated_at) VALUES (1, now())")
    pair.write(1)
    pair.until(
        lambda: pair.tell("SELECT errors > 0 AND problem LIKE '%%does not run%%' FROM shop.status_replication")[0][0],
        "The status tells",
    )
    pair.made("--repair")
    assert pair.is_equal()


def test_a_lost_place_is_told_and_repaired(pair: Pair) -> None:
    """The shop's server kept its write-ahead log to its limit; rows changed and were deleted meanwhile."""
    pair.made()
    pair.write(100)
    pair.assert_equal()
    pair.tell("ALTER SUBSCRIPTION tshop_shop DISABLE")
    pair.ask_shop("UPDATE transactions SET status = 'Failed' WHERE id = 1")
    pair.ask_shop("DELETE FROM transactions WHERE id = 2; DELETE FROM deliveries; DELETE FROM returns WHERE id = 1")
    pair.write(5)
    pair.lose_place()
    [(problem,)] = pair.ask_shop("SELECT problem FROM status_replication", role="monitor")
    assert problem.endswith("its place is lost: python -m sources.replication --repair.")
    pair.tell("ALTER SUBSCRIPTION tshop_shop ENABLE")
    pair.until(lambda: "does not run" in (pair.problem() or ""), "The status tells")
    answer = pair.replication()
    assert answer.returncode == 1
    assert answer.stderr.startswith("sources.replication: The place of the warehouse at the shop's server is lost")
    assert answer.stderr.endswith("Run python -m sources.replication --repair, which copies the tables again.\n")
    before = len(pair.tell("SELECT 1 FROM raw.delivery WHERE is_deleted"))
    assert "deleted" in pair.made("--repair")
    assert pair.is_equal()
    assert pair.tell("SELECT is_deleted FROM raw.payment WHERE payment_id = %s", (2 + WEB,)) == [(True,)]
    assert len(pair.tell("SELECT 1 FROM raw.delivery WHERE is_deleted")) == before + 100
    assert pair.problem() is None
    # What was equal was not written again: no load reads it.
    [(first,)] = pair.tell("SELECT min(changed_xid) FROM raw.payment WHERE NOT is_deleted")
    assert pair.tell("CALL raw.reconcile_mirrors()") == [(0, 0)]
    assert pair.tell("SELECT min(changed_xid) FROM raw.payment WHERE NOT is_deleted") == [(first,)]
    pair.write(5)
    pair.assert_equal()


def test_another_server_in_its_place_is_told_and_repaired(pair: Pair) -> None:
    """A server that was made anew has no slot, and other rows of the same ids."""
    pair.made()
    pair.write(30)
    pair.assert_equal()
    pair.tell("ALTER SUBSCRIPTION tshop_shop DISABLE")
    pair.drop_slots()
    answer = pair.replication()
    assert answer.returncode == 1
    assert "the server has none: it was dropped, or this is another server" in answer.stderr
    pair.made("--repair")
    assert pair.is_equal()


def test_a_killed_repair_is_resumed(pair: Pair) -> None:
    """Killed anywhere, the next run completes it, and a plain one does where the subscription is made."""
    print(f"TSHOP_SEED={SEED}")
    chance = random.Random(SEED)
    pair.made()
    pair.write(500)
    pair.assert_equal()
    environment = {
        **os.environ,
        "WAREHOUSE_ADMIN_DSN": pair.warehouse,
        "WAREHOUSE_DSN": pair.owner,
        "SHOP_REPLICA_DSN": pair.shop["replica"],
    }
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "sources.replication", "--repair"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pair.ask_shop("UPDATE transactions SET amount = amount + 1 WHERE id < 50; DELETE FROM deliveries WHERE id < 5")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.random() * 1.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        tally.add("kills of the repair of the replication")
    answer = pair.replication()
    assert answer.returncode == 0, answer.stderr
    assert pair.problem() is None
    pair.write()
    pair.assert_equal()
    # No slot of a killed copy is left to keep the shop's write-ahead log.
    assert pair.ask_shop("SELECT slot_name FROM pg_replication_slots", role="admin") == [("tshop_shop",)]


def test_kills_lose_nothing(pair: Pair) -> None:
    """Either server is killed at any moment, and writers go on: raw ends equal, and every state is in dds."""
    print(f"TSHOP_SEED={SEED}")
    chance = random.Random(SEED)
    pair.ask_shop(HISTORY, role="owner")
    pair.made()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with contextlib.suppress(psycopg2.OperationalError):
                pair.write(3)
            stop.wait(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(KILLS):
            time.sleep(chance.random() * 1.5)
            server = chance.choice((pair.shop_server, pair.warehouse_server))
            server.kill()
            server.start()
            server.wait_ready()
            tally.add("kills of a server of the replication")
    finally:
        stop.set()
        writer.join()
    pair.assert_equal()
    for entity in ("payment", "delivery"):
        pair.tell(f"CALL dds.load_{entity}()")
    for kind, entity in (("transactions", "payment"), ("deliveries", "delivery")):
        past = pair.ask_shop("SELECT id, status, updated_at FROM past WHERE kind = %s", (kind,), role="owner")
        versions = set(pair.tell(f"SELECT {entity}_id, status, valid_from FROM dds.{entity}"))
        assert len(past) > KILLS
        assert {(number + WEB, status, at) for number, status, at in past} <= versions


def test_mirrors_that_are_not_whole_are_not_compared(pair: Pair) -> None:
    """Else all that is not copied yet would count as deleted."""
    with pytest.raises(psycopg2.Error) as raised:
        pair.tell("CALL raw.reconcile_mirrors()")
    assert raised.value.pgcode == "TS022"


def test_wrong_input_gets_one_sentence(pair: Pair) -> None:
    """On one line, with no password in it."""
    good = {
        "WAREHOUSE_ADMIN_DSN": pair.warehouse,
        "WAREHOUSE_DSN": pair.owner,
        "SHOP_REPLICA_DSN": pair.shop["replica"],
    }
    for wrong, told in (
        ({"WAREHOUSE_ADMIN_DSN": ""}, "WAREHOUSE_ADMIN_DSN is not set"),
        ({"SHOP_REPLICA_DSN": "secret"}, "SHOP_REPLICA_DSN is not a libpq URI"),
        ({"SHOP_REPLICA_DSN": "postgresql://a:secret@127.0.0.1:1/shop"}, "The shop's server does not answer"),
        ({"WAREHOUSE_DSN": ""}, "WAREHOUSE_DSN is not set"),
        ({"WAREHOUSE_DSN": pair.shop["owner"]}, "WAREHOUSE_ADMIN_DSN and WAREHOUSE_DSN name two databases"),
        (
            {"WAREHOUSE_ADMIN_DSN": pair.shop["admin"], "WAREHOUSE_DSN": pair.shop["owner"]},
            "The warehouse has no mirrors of the web shop: run make migrate",
        ),
        ({"WAREHOUSE_ADMIN_DSN": pair.owner}, "The user of WAREHOUSE_ADMIN_DSN is no superuser"),
        ({"SHOP_REPLICA_DSN": pair.shop_server.dsn("postgres")}, "The shop's database has no publication tshop"),
        ({"SHOP_REPLICA_DSN": pair.warehouse}, "The shop's server has wal_level = replica"),
    ):
        answer = run_module("sources.replication", **{**good, **wrong})
        assert (answer.returncode, answer.stdout) == (1, "")
        assert answer.stderr.startswith(f"sources.replication: {told}"), answer.stderr
        assert answer.stderr.count("\n") == 1
        assert "secret" not in answer.stderr
