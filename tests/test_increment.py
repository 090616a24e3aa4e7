"""Increments with several connections: nothing is lost, nothing is read twice as new, and a run costs what changed."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import psycopg2.errors
import pytest

LOADS = ("dds.load_client", "dds.load_product", "dds.load_sale", "cdm.build_mart")


@pytest.fixture
def connect(warehouse):
    """Function that opens a connection in autocommit mode."""
    with contextlib.ExitStack() as stack:

        def open_connection():
            connection = stack.enter_context(contextlib.closing(psycopg2.connect(warehouse)))
            connection.autocommit = True
            return connection

        yield open_connection


def execute(connection, sql, parameters=None):
    """Rows of a statement, None where it returns none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else None


def call(connection, procedure):
    """Result row of a CALL as a dict."""
    with connection.cursor() as cursor:
        cursor.execute(f"CALL {procedure}()")
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def build_others(connection):
    """Build the marts of orders, too: what a load changed is kept until every mart has processed it."""
    execute(connection, "SELECT sl.run_build(m.mart_name) FROM sl.mart AS m WHERE m.mart_name <> 'sales_mart'")


def put_client(connection, client_id, updated_at, last_name="Иванова"):
    """Write a client as a source does."""
    execute(
        connection,
        """
        INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
        VALUES (%s, 'Анна', %s, '1990-05-05', %s)
        ON CONFLICT (client_id) DO UPDATE SET last_name = excluded.last_name, updated_at = excluded.updated_at
        """,
        (client_id, last_name, updated_at),
    )


def take_to_the_mart(connection):
    """Sale 7, of client 7, from the sources to the mart, audited."""
    put_client(connection, 7, "2026-01-01 10:00:00+00")
    execute(connection, "INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100, '2026-01-01')")
    execute(connection, "INSERT INTO raw.sale VALUES (7, 1, '2026-01-02', 7, 1, 3, '2026-01-02')")
    for procedure in LOADS:
        call(connection, procedure)
    build_others(connection)
    execute(connection, "CALL sl.audit(p_full => false)")


def scanned(connection):
    """Rows that sequential scans have read of raw, dds, cdm and the deletions, by table, as the server counts them."""
    execute(connection, "SELECT pg_stat_force_next_flush()")
    execute(connection, "SELECT pg_stat_clear_snapshot()")
    return dict(
        execute(
            connection,
            """
            SELECT schemaname || '.' || relname, seq_tup_read FROM pg_stat_user_tables
            WHERE schemaname IN ('raw', 'dds', 'cdm') OR relname = 'tombstone'
            """,
        )
    )


def test_a_transaction_that_commits_late_with_an_early_stamp_is_not_lost(connect):
    late, early, loader = connect(), connect(), connect()
    execute(late, "BEGIN")
    put_client(late, 1, "2026-01-01 10:00:00+00")
    put_client(early, 2, "2026-01-01 12:00:00+00")
    assert call(loader, "dds.load_client")["rows_inserted"] == 1
    execute(late, "COMMIT")
    assert call(loader, "dds.load_client")["rows_inserted"] == 1
    assert execute(loader, "SELECT client_id FROM dds.client ORDER BY client_id") == [(1,), (2,)]
    assert call(loader, "dds.load_client")["rows_read"] == 0


