"""A lock held by someone else ends in an error that says whose it is, and a failed run leaves its trace."""

import contextlib
import re

import psycopg2
import pytest

LOCKS = {
    "of a table": ("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", "AccessExclusiveLock on {table}"),
    "of a row": ("SELECT FROM {table} FOR UPDATE", "RowShareLock on {table}"),
}
# A procedure, and a table that it has to write or, for the audit, to read.
CALLS = {
    "dds.load_client": ("CALL dds.load_client()", "dds.client"),
    "dds.load_sale": ("CALL dds.load_sale()", "dds.sale"),
    "dds.load_sale from raw": ("CALL dds.load_sale()", "raw.sale"),
    "dds.load_client from raw": ("CALL dds.load_client()", "raw.client"),
    "cdm.build_mart": ("CALL cdm.build_mart()", "cdm.sales_mart"),
    "dds.forget_client": ("CALL dds.forget_client(1)", "dds.client"),
}


@contextlib.contextmanager
def connection_to(dsn, name="someone"):
    connection = psycopg2.connect(dsn, application_name=name)
    try:
        yield connection
    finally:
        connection.close()


def execute(connection, statement):
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def shop(warehouse):
    """A warehouse in which every load, and the build, has something to change in a row that is there."""
    with connection_to(warehouse) as connection:
        execute(
            connection,
            """
            INSERT INTO raw.client VALUES (1, 'Анна', 'Иванова', '1990-05-05', '2026-01-01');
            INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100.50, '2026-01-01');
            INSERT INTO raw.sale VALUES (1, 1, '2026-01-02', 1, 1, 3, '2026-01-02');
            CALL dds.load_client(); CALL dds.load_product(); CALL dds.load_sale(); CALL cdm.build_mart();
            """,
        )
        execute(connection, "UPDATE raw.sale SET quantity = 4, updated_at = '2026-01-03'; CALL dds.load_sale()")
        execute(connection, "UPDATE raw.client SET last_name = 'Петрова', updated_at = '2026-01-03'")
        execute(connection, "UPDATE raw.sale SET quantity = 5, updated_at = '2026-01-04'")
    return warehouse


# A load reads rows that somebody else has locked.
@pytest.mark.parametrize(
    ("procedure", "lock"),
    [(procedure, lock) for procedure in CALLS for lock in LOCKS if not (procedure.endswith("raw") and "row" in lock)],
)
def test_a_lock_of_someone_else_is_named_and_nothing_is_changed(shop, procedure, lock):
    call, table = CALLS[procedure]
    procedure = procedure.removesuffix(" from raw")
    statement, held = (text.format(table=table) for text in LOCKS[lock])
    with connection_to(shop, "forgotten session") as holder, connection_to(shop) as caller:
        with holder.cursor() as cursor:
            cursor.execute(statement)
        runs = execute(caller, "SELECT count(*) FROM sl.run")
        with pytest.raises(psycopg2.Error) as caught:
            execute(caller, f"SET lock_timeout = '200ms'; {call}")
        assert caught.value.pgcode == "TS005"
        diag = caught.value.diag
        assert diag.message_primary.startswith(f"{procedure}: another session holds a lock that it needs")
        assert re.search(rf"^pid {holder.info.backend_pid} \(postgres, forgotten session\) holds ", diag.message_detail)
        assert held in diag.message_detail
        assert "pg_terminate_backend" in diag.message_hint
        holder.rollback()
        assert execute(caller, "SELECT count(*) FROM sl.run") == runs
        execute(caller, call)


def test_the_audit_names_the_lock_too(shop):
    with connection_to(shop, "forgotten session") as holder, connection_to(shop) as caller:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE dds.client IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg2.Error, match=r"sl\.audit: another session holds a lock") as caught:
            execute(caller, "SET lock_timeout = '200ms'; CALL sl.audit()")
        assert caught.value.pgcode == "TS005"


def test_the_wait_has_an_end_though_the_session_set_none(shop):
    with connection_to(shop) as caller, caller.cursor() as cursor:
        cursor.execute("CALL dds.load_client()")
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchall() == [("30s",)]
        caller.commit()
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchall() == [("0",)]
        cursor.execute("SET lock_timeout = '7s'")
        cursor.execute("CALL dds.load_client()")
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchall() == [("7s",)]


def test_a_failed_run_leaves_its_trace_by_its_caller(shop):
    with connection_to(shop) as holder, connection_to(shop) as caller:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE dds.client IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg2.Error) as caught:
            execute(caller, "SET lock_timeout = '200ms'; CALL dds.load_client()")
        diag = caught.value.diag
        with caller, caller.cursor() as cursor:
            cursor.execute(
                "CALL sl.record_failure('dds.load_client', %s, %s, %s)",
                (diag.sqlstate, diag.message_primary, diag.context),
            )
        [(status, sqlstate, message, context)] = execute(
            caller,
            "SELECT status, error_sqlstate, error_message, error_context FROM sl.run ORDER BY run_id DESC LIMIT 1",
        )
        assert (status, sqlstate, message) == ("failed", "TS005", diag.message_primary)
        assert "sl._load_entity" in context
        holder.rollback()
        execute(caller, "CALL dds.load_client()")
        execute(caller, "CALL cdm.build_mart()")
        execute(caller, "CALL dds.load_sale()")
        execute(caller, "CALL cdm.build_mart()")
        assert execute(caller, "CALL sl.audit()")[0][2] == 0
