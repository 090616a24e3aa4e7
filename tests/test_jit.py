"""Loads, builds and audits do not pay for compilation on a server that compiles costly plans (jit)."""

import contextlib
from collections import deque

import psycopg2
import pytest

from tests.conftest import run_module

DEBIANS = 15


@pytest.fixture(scope="module")
def compiling_warehouse(server_of):
    """URI of a warehouse on Debian's server, which can compile."""
    server = server_of(DEBIANS)
    server.create_database("jit")
    dsn = server.dsn("jit")
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SET jit = on; SELECT pg_jit_available()")
        if not cursor.fetchone()[0]:
            pytest.skip("This PostgreSQL compiles no plans: 'apt-get install postgresql-15'")
    answer = run_module("migrations", WAREHOUSE_DSN=dsn)
    assert answer.returncode == 0, answer.stderr
    return dsn


def test_no_plan_of_the_engine_is_compiled(compiling_warehouse):
    with contextlib.closing(psycopg2.connect(compiling_warehouse)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        # Of a list the driver keeps the last 50.
        connection.notices = deque()
        cursor.execute(
            """
            LOAD 'auto_explain';
            SET auto_explain.log_min_duration = 0;
            SET auto_explain.log_analyze = on;
            SET auto_explain.log_nested_statements = on;
            SET client_min_messages = log;
            SET jit = on;
            SET jit_above_cost = 0;
            """
        )

        def compiled(*statements: str) -> list[str]:
            """Return the plans among what the server says of these statements that were compiled."""
            connection.notices.clear()
            for statement in statements:
                cursor.execute(statement)
            assert any("Query Text:" in notice for notice in connection.notices), "auto_explain says nothing"
            return [notice for notice in connection.notices if "JIT:" in notice]

        assert compiled("SELECT count(*) FROM pg_class"), "the server does not compile: the test would show nothing"
        cursor.execute(
            "INSERT INTO raw.client (client_id, first_name, last_name, updated_at) "
            "SELECT g, 'Anna', 'Orlova', '2024-03-05' FROM generate_series(1, 50) AS g"
        )
        cursor.execute(
            "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at) "
            "SELECT g, g, '2024-03-05', g, g, 1, '2024-03-05' FROM generate_series(1, 50) AS g"
        )
        loads = ("CALL dds.load_client()", "CALL dds.load_sale()", "CALL cdm.build_mart()")
        assert not compiled(*loads)
        # Fifty late rows, which take the way of splicing.
        cursor.execute("UPDATE raw.client SET last_name = 'Belova', updated_at = '2024-03-01'")
        assert not compiled(*loads)
        assert not compiled("CALL sl.audit()", "CALL sl.audit(p_full => false)")
