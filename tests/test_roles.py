"""Each role may do what migrations/roles.toml says and nothing else, tried by logging in as it.

The warehouse here belongs to a role that is no superuser, as it does in use, so that what its SECURITY DEFINER routines
do is done with such rights.
"""

import contextlib
import io
import secrets
from datetime import UTC, datetime

import psycopg2
import pytest
from psycopg2.sql import SQL, Identifier

from migrations import roles, runner
from tests.conftest import run_module

NAMES = [role.name for role in roles.roles()]
READ = {"SELECT"}
# In the order of their loads.
ENTITIES = ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return")
MARTS = (
    *("sales_mart", "user_sales", "product_sales", "region_sales", "daily_sales"),
    *("category_tree", "status_time", "carrier_delivery"),
)
BUILDS = ("cdm.build_mart", *(f"cdm.build_{mart}" for mart in MARTS[1:]))
PULLED = [f"cdm.{mart}_{view}" for mart in MARTS for view in ("export", "batch", "run")]
MART_VIEWS = (
    *PULLED,
    *(f"cdm.{mart}_image" for mart in MARTS),
    *(f"cdm.{view}" for view in ("category_span", "current_order", "order_line", "product_label", "shop_finding")),
)
HISTORIES_AND_MARTS = (*(f"dds.{entity}" for entity in ENTITIES), *(f"cdm.{mart}" for mart in MARTS))
SPARK_MARTS = tuple(f"spark.{mart}" for mart in ("user_sales", "product_sales", "region_sales"))
# Schema, relations by privilege, routines: all that a role may do, written down once more by hand.
RIGHTS = {
    "tshop_etl": {
        "database": {"CONNECT"},
        "schemas": {"raw", "dds", "cdm", "sl"},
        "relations": {},
        "routines": {
            *(f"dds.load_{entity}" for entity in ENTITIES),
            *BUILDS,
            *("sl.run_load", "sl.procedures_due", "sl.audit", "sl.record_failure"),
            *(f"raw.{verb}_documents" for verb in ("apply", "replay", "purge", "audit")),
            "cdm.compare_marts",
        },
    },
    "tshop_loader": {
        "database": {"CONNECT", "TEMPORARY"},
        "schemas": {"raw"},
        "relations": dict.fromkeys((f"raw.{entity}" for entity in ENTITIES), READ),
        "columns": {
            (f"raw.{table}", privilege): {*columns.split(), "updated_at", "is_deleted"}
            for table, columns in {
                "category": "category_id name parent_category_id",
                "client": "client_id first_name last_name birth_date email phone loyalty_status region registered_at",
                "product": "product_id name category size price description category_id stock_quantity created_at",
                "sale": "sale_id order_id sold_at client_id product_id quantity unit_price amount",
                "sales_order": "order_id client_id ordered_at status delivered_at total_amount channel region",
                "payment": "payment_id order_id paid_at amount method status",
                "delivery": "delivery_id order_id shipped_at delivered_at carrier status",
                "sale_return": "return_id sale_id returned_at quantity amount reason",
            }.items()
            for privilege in ("INSERT", "UPDATE")
        },
        "routines": set(),
    },
    "tshop_reader": {
        "database": {"CONNECT"},
        "schemas": {"cdm", "sl"},
        "relations": dict.fromkeys((*PULLED, "sl.published_mart"), READ),
        "routines": set(),
    },
    "tshop_analyst": {
        "database": {"CONNECT"},
        "schemas": {"dds", "cdm", "spark", "sl"},
        "relations": dict.fromkeys((*HISTORIES_AND_MARTS, *MART_VIEWS, *SPARK_MARTS, "spark.computation"), READ),
        "routines": {"cdm.sales_mart_as_known", "cdm.category_path", "dds.price_of_product", "sl.is_blank"},
    },
    "tshop_monitor": {
        "database": {"CONNECT"},
        "schemas": {"sl", "landing", "shop"},
        "relations": dict.fromkeys(
            (
                *(
                    f"sl.status_{name}"
                    for name in (
                        *("run", "lag", "rejected", "warning", "quality"),
                        *("backfill", "clock", "transaction", "drift"),
                    )
                ),
                *("landing.status_stream", "shop.status_replication"),
            ),
            READ,
        ),
        "routines": {"sl.rows_waiting", "sl.open_transactions"},
    },
    "tshop_consumer": {
        "database": {"CONNECT"},
        "schemas": {"landing", "raw"},
        "relations": {
            "landing.document": {"INSERT"},
            **dict.fromkeys(("landing.position", "landing.stream"), READ),
        },
        "routines": {
            *("landing.begin_landing", "landing.end_landing", "landing.note_seen", "raw.apply_documents"),
        },
    },
    "tshop_stores": {
        "database": {"CONNECT"},
        "schemas": {"landing", "raw"},
        "relations": {
            "landing.document": {"INSERT"},
            "landing.file": {"SELECT", "INSERT", "UPDATE"},
            "landing.refused_line": {"INSERT", "DELETE"},
        },
        "columns": {
            ("landing.refused_line", "SELECT"): {
                *("stream", "week", "region", "line_no", "key", "reason", "refused_at"),
            },
        },
        "routines": {
            *("landing.begin_landing", "landing.end_landing", "raw.find_foreign_sales", "raw.land_absent_sales"),
        },
    },
    "tshop_marketplace": {
        "database": {"CONNECT"},
        "schemas": {"landing"},
        "relations": dict.fromkeys(("landing.bookmark", "landing.source_document"), READ),
        "routines": {"landing.land_states", "landing.lock_reading", "landing.note_seen"},
    },
    "tshop_replica": {
        "database": {"CONNECT"},
        "schemas": {"shop"},
        "relations": {
            f"shop.{table}": {"SELECT", "INSERT", "UPDATE", "DELETE"}
            for table in ("transactions", "deliveries", "returns", "deleted_row", "relay_state")
        },
        "routines": set(),
    },
    "tshop_spark": {
        "database": {"CONNECT"},
        "schemas": {"spark", "sl", "cdm"},
        "relations": {
            **dict.fromkeys(
                (f"spark.dds_{entity}" for entity in ("category", "client", "product", "sale", "sales_order")), READ
            ),
            **{
                table: {"SELECT", "INSERT", "DELETE"}
                for table in (*SPARK_MARTS, *(f"{mart}_staging" for mart in SPARK_MARTS), "spark.computation")
            },
        },
        "routines": {"spark.begin_reading", "sl.is_blank", "cdm.compare_marts"},
    },
    "public": {"database": set(), "schemas": set(), "relations": {}, "routines": set()},
}
LOADS = "; ".join(
    (
        *(f"CALL dds.load_{entity}()" for entity in ENTITIES),
        *(f"CALL {build}()" for build in BUILDS),
        "CALL sl.audit()",
    )
)
SHOP = """
INSERT INTO raw.client VALUES (1, 'Анна', 'Иванова', '1990-05-05', '2026-01-01');
INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100.50, '2026-01-01');
INSERT INTO raw.sale VALUES (1, 1, '2026-01-02', 1, 1, 3, '2026-01-02');
"""


