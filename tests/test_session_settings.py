"""What the procedures write depends on no setting by which a session writes or reads values as text."""

import psycopg2
import pytest
from conftest import run_psql
from test_clickhouse import UNREADABLE

TABLES = {
    "dds.client": "client_id, first_name, last_name, birth_date, valid_from, valid_to, is_current",
    "dds.product": "product_id, name, price, valid_from, valid_to, is_current",
    "dds.sale": "sale_id, order_id, sold_at, client_id, product_id, quantity, valid_from, valid_to, is_current",
    "cdm.sales_mart": "sale_id, version_no, sold_at, client, client_age, price, total_amount, is_current",
    "sl.rejected_row": "entity_name, entity_key, rule_name, row, resolved_at IS NULL",
    "sl.erasure": "entity_name, entity_key",
}
# Loads, changes, late and bad rows, a deletion, slices, an erasure, and the audit of it all.
WORK = (
    """
    INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
    SELECT n, 'Анна', 'Иванова ' || n, date '1980-02-01' + n, timestamptz '2026-01-01 00:00:00.123456+00'
    FROM generate_series(1, 40) AS n
    """,
    "INSERT INTO raw.product (product_id, name, price, updated_at) VALUES (1, 'Куртка', 100.50, '2026-01-01 00:00+00')",
    """
    INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
    SELECT n, n, s, n, 1, nullif(n, 7), s
    FROM (SELECT n, timestamptz '2026-01-12 21:30+00' + n * interval '1h' AS s FROM generate_series(1, 40) AS n) AS t
    """,
    "CALL dds.load_client()",
    "CALL dds.load_product()",
    "CALL dds.load_sale()",
    "CALL cdm.build_mart()",
    "UPDATE raw.client SET last_name = 'Петрова', updated_at = '2025-12-03 00:00+00' WHERE client_id < 5",
    "UPDATE raw.sale SET is_deleted = true, updated_at = updated_at + interval '1 day' WHERE sale_id = 9",
    "UPDATE raw.sale SET updated_at = updated_at + interval '1 day' WHERE sale_id = 7",
    "CALL dds.load_client()",
    "CALL dds.load_sale()",
    "CALL sl.backfill('client', 7)",
    "CALL sl.backfill('sale', 7)",
    "CALL sl.backfill('sales_mart', 7)",
    "CALL dds.forget_client(3)",
    "CALL dds.load_client(true)",
    "CALL cdm.build_mart(true)",
    "CALL sl.audit()",
)


def state_after_work(dsn: str, settings: dict[str, str]) -> dict[str, str]:
    """Do the work in sessions with these settings; return the rows of each table as a plain session writes them."""
    options = " ".join(f"-c {name}={value.replace(' ', '')}" for name, value in settings.items())
    for statement in WORK:
        answer = run_psql(dsn, "-c", statement, PGOPTIONS=options, PGCLIENTENCODING="UTF8")
        assert answer.returncode == 0, answer.stderr
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        state = {}
        for table, columns in TABLES.items():
            cursor.execute(
                f"SELECT string_agg(t::text, e'\\n' ORDER BY t::text) FROM (SELECT {columns} FROM {table}) AS t"
            )
            (state[table],) = cursor.fetchone()
    connection.close()
    return state


@pytest.fixture(scope="module")
def plain(new_database, warehouse_template: str) -> dict[str, str]:
    """The state after the same work in plain sessions."""
    return state_after_work(new_database(warehouse_template), {})


@pytest.mark.parametrize("name", [*(one for one in UNREADABLE if one != "client_encoding"), "all of them"])
def test_procedures_write_the_same_in_any_session(plain, warehouse, name):
    settings = {one: value for one, value in UNREADABLE.items() if one != "client_encoding"}
    if name in settings:
        settings = {name: settings[name]}
    assert all(plain.values())
    assert state_after_work(warehouse, settings) == plain
