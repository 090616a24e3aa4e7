"""Documents: whatever comes, in whatever order and batches, raw and history are those of all messages, each once."""

import contextlib
import json
import random
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg2
import pytest
from conftest import ROOT, query, run_psql

STREAM = "shop.orders"
BASE = 10**12
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
PARTITIONS = 3
STATUSES = ("Pending", "Paid", "Completed", "Aborted")
PAGE = (ROOT / "docs" / "documents.md").read_text()
POISON = (
    (None, '{"row": {}}'),
    ("x1", '{"row": {"status": "Paid", "updated_at": "2026-01-05"}}'),
    ("7", '"no JSON"'),
    ("7", "[]"),
    ("7", '{"row": {"status": "Paid"}}'),
    ("7", '{"row": {"total_amount": "much", "updated_at": "2026-01-05"}}'),
    ("7", '{"row": {"total_amount": 1e30, "updated_at": "2026-01-05"}}'),
    ("7", '{"schema_version": 2, "row": {"status": "Paid", "updated_at": "2026-01-05"}}'),
)


class Message(NamedTuple):
    """What Kafka holds: partition, offset in it, key, body (JSON; None: a tombstone), time of the message."""

    partition: int
    offset: int
    key: str | None
    body: str | None
    written_at: datetime


class Warehouse:
    """A warehouse into which messages are landed and applied."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.session = psycopg2.connect(dsn)
        self.session.autocommit = True

    def run(self, sql: str, *parameters: object) -> list[tuple]:
        """Run a statement; return its rows."""
        with self.session.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def land(self, messages: list[Message], stream: str = STREAM, topic: str = "topic") -> None:
        """Land messages of one partition as a consumer does: those that were landed before are left out."""
        if not messages:
            return
        partition = messages[0].partition
        with contextlib.closing(psycopg2.connect(self.dsn)) as session, session, session.cursor() as cursor:
            cursor.execute("SELECT * FROM landing.begin_landing(%s, %s, %s)", (stream, partition, topic))
            first, base = cursor.fetchone()
            new = [message for message in messages if message.offset >= first]
            cursor.executemany(
                "INSERT INTO landing.document (stream, partition, position, key, body, written_at)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [(stream, partition, one.offset + base, one.key, one.body, one.written_at) for one in new],
            )
            if new:
                cursor.execute(
                    "SELECT landing.end_landing(%s, %s, %s, %s)",
                    (stream, partition, new[-1].offset, new[-1].offset + 1),
                )

    def apply(self, stream: str = STREAM) -> dict[str, int]:
        """Apply what was landed; return what the call shows."""
        names = ["run_id", "documents", "inserted", "updated", "deleted", "unchanged", "kept", "rejected"]
        return dict(zip(names, self.run(f"CALL raw.apply_documents('{stream}')")[0], strict=True))

    def raw(self) -> list[tuple]:
        """Return all orders of raw, without what tells transactions apart."""
        return self.run(
            "SELECT order_id, status, total_amount, region, channel, updated_at, is_deleted"
            " FROM raw.sales_order ORDER BY order_id"
        )

    def history(self) -> list[tuple]:
        """Return all versions of orders."""
        return self.run(
            "SELECT order_id, status, total_amount, valid_from, valid_to, is_current"
            " FROM dds.sales_order ORDER BY order_id, valid_from"
        )


@pytest.fixture
def documents(warehouse: str) -> Iterator[Warehouse]:
    """A fresh warehouse."""
    opened = Warehouse(warehouse)
    yield opened
    opened.session.close()


def state(key: int, status: str, at: datetime, total: int = 10) -> str:
    """Return a message's body."""
    row = {
        "id": key,
        "user_id": 3,
        "ordered_at": BEGIN.isoformat(),
        "status": status,
        "total_amount": total,
        "region": "North",
        "updated_at": at.isoformat(),
    }
    return json.dumps({"schema_version": 1, "event": "orders_changed", "row": row})


