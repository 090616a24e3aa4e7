"""The shop's own database: what a change puts into the outbox, who may do what, what is told where it fails."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg2
import pytest

from embedded.postgres import SHOP_SETTINGS, PostgresServer, shared_settings
from tests.conftest import run_module
from tests.live_parts import shop_database

WITH_MESSAGES = ("users", "product_categories", "products", "orders", "order_details")
COPIED = ("transactions", "deliveries", "returns")
TABLES = (*WITH_MESSAGES, *COPIED)
# A row of each table, in an order in which one may be written after the other.
ROWS = {
    "users": "INSERT INTO users (first_name, last_name, birth_date, email, phone, loyalty_status, region) VALUES "
    "('Анна', 'Иванова', '1990-05-05', 'anna@example.com', '+70000000001', 'Basic', 'North') RETURNING id",
    "product_categories": "INSERT INTO product_categories (name) VALUES ('Куртки') RETURNING id",
    "products": "INSERT INTO products (category_id, name, size, price, description, stock_quantity) "
    "SELECT max(id), 'Куртка \"Север\"', 'M', 100.50, E'две\\nстроки', 7 FROM product_categories RETURNING id",
    "orders": "INSERT INTO orders (user_id, status, total_amount, region) "
    "SELECT max(id), 'Pending', 201.00, 'North' FROM users RETURNING id",
    "order_details": "INSERT INTO order_details (order_id, product_id, quantity, unit_price, amount) "
    "SELECT (SELECT max(id) FROM orders), max(id), 2, 100.50, 201.00 FROM products RETURNING id",
    "transactions": "INSERT INTO transactions (order_id, paid_at, amount, method, status) "
    "SELECT max(id), now(), 201, 'card', 'Succeeded' FROM orders RETURNING id",
    "deliveries": "INSERT INTO deliveries (order_id, shipped_at, carrier, status) "
    "SELECT max(id), now(), 'Тройка', 'Shipped' FROM orders RETURNING id",
    "returns": "INSERT INTO returns (order_detail_id, returned_at, quantity, amount, reason) "
    "SELECT max(id), now(), 1, 100.50, 'faulty' FROM order_details RETURNING id",
}
CHANGES = {
    "users": "email = 'other@example.com'",
    "product_categories": "name = 'Пальто'",
    "products": "price = 99.00",
    "orders": "status = 'Paid'",
    "order_details": "quantity = 3",
    "transactions": "status = 'Refunded'",
    "deliveries": "status = 'Delivered'",
    "returns": "quantity = 2",
}


class Shop:
    """A database of the shop, asked as one of its roles."""

    def __init__(self, dsns: dict[str, str]) -> None:
        self.dsns = dsns

    @contextlib.contextmanager
    def session(self, role: str = "app") -> Iterator[psycopg2.extensions.cursor]:
        """A cursor whose statements commit by themselves until one of them is BEGIN."""
        with contextlib.closing(psycopg2.connect(self.dsns[role])) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            yield cursor

    def ask(self, statement: str, values: object = None, role: str = "app") -> list[tuple]:
        """Rows of a statement."""
        with self.session(role) as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def insert(self, table: str) -> int:
        """Write the row of a table; returns its id."""
        return self.ask(ROWS[table])[0][0]

    def messages(self) -> list[tuple]:
        """Take the messages out of the outbox: table, id, what happened, payload, when."""
        return self.ask(
            "WITH taken AS (DELETE FROM outbox RETURNING *) "
            "SELECT aggregatetype, aggregateid, type, payload, occurred_at FROM taken ORDER BY id",
            role="relay",
        )


@pytest.fixture
def shop(postgres_server: PostgresServer) -> Iterator[Shop]:
    """An empty, migrated database of the shop."""
    with shop_database(postgres_server) as dsns:
        yield Shop(dsns)


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A database with a row in each table, and an empty outbox."""
    for table in TABLES:
        shop.insert(table)
    shop.messages()
    return shop


