"""Marts that Spark computes from dds: they are those of the warehouse, in the warehouse and in MariaDB."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg2
import psycopg2.errors
import pytest
from conftest import ROOT, run_module, sql_of_page
from test_shop_marts import PROMOTION, SHOP
from test_stack import listens, stack_of, throw_away, told

from embedded import main_job, roles, stack
from embedded.environment import SPARK_BIN
from embedded.settings import WAREHOUSE_ROLES, Settings
from sources.jars import jars_of
from tests.live_parts import needs_java
from tests.ports import free_port

MARTS = ("product_sales", "region_sales", "user_sales")
ENTITIES = ("category", "client", "product", "sale", "sales_order")
MARTS_JOB = ROOT / "sources" / "spark" / "marts.py"
pytestmark = [
    pytest.mark.timeout(900),
    needs_java,
    pytest.mark.skipif(not (SPARK_BIN / "python").exists(), reason="Spark is not installed: 'make setup-spark'"),
    pytest.mark.skipif(
        not any(jars_of("spark").glob("*.jar")), reason="The jars of JDBC are missing: 'make setup-spark'"
    ),
]

# What the shop of SHOP has not. Half kopecks in averages, above and below zero; half a hundredth of a day (432 s).
# Order 204 is of the time before its client's first version, 205 of the gap after the deletion of another. Lines: of
# products that nobody knows, of one before its first version; of a region whose roubles add up to nothing, or nearly.
MORE = """
INSERT INTO raw.client (client_id, first_name, last_name, loyalty_status, updated_at) VALUES
    (21, 'Ольга', 'Белова', 'Silver', '2025-05-10 00:00+03'),
    (22, 'Пётр', 'Ёлкин', E' \\u200b\\t', '2025-05-01 00:00+03'),
    (23, 'Яна', 'Цой', 'Алмаз', '2025-05-01 00:00+03');
INSERT INTO raw.category (category_id, name, parent_category_id, updated_at) VALUES
    (21, 'Носки', NULL, '2025-05-20 00:00+03');
INSERT INTO raw.product (product_id, name, category, size, price, category_id, updated_at) VALUES
    (21, 'Носки «Зима»', ' ', 'M', 100.01, 21, '2025-05-10 00:00+03'),
    (22, 'Ремень', NULL, 'M', 33.33, 999, '2025-05-01 00:00+03');
INSERT INTO raw.sales_order (
    order_id, client_id, ordered_at, status, delivered_at, total_amount, channel, region, updated_at
)
VALUES
    (201, 22, '2025-05-01 00:00+03', 'Completed', '2025-05-01 00:07:12+03', 0.01, 'web', 'West', '2025-05-02 00:00+03'),
    (202, 22, '2025-05-31 23:59+03', 'Completed', '2025-05-31 23:59+03', 0.02, 'web', 'West', '2025-06-01 00:00+03'),
    (203, 23, '2025-04-30 23:30+00', 'Paid', NULL, -0.01, 'web', 'Ямал', '2025-05-02 00:00+03'),
    (206, 23, '2025-05-02 00:00+03', 'Paid', NULL, -0.02, 'web', E'\\u00a0', '2025-05-02 00:00+03'),
    (204, 21, '2025-05-01 12:00+03', 'Paid', NULL, 10.00, 'web', 'East', '2025-05-02 00:00+03'),
    (205, 2, '2025-05-12 12:00+03', 'Paid', NULL, 10.00, 'web', 'South', '2025-05-13 00:00+03'),
    (207, NULL, '2025-05-13 12:00+03', 'Pending', NULL, 99999999999.99, 'web', 'North', '2025-05-14 00:00+03');
INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, unit_price, amount, updated_at)
VALUES
    (201, 201, '2025-05-01 00:00+03', 22, 21, 3, NULL, NULL, '2025-05-02 00:00+03'),
    (202, 202, '2025-05-31 23:59+03', 22, 21, 1, NULL, NULL, '2025-06-01 00:00+03'),
    (203, 203, '2025-05-01 02:30+03', 23, 777, 5, NULL, NULL, '2025-05-02 00:00+03'),
    (204, 204, '2025-05-01 12:00+03', 21, 22, 2, NULL, 10.00, '2025-05-02 00:00+03'),
    (205, 204, '2025-05-01 12:00+03', 21, 21, -2, 5.00, NULL, '2025-05-02 00:00+03'),
    (206, 205, '2025-05-12 12:00+03', 2, 22, 1, NULL, 0.01, '2025-05-13 00:00+03'),
    (207, 205, '2025-05-12 12:00+03', 2, 22, 1, NULL, 0.02, '2025-05-13 00:00+03'),
    (208, 205, '2025-05-12 12:00+03', 2, 21, 1, NULL, -0.02, '2025-05-13 00:00+03'),
    (209, 207, '2025-05-13 12:00+03', NULL, 21, 1, NULL, 99999999999.99, '2025-05-14 00:00+03'),
    (210, 207, '2025-05-13 12:00+03', NULL, 22, 1, NULL, -99999999999.98, '2025-05-14 00:00+03'),
    (211, 299, '2025-05-13 12:00+03', NULL, 22, 1, NULL, 5.00, '2025-05-14 00:00+03');
UPDATE raw.client SET is_deleted = true, updated_at = '2025-05-11 00:00+03' WHERE client_id = 2;
"""
LATER = """
UPDATE raw.client SET is_deleted = false, loyalty_status = 'Silver', updated_at = '2025-05-13 00:00+03'
WHERE client_id = 2;
UPDATE raw.product SET price = 99.99, name = 'Носки "Лето"', updated_at = '2025-05-25 00:00+03' WHERE product_id = 21;
UPDATE raw.category SET name = 'Чулки', updated_at = '2025-05-28 00:00+03' WHERE category_id = 21;
DELETE FROM raw.sale WHERE sale_id = 5;
"""


def ask(dsn: str, *statements: str) -> list[tuple]:
    """Run statements, each in a transaction of its own; return the rows of the last."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def load_and_build(dsn: str) -> None:
    """Load what the marts need, and build them."""
    ask(dsn, *(f"CALL dds.load_{entity}()" for entity in ENTITIES), *(f"CALL cdm.build_{mart}()" for mart in MARTS))


def rows(dsn: str, mart: str) -> list[tuple]:
    """Return what a mart of Spark says."""
    return ask(dsn, f"SELECT * FROM spark.{mart} ORDER BY 1, 2, 3")


@pytest.fixture(scope="module")
def cluster(scratch: Path) -> Iterator[stack.Stack]:
    """A running stack of PostgreSQL, with the warehouse and days of a shop in it, and a cluster of Spark."""
    small = throw_away(scratch / "spark")
    ports = {part: free_port() for part in ("spark", "spark_ui", "spark_worker_ui")}
    settings = Settings(small.home, {**small.ports, **ports}, postgres_settings=small.postgres_settings)
    with stack_of(settings, stack.POSTGRES) as running:
        running.start()
        main_job.migrate(running)
        # Days on both sides of the end of a month.
        days = ("--from", "2026-01-01", "--to", "2026-02-03", "--clients", "800", "--products", "150")
        answer = run_module("generator", *days, WAREHOUSE_DSN=settings.warehouse_dsn_of("loader"))
        assert answer.returncode == 0, answer.stderr
        load_and_build(settings.warehouse_dsn)
        for part in stack.SPARK_PARTS:
            running.start_on_request(part)
        yield running


@pytest.fixture(scope="module")
def by_hand(cluster: stack.Stack) -> dict[str, str]:
    """URIs by role of another warehouse in the same server, with the shop that is written out by hand."""
    settings, server = cluster.settings, cluster.settings.postgres()
    passwords = {name: settings.secret(f"warehouse_{role}") for role, name in WAREHOUSE_ROLES.items()}
    roles.set_up(server, "by_hand", passwords)
    dsns = {role: server.dsn("by_hand", name, passwords[name]) for role, name in WAREHOUSE_ROLES.items()}
    answer = run_module("migrations", WAREHOUSE_DSN=dsns["owner"])
    assert answer.returncode == 0, answer.stderr
    ask(dsns["owner"], SHOP + MORE)
    load_and_build(dsns["owner"])
    ask(dsns["owner"], PROMOTION, LATER)
    load_and_build(dsns["owner"])
    return dsns


