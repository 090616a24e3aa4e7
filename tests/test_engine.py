"""The engine on tables that are not the shop's: declarations, states kept aside, sources compared whole, conversion.

Each statement is a transaction of its own, as it is for those who use the engine.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from embedded.postgres import PostgresServer
from migrations import engine as engine_alone
from tests.conftest import query, run_psql

COUNTS = ("read", "inserted", "corrected", "deleted", "unchanged", "rejected")
INFINITY = "infinity"
TEMPLATE = "engine_template"
# The major versions of PostgreSQL, and how the engine comes into each.
INSTALLED_BY = {15: "psql", 16: "python", 17: "python", 18: "python"}
# How the fixture "item" declares it, its columns apart.
GOOD = {"p_in_place": "'{stock}'", "p_event_time": "'updated_at'", "p_deleted": "'is_deleted'"}
_numbers = itertools.count(1)


class Engine:
    """A database that has the engine: statements, loads and histories in short words."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True

    def run(self, *statements: str) -> list[tuple]:
        """Execute statements, each in a transaction of its own; returns the rows of the last one."""
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def declare(self, entity: str = "item", **arguments: str) -> None:
        """Declare an entity of the source s.<entity>; the arguments are SQL."""
        given = {"p_source": f"'s.{entity}'", "p_key": "'{id}'", "p_tracked": "'{name}'"} | arguments
        self.run(
            f"CALL sl.declare_entity('{entity}', "
            + ", ".join(f"{name} => {value}" for name, value in given.items())
            + ")"
        )

    def load(self, entity: str = "item", arguments: str = "") -> dict[str, int]:
        """Load an entity; returns the counts that are not zero."""
        (row,) = self.run(f"SELECT * FROM sl.run_load('{entity}'{arguments and ', ' + arguments})")
        return {name: count for name, count in zip(COUNTS, row[1:], strict=True) if count and name != "read"}

    def history(self, columns: str = "name", entity: str = "item", key: str = "id") -> list[tuple]:
        """Versions of all keys: key, columns, and the days at which they begin and end (None: open)."""
        return [
            (*row[:-2], day(row[-2]), day(row[-1]))
            for row in self.run(
                f"SELECT {key}, {columns}, valid_from, nullif(valid_to, 'infinity') FROM dds.{entity} "
                f"ORDER BY {key}, valid_from"
            )
        ]

    def audit(self) -> None:
        """Check the invariants."""
        self.run("CALL sl.audit()")


def at(number: float) -> str:
    """A day of the tests as an SQL literal."""
    return f"'{datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=number)}'::timestamptz"


def day(moment: datetime | None) -> float | None:
    """The number of a day of the tests; parts of a second are told as such."""
    if moment is None:
        return None
    passed = moment - datetime(2024, 3, 1, tzinfo=UTC)
    return passed.days if not passed.seconds and not passed.microseconds else passed / timedelta(days=1)