# --- the outbox -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", WITH_MESSAGES)
def test_each_change_has_its_message(filled: Shop, table: str) -> None:
    """A message bears the whole row as it is after the change; a deletion none; who reads psql's changes sees them."""
    number = filled.insert(table)
    more = ""
    if table == "order_details":
        more = (
            " || (SELECT jsonb_build_object('user_id', o.user_id, 'ordered_at', o.ordered_at) "
            "FROM orders AS o WHERE o.id = t.order_id)"
        )
    wanted = []
    for what in ("created", "changed"):
        if what == "changed":
            filled.ask(f"UPDATE {table} SET {CHANGES[table]} WHERE id = %s", (number,))
        [(row,)] = filled.ask(f"SELECT to_jsonb(t){more} FROM {table} AS t WHERE id = %s", (number,))
        wanted.append((what, row))
    filled.ask(f"DELETE FROM {table} WHERE id = %s", (number,))
    created, changed, deleted = filled.messages()
    for message, (what, row) in zip((created, changed), wanted, strict=True):
        aggregatetype, aggregateid, event, payload, occurred_at = message
        assert (aggregatetype, aggregateid, event) == (table, str(number), f"{table}_{what}")
        assert payload["row"] == row
        assert payload["schema_version"] == 1
        assert payload["event"] == event
        [(same, not_before)] = filled.ask(
            "SELECT %(a)s::timestamptz = %(b)s, %(b)s >= %(c)s::timestamptz",
            {"a": payload["occurred_at"], "b": occurred_at, "c": row["updated_at"]},
        )
        assert (same, not_before) == (True, True)
    assert deleted[:4] == (table, str(number), f"{table}_deleted", None)
    assert deleted[4] > changed[4]


@pytest.mark.parametrize("table", COPIED)
def test_what_is_copied_has_no_message(filled: Shop, table: str) -> None:
    """Logical replication brings these tables: a message would bring them twice."""
    number = filled.insert(table)
    filled.ask(f"UPDATE {table} SET {CHANGES[table]} WHERE id = %s", (number,))
    filled.ask(f"DELETE FROM {table} WHERE id = %s", (number,))
    assert filled.messages() == []


def test_numbers_and_times_mean_the_same_in_every_session(filled: Shop) -> None:
    """Numbers are JSON's, and times name their offset, whatever the session of the writer has set."""
    with filled.session() as cursor:
        cursor.execute("SET timezone = 'Asia/Vladivostok'; SET datestyle = 'German'; SET extra_float_digits = -5")
        cursor.execute(ROWS["users"])
        cursor.execute(ROWS["products"])
    (_, _, _, user, _), (_, _, _, product, _) = filled.messages()
    assert user["row"]["birth_date"] == "1990-05-05"
    assert user["row"]["updated_at"].endswith("+00:00")
    assert (product["row"]["price"], product["row"]["stock_quantity"]) == (100.5, 7)


def test_what_is_rolled_back_has_no_message(filled: Shop) -> None:
    """The message is of the change's own transaction."""
    with filled.session() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(ROWS["users"])
        cursor.execute("ROLLBACK")
    assert filled.messages() == []


def test_update_time_grows_at_each_change(filled: Shop) -> None:
    """Also within a transaction, and where the clock steps back: then the next state is one microsecond later."""
    with filled.session("admin") as cursor:
        cursor.execute("BEGIN")
        for _ in range(50):
            cursor.execute("UPDATE users SET region = 'South'")
        cursor.execute("COMMIT")
        # As if the clock had been an hour ahead.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE users SET updated_at = now() + interval '1 hour' RETURNING updated_at")
        ahead = cursor.fetchone()[0]
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("UPDATE users SET region = 'West' RETURNING updated_at - %s", (ahead,))
        assert cursor.fetchone()[0].microseconds == 1
    messages = filled.messages()
    times = [payload["row"]["updated_at"] for _, _, _, payload, _ in messages]
    assert len(set(times)) == 51
    assert times == sorted(times)
    # The message, and that of the deletion, are not before the state they follow.
    number = filled.insert("users")
    filled.ask(
        "SET session_replication_role = replica; UPDATE users SET updated_at = now() + interval '1 hour' WHERE id = %s",
        (number,),
        role="admin",
    )
    filled.ask("DELETE FROM users WHERE id = %s", (number,))
    assert messages[-1][4] > ahead
    assert filled.messages()[-1][4] > ahead


def test_messages_of_a_row_are_in_the_order_of_its_changes(filled: Shop) -> None:
    """Who waits for the row's lock takes its number after it; another row's number may commit later, and is there."""
    with filled.session() as first, filled.session() as late:
        late.execute("BEGIN")
        late.execute(ROWS["product_categories"])
        first.execute("BEGIN")
        first.execute("UPDATE users SET region = 'South'")
        waits = threading.Thread(target=filled.ask, args=("UPDATE users SET region = 'West'",))
        waits.start()
        while not filled.ask(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            role="admin",
        ):
            pass
        first.execute("COMMIT")
        waits.join()
        told = [payload["row"]["region"] for _, _, _, payload, _ in filled.messages()]
        assert told == ["South", "West"]
        late.execute("COMMIT")
    assert [event for _, _, event, _, _ in filled.messages()] == ["product_categories_created"]