def to_whole_ms(at: datetime) -> datetime:
    """Return a time in whole milliseconds, rounded up, as Kafka has it."""
    return at + timedelta(microseconds=-at.microsecond % 1000)


def a_story(chance: random.Random) -> list[Message]:
    """Make messages of some orders: states, deletions, comebacks, late and repeated ones, poison."""
    ends = [0] * PARTITIONS
    told: list[Message] = []
    deleted: dict[int, datetime] = {}
    at = BEGIN

    def tell(key: str | None, body: str | None, written_at: datetime, partition: int) -> None:
        told.append(Message(partition, ends[partition], key, body, written_at))
        # Kafka leaves offsets out.
        ends[partition] += chance.choice((1, 1, 1, 2))

    for _ in range(chance.randint(60, 160)):
        at += timedelta(microseconds=chance.choice((1, 300, 2_000, 10**6, 10**9)))
        key = chance.randint(1, 12)
        partition = key % PARTITIONS
        match chance.choices(("state", "late", "deletion", "repeat", "poison"), (10, 3, 2, 2, 1))[0]:
            case "state":
                # What comes back is later than its deletion.
                at = max(at, deleted.pop(key, BEGIN) + timedelta(milliseconds=1))
                tell(
                    str(key), state(key, chance.choice(STATUSES), at, chance.randint(1, 3)), to_whole_ms(at), partition
                )
            case "late":
                # Never at the time of another state.
                late = at - timedelta(days=1, microseconds=chance.randint(1, 10**9))
                tell(str(key), state(key, chance.choice(STATUSES), late), to_whole_ms(at), partition)
            case "deletion":
                deleted[key] = to_whole_ms(at)
                tell(str(key), None, to_whole_ms(at), partition)
            case "repeat":
                again = [one for one in told if one.partition == partition][-chance.randint(1, 8) :]
                for one in again:
                    tell(one.key, one.body, one.written_at, partition)
            case "poison":
                tell(*chance.choice(POISON), to_whole_ms(at), partition)
    return told


def is_good(message: Message) -> bool:
    """Tell whether a message is no poison."""
    return (message.key, message.body) not in POISON


def deliver(warehouse: Warehouse, story: list[Message], chance: random.Random) -> None:
    """Land a story in batches, some of them again, with calls and loads in between, then all that is left."""
    parts = [[one for one in story if one.partition == partition] for partition in range(PARTITIONS)]
    done = [0] * PARTITIONS
    while any(done[partition] < len(part) for partition, part in enumerate(parts)):
        partition = chance.randrange(PARTITIONS)
        begin = max(0, done[partition] - chance.choice((0, 0, 5)))
        done[partition] = max(done[partition], min(len(parts[partition]), begin + chance.choice((1, 3, 20, 200))))
        warehouse.land(parts[partition][begin : done[partition]])
        match chance.randrange(5):
            case 0:
                warehouse.apply()
            case 1:
                warehouse.apply()
                warehouse.run("CALL dds.load_sales_order()")
            case 2:
                # A call that ends before its commit.
                with contextlib.closing(psycopg2.connect(warehouse.dsn)) as session, session.cursor() as cursor:
                    cursor.execute("CALL raw.apply_documents(%s)", (STREAM,))
                    session.rollback()
    warehouse.apply()
    warehouse.run("CALL dds.load_sales_order()")


