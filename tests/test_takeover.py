"""What a role of PostgreSQL can take from others, keep from others, or make others do, and what stops it."""

import contextlib
import re
import secrets
import time

import psycopg2
import pytest

from docs import logins
from embedded import roles as embedded_roles
from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from embedded.settings import AIRFLOW_CONNECTIONS, SUPERSET_CONNECTIONS
from migrations import roles, runner
from tests.attempts import ATTEMPTS
from tests.conftest import ROOT, run_module
from tests.ports import free_port
from tests.test_roles import LOADS, NAMES, SHOP, Warehouse, execute, execute_each, refused

# A function that makes the owner a superuser when one calls it, and built-in names that lead to it.
BAIT = """
CREATE FUNCTION public.rise() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) current_user) THEN
        ALTER ROLE tshop SUPERUSER;
    END IF;
END $$;
CREATE FUNCTION public.same(oid, regrole) RETURNS boolean LANGUAGE plpgsql
AS $$BEGIN PERFORM public.rise(); RETURN $1 OPERATOR(pg_catalog.=) $2::oid; END$$;
CREATE OPERATOR public.= (FUNCTION = public.same, LEFTARG = oid, RIGHTARG = regrole);
CREATE FUNCTION public.same(name, text) RETURNS boolean LANGUAGE plpgsql
AS $$BEGIN PERFORM public.rise(); RETURN $1::text OPERATOR(pg_catalog.=) $2; END$$;
CREATE OPERATOR public.= (FUNCTION = public.same, LEFTARG = name, RIGHTARG = text);
CREATE FUNCTION public.pg_get_userbyid(bigint) RETURNS name LANGUAGE plpgsql
AS $$BEGIN PERFORM public.rise(); RETURN 'tshop'; END$$;
CREATE FUNCTION public.format(text, regprocedure) RETURNS text LANGUAGE plpgsql
AS $$BEGIN PERFORM public.rise(); RETURN ''; END$$;
"""


@pytest.fixture(scope="module")
def warehouse(postgres_server, new_database):
    """A warehouse whose roles were made as the embedded stack and compose make them; its owner is tshop."""
    admin = new_database()
    passwords = {name: secrets.token_urlsafe(16) for name in (*NAMES, roles.OWNER)}
    with contextlib.closing(roles.connect(admin)) as connection, connection, connection.cursor() as cursor:
        roles.ensure(cursor, passwords)
    made = Warehouse(admin, roles.OWNER, passwords)
    runner.migrate(made.dsn(roles.OWNER))
    execute(made.dsn("tshop_loader"), SHOP)
    execute_each(made.dsn("tshop_etl"), LOADS)
    return made


def is_superuser(warehouse):
    """Tell whether the owner is one."""
    return execute(warehouse.admin, "SELECT rolsuper FROM pg_roles WHERE rolname = 'tshop'")[0][0]


@pytest.fixture
def bait(warehouse):
    """What the owner has planted in its database, while a test lasts."""
    execute(warehouse.dsn("tshop"), BAIT)
    yield
    with contextlib.closing(roles.connect(warehouse.admin)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE tshop NOSUPERUSER; DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")


@pytest.mark.usefixtures("bait")
def test_the_bait_works_on_who_does_not_pin_the_path(warehouse):
    execute(warehouse.admin, "SELECT 1 FROM pg_proc WHERE proowner = 'tshop'::regrole LIMIT 1")
    assert is_superuser(warehouse)


@pytest.mark.usefixtures("bait")
def test_the_owner_does_not_become_superuser_by_a_visit(warehouse, postgres_server):
    answer = run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=warehouse.admin)
    assert answer.returncode == 0, answer.stderr
    assert not is_superuser(warehouse)
    # The embedded stack's way, at each start.
    database = psycopg2.extensions.parse_dsn(warehouse.admin)["dbname"]
    embedded_roles.set_up(postgres_server, database, {})
    assert not is_superuser(warehouse)