def test_lines_follow_client_and_time_of_their_order(filled: Shop) -> None:
    """The message of a line bears them, so the lines are told of again, later than before."""
    filled.ask("UPDATE orders SET status = 'Paid'")
    assert [table for table, *_ in filled.messages()] == ["orders"]
    filled.ask("UPDATE orders SET user_id = NULL")
    order, line = filled.messages()
    assert (order[0], line[0]) == ("orders", "order_details")
    assert line[3]["row"]["user_id"] is None
    filled.ask("UPDATE orders SET ordered_at = '2026-01-31 10:00+03'")
    assert filled.messages()[1][3]["row"]["ordered_at"] == "2026-01-31T07:00:00+00:00"


def test_a_new_line_knows_the_client_that_its_order_gets_beside_it(filled: Shop) -> None:
    """The line and the order's new client are written at the same time, by two sessions: the line waits."""
    with filled.session() as first:
        first.execute("BEGIN")
        first.execute("UPDATE orders SET user_id = NULL")
        line = threading.Thread(target=filled.insert, args=("order_details",))
        line.start()
        while line.is_alive() and not filled.ask(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            role="admin",
        ):
            pass
        first.execute("COMMIT")
        line.join()
    lines = [payload["row"] for table, _, _, payload, _ in filled.messages() if table == "order_details"]
    assert {row["id"]: row["user_id"] for row in lines} == {1: None, 2: None}


def test_another_id_is_another_row(filled: Shop) -> None:
    """The row of the old id is deleted, and one of the new id created."""
    [(old,)] = filled.ask("SELECT id FROM users")
    filled.ask("DELETE FROM returns; DELETE FROM deliveries; DELETE FROM transactions; DELETE FROM order_details")
    filled.ask("DELETE FROM orders")
    filled.messages()
    [(new,)] = filled.ask("UPDATE users SET id = DEFAULT RETURNING id")
    assert [(number, event) for _, number, event, _, _ in filled.messages()] == [
        (str(old), "users_deleted"),
        (str(new), "users_created"),
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_back_is_later_than_its_deletion(filled: Shop, table: str) -> None:
    """Also in milliseconds rounded up, as Kafka has the time of a deletion; whoever writes the row."""
    number = filled.insert(table)
    [(row,)] = filled.ask(f"SELECT to_jsonb(t) FROM {table} AS t WHERE id = %s", (number,))
    filled.ask(f"DELETE FROM {table} WHERE id = %s", (number,))
    # As if the clock had been an hour ahead.
    filled.ask("UPDATE deleted_row SET deleted_at = deleted_at + interval '1 hour'", role="admin")
    filled.ask(
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::{table}, %s)).*",
        (json.dumps(row),),
    )
    [(deleted_at, updated_at)] = filled.ask(
        f"SELECT d.deleted_at, t.updated_at FROM deleted_row AS d INNER JOIN {table} AS t ON t.id = d.row_id "
        "WHERE d.aggregatetype = %s",
        (table,),
        role="admin",
    )
    rounded_up = deleted_at.replace(microsecond=deleted_at.microsecond // 1000 * 1000) + timedelta(milliseconds=1)
    assert updated_at > rounded_up


@pytest.mark.parametrize("table", TABLES)
def test_truncate_is_refused(filled: Shop, table: str) -> None:
    """Nothing would tell of the rows."""
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="cannot be truncated"):
        filled.ask(f"TRUNCATE {table} CASCADE", role="owner")


# --- sending again --------------------------------------------------------------------------------------------------


def test_resend_tells_of_every_row_and_every_deletion(filled: Shop) -> None:
    """Of one table, or of all; nothing else is written, and the rows stay as they are."""
    gone = filled.insert("users")
    filled.ask("DELETE FROM users WHERE id = %s", (gone,))
    filled.messages()
    before = filled.ask("SELECT * FROM users")
    assert filled.ask("CALL resend('users')", role="owner") == [(2,)]
    there, deleted = filled.messages()
    assert there[2] == "users_resent"
    [(row,)] = filled.ask("SELECT to_jsonb(u) FROM users AS u")
    assert there[3]["row"] == row
    assert deleted[1:4] == (str(gone), "users_deleted", None)
    assert filled.ask("SELECT * FROM users") == before
    assert filled.ask("CALL resend()", role="owner") == [(6,)]
    assert [table for table, *_ in filled.messages()] == ["users", *WITH_MESSAGES]
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="not for returns"):
        filled.ask("CALL resend('returns')", role="owner")


