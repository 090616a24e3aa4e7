"""Retention: old rows go out of a source in transactions of their own, while others write, and the history stands."""

import threading

import psycopg2
import psycopg2.errors
import pytest

from tests.conftest import query

ROWS = 2000
# Some dozen pages; every second row is old.
SALES = f"""
INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
SELECT n, 1, '2025-01-01', 1, 1, 1, timestamptz '2025-01-01' + (n % 2) * interval '90 days'
FROM generate_series(1, {ROWS}) AS n
"""
PURGE = "CALL sl.purge('sale', '2025-02-01', p_pages => 1)"


@pytest.fixture
def session(warehouse):
    """A session of a warehouse whose sales are loaded."""
    connection = psycopg2.connect(warehouse)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(SALES)
        cursor.execute("CALL dds.load_sale()")
    yield connection
    connection.close()


def call(connection, statement=PURGE):
    """The row that a call shows."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_each_transaction_takes_its_pages_and_the_history_stands(session, warehouse):
    history = query(warehouse, "SELECT count(*), min(xmin::text), max(xmin::text) FROM dds.sale")
    assert call(session) == (ROWS // 2, 0, None)
    assert query(warehouse, "SELECT count(*), count(*) FILTER (WHERE sale_id % 2 = 1) FROM raw.sale") == (
        ROWS // 2,
        ROWS // 2,
    )
    pages = [notice for notice in session.notices if "pages looked at" in notice]
    assert len(pages) > 5
    assert query(warehouse, "SELECT count(*), min(xmin::text), max(xmin::text) FROM dds.sale") == history
    assert call(session, "CALL dds.load_sale()")[1:] == (0, 0, 0, 0, 0, 0)
    call(session, "CALL dds.load_client()")
    call(session, "CALL dds.load_product()")
    call(session, "CALL cdm.build_mart()")
    call(session, "CALL sl.audit()")


def test_what_was_done_before_an_error_stays_and_the_call_resumes(session, warehouse):
    # A row on the third page is somebody else's for the moment.
    locked = query(warehouse, "SELECT min(sale_id) FROM raw.sale WHERE ctid >= '(2,0)' AND sale_id % 2 = 0")
    with psycopg2.connect(warehouse) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM raw.sale WHERE sale_id = %s FOR UPDATE", locked)
        call_and_wait = session.cursor()
        call_and_wait.execute("SET lock_timeout = '10ms'")
        with pytest.raises(psycopg2.Error) as refused:
            call_and_wait.execute(PURGE)
        assert refused.value.pgcode == "TS005"
    (kept,) = query(warehouse, "SELECT count(*) FROM raw.sale WHERE ctid < '(2,0)' AND sale_id % 2 = 0")
    assert kept == 0
    (left,) = query(warehouse, "SELECT count(*) FROM raw.sale WHERE sale_id % 2 = 0")
    assert 0 < left < ROWS // 2
    assert "sl.purge: raw.sale: 2 of" in session.notices[-1]
    assert call(session, "CALL sl.purge('sale', '2025-02-01', p_pages => 1, next_page => 2)") == (left, 0, None)


def test_a_row_that_is_written_meanwhile_stays(session, warehouse):
    writer = psycopg2.connect(warehouse)
    with writer.cursor() as cursor:
        cursor.execute("UPDATE raw.sale SET quantity = 2 WHERE sale_id = 2")
    found = []
    purge = threading.Thread(target=lambda: found.append(call(session)))
    purge.start()
    while not query(warehouse, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'")[0]:
        assert purge.is_alive()
    writer.commit()
    writer.close()
    purge.join()
    assert found == [(ROWS // 2 - 1, 1, None)]
    assert query(warehouse, "SELECT quantity FROM raw.sale WHERE sale_id = 2") == (2,)
    assert call(session, "CALL dds.load_sale()")[1:] == (1, 0, 1, 0, 0, 0)


def test_a_partitioned_source(warehouse):
    connection = psycopg2.connect(warehouse)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TABLE raw.visit (
                visit_id integer, region text, page text, seen_at timestamptz, PRIMARY KEY (visit_id, region)
            )
            PARTITION BY LIST (region);
            CREATE TABLE raw.visit_north PARTITION OF raw.visit FOR VALUES IN ('North');
            CREATE TABLE raw.visit_south PARTITION OF raw.visit FOR VALUES IN ('South');
            CALL sl.declare_entity(
                'visit', 'raw.visit', '{visit_id,region}', '{page}', p_event_time => 'seen_at'
            );
            INSERT INTO raw.visit
            SELECT
                n, CASE WHEN n % 4 = 0 THEN 'North' ELSE 'South' END, 'x',
                timestamptz '2025-01-01' + (n % 2) * interval '90 days'
            FROM generate_series(1, 2000) AS n
            """
        )
        cursor.execute("CALL sl.load('visit')")
    assert call(connection, "CALL sl.purge('visit', '2025-02-01', p_pages => 1)") == (1000, 0, None)
    assert query(warehouse, "SELECT count(*) FROM raw.visit WHERE visit_id % 2 = 0") == (0,)
    assert call(connection, "CALL sl.load('visit', p_full => true)")[1:] == (1000, 0, 0, 0, 1000, 0)
    connection.close()


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "RESTRICT"])
def test_a_row_that_others_refer_to_stays_until_they_are_purged(warehouse, action):
    """By a foreign key its deletion would be one of rows whose history says then that they were deleted, or changed."""
    connection = psycopg2.connect(warehouse)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TABLE raw.basket (
                basket_id integer, region text, seen_at timestamptz, PRIMARY KEY (basket_id, region)
            );
            CREATE TABLE raw.basket_line (
                line_id integer PRIMARY KEY, basket_id integer, region text, seen_at timestamptz,
                FOREIGN KEY (region, basket_id) REFERENCES raw.basket (region, basket_id) ON DELETE {action}
            );
            CALL sl.declare_entity('basket', 'raw.basket', '{{basket_id,region}}', '{{}}', p_event_time => 'seen_at');
            CALL sl.declare_entity(
                'basket_line', 'raw.basket_line', '{{line_id}}', '{{basket_id}}', p_event_time => 'seen_at'
            );
            INSERT INTO raw.basket VALUES
            (1, 'North', '2025-01-01'), (2, 'North', '2025-01-01'), (1, 'South', '2025-01-01');
            INSERT INTO raw.basket_line VALUES (1, 1, 'North', '2025-01-01'), (2, NULL, NULL, '2025-03-01')
            """
        )
        for entity in ("basket", "basket_line"):
            cursor.execute(f"CALL sl.load('{entity}')")
    assert call(connection, "CALL sl.purge('basket', '2025-02-01')") == (2, 1, None)
    assert "or which rows of raw.basket_line refer to: purge these first" in connection.notices[-1]
    assert call(connection, "CALL sl.purge('basket_line', '2025-02-01')") == (1, 0, None)
    assert call(connection, "CALL sl.purge('basket', '2025-02-01')") == (1, 0, None)
    for entity in ("basket", "basket_line"):
        assert call(connection, f"CALL sl.load('{entity}')")[1:] == (0, 0, 0, 0, 0, 0)
        assert query(warehouse, f"SELECT count(*) FROM dds.{entity} WHERE NOT is_current") == (0,)
    connection.close()
