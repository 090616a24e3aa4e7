"""The stores' weekly files: the PySpark job lands each line once, or says why not; a late or changed file heals."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
from conftest import ROOT, run_module, sql_of_page

from embedded import roles
from embedded.environment import SPARK_BIN
from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from embedded.settings import WAREHOUSE_ROLES
from generator import inbox as generated
from generator.stores import REGIONS, Chain
from generator.stores import weeks as weeks_of
from sources.stores import inbox
from tests.live_parts import needs_java
from tests.ports import free_port

SUBMIT = SPARK_BIN / "spark-submit"
LOG_SETTINGS = ROOT / "sources" / "spark" / "log4j2.properties"
pytestmark = [
    # A session takes half a minute to start on a busy machine.
    pytest.mark.timeout(900),
    needs_java,
    pytest.mark.skipif(not SUBMIT.exists(), reason="Spark is not installed: 'make setup-spark'"),
]
# Whatever is waited for is there after so many seconds even on a busy machine, or never.
PATIENCE = 240
# What is committed outlives a kill.
SETTINGS = {**THROW_AWAY_SETTINGS, "synchronous_commit": "on"}

SALES = "sale_id,customer_id,product_id,quantity,sale_date,sale_amount,region\n"
CLIENTS = "customer_id,first_name,last_name,birth_date,email,phone,registered_at,region\n"
PRODUCTS = "product_id,name,category,size,price\n"
FIRST, SECOND, EMPTY, WRONG = "2023-W36", "2023-W37", "2023-W38", "2023-W39"
STREAMS = ("clients", "products", "sales")


class Stores:
    """A warehouse, an inbox, and the job between them."""

    def __init__(self, server: PostgresServer, dsn: str, folder: Path) -> None:
        self.server = server
        self.dsn = dsn
        self.inbox = folder / "inbox"

    def ask(self, statement: str, *values: object) -> list[tuple]:
        """Run a statement as superuser."""
        with contextlib.closing(psycopg2.connect(self.server.dsn("tshop"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

    def put(self, week: str, region: str, **files: str) -> None:
        """Put files into the inbox, by their names without the ending."""
        folder = self.inbox / week / region
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_bytes(text.encode("utf-8", "surrogateescape"))

    def start(
        self, weeks: str, region: str = "North", dsn: str | None = None, submit: bool = True, *more: str
    ) -> subprocess.Popen:
        """Start the job, by spark-submit as Airflow does; or by Python, where it does not come as far as Spark."""
        options = f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile={LOG_SETTINGS}"
        submitted = (SUBMIT, "--master", "local[2]", "--driver-memory", "1g", "--driver-java-options", options)
        program = submitted if submit else (SPARK_BIN / "python",)
        return subprocess.Popen(
            [
                *(*program, ROOT / "sources" / "stores" / "clean.py"),
                *("--inbox", self.inbox, "--region", region, "--weeks", weeks, *more),
            ],
            env={
                **os.environ,
                "WAREHOUSE_STORES_DSN": self.dsn if dsn is None else dsn,
                "PYSPARK_PYTHON": str(SPARK_BIN / "python"),
                "SPARK_LOCAL_IP": "127.0.0.1",
                # Times do not depend on the machine's zone.
                "TZ": "Asia/Tokyo",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def clean(
        self, weeks: str, region: str = "North", dsn: str | None = None, submit: bool = True, *more: str
    ) -> subprocess.CompletedProcess:
        """Run the job to its end."""
        with self.start(weeks, region, dsn, submit, *more) as job:
            output, errors = job.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(job.args, job.returncode, output, errors)

    def apply(self) -> None:
        """Bring into raw what has landed."""
        for stream in STREAMS:
            self.ask(f"CALL raw.apply_documents('stores.{stream}')")

    def state(self) -> list[tuple]:
        """Return all that landing and raw hold of the stores, but the clock."""
        return self.ask(
            "SELECT 'document', (stream, partition, position, key, body)::text FROM landing.document"
            " UNION ALL SELECT 'file', (f.*)::text FROM landing.file AS f"
            " UNION ALL SELECT 'refused', (stream, week, region, line_no, key, line, reason)::text"
            " FROM landing.refused_line UNION ALL SELECT 'order', (o.*)::text FROM raw.sales_order AS o"
            " UNION ALL SELECT 'sale', (s.*)::text FROM raw.sale AS s"
            " UNION ALL SELECT 'client', (c.*)::text FROM raw.client AS c ORDER BY 1, 2"
        )

    def sales(self, week: str) -> list[tuple]:
        """Return what raw holds of a week's sales."""
        begin, end = inbox.bounds(week)
        return self.ask(
            "SELECT s.sale_id - 3000000000000, s.client_id - 3000000000000, s.product_id - 3000000000000, s.quantity,"
            " s.sold_at, s.amount, o.region, o.total_amount, o.status, o.channel, o.client_id = s.client_id,"
            " o.delivered_at = s.sold_at, s.updated_at FROM raw.sale AS s JOIN raw.sales_order AS o USING (order_id)"
            " WHERE NOT s.is_deleted AND NOT o.is_deleted AND s.sold_at >= %s AND s.sold_at < %s ORDER BY 1",
            begin,
            end,
        )