def test_a_first_load_takes_settled_rows_and_those_of_the_latest_transactions(connect):
    loader, open_ended = connect(), connect()
    execute(
        loader,
        """
        INSERT INTO raw.client VALUES
        (1, 'Анна', 'Иванова', '1990-05-05', '2026-01-01'),
        (2, 'Анна', ' ', '1990-05-05', '2026-01-02'),
        (4, 'Анна', 'Орлова', '2999-01-01', '2026-01-04'),
        (5, 'Анна', 'Котова', NULL, 'infinity');
        INSERT INTO raw.client VALUES (3, 'Анна', 'Петрова', '1990-05-05', '2026-01-03', true)
        """,
    )
    # From here on, the oldest transaction that runs holds back what counts as settled.
    execute(open_ended, "BEGIN; SELECT pg_current_xact_id()")
    put_client(loader, 6, "2026-01-05")
    execute(loader, "INSERT INTO raw.client VALUES (7, NULL, NULL, NULL, now(), false), (8, '', '', NULL, now(), true)")
    put_client(open_ended, 9, "2025-01-01")

    first = call(loader, "dds.load_client")
    counts = [first[f"rows_{name}"] for name in ("read", "inserted", "corrected", "deleted", "unchanged", "rejected")]
    assert counts == [8, 2, 0, 2, 0, 4]
    rejected = "SELECT entity_key, rule_name FROM sl.rejected_row ORDER BY entity_key"
    assert execute(loader, rejected) == [
        ("2", "name_missing"),
        ("4", "birth_date_in_future"),
        ("5", "updated_at_not_finite"),
        ("7", "name_missing"),
    ]
    assert execute(loader, "SELECT entity_key FROM sl.tombstone ORDER BY entity_key") == [("3",), ("8",)]
    assert execute(loader, "SELECT count(*) FROM sl.changed_period WHERE entity_key IS NULL") == [(1,)]
    call(loader, "sl.audit")

    execute(open_ended, "COMMIT")
    second = call(loader, "dds.load_client")
    # The row that was in the future is judged again, those the open transaction held back are compared again.
    assert (second["rows_inserted"], second["rows_rejected"], second["rows_corrected"]) == (1, 2, 0)
    assert execute(loader, "SELECT client_id FROM dds.client ORDER BY client_id") == [(1,), (6,), (9,)]
    assert execute(loader, "SELECT count(*) FROM sl.rejected_row") == [(4,)]
    call(loader, "sl.audit")


def test_an_update_that_commits_late_is_not_lost(connect):
    late, loader = connect(), connect()
    put_client(loader, 1, "2026-01-01 10:00:00+00")
    call(loader, "dds.load_client")
    execute(late, "BEGIN")
    put_client(late, 1, "2026-01-01 11:00:00+00", "Петрова")
    put_client(loader, 2, "2026-01-01 12:00:00+00")
    call(loader, "dds.load_client")
    execute(late, "COMMIT")
    call(loader, "dds.load_client")
    assert execute(loader, "SELECT last_name FROM dds.client WHERE client_id = 1 ORDER BY valid_from") == [
        ("Иванова",),
        ("Петрова",),
    ]


def test_a_load_that_commits_after_a_build_is_consumed_by_the_next_build(connect):
    slow, builder = connect(), connect()
    put_client(builder, 1, "2026-01-01 10:00:00+00")
    execute(builder, "INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100, '2026-01-01')")
    execute(builder, "INSERT INTO raw.sale VALUES (1, 1, '2026-01-02', 1, 1, 3, '2026-01-02')")
    for procedure in LOADS:
        call(builder, procedure)
    put_client(builder, 1, "2026-01-01 11:00:00+00", "Петрова")
    execute(slow, "BEGIN")
    call(slow, "dds.load_client")
    assert call(builder, "cdm.build_mart")["rows_read"] == 0
    execute(slow, "COMMIT")
    assert call(builder, "cdm.build_mart")["rows_corrected"] == 1
    assert execute(builder, "SELECT client FROM cdm.sales_mart WHERE is_current") == [("Анна Петрова",)]
    assert call(builder, "cdm.build_mart")["rows_read"] == 0


@pytest.mark.parametrize("procedure", LOADS)
def test_a_second_run_on_a_target_ends_at_once_with_its_own_sqlstate(connect, procedure):
    first, second = connect(), connect()
    execute(second, "SET statement_timeout = '20s'")
    execute(first, "BEGIN")
    call(first, procedure)
    with pytest.raises(psycopg2.Error) as refused:
        call(second, procedure)
    assert refused.value.pgcode == "TS001"
    assert refused.value.diag.message_hint
    execute(first, "COMMIT")
    assert call(second, procedure)["run_id"] > 0
    assert execute(second, "SELECT count(*) FROM sl.run WHERE procedure_name = %s", (procedure,)) == [(2,)]


def test_loads_of_different_entities_run_side_by_side(connect):
    first, second = connect(), connect()
    execute(second, "SET statement_timeout = '20s'")
    execute(first, "BEGIN")
    call(first, "dds.load_client")
    assert call(second, "dds.load_product")["rows_read"] == 0
    execute(first, "COMMIT")