def execute(dsn, statement, parameters=None):
    """Rows of the last of some statements, in one transaction of a connection of its own."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def refused(dsn, statement):
    """Tell whether the server refuses a statement for want of rights."""
    try:
        execute(dsn, statement)
    except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction):
        return True
    return False


class Warehouse:
    """A migrated warehouse of an ordinary owner: its URI for each role, the superuser's included."""

    def __init__(self, admin, owner, passwords):
        self.admin = admin
        self.owner = owner
        self.passwords = passwords

    def dsn(self, role):
        """URI for a role."""
        parts = psycopg2.extensions.parse_dsn(self.admin)
        return f"postgresql://{role}:{self.passwords[role]}@{parts['host']}:{parts['port']}/{parts['dbname']}"


@pytest.fixture(scope="module")
def warehouse_of_owner(postgres_server, new_database):
    """A warehouse with something in it, whose owner is no superuser."""
    admin = new_database()
    passwords = {name: secrets.token_urlsafe(16) for name in (*NAMES, "tshop", "shop_owner", "nobody_special")}
    for name in ("shop_owner", "nobody_special"):
        execute(admin, SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(Identifier(name)), (passwords[name],))
    with contextlib.closing(psycopg2.connect(admin)) as connection, connection, connection.cursor() as cursor:
        roles.ensure(cursor, passwords)
        cursor.execute(SQL("ALTER DATABASE {} OWNER TO shop_owner").format(Identifier(connection.info.dbname)))
        roles.take_from_public(cursor, "shop_owner")
    warehouse = Warehouse(admin, "shop_owner", passwords)
    done = runner.migrate(warehouse.dsn("shop_owner"))
    assert done.missing_roles == []
    execute(warehouse.dsn("tshop_loader"), SHOP)
    execute_each(warehouse.dsn("tshop_etl"), LOADS)
    return warehouse


def execute_each(dsn, statements):
    """Run statements, each in a transaction of its own."""
    for statement in statements.split(";"):
        execute(dsn, statement)


