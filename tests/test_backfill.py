"""First loads and rebuilds in slices end as one load does, whoever else works meanwhile and whatever cuts them off."""

import contextlib
import itertools
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import psycopg2.errors
import pytest
from hypothesis import given

from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from migrations import runner
from tests.conftest import ROOT, run_module
from tests.ports import free_port
from tests.reference_model import COLUMNS, CURRENT_MART
from tests.test_properties import LONG_TIMEOUT, PROPERTY, Script, Told, histories

BEGIN_MART = """
SELECT
    sl._begin_backfill('test', 'cdm.sales_mart', '{dds.client,dds.product,dds.sale}', 'dds.sale', '{sale_id}', 50)
"""
LOADS = ("dds.load_client", "dds.load_product", "dds.load_sale")
# Keys with holes, of which each kind of row is one; the sources have deleted, mended and emptied some.
MESS = """
INSERT INTO raw.client
SELECT
    3 * n, CASE WHEN n % 9 <> 0 THEN 'Анна' END, 'Иванова ' || n,
    CASE n % 7 WHEN 0 THEN '2999-01-01' WHEN 1 THEN NULL ELSE date '1990-05-05' + n END,
    CASE WHEN n % 13 = 0 THEN 'infinity' ELSE timestamptz '2026-01-01' + n * interval '1 hour' END, n % 5 = 0
FROM generate_series(-10, 60) AS n;
INSERT INTO raw.product
SELECT
    n, 'Куртка', CASE WHEN n % 4 <> 0 THEN 'Верх' END, 'M', CASE WHEN n % 11 = 0 THEN -1 ELSE 10.5 * n END,
    timestamptz '2026-01-01' + n * interval '1 hour', CASE WHEN n % 6 = 0 THEN true END
FROM generate_series(1, 40) AS n;
INSERT INTO raw.sale
SELECT
    7 * n, n / 2, timestamptz '2026-01-01' + n * interval '30 minutes', n % 190, n % 45,
    CASE WHEN n % 17 = 0 THEN 0 ELSE 1 + n % 3 END, timestamptz '2026-01-02' + n * interval '1 hour', n % 10 = 0
FROM generate_series(1, 200) AS n;
"""
CHANGES = """
UPDATE raw.client SET last_name = 'Петрова', updated_at = updated_at + interval '9 days' WHERE client_id % 2 = 0;
UPDATE raw.client SET last_name = 'Орлова', updated_at = updated_at - interval '9 days' WHERE client_id % 5 = 0;
UPDATE raw.client SET first_name = 'Яна', birth_date = NULL, updated_at = '2026-03-01', is_deleted = false
WHERE client_id % 9 = 0;
UPDATE raw.product SET price = 7, updated_at = '2026-03-01', is_deleted = NULL WHERE product_id % 11 = 0;
UPDATE raw.sale SET is_deleted = NOT is_deleted, updated_at = '2026-03-02' WHERE sale_id % 3 = 0;
UPDATE raw.sale SET quantity = 9, updated_at = '2026-03-02' WHERE sale_id % 17 = 0;
INSERT INTO raw.sale
VALUES (-5, 1, '2026-01-02', 3, 1, 1, '2026-03-02'), (5000, 1, '2026-01-02', 9, 1, 1, '2026-03-02');
"""


def execute(connection, sql, parameters=None):
    """Rows of a statement, None where it returns none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else None


def value(connection, sql, parameters=None):
    """The one value that a query gives."""
    ((found,),) = execute(connection, sql, parameters)
    return found


@pytest.fixture
def connect() -> Iterator[Callable]:
    """Function that opens a connection in autocommit mode."""
    with contextlib.ExitStack() as stack:

        def open_connection(dsn):
            connection = stack.enter_context(contextlib.closing(psycopg2.connect(dsn)))
            connection.autocommit = True
            return connection

        yield open_connection


@pytest.fixture
def session(connect, warehouse):
    """A session of the warehouse's owner."""
    return connect(warehouse)


@pytest.fixture
def ordinary(connect, new_database, warehouse_template):
    """A session of another warehouse, which is loaded as always: what a backfill must end as."""
    return connect(new_database(warehouse_template))


def load(session, arguments=""):
    """Load and build as always."""
    for procedure in (*LOADS, "cdm.build_mart"):
        execute(session, f"CALL {procedure}({arguments})")


def backfill(session, slice_rows=7):
    """Load and build in slices."""
    for entity in COLUMNS:
        execute(session, "CALL sl.backfill(%s, %s)", (entity, slice_rows))
    execute(session, "CALL sl.backfill('sales_mart', %s)", (slice_rows,))


def finish(session, entity="sale"):
    """Go on with a backfill that is not finished, slice by slice; returns how many there were."""
    slices = 0
    while value(session, "SELECT sl._load_slice(%s, false)", (entity,)):
        slices += 1
    return slices


# What the tests fill.
TARGETS = "'dds.client', 'dds.product', 'dds.sale', 'cdm.sales_mart'"


