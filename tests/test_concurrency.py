"""Writers that commit late, long and in any order while loads, builds and audits run: nothing is lost or read twice.

TSHOP_SOAK_SECONDS says how long the writers go on (default: shortly).
"""

import contextlib
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg2
import psycopg2.errors
import pytest

from tests import tally

SECONDS = float(os.environ.get("TSHOP_SOAK_SECONDS", "6"))
WRITERS = 6
# Each writer has its own clients, products and sales, of the same ids.
KEYS_A_WRITER = 30
START = datetime(2026, 1, 1, tzinfo=UTC)
ENTITIES = ("client", "product", "sale")
LOADS = tuple(f"dds.load_{entity}" for entity in ENTITIES)
# The column that tells the states of a key apart, and the rest of a row.
COLUMNS = {
    "client": ("last_name", "first_name, birth_date", "'Anna', date '1990-05-05'"),
    "product": ("category", "name, size, price", "'Coat', 'M', 10.5"),
    "sale": ("order_id", "sold_at, client_id, product_id, quantity", "timestamptz '2026-01-01', %(key)s, %(key)s, 2"),
}


def connection_to(dsn):
    """A connection that commits when told to."""
    return contextlib.closing(psycopg2.connect(dsn))


def put(cursor, entity, key, value, at, *, is_deleted=False):
    """Write a state of a key as a source does."""
    column, names, values = COLUMNS[entity]
    cursor.execute(
        f"""
        INSERT INTO raw.{entity} ({entity}_id, {column}, {names}, updated_at, is_deleted)
        VALUES (%(key)s, %(value)s, {values}, %(at)s, %(is_deleted)s)
        ON CONFLICT ({entity}_id) DO UPDATE
        SET {column} = excluded.{column}, updated_at = excluded.updated_at, is_deleted = excluded.is_deleted
        """,
        {"key": key, "value": value, "at": at, "is_deleted": is_deleted},
    )


def write(dsn, number, until):
    """Write states of this writer's own keys until a time; returns all it committed: by entity and key, in order.

    A transaction stamps its rows first and may commit much later, after others that stamped later times; some fail, and
    the first writer's stay open a long time. Of a key, later transactions stamp later times. A state is a number that
    was never written before, the one before once more, or None for a deletion.
    """
    chance = random.Random(number)
    committed = {(entity, number * KEYS_A_WRITER + n): [] for entity in ENTITIES for n in range(KEYS_A_WRITER)}
    clock = 0
    with connection_to(dsn) as connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            states = {}
            for _ in range(chance.randint(1, 6)):
                place = chance.choice(list(committed))
                if place in states:
                    continue
                clock += 1
                before = committed[place][-1][1] if committed[place] else None
                kind = chance.choice(["new", "new", "new", "again", "deleted"])
                value = clock if kind == "new" or before is None else before
                at = START + timedelta(minutes=clock)
                put(cursor, *place, str(value), at, is_deleted=kind == "deleted")
                states[place] = (at, None if kind == "deleted" else value)
            time.sleep(chance.choice([1, 2] if number == 0 else [0, 0, 0.01, 0.1, 0.7]))
            if chance.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                for place, state in states.items():
                    committed[place].append(state)
    return committed


def repeat(dsn, procedures, stop):
    """Call the procedures in turn until told to stop; returns how many calls did their work, and were refused."""
    calls = Counter()
    with connection_to(dsn) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while not stop.is_set():
            for procedure in procedures:
                try:
                    cursor.execute(f"CALL {procedure}")
                    calls["done"] += 1
                except psycopg2.Error as error:
                    # Another session runs the same: the only error there may be.
                    if error.pgcode != "TS001":
                        raise
                    calls["refused"] += 1
    return calls


@pytest.mark.timeout(300 + 3 * SECONDS)
def test_late_and_long_transactions_lose_nothing(warehouse):
    stop = threading.Event()
    loads = [f"{load}()" for load in LOADS]
    jobs = [
        *([load] for load in loads),
        *([load] for load in loads),
        ["cdm.build_mart()"],
        [*loads, "cdm.build_mart()"],
        ["sl.audit(p_full => false)", "sl.audit()"],
    ]
    with ThreadPoolExecutor(WRITERS + len(jobs)) as pool:
        until = time.monotonic() + SECONDS
        writers = [pool.submit(write, warehouse, number, until) for number in range(WRITERS)]
        callers = [pool.submit(repeat, warehouse, job, stop) for job in jobs]
        try:
            committed = {place: states for writer in writers for place, states in writer.result().items()}
        finally:
            stop.set()
        calls = sum((caller.result() for caller in callers), Counter())
    assert calls["refused"] > 0
    assert all(caller.result()["done"] > 0 for caller in callers)

    with connection_to(warehouse) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for procedure in (*LOADS, "cdm.build_mart", "sl.audit"):
            cursor.execute(f"CALL {procedure}()")
        for entity in ENTITIES:
            check_nothing_lost_or_doubled(cursor, entity, committed)
        # Loads of different entities did run at the same time.
        cursor.execute(
            """
            SELECT count(DISTINCT (a.target, b.target))
            FROM sl.run AS a
            INNER JOIN sl.run AS b ON a.target < b.target
            WHERE
                a.target LIKE 'dds.%' AND b.target LIKE 'dds.%'
                AND a.started_at < b.finished_at AND b.started_at < a.finished_at
            """
        )
        assert cursor.fetchone() == (3,)
        cursor.execute("SELECT count(*) FROM cdm.sales_mart WHERE is_current")
        alive = [states[-1][1] for (entity, _), states in committed.items() if entity == "sale" and states]
        assert cursor.fetchone() == (sum(value is not None for value in alive),)
    tally.add("concurrent minutes", SECONDS / 60)
    tally.add("calls beside writers", calls["done"])