# --- rights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", RIGHTS)
def test_the_rights_are_these_and_no_others(warehouse_of_owner, role):
    grantee = (
        0 if role == "public" else execute(warehouse_of_owner.admin, f"SELECT '{role}'::regrole::oid::bigint")[0][0]
    )
    layers = "('landing', 'shop', 'raw', 'dds', 'cdm', 'spark', 'sl')"

    def granted(statement):
        return execute(warehouse_of_owner.admin, statement, {"grantee": grantee})

    relations = {}
    for relation, privilege in granted(
        f"""
        SELECT format('%%s.%%s', n.nspname, c.relname), x.privilege_type
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname IN {layers}
        CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS x
        WHERE x.grantee = %(grantee)s
        """
    ):
        relations.setdefault(relation, set()).add(privilege)
    assert relations == RIGHTS[role]["relations"]
    assert {
        row[0]
        for row in granted(
            f"""
        SELECT format('%%s.%%s', n.nspname, p.proname)
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname IN {layers}
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
        WHERE x.grantee = %(grantee)s
        """
        )
    } == RIGHTS[role]["routines"]
    assert {
        row[0]
        for row in granted(
            f"""
        SELECT n.nspname
        FROM pg_namespace AS n
        CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS x
        WHERE x.grantee = %(grantee)s AND (n.nspname IN {layers} OR n.nspname = 'public')
        """
        )
    } == RIGHTS[role]["schemas"]
    assert {
        row[0]
        for row in granted(
            """
        SELECT x.privilege_type
        FROM pg_database AS d
        CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS x
        WHERE x.grantee = %(grantee)s AND d.datname = current_database()
        """
        )
    } == RIGHTS[role]["database"]
    columns = {}
    for relation, column, privilege in granted(
        f"""
        SELECT format('%%s.%%s', n.nspname, c.relname), a.attname, x.privilege_type
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname IN {layers}
        CROSS JOIN LATERAL aclexplode(a.attacl) AS x
        WHERE x.grantee = %(grantee)s
        """
    ):
        columns.setdefault((relation, privilege), set()).add(column)
    assert columns == RIGHTS[role].get("columns", {})


@pytest.mark.parametrize("role", NAMES)
def test_no_role_has_powers_over_the_server_or_is_in_another(warehouse_of_owner, role):
    assert execute(
        warehouse_of_owner.admin,
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, "
        "(SELECT count(*) FROM pg_auth_members WHERE member = r.oid) FROM pg_roles AS r WHERE rolname = %s",
        (role,),
    ) == [(False, False, False, False, False, 0)]


def test_who_is_not_named_does_not_get_in(warehouse_of_owner):
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        execute(warehouse_of_owner.dsn("nobody_special"), "SELECT 1")


def test_etl_calls_and_does_nothing_else(warehouse_of_owner):
    dsn = warehouse_of_owner.dsn("tshop_etl")
    execute_each(dsn, LOADS)
    execute(dsn, "CALL sl.record_failure('sl.audit', 'TS010', 'a try')")
    for statement in (
        "SELECT FROM raw.client",
        "SELECT FROM dds.client",
        "SELECT FROM cdm.sales_mart",
        "SELECT FROM cdm.sales_mart_export",
        "SELECT FROM sl.run",
        "INSERT INTO sl.quality_rule VALUES ('client', 'x', 1, 'true', false, 'x')",
        "UPDATE sl.quality_rule SET expression = 'true'",
        "UPDATE sl.entity SET breaker_share = 1",
        "DELETE FROM sl.erasure",
        "CALL sl._load_entity('client')",
        "SELECT sl.remove_implausible('client')",
        "SELECT sl.restamp_runs()",
        "CALL dds.forget_client(1)",
        "CALL sl.backfill('client')",
        "CALL sl.backfill('sales_mart')",
        "CREATE TEMPORARY TABLE _sl_change (x integer)",
        "CREATE TABLE public.t ()",
        "CREATE SCHEMA mine",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE shop_owner",
    ):
        assert refused(dsn, statement), statement


def test_loader_writes_raw_and_sees_nothing_else(warehouse_of_owner):
    dsn = warehouse_of_owner.dsn("tshop_loader")
    execute(
        dsn,
        """
        CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS SELECT client_id, last_name, updated_at FROM raw.client;
        INSERT INTO raw.client (client_id, last_name, updated_at) SELECT * FROM incoming
        ON CONFLICT (client_id) DO UPDATE SET last_name = 'Петрова';
        """,
    )
    for statement in (
        # A load would never see what claims to have been written long ago.
        "INSERT INTO raw.client (client_id, updated_at, changed_xid) VALUES (777, now(), 3)",
        "UPDATE raw.sale SET changed_xid = 3",
        "DELETE FROM raw.client",
        "TRUNCATE raw.client",
        "ALTER TABLE raw.client DISABLE TRIGGER ALL",
        "DROP TABLE raw.client",
        "SELECT FROM dds.client",
        "SELECT FROM cdm.sales_mart",
        "SELECT FROM sl.erasure",
        "CALL dds.load_client()",
        "CALL sl.record_failure('sl.audit', 'TS010', 'x')",
        "CREATE TABLE raw.more ()",
    ):
        assert refused(dsn, statement), statement