def test_what_is_too_much_is_taken_from_the_owner_too(warehouse):
    execute(warehouse.admin, "CREATE ROLE somebody; ALTER ROLE tshop SUPERUSER CREATEROLE; GRANT somebody TO tshop")
    try:
        answer = run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=warehouse.admin)
        assert answer.returncode == 0, answer.stderr
        assert execute(warehouse.admin, "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'tshop'") == [
            (False, False)
        ]
        groups = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'tshop'::regrole"
        assert {group for (group,) in execute(warehouse.admin, groups)} == set(roles.OWNER_GROUPS)
    finally:
        execute(warehouse.admin, "DROP ROLE somebody")


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: f"{attempt.role}-{attempt.kind}-{attempt.says}")
def test_each_attempt_comes_to_what_the_docs_say(warehouse, attempt):
    with (
        # Somebody to be stopped.
        contextlib.closing(psycopg2.connect(warehouse.dsn("tshop"))),
        contextlib.closing(psycopg2.connect(warehouse.dsn(attempt.role))) as connection,
        connection.cursor() as cursor,
    ):
        try:
            cursor.execute(attempt.statement)
            met = ""
        except psycopg2.Error as error:
            met = error.pgcode
        connection.rollback()
    assert met == attempt.refused


def test_the_docs_show_the_attempts():
    assert logins.PAGE.read_text() == logins.page(), "docs/roles.md differs from tests/attempts.py: run make docs"


# What any session could take from all others by a function of pg_catalog, and may no longer.
TAKEN = (
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_advisory_lock_shared(1)",
    "SELECT pg_advisory_xact_lock(1, 2)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock_shared(1)",
    "SELECT count(pg_advisory_lock(g)) FROM generate_series(1, 200000) AS g",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_truncate(1, 1)",
    "SELECT count(pg_export_snapshot()) FROM generate_series(1, 1000000)",
)


@pytest.mark.parametrize("statement", TAKEN)
@pytest.mark.parametrize("role", NAMES)
def test_no_role_takes_from_others_by_a_function(warehouse, role, statement):
    assert refused(warehouse.dsn(role), f"SET TRANSACTION READ WRITE; {statement}")


def test_the_functions_that_all_may_call_are_judged(warehouse):
    """Every function by which a session can hold or consume what all share is in the list, whatever the version."""
    found = execute(
        warehouse.admin,
        """
        SELECT DISTINCT p.proname::text
        FROM pg_proc AS p
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND x.grantee = 0
            AND p.proname !~ '^pg_stat_get_'
            AND p.proname ~ '(lock|^lo_|^lo(read|write)$|emit|notify|terminate|cancel|sleep|export|wal|slot|reset)'
                '|xact_id|txid'
        """,
    )
    assert {name for (name,) in found} - JUDGED == set()


# What all may call, and why that takes nothing from others.
JUDGED = {
    # A session that sleeps holds what a session that works holds: its own connection, of which a role has so many.
    *("pg_sleep", "pg_sleep_for", "pg_sleep_until"),
    # Only sessions of the caller's own role.
    *("pg_cancel_backend", "pg_terminate_backend"),
    # As the statement NOTIFY, which nobody can be denied: max_notify_queue_pages bounds what waits.
    "pg_notify",
    # A number for the transaction, which every role also gets by ALTER ROLE of itself: status names what it holds up.
    *("pg_current_xact_id", "txid_current"),
    # Its WAL is recycled by the next checkpoint, as that of any write. Its signature is another since PostgreSQL 17:
    # what is revoked of it would keep a dump from being restored there.
    "pg_logical_emit_message",
    # They ask for the attribute REPLICATION, which no role has.
    *("pg_create_logical_replication_slot", "pg_create_physical_replication_slot", "pg_drop_replication_slot"),
    *("pg_copy_logical_replication_slot", "pg_copy_physical_replication_slot", "pg_replication_slot_advance"),
    *("pg_logical_slot_get_changes", "pg_logical_slot_get_binary_changes", "pg_sync_replication_slots"),
    *("pg_logical_slot_peek_changes", "pg_logical_slot_peek_binary_changes"),
    "binary_upgrade_logical_slot_has_caught_up",
    # They only tell something.
    *("clock_timestamp", "pg_lock_status", "pg_blocking_pids", "pg_safe_snapshot_blocking_pids"),
    *("pg_isolation_test_session_is_blocked", "pg_get_replication_slots", "pg_available_wal_summaries"),
    *("pg_current_wal_flush_lsn", "pg_current_wal_insert_lsn", "pg_current_wal_lsn", "pg_get_wal_replay_pause_state"),
    *("pg_get_wal_resource_managers", "pg_get_wal_summarizer_state", "pg_is_wal_replay_paused", "pg_wal_lsn_diff"),
    *("pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_split_walfile_name", "pg_wal_summary_contents"),
    *("pg_walfile_name", "pg_walfile_name_offset"),
    *("pg_current_xact_id_if_assigned", "txid_current_if_assigned", "txid_current_snapshot", "txid_snapshot_in"),
    *("txid_snapshot_out", "txid_snapshot_recv", "txid_snapshot_send", "txid_snapshot_xip", "txid_snapshot_xmax"),
    *("txid_snapshot_xmin", "txid_status", "txid_visible_in_snapshot"),
}