def check_nothing_lost_or_doubled(cursor, entity, committed):
    """The current state of each key is the last one committed, every version was committed, and each was new once."""
    column = COLUMNS[entity][0]
    cursor.execute(f"SELECT {entity}_id, {column}, valid_from, is_current FROM dds.{entity} ORDER BY valid_from")
    versions = [(key, int(value), valid_from, is_current) for key, value, valid_from, is_current in cursor.fetchall()]
    places = {key: states for (name, key), states in committed.items() if name == entity and states}
    assert {key: value for key, value, _, is_current in versions if is_current} == {
        key: states[-1][1] for key, states in places.items() if states[-1][1] is not None
    }
    # A version begins when its state was first stamped, or where that was overwritten unread, stamped again.
    assert [version for version in versions if (version[2], version[1]) not in places[version[0]]] == []
    # Each writer stamps its keys' states in order, so a version is written once, and never rewritten.
    cursor.execute(
        f"""
        SELECT
            sum(rows_inserted),
            sum(rows_corrected + rows_rejected),
            sum(rows_deleted),
            (SELECT count(*) FROM dds.{entity}),
            (SELECT count(*) FROM sl.tombstone WHERE entity_name = '{entity}')
        FROM sl.run
        WHERE target = 'dds.{entity}'
        """
    )
    inserted, otherwise, deleted, held, tombstones = cursor.fetchone()
    assert (inserted, otherwise, deleted) == (held, 0, tombstones)


@pytest.mark.parametrize("held", ENTITIES)
def test_loads_of_all_other_entities_end_while_one_is_held(warehouse, held):
    others = [entity for entity in ENTITIES if entity != held]
    with connection_to(warehouse) as slow, slow.cursor() as holder, connection_to(warehouse) as quick:
        quick.autocommit = True
        with quick.cursor() as cursor:
            cursor.execute("SET statement_timeout = '20s'")
            for entity in ENTITIES:
                put(cursor, entity, 1, "1", START)
            holder.execute(f"CALL dds.load_{held}()")
            for entity in others:
                cursor.execute(f"CALL dds.load_{entity}()")
                assert cursor.fetchone()[1:3] == (1, 1)
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute(f"CALL dds.load_{held}()")
            assert refused.value.pgcode == "TS001"
            # The build processes what has committed, and the held load after it has.
            cursor.execute("CALL cdm.build_mart()")
            slow.commit()
            cursor.execute("CALL cdm.build_mart()")
            cursor.execute("CALL sl.audit()")
            cursor.execute("SELECT sale_id, client, category FROM cdm.sales_mart WHERE is_current")
            assert cursor.fetchall() == [(1, "Anna 1", "1")]


def redeliver(dsn, keys, until):
    """Write ever new names of clients that somebody asks to forget meanwhile; commits late."""
    chance = random.Random(keys[0])
    clock = 0
    with connection_to(dsn) as connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            for key in chance.sample(keys, 3):
                clock += 1
                # A blank name is a bad row, which is kept as it came.
                name = chance.choice(["", f"secret {clock}"])
                put(cursor, "client", key, name, START + timedelta(minutes=clock), is_deleted=chance.random() < 0.1)
            time.sleep(chance.choice([0, 0.01, 0.1, 0.3]))
            connection.commit()


@pytest.mark.timeout(300 + 3 * SECONDS)
def test_the_forgotten_stay_forgotten_whatever_is_delivered_meanwhile(warehouse):
    stop = threading.Event()
    keys = list(range(1, 13))
    with connection_to(warehouse) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for key in keys:
            for entity in ENTITIES:
                put(cursor, entity, key, "1", START)
        for procedure in (*LOADS, "cdm.build_mart"):
            cursor.execute(f"CALL {procedure}()")
        with ThreadPoolExecutor() as pool:
            until = time.monotonic() + min(SECONDS, 60)
            writers = [pool.submit(redeliver, warehouse, part, until) for part in (keys[:4], keys[4:8], keys[8:])]
            caller = pool.submit(repeat, warehouse, ["dds.load_client()", "cdm.build_mart()"], stop)
            try:
                forgotten = keys[::2]
                for key in forgotten:
                    time.sleep(min(SECONDS, 60) / 10)
                    while True:
                        try:
                            cursor.execute(f"CALL dds.forget_client({key})")
                            break
                        except psycopg2.Error as error:
                            if error.pgcode != "TS001":
                                raise
                for writer in writers:
                    writer.result()
            finally:
                stop.set()
            assert caller.result()["done"] > 0
        for procedure in ("dds.load_client", "cdm.build_mart", "sl.audit"):
            cursor.execute(f"CALL {procedure}()")
        cursor.execute(
            """
            SELECT client_id FROM raw.client WHERE coalesce(first_name, last_name, birth_date::text) IS NOT NULL
            UNION
            SELECT client_id FROM dds.client WHERE coalesce(first_name, last_name, birth_date::text) IS NOT NULL
            UNION
            SELECT client_id FROM cdm.sales_mart WHERE client IS NOT NULL
            UNION
            SELECT entity_key::bigint FROM sl.rejected_row
            WHERE coalesce(row ->> 'first_name', row ->> 'last_name') <> ''
            """
        )
        assert {key for (key,) in cursor.fetchall()} == set(keys) - set(forgotten)