def test_reader_reads_what_clickhouse_pulls(warehouse_of_owner):
    dsn = warehouse_of_owner.dsn("tshop_reader")
    assert execute(dsn, "SELECT count(*) FROM cdm.sales_mart_export") == [(1,)]
    assert execute(dsn, "SELECT sum(row_count) FROM cdm.sales_mart_batch") == [(1,)]
    assert execute(dsn, "SHOW timezone") == [("UTC",)]
    assert execute(dsn, "SHOW statement_timeout") == [("2h",)]
    assert execute(dsn, "SHOW transaction_read_only") == [("on",)]
    for statement in (
        "SELECT FROM cdm.sales_mart",
        "SELECT FROM cdm.sales_mart_image",
        "SELECT FROM dds.client",
        "SELECT FROM raw.client",
        "SELECT FROM sl.run",
        "SELECT FROM cdm.sales_mart_as_known(now())",
        "CALL cdm.build_mart()",
        "SET default_transaction_read_only = off; DELETE FROM cdm.sales_mart_export",
        "SET TRANSACTION READ WRITE; DELETE FROM cdm.sales_mart_run",
        "SET TRANSACTION READ WRITE; CREATE TEMPORARY TABLE t ()",
        "SET TRANSACTION READ WRITE; SELECT lo_from_bytea(0, 'x')",
    ):
        assert refused(dsn, statement), statement


def test_analyst_reads_history_and_mart(warehouse_of_owner):
    dsn = warehouse_of_owner.dsn("tshop_analyst")
    assert execute(dsn, "SELECT client FROM cdm.sales_mart_as_known(now())") == [("Анна Иванова",)]
    assert execute(dsn, "SELECT first_name FROM dds.client") == [("Анна",)]
    # A view's functions are called by who reads it.
    views = execute(dsn, "SELECT format('%I.%I', schemaname, viewname) FROM pg_views WHERE schemaname = 'cdm'")
    for relation in (*(view for (view,) in views), "cdm.category_path()"):
        execute(dsn, f"SELECT * FROM {relation}")
    for statement in (
        "SELECT FROM raw.client",
        "SELECT FROM sl.rejected_row",
        "SELECT FROM sl.quality_rule",
        "CALL sl.audit()",
        "SET TRANSACTION READ WRITE; UPDATE dds.client SET first_name = 'x'",
        "SET TRANSACTION READ WRITE; DELETE FROM cdm.sales_mart",
    ):
        assert refused(dsn, statement), statement


def test_monitor_reads_how_the_warehouse_is(warehouse_of_owner):
    dsn = warehouse_of_owner.dsn("tshop_monitor")
    execute_each(warehouse_of_owner.dsn("tshop_etl"), LOADS)
    execute(
        warehouse_of_owner.dsn("tshop_loader"),
        "INSERT INTO raw.client VALUES (3, NULL, 'Лисина', '1990-05-05', '2026-01-01')",
    )
    assert execute(dsn, "SELECT rows_behind FROM sl.status_lag WHERE source = 'raw.client'") == [(1,)]
    execute_each(warehouse_of_owner.dsn("tshop_etl"), LOADS)
    assert execute(dsn, "SELECT sum(rows_behind) FROM sl.status_lag") == [(0,)]
    assert execute(dsn, "SELECT rule_name FROM sl.status_rejected WHERE open_rows = 1") == [("name_missing",)]
    assert execute(dsn, "SELECT rule_name, rows FROM sl.status_warning WHERE rows > 0") == []
    assert execute(dsn, "SELECT * FROM sl.status_drift") == []
    assert execute(dsn, "SELECT status FROM sl.status_run ORDER BY run_id DESC LIMIT 1") == [("succeeded",)]
    assert execute(dsn, "SELECT max(rejected_share) FROM sl.status_quality WHERE rows_read = 1") == [(1,)]
    for statement in (
        "SELECT FROM raw.client",
        "SELECT FROM dds.client",
        "SELECT FROM cdm.sales_mart",
        "SELECT FROM cdm.sales_mart_run",
        "SELECT FROM sl.run",
        "SELECT FROM sl.rejected_row",
        "SELECT FROM sl.clock_rejection",
        "SELECT FROM sl.erasure",
        "CALL sl.audit()",
        "SET TRANSACTION READ WRITE; CALL sl.record_failure('sl.audit', 'TS010', 'x')",
        "SET TRANSACTION READ WRITE; DELETE FROM sl.status_run",
        "SET TRANSACTION READ WRITE; CREATE TEMPORARY TABLE t ()",
        "SET TRANSACTION READ WRITE; SELECT lo_from_bytea(0, 'x')",
    ):
        assert refused(dsn, statement), statement