def test_resend_goes_through_a_large_table(shop: Shop) -> None:
    """More rows than one slice holds: each has one message."""
    shop.ask("INSERT INTO product_categories (name) SELECT 'Раздел ' || g FROM generate_series(1, 20001) AS g")
    shop.messages()
    assert shop.ask("CALL resend('product_categories')", role="owner") == [(20001,)]
    numbers = [int(number) for _, number, _, _, _ in shop.messages()]
    assert numbers == list(range(1, 20002))


def test_resend_waits_for_a_change_in_progress(filled: Shop) -> None:
    """What it tells is not older than what was told before it."""
    with filled.session() as writer:
        writer.execute("BEGIN")
        writer.execute("UPDATE users SET region = 'East'")
        again = threading.Thread(target=filled.ask, args=("CALL resend('users')", None, "owner"))
        again.start()
        while not filled.ask(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            role="admin",
        ):
            pass
        writer.execute("COMMIT")
        again.join()
    changed, resent = filled.messages()
    assert (changed[2], resent[2]) == ("users_changed", "users_resent")
    assert changed[3]["row"] == resent[3]["row"]


# --- migrations, comments, rights -----------------------------------------------------------------------------------


def test_again_changes_nothing(shop: Shop) -> None:
    """A second migration has nothing to do; a body that was changed is applied again."""
    answer = run_module("sources.shop", SHOP_DSN=shop.dsns["owner"])
    assert answer.stdout == (
        "sources.shop: revision 0001, nothing pending; routines, triggers and views new or changed: 0\n"
    )
    shop.ask("UPDATE routine_version SET sha256 = '' WHERE file_name = 'views/status_relay.sql'", role="owner")
    answer = run_module("sources.shop", SHOP_DSN=shop.dsns["owner"])
    assert answer.stdout.endswith("new or changed: 1\n")


def test_everything_has_a_comment(shop: Shop) -> None:
    """Tables, views, their columns, and routines."""
    silent = shop.ask(
        """
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v') AND obj_description(c.oid) IS NULL
        UNION ALL
        SELECT c.relname || '.' || a.attname FROM pg_class AS c INNER JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE
            c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
            AND col_description(c.oid, a.attnum) IS NULL
        UNION ALL
        SELECT p.proname FROM pg_proc AS p
        WHERE p.pronamespace = 'shop'::regnamespace AND obj_description(p.oid) IS NULL
        """,
        role="owner",
    )
    assert silent == []


# All that a role may do with a table or a view, written down once more by hand.
READ, WORK = {"SELECT"}, {"SELECT", "INSERT", "UPDATE", "DELETE"}
RIGHTS = {
    "shop_app": dict.fromkeys(TABLES, WORK),
    "shop_relay": {
        "outbox": {"SELECT", "DELETE"},
        "relay_state": {"SELECT", "UPDATE"},
        "outbox_refused": {"SELECT", "INSERT"},
    },
    "shop_replica": dict.fromkeys((*COPIED, "deleted_row", "relay_state"), READ),
    "shop_monitor": dict.fromkeys((*TABLES, "status_relay", "status_replication"), READ),
    "public": {},
}


@pytest.mark.parametrize("role", RIGHTS)
def test_a_role_may_do_this_and_nothing_else(shop: Shop, role: str) -> None:
    """Rights on tables, views, routines, the database; what it is beside a user of the server."""
    found: dict[str, set[str]] = {}
    for table, privilege in shop.ask(
        """
        SELECT c.relname, p.privilege FROM pg_class AS c
        CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p (privilege)
        WHERE
            c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v')
            AND has_table_privilege(%s, c.oid, p.privilege)
        """,
        (role,),
        role="owner",
    ):
        found.setdefault(table, set()).add(privilege)
    assert found == RIGHTS[role]
    [(may_create, in_schema, in_public, routines)] = shop.ask(
        """
        SELECT
            has_database_privilege(%(r)s, current_database(), 'CREATE, TEMPORARY'),
            has_schema_privilege(%(r)s, 'shop', 'CREATE'),
            has_schema_privilege(%(r)s, 'public', 'CREATE, USAGE'),
            (SELECT count(*) FROM pg_proc AS p
            WHERE p.pronamespace = 'shop'::regnamespace AND has_function_privilege(%(r)s, p.oid, 'EXECUTE'))
        """,
        {"r": role},
        role="owner",
    )
    assert (may_create, in_schema, in_public, routines) == (False, False, False, 0)
    if role != "public":
        [attributes] = shop.ask(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles "
            "WHERE rolname = %s",
            (role,),
            role="owner",
        )
        assert attributes == (False, False, False, False, role == "shop_replica")