def test_a_failed_run_leaves_nothing_behind(connect):
    connection = connect()
    put_client(connection, 1, "2026-01-01 10:00:00+00")
    execute(connection, "ALTER TABLE dds.client ADD CONSTRAINT nobody CHECK (client_id <> 1)")
    with pytest.raises(psycopg2.errors.CheckViolation):
        call(connection, "dds.load_client")
    for table in ("dds.client", "sl.run", "sl.watermark", "sl.changed_period"):
        assert execute(connection, f"SELECT count(*) FROM {table}") == [(0,)]
    execute(connection, "ALTER TABLE dds.client DROP CONSTRAINT nobody")
    assert call(connection, "dds.load_client")["rows_inserted"] == 1


def test_a_row_mended_while_a_load_judges_it_is_recorded_as_it_was_judged(connect):
    loader, source, watcher = connect(), connect(), connect()
    execute(
        source,
        """
        UPDATE sl.quality_rule SET expression = 'pg_advisory_xact_lock_shared(1) IS NOT NULL AND quantity <> 0'
        WHERE rule_name = 'quantity_zero';
        INSERT INTO raw.sale VALUES (1, 1, '2026-01-02', 1, 1, 0, '2026-01-02');
        SELECT pg_advisory_lock(1);
        """,
    )
    with ThreadPoolExecutor() as pool:
        load = pool.submit(call, loader, "dds.load_sale")
        while execute(watcher, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == [(0,)]:
            assert not load.done()
        execute(source, "UPDATE raw.sale SET quantity = 5, updated_at = '2026-01-03'")
        execute(source, "SELECT pg_advisory_unlock(1)")
        # The bad state is read where it stood, and where the update kept it aside.
        assert load.result()["rows_rejected"] == 2
    # A first load meets the mended row itself, among those of the latest transactions.
    call(loader, "dds.load_sale")
    assert execute(source, "SELECT row ->> 'quantity', resolved_run_id IS NOT NULL FROM sl.rejected_row") == [
        ("0", True)
    ]
    assert execute(source, "SELECT quantity FROM dds.sale") == [(5,)]


@pytest.mark.parametrize("raw_change", ["last_name = 'Петрова'", "is_deleted = true"])
def test_a_version_that_somebody_moves_meanwhile_is_not_left_open_unsaid(connect, raw_change):
    owner = connect()
    put_client(owner, 1, "2026-01-01 10:00:00+00")
    call(owner, "dds.load_client")
    # Judging the row writes to the target past the procedures, as somebody could by hand at that moment.
    execute(
        owner,
        "CREATE FUNCTION public.moved(bigint) RETURNS boolean LANGUAGE plpgsql AS $$"
        "BEGIN UPDATE dds.client SET first_name = first_name WHERE client_id = $1; RETURN true; END $$",
    )
    execute(
        owner,
        "INSERT INTO sl.quality_rule (entity_name, position, rule_name, expression, description)"
        " VALUES ('client', 99, 'moved', 'public.moved(client_id)', 'moves the version')",
    )
    execute(owner, f"UPDATE raw.client SET {raw_change}, updated_at = '2026-01-02 10:00:00+00'")
    if raw_change.startswith("is_deleted"):
        # A deleted row is not judged; another one is, and moves the version of the first.
        execute(owner, "UPDATE sl.quality_rule SET expression = 'public.moved(1)' WHERE rule_name = 'moved'")
        put_client(owner, 2, "2026-01-01 10:00:00+00")
    before = execute(owner, "SELECT * FROM dds.client ORDER BY client_sk")
    with pytest.raises(psycopg2.errors.SerializationFailure, match="another session has written to the target while"):
        call(owner, "dds.load_client")
    assert execute(owner, "SELECT * FROM dds.client ORDER BY client_sk") == before
    execute(owner, "DELETE FROM sl.quality_rule WHERE rule_name = 'moved'")
    call(owner, "dds.load_client")
    execute(owner, "CALL sl.audit()")


@pytest.mark.parametrize("procedure", LOADS)
def test_a_run_shows_one_row_and_one_notice_and_writes_one_row_of_sl_run(connect, procedure):
    connection = connect()
    row = call(connection, procedure)
    assert len(connection.notices) == 1
    assert f"{procedure}: run {row['run_id']} read 0 rows" in connection.notices[0]
    counts = ("rows_read", "rows_inserted", "rows_corrected", "rows_deleted", "rows_unchanged", "rows_rejected")
    assert execute(connection, f"SELECT run_id, {', '.join(counts)}, procedure_name, status FROM sl.run") == [
        (row["run_id"], *(row[name] for name in counts), procedure, "succeeded")
    ]


def test_an_increment_reads_what_changed_and_scans_no_table(connect):
    connection = connect()
    execute(
        connection,
        """
        INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
        SELECT g, 'Анна', 'Иванова', '1990-05-05', '2026-01-01' FROM generate_series(1, 20000) AS g;
        INSERT INTO raw.product SELECT g, 'Куртка', 'Верх', 'M', 100, '2026-01-01' FROM generate_series(1, 500) AS g;
        INSERT INTO raw.sale
        SELECT g, g, '2026-01-02', 1 + g % 20000, 1 + g % 500, 1, '2026-01-02' FROM generate_series(1, 40000) AS g;
        """,
    )
    for procedure in LOADS:
        call(connection, procedure)
    execute(connection, "VACUUM ANALYZE")
    execute(connection, "UPDATE raw.client SET last_name = 'Петрова', updated_at = '2026-01-03' WHERE client_id <= 20")
    execute(connection, "UPDATE raw.sale SET quantity = 2, updated_at = '2026-01-03' WHERE sale_id <= 30")

    before = scanned(connection)
    rows = {procedure: call(connection, procedure)["rows_read"] for procedure in LOADS}
    assert rows == {"dds.load_client": 20, "dds.load_product": 0, "dds.load_sale": 30, "cdm.build_mart": 30}
    assert scanned(connection) == before
    assert {procedure: call(connection, procedure)["rows_read"] for procedure in LOADS} == dict.fromkeys(LOADS, 0)


def fetched(connection):
    """Rows that sequential scans and index scans have fetched from these tables, as the server counts them."""
    scanned(connection)
    return execute(
        connection,
        """
        SELECT sum(seq_tup_read)::bigint, sum(idx_tup_fetch)::bigint FROM pg_stat_user_tables
        WHERE schemaname IN ('raw', 'dds', 'cdm') OR relname = 'tombstone'
        """,
    )[0]


def test_a_day_reads_as_much_of_a_small_warehouse_as_of_a_large_one(connect):
    connection = connect()
    cost = []
    for size, clients in enumerate((range(1, 5_001), range(5_001, 25_001))):
        # Four weeks of sales, four a client.
        execute(
            connection,
            """
            INSERT INTO raw.client
            SELECT g, 'Анна', 'Иванова', '1990-05-05', '2026-01-01' FROM generate_series(%(first)s, %(last)s) AS g;
            INSERT INTO raw.product
            SELECT g, 'Куртка', 'Верх', 'M', 100, '2026-01-01' FROM generate_series(%(first)s, %(first)s + 999) AS g;
            INSERT INTO raw.sale
            SELECT
                10 * g + n, g, timestamptz '2026-01-05' + n * interval '7 days', g, %(first)s + g %% 1000, 1,
                '2026-02-05'
            FROM generate_series(%(first)s, %(last)s) AS g, generate_series(0, 3) AS n;
            -- Cancelled ones.
            INSERT INTO raw.sale
            SELECT 10 * g + 4, g, '2026-01-05', g, %(first)s, 1, '2026-02-05', true
            FROM generate_series(%(first)s, %(last)s) AS g
            WHERE g %% 10 = 0
            """,
            {"first": clients[0], "last": clients[-1]},
        )
        for procedure in LOADS:
            call(connection, procedure)
        build_others(connection)
        execute(connection, "CALL sl.audit(p_full => false)")
        execute(connection, "VACUUM ANALYZE")
        # The day: changed, late and new clients, a new price, corrected and new sales.
        execute(
            connection,
            """
            UPDATE raw.client SET last_name = 'Петрова', updated_at = '2026-02-06'
            WHERE client_id BETWEEN %(first)s AND %(first)s + 19;
            UPDATE raw.client SET last_name = 'Орлова', updated_at = '2025-12-01'
            WHERE client_id BETWEEN %(first)s + 20 AND %(first)s + 24;
            INSERT INTO raw.client
            SELECT 1000000 * (1 + %(size)s) + g, 'Анна', 'Новая', NULL, '2026-02-06' FROM generate_series(1, 10) AS g;
            UPDATE raw.product SET price = 90, updated_at = '2026-02-06' WHERE product_id = %(first)s;
            UPDATE raw.sale SET quantity = 2, updated_at = '2026-02-06'
            WHERE sale_id BETWEEN 10 * %(first)s AND 10 * %(first)s + 99 AND sale_id %% 10 < 4;
            INSERT INTO raw.sale
            SELECT
                10000000 * (1 + %(size)s) + g, g, '2026-02-06', %(first)s + g, %(first)s + g, 1, '2026-02-06'
            FROM generate_series(1, 300) AS g
            """,
            {"first": clients[0], "size": size},
        )
        before = fetched(connection)
        rows = {procedure: call(connection, procedure)["rows_read"] for procedure in LOADS}
        execute(connection, "CALL sl.audit(p_full => false)")
        cost.append([after - earlier for after, earlier in zip(fetched(connection), before, strict=True)])
        assert (rows["dds.load_client"], rows["dds.load_sale"]) == (35, 340)

    (small_scanned, small_probed), (large_scanned, large_probed) = cost
    # A hash join looks at one row of a table before it finds that there is nothing to join.
    assert max(small_scanned, large_scanned) <= 2
    assert large_probed < 1.1 * small_probed


def test_a_day_that_is_a_large_share_of_all_sales_scans_no_table(connect):
    connection = connect()
    execute(
        connection,
        """
        INSERT INTO raw.client
        SELECT g, 'Анна', 'Иванова', '1990-05-05', '2026-01-01' FROM generate_series(1, 5000) AS g;
        INSERT INTO raw.product SELECT g, 'Куртка', 'Верх', 'M', 100, '2026-01-01' FROM generate_series(1, 2000) AS g;
        INSERT INTO raw.sale
        SELECT g, g, '2026-01-02', 1 + g % 5000, 1 + g % 2000, 1, '2026-01-02', g > 6000
        FROM generate_series(1, 8000) AS g
        """,
    )
    for procedure in LOADS:
        call(connection, procedure)
    execute(connection, "CALL sl.audit(p_full => false)")
    execute(connection, "VACUUM ANALYZE")
    execute(
        connection,
        "INSERT INTO raw.sale SELECT g, g, '2026-01-09', 1 + g % 5000, 1 + g % 2000, 1, '2026-01-09' "
        "FROM generate_series(8001, 12000) AS g",
    )
    # As autovacuum may at any time: from then on the planner knows how many there are.
    execute(connection, "ANALYZE raw.sale")
    before = scanned(connection)
    assert call(connection, "dds.load_sale")["rows_inserted"] == 4000
    assert call(connection, "cdm.build_mart")["rows_inserted"] == 4000
    execute(connection, "CALL sl.audit(p_full => false)")
    assert scanned(connection) == before


def test_what_is_rejected_for_good_costs_the_next_load_nothing(connect):
    connection = connect()
    execute(
        connection,
        """
        INSERT INTO raw.client
        SELECT g, CASE WHEN g > 2000 THEN 'Анна' END, 'Иванова', '1800-01-01'::date, timestamptz '2026-01-01'
        FROM generate_series(1, 4000) AS g
        UNION ALL
        SELECT 4001, 'Анна', 'Иванова', '2999-01-01', '2026-01-01'
        """,
    )
    read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'rejected_row'"
    assert call(connection, "dds.load_client")["rows_rejected"] == 4001
    execute(connection, "VACUUM ANALYZE")
    scanned(connection)
    execute(connection, "SELECT pg_stat_reset()")
    # The one that was born in the future is looked at again.
    assert call(connection, "dds.load_client")["rows_read"] == 1
    scanned(connection)
    assert execute(connection, read)[0][0] < 50


def test_rows_that_wait_for_the_clock_are_looked_up_once_by_an_audit(connect):
    connection = connect()
    for first in (1, 1001):
        execute(
            connection,
            """
            INSERT INTO raw.client
            SELECT g, 'Анна', 'Иванова', CASE WHEN g % 2 = 0 THEN date '2999-01-01' END, '2026-01-01'
            FROM generate_series(%(first)s, %(first)s + 599) AS g
            """.replace("g % 2", "g %% 2"),
            {"first": first},
        )
        call(connection, "dds.load_client")
        call(connection, "cdm.build_mart")
        execute(connection, "VACUUM ANALYZE")
        scanned(connection)
        execute(connection, "SELECT pg_stat_reset()")
        execute(connection, "CALL sl.audit(p_full => false)")
    scanned(connection)
    # Not by each of 300 good rows in turn.
    looks = "SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = 'rejected_row'"
    assert execute(connection, looks)[0][0] < 2000


def test_loads_of_an_empty_source_leave_the_first_load_what_it_is(connect):
    connection = connect()
    for procedure in LOADS:
        call(connection, procedure)
    build_others(connection)
    take_to_the_mart(connection)
    put_client(connection, 8, "2026-01-01 10:00:00+00")
    assert call(connection, "dds.load_client")["rows_inserted"] == 1
    # The first one was compared whole and noted so, in one row; the next is an increment again.
    assert execute(connection, "SELECT is_full FROM sl.run WHERE target = 'dds.client' ORDER BY run_id") == [
        (True,), (True,), (False,),
    ]  # fmt: skip
    assert execute(connection, "SELECT entity_key, is_new FROM sl.changed_period") == [("8", True)]
    call(connection, "cdm.build_mart")
    execute(connection, "CALL sl.audit()")


def test_forgotten_clients_cost_the_audits_after_them_nothing(connect):
    connection = connect()
    take_to_the_mart(connection)
    execute(
        connection,
        "INSERT INTO raw.client SELECT g, 'Анна', 'Иванова', '1990-05-05', '2026-01-01' "
        "FROM generate_series(8, 5000) AS g",
    )
    for procedure in LOADS:
        call(connection, procedure)
    build_others(connection)
    execute(connection, "VACUUM ANALYZE")
    # Of each client that is checked, versions are looked for.
    looks = "SELECT idx_scan FROM pg_stat_user_tables WHERE relid = 'dds.client'::regclass"
    scans = []
    for forgotten in ((7,), (8, 9)):
        for client_id in forgotten:
            execute(connection, f"CALL dds.forget_client({client_id})")
        call(connection, "dds.load_client")
        build_others(connection)
        execute(connection, "CALL sl.audit(p_full => false)")
        scanned(connection)
        execute(connection, "SELECT pg_stat_reset()")
        execute(connection, "CALL sl.audit(p_full => false)")
        scanned(connection)
        scans += execute(connection, looks)
    assert scans[0] == scans[1]

    # A source that delivers the name by a way that fires no trigger.
    execute(connection, "ALTER TABLE raw.client DISABLE TRIGGER sl_forget_update")
    execute(connection, "UPDATE raw.client SET last_name = 'Иванова' WHERE client_id = 7")
    with pytest.raises(psycopg2.Error) as found:
        execute(connection, "CALL sl.audit(p_full => false)")
    assert "forgotten_key_known: 1, e.g. key 7" in found.value.diag.message_detail


def test_a_new_client_costs_no_more_the_longer_the_shop_has_sold(connect):
    connection = connect()
    put_client(connection, 1, "2024-01-01 10:00:00+00")
    execute(connection, "INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100, '2024-01-01')")
    probes = []
    for year, weeks in enumerate((2, 100)):
        execute(
            connection,
            """
            INSERT INTO raw.sale
            SELECT
                1000000 * %(year)s + 1000 * w + n, w, timestamptz '2024-01-05' + w * interval '7 days', 1, 1, 1,
                '2026-02-05'
            FROM generate_series(1, %(weeks)s) AS w, generate_series(0, 399) AS n
            """,
            {"year": year + 1, "weeks": weeks},
        )
        # One of them is of a client who comes to be known later.
        execute(
            connection,
            "INSERT INTO raw.sale VALUES (%(id)s, 1, '2024-01-05', %(id)s, 1, 1, '2026-02-05')",
            {"id": 1000 + year},
        )
        for procedure in LOADS:
            call(connection, procedure)
        build_others(connection)
        execute(connection, "CALL sl.audit(p_full => false)")
        execute(connection, "VACUUM ANALYZE")
        for client_id in (1000 + year, *range(2000 + 100 * year, 2010 + 100 * year)):
            put_client(connection, client_id, "2026-02-06")
        call(connection, "dds.load_client")
        scanned(connection)
        execute(connection, "SELECT pg_stat_reset()")
        assert call(connection, "cdm.build_mart")["rows_corrected"] == 1
        execute(connection, "CALL sl.audit(p_full => false)")
        scanned(connection)
        probes += execute(
            connection, "SELECT sum(idx_scan), sum(seq_scan) FROM pg_stat_user_tables WHERE schemaname = 'dds'"
        )
    (few_probes, few_scans), (many_probes, many_scans) = probes
    assert many_probes == few_probes
    # Of small tables, such as that of the one product.
    assert many_scans <= few_scans + 1


def test_a_version_that_a_full_load_brings_back_is_taken_to_the_mart(connect):
    connection = connect()
    take_to_the_mart(connection)
    put_client(connection, 8, "2026-01-01 10:00:00+00")
    for procedure in LOADS:
        call(connection, procedure)
    execute(connection, "DELETE FROM dds.client WHERE client_id = 7")
    execute(connection, "CALL dds.load_client(p_full => true)")
    assert call(connection, "cdm.build_mart")["rows_corrected"] == 1
    execute(connection, "CALL sl.audit()")


def test_an_audit_of_what_was_touched_finds_a_sale_that_still_lacks_a_new_client(connect):
    connection = connect()
    take_to_the_mart(connection)
    execute(connection, "INSERT INTO raw.sale VALUES (8, 1, '2026-01-02', 8, 1, 3, '2026-01-02')")
    for procedure in LOADS:
        call(connection, procedure)
    execute(connection, "CALL sl.audit(p_full => false)")
    put_client(connection, 8, "2026-01-03 10:00:00+00")
    call(connection, "dds.load_client")
    # A build that takes the load up and writes nothing.
    execute(connection, "UPDATE sl.run SET consumed_by = run_id WHERE consumed_by IS NULL AND target LIKE 'dds.%%'")
    with pytest.raises(psycopg2.Error) as found:
        execute(connection, "CALL sl.audit(p_full => false)")
    assert found.value.diag.message_detail == "cdm.sales_mart: image_differs: 1, e.g. key 8"


def test_an_audit_of_what_was_touched_finds_what_a_run_wrote_and_scans_no_table(connect):
    connection = connect()
    execute(
        connection,
        """
        INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
        SELECT g, 'Анна', 'Иванова', '1990-05-05', '2026-01-01' FROM generate_series(1, 20000) AS g;
        INSERT INTO raw.product SELECT g, 'Куртка', 'Верх', 'M', 100, '2026-01-01' FROM generate_series(1, 500) AS g;
        INSERT INTO raw.sale
        SELECT g, g, '2026-01-02', 1 + g % 20000, 1 + g % 500, 1, '2026-01-02' FROM generate_series(1, 20000) AS g;
        """,
    )
    for procedure in LOADS:
        call(connection, procedure)
    execute(connection, "CALL sl.audit(p_full => false)")
    execute(connection, "VACUUM ANALYZE")
    put_client(connection, 7, "2026-01-01 11:00:00+00", "Петрова")
    for procedure in LOADS:
        call(connection, procedure)
    before = scanned(connection)
    execute(connection, "CALL sl.audit(p_full => false)")
    assert scanned(connection) == before
    assert execute(connection, "SELECT is_full FROM sl.run WHERE target = 'sl.audit' ORDER BY run_id") == [
        (False,),
        (False,),
    ]


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (
            "UPDATE dds.client SET is_current = true",
            "dds.client: several_current: 1, e.g. key 7",
        ),
        ("UPDATE cdm.sales_mart SET price = price + 0.01", "cdm.sales_mart: image_differs: 1, e.g. key 7"),
    ],
)
def test_an_audit_of_what_was_touched_finds_a_broken_version(connect, broken, check):
    connection = connect()
    take_to_the_mart(connection)
    put_client(connection, 7, "2026-01-01 11:00:00+00", "Петрова")
    for procedure in LOADS:
        call(connection, procedure)
    execute(connection, broken)
    with pytest.raises(psycopg2.Error) as found:
        execute(connection, "CALL sl.audit(p_full => false)")
    assert found.value.pgcode == "TS010"
    assert check in found.value.diag.message_detail