def test_the_consumer_lands_and_applies_and_does_nothing_else(warehouse_of_owner):
    dsn = warehouse_of_owner.dsn("tshop_consumer")
    assert execute(dsn, "SELECT * FROM landing.begin_landing('shop.product_categories', 0, 'topic')") == [(0, 0)]
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM landing.begin_landing('shop.product_categories', 0, 'topic')")
        message = (
            '{"schema_version": 1, "row": {"id": 1, "name": "Tops", "parent_id": null, "updated_at": "2026-01-01"}}'
        )
        row = f"shop.product_categories\t0\t0\t1\t{message}\t2026-01-01\n"
        cursor.copy_expert(
            "COPY landing.document (stream, partition, position, key, body, written_at) FROM STDIN", io.StringIO(row)
        )
        cursor.execute("SELECT landing.end_landing('shop.product_categories', 0, 0, 1)")
    execute(dsn, "SELECT landing.note_seen('shop.product_categories', 0, 1)")
    execute(dsn, "CALL raw.apply_documents('shop.product_categories')")
    assert execute(dsn, "SELECT landed_position, applied_position FROM landing.position") == [(0, 0)]
    assert execute(warehouse_of_owner.admin, "SELECT name FROM raw.category") == [("Tops",)]
    for statement in (
        "SELECT FROM landing.document",
        "DELETE FROM landing.document",
        "UPDATE landing.document SET body = NULL",
        "UPDATE landing.position SET applied_position = -1",
        "UPDATE landing.stream SET base = 1",
        "SELECT FROM landing.rejected_document",
        "SELECT FROM landing.stream_target",
        "CALL landing.continue_stream('shop.orders')",
        "CALL landing.skip_lost('shop.orders')",
        "CALL raw.declare_stream('shop.orders', 'raw.sale', 'SELECT 1')",
        "CALL raw.replay_documents('shop.orders')",
        "CALL raw.purge_documents()",
        "SELECT raw._erase_documents(NULL, '{1}')",
        "SELECT sl.keep_states('client', 'SELECT 1')",
        "SELECT FROM raw.category",
        "INSERT INTO raw.category (category_id, updated_at) VALUES (2, now())",
        "SELECT FROM dds.client",
        "SELECT FROM sl.run",
        "CALL dds.load_client()",
        "CREATE TEMPORARY TABLE t (x integer)",
    ):
        assert refused(dsn, statement), statement


def test_a_role_has_no_more_connections_than_its_limit(warehouse_of_owner):
    [(limit,)] = execute(warehouse_of_owner.admin, "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'tshop_etl'")
    with contextlib.ExitStack() as opened:
        for _ in range(limit):
            opened.callback(psycopg2.connect(warehouse_of_owner.dsn("tshop_etl")).close)
        with pytest.raises(psycopg2.OperationalError, match='too many connections for role "tshop_etl"'):
            psycopg2.connect(warehouse_of_owner.dsn("tshop_etl"))


def test_writers_of_forgotten_clients_do_not_wait_for_each_other(warehouse_of_owner):
    loader = warehouse_of_owner.dsn("tshop_loader")
    write = (
        "INSERT INTO raw.client (client_id, first_name, last_name, updated_at) VALUES (%s, 'Ян', 'Ян', '2026-03-01')"
    )
    write += " ON CONFLICT (client_id) DO UPDATE SET first_name = excluded.first_name"
    for client in (1100, 1200):
        execute(loader, write, (client,))
        execute(warehouse_of_owner.dsn("shop_owner"), "CALL dds.forget_client(%s)", (client,))
    # By a way that fires no trigger, one is known again.
    execute(
        warehouse_of_owner.admin,
        "SET session_replication_role = replica; UPDATE raw.client SET first_name = 'Ян' WHERE client_id = 1200",
    )
    with contextlib.closing(psycopg2.connect(loader)) as first, first.cursor() as cursor:
        cursor.execute(write, (1200,))
        execute(loader, "SET lock_timeout = '2s'; " + write, (1100,))
        first.rollback()
    execute_each(warehouse_of_owner.dsn("tshop_etl"), LOADS)
    assert execute(loader, "SELECT DISTINCT first_name FROM raw.client WHERE client_id IN (1100, 1200)") == [(None,)]