def content(session):
    """All that loads and builds of these write, but for run ids, clocks and the numbers of surrogate keys."""
    found = {
        f"dds.{entity}": execute(
            session,
            f"SELECT {entity}_id, {', '.join(columns)}, valid_from, valid_to, is_current, observed_at "
            f"FROM dds.{entity} ORDER BY {entity}_id, valid_from",
        )
        for entity, columns in COLUMNS.items()
    }
    return found | {
        "the mart": execute(session, f"{CURRENT_MART} ORDER BY m.sale_id"),
        "its versions": execute(
            session, "SELECT sale_id, version_no, quantity, is_current FROM cdm.sales_mart ORDER BY 1, 2"
        ),
        "deletions": execute(
            session, "SELECT entity_name, entity_key, deleted_at, observed_at FROM sl.tombstone ORDER BY 1, 2, 3"
        ),
        "rejections": execute(
            session,
            "SELECT entity_name, entity_key, rule_name, row, resolved_at IS NULL FROM sl.rejected_row "
            "ORDER BY entity_name, entity_key, rejected_row_id",
        ),
        "watermarks": execute(
            session,
            f"SELECT target, source, high_updated_at FROM sl.watermark WHERE target IN ({TARGETS}) ORDER BY 1, 2",
        ),
        "counts": execute(
            session,
            "SELECT target, sum(rows_read), sum(rows_inserted), sum(rows_corrected), sum(rows_deleted), "
            "sum(rows_unchanged), sum(rows_rejected), sum(rows_late), bool_and(consumed_by IS NOT NULL) "
            f"FROM sl.run WHERE target IN ({TARGETS}) GROUP BY target ORDER BY 1",
        ),
        "changed periods": execute(
            session,
            "SELECT DISTINCT entity_name, entity_key, changed_from, changed_to FROM sl.changed_period ORDER BY 1, 2, 3",
        ),
    }


def audit(session):
    """Audit everything: every history, the mart, and the counts of every run."""
    execute(session, "CALL sl.audit()")


# Who waits for an advisory lock of this database; the server has others.
WAITING = """
    SELECT count(*)
    FROM pg_locks AS l
    INNER JOIN pg_database AS d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
"""


def hold(session, sale_id):
    """Let whoever judges this sale wait until the session lets go by pg_advisory_unlock(1)."""
    execute(
        session,
        f"""
        UPDATE sl.quality_rule
        SET expression = 'quantity <> 0 AND (sale_id <> {sale_id} OR pg_advisory_xact_lock_shared(1) IS NOT NULL)'
        WHERE rule_name = 'quantity_zero';
        SELECT pg_advisory_lock(1)
        """,
    )


def wait_for_waiting(session, running):
    """Wait until somebody waits for the session's lock; fail where what runs ends without."""
    while not value(session, WAITING):
        assert not running.done(), running.result()
        time.sleep(0.01)


# --- the same end ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slice_rows", [1, 7, 1000])
def test_a_first_load_and_build_in_slices_end_as_in_one(session, ordinary, slice_rows):
    for one in (session, ordinary):
        execute(one, MESS)
    load(ordinary)
    backfill(session, slice_rows)
    assert content(session) == content(ordinary)
    for one in (session, ordinary):
        audit(one)
        execute(one, CHANGES)
        load(one)
    # Slices end at different transactions, so that more or less is read again; what comes of it is the same.
    after, expected = content(session), content(ordinary)
    assert {key: rows for key, rows in after.items() if key != "counts"} == {
        key: rows for key, rows in expected.items() if key != "counts"
    }
    audit(session)


def test_a_rebuild_in_slices_ends_as_in_one(session, ordinary):
    for one in (session, ordinary):
        execute(one, MESS)
        load(one)
        # Rows that come with the ids of transactions long ended, as from a backup.
        for entity in COLUMNS:
            execute(one, f"ALTER TABLE raw.{entity} DISABLE TRIGGER sl_stamp")
        execute(one, CHANGES)
    load(ordinary, "p_full => true")
    backfill(session)
    assert content(session) == content(ordinary)
    audit(session)
    # Once more, with nothing to do.
    before = content(session)
    backfill(session, 50)
    after = content(session)
    assert [rows for name, rows in after.items() if name != "counts"] == [
        rows for name, rows in before.items() if name != "counts"
    ]
    audit(session)


class Sliced(Script):
    """Sessions that load and build in slices wherever the history asks for a full run, or for a first one."""

    def run(self, sql: str, session: int = 0) -> list[tuple]:
        """Run and keep a statement of a session, or what takes its place; returns its rows."""
        called = re.fullmatch(r"CALL dds\.load_(\w+)\((p_full => true)?\);", sql)
        if called and not self.is_open(session):
            entity, is_full = called.groups()
            target = f"dds.{entity}"
            if is_full or not self.ask("SELECT 1 FROM sl.watermark WHERE target = %s", (target,)):
                (last,) = self.ask("SELECT coalesce(max(run_id), 0) FROM sl.run")
                super().run(f"CALL sl.backfill('{entity}', 2);")
                return self.ask(
                    "SELECT max(run_id), sum(rows_read)::bigint, sum(rows_inserted)::bigint, "
                    "sum(rows_corrected)::bigint, sum(rows_deleted)::bigint, sum(rows_unchanged)::bigint, "
                    "sum(rows_rejected)::bigint FROM sl.run WHERE target = %s AND run_id > %s",
                    (target, *last),
                )
        if sql == "CALL cdm.build_mart(p_full => true);" and not self.is_open(session):
            # In one slice, as the model knows builds of one clock.
            super().run("CALL sl.backfill('sales_mart');")
            return self.ask(
                "SELECT run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected "
                "FROM sl.run WHERE procedure_name = 'sl.backfill' AND target = 'cdm.sales_mart' "
                "ORDER BY run_id DESC LIMIT 1"
            )
        return super().run(sql, session)


@pytest.fixture
def sliced(warehouse: str) -> Iterator[Sliced]:
    """Sessions in an empty warehouse."""
    with contextlib.closing(Sliced(warehouse)) as story:
        yield story


@LONG_TIMEOUT
@PROPERTY
@given(batches=histories())
def test_histories_loaded_in_slices_equal_the_model(sliced, batches):
    sliced.reset()
    told = Told(sliced)
    for batch in batches:
        told.play(batch)
    told.end()