@pytest.fixture(scope="module")
def stores(scratch: Path) -> Iterator[Stores]:
    """A warehouse on a server of its own, and an empty inbox."""
    server = PostgresServer(scratch / "stores-postgres", free_port(), secrets.token_urlsafe(16), settings=SETTINGS)
    server.start()
    roles.set_up(server, "tshop", dict.fromkeys(WAREHOUSE_ROLES.values(), server.password))
    answer = run_module("migrations", WAREHOUSE_DSN=server.dsn("tshop", WAREHOUSE_ROLES["owner"]))
    assert answer.returncode == 0, answer.stderr
    with contextlib.closing(psycopg2.connect(server.dsn("tshop"))) as connection, connection.cursor() as cursor:
        # A job has one connection at a time, however many weeks it lands.
        cursor.execute(f"ALTER ROLE {WAREHOUSE_ROLES['stores']} CONNECTION LIMIT 1")
        connection.commit()
    folder = scratch / "stores"
    folder.mkdir()
    yield Stores(server, server.dsn("tshop", WAREHOUSE_ROLES["stores"]), folder)
    server.stop("immediate")


# --- what becomes of a line -----------------------------------------------------------------------------------------

LANDED, EXACT, NEAR = "landed", "exact", "near"
FIELDS, WEEK, OTHER = "has not 7 fields", "sale_date is not of this week", "a later line has other values"
NO_TEXT = "the line is no text in UTF-8"
# Lines of a file of North and 2023-W36, and what becomes of each: what raw holds of it, or why it holds nothing.
SALE_LINES = [
    ('1,5,7,2,2023-09-05 10:00:00,"1\u00a0234,50",North', (5, 7, 2, "2023-09-05 10:00", "1234.50")),
    ("2,5,7,1.0,05.09.2023 10:00,100,NORTH", EXACT),
    (" 2 ,5, 7,1.0 ,\u00a005.09.2023 10:00,100 ,NORTH", (5, 7, 1, "2023-09-05 10:00", "100.00")),
    ('3,5.0,7,"3,0",2023-09-04T00:00:00+03:00,"1,234.56",north', (5, 7, 3, "2023-09-04 00:00", "1234.56")),
    ('4,,7,1,2023-09-10 23:59:59,"1.234,5",North', (None, 7, 1, "2023-09-10 23:59:59", "1234.50")),
    ("5,5,7,1,2023-09-03T21:00:00Z,0,North", (5, 7, 1, "2023-09-04 00:00", "0.00")),
    ("6,5,7,1,2023-09-06 12:00:00,50.00,North", NEAR),
    ('006,5,7,1,06.09.2023 12:00:00,"50,00",north', (5, 7, 1, "2023-09-06 12:00", "50.00")),
    ("8,5,7,2,2023-09-06 12:00,100.0,North", NEAR),
    ("8,5,7,1,2023-09-06 12:00:00,50.00,North", OTHER),
    ("8,5,7,2,2023-09-06 12:00:00,100.00,North", (5, 7, 2, "2023-09-06 12:00", "100.00")),
    ('"9","5","7","1","2023-09-06 12:00:00","1","North"', (5, 7, 1, "2023-09-06 12:00", "1.00")),
    ("x,5,7,1,2023-09-05 10:00:00,1,North", "sale_id is no whole number"),
    ("1234567890123,5,7,1,2023-09-05 10:00:00,1,North", "sale_id is no whole number"),
    ("20,card,7,1,2023-09-05 10:00:00,1,North", "customer_id is no whole number"),
    ("21,5,,1,2023-09-05 10:00:00,1,North", "product_id is no whole number"),
    ("22,5,7,0,2023-09-05 10:00:00,1,North", "quantity is no whole number above 0"),
    ("23,5,7,1.5,2023-09-05 10:00:00,1,North", "quantity is no whole number above 0"),
    ("24,5,7,1,31.09.2023 10:00,1,North", "sale_date is no time"),
    ("25,5,7,1,2023-09-05,1,North", "sale_date is no time"),
    ('26,5,7,1,2023-09-05 10:00:00,"1,234",North', "sale_amount is no amount"),
    ("27,5,7,1,2023-09-05 10:00:00,-5,North", "sale_amount is no amount"),
    ("37,5,7,1,2023-09-05 10:00:00,12 50,North", "sale_amount is no amount"),
    ("38,5,7,1,2023-09-05 10:00:00,1.299,North", "sale_amount is no amount"),
    ("28,5,7,1,2023-09-05 10:00:00,1,South", "region is not the folder's"),
    ("29,5,7,1,2023-09-11 00:00:00,1,North", WEEK),
    ("30,5,7,1,2023-09-03 23:59:59,1,North", WEEK),
    ("31,5,7,1,2023-09-05 10:00:00,1", FIELDS),
    ("32,5,7,1,2023-09-05 10:00:00,1,North,", FIELDS),
    ('"33,5,7,1,2023-09-05 10:00:00,1,North', FIELDS),
    ("34,5,7,1,2023-09-05 10:00:00,1,North,", EXACT),
    ("34,5,7,1,2023-09-05 10:00:00,1,North, ", FIELDS),
    ("35,5,7,1,2023-09-05 10:00:00,1,No\udcffrth", NO_TEXT),
    ("36,5,7,1,2023-09-05 10:00:00,1,North\0", NO_TEXT),
    # The reason is the first thing that is wrong.
    ("x,card,,0,,,", "sale_id is no whole number"),
]
CLIENT_LINES = [
    ('5,Анна,"Орлова, мл.",05.05.1990,a@example.com,+79,2023-09-05 11:00,North', LANDED),
    ("6,,,,,,,North", LANDED),
    ("7,Иван,Петров,1980-02-30,,,,North", "birth_date is no date"),
    ("8,Иван,Петров,1980-02-28,,,soon,North", "registered_at is no time"),
    ("none,Иван,Петров,1980-02-28,,,,North", "customer_id is no whole number"),
    ("9,Иван,Петров,1980-02-28,,,,Abroad", "region is not the folder's"),
    ("10,Иван", "has not 8 fields"),
]
PRODUCT_LINES = [
    ('7,"Футболка ""Север"", белая",Футболки,M,"1\u00a0709,00"', LANDED),
    ("8,,,,", LANDED),
    ("9,Юбка,Юбки,M,much", "price is no amount"),
    ("x,Юбка,Юбки,M,1", "product_id is no whole number"),
]
SECOND_SALES = "\ufeff" + SALES.replace("\n", "\r\n") + "100,5,7,1,2023-09-12 10:00:00,1,North\r\n\r\n"


