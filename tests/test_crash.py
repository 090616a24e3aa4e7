"""PostgreSQL killed in the middle of a load or a build: after the restart the next run ends as if nothing had been."""

import contextlib
import secrets
import shutil
import threading
import time

import psycopg2
import pytest

from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from migrations import runner
from tests.ports import free_port

LOADS = ("dds.load_client", "dds.load_product", "dds.load_sale", "cdm.build_mart")


@pytest.fixture
def server(scratch):
    """A running server of its own, with an empty warehouse in its database "postgres"."""
    # What was committed has to outlive the kill.
    settings = THROW_AWAY_SETTINGS | {"synchronous_commit": "on"}
    server = PostgresServer(scratch / "crash", free_port(), secrets.token_urlsafe(16), settings=settings)
    server.start()
    runner.migrate(server.dsn("postgres"))
    yield server
    server.stop("immediate")
    shutil.rmtree(server.folder)


def execute(server, *statements):
    """Run statements, each in its own transaction; returns the rows of the last."""
    with contextlib.closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def run_and_kill(server, procedure, table):
    """Call a procedure, and kill the whole server while it waits for a lock on a table it has to write."""

    def call():
        with contextlib.suppress(psycopg2.Error):
            execute(server, f"CALL {procedure}()")

    with contextlib.closing(psycopg2.connect(server.dsn("postgres"))) as holder, holder.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
        caller = threading.Thread(target=call)
        caller.start()
        while not execute(server, "SELECT pid FROM pg_locks WHERE NOT granted"):
            time.sleep(0.01)
        server.kill()
        caller.join()


@pytest.mark.parametrize(
    ("procedure", "table"),
    [("dds.load_sale", "dds.sale"), ("dds.load_sale", "sl.watermark"), ("cdm.build_mart", "cdm.sales_mart")],
)
def test_a_run_cut_off_by_a_crash_is_done_by_the_next(server, procedure, table):
    execute(
        server,
        """
        INSERT INTO raw.client
        SELECT g, 'Анна', 'Иванова', '1990-05-05', '2026-01-01' FROM generate_series(1, 500) AS g;
        INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100, '2026-01-01');
        INSERT INTO raw.sale SELECT g, g, '2026-01-02', g, 1, 1, '2026-01-02' FROM generate_series(1, 500) AS g;
        """,
        *(f"CALL {load}()" for load in LOADS),
        "UPDATE raw.sale SET quantity = 2, updated_at = '2026-01-03' WHERE sale_id <= 100",
    )
    if procedure == "cdm.build_mart":
        execute(server, "CALL dds.load_sale()")
    runs = execute(server, "SELECT count(*) FROM sl.run")
    run_and_kill(server, procedure, table)
    server.start()
    assert execute(server, "SELECT count(*) FROM sl.run") == runs
    execute(server, *(f"CALL {load}()" for load in LOADS), "CALL sl.audit()")
    assert execute(server, "SELECT count(*), sum(quantity) FROM cdm.sales_mart WHERE is_current") == [(500, 600)]
    assert execute(server, "SELECT count(*) FROM dds.sale") == [(600,)]
