"""docs/operations.md, and docs/scaling.md of PostgreSQL: the commands are run as they stand there.

The warehouse and ClickHouse go on after them.
"""

import os
import re
import shutil
import string
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2.errors
import pytest
from conftest import ROOT, debian_programs, run_module, run_psql
from test_clickhouse import PUBLISH_FROM_THE_START, ClickHouse, assert_equal, change, execute, load, sell

from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer, wheel_bin_dir
from tests.ports import free_port

PAGES = "".join((ROOT / "docs" / page).read_text() for page in ("operations.md", "scaling.md"))
PASSWORD = "test-password"
SALES = 200


def block(name: str) -> str:
    """Return the text of a block of the pages, by the name it has in the comment before it."""
    (text,) = re.findall(rf"^<!-- test: {name} -->\n```\w+\n(.*?)^```$", PAGES, re.MULTILINE | re.DOTALL)
    return text


def shell(name: str, folder: Path, **variables: str | Path) -> None:
    """Run a block of shell commands in a folder, with PostgreSQL's programs in PATH."""
    answer = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", block(name)],
        cwd=folder,
        env={
            "PATH": f"{wheel_bin_dir()}:{os.environ['PATH']}",
            **{variable: str(value) for variable, value in variables.items()},
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def sql(name: str, dsn: str, folder: Path, **variables: str | Path) -> None:
    """Run a block of SQL by psql with psql's variables; a folder is for a file of it."""
    (folder / "block.sql").write_text(block(name))
    given = [word for variable, value in variables.items() for word in ("-v", f"{variable}={value}")]
    answer = run_psql(dsn, *given, "-f", str(folder / "block.sql"))
    assert answer.returncode == 0, answer.stderr


def server_at(folder: Path, bin_dir: Path | None = None) -> PostgresServer:
    """Return a throw-away server, not started, whose WAL takes little room."""
    settings = {**THROW_AWAY_SETTINGS, "max_wal_size": "256MB", "min_wal_size": "32MB"}
    return PostgresServer(folder, free_port(), PASSWORD, bin_dir, settings)


@pytest.fixture
def new_server(scratch: Path) -> Iterator[Callable[..., PostgresServer]]:
    """Function that returns a throw-away server that is not started; all are stopped and removed after the test."""
    servers = []

    def make(bin_dir: Path | None = None) -> PostgresServer:
        servers.append(server_at(scratch / f"operations-{len(servers)}", bin_dir))
        return servers[-1]

    yield make
    for server in servers:
        server.stop("immediate")
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def seed(scratch: Path) -> Iterator[Path]:
    """The data folder of a stopped server with a warehouse on it."""
    server = server_at(scratch / "operations-seed")
    begin(server)
    server.stop()
    yield server.data
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def old(seed: Path, new_server: Callable[..., PostgresServer]) -> PostgresServer:
    """A running server with a warehouse on it that has some days of sales in its mart."""
    server = new_server()
    server.user.own(server.folder)
    subprocess.run(["cp", "--archive", seed, server.data], check=True)
    server.start()
    return server


def begin(server: PostgresServer) -> str:
    """Start a server with a warehouse on it that has some days of sales in its mart; return its URI."""
    server.start()
    server.create_database("tshop")
    dsn = server.dsn("tshop")
    passwords = {f"TSHOP_{role}_PASSWORD": PASSWORD for role in ("OWNER", "READER")}
    assert run_module("migrations.roles", WAREHOUSE_ADMIN_DSN=dsn, **passwords).returncode == 0
    answer = run_module("migrations", WAREHOUSE_DSN=server.dsn("tshop", "tshop"))
    assert answer.returncode == 0, answer.stderr
    execute(
        dsn,
        "INSERT INTO raw.client SELECT n, 'Иван', 'Петров', date '1980-01-01' + n, timestamptz '2026-01-01 00:00+03'"
        " FROM generate_series(1, 38) AS n",
        "INSERT INTO raw.product SELECT n, 'Платье', 'Платья', 'M', 99.99 * n, timestamptz '2026-01-01 00:00+03'"
        " FROM generate_series(1, 23) AS n",
    )
    sell(dsn, 1, SALES)
    load(dsn)
    change(dsn, "quantity = quantity + 1", "sale_id % 10 = 0")
    load(dsn)
    return dsn


def go_on(dsn: str) -> None:
    """Sell more, correct some of it, load and build, and audit."""
    last = execute(dsn, "SELECT max(sale_id) FROM raw.sale")[0][0]
    sell(dsn, last + 1, last + 20)
    change(dsn, "quantity = quantity + 1", f"sale_id IN (1, {last - 1}, {last + 5})")
    load(dsn)
    execute(dsn, "CALL sl.audit()")


def last_loads_were_full(dsn: str) -> list[bool]:
    """Tell for the last load of each entity whether it compared everything."""
    rows = execute(
        dsn,
        "SELECT DISTINCT ON (target) is_full FROM sl.run WHERE target LIKE 'dds.%' ORDER BY target, run_id DESC",
    )
    return [row[0] for row in rows]


def history(dsn: str) -> list[tuple]:
    """Return all versions of all sales, without their surrogate keys and runs."""
    return execute(
        dsn,
        "SELECT sale_id, order_id, sold_at, client_id, product_id, quantity, valid_from, valid_to, is_current"
        " FROM dds.sale ORDER BY sale_id, valid_from",
    )


@pytest.fixture
def clickhouse_of(tmp_path: Path) -> Iterator[Callable[[str], ClickHouse]]:
    """Function that returns a running endpoint which reads a warehouse, and reads another one when called again."""
    servers = []

    def read(dsn: str) -> ClickHouse:
        if not servers:
            servers.append(ClickHouse(tmp_path, dsn))
        else:
            servers[0].kill()
            servers[0].environment["WAREHOUSE_DSN"] = dsn
        servers[0].start()
        return servers[0]

    yield read
    for server in servers:
        server.kill()


def take(server: PostgresServer, backup: Path) -> None:
    """Make a base backup the data folder of a server that is not started."""
    server.user.own(server.folder)
    shutil.copytree(backup, server.data)
    for path in (server.data, *server.data.rglob("*")):
        os.chown(path, server.user.uid, server.user.gid)


def reader(server: PostgresServer) -> str:
    """Return the URI by which ClickHouse reads."""
    return server.dsn("tshop", "tshop_reader", PASSWORD)


def test_dump_restored_into_a_new_server_goes_on(old, new_server, clickhouse_of, tmp_path):
    new, dsn = new_server(), old.dsn("tshop")
    clickhouse = clickhouse_of(reader(old))
    clickhouse.take_over()
    shell("dump", tmp_path, OLD=dsn)
    before = history(dsn)
    old.stop("immediate")

    new.start()
    shell("restore", tmp_path, NEW=new.dsn("postgres"))
    dsn = new.dsn("tshop")
    assert history(dsn) == before
    answer = run_module("migrations", "--check", WAREHOUSE_DSN=new.dsn("tshop", "tshop", PASSWORD))
    assert answer.returncode == 0, answer.stderr

    go_on(dsn)
    assert last_loads_were_full(dsn) == [True, True, True]
    clickhouse = clickhouse_of(reader(new))
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)
    go_on(dsn)
    assert last_loads_were_full(dsn) == [False, False, False]
    untouched = range(2, SALES - 1)
    assert [row for row in history(dsn) if row[0] in untouched] == [row for row in before if row[0] in untouched]


