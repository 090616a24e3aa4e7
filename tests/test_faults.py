"""Kill -9, again and again: after each kill the next run ends with a clean audit, and all equals what it must be.

Everything is real: the embedded PostgreSQL and ClickHouse under supervisord, which starts again what was killed, and
the files of SQL that the DAG runs, in its order and as its roles. Between the kills the generator writes its next days,
and this module late, tied, repeated, deleted, revived and bad rows; what dds and the mart must then hold is said by the
reference model, and what raw must hold by what was committed.

TSHOP_KILLS says how many kills there are (default: a few). TSHOP_AIRFLOW_KILLS says how often a task of a real run of
the DAG, or the scheduler itself, is killed (default: never, since Airflow takes minutes). TSHOP_SEED sets the random
choices, which are printed: the same seed chooses the same victims, steps and moments.
"""

import contextlib
import io
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import psycopg2
import pytest

from clickhouse.definitions import pending
from clickhouse.files import statements_of
from embedded import main_job, stack
from embedded.airflow_api import FINISHED, AirflowApi
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import AIRFLOW_DATABASE, ROOT, ClickHouseAddress, Settings
from generator.__main__ import main as generate
from tests import tally
from tests.ports import free_port
from tests.reference_model import COLUMNS, CURRENT_MART, Row, Warehouse

KILLS = int(os.environ.get("TSHOP_KILLS", "5"))
AIRFLOW_KILLS = int(os.environ.get("TSHOP_AIRFLOW_KILLS", "0"))
SEED = int(os.environ.get("TSHOP_SEED") or random.randrange(10**6))
OPENED = date(2024, 6, 6)
SHOP = ("--clients", "1500", "--products", "60", "--opened", str(OPENED), "--quiet")
# Of a version in the mart, as text; the sums to the kopeck.
VERSION = (
    *("sale_id", "version_no", "order_id", "client_id", "client_sk", "client", "product_id", "product_sk", "product"),
    *("category", "size", "quantity", "is_current", "run_id"),
)
# What is raised where the other side dies.
CUT_OFF = (psycopg2.OperationalError, psycopg2.InterfaceError, httpx.HTTPError)


class Step(NamedTuple):
    """A task of the DAG: the call it makes, or the files of clickhouse/ it runs; `again` where it is retried."""

    name: str
    files: tuple[Path, ...] = ()
    again: tuple[Path, ...] = ()
    call: str = ""

    @property
    def in_clickhouse(self) -> bool:
        """Whether it runs in ClickHouse."""
        return not self.call


def _step(name: str, *files: str, again: tuple[str, ...] = ()) -> Step:
    paths = tuple(ROOT / file for file in files)
    return Step(name, paths, tuple(ROOT / file for file in again) or paths)


STEPS = (
    _step("prepare_clickhouse", *(str(file) for file in sorted((ROOT / "clickhouse" / "ddl").glob("*.sql")))),
    *(Step(f"load_{entity}", call=f"CALL dds.load_{entity}()") for entity in ("client", "product", "sale")),
    Step("build_mart", call="CALL cdm.build_mart()"),
    Step("audit", call="CALL sl.audit(p_full => false)"),
    _step("pull", "clickhouse/pull.sql"),
    _step("reconcile", "clickhouse/reconcile.sql", again=("clickhouse/pull.sql", "clickhouse/reconcile.sql")),
    _step("publish", "clickhouse/publish.sql"),
)
# The first step of those that move data.
LOADING = "load_client"


class Kill(NamedTuple):
    """Whom to kill, in which step, and when: as a share of the time the step took before."""

    victim: str
    step: str
    share: float


