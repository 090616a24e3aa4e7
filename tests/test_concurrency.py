"""Writers that commit late, long and in any order while loads and builds run: nothing is lost or read twice as new.

TSHOP_SOAK_SECONDS says how long the writers go on (default: shortly).
"""

import contextlib
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg2

SECONDS = float(os.environ.get("TSHOP_SOAK_SECONDS", "6"))
WRITERS = 6
KEYS_A_WRITER = 40
START = datetime(2026, 1, 1, tzinfo=UTC)


def connection_to(dsn):
    """A connection that commits when told to."""
    return contextlib.closing(psycopg2.connect(dsn))


def write(dsn, number, until):
    """Write states of this writer's own clients and sales until a time; returns what it committed, key by key.

    A transaction stamps its rows first and may commit much later, after others that stamped later times; some fail.
    """
    chance = random.Random(number)
    committed = {}
    clock = 0
    with connection_to(dsn) as connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            states = {}
            for _ in range(chance.randint(1, 5)):
                clock += 1
                key = number * KEYS_A_WRITER + chance.randrange(KEYS_A_WRITER)
                states[key] = f"name {number} {clock}"
                at = START + timedelta(minutes=clock)
                cursor.execute(
                    """
                    INSERT INTO raw.client (client_id, first_name, last_name, updated_at)
                    VALUES (%(key)s, 'Anna', %(name)s, %(at)s)
                    ON CONFLICT (client_id) DO UPDATE
                    SET last_name = excluded.last_name, updated_at = excluded.updated_at;
                    INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
                    VALUES (%(key)s, 1, %(sold_at)s, %(key)s, 1, %(clock)s, %(at)s)
                    ON CONFLICT (sale_id) DO UPDATE
                    SET quantity = excluded.quantity, updated_at = excluded.updated_at;
                    """,
                    {"key": key, "name": states[key], "at": at, "sold_at": START, "clock": clock},
                )
            time.sleep(chance.choice([0, 0, 0.01, 0.1, 0.7]))
            if chance.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                committed.update(states)
    return committed


def repeat(dsn, procedures, stop):
    """Call the procedures in turn until told to stop; returns how often."""
    calls = 0
    with connection_to(dsn) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while not stop.is_set():
            for procedure in procedures:
                cursor.execute(f"CALL {procedure}()")
                calls += 1
    return calls


def test_late_and_long_transactions_lose_nothing(warehouse):
    stop = threading.Event()
    with ThreadPoolExecutor() as pool:
        until = time.monotonic() + SECONDS
        writers = [pool.submit(write, warehouse, number, until) for number in range(WRITERS)]
        callers = [
            pool.submit(repeat, warehouse, procedures, stop)
            for procedures in (["dds.load_client"], ["dds.load_sale"], ["cdm.build_mart"])
        ]
        try:
            committed = {key: state for writer in writers for key, state in writer.result().items()}
        finally:
            stop.set()
        assert all(caller.result() > 10 for caller in callers)
    with connection_to(warehouse) as connection, connection.cursor() as cursor:
        for procedure in ("dds.load_client", "dds.load_sale", "cdm.build_mart", "sl.audit"):
            cursor.execute(f"CALL {procedure}()")
        cursor.execute("SELECT client_id, last_name FROM dds.client WHERE is_current")
        assert dict(cursor.fetchall()) == committed
        cursor.execute("SELECT sale_id, client FROM cdm.sales_mart WHERE is_current")
        assert {key for key, _ in cursor.fetchall()} == set(committed)
        # Each writer stamps its keys' states in order, so a version is written once, and never rewritten.
        for target in ("client", "sale"):
            cursor.execute(
                f"""
                SELECT
                    sum(rows_inserted),
                    sum(rows_corrected + rows_deleted + rows_rejected),
                    (SELECT count(*) FROM dds.{target})
                FROM sl.run
                WHERE target = 'dds.{target}'
                """
            )
            inserted, otherwise, versions = cursor.fetchone()
            assert (inserted, otherwise) == (versions, 0)