@pytest.fixture(scope="module", params=INSTALLED_BY)
def engine_server(
    request: pytest.FixtureRequest, server_of: Callable[[int], PostgresServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresServer]:
    """A server with a template database, made for this module, that has the engine alone and a schema "s"."""
    server = server_of(request.param)
    server.create_database(TEMPLATE)
    dsn = server.dsn(TEMPLATE)
    if INSTALLED_BY[request.param] == "psql":
        answer = run_psql(dsn, "-f", str(engine_alone.write_script(tmp_path_factory.mktemp("dist"))))
        assert answer.returncode == 0, answer.stderr
    else:
        engine_alone.install(dsn)
    query(dsn, "CREATE SCHEMA s")
    yield server
    server.drop_database(TEMPLATE)


@pytest.fixture
def engine(engine_server: PostgresServer) -> Iterator[Engine]:
    """A database with the engine and an empty schema "s"."""
    name = f"engine_{next(_numbers)}"
    engine_server.create_database(name, TEMPLATE)
    made = Engine(engine_server.dsn(name))
    with contextlib.closing(made.connection):
        yield made
    engine_server.drop_database(name)


@pytest.fixture
def item(engine: Engine) -> Engine:
    """The engine with a stamped entity "item": key, tracked and in-place column, event time, mark of deletion."""
    engine.run(
        "CREATE TABLE s.item ("
        "id bigint PRIMARY KEY, name text, stock integer, updated_at timestamptz, is_deleted boolean)"
    )
    engine.declare(p_in_place="'{stock}'", p_event_time="'updated_at'", p_deleted="'is_deleted'")
    return engine


def put(engine: Engine, name: str, number: float, *, stock: int = 1, deleted: bool = False, key: int = 1) -> None:
    """Write a state of an item, as a transaction of its own."""
    engine.run(
        f"INSERT INTO s.item VALUES ({key}, '{name}', {stock}, {at(number)}, {deleted}) ON CONFLICT (id) DO UPDATE SET "
        "name = excluded.name, stock = excluded.stock, updated_at = excluded.updated_at, "
        "is_deleted = excluded.is_deleted"
    )


# --- states between two loads ---------------------------------------------------------------------------------------


def test_every_committed_state_between_two_loads_is_a_version(item: Engine) -> None:
    """Three updates of a row between two loads are three versions."""
    put(item, "a", 1)
    item.load()
    for name, number in (("b", 2), ("c", 3), ("d", 4)):
        put(item, name, number)
    assert item.load() == {"inserted": 3}
    assert item.history() == [(1, "a", 1, 2), (1, "b", 2, 3), (1, "c", 3, 4), (1, "d", 4, None)]
    assert item.run("SELECT count(*) FROM sl.kept_state") == [(0,)]
    assert item.load() == {}
    item.audit()


def test_states_before_the_first_load_are_kept(item: Engine) -> None:
    """What was overwritten before any load has run is a version, too."""
    put(item, "a", 1)
    put(item, "b", 2)
    assert item.load() == {"inserted": 2}
    assert item.load() == {}
    assert item.history() == [(1, "a", 1, 2), (1, "b", 2, None)]
    item.audit()


def test_a_state_that_was_never_committed_is_none(item: Engine) -> None:
    """Of several updates in one transaction the last one counts; what is rolled back leaves nothing."""
    put(item, "a", 1)
    item.load()
    item.run(
        f"BEGIN; UPDATE s.item SET name = 'b', updated_at = {at(2)}; "
        f"UPDATE s.item SET name = 'c', updated_at = {at(3)}; COMMIT"
    )
    item.run(f"BEGIN; UPDATE s.item SET name = 'x', updated_at = {at(4)}; ROLLBACK")
    assert item.load() == {"inserted": 1}
    assert item.history() == [(1, "a", 1, 3), (1, "c", 3, None)]


def test_a_row_that_was_read_is_not_kept(item: Engine) -> None:
    """An update of a row that the last load has read costs no row aside."""
    put(item, "a", 1)
    item.load()
    put(item, "b", 2)
    assert item.run("SELECT count(*) FROM sl.kept_state") == [(0,)]


def test_a_load_that_runs_meanwhile_loses_nothing(item: Engine) -> None:
    """A state that commits while a load runs, and is overwritten before the next, is kept."""
    put(item, "a", 1)
    item.load()
    with contextlib.closing(psycopg2.connect(item.dsn)) as other, other.cursor() as cursor:
        cursor.execute(f"UPDATE s.item SET name = 'b', updated_at = {at(2)}")
        item.load()
        other.commit()
    put(item, "c", 3)
    assert item.load() == {"inserted": 2}
    assert item.history() == [(1, "a", 1, 2), (1, "b", 2, 3), (1, "c", 3, None)]


def test_several_states_with_bad_ones_among_them(item: Engine) -> None:
    """Each state is judged by itself: a bad one is rejected, and the good ones around it are versions."""
    item.run("CALL sl.declare_rule('item', 'name_is_x', $$name <> 'x'$$, 'The name is x')")
    put(item, "a", 1)
    put(item, "x", 2)
    put(item, "c", 3)
    assert item.load()["rejected"] == 1
    assert item.history() == [(1, "a", 1, 3), (1, "c", 3, None)]
    assert item.run("SELECT rule_name, observed_at, resolved_run_id IS NOT NULL FROM sl.rejected_row") == [
        ("name_is_x", datetime(2024, 3, 3, tzinfo=UTC), True)
    ]
    item.audit()


def test_a_bad_state_that_replaced_a_good_one_of_its_time_stays_rejected(item: Engine) -> None:
    """Of two states of one time the one committed last counts, also in the first load and also where it is bad."""
    item.run("CALL sl.declare_rule('item', 'name_is_x', $$name <> 'x'$$, 'The name is x')")
    put(item, "a", 1)
    put(item, "x", 1)
    assert item.load() == {"inserted": 1, "rejected": 1}
    assert item.run("SELECT count(*) FROM sl.rejected_row WHERE resolved_run_id IS NULL") == [(1,)]


# --- deletions ------------------------------------------------------------------------------------------------------


def test_a_physical_delete_is_a_deletion_at_its_transaction(item: Engine) -> None:
    """DELETE closes the version at the time of the transaction; the state before it is not lost."""
    put(item, "a", 1)
    item.load()
    put(item, "b", 2)
    item.run("DELETE FROM s.item")
    assert item.load() == {"inserted": 1, "deleted": 1}
    (first, second) = item.history()
    assert (first, second[:3]) == ((1, "a", 1, 2), (1, "b", 2))
    assert item.run("SELECT valid_to BETWEEN now() - interval '1 minute' AND now() FROM dds.item WHERE name = 'b'") == [
        (True,)
    ]
    assert item.load() == {}
    item.audit()


def test_rows_that_are_delivered_anew_were_not_deleted(item: Engine) -> None:
    """Delete all, insert all is no deletion, in one transaction or in two."""
    put(item, "a", 1)
    put(item, "b", 1, key=2)
    item.load()
    item.run("BEGIN; DELETE FROM s.item; INSERT INTO s.item VALUES (1, 'a', 1, " + at(1) + ", false); COMMIT")
    item.run(f"INSERT INTO s.item VALUES (2, 'c', 1, {at(5)}, false)")
    assert item.load() == {"inserted": 1, "unchanged": 3}
    assert item.history() == [(1, "a", 1, None), (2, "b", 1, 5), (2, "c", 5, None)]


def test_a_key_that_comes_back_later_leaves_a_gap(item: Engine) -> None:
    """A row that is deleted and comes back with a later state was deleted in between."""
    put(item, "a", 1)
    item.load()
    item.run("DELETE FROM s.item")
    item.run("INSERT INTO s.item VALUES (1, 'a', 1, clock_timestamp(), false)")
    assert item.load() == {"inserted": 1, "deleted": 1}
    assert item.run("SELECT count(*), count(*) FILTER (WHERE is_current) FROM dds.item") == [(2, 1)]
    item.audit()


def test_a_source_is_not_truncated(item: Engine) -> None:
    """TRUNCATE is refused by a sentence that says what to do, and nothing is lost."""
    put(item, "a", 1)
    with pytest.raises(psycopg2.Error) as raised:
        item.run("TRUNCATE s.item")
    assert raised.value.pgcode == "TS007"
    assert "DELETE FROM s.item" in raised.value.diag.message_hint
    assert item.run("SELECT count(*) FROM s.item") == [(1,)]


def test_what_a_source_has_become_stops_no_load(item: Engine) -> None:
    """A state kept aside before a column was altered: what nobody declared is left out, what does not fit stays."""
    item.run("ALTER TABLE s.item ADD COLUMN note text")
    put(item, "a", 1)
    item.load()
    item.run("UPDATE s.item SET note = 'x'", f"UPDATE s.item SET name = 'b', updated_at = {at(2)}")
    put(item, "c", 3)
    item.run("ALTER TABLE s.item ALTER COLUMN note TYPE integer USING 1")
    assert item.load()["inserted"] == 2
    assert [row[1] for row in item.history()] == ["a", "b", "c"]
    put(item, "d", 4)
    put(item, "e", 5)
    item.run("ALTER TABLE s.item ALTER COLUMN stock TYPE date USING '2024-01-01'::date")
    item.load()
    assert item.run("SELECT count(*) FROM sl.kept_state WHERE state ->> 'name' = 'd'") == [(1,)]
    assert item.run("SELECT level FROM sl.status_drift WHERE finding = 'state_unreadable'") == [("error",)]
    item.run("ALTER TABLE s.item ALTER COLUMN stock TYPE integer USING 1")
    item.load()
    assert item.run("SELECT count(*) FROM sl.kept_state") == [(0,)]
    assert ("d", 4, None) in [row[1:] for row in item.history()]


def test_a_column_that_no_json_can_hold_does_not_stop_its_writer(item: Engine) -> None:
    """A json may hold what jsonb does not: the writer notices nothing, and the state is kept without it."""
    item.run("ALTER TABLE s.item ADD COLUMN note json")
    put(item, "a", 1)
    item.run("""UPDATE s.item SET note = '{"a": "\\u0000"}'""")
    put(item, "b", 2)
    assert item.load()["inserted"] == 2
    assert item.history() == [(1, "a", 1, 2), (1, "b", 2, None)]
    item.run("DELETE FROM s.item")
    assert item.load() == {"deleted": 1}


def test_a_stamp_without_a_default_is_completed(engine: Engine) -> None:
    """A table made of another one has the column and neither its default nor its values."""
    engine.run(
        "CREATE TABLE s.item (id integer PRIMARY KEY, name text, changed_xid bigint)",
        "INSERT INTO s.item VALUES (1, 'a', NULL), (2, 'b', 7)",
    )
    engine.declare()
    assert engine.load() == {"inserted": 2}
    engine.run("INSERT INTO s.item VALUES (3, 'c')", "ALTER TABLE s.item ALTER COLUMN changed_xid DROP DEFAULT")
    engine.run("ALTER TABLE s.item ALTER COLUMN changed_xid DROP NOT NULL", "INSERT INTO s.item VALUES (4, 'd')")
    engine.declare()
    assert engine.load() == {"inserted": 2, "unchanged": 2}
    engine.audit()


def test_a_source_that_was_compared_whole_becomes_a_stamped_one(engine: Engine) -> None:
    """What was deleted since the last scan is known when the triggers begin to see deletions."""
    engine.run(
        "CREATE TABLE s.item (id integer PRIMARY KEY, name text)", "INSERT INTO s.item VALUES (1, 'a'), (2, 'b')"
    )
    engine.declare(p_changes="'scan'")
    engine.load()
    engine.run("DELETE FROM s.item WHERE id = 2", "UPDATE s.item SET name = 'A'")
    engine.declare()
    assert engine.load() == {"inserted": 1, "deleted": 1}
    assert engine.run("SELECT name FROM dds.item WHERE is_current") == [("A",)]
    engine.audit()


def test_a_target_that_was_dropped_is_filled_again(item: Engine) -> None:
    """A declaration makes the table, and the next load is a first one."""
    put(item, "a", 1)
    item.load()
    item.run("DROP TABLE dds.item")
    item.declare(**GOOD)
    assert item.load() == {"inserted": 1}


def test_rows_that_an_attached_partition_brings_are_read_by_a_full_load(engine: Engine) -> None:
    engine.run(
        "CREATE TABLE s.item (id bigint, day date, name text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        "CREATE TABLE s.item_1 PARTITION OF s.item FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
    )
    engine.declare(p_key="'{id,day}'")
    engine.run(
        "CREATE TABLE s.item_2 (LIKE s.item INCLUDING ALL)",
        "INSERT INTO s.item_2 VALUES (2, '2024-02-02', 'b')",
        "INSERT INTO s.item VALUES (1, '2024-01-02', 'a')",
    )
    assert engine.load() == {"inserted": 1}
    engine.run("ALTER TABLE s.item ATTACH PARTITION s.item_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')")
    assert engine.load() == {}
    assert engine.load(arguments="p_full => true") == {"inserted": 1, "unchanged": 1}
    engine.audit()


def test_the_type_of_a_key_is_not_changed_below_its_trigger(item: Engine) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="used in a trigger definition") as refused:
        item.run("ALTER TABLE s.item ALTER COLUMN id TYPE numeric")
    assert "sl_stamp_key" in refused.value.diag.message_detail