def test_an_empty_source_is_one_slice(session):
    backfill(session)
    assert execute(session, "SELECT target, slices, slices_done, rows_read FROM sl.status_backfill ORDER BY 1") == [
        (target, 1, 1, 0) for target in ("cdm.sales_mart", "dds.client", "dds.product", "dds.sale")
    ]
    execute(session, "INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100, '2026-01-01')")
    # What comes then is a first load, whole, and after it increments.
    for full in (True, False):
        execute(session, "CALL dds.load_product()")
        assert value(session, "SELECT is_full FROM sl.run ORDER BY run_id DESC LIMIT 1") is full
    audit(session)


# --- several sessions -----------------------------------------------------------------------------------------------


def test_two_sessions_share_the_slices(connect, warehouse, session, ordinary):
    for one in (session, ordinary):
        execute(one, MESS)
    first, second, watcher = connect(warehouse), connect(warehouse), connect(warehouse)
    execute(second, "SET statement_timeout = '60s'")
    hold(session, 7)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(execute, first, "CALL sl.backfill('sale', 20)")
        wait_for_waiting(watcher, running)
        # The first one is in its first slice: the second does all others.
        execute(second, "CALL sl.backfill('sale', 20)")
        assert "resumes the backfill of dds.sale that is not finished" in second.notices[0]
        assert "the last slices of dds.sale are in other sessions' hands" in second.notices[-1]
        assert execute(watcher, "SELECT slices, slices_done, finished_at FROM sl.status_backfill") == [(10, 9, None)]
        assert value(watcher, "SELECT count(*) FROM sl.watermark") == 0
        # Ordinary loads and slices keep out of each other's way.
        with pytest.raises(psycopg2.Error) as refused:
            execute(second, "CALL dds.load_sale()")
        assert refused.value.pgcode == "TS001"
        execute(session, "SELECT pg_advisory_unlock(1)")
        running.result()
    assert "the backfill of dds.sale is finished: 10 slices" in first.notices[-1]
    assert execute(session, "SELECT slices_done, rows_read, seconds_left FROM sl.status_backfill") == [(10, 200, 0)]
    assert value(session, "SELECT count(*) FROM sl.run WHERE target = 'dds.sale'") == 10

    for entity in ("client", "product"):
        execute(session, "CALL sl.backfill(%s, 7)", (entity,))
    execute(session, "CALL cdm.build_mart()")
    load(ordinary)
    assert content(session) == content(ordinary)
    audit(session)


def test_sessions_that_begin_at_once_do_each_slice_once(connect, warehouse, session):
    execute(session, MESS)
    sessions = [connect(warehouse) for _ in range(4)]
    start = threading.Barrier(len(sessions))

    def run(one):
        start.wait()
        execute(one, "CALL sl.backfill('sale', 3, p_join => %s)", (one is sessions[-1],))

    execute(session, "SELECT sl._begin_entity_backfill('sale', 3)")
    with ThreadPoolExecutor(len(sessions)) as pool:
        for done in [pool.submit(run, one) for one in sessions]:
            done.result()
    assert value(session, "SELECT count(DISTINCT run_id) = count(*) FROM sl.backfill_slice")
    assert value(session, "SELECT count(*) = count(DISTINCT sale_id) FROM dds.sale")
    assert value(session, "SELECT finished_at IS NOT NULL FROM sl.status_backfill")
    audit(session)