def compute(running: stack.Stack, **environment: str) -> subprocess.CompletedProcess:
    """Run the DAG's first task with what Airflow's tasks know."""
    return subprocess.run(
        ["python", "-c", "import tshop_marts_spark; tshop_marts_spark.compute.execute({})"],
        cwd=ROOT / "dags",
        env={**running.environment("airflow"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# --- the marts --------------------------------------------------------------------------------------------------------


def test_the_marts_that_a_cluster_computes_are_those_of_the_warehouse(cluster: stack.Stack) -> None:
    dsn = cluster.settings.warehouse_dsn
    # What a run that was killed has left.
    ask(dsn, "INSERT INTO spark.region_sales_staging VALUES ('2020-01-06', 'North', 1, 1, 1, 1, 1, 1, 1)")
    ask(dsn, "INSERT INTO spark.region_sales VALUES ('2020-01-06', 'North', 1, 1, 1, 1, 1, 1, 1)")
    answer = compute(cluster)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    counts = {mart: len(rows(dsn, mart)) for mart in MARTS}
    assert min(counts.values()) > 8
    assert dict(ask(dsn, "SELECT mart_name, rows_written FROM spark.computation WHERE was_built")) == counts
    for mart in MARTS:
        assert ask(dsn, f"SELECT count(*) FROM spark.{mart}_staging") == [(0,)]
    example = sql_of_page("scaling.md", "compare marts")
    ((_run, marts, compared, differences),) = ask(cluster.settings.warehouse_dsn_of("etl"), example)
    assert (marts, compared, differences) == (3, sum(counts.values()), 0)
    # It was Spark's cluster that worked, and its log names no secret.
    master = httpx.get(f"http://127.0.0.1:{cluster.settings.ports['spark_ui']}/json/").json()
    assert [one["name"] for one in master["completedapps"]] == ["tshop marts"]
    said = answer.stdout + answer.stderr + cluster.log_file(stack.SPARK_WORKER).read_text()
    for name in ("spark", "warehouse_spark"):
        assert cluster.settings.secret(name).rstrip("=") not in said


# --- MariaDB ----------------------------------------------------------------------------------------------------------

MARIADB = ("mariadbd", "mariadb-install-db", "mariadb")
PROGRAMS = f"{os.environ['PATH']}:/usr/sbin"


@pytest.fixture(scope="module")
def reports(scratch: Path) -> Iterator[tuple[str, list[str]]]:
    """JDBC URL of a database in a throw-away MariaDB, and the command that asks it."""
    daemon, install, client = (shutil.which(name, path=PROGRAMS) for name in MARIADB)
    folder, port, password = scratch / "mariadb", free_port(), secrets.token_hex(16)
    folder.mkdir()
    shutil.chown(folder, "nobody")
    user = ["--user=nobody"] if os.geteuid() == 0 else []
    own = ["--no-defaults", *user, f"--datadir={folder}/data", f"--basedir={Path(daemon).resolve().parent.parent}"]
    install_it = [install, *own, "--auth-root-authentication-method=normal", "--skip-test-db"]
    made = subprocess.run(install_it, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    process = subprocess.Popen(
        [
            *(daemon, *own, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket"),
            "--default-time-zone=+03:00",
        ],
        stdin=subprocess.DEVNULL,
        stdout=(folder.parent / "mariadb.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    ask_it = [client, "--no-defaults", f"--socket={folder}/socket", "--user=root", "--batch", "--skip-column-names"]
    ask_it += ["--default-character-set=utf8mb4"]
    try:
        statements = (
            f"CREATE DATABASE reports; CREATE USER reporter@'127.0.0.1' IDENTIFIED BY '{password}'; "
            "GRANT ALL ON reports.* TO reporter@'127.0.0.1'"
        )
        while subprocess.run([*ask_it, "--execute", "SELECT 1"], capture_output=True, check=False).returncode != 0:
            assert process.poll() is None, (folder.parent / "mariadb.log").read_text()
            time.sleep(0.2)
        subprocess.run([*ask_it, "--execute", statements], check=True)
        yield f"jdbc:mariadb://127.0.0.1:{port}/reports?user=reporter&password={password}", [*ask_it, "reports"]
    finally:
        process.terminate()
        process.wait()


@pytest.mark.skipif(
    not all(shutil.which(name, path=PROGRAMS) for name in MARIADB),
    reason="MariaDB is missing: 'apt-get install mariadb-server-core mariadb-client-core'",
)
def test_mariadb_gets_the_same_marts(
    cluster: stack.Stack, by_hand: dict[str, str], reports: tuple[str, list[str]]
) -> None:
    dsn = by_hand["owner"]
    url, client = reports

    def known(mart: str) -> list[list[str]]:
        query = [*client, "--execute", f"SELECT * FROM {mart}"]
        answer = subprocess.run(query, capture_output=True, text=True, check=True)
        return [line.split("\t") for line in answer.stdout.splitlines()]

    def same(mart: str) -> bool:
        ours = [["NULL" if value is None else str(value) for value in row] for row in rows(dsn, mart)]
        return sorted(known(mart)) == sorted(ours)

    own = {"WAREHOUSE_SPARK_DSN": by_hand["spark"], "TSHOP_MARTS_URL": url}
    own["AIRFLOW_CONN_TSHOP_SPARK_CLUSTER"] = json.dumps({"conn_type": "spark", "host": "local[2]"})

    # Some of its tables are there, and hold what another run has left.
    there = (
        "CREATE TABLE region_sales (week_start DATE, region VARCHAR(200), product_id BIGINT, sales_cnt BIGINT,"
        " quantity BIGINT, total_amount DECIMAL(24, 2), average_sale_amount DECIMAL(24, 2),"
        " region_share DECIMAL(24, 6), rank_in_region BIGINT) CHARACTER SET utf8mb4;"
        "CREATE TABLE region_sales_staging LIKE region_sales;"
        "INSERT INTO region_sales (product_id) VALUES (1); INSERT INTO region_sales_staging (product_id) VALUES (2)"
    )
    subprocess.run([*client, "--execute", there], check=True)
    answer = compute(cluster, **own)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert [mart for mart in MARTS if not same(mart)] == []
    assert "Носки «Зима»" in str(known("product_sales"))
    ask(by_hand["etl"], "CALL cdm.compare_marts()")
    # As whoever reads in UTC sees it.
    moment = "SET time_zone = '+00:00'; SELECT DISTINCT read_at_utc FROM computation"
    told = subprocess.run([*client, "--execute", moment], capture_output=True, text=True, check=True).stdout
    moment = "SELECT DISTINCT to_char(read_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM spark.computation"
    assert [(told.strip(),)] == ask(dsn, moment)

    # Where the engines differ it keeps what it has.
    before = {mart: sorted(known(mart)) for mart in MARTS}
    change = "UPDATE cdm.user_sales SET total_revenue = total_revenue {} 1 WHERE is_current"
    ask(
        dsn,
        "INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, amount, updated_at) "
        "SELECT 301, order_id, sold_at, client_id, product_id, 1, 1, now() FROM raw.sale WHERE sale_id = 201",
    )
    load_and_build(dsn)
    ask(dsn, change.format("+"))
    answer = compute(cluster, **own)
    assert answer.returncode != 0
    assert "cdm.compare_marts: 1 of 3 marts differ: no other database was written." in answer.stderr
    ask(dsn, change.format("-"))
    assert {mart: sorted(known(mart)) for mart in MARTS} == before
    assert not same("product_sales")

    # So it does where it has what is newer.
    later = "UPDATE computation SET read_at_utc = '2999-01-01' WHERE mart_name = 'user_sales'"
    subprocess.run([*client, "--execute", later], check=True)
    answer = compute(cluster, **own)
    assert answer.returncode != 0
    assert "user_sales is as of a later moment already: nothing was written." in answer.stderr
    assert {mart: sorted(known(mart)) for mart in MARTS} == before


def test_no_error_tells_the_password_of_the_other_database(cluster: stack.Stack, by_hand: dict[str, str]) -> None:
    own = {"WAREHOUSE_SPARK_DSN": by_hand["spark"]}
    own["AIRFLOW_CONN_TSHOP_SPARK_CLUSTER"] = json.dumps({"conn_type": "spark", "host": "local[2]"})
    # An address that its driver does not take, whereupon Java tells it whole.
    answer = compute(cluster, **own, TSHOP_MARTS_URL="jdbc:postgresql://host:port/reports?user=u&password=geheim")
    assert answer.returncode != 0
    assert "its URL" in answer.stderr
    assert "geheim" not in answer.stdout + answer.stderr


# --- reading ----------------------------------------------------------------------------------------------------------


def test_ranges_of_blocks_have_each_row_once(cluster: stack.Stack) -> None:
    code = "import json; from sources.spark.marts import ranges; print(json.dumps([ranges(*one) for one in {}]))"
    cases = [(0, 2), (1, 2), (40, 2), (1024, 2), (5000, 8), (20_000, 2)]
    answer = subprocess.run(
        [SPARK_BIN / "python", "-c", code.format(cases)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    of_cases = json.loads(answer.stdout)
    assert [len(ranges) for ranges in of_cases] == [1, 1, 1, 2, 8, 3]
    dsn = cluster.settings.warehouse_dsn
    wide = "CREATE TABLE public.wide AS SELECT n, repeat('x', 3000) AS filler FROM generate_series(1, 3000) AS n"
    ask(dsn, wide, "ALTER TABLE public.wide ALTER COLUMN filler SET STORAGE plain")
    try:
        for ranges in of_cases:
            counts = [
                ask(dsn, f"SELECT count(*) FROM (SELECT ctid AS place FROM public.wide) AS t WHERE {one}")[0][0]
                for one in ranges
            ]
            assert sum(counts) == 3000, ranges
    finally:
        ask(dsn, "DROP TABLE public.wide")


# Runs the job up to a place of it, tells that it is there, and waits for a file.
HELD = """
import os, sys, time
from sources.spark import marts

real = marts.define

def held(*arguments):
    print("held", flush=True)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.1)
    return real(*arguments)

marts.define = held
sys.exit(marts.main())
"""


@contextlib.contextmanager
def job(running: stack.Stack, folder: Path, go: Path) -> Iterator[subprocess.Popen]:
    """Yield the running job, in a local session of Spark; from its snapshot it goes on once a file is there."""
    program = folder / "held.py"
    program.write_text(HELD)
    jars = ",".join(str(jar) for jar in jars_of("spark").glob("*.jar"))
    command = ["spark-submit", "--master", "local[2]", "--conf", "spark.ui.enabled=false", "--jars", jars, program, go]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command,
            env=running.environment("airflow"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_a_job_that_is_killed_changes_nothing_and_what_is_committed_while_one_reads_is_not_read(
    cluster: stack.Stack, tmp_path: Path
) -> None:
    dsn, reader = cluster.settings.warehouse_dsn, cluster.settings.warehouse_dsn_of("spark")
    now, later = tmp_path / "now", tmp_path / "later"
    now.touch()

    # One that has filled the staging tables is killed as it takes them over.
    before = {mart: rows(dsn, mart) for mart in MARTS}
    with contextlib.closing(psycopg2.connect(dsn)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE spark.computation IN ACCESS EXCLUSIVE MODE")
        with job(cluster, tmp_path, now) as process:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tshop_spark' AND wait_event_type = 'Lock'"
            end = time.monotonic() + 300
            while ask(dsn, waits) == [(0,)]:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < end
                time.sleep(0.2)
    assert {mart: rows(dsn, mart) for mart in MARTS} == before
    assert any(ask(dsn, f"SELECT count(*) FROM spark.{mart}_staging") != [(0,)] for mart in MARTS)

    # One has its snapshot, and has read nothing yet.
    with job(cluster, tmp_path, later) as process:
        assert "held" in map(str.strip, process.stdout), (tmp_path / "log").read_text()
        order = (
            "INSERT INTO raw.sales_order (order_id, ordered_at, status, total_amount, channel, region, updated_at) "
            "VALUES (9000001, '2026-01-15 12:00+03', 'Paid', 77, 'web', 'North', now())"
        )
        ask(dsn, order)
        load_and_build(dsn)
        # Who writes a table's file again has to wait, and so has another job.
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            ask(dsn, "SET lock_timeout = '1s'", "VACUUM FULL dds.client")
        with contextlib.closing(psycopg2.connect(reader)) as second, second.cursor() as cursor:
            second.set_session("REPEATABLE READ", readonly=True)
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute("SELECT spark.begin_reading()")
            assert refused.value.pgcode == "TS001"
        later.touch()
        process.stdout.read()
        assert process.wait() == 0, (tmp_path / "log").read_text()
    ask(cluster.settings.warehouse_dsn_of("etl"), "CALL cdm.compare_marts()")
    known = "SELECT sum(total_order_amount) FROM {}.user_sales WHERE {}"
    ours, now = (ask(dsn, known.format(*one))[0][0] for one in (("spark", "true"), ("cdm", "is_current")))
    assert now - ours == 77
    for mart in MARTS:
        assert ask(dsn, f"SELECT count(*) FROM spark.{mart}_staging") == [(0,)]


def test_a_job_waits_for_cdm_to_process_the_loads_for_a_time(cluster: stack.Stack) -> None:
    dsn, reader = cluster.settings.warehouse_dsn, cluster.settings.warehouse_dsn_of("spark")
    code = """
        import sys, time, types
        from sources.spark import marts

        def sleep(_seconds):
            print("waits", flush=True)
            time.sleep(0.2)

        marts.time = types.SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
        marts.WAIT_SECONDS = float(sys.argv[1])
        print(marts.cores_of(sys.argv[2]))
        with marts.reading(sys.argv[2]) as (begun, _check):
            print(sorted(marts.MARTS.keys() - begun[2]))
    """

    def start(seconds: str) -> subprocess.Popen:
        command = [SPARK_BIN / "python", "-c", textwrap.dedent(code), seconds, reader]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    ask(dsn, "INSERT INTO raw.client (client_id, updated_at, first_name, last_name) VALUES (990, now(), 'А', 'Б')")
    ask(dsn, "CALL dds.load_client()")
    with start("0") as process:
        assert process.stdout.read().splitlines() == [
            "4",
            "In cdm these have not processed all loads: user_sales",
            "['user_sales']",
        ]
    with start("300") as process:
        assert [process.stdout.readline().strip() for _line in range(3)] == ["4", "waits", "waits"]
        ask(dsn, "CALL cdm.build_user_sales()")
        assert process.stdout.read().splitlines()[-1] == "[]"
    load_and_build(dsn)


# --- the cluster ------------------------------------------------------------------------------------------------------


def test_the_cluster_is_healthy_and_listens_on_this_machine_only(cluster: stack.Stack) -> None:
    healths = {title: health for title, _state, health in cluster.status()}
    assert {part.title: healths[part.title] for part in stack.SPARK_PARTS} == dict.fromkeys(
        (part.title for part in stack.SPARK_PARTS), "healthy"
    )
    pids = {cluster.pid(part) for part in stack.SPARK_PARTS}
    addresses = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.pid in pids
    }
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert all(listens(cluster.settings.ports[part]) for part in ("spark", "spark_ui", "spark_worker_ui"))


def test_the_cluster_knows_one_secret_by_its_environment_alone(cluster: stack.Stack) -> None:
    for part in stack.SPARK_PARTS:
        process = psutil.Process(cluster.pid(part))
        assert told(cluster.settings, process.environ()) == {"spark"}
        assert told(cluster.settings, dict(enumerate(process.cmdline()))) == set()


def test_nobody_gets_at_the_cluster_without_the_secret(cluster: stack.Stack, tmp_path: Path) -> None:
    page = f"http://127.0.0.1:{cluster.settings.ports['spark_ui']}/json/"
    before = httpx.get(page).json()
    program = tmp_path / "nobody.py"
    program.write_text("from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate()\n")
    process = subprocess.Popen(
        ["spark-submit", "--master", cluster.settings.spark_cluster, "--conf", "spark.ui.enabled=false", program],
        env=cluster.environment("airflow"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = next((line for line in process.stdout if "Failed to connect to master" in line), None)
        assert said is not None
    finally:
        process.kill()
        process.wait()
    after = httpx.get(page).json()
    assert len(before["activeapps"] + before["completedapps"]) == len(after["activeapps"] + after["completedapps"])


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "WAREHOUSE_SPARK_DSN is not set: give the warehouse as the role tshop_spark."),
        (
            {"WAREHOUSE_SPARK_DSN": "postgresql://u:geheim@/d?host=/tmp"},
            "WAREHOUSE_SPARK_DSN names no host that JDBC can reach: give one, such as 127.0.0.1.",
        ),
        (
            {"WAREHOUSE_SPARK_DSN": "postgresql://u:geheim@h/d?krbsrvname=x"},
            "WAREHOUSE_SPARK_DSN has the parameter krbsrvname, which JDBC lacks: take it out.",
        ),
        (
            {"WAREHOUSE_SPARK_DSN": "postgresql://u:geheim@h/d", "TSHOP_MARTS_URL": "mysql://u:geheim@h/d"},
            "TSHOP_MARTS_URL is no JDBC URL: give one such as jdbc:mariadb://host:3306/reports?user=...&password=...",
        ),
        (
            {
                "WAREHOUSE_SPARK_DSN": "postgresql://u:geheim@h/d",
                "TSHOP_MARTS_URL": "jdbc:sqlserver://h;user=u;password=geheim",
            },
            "TSHOP_MARTS_URL is of a database that there is no driver for: give MariaDB, MySQL or PostgreSQL.",
        ),
    ],
)
def test_a_wrong_address_gets_one_sentence(environment: dict[str, str], sentence: str) -> None:
    answer = subprocess.run(
        [SPARK_BIN / "python", MARTS_JOB],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.splitlines()[-1] == f"Error: {sentence}"


def test_what_is_missing_is_said_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    answer = run_module("embedded", "spark", TSHOP_HOME=str(home), PATH="/nowhere")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("Error: Java 17 is missing, which Kafka and Spark need")
    external = {"WAREHOUSE_DSN": "postgresql://a:b@127.0.0.1:1/c", "CLICKHOUSE_URL": "http://a:b@127.0.0.1:1/c"}
    answer = run_module("embedded", "spark", TSHOP_HOME=str(home), **external)
    assert answer.stderr.startswith("Error: WAREHOUSE_DSN is set and WAREHOUSE_SPARK_DSN is not")
    # An address that no machine has.
    answer = run_module("embedded", "spark", TSHOP_HOME=str(home), TSHOP_SPARK_MASTER="spark://192.0.2.1:7077")
    assert answer.stderr.startswith("Error: TSHOP_SPARK_MASTER is 'spark://192.0.2.1:7077', which does not run on this")
    answer = run_module("embedded", "spark", TSHOP_HOME=str(home), TSHOP_SPARK_MASTER="spark")
    assert answer.stderr.startswith("Error: TSHOP_SPARK_MASTER is 'spark': give a master of Spark, such as ")
    assert not home.exists()
