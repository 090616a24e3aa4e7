"""sl.preview says what the load then does, changes nothing, and hinders nobody."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import query

EXAMPLES = int(os.environ.get("TSHOP_HISTORIES", "60"))
OUTCOMES = ("inserted", "corrected", "deleted", "unchanged", "rejected")
START = datetime(2024, 3, 1, tzinfo=UTC)
# All that a load writes.
CONTENT = """
SELECT to_jsonb(t)::text FROM dds.item AS t
UNION ALL SELECT to_jsonb(t)::text FROM s.item AS t
UNION ALL SELECT to_jsonb(t)::text FROM sl.tombstone AS t
UNION ALL SELECT to_jsonb(t)::text FROM sl.kept_state AS t
UNION ALL SELECT to_jsonb(t)::text FROM sl.rejected_row AS t
UNION ALL SELECT to_jsonb(t)::text FROM sl.watermark AS t
UNION ALL SELECT to_jsonb(t)::text FROM sl.run AS t
ORDER BY 1
"""
HISTORY = "SELECT id::text, name, stock, valid_from, valid_to FROM dds.item"

# Few keys, times and names, so that ties, late states, repetitions and returns meet.
WRITE = st.tuples(
    st.sampled_from([1, 1, 1, 2, 3]),
    st.sampled_from(["a", "a", "b", "c", None]),
    st.integers(0, 4),
    st.sampled_from([1, 1, 2]),
    st.sampled_from(["put", "put", "put", "put", "mark", "delete"]),
)
ROUNDS = st.lists(st.tuples(st.lists(WRITE, max_size=5), st.booleans()), min_size=1, max_size=5)


@contextlib.contextmanager
def connected(dsn: str) -> Iterator[psycopg2.extensions.connection]:
    """A connection in autocommit mode."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        yield connection