def test_what_a_load_changed_is_kept_until_it_is_built_and_audited(connect):
    connection = connect()
    kept = (
        "SELECT r.target, p.entity_key FROM sl.changed_period AS p INNER JOIN sl.run AS r USING (run_id) ORDER BY 1, 2"
    )
    put_client(connection, 1, "2026-01-01 10:00:00+00")
    call(connection, "dds.load_client")
    assert execute(connection, kept) == [("dds.client", None)]
    call(connection, "cdm.build_mart")
    assert execute(connection, kept) == [("dds.client", None)]
    # For a mart that was never built nothing is kept.
    execute(connection, "CALL sl.audit(p_full => false)")
    assert execute(connection, kept) == []
    build_others(connection)
    put_client(connection, 1, "2026-01-02 10:00:00+00", "Петрова")
    call(connection, "dds.load_client")
    execute(connection, "CALL sl.audit(p_full => false)")
    call(connection, "cdm.build_mart")
    execute(connection, "CALL sl.audit(p_full => false)")
    assert execute(connection, kept) == [("dds.client", "1")]
    build_others(connection)
    assert execute(connection, kept) == [("dds.client", "1")]
    execute(connection, "CALL sl.audit(p_full => false)")
    assert execute(connection, kept) == []


def test_an_audit_before_the_build_leaves_the_mart_to_the_audit_after_it(connect):
    connection = connect()
    take_to_the_mart(connection)
    execute(connection, "UPDATE raw.sale SET quantity = 5, updated_at = '2026-01-03'")
    call(connection, "dds.load_sale")
    execute(connection, "CALL sl.audit(p_full => false)")
    # A build that takes the load up and writes nothing.
    execute(
        connection,
        "UPDATE sl.run SET consumed_by = run_id WHERE consumed_by IS NULL AND target LIKE 'dds.%%'",
    )
    with pytest.raises(psycopg2.Error) as found:
        execute(connection, "CALL sl.audit(p_full => false)")
    assert found.value.diag.message_detail == "cdm.sales_mart: image_differs: 1, e.g. key 7"


def test_closing_a_clients_version_writes_no_index(connect):
    connection = connect()
    updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'dds.client'::regclass"
    for number in range(1, 51):
        put_client(connection, number, "2026-01-01 10:00:00+00")
    call(connection, "dds.load_client")
    execute(
        connection, "UPDATE raw.client SET last_name = 'Петрова', updated_at = '2026-01-02' WHERE client_id % 10 = 0"
    )
    assert call(connection, "dds.load_client")["rows_inserted"] == 5
    scanned(connection)
    assert execute(connection, updates) == [(5, 5)]


def test_an_audit_of_what_was_touched_finds_a_row_that_a_load_passed_over(connect):
    connection = connect()
    put_client(connection, 1, "2026-01-01 10:00:00+00")
    call(connection, "dds.load_client")
    execute(connection, "CALL sl.audit(p_full => false)")
    put_client(connection, 2, "2026-01-01 10:00:00+00")
    execute(connection, "UPDATE sl.watermark SET snapshot_xmin = snapshot_xmin + 100 WHERE target = 'dds.client'")
    with pytest.raises(psycopg2.Error) as found:
        execute(connection, "CALL sl.audit(p_full => false)")
    assert found.value.diag.message_detail == "dds.client: source_differs: 1, e.g. key 2"