def test_a_loader_keeps_the_forgotten_forgotten(warehouse_of_owner):
    execute(
        warehouse_of_owner.dsn("tshop_loader"),
        "INSERT INTO raw.client VALUES (2, 'Вера', 'Соколова', '1980-01-01', '2026-01-01')",
    )
    execute(warehouse_of_owner.dsn("shop_owner"), "CALL dds.forget_client(2)")
    # It may not read sl.erasure, and its write is kept clean all the same.
    assert execute(
        warehouse_of_owner.dsn("tshop_loader"),
        "UPDATE raw.client SET first_name = 'Вера', updated_at = '2026-02-02' WHERE client_id = 2; "
        "SELECT first_name FROM raw.client WHERE client_id = 2",
    ) == [(None,)]
    execute_each(warehouse_of_owner.dsn("tshop_etl"), LOADS)


# --- who makes the roles --------------------------------------------------------------------------------------------


def test_what_is_too_much_is_taken_and_what_is_missing_is_given(warehouse_of_owner):
    admin, owner = warehouse_of_owner.admin, warehouse_of_owner.dsn("shop_owner")
    execute(
        admin,
        "ALTER ROLE tshop_etl CREATEDB CONNECTION LIMIT 3; ALTER ROLE tshop_etl SET work_mem = '1GB'; "
        "GRANT pg_read_all_data TO tshop_etl; ALTER ROLE tshop_etl IN DATABASE postgres SET work_mem = '1GB'; "
        "ALTER ROLE tshop_reader RESET timezone",
    )
    execute(
        owner,
        "GRANT SELECT ON ALL TABLES IN SCHEMA raw TO tshop_etl, PUBLIC; GRANT EXECUTE ON PROCEDURE sl._load_entity TO "
        "PUBLIC; REVOKE SELECT ON cdm.sales_mart_export FROM tshop_reader",
    )
    with contextlib.closing(psycopg2.connect(admin)) as connection, connection, connection.cursor() as cursor:
        roles.ensure(cursor, {})
        cursor.execute(SQL("ALTER DATABASE {} OWNER TO shop_owner").format(Identifier(connection.info.dbname)))
    runner.migrate(owner)
    for role in RIGHTS:
        test_the_rights_are_these_and_no_others(warehouse_of_owner, role)
    (limit,) = (role.connection_limit for role in roles.roles() if role.name == "tshop_etl")
    assert execute(admin, "SELECT rolcreatedb, rolconnlimit, rolconfig FROM pg_roles WHERE rolname = 'tshop_etl'") == [
        (False, limit, ["client_connection_check_interval=2s"])
    ]
    assert execute(warehouse_of_owner.dsn("tshop_reader"), "SHOW timezone") == [("UTC",)]


def test_what_the_owner_makes_by_hand_is_not_everybodys_to_call(warehouse_of_owner):
    execute(
        warehouse_of_owner.dsn("shop_owner"),
        "CREATE FUNCTION dds.later() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT max(client_id) FROM "
        "raw.client)",
    )
    try:
        assert refused(warehouse_of_owner.dsn("tshop_etl"), "SELECT dds.later()")
    finally:
        execute(warehouse_of_owner.dsn("shop_owner"), "DROP FUNCTION dds.later")


def test_a_warehouse_without_the_schema_public_is_migrated(new_database):
    dsn = new_database()
    execute(dsn, "DROP SCHEMA public")
    answer = run_module("migrations", WAREHOUSE_DSN=dsn)
    assert answer.returncode == 0, answer.stderr


def test_the_connections_of_all_roles_leave_room_for_others(postgres_server):
    [(most,)] = execute(postgres_server.dsn("postgres"), "SHOW max_connections")
    assert sum(role.connection_limit for role in roles.roles()) <= int(most) * 2 // 3


def test_the_command_makes_the_roles_and_gives_the_database_to_its_owner(new_database):
    admin = new_database()
    password = secrets.token_urlsafe(16)
    answer = run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=admin, TSHOP_OWNER_PASSWORD=password)
    assert answer.returncode == 0, answer.stderr
    assert "no password was given for tshop_etl" in answer.stdout
    assert password not in answer.stdout
    parts = psycopg2.extensions.parse_dsn(admin)
    owner = f"postgresql://tshop:{password}@{parts['host']}:{parts['port']}/{parts['dbname']}"
    assert run_module("migrations", WAREHOUSE_DSN=owner).returncode == 0
    assert execute(owner, "SELECT count(*) FROM pg_class WHERE relowner = 'tshop'::regrole")[0][0] > 0


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("", "WAREHOUSE_ADMIN_DSN is not set: set it to"),
        ("postgresql://x:hidden@127.0.0.1:1/w", "the roles could not be made (connection to server"),
    ],
)
def test_the_command_says_what_it_needs(dsn, message):
    answer = run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=dsn)
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (1, "", 1)
    assert message in answer.stderr
    assert "hidden" not in answer.stderr