def test_point_in_time_restore_goes_on_or_is_refused_by_clickhouse(old, new_server, clickhouse_of, tmp_path):
    new, later, dsn = new_server(), new_server(), old.dsn("tshop")
    archive = old.folder.parent / "archive"
    archive.mkdir()
    old.user.own(archive)
    shell("archive", tmp_path, OLD=dsn, ARCHIVE=archive)
    old.stop()
    old.start()
    shell("base backup", tmp_path, OLD=old.dsn("postgres"), BACKUP=tmp_path / "backup")
    (moment,) = execute(dsn, "SELECT now()")[0]
    time.sleep(0.01)
    go_on(dsn)
    clickhouse = clickhouse_of(reader(old))
    clickhouse.take_over()
    (published_moment,) = execute(dsn, "SELECT now()")[0]
    seen, built = history(dsn), execute(dsn, "SELECT count(*) FROM cdm.sales_mart_run")[0][0]
    go_on(dsn)
    execute(dsn, "SELECT pg_switch_wal()")
    old.stop()

    def restore(server: PostgresServer, target: object) -> None:
        take(server, tmp_path / "backup")
        (server.data / "recovery.signal").touch()
        text = string.Template(block("recovery")).substitute(ARCHIVE=archive, MOMENT=target.isoformat())
        server.settings.update(line.split(" = ", 1) for line in text.splitlines())
        server.start()
        while execute(server.dsn("tshop"), "SELECT pg_is_in_recovery()")[0][0]:
            time.sleep(0.1)

    # To after what was published: everything goes on.
    restore(later, published_moment)
    dsn = later.dsn("tshop")
    assert history(dsn) == seen
    assert execute(dsn, "SELECT count(*) FROM cdm.sales_mart_run")[0][0] == built
    go_on(dsn)
    assert last_loads_were_full(dsn) == [False, False, False]
    clickhouse = clickhouse_of(reader(later))
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)

    # To before it: refused, and then published from the start.
    restore(new, moment)
    dsn = new.dsn("tshop")
    assert execute(dsn, "SELECT count(*) FROM cdm.sales_mart_run")[0][0] == built - 1
    go_on(dsn)
    clickhouse = clickhouse_of(reader(new))
    with pytest.raises(Exception, match="This is not the warehouse that was published last"):
        clickhouse.run("pull.sql")
    clickhouse.command(PUBLISH_FROM_THE_START)
    clickhouse = clickhouse_of(reader(new))
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)