def test_the_owner_keeps_the_locks_it_needs(warehouse):
    execute(warehouse.dsn("tshop"), "SELECT pg_try_advisory_xact_lock(1); CALL dds.load_client()")
    assert refused(warehouse.dsn("tshop"), "SELECT lo_creat(-1)")


def test_a_group_that_another_role_has_granted_is_taken(warehouse):
    execute(
        warehouse.admin,
        "CREATE ROLE dba LOGIN CREATEROLE; GRANT pg_read_all_data TO dba WITH ADMIN OPTION; "
        "SET SESSION AUTHORIZATION dba; GRANT pg_read_all_data TO tshop_monitor",
    )
    try:
        assert not refused(warehouse.dsn("tshop_monitor"), "SELECT FROM raw.client")
        answer = run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=warehouse.admin)
        assert answer.returncode == 0, answer.stderr
        assert refused(warehouse.dsn("tshop_monitor"), "SELECT FROM raw.client")
    finally:
        execute(warehouse.admin, "DROP OWNED BY dba; DROP ROLE dba")


def test_a_role_that_is_as_it_should_be_is_not_told(warehouse):
    for _ in range(2):
        assert run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=warehouse.admin).returncode == 0
        answer = run_module("migrations", WAREHOUSE_DSN=warehouse.dsn("tshop"))
        assert "limits or settings" not in answer.stdout


def test_settings_and_limits_are_put_back(warehouse):
    execute(
        warehouse.dsn("tshop_analyst"),
        "SET TRANSACTION READ WRITE; ALTER ROLE tshop_analyst SET statement_timeout = 0; "
        "ALTER ROLE tshop_analyst SET work_mem = '1GB'",
    )
    # Who may not, says so.
    answer = run_module("migrations", WAREHOUSE_DSN=warehouse.dsn("tshop"))
    assert answer.returncode == 0, answer.stderr
    assert "tshop_analyst have limits or settings other than" in answer.stdout
    answer = run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=warehouse.admin)
    assert answer.returncode == 0, answer.stderr
    config = execute(warehouse.admin, "SELECT rolconfig FROM pg_roles WHERE rolname = 'tshop_analyst'")[0][0]
    wanted = next(role.settings for role in roles.roles() if role.name == "tshop_analyst")
    assert dict(setting.split("=", 1) for setting in config) == wanted


@pytest.mark.parametrize("role", ["tshop_analyst", "tshop_monitor", "tshop_reader", "tshop_loader"])
def test_no_role_fills_the_disk_with_temporary_files(warehouse, role):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(warehouse.dsn(role), "SET temp_file_limit = -1")
    assert execute(warehouse.dsn(role), "SHOW temp_file_limit") != [("-1",)]


# --- open transactions ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_transaction(dsn, statement):
    """A session that has run a statement in a transaction and leaves it open."""
    with contextlib.closing(psycopg2.connect(dsn, application_name="forgotten")) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        yield connection