def rows(connection, statement: str) -> list[tuple]:
    """Rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def declare(connection, changes: str) -> None:
    """An item of a key, a tracked and an in-place column."""
    rows(
        connection,
        f"""
        CREATE SCHEMA s;
        CREATE TABLE s.item (id bigint PRIMARY KEY, name text, stock integer, at timestamptz, is_deleted boolean);
        CALL sl.declare_entity(
            'item', 's.item', '{{id}}', '{{name}}', p_in_place => '{{stock}}', p_event_time => 'at',
            p_deleted => 'is_deleted', p_required => '{{name}}', p_changes => '{changes}'
        )
        """,
    )


def write(connection, one: tuple[int, str | None, int, int, str]) -> None:
    """One write, as a transaction of its own."""
    key, name, hours, stock, kind = one
    with connection.cursor() as cursor:
        if kind == "delete":
            cursor.execute("DELETE FROM s.item WHERE id = %s", (key,))
            return
        cursor.execute(
            "INSERT INTO s.item VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
            "stock = excluded.stock, at = excluded.at, is_deleted = excluded.is_deleted",
            (key, name, stock, START + timedelta(hours=hours), kind == "mark"),
        )


@pytest.mark.parametrize("changes", ["stamp", "scan"])
@pytest.mark.timeout(600)
def test_preview_then_load_agree(new_database, warehouse_template, changes):
    dsn = new_database(warehouse_template)
    with connected(dsn) as connection:
        declare(connection, changes)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(rounds=ROUNDS)
    def agree(rounds):
        with connected(dsn) as connection:
            rows(
                connection,
                "DELETE FROM s.item; TRUNCATE dds.item, sl.tombstone, sl.kept_state; DELETE FROM sl.rejected_row; "
                "DELETE FROM sl.rule_warning; DELETE FROM sl.watermark; DELETE FROM sl.run",
            )
            for writes, full in rounds:
                for one in writes:
                    write(connection, one)
                before, history = rows(connection, CONTENT), set(rows(connection, HISTORY))
                told = rows(
                    connection,
                    "SELECT outcome, entity_key "
                    f"FROM sl.preview('item', p_full => {full}, p_limit => NULL, p_unchanged => true)",
                )
                assert rows(connection, CONTENT) == before
                ((_, read, *counts),) = rows(connection, f"CALL sl.load('item', p_full => {full})")
                outcomes = Counter(outcome for outcome, _ in told)
                assert (read, [outcomes[name] for name in OUTCOMES]) == (len(told), counts)
                changed = {row[0] for row in history ^ set(rows(connection, HISTORY))}
                said = {key for outcome, key in told if outcome in ("inserted", "corrected", "deleted")}
                assert changed <= said

    agree()


def test_it_locks_nothing_and_waits_for_nobody(new_database, warehouse_template):
    dsn = new_database(warehouse_template)
    with connected(dsn) as connection, contextlib.closing(psycopg2.connect(dsn)) as other:
        declare(connection, "stamp")
        write(connection, (1, "a", 1, 1, "put"))
        rows(connection, "CALL sl.load('item')")
        write(connection, (1, "b", 2, 1, "put"))
        write(connection, (2, "c", 2, 1, "put"))
        # A load that has not committed holds the target's lock and its rows.
        rows(other, "CALL sl.load('item')")
        told = "SELECT outcome, entity_key FROM sl.preview('item')"
        rows(connection, "SET lock_timeout = '100ms'")
        assert rows(connection, told) == [("inserted", "1"), ("inserted", "2")]
        # And in a transaction of its own it leaves no lock that a load would meet.
        other.rollback()
        rows(other, told)
        locks = rows(
            other,
            "SELECT DISTINCT l.locktype, l.mode FROM pg_locks AS l LEFT JOIN pg_class AS c ON c.oid = l.relation "
            "LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            "WHERE l.pid = pg_backend_pid() AND (l.locktype = 'advisory' OR n.nspname IN ('sl', 'dds', 's'))",
        )
        assert locks == [("relation", "AccessShareLock")]
        assert rows(connection, "CALL sl.load('item')")[0][1:] == (2, 2, 0, 0, 0, 0)


def test_a_load_that_would_stop_is_told(new_database, warehouse_template):
    dsn = new_database(warehouse_template)
    with connected(dsn) as connection:
        declare(connection, "stamp")
        rows(connection, "INSERT INTO s.item SELECT n, 'a', 1, '2024-03-01' FROM generate_series(1, 1500) AS n")
        rows(connection, "CALL sl.load('item')")
        rows(connection, "DELETE FROM s.item")
        assert len(rows(connection, "SELECT * FROM sl.preview('item', p_limit => 10)")) == 10
        assert "WARNING:  sl.preview: the load would stop, unless it is forced (TS004): " in "".join(connection.notices)
        assert query(dsn, "SELECT count(*) FROM dds.item WHERE is_current") == (1500,)


@pytest.mark.parametrize(
    ("before", "call", "sqlstate"),
    [
        ("SELECT", "SELECT * FROM sl.preview('nobody')", "TS002"),
        ("ALTER TABLE raw.sale DROP COLUMN quantity CASCADE", "SELECT * FROM sl.preview('sale')", "TS003"),
        ("BEGIN READ ONLY", "SELECT * FROM sl.preview('sale')", "25006"),
    ],
)
def test_what_cannot_be_shown_is_refused(new_database, warehouse_template, before, call, sqlstate):
    with connected(new_database(warehouse_template)) as connection, connection.cursor() as cursor:
        cursor.execute(before)
        with pytest.raises(psycopg2.Error) as refused:
            cursor.execute(call)
        assert refused.value.pgcode == sqlstate


def test_it_waits_for_an_exclusive_lock_no_longer_than_it_may(new_database, warehouse_template):
    dsn = new_database(warehouse_template)
    with connected(dsn) as holder, connected(dsn) as reader:
        holder.cursor().execute("BEGIN; LOCK TABLE raw.sale IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            reader.cursor().execute("SET lock_timeout = '10ms'; SELECT * FROM sl.preview('sale')")