def test_rights_hold_for_who_logs_in(filled: Shop) -> None:
    """The application writes messages by its changes, and cannot touch them; the relay never sees the shop's rows."""
    refused = psycopg2.errors.InsufficientPrivilege
    for role, statement in (
        ("app", "SELECT FROM outbox"),
        ("app", "DELETE FROM outbox"),
        ("app", "CALL resend()"),
        ("relay", "SELECT FROM users"),
        ("relay", "INSERT INTO outbox (aggregatetype, aggregateid, type) VALUES ('users', '1', 'users_deleted')"),
        ("replica", "SELECT FROM users"),
        ("replica", "DELETE FROM transactions"),
        ("monitor", "SELECT FROM outbox"),
    ):
        with pytest.raises(refused):
            filled.ask(statement, role=role)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        filled.ask("UPDATE users SET region = 'North'", role="monitor")
    assert filled.ask("SELECT pg_try_advisory_lock(1), pg_advisory_unlock(1)", role="relay") == [(True, True)]
    with pytest.raises(refused):
        filled.ask("SELECT pg_try_advisory_lock(1)", role="app")


def test_status_says_what_to_do(filled: Shop) -> None:
    """The relay never ran, or not lately; there is no subscription."""
    filled.insert("users")
    status = "SELECT waiting, lag_seconds >= 0, problem FROM status_relay"
    [(waiting, has_lag, problem)] = filled.ask(status, role="monitor")
    assert (waiting, has_lag) == (1, True)
    assert problem == "The relay never ran: start it by python -m sources.relay."
    filled.ask("UPDATE relay_state SET seen_at = clock_timestamp()", role="relay")
    assert filled.ask(status, role="monitor")[0][2] is None
    filled.ask("UPDATE relay_state SET seen_at = clock_timestamp() - interval '2 minutes'", role="relay")
    assert "more than a minute ago" in filled.ask(status, role="monitor")[0][2]
    filled.ask("UPDATE relay_state SET problem = 'Kafka does not answer'", role="relay")
    assert filled.ask(status, role="monitor")[0][2] == "Kafka does not answer"
    [(problem,)] = filled.ask("SELECT problem FROM status_replication", role="monitor")
    assert problem == "The warehouse has no subscription here: make it by python -m sources.replication."


# --- what is told ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ([], {}, "SHOP_DSN is not set: set it to the shop's database as its owner"),
        (["--roles"], {}, "SHOP_ADMIN_DSN is not set: set it to the shop's database as a superuser"),
        ([], {"SHOP_DSN": "host=x"}, "SHOP_DSN is not a libpq URI"),
        ([], {"SHOP_DSN": "postgresql://shop:secret@127.0.0.1:1/shop"}, "The shop's database does not answer"),
        (["--roles"], {"SHOP_ADMIN_DSN": "postgresql://shop:secret@127.0.0.1:1/shop"}, "The roles could not be made"),
    ],
)
def test_wrong_input_gets_one_sentence(arguments: list[str], environment: dict[str, str], told: str) -> None:
    """On one line, with no password in it."""
    answer = run_module("sources.shop", *arguments, **{"SHOP_DSN": "", "SHOP_ADMIN_DSN": "", **environment})
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"sources.shop: {told}")
    assert answer.stderr.count("\n") == 1
    assert "secret" not in answer.stderr


def test_only_the_owner_migrates(shop: Shop) -> None:
    """Another user is told so."""
    answer = run_module("sources.shop", SHOP_DSN=shop.dsns["monitor"])
    assert answer.returncode == 1
    assert "the user of SHOP_DSN has to own the database" in answer.stderr


def test_newer_database_is_left_alone(shop: Shop) -> None:
    """A database of a later release is not touched by this one."""
    shop.ask("UPDATE schema_revision SET version_num = '9999'", role="owner")
    answer = run_module("sources.shop", SHOP_DSN=shop.dsns["owner"])
    assert answer.returncode == 1
    assert "at revision 9999, which these files do not know" in answer.stderr


def test_settings_are_those_that_the_version_knows(
    server_of: Callable[[int], PostgresServer], postgres_server: PostgresServer
) -> None:
    """Every setting of the file exists in PostgreSQL 18; in 15 all but those that are named as later ones."""
    for server in (postgres_server, server_of(15)):
        settings = shared_settings(server.version, SHOP_SETTINGS)
        with contextlib.closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_settings WHERE name = ANY (%s)", (list(settings),))
            assert {name for (name,) in cursor.fetchall()} == set(settings)
    assert shared_settings(18, SHOP_SETTINGS)["wal_level"] == "logical"