def test_a_partition_is_not_truncated_either(engine: Engine) -> None:
    """A partition asks its own triggers alone; one that came after the declaration is told as drift."""
    engine.run(
        "CREATE TABLE s.item (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id)",
        "CREATE TABLE s.item_1 PARTITION OF s.item FOR VALUES FROM (1) TO (10)",
    )
    engine.declare()
    engine.run("CREATE TABLE s.item_2 PARTITION OF s.item FOR VALUES FROM (10) TO (20)")
    engine.run("INSERT INTO s.item VALUES (1, 'a'), (11, 'b')")
    assert engine.load() == {"inserted": 2}
    findings = "SELECT finding, detail FROM sl.status_drift"
    assert engine.run(findings) == [
        ("partition_unguarded", "s.item: the partition s.item_2 has no trigger sl_keep_all")
    ]
    engine.declare()
    assert engine.run(findings) == []
    for partition in ("s.item_1", "s.item_2"):
        with pytest.raises(psycopg2.Error) as raised:
            engine.run(f"TRUNCATE {partition}")
        assert raised.value.pgcode == "TS007"
    engine.run("DELETE FROM s.item_2")
    assert engine.load() == {"deleted": 1}


def test_a_row_that_no_load_has_seen_alive_is_deleted(engine: Engine) -> None:
    """Without times, a row that is written and deleted before a load is a version that is closed."""
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, name text)")
    engine.declare()
    engine.run("INSERT INTO s.item VALUES (1, 'a')", "DELETE FROM s.item")
    assert engine.load() == {"inserted": 1, "deleted": 1}
    with contextlib.closing(psycopg2.connect(engine.dsn)) as other, other.cursor() as cursor:
        engine.run("INSERT INTO s.item VALUES (2, 'b')")
        cursor.execute("DELETE FROM s.item")
        engine.load()
        other.commit()
    assert engine.load()["deleted"] == 1
    assert engine.run("SELECT count(*), count(*) FILTER (WHERE is_current) FROM dds.item") == [(2, 0)]
    engine.audit()