@pytest.mark.parametrize("seed", range(6))
def test_raw_and_history_are_those_of_all_messages_in_whatever_batches_they_come(
    seed, documents, postgres_server, warehouse_template
):
    story = a_story(random.Random(seed))
    deliver(documents, story, random.Random(1000 + seed))

    # raw: of each key the newest state, by its time and then by its place. A deletion has the message's time.
    good = [one for one in story if is_good(one)]
    newest: dict[str, tuple] = {}
    states = []
    for one in good:
        if one.body:
            row = json.loads(one.body)["row"]
            at = datetime.fromisoformat(row["updated_at"])
            told = (one.key, row["status"], row["total_amount"], False)
            states.append((one.key, at, row["status"]))
        else:
            at = one.written_at
            told = (one.key, None, None, True)
        newest[one.key] = max(newest.get(one.key, (at,)), (at, *told), key=lambda state: state[0])
        if at >= newest[one.key][0]:
            newest[one.key] = (at, *told)
    assert [(order, status, total, deleted, at) for order, status, total, _, _, at, deleted in documents.raw()] == [
        (BASE + int(key), status, total, deleted, at)
        for at, key, status, total, deleted in sorted(newest.values(), key=lambda state: int(state[1]))
    ]
    # History: each state is valid at its time.
    versions = documents.history()
    for key, at, status in states:
        (found,) = [version for version in versions if version[0] == BASE + int(key) and version[3] <= at < version[4]]
        assert found[1] == status
    # Every message is accounted for.
    assert documents.run("SELECT count(*) FROM landing.rejected_document") == [(len(story) - len(good),)]
    assert documents.run("SELECT count(*) FROM landing.document") == [(len(story),)]
    documents.run("CALL raw.audit_documents()")
    documents.run("CALL sl.audit()")

    # All at once into another warehouse: the same.
    postgres_server.create_database("at_once", warehouse_template)
    try:
        other = Warehouse(postgres_server.dsn("at_once"))
        for partition in range(PARTITIONS):
            other.land([one for one in story if one.partition == partition])
        other.apply()
        other.run("CALL dds.load_sales_order()")
        assert (other.raw(), other.history()) == (documents.raw(), versions)
        # Applied again from the first one on: nothing doubles.
        other.run("UPDATE landing.position SET applied_position = -1")
        other.apply()
        other.run("CALL dds.load_sales_order()")
        assert (other.raw(), other.history()) == (documents.raw(), versions)
        other.session.close()
    finally:
        postgres_server.drop_database("at_once")


def numbered(bodies: list[tuple[str | None, str | None]]) -> list[Message]:
    """Return messages of one partition."""
    return [Message(0, number, key, body, BEGIN) for number, (key, body) in enumerate(bodies)]


def test_a_second_consumer_waits_and_lands_nothing_twice(documents):
    messages = numbered([(str(key), state(key, "Paid", BEGIN)) for key in range(5)])
    with contextlib.closing(psycopg2.connect(documents.dsn)) as first, first.cursor() as cursor:
        cursor.execute("SELECT * FROM landing.begin_landing(%s, 0, 'topic')", (STREAM,))
        second = threading.Thread(target=documents.land, args=(messages,))
        second.start()
        cursor.execute(
            "INSERT INTO landing.document (stream, partition, position, key, body, written_at)"
            " SELECT %s, 0, 0, '0', %s, now()",
            (STREAM, messages[0].body),
        )
        cursor.execute("SELECT landing.end_landing(%s, 0, 0, 5)", (STREAM,))
        assert second.is_alive()
        first.commit()
    second.join()
    assert documents.run("SELECT position FROM landing.document ORDER BY position") == [(n,) for n in range(5)]
    assert documents.apply()["inserted"] == 5


def test_a_consumer_that_waited_for_another_topic_is_refused(documents):
    documents.land(numbered([("1", state(1, "Paid", BEGIN))]))
    errors = []

    def land() -> None:
        try:
            documents.land([Message(0, 1, "1", state(1, "Aborted", BEGIN), BEGIN)])
        except psycopg2.Error as error:
            errors.append(error.pgcode)

    with contextlib.closing(psycopg2.connect(documents.dsn)) as owner, owner.cursor() as cursor:
        cursor.execute("CALL landing.continue_stream(%s)", (STREAM,))
        cursor.execute("SELECT * FROM landing.begin_landing(%s, 0, 'another')", (STREAM,))
        assert cursor.fetchone() == (0, 1)
        late = threading.Thread(target=land)
        late.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while query(documents.dsn, waits) == (0,):
            pass
        owner.commit()
    late.join()
    assert errors == ["TS020"]
    assert documents.run("SELECT count(*) FROM landing.document") == [(1,)]