def text_of(header: str, lines: list[tuple]) -> str:
    """Return a file of lines, with a blank one among them."""
    first, *others = [line for line, _ in lines]
    return header + "\n".join([first, "   ", *others]) + "\n"


@pytest.fixture(scope="module")
def landed(stores: Stores) -> subprocess.CompletedProcess:
    """The job's answer, once it has landed files with each kind of line, and others."""
    stores.put(
        FIRST,
        "North",
        sales=text_of(SALES, SALE_LINES),
        clients=text_of(CLIENTS, CLIENT_LINES),
        products=text_of(PRODUCTS, PRODUCT_LINES),
    )
    stores.put(SECOND, "North", sales=SECOND_SALES)
    stores.put(EMPTY, "North", sales=SALES, clients=CLIENTS + "x,,,,,,,North\n")
    stores.put(WRONG, "North", sales=SALES.replace("sale_id", "id") + "1,5,7,1,2023-09-27 10:00:00,1,North\n")
    stores.put(FIRST, "South", sales=SALES)
    answer = stores.clean(",".join((FIRST, SECOND, EMPTY, WRONG)))
    stores.apply()
    return answer


def test_a_file_with_another_header_is_refused_and_stops_no_other(stores, landed):
    assert landed.returncode == 2, landed.stderr[-3000:]
    path = stores.inbox / WRONG / "North" / "sales.csv"
    assert landed.stdout.splitlines()[-1] == (
        f"Error: {path} does not begin with the line {SALES.strip()}: it is not landed."
    )
    assert stores.ask("SELECT DISTINCT week FROM landing.file ORDER BY week") == [(FIRST,), (SECOND,), (EMPTY,)]
    assert stores.ask("SELECT DISTINCT region FROM landing.file") == [("North",)]