def test_a_lock_that_the_loader_holds_on_a_row_is_told_and_can_be_ended(warehouse):
    with open_transaction(
        warehouse.dsn("tshop_loader"), "SELECT FROM raw.client WHERE client_id = 1 FOR UPDATE"
    ) as holder:
        with pytest.raises(psycopg2.Error) as refusal:
            execute(warehouse.dsn("tshop"), "SET lock_timeout = '200ms'; CALL dds.forget_client(1)")
        assert refusal.value.pgcode == "TS005"
        assert f"pid {holder.info.backend_pid} (tshop_loader, forgotten)" in refusal.value.diag.message_detail
        assert "as the owner by SELECT pg_terminate_backend(pid)" in refusal.value.diag.message_hint
        assert execute(warehouse.dsn("tshop"), f"SELECT pg_terminate_backend({holder.info.backend_pid}, 5000)") == [
            (True,)
        ]
    execute(warehouse.dsn("tshop"), "CALL dds.forget_client(1)")


def test_a_migration_does_not_wait_without_end(warehouse, monkeypatch):
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "300ms")
    execute(warehouse.admin, "DELETE FROM sl.routine_version WHERE file_name LIKE 'cdm/views/%'")
    with open_transaction(warehouse.dsn("tshop_reader"), "SELECT FROM cdm.sales_mart_export LIMIT 1") as holder:
        with pytest.raises(runner.CannotMigrate) as refusal:
            runner.migrate(warehouse.dsn("tshop"))
        assert f"pid {holder.info.backend_pid} (tshop_reader, forgotten)" in str(refusal.value)
        assert "Nothing was changed." in str(refusal.value)
    runner.migrate(warehouse.dsn("tshop"))