class Attacked:
    """A stack with a small shop in it, whose raw layer is known row by row."""

    def __init__(self, running: stack.Stack) -> None:
        self.stack = running
        self.settings = running.settings
        self.model = Warehouse()
        self.raw: dict[str, dict[int, Row]] = {entity: {} for entity in COLUMNS}
        # Rows that no load has processed yet, and the last run of each entity's load that is known.
        self.pending: dict[str, list[Row]] = {entity: [] for entity in COLUMNS}
        self.last_run: dict[str, int] = dict.fromkeys(COLUMNS, 0)
        self.day = OPENED
        self.seconds: dict[str, float] = {step.name: 0.5 for step in STEPS}
        self.backend: int | None = None
        self.story: list[str] = [f"seed {SEED}"]

    # --- the sources ------------------------------------------------------------------------------------------------

    def generate_day(self) -> None:
        """Let the generator write its next day."""
        output = io.StringIO()
        with contextlib.redirect_stderr(output):
            status = generate(["--from", str(self.day), *SHOP, "--dsn", self.settings.warehouse_dsn_of("loader")])
        assert status == 0, output.getvalue()
        self.day += timedelta(days=1)
        self.look_at_raw()

    def change_rows(self, chance: random.Random, most: int = 40) -> None:
        """Write late, tied, repeated, deleted, revived and bad rows of keys that are there."""
        with self.connection("loader") as connection, connection.cursor() as cursor:
            for _ in range(chance.randint(1, most)):
                entity = chance.choice(list(COLUMNS))
                row = changed(entity, chance.choice(list(self.raw[entity].values())), chance)
                assignments = ", ".join(f"{name} = %s" for name in (*COLUMNS[entity], "updated_at", "is_deleted"))
                cursor.execute(
                    f"UPDATE raw.{entity} SET {assignments} WHERE {entity}_id = %s",
                    (*row.state, row.updated_at, row.is_deleted, row.key),
                )
                if chance.random() < 0.2:
                    connection.commit()
                    # What the next statements overwrite is a state, too.
                    self.look_at_raw()
            connection.commit()
        self.look_at_raw()

    def look_at_raw(self) -> None:
        """Take note of what the sources have committed, for the next load to process."""
        for entity, rows in self.read_raw().items():
            for key, row in rows.items():
                if self.raw[entity].get(key) != row:
                    self.pending[entity].append(row)
            self.raw[entity] = rows

    def read_raw(self) -> dict[str, dict[int, Row]]:
        """Return all rows of raw."""
        found = {}
        for entity, columns in COLUMNS.items():
            rows = self.ask(f"SELECT {entity}_id, {', '.join(columns)}, updated_at, is_deleted FROM raw.{entity}")
            found[entity] = {row[0]: Row(row[0], row[1:-2], row[-2], row[-1]) for row in rows}
        return found

    # --- the warehouse ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def connection(self, role: str, autocommit: bool = False) -> Iterator[psycopg2.extensions.connection]:
        """Connect to the warehouse."""
        connection = psycopg2.connect(self.settings.warehouse_dsn_of(role))
        with contextlib.closing(connection):
            connection.autocommit = autocommit
            yield connection

    def ask(self, statement: str) -> list[tuple]:
        """Return the rows of a statement in the warehouse, run as its owner."""
        with self.connection("owner", autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def clickhouse(self, statement: str) -> str:
        """Return what ClickHouse answers to a statement."""
        address = ClickHouseAddress.parse(self.settings.clickhouse_url)
        url = f"http://{address.host}:{address.port}/"
        answer = httpx.post(url, content=statement, auth=(address.user, address.password), timeout=120)
        if answer.status_code != 200:
            raise httpx.HTTPError(f"{statement[:60]}: {answer.text[:2000]}")
        return answer.text

    def rows_of_clickhouse(self, query: str) -> list[list]:
        """Return the rows of a query in ClickHouse."""
        return [json.loads(line) for line in self.clickhouse(f"{query} FORMAT JSONCompactEachRow").splitlines()]

    def do(self, step: Step, is_retry: bool = False, begun: Callable[[], None] = lambda: None) -> None:
        """Run a step as its task does; `begun` is called when its first statement is about to run."""
        files = step.again if is_retry else step.files
        started = time.monotonic()
        if step.name == "prepare_clickhouse":
            begun()
            for _file, statement in pending(self.rows_of_clickhouse):
                self.clickhouse(statement)
        elif step.in_clickhouse:
            begun()
            for statement in statements_of(*files):
                self.clickhouse(statement)
        else:
            with self.connection("etl", autocommit=True) as connection, connection.cursor() as cursor:
                self.backend = connection.info.backend_pid
                begun()
                cursor.execute(step.call)
        self.seconds[step.name] = time.monotonic() - started

    def run(self, kill: Kill | None = None, first: str | None = None) -> str | None:
        """Run all steps in order, from the one named `first` on, which is a retry then; kill as told.

        Returns:
            The name of the step that was cut off, None where all were done.
        """
        names = [step.name for step in STEPS]
        for step in STEPS[names.index(first) if first else 0 :]:
            killer = threading.Thread(target=self.strike, args=(kill,)) if kill and kill.step == step.name else None
            try:
                self.do(step, step.name == first, killer.start if killer else lambda: None)
            except CUT_OFF as error:
                if kill is None:
                    raise AssertionError(f"{step.name} failed though nothing was killed: {error}") from error
                return step.name
            finally:
                if killer and killer.ident:
                    killer.join()
        return None

    # --- the killer -------------------------------------------------------------------------------------------------

    def strike(self, kill: Kill) -> None:
        """Wait for the moment, and kill the victim; once it is gone, its parent has seen its death, and acts on it."""
        time.sleep(kill.share * self.seconds[kill.step])
        if kill.victim == "server":
            self.stack.postgres.kill()
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            for victim in map(psutil.Process, self.victims(kill)):
                victim.kill()
                victim.wait(60)

    def victims(self, kill: Kill) -> list[int]:
        """Return the processes that a kill is meant for: none where they ended by themselves."""
        if kill.victim == "endpoint":
            return [pid for pid in (self.stack.pid(stack.CLICKHOUSE),) if pid]
        if kill.victim == "postmaster":
            return [pid for pid in (self.stack.postgres.pid(),) if pid]
        if not next(step for step in STEPS if step.name == kill.step).in_clickhouse:
            return [self.backend]
        # The title of a backend tells whose it is.
        children = psutil.Process(self.stack.postgres.pid()).children()
        return [child.pid for child in children if "tshop_reader" in " ".join(child.cmdline())][:1]

    def recover(self) -> None:
        """Wait until supervisord has started again what was killed; what it has given up is started by hand."""
        parts = self.stack.parts

        def is_up() -> bool:
            return all(self.stack.state(part) == "RUNNING" and self.stack.health(part) == "healthy" for part in parts)

        def is_decided() -> bool:
            return is_up() or any(self.stack.state(part) == "FATAL" for part in parts)

        assert self.stack.wait_for(is_decided, 90), self.told(f"not up again: {self.stack.status()}")
        if not is_up():
            tally.add("parts started by hand")
            self.stack.start()

    # --- what must hold ---------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the model take in what loads have committed by now."""
        for entity in COLUMNS:
            ((last,),) = self.ask(
                f"SELECT coalesce(max(run_id), 0) FROM sl.run WHERE target = 'dds.{entity}' AND status = 'succeeded'"
            )
            if last > self.last_run[entity]:
                self.model.load(entity, self.pending[entity])
                self.pending[entity] = []
                self.last_run[entity] = last

    def check(self) -> None:
        """Compare raw with what was committed, dds and the mart with the model, and ClickHouse with the mart."""
        self.settle()
        with self.connection("etl", autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("CALL sl.audit()")
        assert self.read_raw() == self.raw, self.told("raw is not what was committed")
        for entity, columns in COLUMNS.items():
            versions = self.ask(
                f"SELECT {entity}_id, {', '.join(columns)}, valid_from, nullif(valid_to, 'infinity'), "
                f"coalesce(observed_at, '{{}}') FROM dds.{entity}"
            )
            versions = [(*row[:-1], tuple(row[-1])) for row in versions]
            self.equal(f"dds.{entity}", versions, list(self.model.versions(entity)))
        self.equal("the mart", self.ask(CURRENT_MART), list(self.model.mart()))
        self.equal(
            "the open rejections",
            self.ask("SELECT entity_name, entity_key, rule_name FROM sl.rejected_row WHERE resolved_run_id IS NULL"),
            [rejection[:3] for rejection in self.model.rejections()],
        )
        self.equal("unfinished runs", self.ask("SELECT run_id FROM sl.run WHERE status = 'running'"), [])

        differences = self.clickhouse("SELECT difference FROM tshop.batch_difference(held_in = 'sales_mart')")
        assert differences == "", self.told(differences)
        names = ", ".join(VERSION)
        ours = self.ask(
            f"SELECT concat_ws(E'\\t', {names}, (price * 100)::bigint, (total_amount * 100)::bigint) "
            "FROM cdm.sales_mart_export"
        )
        theirs = self.clickhouse(
            f"SELECT {names}, toInt64(price * 100), toInt64(total_amount * 100) FROM tshop.sales_mart FORMAT TSVRaw"
        )
        self.equal("tshop.sales_mart", [(line,) for line in theirs.splitlines()], ours)
        published = self.clickhouse("SELECT run_id FROM tshop.published_batch ORDER BY run_id").split()
        assert len(published) == len(set(published)), self.told(f"published twice: {published}")
        written = {str(run_id) for (run_id,) in self.ask("SELECT DISTINCT run_id FROM cdm.sales_mart")}
        assert written <= set(published), self.told(f"never published: {written - set(published)}")

    def equal(self, what: str, got: list[tuple], expected: list[tuple]) -> None:
        """Fail where two tables differ as multisets of rows."""
        got, expected = sorted(got, key=repr), sorted(expected, key=repr)
        if got != expected:
            only = [f"has {row}" for row in got if row not in expected][:5]
            only += [f"wants {row}" for row in expected if row not in got][:5]
            pytest.fail(self.told(f"{what} is not what it must be:", *only), pytrace=False)

    def told(self, *lines: str) -> str:
        """Return a failure with what led to it."""
        return "\n".join([*lines, "after", *self.story])

    def note(self, text: str) -> None:
        """Keep a line of what happens, for the log and for failures."""
        self.story.append(text)
        print(text, flush=True)


def changed(entity: str, row: Row, chance: random.Random) -> Row:
    """Return what a source makes of a row: another state, at another time or the same one."""
    values = dict(zip(COLUMNS[entity], row.state, strict=True))
    if chance.random() < 0.8:
        name, states = chance.choice(CHANGES[entity])
        values[name] = chance.choice(states)
    hours = chance.choice([0, 1, 1, 5, 30, 24 * 20, -1, -7, -24 * 20])
    is_deleted = chance.choice([True, False, False, False, None])
    return Row(row.key, tuple(values.values()), row.updated_at + timedelta(hours=hours), is_deleted)


CHANGES = {
    "client": [
        ("last_name", ["Петрова", "Иванова", " "]),
        ("birth_date", [None, date(1990, 2, 28), date(2999, 1, 1)]),
    ],
    "product": [("price", [0, 990, -1, None]), ("category", [None, "Верх"]), ("size", [None, "M"])],
    "sale": [
        ("quantity", [1, 2, 7, 0, -1, None]),
        ("client_id", [1, 2, 3, 10**9, None]),
        ("unit_price", [None, 0, 990, -1]),
        ("amount", [None, 0, 999, -1]),
        ("product_id", [1, 2, 3, None]),
        (
            "sold_at",
            [datetime.fromisoformat("2024-05-31T23:30:00+03:00"), datetime.fromisoformat("2024-06-07T12:00:00Z")],
        ),
    ],
}


@contextlib.contextmanager
def attacked(home: Path, *parts: stack.Part) -> Iterator[Attacked]:
    """A migrated stack with the shop's first days in it, published."""
    ports = {part: free_port() for part in ("postgres", "clickhouse", "airflow")}
    # What is committed has to outlive a killed server, though not a power cut.
    settings = Settings(home, ports, postgres_settings={**THROW_AWAY_SETTINGS, "synchronous_commit": "on"})
    running = stack.Stack(settings, parts)
    try:
        running.start()
        main_job.migrate(running)
        shop = Attacked(running)
        for _ in range(3):
            shop.generate_day()
        assert shop.run() is None
        shop.check()
        yield shop
    finally:
        running.stop()
        stack.remove(settings)


def chosen_kill(chance: random.Random, number: int, first: str | None) -> Kill:
    """Return a random kill in the steps from one on; the victims take turns, so that a few kills meet all of them."""
    victim = ("backend", "endpoint", "postmaster", "server")[number % 4]
    names = [step.name for step in STEPS]
    steps = [
        step.name
        for step in STEPS[names.index(first) if first else 0 :]
        # The first step asks nothing of PostgreSQL.
        if (step.in_clickhouse if victim == "endpoint" else step is not STEPS[0])
    ]
    return Kill(victim, chance.choice(steps), chance.uniform(0, 1.1))


@pytest.mark.timeout(300 + 30 * KILLS)
def test_kills_at_random_moments_lose_and_double_nothing(scratch: Path) -> None:
    with attacked(scratch / "faults", stack.POSTGRES, stack.CLICKHOUSE) as shop:
        number = 0
        while number < KILLS:
            chance = random.Random(f"{SEED}/{number}")
            if chance.random() < 0.3:
                shop.generate_day()
            # Half of them are killed again before they have got to the end, with new rows in between.
            first = chance.choice([None, LOADING])
            while True:
                shop.change_rows(chance)
                kill = chosen_kill(chance, number, first)
                number += 1
                shop.note(f"kill {number}: {kill}, from {first or 'the first step'} on")
                cut_off = shop.run(kill, first)
                first = cut_off or LOADING
                shop.recover()
                shop.settle()
                tally.add("kills")
                if cut_off:
                    tally.add("kills that cut off a step")
                    shop.note(f"  {cut_off} was cut off")
                if chance.random() < 0.5 or number == KILLS:
                    break
            # The task is retried, as Airflow does it, or a new run begins.
            if cut_off and chance.random() < 0.5:
                shop.note(f"retry of {first}")
                assert shop.run(first=first) is None
                shop.check()
            # What came in after the loads of the run that was cut off is the next one's.
            assert shop.run(first=LOADING) is None
            shop.check()


class Airflow:
    """The real scheduler of an attacked stack, and what it runs."""

    def __init__(self, shop: Attacked) -> None:
        self.shop = shop
        self.api = AirflowApi(shop.settings)
        assert shop.stack.wait_for(lambda: self.api.dag_exists(main_job.DAG), 180)
        self.api.unpause(main_job.DAG)

    def run(self, conf: dict, strike: Callable[[str], object] = str) -> str:
        """Trigger a run of the DAG, strike, and wait for its end; returns its final state."""
        run_id = self.api.trigger(main_job.DAG, conf)
        strike(run_id)
        ended = self.shop.stack.wait_for(lambda: self.api.run(main_job.DAG, run_id)["state"] in FINISHED, 600)
        tasks = {task["task_id"]: (task["state"], task["try_number"]) for task in self.api.tasks(main_job.DAG, run_id)}
        self.shop.note(f"  {tasks}")
        assert ended, self.shop.told("The run does not end")
        return self.api.run(main_job.DAG, run_id)["state"]

    def strike(self, victim: str, task_id: str, seconds: float) -> Callable[[str], None]:
        """Return a function that waits for a task of a run, and some seconds more, and kills the victim."""

        def is_running(run_id: str) -> bool:
            states = {task["task_id"]: task["state"] for task in self.api.tasks(main_job.DAG, run_id)}
            return states.get(task_id) not in (None, "queued", "scheduled")

        def kill(run_id: str) -> None:
            assert self.shop.stack.wait_for(lambda: is_running(run_id), 300), self.shop.told(f"{task_id} never ran")
            time.sleep(seconds)
            if victim == "locking scheduler":
                assert self.shop.stack.wait_for(self.is_stopped_with_lock, 60), self.shop.told("It never locks")
            struck = [process for process in self.processes(victim) if not _killed(process)]
            self.shop.note(f"  killed {len(struck)} processes")

        return kill

    def is_stopped_with_lock(self) -> bool:
        """Stop the scheduler where it has runs of the DAG locked, else let it go on; return which.

        The workers it forked share its connections: what it holds when it is killed stays held as long as they live.
        """
        (scheduler,) = self.processes("scheduler")
        scheduler.suspend()
        ports = [connection.laddr.port for connection in scheduler.net_connections()]
        dsn = self.shop.settings.postgres().dsn(AIRFLOW_DATABASE)
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT EXISTS (
                    SELECT
                    FROM pg_stat_activity AS a
                    INNER JOIN pg_locks AS l ON l.pid = a.pid
                    WHERE
                        a.client_port = ANY (%s)
                        AND a.state = 'idle in transaction'
                        AND l.relation = 'dag_run'::regclass
                        AND l.mode = 'RowShareLock'
                )
                """,
                (ports,),
            )
            ((is_locking,),) = cursor.fetchall()
        if not is_locking:
            scheduler.resume()
        return is_locking

    def processes(self, victim: str) -> list[psutil.Process]:
        """Return the scheduler itself, or the processes that run tasks for its workers: those do the task's work."""
        scheduler = psutil.Process(self.shop.stack.pid(stack.SCHEDULER))
        if victim != "task":
            return [scheduler]
        return [task for worker in scheduler.children() for task in worker.children()]


def _killed(process: psutil.Process) -> bool:
    """Kill a process; return whether it had ended by itself."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return True
    return False


@pytest.mark.skipif(not AIRFLOW_KILLS, reason="Killing Airflow's tasks takes long: 'make soak'")
@pytest.mark.timeout(900 + 900 * AIRFLOW_KILLS)
def test_kills_of_tasks_and_of_the_scheduler_lose_and_double_nothing(scratch: Path) -> None:
    with attacked(scratch / "airflow-faults", *stack.PARTS) as shop:
        airflow = Airflow(shop)
        for number in range(AIRFLOW_KILLS):
            chance = random.Random(f"{SEED}/airflow/{number}")
            shop.change_rows(chance)
            conf = {"generate": chance.random() < 0.7}
            if conf["generate"]:
                conf |= {"date_from": str(shop.day), "opened": str(OPENED), "clients": 1500, "products": 60}
                shop.day += timedelta(days=1)
            victim = ("task", "locking scheduler", "scheduler")[number % 3]
            tasks = [step.name for step in STEPS] + (["generate"] if conf["generate"] else [])
            task_id, seconds = chance.choice(tasks), chance.uniform(0, 3)
            shop.note(f"kill {number + 1}: the {victim} {seconds:.1f} s after {task_id} has begun, in a run of {conf}")
            state = airflow.run(conf, airflow.strike(victim, task_id, seconds))
            if state != "success":
                shop.note(f"  {state}: run again")
                assert airflow.run(conf) == "success", shop.told("The run after the one that was cut off fails")
            shop.recover()
            shop.look_at_raw()
            shop.check()
            tally.add(f"kills of the {victim} of a run of the DAG")