def test_each_line_is_landed_or_its_fate_is_known(stores, landed):
    assert f"{FIRST} North stores.sales: 35 lines, 2 exact and 2 near duplicates, 23 refused" in landed.stdout
    for stream, lines in (("sales", SALE_LINES), ("clients", CLIENT_LINES), ("products", PRODUCT_LINES)):
        # The header is line 1, the blank line 3.
        numbered = [(2 if number == 0 else number + 3, *line) for number, line in enumerate(lines)]
        refused = [
            (number, line.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", ""), fate)
            for number, line, fate in numbered
            if isinstance(fate, str) and fate not in (LANDED, EXACT, NEAR)
        ]
        found = stores.ask(
            "SELECT line_no, line, reason FROM landing.refused_line WHERE (stream, week) = (%s, %s) ORDER BY line_no",
            f"stores.{stream}",
            FIRST,
        )
        assert found == refused
        counts = [
            len(lines),
            sum(fate == EXACT for _, fate in lines),
            sum(fate == NEAR for _, fate in lines),
            len(refused),
            sum(fate == LANDED or isinstance(fate, tuple) for _, fate in lines),
        ]
        found = stores.ask(
            "SELECT lines, exact_duplicates, near_duplicates, refused, landed, version, deleted FROM landing.file"
            " WHERE (stream, week) = (%s, %s)",
            f"stores.{stream}",
            FIRST,
        )
        assert found == [(*counts, 1, 0)]
    keys = stores.ask("SELECT key FROM landing.refused_line WHERE stream = 'stores.clients' AND week = %s", FIRST)
    assert sorted(keys, key=str) == [("7",), ("8",), ("9",), (None,), (None,)]
    for name in ("refused lines", "files of a week"):
        assert stores.ask(sql_of_page("stores.md", name))


def test_what_is_landed_is_in_raw(stores, landed):
    end = inbox.bounds(FIRST)[1]
    expected = []
    for line, fate in SALE_LINES:
        if isinstance(fate, tuple):
            client, product, quantity, sold_at, amount = fate
            at = datetime.fromisoformat(sold_at).replace(tzinfo=inbox.ZONE)
            key = int(line.split(",")[0].strip('" '))
            same = None if client is None else True
            money = Decimal(amount)
            order = ("North", money, "Completed", "store", same, True, end)
            expected.append((key, client, product, quantity, at, money, *order))
    assert stores.sales(FIRST) == sorted(expected)
    assert [row[0] for row in stores.sales(SECOND)] == [100]
    registered = datetime(2023, 9, 5, 11, tzinfo=inbox.ZONE)
    assert stores.ask(
        "SELECT client_id - 3000000000000, first_name, last_name, birth_date::text, email, phone,"
        " registered_at, region, updated_at FROM raw.client ORDER BY 1"
    ) == [
        (5, "Анна", "Орлова, мл.", "1990-05-05", "a@example.com", "+79", registered, "North", end),
        (6, None, None, None, None, None, None, "North", end),
    ]
    assert stores.ask("SELECT product_id - 3000000000000, name, size, price FROM raw.product ORDER BY 1") == [
        (7, 'Футболка "Север", белая', "M", Decimal("1709.00")),
        (8, None, None, None),
    ]
    assert stores.ask("SELECT sum(quantity), sum(amount) FROM landing.file WHERE stream = 'stores.sales'") == [
        (sum(row[3] for row in expected) + 1, sum(row[5] for row in expected) + 1)
    ]
    assert stores.ask("SELECT count(*) FROM landing.rejected_document") == [(0,)]


def test_a_file_without_a_good_line_is_landed_too(stores, landed):
    found = stores.ask("SELECT stream, lines, refused, landed FROM landing.file WHERE week = %s ORDER BY 1", EMPTY)
    assert found == [("stores.clients", 1, 1, 0), ("stores.sales", 0, 0, 0)]


def test_the_same_files_are_not_landed_again(stores, landed):
    before = stores.state()
    answer = stores.clean(",".join((FIRST, SECOND, EMPTY)))
    assert (answer.returncode, answer.stdout) == (0, "North: no file is new.\n"), answer.stderr
    stores.apply()
    assert stores.state() == before


# --- what becomes of a file that has changed --------------------------------------------------------------------------


class Held:
    """Somebody holds the partition of a region's sales: a job that lands them waits."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.connection = psycopg2.connect(stores.server.dsn("tshop"))

    def __enter__(self) -> "Held":
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT landing.begin_landing('stores.sales', 0, 'files')")
        return self

    def until_the_job_waits(self, job: subprocess.Popen) -> None:
        """Return when a job waits, which has read the files."""
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tshop_stores' AND wait_event_type = 'Lock'"
        end = time.monotonic() + PATIENCE
        while not self.stores.ask(waiting)[0][0]:
            assert job.poll() is None, job.stdout.read()
            assert time.monotonic() < end, "The job does not wait"
            time.sleep(0.1)

    def __exit__(self, *_exception: object) -> None:
        self.connection.close()


def corrected(stores: Stores) -> str:
    """Return FIRST's sales without sale 1, with another amount of 2, with 9 as nobody can read it, and a new one."""
    lines = [line for line, _ in SALE_LINES if not line.startswith(("1,", "2,", " 2", '"9"'))]
    lines += ["2,5,7,1,05.09.2023 10:00,101,North", "50,6,7,1,2023-09-07 10:00,7,North"]
    lines += ["9,5,7,1,2023-09-06 12:00:00,one,North"]
    return SALES + "\n".join(lines) + "\n"


def test_whatever_happens_to_the_job_a_week_is_landed_whole_or_not_at_all(stores, landed):
    stores.put(FIRST, "North", sales=corrected(stores), products=PRODUCTS + "7,Майка,Майки,M,1\n")
    before = stores.state()
    with Held(stores) as held:
        # Killed in the middle of its transaction: the products are written, the sales are not.
        job = stores.start(FIRST)
        held.until_the_job_waits(job)
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    assert stores.state() == before
    with Held(stores) as held:
        job = stores.start(FIRST)
        held.until_the_job_waits(job)
        stores.put(FIRST, "North", sales=corrected(stores) + "51,6,7,1,2023-09-07 10:00,7,North\n")
        held.connection.close()
        output, _ = job.communicate(timeout=PATIENCE)
    path = stores.inbox / FIRST / "North" / "sales.csv"
    assert output.splitlines()[-1] == f"Error: {FIRST}: {path} was changed while it was read: try again."
    assert job.returncode == 1
    assert stores.state() == before
    stores.put(FIRST, "North", sales=corrected(stores))


def test_a_changed_file_heals(stores, landed):
    stores.put(FIRST, "North", sales=corrected(stores), products=PRODUCTS + "7,Майка,Майки,M,1\n")
    known, others = stores.sales(FIRST), stores.sales(SECOND)
    answer = stores.clean(",".join((FIRST, SECOND)))
    assert answer.returncode == 0, answer.stdout + answer.stderr[-3000:]
    assert f"{FIRST} North stores.sales:" in answer.stdout
    # Nothing else was landed.
    assert len(answer.stdout.splitlines()) == 2
    stores.apply()
    healed = {row[0]: row for row in stores.sales(FIRST)}
    assert healed.keys() == {row[0] for row in known} - {1} | {50}
    assert healed[2][5] == Decimal("101.00")
    # What the corrected file says counts from when it was landed, and of what it cannot say all is as it was.
    end = inbox.bounds(FIRST)[1]
    (later,) = {row[-1] for key, row in healed.items() if key != 9}
    assert end + timedelta(days=1) < later < datetime.now(inbox.ZONE)
    assert healed[9] == next(row for row in known if row[0] == 9)
    unchanged = {row[:-1] for row in known} & {row[:-1] for row in healed.values()}
    assert {row[0] for row in unchanged} == healed.keys() - {2, 50}
    assert stores.sales(SECOND) == others
    assert stores.ask(
        "SELECT version, deleted FROM landing.file WHERE (stream, week) = ('stores.sales', %s)", FIRST
    ) == [(2, 1)]
    assert stores.ask("SELECT is_deleted, updated_at FROM raw.sale WHERE sale_id = 3000000000001") == [(True, later)]
    assert stores.ask("SELECT name FROM raw.product WHERE product_id = 3000000000007") == [("Майка",)]
    for procedure in ("dds.load_sale()", "dds.load_sales_order()", "raw.audit_documents()"):
        stores.ask(f"CALL {procedure}")


def test_a_sale_that_moves_from_week_to_week_is_in_the_one_that_was_corrected_last(stores, landed):
    first, second = inbox.bounds(FIRST)[0], inbox.bounds(SECOND)[0]
    files = {
        week: (stores.inbox / week / "North" / "sales.csv").read_bytes().decode("utf-8", "surrogateescape")
        for week in (FIRST, SECOND)
    }
    stores.put(FIRST, "North", sales=files[FIRST] + "100,5,7,1,2023-09-06 10:00:00,1,North\n")
    stores.put(SECOND, "North", sales=SALES + "101,5,7,1,2023-09-13 10:00:00,1,North\n")
    where = "SELECT sold_at, is_deleted FROM raw.sale WHERE sale_id = 3000000000100"
    # Both in one job, which lands the week that has the sale before the week that lacks it.
    answer = stores.clean(f"{FIRST},{SECOND}")
    assert answer.returncode == 0, answer.stdout + answer.stderr[-3000:]
    stores.apply()
    assert stores.ask(where) == [(first + timedelta(days=2, hours=10), False)]
    stores.put(FIRST, "North", sales=files[FIRST])
    stores.put(SECOND, "North", sales=files[SECOND])
    answer = stores.clean(f"{FIRST},{SECOND}")
    assert answer.returncode == 0, answer.stdout + answer.stderr[-3000:]
    stores.apply()
    assert stores.ask(where) == [(second + timedelta(days=1, hours=10), False)]
    assert stores.ask("SELECT is_deleted FROM raw.sale WHERE sale_id = 3000000000101") == [(True,)]
    for procedure in ("dds.load_sale()", "dds.load_sales_order()", "raw.audit_documents()"):
        stores.ask(f"CALL {procedure}")


def test_a_file_that_would_overwrite_another_regions_sales_is_refused(stores, landed):
    stores.put(SECOND, "South", sales=SALES + "100,5,7,1,2023-09-12 10:00:00,1,South\n")
    before = stores.state()
    answer = stores.clean(SECOND, "South")
    assert answer.returncode == 2, answer.stderr[-3000:]
    assert answer.stdout.splitlines()[-1].startswith(
        f"Error: {SECOND}: 1 sale of South would overwrite another region's, for example 100 of North: nothing"
    )
    assert stores.state() == before


def test_a_corrected_file_that_lacks_far_too_many_sales_is_refused_until_it_is_accepted(stores, landed):
    week, lines = "2023-W40", [f"{number},5,7,1,2023-10-03 10:00:00,1,North\n" for number in range(200, 220)]
    stores.put(week, "North", sales=SALES + "".join(lines))
    assert stores.clean(week).returncode == 0
    stores.apply()
    stores.put(week, "North", sales=SALES)
    before = stores.state()
    answer = stores.clean(week)
    assert answer.returncode == 2, answer.stderr[-3000:]
    path = stores.inbox / week / "North" / "sales.csv"
    assert answer.stdout.splitlines()[-1].startswith(
        f"Error: {week}: the corrected {path} lacks 20 of the 20 sales that were known: nothing of the week is landed."
    )
    assert stores.state() == before
    assert stores.clean(week, "North", None, True, "--accept-deletions").returncode == 0
    stores.apply()
    assert stores.sales(week) == []


# --- the generator's files, and those that come late ------------------------------------------------------------------

SIZE = ("--to", "2024-02-11", "--sales", "5000", "--clients-first", "500", "--clients-last", "900", "--products", "40")


def compare(stores: Stores, manifest: dict) -> None:
    """Compare what East has sent with the manifest: each file, and what raw holds."""
    files = {
        (f"stores.{file['file'].removesuffix('.csv')}", file["week"]): file
        for file in manifest["files"]
        if file["region"] == "East" and not file["is_missing"]
    }
    counts = ("lines", "exact_duplicates", "near_duplicates", "landed", "quantity", "amount")
    found = stores.ask(f"SELECT stream, week, {', '.join(counts)} FROM landing.file WHERE region = 'East'")
    assert {row[:2]: row[2:] for row in found} == {
        place: tuple(
            Decimal(value) if isinstance(value, str) else value for value in (file.get(count) for count in counts)
        )
        for place, file in files.items()
    }
    refused = stores.ask(
        "SELECT stream, week, reason, count(*)::int FROM landing.refused_line WHERE region = 'East' GROUP BY 1, 2, 3"
    )
    assert sorted(refused) == sorted(
        (*place, reason, number) for place, file in files.items() for reason, number in file["refused"].items()
    )
    stores.apply()
    total = manifest["regions"]["East"]
    assert stores.ask(
        "SELECT count(*), sum(s.quantity), sum(s.amount) FROM raw.sale AS s JOIN raw.sales_order AS o USING (order_id)"
        " WHERE o.region = 'East' AND o.channel = 'store'"
    ) == [(total["sales.csv"]["landed"], total["sales.csv"]["quantity"], Decimal(total["sales.csv"]["amount"]))]
    assert stores.ask("SELECT count(*) FROM raw.client WHERE region = 'East'") == [(total["clients.csv"]["landed"],)]
    assert stores.ask("SELECT count(*) FROM landing.rejected_document") == [(0,)]


def test_control_totals_are_the_manifests_also_when_files_come_late(stores, tmp_path):
    inbox_of_year = Stores(stores.server, stores.dsn, tmp_path)
    # Its ids are those of the files before.
    stores.ask("TRUNCATE landing.document, landing.position, landing.file, landing.refused_line")
    for table in ("sale", "sales_order", "client", "product"):
        stores.ask(f"DELETE FROM raw.{table}")

    def generate(*arguments: str) -> dict:
        answer = run_module(
            *("generator", "stores", "--inbox", str(inbox_of_year.inbox), *SIZE),
            *("--manifest", str(tmp_path / "manifest.json"), *arguments),
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads((tmp_path / "manifest.json").read_text())

    manifest = generate()
    weeks = [week.name for week in weeks_of(Chain(last=date(2024, 2, 11)))]
    missing = [week for week in weeks if "East" in inbox.missing(inbox_of_year.inbox, {}, week)]
    assert missing == ["2024-W02", "2024-W03", "2024-W04", "2024-W05"]
    answer = inbox_of_year.clean(",".join(weeks), "East")
    assert answer.returncode == 0, answer.stdout + answer.stderr[-3000:]
    compare(inbox_of_year, manifest)
    manifest = generate("--late")
    landed_before = {tuple(row) for row in stores.ask("SELECT stream, week, region FROM landing.file")}
    answer = inbox_of_year.clean(",".join(weeks), "East")
    assert answer.returncode == 0, answer.stdout + answer.stderr[-3000:]
    said = {line.split()[0] for line in answer.stdout.splitlines()}
    assert said == set(missing)
    assert {week for _, week, region in landed_before if region == "East"} == set(weeks) - said
    compare(inbox_of_year, manifest)


# --- what is said of what cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ((FIRST, "Abroad"), 2, "There is no region 'Abroad': give one of North, South, East, West."),
        (("2023-36",), 2, "'2023-36' is no week: write it as 2023-W35."),
        ((FIRST, "North", ""), 2, "WAREHOUSE_STORES_DSN is not set: give the warehouse's libpq URI as the role "),
        ((FIRST, "North", "postgresql://127.0.0.1:1/none"), 1, "The warehouse: connection to server at"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(stores, arguments, status, sentence):
    answer = stores.clean(*arguments, submit=False)
    assert answer.returncode == status
    assert answer.stdout.splitlines()[-1].startswith(f"Error: {sentence}")
    assert len(answer.stdout.splitlines()) == 1


def test_the_generator_and_the_job_have_the_same_words():
    assert {name: ",".join(columns) + "\n" for name, columns in generated.HEADERS.items()} == {
        generated.SALES: SALES,
        generated.CLIENTS: CLIENTS,
        generated.PRODUCTS: PRODUCTS,
    }
    assert tuple(inbox.REGIONS) == REGIONS
    assert tuple(inbox.STREAMS) == (generated.CLIENTS, generated.PRODUCTS, generated.SALES)