def test_old_transactions_are_told_and_ended(warehouse):
    ask = "SELECT pid, role_name, state, holds_loads FROM sl.open_transactions() WHERE application_name = 'forgotten'"
    with (
        open_transaction(warehouse.dsn("tshop_analyst"), "SELECT count(*) FROM dds.client") as analyst,
        open_transaction(
            warehouse.dsn("tshop_loader"), "INSERT INTO raw.client (client_id, updated_at) VALUES (99, now())"
        ) as loader,
        open_transaction(warehouse.dsn("tshop"), "SELECT 1") as owner,
    ):
        pids = [session.info.backend_pid for session in (analyst, loader, owner)]
        told = {
            (pids[0], "tshop_analyst", "idle in transaction", False),
            (pids[1], "tshop_loader", "idle in transaction", True),
            (pids[2], "tshop", "idle in transaction", False),
        }
        assert set(execute(warehouse.dsn("tshop_monitor"), ask)) == told
        assert refused(warehouse.dsn("tshop_monitor"), "SELECT * FROM sl.end_transactions('1 hour')")
        with pytest.raises(psycopg2.errors.InvalidParameterValue):
            execute(warehouse.dsn("tshop"), "SELECT * FROM sl.end_transactions('1 second')")
        assert execute(warehouse.dsn("tshop"), "SELECT * FROM sl.end_transactions('1 hour')") == []
        # As if an hour had passed: the function asks sl.open_transactions, in its own transaction.
        with contextlib.closing(psycopg2.connect(warehouse.admin)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION sl.open_transactions() RETURNS TABLE (pid integer, role_name text, "
                "database_name text, application_name text, state text, started_at timestamptz, seconds numeric, "
                "holds_loads boolean) LANGUAGE sql AS $$ SELECT a.pid, a.usename::text, a.datname::text, "
                "a.application_name, a.state, a.xact_start, 4000.0, false FROM pg_stat_activity AS a "
                "WHERE a.application_name = 'forgotten' $$; SET SESSION AUTHORIZATION tshop"
            )
            cursor.execute("SELECT role_name, is_ended FROM sl.end_transactions('1 hour')")
            assert set(cursor.fetchall()) == {("tshop_analyst", True), ("tshop_loader", True)}
            connection.rollback()
    assert execute(warehouse.dsn("tshop_monitor"), ask) == []


def test_the_age_of_a_transaction_decides_which_is_ended(warehouse):
    """With the real ages; only the least limit that is taken is lower, until the transaction of the test ends."""
    age = "SELECT seconds FROM sl.open_transactions() WHERE pid = %s"
    reader = "SELECT FROM cdm.sales_mart_export LIMIT 1"
    with open_transaction(warehouse.dsn("tshop_reader"), reader) as old:
        deadline = time.monotonic() + 60
        while (seconds := execute(warehouse.dsn("tshop_monitor"), age, [old.info.backend_pid])[0][0]) < 1:
            assert time.monotonic() < deadline
        with (
            open_transaction(warehouse.dsn("tshop_reader"), reader) as young,
            contextlib.closing(psycopg2.connect(warehouse.admin)) as connection,
            connection.cursor() as cursor,
        ):
            pids = [session.info.backend_pid for session in (old, young)]
            cursor.execute("SELECT pg_get_functiondef('sl.end_transactions(interval)'::regprocedure)")
            made = cursor.fetchone()[0]
            assert "interval '1 minute'" in made
            cursor.execute(made.replace("interval '1 minute'", "interval '0'"))
            cursor.execute("SET SESSION AUTHORIZATION tshop")
            cursor.execute("SELECT pid, seconds FROM sl.open_transactions()")
            told = dict(cursor.fetchall())
            between = "clock_timestamp() - xact_start - '0.5 s' FROM pg_stat_activity WHERE pid = %s"
            cursor.execute(f"SELECT e.pid, e.is_ended FROM sl.end_transactions((SELECT {between})) AS e", pids[:1])
            assert cursor.fetchall() == [(pids[0], True)]
            connection.rollback()
            # The young one goes on.
            with young.cursor() as asked:
                asked.execute("SELECT 1")
    assert told[pids[0]] >= seconds >= 1
    # The ages are rounded.
    assert told[pids[0]] - told[pids[1]] >= 0.8


# --- connections ----------------------------------------------------------------------------------------------------


def test_the_limits_of_all_roles_leave_room_for_the_owner(postgres_server):
    limits = [role.connection_limit for role in roles.roles()]
    assert min(limits) > 0
    taken = sum(limits) + AIRFLOW_CONNECTIONS + SUPERSET_CONNECTIONS
    most = int(execute(postgres_server.dsn("postgres"), "SHOW max_connections")[0][0])
    reserved = sum(
        int(execute(postgres_server.dsn("postgres"), f"SHOW {name}")[0][0])
        for name in ("reserved_connections", "superuser_reserved_connections")
    )
    assert taken + reserved <= most - 4
    # The server here and the one of docker-compose.yml read the same file, and nothing sets it beside that.
    assert f"\nmax_connections = {most}\n" in (ROOT / "config" / "postgresql.conf").read_text()
    compose = (ROOT / "docker-compose.yml").read_text()
    assert "./config/postgresql.conf:" in compose
    assert not re.search(r"max[-_]connections=", compose)
    scripts = "".join(file.read_text() for file in (ROOT / "docker" / "postgres").glob("*.sql"))
    assert f"'airflow_password' CONNECTION LIMIT {AIRFLOW_CONNECTIONS}" in scripts
    assert f"'superset_password' CONNECTION LIMIT {SUPERSET_CONNECTIONS}" in scripts


def test_the_owner_has_connections_for_itself_alone(warehouse, scratch):
    """A server with few connections, all of which a role takes."""
    settings = {**THROW_AWAY_SETTINGS, "max_connections": "12", "max_wal_senders": "0", "reserved_connections": "3"}
    server = PostgresServer(scratch / "few", free_port(), "few", settings=settings)
    server.start()
    try:
        passwords = {roles.OWNER: "owner", "tshop_reader": "reader"}
        embedded_roles.set_up(server, "tshop", passwords)
        execute(server.dsn("tshop"), "GRANT CONNECT ON DATABASE tshop TO tshop_reader")
        with contextlib.ExitStack() as sessions:
            told = ""
            while not told:
                try:
                    session = psycopg2.connect(server.dsn("tshop", "tshop_reader", "reader"))
                    sessions.enter_context(contextlib.closing(session))
                except psycopg2.OperationalError as error:
                    told = str(error)
            assert "reserved" in told
            assert execute(server.dsn("tshop", roles.OWNER, "owner"), "SELECT 1") == [(1,)]
    finally:
        server.stop("immediate")