# --- what an attacker would plant -----------------------------------------------------------------------------------

# In a schema that comes before pg_catalog, each raises when it is called.
PLANTED = """
CREATE SCHEMA planted;
GRANT USAGE ON SCHEMA planted TO PUBLIC;
CREATE FUNCTION planted.raise() RETURNS void LANGUAGE plpgsql
AS $$BEGIN RAISE EXCEPTION 'planted, as %', current_user; END$$;
CREATE FUNCTION planted.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE FUNCTION planted.format(text, text) RETURNS text LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE FUNCTION planted.pg_current_snapshot() RETURNS pg_snapshot LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE FUNCTION planted.pg_current_xact_id() RETURNS xid8 LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE FUNCTION planted.equal(text, text) RETURNS boolean LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE OPERATOR planted.= (FUNCTION = planted.equal, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION planted.equal(bigint, bigint) RETURNS boolean LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE OPERATOR planted.= (FUNCTION = planted.equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE FUNCTION planted.later(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE OPERATOR planted.> (FUNCTION = planted.later, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE FUNCTION planted.joined(text, text) RETURNS text LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE OPERATOR planted.|| (FUNCTION = planted.joined, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION planted.wrong(text, text) RETURNS boolean LANGUAGE plpgsql
AS $$BEGIN PERFORM planted.raise(); END$$;
CREATE OPERATOR planted.~ (FUNCTION = planted.wrong, LEFTARG = text, RIGHTARG = text);
CREATE TABLE planted.run (run_id bigint);
CREATE TABLE planted.entity (entity_name text);
"""
PLANTED_PATH = "SET search_path = planted, pg_temp, pg_catalog; "


@pytest.mark.parametrize(
    "bait",
    [
        "SELECT clock_timestamp()",
        "SELECT 'a'::text = 'b'::text",
        "SELECT 1::bigint = 2::bigint",
        "SELECT 'a'::text || 'b'::text",
        "SELECT now() > now()",
        "SELECT pg_current_snapshot()",
    ],
)
def test_a_planted_object_is_found_by_who_does_not_pin_the_path(planted, bait):
    with pytest.raises(psycopg2.errors.RaiseException, match="planted, as tshop_loader"):
        execute(planted.dsn("tshop_loader"), PLANTED_PATH + bait)


@pytest.fixture(scope="module")
def planted(warehouse_of_owner):
    """The warehouse, with a hostile schema that everybody may use."""
    execute(warehouse_of_owner.admin, PLANTED)
    yield warehouse_of_owner
    execute(warehouse_of_owner.admin, "DROP SCHEMA planted CASCADE")


def test_no_routine_finds_a_planted_object(planted):
    rows = """
    INSERT INTO raw.client VALUES (7, 'Зоя', 'Жукова', '1970-01-01', '2026-01-05') ON CONFLICT (client_id)
    DO UPDATE SET updated_at = excluded.updated_at;
    INSERT INTO raw.sale VALUES (7, 7, '2026-01-06', 7, 1, 0, '2026-01-06') ON CONFLICT (sale_id)
    DO UPDATE SET quantity = 2, updated_at = '2026-01-07';
    """
    for _ in range(2):
        execute(planted.dsn("tshop_loader"), PLANTED_PATH + rows)
        for call in LOADS.split(";"):
            execute(planted.dsn("tshop_etl"), PLANTED_PATH + call)
    execute(planted.dsn("tshop_etl"), PLANTED_PATH + "CALL sl.record_failure('sl.audit', 'TS010', 'a try')")
    execute(planted.dsn("shop_owner"), PLANTED_PATH + "CALL dds.forget_client(7)")
    known = "SELECT count(*) FROM cdm.sales_mart_as_known('2026-06-01')"
    execute(planted.dsn("tshop_analyst"), PLANTED_PATH + known)
    for view in ("cdm.sales_mart_export", "cdm.sales_mart_batch", "cdm.sales_mart_run"):
        execute(planted.dsn("tshop_reader"), PLANTED_PATH + f"SELECT count(*) FROM {view}")