def test_major_upgrade_in_place(new_server):
    old, new = new_server(debian_programs(15)), new_server()
    before = history(begin(old))
    old.stop()
    new.prepare()
    answer = subprocess.run(
        ["bash", "-eu", "-c", block("upgrade")],
        # Its programs write beside themselves, as the user of the servers.
        cwd=new.folder,
        env={
            "PATH": f"{new.bin_dir}:/usr/bin:/bin",
            "PGPASSWORD": PASSWORD,
            "OLD_BIN": str(old.bin_dir),
            "NEW_BIN": str(new.bin_dir),
            "OLD_DATA": str(old.data),
            "NEW_DATA": str(new.data),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **new.user.popen_arguments(),
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    new.start()
    dsn = new.dsn("tshop")
    assert history(dsn) == before
    go_on(dsn)
    assert last_loads_were_full(dsn) == [True, True, True]
    go_on(dsn)
    assert last_loads_were_full(dsn) == [False, False, False]


def test_first_load_in_slices(old, clickhouse_of, tmp_path):
    dsn = old.dsn("tshop")
    before = history(dsn)
    execute(
        dsn,
        "TRUNCATE dds.client, dds.product, dds.sale, cdm.sales_mart",
        "DELETE FROM sl.watermark",
        "UPDATE sl.run SET consumed_by = run_id",
        "SELECT sl._begin_entity_backfill('sale', 30)",
        "SELECT sl._load_slice('sale', false)",
    )
    sql("backfill progress", dsn, tmp_path)
    sql("backfill", dsn, tmp_path)
    # Of a corrected sale the sources know the last state alone.
    last = {row[0]: row for row in before}
    assert [row[:6] for row in history(dsn)] == [row[:6] for row in last.values()]
    assert execute(dsn, "SELECT slices_done, slices FROM sl.status_backfill WHERE target = 'dds.sale'") == [(7, 7)]
    go_on(dsn)
    clickhouse = clickhouse_of(reader(old))
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)


def test_retention(old, clickhouse_of, tmp_path):
    dsn = old.dsn("tshop")
    execute(
        dsn,
        "INSERT INTO raw.sale (sale_id, updated_at) SELECT n, '2026-01-02' FROM generate_series(-3, -1) AS n",
        "UPDATE raw.sale SET is_deleted = true, updated_at = updated_at + interval '1 day' WHERE sale_id IN (5, 150)",
        # Sold before the day and after it.
        "UPDATE raw.sale SET sold_at = '2026-01-05', updated_at = '2026-01-20' WHERE sale_id = 7",
    )
    load(dsn)
    execute(
        dsn,
        "UPDATE raw.sale SET order_id = 1, sold_at = timestamptz '2026-01-01' - sale_id * interval '1 day',"
        " client_id = 1, product_id = 1, quantity = 1, updated_at = '2026-01-08' WHERE sale_id IN (-1, -3)",
    )
    load(dsn)
    clickhouse = clickhouse_of(reader(old))
    clickhouse.take_over()

    sql("watch", dsn, tmp_path)
    clickhouse.command(block("clickhouse watch"))
    sql("sales", dsn, tmp_path)
    clickhouse.command(block("clickhouse sales"))
    clickhouse.command(block("clickhouse state"))
    readers = (ROOT / "embedded" / "status" / "clickhouse" / "readers.sql").read_text()
    assert clickhouse.rows(readers)[0][-1]
    execute(dsn, "CALL sl.audit()")
    assert_equal(clickhouse, dsn)
    # From 1 January 00:30 on an hour apart: the 48th is the first of 3 January. -2 was never valid.
    kept = {-3, 7, *range(48, SALES + 1)}
    assert {row[0] for row in execute(dsn, "SELECT sale_id FROM dds.sale")} == kept
    assert {row[0] for row in execute(dsn, "SELECT sale_id FROM cdm.sales_mart")} == kept
    assert {row[0] for row in execute(dsn, "SELECT sale_id FROM raw.sale")} == kept | {-2}
    assert execute(dsn, "SELECT DISTINCT entity_key FROM sl.tombstone") == [("150",)]

    execute(dsn, "UPDATE sl.rejected_row SET resolved_at = resolved_at - interval '91 days'")
    sql("rejected", dsn, tmp_path)
    assert execute(dsn, "SELECT entity_key FROM sl.rejected_row") == [("-2",)]

    # These stay: rejected, young, or not seen by the load yet.
    execute(dsn, "UPDATE raw.sale SET updated_at = now() WHERE sale_id = 60")
    load(dsn)
    sell(dsn, SALES + 1, SALES + 2)
    sql("raw", dsn, tmp_path)
    assert execute(dsn, "SELECT sale_id FROM raw.sale ORDER BY 1") == [(-2,), (60,), (SALES + 1,), (SALES + 2,)]
    go_on(dsn)
    assert {row[0] for row in execute(dsn, "SELECT sale_id FROM dds.sale")} >= kept
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)