def test_a_second_session_waits_for_the_first_to_cut_the_slices(connect, warehouse, session):
    execute(session, MESS)
    first, second = connect(warehouse), connect(warehouse)
    execute(first, "BEGIN; SELECT sl._begin_entity_backfill('sale', 50)")
    # That may take long: it does not give up as it does before a lock of others.
    execute(second, "SET lock_timeout = '50ms'")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(execute, second, "CALL sl.backfill('sale', 7)")
        while not value(session, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not waiting.done(), waiting.result()
        execute(session, "SELECT pg_sleep(0.3)")
        assert not waiting.done(), waiting.result()
        execute(first, "COMMIT")
        waiting.result()
    assert value(session, "SELECT slices FROM sl.status_backfill") == 4


def test_sessions_that_end_their_slices_at_once_do_not_stop_each_other(connect, warehouse, session):
    execute(
        session,
        "INSERT INTO raw.product SELECT n, 'Куртка', 'Верх', 'M', 100, '2026-01-01' FROM generate_series(1, 20) AS n",
    )
    sessions = [connect(warehouse) for _ in range(2)]
    start = threading.Barrier(len(sessions))

    def run(one):
        start.wait()
        execute(one, "CALL sl.backfill('product', p_join => true)")

    # What one has committed is seen before its lock is gone.
    with ThreadPoolExecutor(len(sessions)) as pool:
        for _ in range(150):
            execute(session, "SELECT sl._begin_entity_backfill('product', 10)")
            for done in [pool.submit(run, one) for one in sessions]:
                done.result()
            assert value(session, "SELECT finished_at IS NOT NULL FROM sl.backfill")


def test_to_join_begins_none(session):
    execute(session, MESS)
    execute(session, "CALL sl.backfill('sale', p_join => true)")
    assert value(session, "SELECT count(*) FROM sl.run") == 0
    execute(session, "CALL sl.backfill('sale')")
    execute(session, "CALL sl.backfill('sale', p_join => true)")
    assert value(session, "SELECT count(*) FROM sl.run") == 1


def test_what_is_written_between_slices_is_the_next_loads(connect, warehouse, session):
    execute(session, MESS)
    late = connect(warehouse)
    execute(late, "BEGIN; UPDATE raw.sale SET quantity = 5, updated_at = '2026-02-01' WHERE sale_id = 14")
    execute(session, "SELECT sl._begin_entity_backfill('sale', 50)")
    execute(late, "COMMIT")
    for _ in range(2):
        assert value(session, "SELECT sl._load_slice('sale', false)")
    # Into slices that are done, that are to come, and beyond the last key.
    execute(session, "UPDATE raw.sale SET quantity = 6, updated_at = '2026-03-01' WHERE sale_id IN (21, 1393)")
    execute(session, "INSERT INTO raw.sale VALUES (22, 1, '2026-01-02', 3, 1, 6, '2026-03-01')")
    execute(session, "INSERT INTO raw.sale VALUES (9000, 1, '2026-01-02', 3, 1, 6, '2026-03-01')")
    assert finish(session) == 2
    assert execute(session, "SELECT sale_id FROM dds.sale WHERE quantity = 6 ORDER BY 1") == [(1393,), (9000,)]
    # The watermark is as it was before the first slice was cut: the open transaction's row, too, is read again, and the
    # state of sale 21 that its slice had read, since it was kept aside before the watermark moved.
    execute(session, "CALL dds.load_sale()")
    assert execute(session, "SELECT is_full, rows_read FROM sl.run ORDER BY run_id DESC LIMIT 1") == [(False, 6)]
    assert execute(session, "SELECT sale_id FROM dds.sale WHERE is_current AND quantity IN (5, 6) ORDER BY 1") == [
        (14,),
        (21,),
        (22,),
        (1393,),
        (9000,),
    ]
    execute(session, "CALL dds.load_sale()")
    audit(session)


def test_a_load_in_between_is_not_set_back(session):
    watermark = "SELECT snapshot_xmin FROM sl.watermark WHERE target = 'dds.sale'"
    execute(session, MESS)
    execute(session, "SELECT sl._begin_entity_backfill('sale', 50)")
    execute(session, "SELECT sl._load_slice('sale', false)")
    execute(session, "UPDATE raw.sale SET quantity = 6, updated_at = '2026-03-01' WHERE sale_id IN (14, 1393)")
    # There is no watermark yet: it does the whole, with the two states that were overwritten, and the slices after it
    # find nothing to do.
    execute(session, "CALL dds.load_sale()")
    assert execute(session, "SELECT is_full, rows_read FROM sl.run ORDER BY run_id DESC LIMIT 1") == [(True, 202)]
    before = value(session, watermark)
    assert finish(session) == 3
    assert value(session, watermark) == before
    assert value(session, "SELECT sum(rows_inserted + rows_deleted) FROM sl.run WHERE run_id > 2") == 0
    audit(session)

    # With a watermark it reads what is new; so does the one after the end.
    execute(session, "SELECT sl._begin_entity_backfill('sale', 50)")
    execute(session, "SELECT sl._load_slice('sale', false)")
    execute(session, "UPDATE raw.sale SET quantity = 7, updated_at = '2026-03-02' WHERE sale_id IN (14, 1393)")
    execute(session, "CALL dds.load_sale()")
    assert execute(session, "SELECT is_full, rows_inserted FROM sl.run ORDER BY run_id DESC LIMIT 1") == [(False, 2)]
    before = value(session, watermark)
    finish(session)
    assert value(session, watermark) == before
    execute(session, "CALL dds.load_sale()")
    assert value(session, "SELECT rows_read FROM sl.run ORDER BY run_id DESC LIMIT 1") == 0
    audit(session)


def test_a_client_forgotten_in_between_stays_forgotten(session):
    execute(session, MESS)
    execute(session, "CALL sl.backfill('product', 7)")
    execute(session, "CALL sl.backfill('sale', 7)")
    execute(session, "SELECT sl._begin_entity_backfill('client', 10)")
    execute(session, "SELECT sl._load_slice('client', false)")
    # One whose slice is done, one whose slice is not, and one whom the source delivers past the trigger.
    for client in (-24, 96, 102):
        execute(session, "CALL dds.forget_client(%s)", (client,))
    execute(session, "ALTER TABLE raw.client DISABLE TRIGGER sl_forget_update")
    execute(
        session,
        "UPDATE raw.client SET first_name = 'Анна', last_name = 'Иванова', updated_at = '2026-04-01' "
        "WHERE client_id = 102",
    )
    finish(session, "client")
    forgotten = "SELECT DISTINCT first_name, last_name FROM dds.client WHERE client_id IN (-24, 96, 102)"
    assert execute(session, forgotten) == [(None, None)]
    assert value(session, "SELECT last_name FROM raw.client WHERE client_id = 102") is None
    execute(session, "CALL cdm.build_mart()")
    audit(session)


def test_the_ends_of_slices_are_the_same_text_for_all_sessions(session):
    execute(session, "CREATE TABLE raw.day (day date PRIMARY KEY)")
    execute(session, "INSERT INTO raw.day SELECT date '2026-02-01' + n FROM generate_series(0, 3) AS n")
    execute(session, "SET datestyle = 'SQL, DMY'")
    execute(session, "SELECT sl._begin_backfill('test', 'dds.client', '{raw.day}', 'raw.day', '{day}', 2)")
    ends = "SELECT key_from, key_to FROM sl.backfill_slice ORDER BY slice_no"
    assert execute(session, ends) == [(None, "2026-02-03"), ("2026-02-03", None)]


# --- cut off --------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(scratch) -> Iterator[PostgresServer]:
    """A running server of its own, with an empty warehouse in its database "postgres"."""
    # What was committed has to outlive the kill.
    settings = THROW_AWAY_SETTINGS | {"synchronous_commit": "on"}
    server = PostgresServer(scratch / "backfill", free_port(), secrets.token_urlsafe(16), settings=settings)
    server.start()
    runner.migrate(server.dsn("postgres"))
    yield server
    server.stop("immediate")
    shutil.rmtree(server.folder)


def kill(connect, victim, dsn):
    """Kill a session's process, whereupon the server ends all sessions and recovers; returns a new session.

    Until the server has seen the death it takes new sessions, and ends them with the others; an older one tells when.
    """
    witness = connect(dsn)
    os.kill(victim.info.backend_pid, signal.SIGKILL)
    with pytest.raises(psycopg2.OperationalError):
        execute(witness, "SELECT pg_sleep(60)")
    while True:
        with contextlib.suppress(psycopg2.OperationalError):
            return connect(dsn)
        time.sleep(0.05)


def test_a_killed_session_loses_its_slice_and_no_more(connect, server, ordinary):
    dsn = server.dsn("postgres")
    holder, victim = connect(dsn), connect(dsn)
    execute(holder, MESS)
    hold(holder, 7 * 101)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(execute, victim, "CALL sl.backfill('sale', 30)")
        wait_for_waiting(holder, running)
        session = kill(connect, victim, dsn)
        with pytest.raises(psycopg2.Error):
            running.result()
    assert execute(session, "SELECT slices, slices_done, rows_read FROM sl.status_backfill") == [(7, 3, 90)]
    for entity in COLUMNS:
        execute(session, "CALL sl.backfill(%s, 30)", (entity,))
    assert value(session, "SELECT count(*) FROM sl.run WHERE target = 'dds.sale'") == 7

    execute(session, BEGIN_MART)
    for _ in range(2):
        execute(session, "SELECT sl._build_slice('sales_mart')")
    victim = connect(dsn)
    execute(victim, "BEGIN; SELECT sl._build_slice('sales_mart')")
    session = kill(connect, victim, dsn)
    assert execute(session, "SELECT slices, slices_done FROM sl.status_backfill WHERE target = 'cdm.sales_mart'") == [
        (4, 2)
    ]
    execute(session, "CALL sl.backfill('sales_mart')")
    execute(ordinary, MESS)
    load(ordinary)
    assert content(session) == content(ordinary)
    audit(session)


def test_all_slices_done_but_not_finished_is_finished_by_the_next(session):
    execute(session, MESS)
    execute(session, "SELECT sl._begin_entity_backfill('sale', 150)")
    for _ in range(2):
        assert value(session, "SELECT sl._load_slice('sale', false)")
    execute(session, "CALL sl.backfill('sale', 7)")
    assert execute(session, "SELECT slices, finished_at IS NOT NULL FROM sl.status_backfill") == [(2, True)]
    assert value(session, "SELECT count(*) FROM sl.run") == 2
    audit(session)


def test_one_of_another_cluster_is_begun_anew(session):
    execute(session, MESS)
    execute(session, "SELECT sl._begin_entity_backfill('sale', 50)")
    execute(session, "SELECT sl._load_slice('sale', false)")
    # As a restored dump has it.
    execute(session, "UPDATE sl.backfill SET system_identifier = 1, promised = '[]'")
    execute(session, "CALL sl.backfill('sale', p_join => true)")
    assert value(session, "SELECT count(*) FROM sl.run") == 1
    execute(session, "CALL sl.backfill('sale', 100)")
    assert execute(session, "SELECT slices, slices_done, rows_read FROM sl.status_backfill") == [(2, 2, 200)]
    assert value(session, "SELECT count(*) FROM sl.watermark WHERE target = 'dds.sale'") == 1
    audit(session)


# --- refused --------------------------------------------------------------------------------------------------------


def test_an_unlikely_backfill_stops_and_is_taken_when_forced(session):
    execute(session, MESS)
    backfill(session, 50)
    execute(session, "UPDATE sl.entity SET breaker_floor = 10, breaker_judges_changes = true")
    execute(session, "UPDATE raw.sale SET quantity = 6, updated_at = '2026-03-01' WHERE sale_id % 10 <> 1")
    execute(session, "UPDATE raw.sale SET is_deleted = true, updated_at = '2026-03-01' WHERE sale_id % 10 = 1")
    known = value(session, "SELECT count(*) FROM dds.sale WHERE is_current")
    # No slice is larger than the floor.
    with pytest.raises(psycopg2.Error) as refused:
        execute(session, "CALL sl.backfill('sale', 10)")
    assert refused.value.pgcode == "TS004"
    told = re.fullmatch(
        r"dds.sale: the backfill would delete (\d+) and change (\d+) of (\d+) current rows",
        refused.value.diag.message_primary,
    )
    deleted, changed, current = map(int, told.groups())
    # The slices before have added some that were rejected once.
    assert (current >= known, deleted > 0) == (True, True)
    assert current / 2 < deleted + changed <= current / 2 + 10
    [(slices, done)] = execute(session, "SELECT slices, slices_done FROM sl.status_backfill WHERE target = 'dds.sale'")
    assert (slices, 9 < done < 12) == (20, True)
    assert f"What the slices other than number {done + 1} have done stays." in refused.value.diag.message_detail
    assert "CALL sl.backfill('sale', p_force => true)" in refused.value.diag.message_hint
    # It is not forgotten by the next call, in whichever session.
    with pytest.raises(psycopg2.Error, match=re.escape(refused.value.diag.message_primary)):
        execute(session, "CALL sl.backfill('sale', p_join => true)")
    execute(session, "CALL sl.backfill('sale', p_force => true)")
    assert value(session, "SELECT count(*) FROM dds.sale WHERE is_current AND quantity <> 6") == 0
    execute(session, "CALL cdm.build_mart()")
    audit(session)
    # The next one begins from nothing.
    execute(session, "UPDATE raw.sale SET quantity = 7, updated_at = '2026-03-02' WHERE sale_id < 100")
    execute(session, "CALL sl.backfill('sale', 10)")
    assert value(session, "SELECT count(*) FROM dds.sale WHERE is_current AND quantity = 7") > 0


def test_a_slice_that_changes_whole_is_few_among_all(session, ordinary):
    for one in (session, ordinary):
        execute(one, MESS)
        load(one)
        execute(one, "UPDATE sl.entity SET breaker_floor = 10")
        execute(one, "UPDATE raw.sale SET quantity = 6, updated_at = '2026-03-01' WHERE sale_id BETWEEN 400 AND 700")
    load(ordinary, "p_full => true")
    backfill(session, 20)
    assert content(session) == content(ordinary)
    audit(session)


@pytest.mark.parametrize(
    ("call", "sqlstate"),
    [
        ("CALL sl.backfill('nobody')", "TS002"),
        ("CALL sl.backfill('sale', 0)", "22023"),
        ("CALL sl.backfill('sale', NULL)", "22023"),
        ("CALL sl.backfill('sales_mart', -1)", "22023"),
        ("BEGIN; CALL sl.backfill('sale')", "2D000"),
        ("BEGIN; CALL sl.backfill('sales_mart')", "2D000"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(session, call, sqlstate):
    with pytest.raises(psycopg2.Error) as refused:
        execute(session, call)
    assert refused.value.pgcode == sqlstate
    execute(session, "ROLLBACK")
    assert value(session, "SELECT count(*) FROM sl.backfill") == 0


@pytest.mark.parametrize(
    ("call", "procedure", "target"),
    [
        ("CALL sl.backfill('client')", "sl.backfill", "dds.client"),
        ("CALL sl.backfill('sales_mart')", "sl.backfill", "cdm.sales_mart"),
    ],
)
def test_a_run_in_progress_and_a_lock_are_told(connect, warehouse, call, procedure, target):
    session, other = connect(warehouse), connect(warehouse)
    execute(session, MESS)
    load(other)
    execute(session, "UPDATE dds.client SET last_name = 'Никто'")
    execute(session, "SET lock_timeout = '200ms'")
    execute(other, f"BEGIN; SELECT sl._lock_target('test', '{target}')")
    with pytest.raises(psycopg2.Error, match=f"^{procedure}: another run on {target} is in progress") as refused:
        execute(session, call)
    assert refused.value.pgcode == "TS001"
    execute(other, "ROLLBACK")
    execute(other, f"BEGIN; LOCK TABLE {target} IN EXCLUSIVE MODE")
    with pytest.raises(psycopg2.Error, match=f"^{procedure}: another session holds a lock") as refused:
        execute(session, call)
    assert refused.value.pgcode == "TS005"
    execute(other, "ROLLBACK")
    execute(session, "RESET lock_timeout")
    execute(session, call)
    assert value(session, "SELECT finished_at IS NOT NULL FROM sl.status_backfill")


def test_a_callers_search_path_does_not_matter(session):
    execute(session, MESS)
    execute(
        session,
        """
        CREATE SCHEMA hostile;
        CREATE DOMAIN hostile.text AS integer;
        CREATE DOMAIN hostile.bool AS text;
        CREATE FUNCTION hostile.begin_backfill(text, text, text[], text, text, bigint) RETURNS void
        LANGUAGE sql AS 'SELECT 1 / 0';
        CREATE FUNCTION hostile.no(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT (1 / 0) = 1';
        CREATE OPERATOR hostile.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = hostile.no);
        CREATE OPERATOR hostile.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = hostile.no);
        CREATE TEMPORARY TABLE backfill_slice (target integer);
        SET search_path = pg_temp, hostile, sl, pg_catalog
        """,
    )
    execute(session, "CALL sl.backfill('sale', '50')")
    execute(session, "CALL sl.backfill('sales_mart', '50')")
    assert execute(session, "SHOW search_path") == [("pg_temp, hostile, sl, pg_catalog",)]
    assert execute(session, "RESET search_path; SELECT slices, slices_done FROM sl.status_backfill") == [(4, 4)] * 2


# --- the mart -------------------------------------------------------------------------------------------------------


def test_a_load_between_slices_of_the_mart_is_the_next_builds(session):
    execute(session, MESS)
    for procedure in LOADS:
        execute(session, f"CALL {procedure}()")
    execute(session, BEGIN_MART)
    assert value(session, "SELECT sl._build_slice('sales_mart')")
    execute(session, "UPDATE raw.sale SET quantity = 6, updated_at = '2026-03-01' WHERE sale_id IN (14, 1393)")
    execute(session, "CALL dds.load_sale()")
    while value(session, "SELECT sl._build_slice('sales_mart')"):
        pass
    assert execute(session, "SELECT sale_id FROM cdm.sales_mart WHERE quantity = 6") == [(1393,)]
    assert execute(session, "SELECT run_id FROM sl.run WHERE target LIKE 'dds.%' AND consumed_by IS NULL") == [(5,)]
    assert value(session, "SELECT count(*) FROM sl.watermark WHERE target = 'cdm.sales_mart'") == 3
    execute(session, "CALL cdm.build_mart()")
    assert execute(session, "SELECT rows_read, rows_corrected FROM sl.run ORDER BY run_id DESC LIMIT 1") == [(2, 1)]
    audit(session)


def test_a_build_between_slices_of_the_mart_is_harmless(session, ordinary):
    for one in (session, ordinary):
        execute(one, MESS)
        for procedure in LOADS:
            execute(one, f"CALL {procedure}()")
    execute(session, BEGIN_MART)
    assert value(session, "SELECT sl._build_slice('sales_mart')")
    execute(session, "CALL cdm.build_mart()")
    taken = execute(session, "SELECT run_id, consumed_by FROM sl.run WHERE target LIKE 'dds.%' ORDER BY 1")
    audit(session)
    while value(session, "SELECT sl._build_slice('sales_mart')"):
        pass
    assert execute(session, "SELECT run_id, consumed_by FROM sl.run WHERE target LIKE 'dds.%' ORDER BY 1") == taken
    execute(ordinary, "CALL cdm.build_mart()")
    for name in ("the mart", "its versions", "watermarks"):
        assert content(session)[name] == content(ordinary)[name]
    audit(session)


def test_runs_on_the_mart_commit_in_the_order_of_their_numbers(connect, warehouse, session):
    execute(session, MESS)
    load(session)
    execute(session, "UPDATE cdm.sales_mart SET quantity = 99")
    sessions = [connect(warehouse) for _ in range(3)]
    watcher = connect(warehouse)
    seen = []

    def run(one):
        while True:
            try:
                return execute(one, "CALL sl.backfill('sales_mart', 2)")
            except psycopg2.Error as error:
                if error.pgcode != "TS001":
                    raise

    with ThreadPoolExecutor(len(sessions)) as pool:
        execute(session, BEGIN_MART)
        running = [pool.submit(run, one) for one in sessions]
        while not all(one.done() for one in running):
            seen.append({run_id for (run_id,) in execute(watcher, "SELECT run_id FROM cdm.sales_mart_run")})
    for one in running:
        one.result()
    for before, after in itertools.pairwise(seen):
        assert all(run_id > max(before) for run_id in after - before)
    assert value(session, "SELECT count(*) FROM cdm.sales_mart WHERE is_current AND quantity = 99") == 0
    audit(session)


# --- cost -----------------------------------------------------------------------------------------------------------


def test_slices_read_no_table_once_more_each(session):
    execute(
        session,
        """
        INSERT INTO raw.client SELECT g, 'Анна', 'Иванова', NULL, '2026-01-01' FROM generate_series(1, 20000) AS g;
        INSERT INTO raw.product SELECT g, 'Куртка', 'Верх', 'M', 100, '2026-01-01' FROM generate_series(1, 500) AS g;
        INSERT INTO raw.sale
        SELECT g, g, '2026-01-02', 1 + g % 20000, 1 + g % 500, 1, '2026-01-02', g % 100 = 0
        FROM generate_series(1, 40000) AS g;
        """,
    )
    read = "SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname IN ('raw', 'dds', 'cdm')"

    def scanned():
        execute(session, "SELECT pg_stat_force_next_flush()")
        execute(session, "SELECT pg_stat_clear_snapshot()")
        return value(session, read)

    before = scanned()
    backfill(session, 1000)
    first = scanned()
    # The source to cut it, and the sales for the mart.
    assert first - before <= 60_500 + 2 * 40_000
    backfill(session, 1000)
    assert scanned() - first <= 60_500 + 2 * 40_000
    assert value(session, "SELECT bool_and(slices_done = slices) FROM sl.status_backfill")


# --- make backfill --------------------------------------------------------------------------------------------------


def test_make_backfill_takes_all_of_raw_to_the_mart(warehouse, session, ordinary):
    for one in (session, ordinary):
        execute(one, MESS)
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
    assert answer.returncode == 0, answer.stderr
    assert "dds.sale: slice 7 is done: " in answer.stderr
    assert "the backfill of dds.sale is finished: 7 slices" in answer.stderr
    load(ordinary)
    assert content(session) == content(ordinary)
    audit(session)


@pytest.mark.parametrize("rows", ["0", "many", "-3"])
def test_make_backfill_refuses_a_bad_number(warehouse, session, rows):
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS=rows)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == f"Error: SLICE_ROWS is '{rows}': give a whole number above zero, such as 500000.\n"
    assert value(session, "SELECT count(*) FROM sl.backfill") == 0


def test_make_backfill_stops_where_a_session_fails(warehouse, session):
    execute(session, MESS)
    execute(session, "ALTER TABLE dds.client ADD CONSTRAINT nobody CHECK (client_id <> 33)")
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="10")
    assert answer.returncode == 1
    assert 'violates check constraint "nobody"' in answer.stderr
    assert answer.stderr.endswith(
        "Error: The backfill has stopped for the reason above. What the slices have done stays: "
        "run 'make backfill' again to resume.\n"
    )
    # The other session has taken the slice after it, and failed as well.
    assert execute(
        session,
        "SELECT target, slices_done BETWEEN 1 AND 7, finished_at FROM sl.status_backfill"
        " WHERE target = ANY ('{dds.client,dds.product,dds.sale}') ORDER BY target",
    ) == [("dds.client", True, None), ("dds.product", False, None), ("dds.sale", False, None)]


def test_make_backfill_without_a_warehouse_is_told_in_one_sentence():
    answer = run_module("embedded.backfill", WAREHOUSE_DSN="postgresql://nobody:secret@127.0.0.1:1/nowhere")
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (1, "", 1)
    assert answer.stderr.startswith("Error: The warehouse named by WAREHOUSE_DSN cannot be reached (")
    assert "secret" not in answer.stderr


@pytest.mark.parametrize(("number", "is_terminal"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_make_backfill_interrupted_tells_how_to_go_on(warehouse, session, number, is_terminal):
    execute(session, MESS)
    hold(session, 7 * 101)
    process = subprocess.Popen(
        [sys.executable, "-m", "embedded.backfill"],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_DSN": warehouse, "SLICE_ROWS": "30"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not value(session, WAITING):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    # Ctrl-C reaches all processes of the terminal.
    (os.killpg if is_terminal else os.kill)(process.pid, number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.endswith("Interrupted. What the slices have done stays: run 'make backfill' again to resume.\n")
    execute(session, "SELECT pg_advisory_unlock(1)")
    assert value(session, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql'") == 0
    done = value(session, "SELECT slices_done FROM sl.status_backfill WHERE target = 'dds.sale'")
    assert 0 < done < 7

    # What is finished is not done again; then the mart alone is unfinished; then nothing is.
    runs = (
        "SELECT target, count(*) FROM sl.run"
        " WHERE target = ANY ('{cdm.sales_mart,dds.client,dds.product,dds.sale}') GROUP BY target ORDER BY target"
    )
    counts = [("cdm.sales_mart", 6), ("dds.client", 3), ("dds.product", 2), ("dds.sale", 7)]
    later = "dds.sales_order, dds.delivery, dds.payment, dds.sale_return"
    for unfinished in (f"dds.sale, {later}", "cdm.sales_mart"):
        answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout == f"Resuming what is unfinished: {unfinished}.\n"
        assert execute(session, runs) == counts
        audit(session)
        execute(session, "UPDATE sl.backfill SET finished_at = NULL WHERE target = 'cdm.sales_mart'")
    execute(session, "UPDATE sl.backfill SET finished_at = now() WHERE target = 'cdm.sales_mart'")
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert execute(session, runs) == [(target, 2 * slices) for target, slices in counts]


def test_make_backfill_brings_up_the_whole_shop_and_finds_what_rules_look_for(warehouse, session):
    execute(
        session,
        """
        INSERT INTO raw.category (category_id, name, updated_at) VALUES (1, 'Верх', '2026-01-01');
        INSERT INTO raw.client (client_id, first_name, last_name, loyalty_status, updated_at)
        VALUES (1, 'Анна', 'Иванова', 'Gold', '2026-01-01');
        INSERT INTO raw.product (product_id, name, price, category_id, updated_at)
        VALUES (1, 'Куртка', 100, 1, '2026-01-01');
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
        SELECT n, n, '2026-01-02', 1, 1, 2, '2026-01-02' FROM generate_series(1, 50) AS n;
        INSERT INTO raw.sales_order (order_id, client_id, ordered_at, status, total_amount, channel, region, updated_at)
        SELECT n, 1, '2026-01-02', 'Paid', 200, 'web', 'North', '2026-01-02' FROM generate_series(1, 50) AS n;
        INSERT INTO raw.payment (payment_id, order_id, paid_at, amount, status, updated_at)
        SELECT n, n, '2026-01-02', 200, 'Succeeded', '2026-01-02' FROM generate_series(1, 50) AS n;
        INSERT INTO raw.delivery (delivery_id, order_id, shipped_at, carrier, status, updated_at)
        SELECT n, n, '2026-01-03', 'Post', 'Shipped', '2026-01-03' FROM generate_series(1, 50) AS n;
        INSERT INTO raw.sale_return (return_id, sale_id, returned_at, quantity, updated_at)
        SELECT n, n, '2026-01-04', 1, '2026-01-04' FROM generate_series(1, 50) AS n
        """,
    )
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="20")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert execute(session, "SELECT entity_name, rule_name, rows FROM sl.rule_warning") == []
    assert value(session, "SELECT count(*) FROM sl.status_lag WHERE rows_behind > 0") == 0
    built = {name for (name,) in execute(session, "SELECT target FROM sl.watermark WHERE target LIKE 'cdm.%'")}
    assert built == {f"cdm.{name}" for (name,) in execute(session, "SELECT mart_name FROM sl.mart")}
    ((paid, revenue),) = execute(
        session, "SELECT paid_orders, total_revenue FROM cdm.user_sales WHERE is_current AND loyalty_status = 'Gold'"
    )
    assert (paid, revenue) == (50, 10_000)
    audit(session)


@pytest.mark.parametrize("is_built_between", [False, True])
def test_make_backfill_that_could_not_begin_the_mart_goes_on_with_it(connect, warehouse, session, is_built_between):
    execute(session, MESS)
    builder = connect(warehouse)
    execute(builder, "BEGIN; SELECT sl._lock_target('a build', 'cdm.sales_mart')")
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
    assert answer.returncode == 1
    assert "another run on cdm.sales_mart is in progress" in answer.stderr
    execute(builder, "ROLLBACK")
    if is_built_between:
        # By a build that began before the sales were there.
        consumed = "UPDATE sl.run SET consumed_by = run_id WHERE target IN ('dds.client', 'dds.product')"
        execute(session, consumed)
    runs = "SELECT count(*) FROM sl.run WHERE target LIKE 'dds.%'"
    before = value(session, runs)
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
    assert (answer.returncode, answer.stdout) == (0, "Resuming what is unfinished: cdm.sales_mart.\n")
    assert value(session, runs) == before
    audit(session)


def test_make_backfill_does_what_a_backfill_by_hand_has_done_long_ago(warehouse, session):
    execute(session, MESS)
    backfill(session)
    execute(session, "CALL sl.backfill('product')")
    execute(session, "CALL cdm.build_mart()")
    # Nobody would notice it but a rebuild: the source has not changed.
    execute(session, "UPDATE dds.product SET category = 'Низ' WHERE is_current AND product_id = 3")
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr
    assert value(session, "SELECT category FROM dds.product WHERE is_current AND product_id = 3") == "Верх"
    assert value(session, "SELECT bool_and(finished_at IS NOT NULL) FROM sl.backfill")
    audit(session)


def test_make_backfill_begins_all_entities_or_none(warehouse, session):
    execute(session, MESS)
    execute(session, "UPDATE sl.entity SET key_columns = '{nothing}' WHERE entity_name = 'sale'")
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30")
    assert answer.returncode == 1
    assert value(session, "SELECT count(*) FROM sl.backfill") == 0
    execute(session, "UPDATE sl.entity SET key_columns = '{sale_id}' WHERE entity_name = 'sale'")
    assert run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="30").returncode == 0
    assert value(session, "SELECT count(*) FROM sl.backfill WHERE finished_at IS NOT NULL") == 9


def test_make_backfill_begins_anew_in_a_restored_dump(warehouse, session):
    execute(session, MESS)
    execute(session, "SELECT sl._begin_entity_backfill('sale', 50)")
    execute(session, "UPDATE sl.backfill SET system_identifier = 1")
    answer = run_module("embedded.backfill", WAREHOUSE_DSN=warehouse, SLICE_ROWS="100")
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr
    assert value(session, "SELECT slices FROM sl.status_backfill WHERE target = 'dds.sale'") == 2
    assert value(session, "SELECT count(*) FROM sl.backfill WHERE finished_at IS NOT NULL") == 9