def test_a_deletion_in_a_long_transaction_is_not_earlier_than_its_state(item: Engine) -> None:
    """A transaction that began before a state was written may delete it."""
    with contextlib.closing(psycopg2.connect(item.dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1")
        item.run("INSERT INTO s.item VALUES (1, 'a', 1, clock_timestamp(), false)")
        cursor.execute("DELETE FROM s.item")
        other.commit()
    assert item.load() == {"inserted": 1, "deleted": 1}
    assert item.run("SELECT count(*) FROM dds.item WHERE is_current") == [(0,)]


def test_an_update_of_the_key_deletes_the_old_one(item: Engine) -> None:
    """A row that gets another key is a deletion of the old one and a new key."""
    put(item, "a", 1)
    item.load()
    item.run(f"UPDATE s.item SET id = 2, updated_at = {at(2)}")
    assert item.load() == {"inserted": 1, "deleted": 1}
    assert [row[:3] for row in item.history()] == [(1, "a", 1), (2, "a", 2)]
    assert item.run("SELECT id FROM dds.item WHERE is_current") == [(2,)]
    # Also of a row that no load has read, and is as young as its move.
    item.run(
        "INSERT INTO s.item VALUES (5, 'n', 1, clock_timestamp(), false)", "UPDATE s.item SET id = 50 WHERE id = 5"
    )
    assert item.load() == {"inserted": 2, "deleted": 1}
    assert item.run("SELECT id FROM dds.item WHERE is_current AND name = 'n'") == [(50,)]
    item.audit()


def test_a_deletion_at_the_time_of_its_state_ends_it_a_microsecond_later(item: Engine) -> None:
    """A soft delete that does not move updated_at does not erase the version."""
    put(item, "a", 1)
    item.load()
    put(item, "a", 1, deleted=True)
    assert item.load() == {"deleted": 1}
    assert item.run("SELECT valid_to - valid_from FROM dds.item") == [(timedelta(microseconds=1),)]
    assert item.load("item", "p_full => true") == {"unchanged": 1}
    item.audit()


def test_a_key_that_may_be_missing_is_refused(engine: Engine) -> None:
    """A unique constraint lets rows without a key in, which could not be told from each other."""
    engine.run("CREATE TABLE s.item (id integer UNIQUE, name text)")
    with pytest.raises(psycopg2.Error, match=r"id of s\.item may be NULL") as raised:
        engine.declare()
    assert raised.value.pgcode == "22023"


def test_a_mark_of_deletion_may_be_of_a_domain(engine: Engine) -> None:
    """A domain over boolean is a boolean."""
    engine.run(
        "CREATE DOMAIN s.flag AS boolean",
        "CREATE TABLE s.item (id integer PRIMARY KEY, name text, gone s.flag)",
        "INSERT INTO s.item VALUES (1, 'a', false), (2, 'b', true)",
    )
    engine.declare(p_deleted="'gone'")
    assert engine.load() == {"inserted": 1, "deleted": 1}


def test_a_mark_of_deletion_may_be_a_time(engine: Engine) -> None:
    """Any value in a column that is no boolean marks a deleted row."""
    engine.run(
        "CREATE TABLE s.item (id integer PRIMARY KEY, name text, updated_at timestamptz, deleted_at timestamptz)"
    )
    engine.declare(p_event_time="'updated_at'", p_deleted="'deleted_at'")
    engine.run(f"INSERT INTO s.item VALUES (1, 'a', {at(1)}, NULL), (2, 'b', {at(1)}, NULL)")
    engine.load()
    engine.run(f"UPDATE s.item SET deleted_at = {at(2)}, updated_at = {at(2)} WHERE id = 2")
    assert engine.load() == {"deleted": 1}
    assert engine.history() == [(1, "a", 1, None), (2, "b", 1, 2)]


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_type", ["text", "uuid", "numeric", "date", "timestamptz", "smallint"])
def test_keys_of_many_types(engine: Engine, key_type: str) -> None:
    """History, deletion, late states and rejections work whatever the key's type."""
    values = {
        "text": ("'a|{{b}}%'", "'Б'"),
        "uuid": ("'11111111-1111-1111-1111-111111111111'", "'22222222-2222-2222-2222-222222222222'"),
        "numeric": ("1.50", "2"),
        "date": ("'2024-02-29'", "'0044-03-15 BC'"),
        "timestamptz": ("'2024-02-29 12:00+03'", "'2024-02-29 12:00+04'"),
        "smallint": ("1", "-2"),
    }[key_type]
    engine.run(
        f"CREATE TABLE s.item (id {key_type} PRIMARY KEY, name text, updated_at timestamptz, is_deleted boolean)"
    )
    engine.declare(p_event_time="'updated_at'", p_deleted="'is_deleted'", p_required="'{name}'")
    engine.run(*(f"INSERT INTO s.item VALUES ({value}, 'a', {at(5)}, false)" for value in values))
    assert engine.load() == {"inserted": 2}
    engine.run(
        f"UPDATE s.item SET name = 'b', updated_at = {at(3)}",
        f"UPDATE s.item SET is_deleted = true, updated_at = {at(7)}",
    )
    assert engine.load() == {"inserted": 2, "deleted": 2}
    engine.run(f"UPDATE s.item SET is_deleted = false, name = NULL, updated_at = {at(8)}")
    assert engine.load() == {"rejected": 2}
    engine.run(f"UPDATE s.item SET name = 'c', updated_at = {at(9)}")
    assert engine.load() == {"inserted": 2}
    assert engine.run("SELECT count(*), count(DISTINCT id) FROM dds.item") == [(6, 2)]
    assert engine.run("SELECT count(*) FROM sl.rejected_row WHERE resolved_run_id IS NULL") == [(0,)]
    engine.audit()
    engine.run("CALL sl.backfill('item', 1)")
    engine.audit()


def test_a_key_of_several_columns(engine: Engine) -> None:
    """A composite key with quotes and brackets in its texts is one key."""
    engine.run(
        "CREATE TABLE s.item (shop text, no integer, name text, updated_at timestamptz, is_deleted boolean, "
        "PRIMARY KEY (no, shop))"
    )
    engine.declare(p_key="'{shop,no}'", p_event_time="'updated_at'", p_deleted="'is_deleted'", p_required="'{name}'")
    engine.run(
        f"INSERT INTO s.item VALUES ('a\"]', 1, 'x', {at(1)}, false), ('a\"]', 2, 'y', {at(1)}, false), "
        f"('b', 1, 'z', {at(1)}, false)"
    )
    assert engine.load() == {"inserted": 3}
    engine.run(
        f"UPDATE s.item SET name = 'new', updated_at = {at(2)} WHERE shop = 'a\"]' AND no = 1",
        f"UPDATE s.item SET is_deleted = true, updated_at = {at(2)} WHERE shop = 'b'",
        f"UPDATE s.item SET name = NULL, updated_at = {at(2)} WHERE no = 2",
    )
    assert engine.load() == {"inserted": 1, "deleted": 1, "rejected": 1}
    engine.run(f"UPDATE s.item SET name = 'late', is_deleted = false, updated_at = {at(0)} WHERE shop = 'b'")
    assert engine.load() == {"inserted": 1}
    assert engine.history(key="shop, no") == [
        ('a"]', 1, "x", 1, 2),
        ('a"]', 1, "new", 2, None),
        ('a"]', 2, "y", 1, None),
        ("b", 1, "late", 0, 1),
        ("b", 1, "z", 1, 2),
    ]
    assert engine.run("SELECT entity_key FROM sl.rejected_row") == [('["a\\"]", "2"]',)]
    assert engine.load("item", """p_keys => ARRAY['["b", "1"]']""") == {"unchanged": 1}
    engine.audit()
    before = engine.history(key="shop, no")
    engine.run("CALL sl.backfill('item', 1)")
    assert engine.history(key="shop, no") == before
    engine.audit()


# --- columns --------------------------------------------------------------------------------------------------------


def test_columns_in_place_open_no_version(item: Engine) -> None:
    """A change of an in-place column is written into the current version, and counted as corrected."""
    put(item, "a", 1, stock=1)
    item.load()
    put(item, "a", 2, stock=2)
    assert item.load() == {"corrected": 1}
    assert item.history("name, stock") == [(1, "a", 2, 1, None)]
    put(item, "b", 3, stock=3)
    assert item.load() == {"inserted": 1}
    # A late state of the same version does not undo what is known of the latest one.
    put(item, "b", 2.5, stock=9)
    item.load()
    assert item.history("name, stock") == [(1, "a", 2, 1, 2.5), (1, "b", 3, 2.5, None)]
    item.audit()


def test_a_closed_version_has_the_latest_value_in_place_that_is_known_of_it(item: Engine) -> None:
    """The table in docs/history.md: the versions do not depend on the order in which states come, such a value may."""
    for name, number, stock in (("a", 1, 1), ("b", 10, 2), ("a", 5, 3), ("a", 2, 9)):
        put(item, name, number, stock=stock)
        item.load()
    assert item.history("name, stock") == [(1, "a", 3, 1, 10), (1, "b", 2, 10, None)]
    put(item, "c", 3, stock=7)
    item.load()
    # In the order of time 9 would have been the last value before 3.
    assert item.history("name, stock") == [
        (1, "a", 3, 1, 3),
        (1, "c", 7, 3, 5),
        (1, "a", 3, 5, 10),
        (1, "b", 2, 10, None),
    ]


def test_an_audit_finds_a_column_in_place_that_differs(item: Engine) -> None:
    """The current version equals the source in in-place columns, too."""
    put(item, "a", 1)
    item.load()
    item.run("UPDATE dds.item SET stock = 77")
    with pytest.raises(psycopg2.Error, match="violations of the invariants"):
        item.audit()


def test_observations_are_kept_up_to_a_number(item: Engine) -> None:
    """A at 1, 3 and 4, then late B at 2: A until 2, B until 3, A from 3; of more observations the latest are kept."""
    for number in (1, 3, 4):
        put(item, "A", number)
        item.load()
    put(item, "B", 2)
    item.load()
    assert item.history() == [(1, "A", 1, 2), (1, "B", 2, 3), (1, "A", 3, None)]
    item.run("UPDATE sl.entity SET observations_kept = 3 WHERE entity_name = 'item'")
    for number in range(10, 20):
        put(item, "A", number)
        item.load()
    assert item.run("SELECT array_length(observed_at, 1), observed_at[3] FROM dds.item WHERE is_current") == [
        (3, datetime(2024, 3, 20, tzinfo=UTC))
    ]
    item.audit()


def test_a_value_is_converted_before_it_is_judged(item: Engine) -> None:
    """A wider type in the source neither stops a load nor makes equal neighbours: what does not convert is rejected."""
    put(item, "a", 1, stock=5)
    item.load()
    item.run("ALTER TABLE s.item ALTER COLUMN stock TYPE numeric")
    item.run(f"UPDATE s.item SET stock = 5.0, updated_at = {at(2)}")
    assert item.load() == {"unchanged": 1}
    item.run(f"UPDATE s.item SET stock = 0.4, updated_at = {at(3)}")
    assert item.load() == {"rejected": 1}
    assert item.run("SELECT rule_name, row ->> 'stock' FROM sl.rejected_row") == [("stock_does_not_convert", "0.4")]
    item.run(f"UPDATE s.item SET stock = 30000000000, updated_at = {at(4)}")
    assert item.load() == {"rejected": 1}
    item.run(f"UPDATE s.item SET stock = 6, updated_at = {at(5)}")
    assert item.load() == {"corrected": 1}
    assert item.history("name, stock") == [(1, "a", 6, 1, None)]
    assert item.run("SELECT count(*) FROM sl.rejected_row WHERE resolved_run_id IS NULL") == [(0,)]
    item.run("ALTER TABLE s.item ALTER COLUMN stock TYPE text")
    item.run(
        f"UPDATE s.item SET stock = 'seven', updated_at = {at(6)}",
        f"INSERT INTO s.item VALUES (2, 'b', '8', {at(6)}, false)",
    )
    assert item.load() == {"inserted": 1, "rejected": 1}
    item.audit()


def test_texts_in_the_source_become_the_types_of_the_target(engine: Engine) -> None:
    """A source of texts alone, as a file leaves it, whose target has types."""
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, name date, updated_at timestamptz)")
    engine.declare(p_event_time="'updated_at'")
    engine.run(
        # PostgreSQL alters no column that a trigger names.
        "DROP TRIGGER sl_stamp_key ON s.item",
        "ALTER TABLE s.item ALTER COLUMN id TYPE text, ALTER COLUMN name TYPE text, ALTER COLUMN updated_at TYPE text",
        "INSERT INTO s.item VALUES ('1', '2024-02-29', '2024-03-02'), ('2', '2024-02-30', '2024-03-02'), "
        "('three', '2024-02-29', '2024-03-02'), ('4', '2024-02-29', 'yesterday or so')",
    )
    assert engine.load() == {"inserted": 1, "rejected": 3}
    assert engine.run("SELECT entity_key, rule_name FROM sl.rejected_row ORDER BY 1") == [
        ("2", "name_does_not_convert"),
        ("4", "updated_at_does_not_convert"),
        ("three", "id_does_not_convert"),
    ]
    engine.run("UPDATE s.item SET name = '2024-02-28' WHERE id = '2'")
    assert engine.load() == {"inserted": 1}
    engine.audit()


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("numeric(12,2)", "1.239"),
        ("integer", "0.4"),
        ("date", "2024-03-01 10:00"),
        ("timestamp", "2024-03-01 10:00+03"),
        ("varchar(3)", "abcd"),
        ("char(3)", "abcd"),
    ],
)
def test_a_text_that_would_lose_something_is_rejected(engine: Engine, wanted: str, text: str) -> None:
    """Digits, a time of day, a zone, the end of a text: what would be lost is a conversion that failed."""
    whole = {"numeric(12,2)": "1.20", "integer": "007", "date": "2024-03-01", "timestamp": "2024-03-01 10:00"}.get(
        wanted, "ab"
    )
    engine.run(f"CREATE TABLE s.item (id integer PRIMARY KEY, name {wanted})")
    engine.declare()
    engine.run(
        "ALTER TABLE s.item ALTER COLUMN name TYPE text", f"INSERT INTO s.item VALUES (1, '{text}'), (2, '{whole}')"
    )
    assert engine.load() == {"inserted": 1, "rejected": 1}
    assert engine.run("SELECT entity_key, rule_name FROM sl.rejected_row") == [("1", "name_does_not_convert")]


