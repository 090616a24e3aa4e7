"""Migrations: fresh and upgraded warehouses are the same, two at once both succeed, a broken body changes nothing."""

import contextlib
import os
import shutil
import subprocess
import threading

import psycopg2
import pytest

from embedded.postgres import libpq_environment
from migrations import routines, runner
from migrations.plain_sql import BrokenSql
from tests.conftest import run_module

VERSIONS = (15, 18)


def query(dsn, sql, parameters=None):
    """Rows of a query in a transaction of its own."""
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    connection.close()
    return rows


def schema_dump(server, dsn):
    """The schema of the warehouse as pg_dump writes it, without what differs from call to call."""
    answer = subprocess.run(
        [server.bin_dir / "pg_dump", "--schema-only", "--no-owner"],
        env={**os.environ, **libpq_environment(dsn)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in answer.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict", "--"))]


def registry(dsn):
    """What the migrations put into the registry tables."""
    return query(dsn, "SELECT to_jsonb(e)::text FROM sl.entity AS e ORDER BY 1") + query(
        dsn, "SELECT to_jsonb(q)::text FROM sl.quality_rule AS q ORDER BY 1"
    )


@pytest.fixture
def database(server_of, request):
    """Server and URI of a fresh, empty database of the PostgreSQL version the test asks for."""
    server = server_of(request.param)
    name = f"migration_{abs(hash(request.node.nodeid))}"
    server.create_database(name)
    yield server, server.dsn(name)
    server.drop_database(name)


@pytest.fixture
def database_of_template(postgres_server, warehouse):
    """Server and URI of a migrated warehouse."""
    return postgres_server, warehouse


@pytest.fixture
def bodies(tmp_path):
    """A copy of db/ to break."""
    return shutil.copytree(routines.DB_FOLDER, tmp_path / "db")


@pytest.mark.parametrize("database", VERSIONS, indirect=True)
def test_upgrade_from_every_revision_ends_in_the_fresh_schema(database):
    server, fresh = database
    runner.migrate(fresh)
    expected = schema_dump(server, fresh)
    assert any("CREATE TABLE cdm.sales_mart" in line for line in expected)
    for revision in runner.revisions()[:-1]:
        name = f"upgraded_{revision}"
        server.create_database(name)
        upgraded = server.dsn(name)
        assert runner.migrate(upgraded, target=revision).after == revision
        done = runner.migrate(upgraded)
        assert (done.before, done.after) == (revision, runner.revisions()[-1])
        assert done.changed == len(routines.bodies())
        assert schema_dump(server, upgraded) == expected
        assert registry(upgraded) == registry(fresh)
        server.drop_database(name)


@pytest.mark.parametrize("database", VERSIONS, indirect=True)
def test_the_procedures_run_on_each_version(database):
    _, dsn = database
    runner.migrate(dsn)
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO raw.client VALUES (1, 'Анна', 'Иванова', '1990-05-05', '2026-01-01');
            INSERT INTO raw.product VALUES (1, 'Куртка', 'Верх', 'M', 100.50, '2026-01-01');
            INSERT INTO raw.sale VALUES (1, 1, '2026-01-02', 1, 1, 3, '2026-01-02');
            CALL dds.load_client();
            CALL dds.load_product();
            CALL dds.load_sale();
            CALL cdm.build_mart();
            UPDATE raw.client SET last_name = 'Петрова', updated_at = '2025-12-01';
            CALL dds.load_client();
            CALL cdm.build_mart();
            CALL sl.audit();
            """
        )
        cursor.execute("SELECT client, total_amount FROM cdm.sales_mart WHERE is_current")
        assert [(client, str(total)) for client, total in cursor.fetchall()] == [("Анна Иванова", "301.50")]
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for call in ("sl.backfill('client')", "sl.backfill('sale')", "sl.backfill('sales_mart')", "sl.audit()"):
            cursor.execute(f"CALL {call}")
        cursor.execute("SELECT count(*) FROM sl.status_backfill WHERE slices_done = slices AND seconds_left = 0")
        assert cursor.fetchall() == [(3,)]


@pytest.mark.parametrize("database", VERSIONS, indirect=True)
def test_an_upgrade_leaves_no_routine_with_two_signatures(database):
    _, dsn = database
    runner.migrate(dsn, target="0009")
    # The signatures at 0009 of what has others now.
    counts = ", ".join(f"INOUT c{number} bigint DEFAULT NULL" for number in range(7))
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE PROCEDURE sl.load_entity(a text, b boolean DEFAULT false, c boolean DEFAULT false, {counts})
            LANGUAGE sql AS 'SELECT {", ".join(["1::bigint"] * 7)}';
            CREATE FUNCTION sl.load_settled(a sl.entity, b bigint, c bigint) RETURNS void LANGUAGE sql AS '';
            CREATE FUNCTION sl.erase_delivered(a sl.entity, b bigint, c bigint) RETURNS bigint
            LANGUAGE sql AS 'SELECT 1::bigint';
            CREATE FUNCTION sl.begin_run(a text, b text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
            CREATE FUNCTION sl.lock_target(a text, b text) RETURNS void LANGUAGE sql AS '';
            """
        )
    runner.migrate(dsn)
    overloaded = """
        SELECT p.pronamespace::regnamespace::text, p.proname FROM pg_proc AS p
        WHERE p.pronamespace::regnamespace::text IN ('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')
        GROUP BY p.pronamespace, p.proname HAVING count(*) > 1
    """
    assert query(dsn, overloaded) == []
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("CALL dds.load_client()")


@pytest.mark.parametrize("database", [18], indirect=True)
def test_guests_and_returns_that_were_rejected_before_are_loaded_after_an_upgrade(database):
    _, dsn = database
    runner.migrate(dsn, target="0022")
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(
            """
            INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at) VALUES
            (1, 1, '2026-01-02', 1, 1, 3, '2026-01-02'), (2, 1, '2026-01-02', NULL, 1, 3, '2026-01-02'),
            (3, 1, '2026-01-02', 1, 1, -3, '2026-01-02'), (4, 1, '2026-01-02', 1, 1, 0, '2026-01-02')
            """
        )
        # What a load of then has left: raw was read up to here, and three rows were rejected.
        cursor.execute(
            """
            INSERT INTO sl.run (
                procedure_name, target, status, started_at, finished_at, rows_read, rows_inserted, rows_rejected
            )
            VALUES ('dds.load_sale', 'dds.sale', 'succeeded', now(), now(), 4, 1, 3);
            INSERT INTO sl.watermark (target, source, high_updated_at, snapshot_xmin, run_id)
            VALUES ('dds.sale', 'raw.sale', '2026-01-02', pg_snapshot_xmin(pg_current_snapshot())::text::bigint, 1);
            INSERT INTO dds.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, valid_from, run_id)
            VALUES (1, 1, '2026-01-02', 1, 1, 3, '2026-01-02', 1);
            INSERT INTO sl.rejected_row (
                entity_name, entity_key, rule_name, row, run_id, rejected_at, observed_at, last_seen, last_run_id
            )
            SELECT 'sale', s.sale_id::text, v.rule_name, to_jsonb(s), 1, now(), s.updated_at, now(), 1
            FROM (
                VALUES (2, 'client_missing'), (3, 'quantity_not_positive'), (4, 'quantity_not_positive')
            ) AS v (sale_id, rule_name)
            INNER JOIN raw.sale AS s USING (sale_id);
            """
        )
    runner.migrate(dsn)
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("CALL dds.load_sale()")
        assert cursor.fetchone()[1:] == (3, 2, 0, 0, 0, 1)
        cursor.execute("SELECT sale_id, client_id, quantity FROM dds.sale WHERE is_current ORDER BY sale_id")
        assert cursor.fetchall() == [(1, 1, 3), (2, None, 3), (3, 1, -3)]
        cursor.execute("SELECT entity_key, rule_name FROM sl.rejected_row WHERE resolved_run_id IS NULL")
        assert cursor.fetchall() == [("4", "quantity_zero")]
        cursor.execute("CALL cdm.build_mart(); CALL sl.audit()")


# What a warehouse of revision 0024 holds: two versions of a client, one of a product, two sales and one in the mart.
OLD_DATA = """
    INSERT INTO sl.run (
        procedure_name, target, status, started_at, finished_at, rows_read, rows_inserted, rows_rejected, consumed_by
    )
    VALUES
    ('dds.load_client', 'dds.client', 'succeeded', now(), now(), 3, 2, 1, 4),
    ('dds.load_product', 'dds.product', 'succeeded', now(), now(), 1, 1, 0, 4),
    ('dds.load_sale', 'dds.sale', 'succeeded', now(), now(), 2, 2, 0, 4),
    ('cdm.build_mart', 'cdm.sales_mart', 'succeeded', now(), now(), 2, 2, 0, NULL);
    INSERT INTO sl.watermark (target, source, high_updated_at, snapshot_xmin, run_id)
    SELECT v.target, v.source, '2026-01-02', pg_snapshot_xmin(pg_current_snapshot())::text::bigint, v.run_id
    FROM (
        VALUES
        ('dds.client', 'raw.client', 1), ('dds.product', 'raw.product', 2), ('dds.sale', 'raw.sale', 3),
        ('cdm.sales_mart', 'dds.client', 4), ('cdm.sales_mart', 'dds.product', 4), ('cdm.sales_mart', 'dds.sale', 4)
    ) AS v (target, source, run_id);
    INSERT INTO dds.client (client_id, first_name, last_name, birth_date, valid_from, valid_to, is_current, run_id)
    VALUES
    (1, 'Анна', 'Орлова', '1990-05-05', '2026-01-01', '2026-01-02', false, 1),
    (1, 'Анна', 'Белова', '1990-05-05', '2026-01-02', 'infinity', true, 1);
    INSERT INTO dds.product (product_id, name, category, size, price, valid_from, run_id)
    VALUES (1, 'Куртка', 'Верх', 'M', 100.50, '2026-01-01', 2);
    INSERT INTO dds.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, valid_from, run_id)
    VALUES
    (1, 10, '2026-01-01', 1, 1, 3, '2026-01-01', 3), (2, 11, '2026-01-02', 404, 404, 1, '2026-01-02', 3);
    INSERT INTO cdm.sales_mart (
        sale_id, version_no, order_id, sold_at, client_id, client_sk, client, client_age, product_id, product_sk,
        product, category, size, price, quantity, total_amount, valid_from, run_id
    )
    VALUES
    (1, 1, 10, '2026-01-01', 1, 1, 'Анна Орлова', 35, 1, 1, 'Куртка', 'Верх', 'M', 100.50, 3, 301.50, '2026-01-03', 4),
    (2, 1, 11, '2026-01-02', 404, NULL, NULL, NULL, 404, NULL, NULL, NULL, NULL, NULL, 1, NULL, '2026-01-03', 4);
    INSERT INTO sl.rejected_row (
        entity_name, entity_key, rule_name, row, run_id, rejected_at, observed_at, last_seen, last_run_id
    )
    SELECT 'client', '2', 'name_missing', to_jsonb(c), 1, now(), c.updated_at, now(), 1
    FROM raw.client AS c
    WHERE c.client_id = 2
"""
DATA_TABLES = ("raw.client", "raw.product", "raw.sale", "dds.client", "dds.product", "dds.sale", "cdm.sales_mart")


def columns_of(dsn, table):
    """Names of a table's columns."""
    found = query(
        dsn,
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    )
    return [name for (name,) in found]


@pytest.mark.parametrize("database", VERSIONS, indirect=True)
def test_a_shop_of_clients_products_and_sales_keeps_its_data_when_it_becomes_the_whole_shop(database):
    server, dsn = database
    runner.migrate(dsn, target="0024")
    query(
        dsn,
        """
        INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
        VALUES (1, 'Анна', 'Белова', '1990-05-05', '2026-01-02'), (2, NULL, 'Петрова', NULL, '2026-01-02');
        INSERT INTO raw.product (product_id, name, category, size, price, updated_at)
        VALUES (1, 'Куртка', 'Верх', 'M', 100.50, '2026-01-01');
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
        VALUES (1, 10, '2026-01-01', 1, 1, 3, '2026-01-01'), (2, 11, '2026-01-02', 404, 404, 1, '2026-01-02')
        RETURNING sale_id
        """,
    )
    query(dsn, OLD_DATA + "RETURNING 1")
    old_columns = {table: columns_of(dsn, table) for table in DATA_TABLES}

    def rows(table):
        return query(dsn, f"SELECT {', '.join(old_columns[table])} FROM {table} ORDER BY 1, 2")

    before = {table: rows(table) for table in DATA_TABLES}
    runner.migrate(dsn)
    assert {table: rows(table) for table in DATA_TABLES} == before
    server.create_database("fresh_shop")
    fresh = server.dsn("fresh_shop")
    runner.migrate(fresh)
    assert schema_dump(server, dsn) == schema_dump(server, fresh)
    assert registry(dsn) == registry(fresh)
    server.drop_database("fresh_shop")

    # What was loaded is not loaded again, the mart is computed anew and says the same.
    entities = [name for (name,) in query(dsn, "SELECT entity_name FROM sl.entity ORDER BY 1")]
    marts = [name for (name,) in query(dsn, "SELECT mart_name FROM sl.mart ORDER BY 1")]
    for entity in entities:
        ((changes,),) = query(
            dsn, "SELECT rows_inserted + rows_corrected + rows_deleted FROM sl.run_load(%s)", (entity,)
        )
        assert changes == 0, entity
    for mart in marts:
        ((changes,),) = query(
            dsn, "SELECT rows_inserted + rows_corrected + rows_deleted FROM sl.run_build(%s)", (mart,)
        )
        assert changes == 0, mart
    assert {table: rows(table) for table in DATA_TABLES} == before
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("CALL sl.audit()")
    assert query(dsn, "SELECT finding, detail FROM sl.status_drift") == []

    # And what the whole shop delivers comes on top.
    query(
        dsn,
        """
        UPDATE raw.client SET email = 'anna@example.com', updated_at = '2026-01-03' WHERE client_id = 1;
        INSERT INTO raw.sales_order (order_id, client_id, ordered_at, status, total_amount, updated_at)
        VALUES (10, 1, '2026-01-01', 'Paid', 301.50, '2026-01-03') RETURNING 1
        """,
    )
    for entity in entities:
        query(dsn, "SELECT FROM sl.run_load(%s)", (entity,))
    for mart in marts:
        query(dsn, "SELECT FROM sl.run_build(%s)", (mart,))
    assert query(dsn, "SELECT last_name, email FROM dds.client ORDER BY valid_from") == [
        ("Орлова", None),
        ("Белова", None),
        ("Белова", "anna@example.com"),
    ]
    assert query(dsn, "SELECT paid_orders, total_revenue::text FROM cdm.user_sales WHERE is_current") == [(1, "301.50")]
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("CALL sl.audit()")


def test_every_body_is_recorded_with_its_hash_and_revision(warehouse):
    recorded = query(warehouse, "SELECT file_name, sha256, revision FROM sl.routine_version ORDER BY file_name")
    expected = sorted(
        (str(path.relative_to(routines.DB_FOLDER)), routines.sha256_of(path), runner.revisions()[-1])
        for path in routines.bodies()
    )
    assert recorded == expected


def test_nothing_pending_touches_nothing(warehouse):
    before = query(warehouse, "SELECT * FROM sl.routine_version ORDER BY file_name")
    assert runner.migrate(warehouse).changed == 0
    assert query(warehouse, "SELECT * FROM sl.routine_version ORDER BY file_name") == before


def test_a_changed_body_is_applied_and_recorded(warehouse, bodies):
    view = bodies / "cdm" / "views" / "sales_mart_run.sql"
    view.write_text(view.read_text().replace("The builds of", "Builds of"))
    assert runner.migrate(warehouse, db_folder=bodies).changed == 1
    assert query(warehouse, "SELECT obj_description('cdm.sales_mart_run'::regclass)")[0][0].startswith("Builds of")
    assert query(
        warehouse, "SELECT sha256 FROM sl.routine_version WHERE file_name = 'cdm/views/sales_mart_run.sql'"
    ) == [(routines.sha256_of(view),)]


def test_a_removed_body_is_no_longer_recorded(warehouse, bodies):
    (bodies / "raw" / "comments" / "sale.sql").unlink()
    runner.migrate(warehouse, db_folder=bodies)
    assert query(warehouse, "SELECT count(*) FROM sl.routine_version WHERE file_name = 'raw/comments/sale.sql'") == [
        (0,)
    ]


def test_a_broken_body_rolls_everything_back_and_names_file_and_line(warehouse, bodies):
    before = query(warehouse, "SELECT * FROM sl.routine_version ORDER BY file_name")
    view = bodies / "cdm" / "views" / "sales_mart_run.sql"
    view.write_text(view.read_text().replace("The builds of", "Builds of"))
    broken = bodies / "sl" / "procedures" / "load.sql"
    lines = broken.read_text().splitlines()
    line = lines.index("BEGIN") + 1
    lines[line - 1] = "BEGIN; nonsense"
    broken.write_text("\n".join(lines))
    with pytest.raises(BrokenSql, match=rf"^db/sl/procedures/load\.sql, line {line}: .*SQLSTATE 42601"):
        runner.migrate(warehouse, db_folder=bodies)
    assert query(warehouse, "SELECT * FROM sl.routine_version ORDER BY file_name") == before
    assert query(warehouse, "SELECT obj_description('cdm.sales_mart_run'::regclass)")[0][0].startswith("The builds of")


def test_a_broken_body_leaves_an_empty_database_empty(empty_database, bodies):
    (bodies / "cdm" / "views" / "sales_mart_run.sql").write_text("CREATE VIEW cdm.x AS SELECT nothing_there;")
    with pytest.raises(BrokenSql, match=r"^db/cdm/views/sales_mart_run\.sql, line 1: "):
        runner.migrate(empty_database, db_folder=bodies)
    layers = "('sl', 'landing', 'shop', 'raw', 'dds', 'cdm', 'spark')"
    assert query(empty_database, f"SELECT nspname FROM pg_namespace WHERE nspname IN {layers}") == []


def test_a_file_where_nobody_applies_it_is_refused(warehouse, bodies):
    (bodies / "dds" / "stray.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match=r"db/dds/stray\.sql is in no folder that is applied"):
        runner.migrate(warehouse, db_folder=bodies)


def test_an_entity_a_mart_over_it_and_its_function_come_into_an_empty_database(empty_database, bodies):
    """What cdm reads is declared in dds before: one migration is enough, as on a warehouse that has the entity."""
    (bodies / "dds/declarations/carrier.sql").write_text(
        "CREATE TABLE IF NOT EXISTS raw.carrier (carrier_id bigint PRIMARY KEY, name text, updated_at timestamptz);\n"
        "CALL sl.declare_entity('carrier', p_source => 'raw.carrier', p_key => '{carrier_id}', p_tracked => '{name}',"
        " p_event_time => 'updated_at');\n"
    )
    (bodies / "cdm/views/carrier_names_image.sql").write_text(
        "CREATE OR REPLACE VIEW cdm.carrier_names_image AS"
        " SELECT c.name, count(*) AS carriers FROM dds.carrier AS c WHERE c.is_current GROUP BY c.name;\n"
    )
    (bodies / "cdm/functions/touched_carriers.sql").write_text(
        "CREATE OR REPLACE FUNCTION cdm.touched_carriers(p_runs bigint[]) RETURNS TABLE (name text)"
        " LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp"
        " AS $$ SELECT c.name FROM dds.carrier AS c WHERE c.run_id = ANY (p_runs) $$;\n"
    )
    (bodies / "cdm/declarations/carrier_names.sql").write_text(
        "CALL sl.declare_mart('carrier_names', p_key => '{name}', p_sources => '{carrier}',"
        " p_touched => 'cdm.touched_carriers');\n"
    )
    runner.migrate(empty_database, db_folder=bodies)
    query(empty_database, "INSERT INTO raw.carrier VALUES (1, 'Почта', '2026-01-01') RETURNING 1")
    query(empty_database, "SELECT 1 FROM sl.run_load('carrier')")
    query(empty_database, "SELECT 1 FROM sl.run_build('carrier_names')")
    assert query(empty_database, "SELECT name, carriers FROM cdm.carrier_names") == [("Почта", 1)]


def test_a_migration_that_waits_for_a_vacuum_keeps_no_reader_waiting(warehouse, bodies):
    view = bodies / "cdm" / "views" / "sales_mart_run.sql"
    view.write_text(view.read_text() + "\n")
    with contextlib.closing(psycopg2.connect(warehouse)) as vacuum, vacuum.cursor() as cursor:
        # The lock that VACUUM takes.
        cursor.execute("LOCK TABLE raw.client IN SHARE UPDATE EXCLUSIVE MODE")
        migration = threading.Thread(target=runner.migrate, args=(warehouse,), kwargs={"db_folder": bodies})
        migration.start()
        try:
            while not query(warehouse, "SELECT FROM pg_locks WHERE relation = 'raw.client'::regclass AND NOT granted"):
                assert migration.is_alive()
            for relation in query(
                warehouse,
                "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v')"
                " AND relnamespace::regnamespace::text IN ('landing', 'shop', 'raw', 'dds', 'cdm', 'spark', 'sl')",
            ):
                query(warehouse, f"SET lock_timeout = '1ms'; SELECT FROM {relation[0]} LIMIT 0")
        finally:
            vacuum.rollback()
            migration.join()
    assert runner.migrate(warehouse, db_folder=bodies).changed == 0


def test_two_at_once_one_waits_and_both_succeed(empty_database):
    results = []
    start = threading.Barrier(2)

    def migrate():
        start.wait()
        results.append(runner.migrate(empty_database))

    threads = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = runner.revisions()[-1]
    assert {(done.before, done.after, done.changed) for done in results} == {
        (None, head, len(routines.bodies())),
        (head, head, 0),
    }


def test_a_warehouse_newer_than_the_files_is_left_alone(warehouse):
    with psycopg2.connect(warehouse) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE sl.schema_revision SET version_num = '9999'")
    with pytest.raises(runner.CannotMigrate, match="revision 9999, which these files do not know"):
        runner.migrate(warehouse)


def test_a_server_too_old_is_refused(warehouse, monkeypatch):
    monkeypatch.setattr(runner, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(runner.CannotMigrate, match="needs 99 or newer"):
        runner.migrate(warehouse)


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("", "WAREHOUSE_DSN is not set: set it to"),
        ("host=127.0.0.1", "WAREHOUSE_DSN is not a libpq URI: write it as"),
        ("postgresql://x:secret@127.0.0.1:nowhere/w", 'The warehouse does not answer (invalid integer value "nowhere"'),
        ("postgresql://x:secret@127.0.0.1/w?foo=bar", "WAREHOUSE_DSN cannot be read (invalid"),
        (
            "postgresql://x:secret@127.0.0.1:1/w",
            'The warehouse does not answer (connection to server at "127.0.0.1", port 1 failed: Connection refused)',
        ),
    ],
)
def test_a_bad_dsn_is_told_in_one_sentence(dsn, message):
    answer = run_module("migrations", WAREHOUSE_DSN=dsn)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "secret" not in answer.stderr


def test_a_read_only_server_is_told_in_one_sentence(empty_database):
    answer = run_module("migrations", WAREHOUSE_DSN=empty_database + "?options=-cdefault_transaction_read_only%3Don")
    assert answer.returncode == 1
    assert answer.stderr == (
        "migrations: The server refused to migrate (cannot execute CREATE SCHEMA in a read-only transaction): "
        "the user of WAREHOUSE_DSN has to own the database, and the server has to accept writes.\n"
    )


def test_check_tells_what_is_missing_and_changes_nothing(empty_database, bodies):
    def answer():
        return run_module("migrations", "--check", WAREHOUSE_DSN=empty_database)

    assert (answer().returncode, answer().stderr) == (1, "migrations: The warehouse is empty: run make migrate.\n")
    view = bodies / "cdm" / "views" / "sales_mart_run.sql"
    view.write_text(view.read_text().replace("The builds of", "Builds of"))
    runner.migrate(empty_database, db_folder=bodies)
    assert answer().returncode == 1
    assert "not at the state of these files: run make migrate" in answer().stderr
    runner.migrate(empty_database)
    assert (answer().returncode, answer().stdout, answer().stderr) == (0, "", "")


# What a hand may do to the warehouse, how --check names it, and that make migrate mends it.
HANDS = {
    "a procedure is dropped": (
        "DROP PROCEDURE dds.load_sale",
        "the procedure dds.load_sale(",
    ),
    "a view is replaced": (
        "CREATE OR REPLACE VIEW cdm.sales_mart_batch AS SELECT 1::bigint AS run_id, 1::bigint AS row_count,"
        " 1::bigint AS current_count, 1::bigint AS sum_quantity, 1::numeric(38, 2) AS sum_total_amount,"
        " 1::numeric(38, 0) AS row_hash",
        "the view cdm.sales_mart_batch was changed",
    ),
    "a view is made anew with other columns": (
        "DROP VIEW cdm.sales_mart_run; CREATE VIEW cdm.sales_mart_run AS SELECT 1 AS run_id",
        "the rights on the view cdm.sales_mart_run were changed, the view cdm.sales_mart_run was changed",
    ),
    "a trigger is disabled": (
        "ALTER TABLE raw.client DISABLE TRIGGER sl_stamp",
        "the trigger sl_stamp on raw.client was changed",
    ),
    "a trigger is dropped": (
        "DROP TRIGGER sl_stamp ON raw.sale",
        "the trigger sl_stamp on raw.sale is missing",
    ),
    "a routine's setting is taken away": (
        "ALTER PROCEDURE sl.audit RESET search_path",
        "the procedure sl.audit(",
    ),
    "a right is given to all": (
        "GRANT SELECT ON raw.client TO PUBLIC",
        "the rights on the table raw.client were changed",
    ),
    "a right is taken away": (
        "REVOKE EXECUTE ON PROCEDURE cdm.build_mart FROM tshop_etl",
        "the rights on the procedure cdm.build_mart(",
    ),
    "an index is dropped": ("DROP INDEX cdm.sales_mart_run_idx", "the index cdm.sales_mart_run_idx is missing"),
    "a constraint is dropped": (
        "ALTER TABLE sl.run DROP CONSTRAINT run_counts_add_up",
        "the constraint run_counts_add_up on sl.run is missing",
    ),
}


@pytest.mark.parametrize("hand", HANDS)
def test_what_a_hand_did_is_named_and_mended(database_of_template, hand):
    server, dsn = database_of_template
    expected = schema_dump(server, dsn)
    statement, named = HANDS[hand]
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
    assert schema_dump(server, dsn) != expected
    with pytest.raises(runner.CannotMigrate) as told:
        runner.check(dsn)
    assert f"The warehouse is not as it was made: {named}" in str(told.value)
    assert str(told.value).endswith("Run make migrate, which mends it.")
    assert named in runner.migrate(dsn).mended
    runner.check(dsn)
    assert sorted(schema_dump(server, dsn)) == sorted(expected)
    assert runner.migrate(dsn).mended == ""


@pytest.mark.parametrize("table", ["raw.client", "dds.client"])
def test_what_no_file_makes_again_is_named_and_nothing_is_changed(database_of_template, table):
    _, dsn = database_of_template
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP COLUMN birth_date CASCADE; DROP PROCEDURE sl.audit")
    for _ in range(2):
        with pytest.raises(
            runner.CannotMigrate, match=r"no file makes this again: the column \w+\.client\.birth_date is missing"
        ):
            runner.migrate(dsn)
    assert query(dsn, "SELECT to_regproc('sl.audit')") == [(None,)]


@pytest.mark.parametrize("dropped", ["TABLE cdm.price_sales", "TABLE cdm.price_sales, VIEW cdm.price_sales_image"])
def test_a_marts_table_that_was_dropped_is_made_again_and_computed(database_of_template, bodies, dropped):
    server, dsn = database_of_template
    (bodies / "cdm" / "views" / "price_sales_image.sql").write_text(
        "CREATE OR REPLACE VIEW cdm.price_sales_image AS SELECT p.price, count(*) AS products "
        "FROM dds.product AS p WHERE p.is_current GROUP BY p.price"
    )
    # A function in plain SQL comes before the declaration: it is added when the mart is there.
    reader = bodies / "cdm" / "functions" / "prices.sql"
    prices = (
        "CREATE OR REPLACE FUNCTION cdm.prices() RETURNS SETOF cdm.price_sales LANGUAGE sql "
        "AS 'SELECT * FROM cdm.price_sales'"
    )
    (bodies / "cdm" / "declarations" / "price_sales.sql").write_text(
        "CALL sl.declare_mart('price_sales', '{price}', '{product}')"
    )

    def run(*statements):
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    runner.migrate(dsn, db_folder=bodies)
    reader.write_text(prices)
    runner.migrate(dsn, db_folder=bodies)
    expected = schema_dump(server, dsn)
    run(
        "INSERT INTO raw.product (product_id, name, category, price, updated_at)"
        " VALUES (1, 'Tea', 'Drinks', 2, '2024-01-01Z')",
        "CALL dds.load_product()",
        "CALL cdm.build_price_sales()",
        "DROP FUNCTION cdm.prices",
        *(f"DROP {one}" for one in dropped.split(", ")),
    )
    assert "the table cdm.price_sales is missing" in runner.migrate(dsn, db_folder=bodies).mended
    assert runner.migrate(dsn, db_folder=bodies).mended == ""
    assert sorted(schema_dump(server, dsn)) == sorted(expected)
    run("CALL cdm.build_price_sales()", "CALL sl.audit()")
    assert query(dsn, "SELECT price, products FROM cdm.price_sales WHERE is_current") == [(2, 1)]


def test_a_marts_table_that_cannot_be_computed_again_is_named_and_nothing_is_changed(database_of_template):
    # The image takes the age of who was forgotten from the mart itself.
    _, dsn = database_of_template
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE cdm.sales_mart CASCADE")
    with pytest.raises(runner.CannotMigrate, match=r"no file makes this again: the table cdm\.sales_mart is missing"):
        runner.migrate(dsn)


def test_what_others_make_in_the_warehouse_is_their_own(database_of_template):
    _, dsn = database_of_template
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE dds.supplier (supplier_id bigint); CREATE INDEX own ON raw.client (last_name)")
    runner.check(dsn)
    assert runner.migrate(dsn).mended == ""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE dds.supplier; DROP INDEX raw.own")
    runner.check(dsn)


def test_check_reads_the_same_in_any_session(warehouse):
    runner.check(warehouse + "?options=-ctimezone%3DAsia/Tokyo%20-cdatestyle%3DGerman%20-csearch_path%3Dcdm,sl")


def test_each_view_is_written_the_same_after_a_dump(warehouse):
    """A dump makes a view of what pg_get_viewdef writes; a NULL without a name in a UNION would then get one."""
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = pg_catalog")
        cursor.execute(
            "SELECT oid::regclass::text, pg_get_viewdef(oid) FROM pg_class "
            "WHERE relkind = 'v' AND relnamespace::regnamespace::text = ANY (%s)",
            (list(routines.LAYERS),),
        )
        written = dict(cursor.fetchall())
        assert {"sl.lineage", "cdm.sales_mart_image"} <= set(written)
        for number, text in enumerate(written.values()):
            cursor.execute(f"CREATE TEMPORARY VIEW restored_{number} AS {text}")
        cursor.execute(
            "SELECT pg_get_viewdef(format('pg_temp.restored_%%s', n)::regclass) FROM generate_series(0, %s - 1) AS n",
            (len(written),),
        )
        assert dict(zip(written, (text for (text,) in cursor), strict=True)) == written