def test_a_second_call_is_refused_and_another_stream_is_not(documents):
    documents.land(numbered([("1", state(1, "Paid", BEGIN))]))
    with contextlib.closing(psycopg2.connect(documents.dsn)) as first, first.cursor() as cursor:
        cursor.execute("CALL raw.apply_documents(%s)", (STREAM,))
        with pytest.raises(psycopg2.Error) as refused:
            documents.apply()
        assert refused.value.pgcode == "TS001"
        assert documents.apply("shop.users")["documents"] == 0
        first.rollback()
    assert documents.apply()["inserted"] == 1


def test_who_holds_a_row_of_raw_is_named_and_nothing_is_changed(documents):
    documents.land(numbered([("1", state(1, "Pending", BEGIN)), ("2", state(2, "Pending", BEGIN))]))
    documents.apply()
    documents.land([Message(1, 0, "1", state(1, "Paid", BEGIN + timedelta(days=1)), BEGIN + timedelta(days=1))])
    with contextlib.closing(psycopg2.connect(documents.dsn)) as holder, holder.cursor() as cursor:
        cursor.execute("UPDATE raw.sales_order SET region = 'South' WHERE order_id = %s", (BASE + 1,))
        documents.run("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg2.Error) as refused:
            documents.apply()
        assert refused.value.pgcode == "TS005"
        assert f"pid {holder.info.backend_pid}" in refused.value.diag.message_detail
    assert documents.apply()["updated"] == 1


def test_a_state_that_another_session_overtook_is_not_lost(documents):
    day = timedelta(days=1)
    documents.land(numbered([("1", state(1, "Pending", BEGIN))]))
    documents.apply()
    documents.run("CALL dds.load_sales_order()")
    documents.land([Message(0, 1, "1", state(1, "Paid", BEGIN + day), BEGIN + day)])
    with contextlib.closing(psycopg2.connect(documents.dsn)) as other, other.cursor() as cursor:
        cursor.execute(
            "UPDATE raw.sales_order SET status = 'Completed', updated_at = %s WHERE order_id = %s",
            (BEGIN + 2 * day, BASE + 1),
        )
        applying = apply_until_it_waits(documents)
        other.commit()
    applying.join()
    documents.run("CALL dds.load_sales_order()")
    assert [version[1] for version in documents.history()] == ["Pending", "Paid", "Completed"]


def apply_until_it_waits(documents: Warehouse) -> threading.Thread:
    """Begin to apply beside this thread; return when it waits for another session's lock."""
    applying = threading.Thread(target=documents.apply)
    applying.start()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while query(documents.dsn, waits) == (0,):
        assert applying.is_alive()
    return applying


def kept(documents: Warehouse) -> list[tuple]:
    """Return the states that wait for a load beside the table's rows: key and status."""
    return documents.run(
        "SELECT (state ->> 'order_id')::bigint, state ->> 'status' FROM sl.kept_state ORDER BY kept_no"
    )


def land_many(documents: Warehouse, *messages: tuple[int, str, datetime]) -> None:
    """Land states of orders, and so many others, which change nothing after the first time, that it is a large call."""
    states = [*messages, *((1000 + number, "Pending", BEGIN) for number in range(100))]
    ((landed,),) = documents.run("SELECT coalesce(max(landed_position), -1) FROM landing.position")
    documents.land(
        [
            Message(0, landed + number, str(key), state(key, status, at), at)
            for number, (key, status, at) in enumerate(states, 1)
        ]
    )


def test_what_no_load_has_read_is_kept_once_whoever_overwrites_it(documents):
    day = timedelta(days=1)
    land_many(documents, *((key, "Pending", BEGIN) for key in (1, 2, 3)))
    documents.apply()
    # What is the same, or older, overwrites nothing.
    land_many(documents, (1, "Paid", BEGIN + day), (2, "Pending", BEGIN))
    with contextlib.closing(psycopg2.connect(documents.dsn)) as session, session, session.cursor() as cursor:
        cursor.execute("CALL raw.apply_documents(%s)", (STREAM,))
        # After the call the same transaction keeps what it overwrites itself.
        cursor.execute("UPDATE raw.sales_order SET status = 'Aborted' WHERE order_id = %s", (BASE + 3,))
    assert kept(documents) == [(BASE + 1, "Pending"), (BASE + 3, "Pending")]
    documents.run("CALL dds.load_sales_order()")
    land_many(documents, (1, "Completed", BEGIN + 2 * day))
    documents.apply()
    assert kept(documents) == []
    documents.run("CALL dds.load_sales_order()")
    assert [version[1] for version in documents.history() if version[0] == BASE + 1] == ["Pending", "Paid", "Completed"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_state_that_another_session_writes_meanwhile_is_kept_once(documents, is_there):
    """It is there and changed, or new: what this call finds in the end is neither lost nor kept twice."""
    day = timedelta(days=1)
    land_many(documents, *((key, "Pending", BEGIN) for key in (1, 2)[not is_there :]))
    documents.apply()
    land_many(documents, *((key, "Completed", BEGIN + 2 * day) for key in (1, 2)))
    with contextlib.closing(psycopg2.connect(documents.dsn)) as other, other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO raw.sales_order (order_id, status, updated_at) VALUES (%s, 'Paid', %s)"
            " ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at",
            (BASE + 1, BEGIN + day),
        )
        applying = apply_until_it_waits(documents)
        other.commit()
    applying.join()
    expected = [(BASE + 1, "Pending")] * is_there + [(BASE + 1, "Paid"), (BASE + 2, "Pending")]
    assert sorted(kept(documents)) == sorted(expected)
    assert [row[:2] for row in documents.raw()[:2]] == [(BASE + 1, "Completed"), (BASE + 2, "Completed")]


def test_a_deadlock_with_another_session_is_left_behind(documents):
    day = timedelta(days=1)
    land_many(documents, (2, "Pending", BEGIN))
    documents.apply()
    land_many(documents, *((key, "Completed", BEGIN + 2 * day) for key in (1, 2)))
    # Whose time is over first finds the deadlock, and gives way.
    documents.run("SET deadlock_timeout = '3s'")
    with contextlib.closing(psycopg2.connect(documents.dsn)) as other, other.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '60s'")
        cursor.execute(
            "INSERT INTO raw.sales_order (order_id, status, updated_at) VALUES (%s, 'Paid', %s)",
            (BASE + 1, BEGIN + day),
        )
        applying = apply_until_it_waits(documents)
        cursor.execute(
            "UPDATE raw.sales_order SET status = 'Paid', updated_at = %s WHERE order_id = %s", (BEGIN + day, BASE + 2)
        )
        other.commit()
    applying.join()
    assert sorted(kept(documents)) == [(BASE + 1, "Paid"), (BASE + 2, "Paid"), (BASE + 2, "Pending")]
    assert [row[:2] for row in documents.raw()[:2]] == [(BASE + 1, "Completed"), (BASE + 2, "Completed")]


def test_a_foreign_key_that_looks_at_a_row_does_not_hold_it(documents):
    land_many(documents, (1, "Pending", BEGIN))
    documents.apply()
    land_many(documents, (1, "Paid", BEGIN + timedelta(days=1)))
    documents.run("SET lock_timeout = '2s'")
    with contextlib.closing(psycopg2.connect(documents.dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM raw.sales_order WHERE order_id = %s FOR KEY SHARE", (BASE + 1,))
        assert documents.apply()["updated"] == 1


def test_a_trigger_of_somebody_else_loses_no_state(documents):
    """It changes what is written, so that a state that came as an equal one overwrites the row, and another row too."""
    documents.run(
        """
        CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.region := 'South';
            UPDATE raw.sales_order SET region = 'East' WHERE order_id = 1000000000002 AND NEW.order_id = 1000000000001;
            RETURN NEW;
        END $$
        """
    )
    land_many(documents, (1, "Pending", BEGIN), (2, "Pending", BEGIN))
    documents.apply()
    documents.run(
        "CREATE TRIGGER meddle BEFORE INSERT ON raw.sales_order FOR EACH ROW EXECUTE FUNCTION public.meddle()"
    )
    land_many(documents, (1, "Pending", BEGIN))
    documents.apply()
    # Those that fill the call up, too: the trigger has given them another region.
    assert sorted(key - BASE for key, _ in kept(documents)) == [1, 2, *range(1000, 1100)]


def declare_visits(documents: Warehouse, parts: int) -> None:
    """Make a stranger's table, in partitions by hash where there are any, and the stream that it is the target of."""
    documents.run("CREATE SCHEMA crm")
    documents.run(
        "CREATE TABLE crm.visit (visit_id bigint PRIMARY KEY, page text, updated_at timestamptz NOT NULL,"
        f" is_deleted boolean NOT NULL DEFAULT false) {'PARTITION BY HASH (visit_id)' if parts else ''}"
    )
    for number in range(parts):
        values = f"FOR VALUES WITH (MODULUS {parts}, REMAINDER {number})"
        documents.run(f"CREATE TABLE crm.visit_{number} PARTITION OF crm.visit {values}")
    documents.run(
        "CALL sl.declare_entity('visit', p_source => 'crm.visit', p_key => '{visit_id}', p_tracked => '{page}',"
        " p_event_time => 'updated_at', p_deleted => 'is_deleted')"
    )
    documents.run(
        """
        CALL raw.declare_stream('crm.visits', p_target => 'crm.visit', p_mapping => $$
            SELECT d.partition, d.position, d.id AS visit_id, r.page, r.at AS updated_at
            FROM document AS d LEFT JOIN LATERAL jsonb_to_record(d.body) AS r (page text, at timestamptz) ON true
        $$)
        """
    )


def apply_visits(documents: Warehouse, first: int, keys: range, page: str | None, day: int) -> tuple[int, ...]:
    """Land states or, without a page, tombstones, from a position on, and apply them; return what the call counts."""
    at = BEGIN + timedelta(days=day)
    body = page and json.dumps({"page": page, "at": at.isoformat()})
    documents.land([Message(0, first + number, str(key), body, at) for number, key in enumerate(keys)], "crm.visits")
    counts = documents.apply("crm.visits")
    return tuple(counts[name] for name in ("inserted", "updated", "deleted", "rejected"))


@pytest.mark.parametrize("parts", [0, 3])
def test_a_partitioned_table_takes_documents_as_a_plain_one_does(documents, parts):
    """Many, which the statement keeps the states of, and few, which the trigger does."""
    declare_visits(documents, parts)
    assert apply_visits(documents, 0, range(200), "a", 0) == (200, 0, 0, 0)
    assert apply_visits(documents, 200, range(100, 300), "b", 1) == (100, 100, 0, 0)
    assert apply_visits(documents, 400, range(10), "c", 2) == (0, 10, 0, 0)
    assert apply_visits(documents, 410, range(5), None, 3) == (0, 0, 5, 0)
    assert documents.run("SELECT count(*) FROM sl.kept_state WHERE entity_name = 'visit'") == [(115,)]
    documents.run("CALL sl.load('visit')")
    versions = "SELECT page, count(*), count(*) FILTER (WHERE is_current) FROM dds.visit GROUP BY 1 ORDER BY 1"
    assert documents.run(versions) == [("a", 200, 90), ("b", 200, 200), ("c", 10, 5)]


def test_a_trigger_of_somebody_else_on_a_partition_loses_no_state(documents):
    declare_visits(documents, 3)
    apply_visits(documents, 0, range(200), "a", 0)
    documents.run(
        "CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN NEW.page := 'mine'; RETURN NEW; END $$"
    )
    documents.run("CREATE TRIGGER meddle BEFORE INSERT ON crm.visit_1 FOR EACH ROW EXECUTE FUNCTION public.meddle()")
    # What comes is what is there, but for the trigger.
    apply_visits(documents, 200, range(200), "a", 0)
    counts = "SELECT count(*) FROM crm.visit_1 UNION ALL SELECT count(*) FROM sl.kept_state"
    (overwritten,), (waiting,) = documents.run(counts)
    assert waiting == overwritten > 0


def test_columns_may_have_any_name(documents):
    """Also one that the engine gives to a row."""
    for name in "bcdefjklmnorstvwxyz":
        documents.run(f"ALTER TABLE raw.sales_order ADD COLUMN {name} text DEFAULT 'mine'")
    land_many(documents, (1, "Pending", BEGIN))
    documents.apply()
    documents.run("UPDATE raw.sales_order SET o = 'mine', s = 'mine'")
    day = timedelta(days=1)
    land_many(documents, (1, "Aborted", BEGIN + 3 * day), (1, "Completed", BEGIN + 2 * day), (1, "Paid", BEGIN + day))
    assert documents.apply()["rejected"] == 0
    assert [status for key, status in kept(documents) if key == BASE + 1][1:] == ["Pending", "Paid", "Completed"]


def test_a_row_that_no_json_can_hold_is_overwritten_all_the_same(documents):
    land_many(documents, (1, "Pending", BEGIN))
    documents.apply()
    documents.run("CREATE TYPE public.note AS ENUM ('secret')")
    documents.run(
        "CREATE FUNCTION public.as_json(public.note) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE data_exception; END'"
    )
    documents.run("CREATE CAST (public.note AS json) WITH FUNCTION public.as_json")
    documents.run("ALTER TABLE raw.sales_order ADD COLUMN note public.note")
    documents.run("UPDATE raw.sales_order SET note = 'secret'")
    documents.run("TRUNCATE sl.kept_state")
    land_many(documents, (1, "Paid", BEGIN + timedelta(days=1)))
    assert (documents.apply()["rejected"], documents.raw()[0][1]) == (0, "Paid")
    assert (BASE + 1, "Pending") in kept(documents)


def test_many_bad_ones_among_many_cost_no_good_one(documents):
    bad = {7, 8, 450, 999}
    documents.land(
        numbered([(str(key), state(key, "Paid", BEGIN, "much" if key in bad else 10)) for key in range(1000)])
    )
    assert documents.apply() | {"run_id": 0} == {
        "run_id": 0,
        "documents": 1000,
        "inserted": 996,
        "updated": 0,
        "deleted": 0,
        "unchanged": 0,
        "kept": 0,
        "rejected": 4,
    }
    assert {position for (position,) in documents.run("SELECT position FROM landing.rejected_document")} == bad


def test_a_body_of_20_mb_is_applied(documents):
    body = json.dumps(
        {"row": {"name": "Coat", "description": "ы" * 10_000_000, "updated_at": BEGIN.isoformat()}}, ensure_ascii=False
    )
    documents.land([Message(0, 0, "1", body, BEGIN)], "shop.products")
    assert documents.apply("shop.products")["inserted"] == 1
    assert documents.run("SELECT octet_length(description) FROM raw.product") == [(20_000_000,)]


PERSON = {
    "first_name": "Zinaida",
    "last_name": "Zhukova",
    "email": "zz@example.org",
    "phone": "+7 900 1",
    "birth_date": "1990-01-01",
}


def person(at: datetime, **more: object) -> str:
    """Return a body of the stream shop.users."""
    return json.dumps({"schema_version": 1, "row": {**PERSON, "updated_at": at.isoformat(), **more}})


def test_a_forgotten_person_is_in_no_document(documents):
    documents.land(
        numbered(
            [
                ("5", person(BEGIN, street="Zhukova Street")),
                ("5", json.dumps({"schema_version": 9, "row": {**PERSON, "nick": "Zhukova"}})),
                ("5", '"Zinaida Zhukova"'),
                ("6", person(BEGIN, last_name="Pavlova")),
            ]
        ),
        "shop.users",
    )
    documents.apply("shop.users")
    # One that was rejected, and came into raw once the mapping was mended.
    documents.land([Message(0, 4, "5", person(BEGIN, birth_date="Zhukova's day"), BEGIN)], "shop.users")
    documents.apply("shop.users")
    documents.run("UPDATE landing.document SET body = %s WHERE position = 4", person(BEGIN))
    documents.run("CALL raw.replay_documents('shop.users')")
    assert documents.run(
        "SELECT reason LIKE '%%Zhukova%%' FROM landing.rejected_document WHERE resolved_at < now()"
    ) == [(True,)]
    # Landed, and waiting while the person is forgotten; and one that comes later.
    # The street is a field that nobody declared.
    street = {"street": "Zhukova Street"}
    documents.land([Message(0, 5, "5", person(BEGIN + timedelta(days=1), **street), BEGIN)], "shop.users")
    documents.run("CALL dds.forget_client(%s)", BASE + 5)
    documents.land([Message(0, 6, "5", person(BEGIN + timedelta(days=2), **street), BEGIN)], "shop.users")
    documents.land([Message(0, 7, "5", '["Zhukova"]', BEGIN)], "shop.users")
    assert documents.apply("shop.users")["updated"] == 1
    documents.run("CALL dds.load_client()")
    tables = query(
        documents.dsn,
        "SELECT array_agg(oid::regclass::text) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('landing', 'raw', 'dds', 'cdm', 'spark', 'sl')"
        " AND relname NOT IN ('stream', 'stream_target')",
    )[0]
    for table in tables:
        for value in PERSON.values():
            held = f"SELECT count(*) FROM {table} AS t WHERE to_jsonb(t)::text LIKE '%%' || %s || '%%'"
            assert documents.run(
                held
                + (" AND client_id <> %s" if table.endswith(".client") else " AND %s <> 0")
                + (" AND key <> '6'" if table == "landing.document" else ""),
                value,
                BASE + 6,
            ) == [(0,)], f"{table} holds {value}"
    assert documents.run("SELECT last_name FROM raw.client WHERE client_id = %s", BASE + 6) == [("Pavlova",)]
    assert documents.run("SELECT body #>> '{row,last_name}' FROM landing.document WHERE key = '6'") == [("Pavlova",)]
    documents.run("CALL raw.audit_documents()")


def test_calls_of_a_minute_share_a_run_until_an_audit_has_read_it(documents):
    runs = []
    for number in range(4):
        documents.land([Message(0, number, "1", state(1, "Paid", BEGIN + timedelta(days=number)), BEGIN)])
        runs.append(documents.apply()["run_id"])
        if number == 1:
            documents.run("CALL sl.audit()")
        if number == 2:
            documents.run("UPDATE sl.run SET started_at = started_at - interval '1 minute' WHERE run_id = %s", runs[-1])
    assert runs[0] == runs[1] != runs[2] != runs[3]
    read = documents.run("SELECT rows_read FROM sl.run WHERE target = 'stream shop.orders' ORDER BY run_id")
    assert read == [(2,), (1,), (1,)]
    assert documents.apply()["run_id"] is None


def test_the_page_does_what_it_says(documents):
    def block(name: str) -> str:
        (text,) = re.findall(rf"^<!-- test: {name} -->\n```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        return text

    for name in ("declare", "land"):
        answer = run_psql(documents.dsn, "--single-transaction", "-c", block(name))
        assert answer.returncode == 0, answer.stderr
    assert documents.apply("crm.clients")["inserted"] == 1
    assert documents.run("SELECT client_id, last_name FROM raw.client") == [(7 * 10**12 + 42, "Orlova")]
    documents.land([Message(0, 1, "43", '"no JSON"', BEGIN)], "crm.clients", "id of the topic")
    documents.apply("crm.clients")
    assert run_psql(documents.dsn, "-c", block("rejected")).stdout == (
        "crm.clients|0|1|The message is no JSON object: no JSON\n"
    )
    for name in ("continue", "skip"):
        assert run_psql(documents.dsn, "-c", block(name)).returncode == 0
    assert documents.run("SELECT * FROM landing.begin_landing('crm.clients', 0, 'another')") == [(0, 2)]