def test_a_time_in_the_source_becomes_what_the_target_has(engine: Engine) -> None:
    """A timestamp in the place of a date is one more conversion: a time of day is not cut off."""
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, name date)")
    engine.declare()
    engine.run(
        "ALTER TABLE s.item ALTER COLUMN name TYPE timestamp",
        "INSERT INTO s.item VALUES (1, '2024-03-01 10:00'), (2, '2024-03-01')",
    )
    assert engine.load() == {"inserted": 1, "rejected": 1}
    assert engine.run("SELECT entity_key, rule_name FROM sl.rejected_row") == [("1", "name_does_not_convert")]


def test_without_an_event_time_the_clock_of_the_load_counts(engine: Engine) -> None:
    """Without times, a change is valid from the load that saw it, and each state between two loads is a version."""
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, name text)")
    engine.declare()
    engine.run("INSERT INTO s.item VALUES (1, 'a'), (2, 'x')")
    assert engine.load() == {"inserted": 2}
    assert engine.load() == {}
    engine.run(
        "UPDATE s.item SET name = 'b' WHERE id = 1",
        "UPDATE s.item SET name = 'c' WHERE id = 1",
        "DELETE FROM s.item WHERE id = 2",
    )
    assert engine.load() == {"inserted": 2, "deleted": 1}
    assert [row[1] for row in engine.history()] == ["a", "b", "c", "x"]
    engine.run("BEGIN; DELETE FROM s.item; INSERT INTO s.item VALUES (1, 'c'); COMMIT")
    assert engine.load().keys() == {"unchanged"}
    engine.audit()


# --- sources compared whole -----------------------------------------------------------------------------------------


@pytest.fixture
def view(engine: Engine) -> Engine:
    """The engine with an entity "item" whose source is a view over s.base, compared whole."""
    engine.run(
        "CREATE TABLE s.base (id integer, region text, name text)",
        "CREATE VIEW s.item AS SELECT * FROM s.base",
        "INSERT INTO s.base VALUES (1, 'North', 'a'), (2, 'North', 'b'), (3, 'South', 'c')",
    )
    engine.declare(p_tracked="'{region,name}'", p_changes="'scan'")
    return engine


def test_a_source_compared_whole(view: Engine) -> None:
    """Changes are found without marks; what is absent was deleted; what comes back opens a version."""
    assert view.load() == {"inserted": 3}
    assert view.load() == {"unchanged": 3}
    view.run("UPDATE s.base SET name = 'A' WHERE id = 1", "DELETE FROM s.base WHERE id = 2")
    assert view.load() == {"inserted": 1, "deleted": 1, "unchanged": 1}
    assert view.run("SELECT id, name FROM dds.item WHERE is_current ORDER BY id") == [(1, "A"), (3, "c")]
    view.run("INSERT INTO s.base VALUES (2, 'North', 'b')")
    assert view.load() == {"inserted": 1, "unchanged": 2}
    assert view.run("SELECT count(*), count(*) FILTER (WHERE is_current) FROM dds.item WHERE id = 2") == [(2, 1)]
    view.audit()


def test_a_row_that_is_absent_need_not_fit_its_columns(engine: Engine) -> None:
    """Of a key that is gone nothing is known but the key, though a column's domain is NOT NULL."""
    engine.run(
        "CREATE DOMAIN s.filled AS varchar(5) NOT NULL",
        "CREATE TABLE s.item (id s.filled, name s.filled, note char(3) NOT NULL)",
        "INSERT INTO s.item VALUES ('one', 'a', 'x'), ('two', 'b', 'y')",
    )
    engine.declare(p_tracked="'{name,note}'", p_changes="'scan'")
    engine.load()
    engine.run("DELETE FROM s.item WHERE id = 'two'")
    assert engine.load() == {"deleted": 1, "unchanged": 1}
    engine.audit()


def test_columns_may_be_named_as_the_engine_names_rows(engine: Engine) -> None:
    """Whatever letter stands for a row in a statement: a column of that name is not taken for the row."""
    letters = [chr(number) for number in range(ord("a"), ord("z") + 1)]
    engine.run(
        f"CREATE TABLE s.item ({', '.join(f'{letter} text' for letter in letters)})",
        f"INSERT INTO s.item SELECT {', '.join(['n::text'] * len(letters))} FROM generate_series(1, 3) AS n",
    )
    tracked = ",".join(letter for letter in letters if letter not in "jk")
    engine.declare(p_key="'{j,k}'", p_tracked=f"'{{{tracked}}}'", p_changes="'scan'")
    engine.run("CALL sl.declare_rule('item', 'v_is_nine', $$v <> '9'$$, 'The v is 9')")
    assert engine.load() == {"inserted": 3}
    engine.run("DELETE FROM s.item WHERE j = '1'", "UPDATE s.item SET v = '9' WHERE j = '2'")
    engine.run("UPDATE s.item SET v = '8' WHERE j = '3'")
    preview = "SELECT new_values ->> 'v', old_values ->> 'v' FROM sl.preview('item') WHERE outcome = 'inserted'"
    assert engine.run(preview) == [("8", "3")]
    assert engine.load() == {"inserted": 1, "deleted": 1, "rejected": 1}
    assert engine.run("SELECT row ->> 'v', row ->> 'j' FROM sl.rejected_row") == [("9", "2")]
    engine.audit()


def test_a_row_that_is_back_unchanged_was_there_when_the_load_saw_it(engine: Engine) -> None:
    """A source with times: what comes back need not bear a new one, and later loads find it as it is."""
    engine.run(
        "CREATE TABLE s.base (id integer, name text, updated_at timestamptz)",
        "CREATE VIEW s.item AS SELECT * FROM s.base",
        f"INSERT INTO s.base VALUES (1, 'a', {at(1)}), (2, 'b', {at(1)})",
    )
    engine.declare(p_changes="'scan'", p_event_time="'updated_at'")
    assert engine.load() == {"inserted": 2}
    engine.run("DELETE FROM s.base WHERE id = 2")
    assert engine.load() == {"deleted": 1, "unchanged": 1}
    engine.run(f"INSERT INTO s.base VALUES (2, 'c', {at(1)})")
    assert engine.load() == {"inserted": 1, "unchanged": 1}
    for _ in range(2):
        assert engine.load() == {"unchanged": 2}
    assert [(name, day_from, end is None) for _, name, day_from, end in engine.history() if name == "b"] == [
        ("b", 1, False)
    ]
    assert engine.run("SELECT name FROM dds.item WHERE id = 2 AND is_current") == [("c",)]
    engine.run("UPDATE s.base SET name = 'd' WHERE id = 2")
    assert engine.load() == {"inserted": 1, "unchanged": 1}
    assert engine.run("SELECT name FROM dds.item WHERE id = 2 ORDER BY valid_from") == [("b",), ("c",), ("d",)]
    engine.audit()