def test_a_temporary_table_of_the_engines_name_with_a_trigger_gains_nothing(warehouse_of_owner):
    """Who may make temporary tables lays one with a trigger where the engine keeps its working set."""
    admin = warehouse_of_owner.admin
    execute(
        admin, "GRANT EXECUTE ON PROCEDURE dds.load_client TO tshop_loader; GRANT USAGE ON SCHEMA dds TO tshop_loader"
    )
    try:
        with pytest.raises(psycopg2.errors.DuplicateTable, match="_sl_change"):
            execute(
                warehouse_of_owner.dsn("tshop_loader"),
                """
                INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
                VALUES (8, 'Зоя', 'Жукова', '1970-01-01', '2026-01-05');
                CREATE TEMPORARY TABLE _sl_change (scd2_key bigint);
                CREATE FUNCTION pg_temp.steal() RETURNS trigger LANGUAGE plpgsql
                AS $$BEGIN RAISE EXCEPTION 'stolen, as %', current_user; END$$;
                CREATE TRIGGER steal BEFORE INSERT ON _sl_change EXECUTE FUNCTION pg_temp.steal();
                CALL dds.load_client();
                """,
            )
    finally:
        runner.migrate(warehouse_of_owner.dsn("shop_owner"))


# --- hostile names --------------------------------------------------------------------------------------------------

HOSTILE = [
    "o'clock",
    'say "hello"',
    "Robert'); DROP TABLE raw.client; --",
    "100%I of %s $1 {}",
    "back\\slash",
    "имя с пробелом",
    "select",
    "r",
    "c",
    "$sql$ quoted $body$",
    "new\nline",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_tables_columns_and_rules_are_only_names(warehouse, name):
    short = name[:24]
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection, connection.cursor() as cursor:
        key, column, table = Identifier(f"k{short}"), Identifier(f"c{short}"), Identifier(short)
        cursor.execute(
            SQL(
                "CREATE TABLE raw.{table} ({key} text PRIMARY KEY, {column} text, updated_at timestamptz NOT NULL, "
                "is_deleted boolean DEFAULT false)"
            ).format(table=table, key=key, column=column)
        )
        quoted = table.as_string(cursor)
        cursor.execute(
            "CALL sl.declare_entity('hostile', p_source => %s, p_target => %s, p_key => %s, p_tracked => %s, "
            "p_event_time => 'updated_at', p_deleted => 'is_deleted')",
            (f"raw.{quoted}", f"dds.{quoted}", [f"k{short}"], [f"c{short}"]),
        )
        cursor.execute(
            "INSERT INTO sl.quality_rule (entity_name, rule_name, position, expression, is_clock_dependent, "
            "description) VALUES (%s, %s, 10, 'updated_at <= clock_timestamp() - interval ''1 hour''', true, %s)",
            ("hostile", name, name),
        )
        connection.commit()
        # psycopg takes a % for a parameter, also in a name.
        in_statement = {"table": short, "key": f"k{short}", "column": f"c{short}"}
        write = SQL(
            "INSERT INTO raw.{table} ({key}, {column}, updated_at, is_deleted) "
            "VALUES (%(key)s, %(value)s, %(at)s, %(is_deleted)s) ON CONFLICT ({key}) DO UPDATE SET "
            "{column} = excluded.{column}, updated_at = excluded.updated_at, is_deleted = excluded.is_deleted"
        ).format(**{part: Identifier(text.replace("%", "%%")) for part, text in in_statement.items()})
        # First, append, late, deleted, back, too young for the rule.
        for value, at, is_deleted in (
            (name, "2026-01-01", False),
            ("b" + name, "2026-01-05", False),
            ("c" + name, "2026-01-03", False),
            (None, "2026-01-07", True),
            (name, "2026-01-09", False),
            (name, datetime.now(UTC), False),
        ):
            cursor.execute(write, {"key": name, "value": value, "at": at, "is_deleted": is_deleted})
            connection.commit()
            cursor.execute("CALL dds.load_hostile()")
            connection.commit()
            cursor.execute("CALL sl.audit()")
            connection.commit()
        cursor.execute(SQL("SELECT {column} FROM dds.{table} ORDER BY valid_from").format(table=table, column=column))
        assert [row[0] for row in cursor.fetchall()] == [name, "c" + name, "b" + name, name]
        cursor.execute("SELECT entity_key, rule_name FROM sl.rejected_row")
        assert cursor.fetchall() == [(name, name)]
        cursor.execute("SELECT count(*) FROM raw.client")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_of_nothing_is_told_as_such(warehouse, name):
    with pytest.raises(psycopg2.Error) as caught:
        execute(warehouse, "CALL sl.load(%s)", (name,))
    assert caught.value.pgcode == "TS002"
    with pytest.raises(psycopg2.Error, match="is no name of an entity"):
        execute(
            warehouse,
            "CALL sl.declare_entity(%s, p_source => 'raw.client', p_key => '{client_id}', p_tracked => '{last_name}')",
            (name.upper(),),
        )
    with pytest.raises(psycopg2.errors.InvalidParameterValue):
        execute(warehouse, "CALL sl.record_failure(%s, '40P01', 'x')", (name,))
    assert execute(warehouse, "SELECT count(*) FROM raw.client") == [(0,)]