def test_a_clock_that_ran_ahead(old, clickhouse_of, tmp_path):
    dsn = old.dsn("tshop")
    clickhouse = clickhouse_of(reader(old))
    # As it would be if the newest run of each target had begun ten years ahead.
    execute(
        dsn,
        """
        CREATE TEMPORARY TABLE ahead AS
        SELECT max(run_id) AS run_id, max(started_at) AS began FROM sl.run GROUP BY target;
        UPDATE cdm.sales_mart AS m SET valid_from = m.valid_from + interval '10 years'
        FROM ahead WHERE m.valid_from = ahead.began;
        UPDATE cdm.sales_mart AS m SET valid_to = m.valid_to + interval '10 years'
        FROM ahead WHERE m.valid_to = ahead.began;
        UPDATE sl.run AS r
        SET started_at = started_at + interval '10 years', finished_at = finished_at + interval '10 years'
        FROM ahead WHERE r.run_id = ahead.run_id;
        """,
    )
    change(dsn, "quantity = quantity + 1", "sale_id IN (1, 5)")
    load(dsn)
    with pytest.raises(psycopg2.Error, match="violations"):
        execute(dsn, "CALL sl.audit()")
    clickhouse.take_over()
    known = "SELECT sale_id, version_no, quantity, is_current FROM cdm.sales_mart ORDER BY 1, 2"
    before = execute(dsn, known)

    sql("clock", dsn, tmp_path)
    assert execute(dsn, known) == before
    assert execute(dsn, "SELECT count(*) FROM cdm.sales_mart WHERE valid_from > now()") == [(0,)]
    assert execute(dsn, "SELECT * FROM sl.status_clock") == []
    go_on(dsn)
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)