def test_a_key_that_is_there_twice_is_so_in_a_load_of_a_part(engine: Engine) -> None:
    """Of given keys, or since a time, a row of a repeated key is rejected, too."""
    engine.run(
        "CREATE TABLE s.item (id integer, name text, updated_at timestamptz)",
        f"INSERT INTO s.item VALUES (1, 'a', {at(1)}), (1, 'b', {at(2)}), (2, 'c', {at(2)})",
    )
    engine.declare(p_changes="'scan'", p_event_time="'updated_at'")
    assert engine.load("item", "p_keys => '{1}'") == {"rejected": 2}
    assert engine.load("item", f"p_since => {at(2)}") == {"inserted": 1, "rejected": 1}
    engine.audit()


def test_a_scope_of_another_type_is_compared_by_its_value(engine: Engine) -> None:
    """Texts in the source, numbers in the target: the scopes that were delivered are still known."""
    engine.run(
        "CREATE TABLE s.item (id integer, shop integer, name text)",
        "INSERT INTO s.item VALUES (1, 7, 'a'), (2, 7, 'b'), (3, 8, 'c')",
    )
    engine.declare(p_tracked="'{shop,name}'", p_changes="'scan'", p_scope="'shop'")
    engine.load()
    engine.run("ALTER TABLE s.item ALTER COLUMN shop TYPE text USING '0' || shop", "DELETE FROM s.item WHERE id > 1")
    assert engine.load() == {"deleted": 1, "unchanged": 1}
    assert engine.run("SELECT id FROM dds.item WHERE is_current ORDER BY id") == [(1,), (3,)]


def test_rows_of_a_repeated_or_missing_key_are_rejected_and_not_absent(view: Engine) -> None:
    """A view may have a key twice, or none: such rows are rejected, and delete nothing."""
    view.load()
    view.run("INSERT INTO s.base VALUES (1, 'North', 'z'), (NULL, 'North', 'n')")
    assert view.load() == {"rejected": 3, "unchanged": 2}
    assert view.run("SELECT entity_key, rule_name FROM sl.rejected_row ORDER BY 1") == [
        ("", "key_missing"),
        ("1", "key_repeated"),
    ]
    assert view.run("SELECT count(*) FROM dds.item WHERE is_current") == [(3,)]
    view.audit()


def test_only_delivered_scopes_are_judged_absent(engine: Engine) -> None:
    """Of a region that was not delivered nothing is deleted."""
    engine.run(
        "CREATE TABLE s.item (id integer, region text, name text)",
        "INSERT INTO s.item VALUES (1, 'North', 'a'), (2, 'North', 'b'), (3, 'South', 'c')",
    )
    engine.declare(p_tracked="'{region,name}'", p_changes="'scan'", p_scope="'region'")
    engine.load()
    engine.run("DELETE FROM s.item WHERE id <> 1")
    assert engine.load() == {"deleted": 1, "unchanged": 1}
    assert engine.run("SELECT id FROM dds.item WHERE is_current ORDER BY id") == [(1,), (3,)]
    engine.run("DELETE FROM s.item")
    assert engine.load() == {}
    engine.audit()


def test_the_breaker_guards_a_source_compared_whole(engine: Engine) -> None:
    """A view that has lost its rows deletes nothing unless it is forced."""
    engine.run("CREATE TABLE s.base (id integer, name text)", "CREATE VIEW s.item AS SELECT * FROM s.base")
    engine.run("INSERT INTO s.base SELECT g, 'x' FROM generate_series(1, 3000) AS g")
    engine.declare(p_changes="'scan'")
    engine.load()
    engine.run("DELETE FROM s.base WHERE id > 10")
    with pytest.raises(psycopg2.Error) as raised:
        engine.load()
    assert raised.value.pgcode == "TS004"
    assert engine.load("item", "p_force => true") == {"deleted": 2990, "unchanged": 10}


# --- rules ----------------------------------------------------------------------------------------------------------


def test_a_rule_may_warn(item: Engine) -> None:
    """A row that fails a rule of severity warn is loaded, counted and named."""
    item.run(
        "CALL sl.declare_rule('item', 'stock_negative', 'stock >= 0', 'Stock is below zero', p_severity => 'warn')"
    )
    put(item, "a", 1, stock=-1)
    put(item, "b", 1, stock=1, key=2)
    assert item.load() == {"inserted": 2}
    put(item, "a", 2, stock=-2)
    assert item.load() == {"corrected": 1}
    assert item.run("SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY run_id") == [
        ("stock_negative", 1, "1"),
        ("stock_negative", 1, "1"),
    ]
    assert item.run("SELECT count(*) FROM sl.rejected_row") == [(0,)]


def test_a_changed_rule_judges_old_rejections_anew(item: Engine) -> None:
    """What a rule rejected is loaded once the rule lets it, untouched or overwritten since."""
    item.run("CALL sl.declare_rule('item', 'name_short', 'length(name) > 1', 'The name is short')")
    put(item, "a", 1)
    put(item, "b", 2)
    put(item, "long", 1, key=2)
    assert item.load() == {"inserted": 1, "rejected": 2}
    assert item.load() == {}
    item.run("CALL sl.declare_rule('item', 'name_short', 'length(name) > 0', 'The name is short')")
    assert item.load() == {"inserted": 1}
    assert item.history() == [(1, "b", 2, None), (2, "long", 1, None)]
    assert item.run("SELECT count(*) FROM sl.rejected_row WHERE resolved_run_id IS NULL") == [(0,)]
    assert item.load() == {}
    item.audit()


def test_a_rule_that_cannot_be_computed_is_refused(item: Engine) -> None:
    """A slip in a rule is told when it is declared, and not by the next load."""
    with pytest.raises(psycopg2.Error, match='column "nme" does not exist') as raised:
        item.run("CALL sl.declare_rule('item', 'r', 'nme IS NOT NULL', 'd')")
    assert raised.value.pgcode == "22023"


# --- loading a part anew --------------------------------------------------------------------------------------------


def test_a_load_of_given_keys_or_since_a_time(item: Engine) -> None:
    """What was damaged or missed is restated for some keys, or from a time on; the watermark stays."""
    for key in (1, 2, 3):
        put(item, "a", key, key=key)
    item.load()
    item.run("DELETE FROM dds.item")
    watermark = item.run("SELECT high_updated_at, snapshot_xmin FROM sl.watermark WHERE target = 'dds.item'")
    assert item.load("item", "p_keys => '{2,77}'") == {"inserted": 1}
    assert item.load("item", f"p_since => {at(3)}") == {"inserted": 1}
    assert item.run("SELECT id FROM dds.item ORDER BY id") == [(2,), (3,)]
    assert item.run("SELECT high_updated_at, snapshot_xmin FROM sl.watermark WHERE target = 'dds.item'") == watermark
    assert item.load("item", "p_full => true") == {"inserted": 1, "unchanged": 2}
    item.audit()


def test_keys_are_taken_by_their_value(item: Engine) -> None:
    """007 is 7; what is no key of the entity is named, and nothing is loaded."""
    put(item, "a", 1, key=7)
    assert item.load("item", "p_keys => '{007, 7}'") == {"inserted": 1}
    for keys, said in (("{7,seven}", "'seven'"), ("{NULL}", "NULL")):
        with pytest.raises(psycopg2.Error, match=f"{said} in p_keys is no key") as raised:
            item.load("item", f"p_keys => '{keys}'")
        assert raised.value.pgcode == "22023"


def test_since_a_time_wants_an_event_time(engine: Engine) -> None:
    """An entity without times cannot be loaded since one."""
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, name text)")
    engine.declare()
    with pytest.raises(psycopg2.Error, match="no event time"):
        engine.load("item", f"p_since => {at(1)}")


def test_what_is_not_declared_is_named(engine: Engine) -> None:
    """A load or a build of what nobody has declared tells what is declared, also where that is nothing."""
    for call in ("CALL sl.load('nobody')", "CALL sl.build('nothing')"):
        with pytest.raises(psycopg2.Error) as raised:
            engine.run(call)
        assert raised.value.pgcode == "TS002"
        assert raised.value.diag.message_detail == "None is declared."


# --- declarations ---------------------------------------------------------------------------------------------------


def test_a_declaration_changes_nothing_the_second_time(item: Engine) -> None:
    """Declared again, neither the catalog nor the registry is touched."""
    snapshot = (
        "SELECT array_agg(c.oid::regclass::text || c.xmin ORDER BY c.oid) FROM pg_class AS c "
        "WHERE c.relnamespace IN ('s'::regnamespace, 'dds'::regnamespace)"
    )
    before = item.run(snapshot), item.run("SELECT xmin, * FROM sl.entity WHERE entity_name = 'item'")
    item.declare(p_in_place="'{stock}'", p_event_time="'updated_at'", p_deleted="'is_deleted'")
    assert (item.run(snapshot), item.run("SELECT xmin, * FROM sl.entity WHERE entity_name = 'item'")) == before


def test_a_trigger_that_is_not_as_declared_is_made_anew(engine: Engine) -> None:
    """Of another function, with other arguments or another condition; the others are not touched."""
    engine.run('CREATE TABLE s.item ("Id" varchar(9) PRIMARY KEY, name text, mail text)')
    engine.declare(p_key="""'{"Id"}'""", p_personal="'{mail}'")
    triggers = (
        "SELECT tgname, pg_get_triggerdef(oid), tgenabled, xmin::text FROM pg_trigger "
        "WHERE tgrelid = 's.item'::regclass ORDER BY 1"
    )
    made = engine.run(triggers)
    assert len(made) == 6
    ((setting,),) = engine.run("SELECT 'sl.read_below_' || left(md5('item'), 8)")
    damage = {
        "sl_stamp": "BEFORE UPDATE ON s.item FOR EACH ROW EXECUTE FUNCTION sl._stamp_changed_xid('client', 'sl.x')",
        "sl_keep_delete": "BEFORE DELETE ON s.item FOR EACH ROW WHEN (OLD.changed_xid > 7) "
        f"EXECUTE FUNCTION sl._keep_deleted('item', '{setting}')",
        "sl_forget_insert": "AFTER INSERT ON s.item FOR EACH ROW EXECUTE FUNCTION sl._keep_forgotten('item')",
    }
    for name, definition in damage.items():
        engine.run(f"CREATE OR REPLACE TRIGGER {name} {definition}", f"ALTER TABLE s.item ENABLE ALWAYS TRIGGER {name}")
    engine.declare(p_key="""'{"Id"}'""", p_personal="'{mail}'")
    mended = engine.run(triggers)
    assert [row[:3] for row in mended] == [row[:3] for row in made]
    assert {row[0] for row in mended if row not in made} == set(damage)
    engine.declare(p_key="""'{"Id"}'""", p_personal="'{mail}'")
    assert engine.run(triggers) == mended


def test_the_index_by_runs_is_there_wherever_it_is_used(item: Engine) -> None:
    """A declaration that no longer notes changed periods makes the index by which its runs are found instead."""
    arguments = {"p_in_place": "'{stock}'", "p_event_time": "'updated_at'", "p_deleted": "'is_deleted'"}
    indexes = (
        "SELECT count(*) FROM pg_indexes WHERE tablename = 'item' AND indexdef LIKE '%dds.item USING btree (run_id)'"
    )
    item.run("DROP INDEX dds.item_run_idx")
    item.declare(**arguments, p_keeps_changed_periods="true")
    assert item.run(indexes) == [(0,)]
    item.declare(**arguments)
    assert item.run(indexes) == [(1,)]
    item.declare(**arguments)
    assert item.run(indexes) == [(1,)]


@pytest.mark.parametrize(
    ("states", "changed"),
    [
        pytest.param([("d", 50)], [(50, None)], id="the next version"),
        pytest.param([("d", 50), ("e", 60)], [(50, None)], id="the next two"),
        pytest.param([("x", 15)], [(15, 20)], id="a late one"),
        pytest.param([("x", 17), ("y", 25)], [(17, 30)], id="two late ones"),
        pytest.param([("x", 5)], [(None, 10)], id="before the first one"),
        pytest.param([("x", 10)], [(None, 20)], id="in place of the first one"),
        pytest.param([("b", 22), ("c", 35)], [], id="seen again"),
        pytest.param([("c", 40, 2)], [], id="in place"),
        pytest.param([("c", 40, 2), ("c", 50, 3)], [], id="in place twice"),
    ],
)
def test_a_load_notes_the_moments_that_have_another_version(
    item: Engine, states: list[tuple], changed: list[tuple]
) -> None:
    """From the first beginning that differs to the next that does not; before the first version the first one holds."""
    item.declare(**GOOD, p_keeps_changed_periods="true")
    for name, number in (("a", 10), ("b", 20), ("c", 30)):
        put(item, name, number)
    item.load()
    for name, number, *stock in states:
        put(item, name, number, stock=stock[0] if stock else 1)
    item.load()
    noted = item.run(
        "SELECT nullif(changed_from, '-infinity'), nullif(changed_to, 'infinity') FROM sl.changed_period "
        "WHERE entity_key IS NOT NULL"
    )
    assert [(day(begins), day(ends)) for begins, ends in noted] == changed
    item.audit()