def test_times_of_the_future(old, clickhouse_of, tmp_path):
    dsn = old.dsn("tshop")
    clickhouse = clickhouse_of(reader(old))
    execute(dsn, "UPDATE sl.entity SET future_tolerance = '200 years', plausible_from = '-infinity'")
    execute(dsn, "UPDATE raw.client SET last_name = 'Future', updated_at = '2099-01-01' WHERE client_id = 1")
    execute(dsn, "UPDATE raw.product SET price = 1, updated_at = '4714-11-24 00:00:00+00 BC' WHERE product_id = 1")
    load(dsn)
    assert execute(dsn, "SELECT last_name FROM dds.client WHERE client_id = 1 AND is_current") == [("Future",)]
    clickhouse.take_over()

    sql("implausible", dsn, tmp_path)
    load(dsn)
    assert execute(dsn, "SELECT last_name FROM dds.client WHERE client_id = 1 AND is_current") != [("Future",)]
    assert execute(
        dsn, "SELECT entity_name, rule_name FROM sl.rejected_row WHERE rule_name LIKE 'updated_at%' ORDER BY 1"
    ) == [("client", "updated_at_in_future"), ("product", "updated_at_implausible")]
    execute(dsn, "CALL sl.audit()")
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)


def test_tablespace(old, scratch, tmp_path):
    dsn = old.dsn("tshop")
    folder = scratch / "more"
    folder.mkdir()
    old.user.own(folder)
    sql("tablespace", dsn, tmp_path, folder_on_the_new_disk=folder)
    assert any(file.is_file() for file in folder.rglob("*"))
    go_on(dsn)


def test_clickhouse_reads_a_replica(old, new_server, clickhouse_of, tmp_path):
    replica, dsn = new_server(), old.dsn("tshop")
    shell("replica", tmp_path, OLD=old.dsn("postgres"), REPLICA=tmp_path / "replica")
    take(replica, tmp_path / "replica")
    replica.start()
    copy = replica.dsn("tshop")

    def wait() -> None:
        (written,) = execute(dsn, "SELECT pg_current_wal_flush_lsn()")[0]
        while not execute(copy, f"SELECT pg_last_wal_replay_lsn() >= '{written}'")[0][0]:
            time.sleep(0.05)

    clickhouse = clickhouse_of(reader(replica))
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)
    go_on(dsn)
    wait()
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)
    batches = "SELECT * FROM cdm.sales_mart_batch ORDER BY run_id"
    assert execute(copy, batches) == execute(dsn, batches)
    assert execute(copy, "SELECT count(*) FROM sl.status_run") == execute(dsn, "SELECT count(*) FROM sl.status_run")

    # It stands still, as one does that is behind: what it has is published, and the rest when it has caught up.
    execute(copy, "SELECT pg_wal_replay_pause()")
    go_on(dsn)
    before = clickhouse.rows("SELECT max(run_id) FROM tshop.published_batch")
    clickhouse.take_over()
    assert clickhouse.rows("SELECT max(run_id) FROM tshop.published_batch") == before
    execute(copy, "SELECT pg_wal_replay_resume()")
    wait()
    clickhouse.take_over()
    assert_equal(clickhouse, dsn)

    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        execute(copy, "CALL dds.load_sale()")