def test_an_index_is_declared_beside_a_load_that_runs(item: Engine) -> None:
    """It is made once; where it is there, no lock of the table is waited for."""
    declare = "CALL sl.declare_index('item_name_idx', 'dds.item', '(name)')"
    indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'dds' AND indexname = 'item_name_idx'"
    item.run(declare)
    assert item.run(indexes) == [(1,)]
    with contextlib.closing(psycopg2.connect(item.dsn)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE dds.item IN ROW EXCLUSIVE MODE")
        item.run("SET lock_timeout = '1s'", declare)
    for wrong, code in (
        ("'i', 's.nowhere', '(name)'", "TS003"),
        ("'', 'dds.item', '(name)'", "22023"),
        ("'i', 'item', '(name)'", "22023"),
    ):
        with pytest.raises(psycopg2.Error) as raised:
            item.run(f"CALL sl.declare_index({wrong})")
        assert raised.value.pgcode == code


@pytest.mark.parametrize(
    "image",
    [
        "SELECT i.id, i.stock FROM dds.item AS i WHERE i.is_current",
        "SELECT i.id, (to_jsonb(i) ->> 'stock')::integer AS stock FROM dds.item AS i WHERE i.is_current",
    ],
)
def test_a_mart_may_show_a_column_in_place(item: Engine, image: str) -> None:
    """Whether its image names the column, or takes the whole row."""
    item.run(
        f"CREATE VIEW s.stock_image AS {image}",
        "CREATE FUNCTION s.touched(p_runs bigint[]) RETURNS TABLE (id bigint) LANGUAGE sql STABLE AS $$ "
        "SELECT w.id FROM sl.overwritten(NULL::dds.item, p_runs) AS w "
        "UNION SELECT i.id FROM dds.item AS i WHERE i.run_id = ANY (p_runs) $$",
        "CALL sl.declare_mart('stock', '{id}', '{item}', p_image => 's.stock_image', p_touched => 's.touched')",
    )
    for stock, number in ((5, 1), (7, 2), (9, 3)):
        put(item, "a", number, stock=stock)
        item.load()
        item.run("CALL sl.build('stock')")
        assert item.run("SELECT stock FROM cdm.stock WHERE is_current") == [(stock,)]
        assert item.run("SELECT count(*) FROM sl.overwritten_version") == [(number - 1,)]
    item.audit()


def test_a_new_column_is_added_to_the_target(item: Engine) -> None:
    """A column that the source gets is tracked once it is declared; older versions do not know it."""
    put(item, "a", 1)
    item.load()
    item.run("ALTER TABLE s.item ADD COLUMN colour text DEFAULT 'red'")
    put(item, "a", 2)
    assert item.load() == {"unchanged": 1}
    item.declare(
        p_tracked="'{name,colour}'", p_in_place="'{stock}'", p_event_time="'updated_at'", p_deleted="'is_deleted'"
    )
    # Nobody has written to the row since: what the source holds of the column is loaded all the same.
    assert item.load() == {"inserted": 1}
    assert item.history("name, colour") == [(1, "a", None, 1, 2), (1, "a", "red", 2, None)]
    assert item.load() == {}
    item.audit()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"p_key": "'{name}'", "p_tracked": "'{}'"}, "22023", r"no primary key or unique constraint on \(name\)"),
        ({"p_key": "'{id,NULL}'"}, "22023", "is NULL"),
        ({"p_deleted": "'stock'"}, "22023", "p_deleted is stock of type integer"),
        ({"p_tracked": "'{}'"}, "TS008", "name was tracked"),
        ({"p_in_place": "'{}'"}, "TS008", "stock was written in place"),
        ({"p_event_time": "NULL"}, "TS008", "the event time was updated_at"),
        ({"p_target": "'s.other'"}, "TS008", "the target was dds.item"),
        ({"p_tracked": "'{name,nowhere}'"}, "TS003", "has no column nowhere"),
        ({"p_source": "'s.nowhere'"}, "TS003", "there is no table s.nowhere"),
        ({"p_source": "'item'"}, "22023", "p_source is 'item'"),
        ({"p_tracked": "'{name,stock}'"}, "22023", "stands in two"),
        ({"p_changes": "'often'"}, "22023", "p_changes"),
        ({"p_scope": "'name'"}, "22023", "p_scope"),
        ({"p_required": "'{colour}'"}, "22023", "p_required"),
        ({"p_observations_kept": "0"}, "22023", "p_observations_kept"),
        ({"p_changes": "'scan'"}, "TS008", "the triggers sl_"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(item: Engine, arguments: dict, code: str, said: str) -> None:
    """What would lose or reinterpret data, or is a slip, stops with an error that names it; nothing changes."""
    put(item, "a", 1)
    item.load()
    before = item.run("SELECT * FROM sl.entity")
    with pytest.raises(psycopg2.Error, match=said) as raised:
        item.declare(**{**GOOD, **arguments})
    assert raised.value.pgcode == code
    assert item.run("SELECT * FROM sl.entity") == before


def test_a_source_keeps_the_states_of_one_entity(item: Engine) -> None:
    """A second stamped entity on one source would have no triggers of its own."""
    with pytest.raises(psycopg2.Error, match="is the source of another entity"):
        item.run("CALL sl.declare_entity('other', p_source => 's.item', p_key => '{id}', p_tracked => '{name}')")


def test_a_type_without_equality_is_not_tracked(engine: Engine) -> None:
    """Each load would fail on it."""
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, name json)")
    with pytest.raises(psycopg2.Error, match="values cannot be compared") as raised:
        engine.declare()
    assert raised.value.pgcode == "22023"


def test_a_column_that_is_computed_when_it_is_read_is_not_kept(engine: Engine) -> None:
    """PostgreSQL 18 shows no trigger the value of a generated column that is not stored."""
    if engine.connection.server_version < 180000:
        pytest.skip("PostgreSQL has no such columns before 18: 'a server of version 18'")
    engine.run("CREATE TABLE s.item (id integer PRIMARY KEY, n integer, name text GENERATED ALWAYS AS ('x') VIRTUAL)")
    with pytest.raises(psycopg2.Error, match="is generated and not stored") as raised:
        engine.declare()
    assert raised.value.pgcode == "22023"
    engine.declare(p_changes="'scan'")
    engine.run("INSERT INTO s.item (id) VALUES (1)")
    assert engine.load() == {"inserted": 1}


def test_another_source_is_of_the_targets_types(engine: Engine) -> None:
    """A source that is put in the place of another is judged by its own types, keys among them."""
    engine.run(
        "CREATE TABLE s.item (id integer, name text)", "CREATE VIEW s.other AS SELECT id::text AS id, name FROM s.item"
    )
    engine.declare(p_changes="'scan'")
    with pytest.raises(psycopg2.Error, match=r"column id of s\.other is text") as raised:
        engine.declare(p_changes="'scan'", p_source="'s.other'")
    assert raised.value.pgcode == "TS008"


def test_what_is_no_longer_required_may_be_missing(item: Engine) -> None:
    """A column that a declaration requires no more may be NULL, in the target too."""
    item.declare(**GOOD, p_required="'{name}'")
    item.run(f"INSERT INTO s.item VALUES (1, NULL, 1, {at(1)}, false)")
    assert item.load() == {"rejected": 1}
    item.declare(**GOOD)
    assert item.load() == {"inserted": 1}
    item.audit()


def test_a_type_that_differs_stops_a_declaration_and_no_load(item: Engine) -> None:
    """The error names the column, both types and the statement of the revision."""
    put(item, "a", 1)
    item.load()
    item.run("ALTER TABLE s.item ALTER COLUMN stock TYPE bigint")
    with pytest.raises(psycopg2.Error, match=r"ALTER TABLE dds\.item ALTER COLUMN stock TYPE bigint") as raised:
        item.declare(**GOOD)
    assert raised.value.pgcode == "TS008"
    put(item, "b", 2)
    assert item.load() == {"inserted": 1}
    item.run("ALTER TABLE dds.item ALTER COLUMN stock TYPE bigint")
    item.declare(**GOOD)


def test_a_target_that_somebody_has_made_is_left_alone(engine: Engine) -> None:
    """A table of the target's name that no declaration has made stops the declaration."""
    engine.run(
        "CREATE TABLE s.item (id integer PRIMARY KEY, name text)",
        "CREATE SCHEMA dds",
        "CREATE TABLE dds.item (id integer)",
    )
    with pytest.raises(psycopg2.Error, match="no entity has made it"):
        engine.declare()


def test_a_call_says_one_thing_and_a_declaration_nothing(item: Engine) -> None:
    """No NOTICE of PostgreSQL's own, such as of a table that there was not to drop, comes between."""
    put(item, "a", 1)
    item.run(
        "CREATE SCHEMA cdm",
        "CREATE VIEW cdm.report_image AS SELECT name, count(*) AS items FROM dds.item WHERE is_current GROUP BY name",
        "CALL sl.declare_mart('report', p_key => '{name}', p_sources => '{item}')",
        "CALL sl.load('item')",
        "CALL sl.build('report')",
        "CALL sl.build('report')",
    )
    said = [text.split(" ")[2] for text in item.connection.notices]
    assert said == ["dds.load_item:", "cdm.build_report:", "cdm.build_report:"]


def test_the_procedure_of_an_entity_loads_it(item: Engine) -> None:
    """CALL dds.load_item() shows the row of its run, and PUBLIC may not call it."""
    put(item, "a", 1)
    assert item.run("CALL dds.load_item()")[0][1:3] == (1, 1)
    assert item.run("SELECT procedure_name, target FROM sl.run ORDER BY run_id DESC LIMIT 1") == [
        ("dds.load_item", "dds.item")
    ]
    assert item.run(
        "SELECT has_function_privilege('pg_monitor', oid, 'EXECUTE') FROM pg_proc WHERE proname = 'load_item'"
    ) == [(False,)]
