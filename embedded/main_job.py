"""The main job, ``make run``: days of the shop go from the generator to ClickHouse by runs of the DAG tshop_daily."""

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg2

from embedded import reach, stack
from embedded.airflow_api import FINISHED, AirflowApi
from embedded.errors import StackError
from embedded.settings import ROOT, WAREHOUSE_VARIABLES, ClickHouseAddress, Settings
from generator.shop import END_OF_IDS, FIRST_YEAR, LAST_DAY, MOST, GeneratorError, read_day

DAG = "tshop_daily"
SHOP_ZONE = ZoneInfo("Europe/Moscow")
# The parameters that make the shop what it is. They cannot change once it has rows.
SHOP_VARIABLES = ("CLIENTS", "PRODUCTS", "SEED", "LOCALE", "FROM")
# Seconds without news after which the job says what it waits for.
SILENCE = 30


@dataclass(frozen=True)
class Shop:
    """The shop that is generated, and how its history begins.

    Attributes:
        clients: clients the shop opens with.
        products: products it opens with.
        seed: of all that is random in it.
        locale: of the clients' names.
        first_day: the day it opens, the first generated one, ISO.
        history_end: last day of the first run, ISO.
    """

    clients: int
    products: int
    seed: int
    locale: str
    first_day: str
    history_end: str


@dataclass(frozen=True)
class Request:
    """What the variables of ``make run`` ask for.

    Attributes:
        shop: the shop.
        runs: days to load one by one.
        given: names of the variables that were set, others are defaults.
    """

    shop: Shop
    runs: int
    given: frozenset[str]

    @classmethod
    def from_environment(cls, today: date | None = None) -> "Request":
        """Read CLIENTS, PRODUCTS, SEED, LOCALE, FROM, DAYS and RUNS.

        Args:
            today: the shop's local day; now's by default.

        Raises:
            StackError: a value is not possible.
        """
        from faker.config import AVAILABLE_LOCALES

        yesterday = (today or datetime.now(SHOP_ZONE).date()) - timedelta(days=1)
        given = frozenset(name for name in (*SHOP_VARIABLES, "DAYS", "RUNS") if os.environ.get(name))
        text = os.environ.get("FROM") or "2026-01-01"
        try:
            first_day = read_day(text)
        except GeneratorError as error:
            raise StackError(f"FROM: {error}.") from None
        if first_day > yesterday:
            raise StackError(f"FROM is {text}, which is not over yet: the last day there can be is {yesterday}.")
        if first_day.year < FIRST_YEAR:
            raise StackError(f"FROM is {text}: give a day from {FIRST_YEAR}-01-01 on.")
        history_end = first_day + timedelta(days=_number("DAYS", 29, 1, LAST_DAY + 1) - 1)
        if history_end > yesterday:
            raise StackError(
                f"DAYS={(history_end - first_day).days + 1} from FROM={first_day} end on {history_end}, which is not "
                f"over yet: the last day there can be is {yesterday}."
            )
        locale = os.environ.get("LOCALE") or "ru_RU"
        if locale not in AVAILABLE_LOCALES:
            raise StackError(f"LOCALE is '{locale}', which Faker does not have: give one such as ru_RU or en_US.")
        shop = Shop(
            _number("CLIENTS", 50_000, 1, MOST),
            _number("PRODUCTS", 2_000, 1, MOST),
            _number("SEED", 1, 0, 2**31 - 1),
            locale,
            first_day.isoformat(),
            history_end.isoformat(),
        )
        return cls(shop, _number("RUNS", 2, 0, 10_000), given)


def _number(name: str, default: int, lowest: int, highest: int) -> int:
    text = os.environ.get(name) or str(default)
    with contextlib.suppress(ValueError):
        number = int(text)
        if lowest <= number <= highest:
            return number
    raise StackError(f"{name} is '{text}': give a whole number from {lowest} to {highest}.")


def run(settings: Settings) -> None:
    """Start the stack, migrate the warehouse, and run the DAG for the days that are due, one run after the other.

    Raises:
        StackError: something is not as it has to be, or a run of the DAG failed.
    """
    request = Request.from_environment()
    check_external(settings)
    lock = settings.folder("run") / "main_job.lock"
    with stack.file_lock(lock, "Another 'make run' works on this stack: wait for it."):
        embedded = start(settings)
        check_roles(settings)
        shop, parameters = plan(settings, request)
        api = AirflowApi(settings)
        job = Job(embedded, api)
        job.wait_for_dag()
        job.settle_earlier_runs()
        if not parameters:
            stack.say(why_no_day(request))
            parameters = [{"generate": False}]
        for number, conf in enumerate(parameters, 1):
            if conf["generate"]:
                remember(settings, shop)
                days = " to ".join(dict.fromkeys((conf["date_from"], conf["date_to"])))
                stack.say(f"Run {number} of {len(parameters)} of {DAG}: {days}")
            job.run(conf)
            if conf["generate"]:
                record_progress(settings, date.fromisoformat(conf["date_to"]))


def why_no_day(request: Request) -> str:
    """Return why a run generates no day."""
    if request.runs == 0:
        return "RUNS=0: no day is generated; loading what there is."
    return "All days up to yesterday, and of the shop's ten years, are generated: loading what there is."


def check_external(settings: Settings) -> None:
    """Make sure that a warehouse and a ClickHouse that are not embedded can be reached, before anything starts.

    Raises:
        StackError: one cannot be.
    """
    if settings.external_warehouse:
        with connect(settings):
            pass
    if settings.external_clickhouse:
        address = ClickHouseAddress.parse(settings.external_clickhouse)
        url = f"{'https' if address.secure else 'http'}://{address.host}:{address.port}/ping"
        try:
            httpx.get(url, timeout=10).raise_for_status()
        except httpx.HTTPError as error:
            raise StackError(
                f"The ClickHouse named by CLICKHOUSE_URL does not answer at {url} ({error}): "
                "start it, or correct the URL."
            ) from None


def check_roles(settings: Settings) -> None:
    """Make sure that those whom the variables name beside the owner of an external warehouse reach the same one.

    Raises:
        StackError: one reaches none, or another.
    """
    for role in settings.external_roles:
        if _warehouse_identity(settings, role) != _warehouse_identity(settings):
            raise StackError(f"{WAREHOUSE_VARIABLES[role]} names another warehouse than WAREHOUSE_DSN: correct it.")


@contextlib.contextmanager
def connect(settings: Settings, role: str = "owner"):
    """Open a connection to the warehouse as one of WAREHOUSE_ROLES, in autocommit mode.

    Raises:
        StackError: it cannot be reached.
    """
    dsn = settings.warehouse_dsn_of(role)
    try:
        connection = psycopg2.connect(dsn, connect_timeout=10, application_name="tshop main job")
    except psycopg2.OperationalError as error:
        raise StackError(reach.postgres_sentence(settings, error, role)) from None
    with contextlib.closing(connection):
        connection.autocommit = True
        yield connection


def start(settings: Settings) -> stack.Stack:
    """Start what does not run of the stack, bring the warehouse's schema up to date, and return the stack.

    Raises:
        StackError: a part does not start, or the migrations failed.
    """
    stack.say("Starting the stack ...")
    embedded = stack.Stack(settings)
    embedded.start()
    stack.say("Migrating the warehouse ...")
    migrate(embedded)
    return embedded


def migrate(embedded: stack.Stack) -> None:
    """Bring the warehouse's schema up to date; what the migrations say is shown.

    Raises:
        StackError: they failed, and said why.
    """
    command = [sys.executable, "-m", "migrations"]
    if subprocess.run(command, env=embedded.environment(), cwd=ROOT, check=False).returncode != 0:
        raise StackError("The warehouse was not migrated, for the reason above; nothing in it changed.")


def plan(settings: Settings, request: Request, today: date | None = None) -> tuple[Shop, list[dict[str, Any]]]:
    """Decide which days to generate next.

    Args:
        settings: the stack, whose warehouse is migrated.
        request: what the variables ask for.
        today: the shop's local day; now's by default.

    Returns:
        The shop, and the parameters of one run of the DAG after the other; none where nothing is left to generate.

    Raises:
        StackError: the variables ask for another shop than the one the warehouse has.
    """
    yesterday = (today or datetime.now(SHOP_ZONE).date()) - timedelta(days=1)
    last = last_generated_day(settings)
    known = remembered(settings)
    if last is None or known is None:
        shop = request.shop
    else:
        shop = known
        for name, field in zip(SHOP_VARIABLES, ("clients", "products", "seed", "locale", "first_day"), strict=True):
            ours, theirs = getattr(request.shop, field), getattr(known, field)
            if name in request.given and ours != theirs:
                raise StackError(
                    f"{name}={ours} does not fit: the shop in this warehouse was made with {name}={theirs}. Leave it "
                    "out, or give the new shop a place of its own by TSHOP_HOME, or delete this one by "
                    "'make clean SURE=yes'."
                )
    first_day, history_end = date.fromisoformat(shop.first_day), date.fromisoformat(shop.history_end)
    ranges = []
    if last is None:
        ranges.append((first_day, history_end))
    elif last < history_end:
        # The first run was cut off. A day may be there in part, and generating it again changes nothing.
        ranges.append((max(last, first_day), history_end))
    following = (ranges[-1][1] if ranges else last) + timedelta(days=1)
    days = [following + timedelta(days=number) for number in range(request.runs)]
    last_possible = min(yesterday, first_day + timedelta(days=LAST_DAY))
    ranges += [(day, day) for day in days if day <= last_possible]
    values = {
        "clients": shop.clients,
        "products": shop.products,
        "opened": shop.first_day,
        "seed": shop.seed,
        "locale": shop.locale,
    }
    return shop, [
        {"generate": True, "date_from": begin.isoformat(), "date_to": end.isoformat(), **values}
        for begin, end in ranges
    ]


def last_generated_day(settings: Settings) -> date | None:
    """Return the last day of the shop that is in the warehouse, None where none is known to be.

    It is the day of the last sale in raw or, as in a small shop nobody may buy for days, the last one that the main job
    had generated here, whichever is later.
    """
    sold, has_clients = _last_sale_day(settings)
    known = _read(_progress_file(settings)).get(_warehouse_identity(settings))
    # Raw that ends earlier than when this was recorded was emptied or restored: the days after its end are gone.
    if known is None or not has_clients or (known["last_sale"] or "") > (sold.isoformat() if sold else ""):
        return sold
    generated = date.fromisoformat(known["generated_to"])
    return max(sold, generated) if sold else generated


def record_progress(settings: Settings, day: date) -> None:
    """Keep that all days up to this one are in the warehouse."""
    sold, _has_clients = _last_sale_day(settings)
    progress = {"generated_to": day.isoformat(), "last_sale": sold and sold.isoformat()}
    _put(_progress_file(settings), _warehouse_identity(settings), progress)


def _last_sale_day(settings: Settings) -> tuple[date | None, bool]:
    """Return the local day of the shop's last sale in raw, None where there is none, and whether raw has its clients.

    What other channels sell is no day of the shop. Sales in the future are some of the generator's deliberate faults.
    """
    with connect(settings) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT max(sold_at) FROM raw.sale WHERE sold_at <= now() AND sale_id < %(end)s),"
            " EXISTS (SELECT FROM raw.client WHERE client_id < %(end)s)",
            {"end": END_OF_IDS},
        )
        last, has_clients = cursor.fetchone()
    return last and last.astimezone(SHOP_ZONE).date(), has_clients


def remembered(settings: Settings) -> Shop | None:
    """Return the shop that was generated into this warehouse, None where it is not known here."""
    known = _read(_shops_file(settings)).get(_warehouse_identity(settings))
    return known and Shop(**known)


def remember(settings: Settings, shop: Shop) -> None:
    """Keep the shop's parameters for later runs on this warehouse."""
    _put(_shops_file(settings), _warehouse_identity(settings), asdict(shop))


def _shops_file(settings: Settings) -> Path:
    return settings.folder("main_job") / "shops.json"


def _progress_file(settings: Settings) -> Path:
    return settings.folder("main_job") / "progress.json"


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """Return what a file keeps for each warehouse, by its identity."""
    return json.loads(file.read_text()) if file.exists() else {}


def _put(file: Path, identity: str, values: dict[str, Any]) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({**_read(file), identity: values}, indent=2) + "\n")
    draft.replace(file)


def _warehouse_identity(settings: Settings, role: str = "owner") -> str:
    """Return what stays the same as long as a database lives, under whatever address it is reached."""
    with connect(settings, role) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.system_identifier, d.oid FROM pg_catalog.pg_control_system() AS c, pg_catalog.pg_database AS d "
            "WHERE d.datname = current_database()"
        )
        return "/".join(str(value) for value in cursor.fetchone())


class Job:
    """Runs a DAG and watches it.

    Args:
        embedded: the running stack.
        api: its Airflow.
        dag_id: the DAG.
        command: whose job it is, for what is said of a failure.
    """

    def __init__(self, embedded: stack.Stack, api: AirflowApi, dag_id: str = DAG, command: str = "make run") -> None:
        self._stack = embedded
        self._api = api
        self._dag_id = dag_id
        self._command = command

    def wait_for_dag(self) -> None:
        """Wait until the DAG processor has read the DAG.

        Raises:
            StackError: it cannot be read.
        """
        end = time.monotonic() + 180
        while not self._api.dag_exists(self._dag_id):
            if errors := self._api.import_errors():
                raise StackError("Airflow cannot read a DAG file:\n" + "\n".join(errors))
            if time.monotonic() > end:
                log = self._stack.log_tail(stack.DAG_PROCESSOR)
                raise StackError(
                    f"Airflow does not find the DAG {self._dag_id}. The end of the DAG processor's log:\n{log}"
                )
            time.sleep(0.5)
        self._api.unpause(self._dag_id)

    def settle_earlier_runs(self) -> None:
        """Deal with runs that are not finished: one at a time may run, so ours would wait for them.

        A run that began before the stack was started has lost its processes; what it did not load, the next run does.
        """
        for dag_run in self._api.runs(self._dag_id, ("running", "queued")):
            run_id = dag_run["dag_run_id"]
            begun = dag_run["start_date"] and datetime.fromisoformat(dag_run["start_date"])
            if begun is not None and begun < self._stack.started_at():
                stack.say(f"Run {run_id} was cut off: marked failed. What it left is loaded by the next one.")
                self._api.fail(self._dag_id, run_id)
            else:
                stack.say(f"Run {run_id} is not finished yet: waiting for it.")
                self._watch(run_id)

    def run(self, conf: dict[str, Any], logical_date: datetime | None = None) -> None:
        """Trigger a run, for a moment where one is given, and wait for its end.

        Raises:
            StackError: it failed; the message names the task and ends with its log.
        """
        self._wait_for(self._api.trigger(self._dag_id, conf, logical_date))

    def run_again(self, run_id: str) -> None:
        """Have all of a run done again, and wait for its end.

        Raises:
            StackError: it failed; the message names the task and ends with its log.
        """
        self._api.clear(self._dag_id, run_id)
        self._wait_for(run_id)

    def _wait_for(self, run_id: str) -> None:
        if self._watch(run_id) == "failed":
            raise StackError(self._failure(run_id))

    def _watch(self, run_id: str) -> str:
        """Print each task of a run as it ends and return the run's final state."""
        shown: dict[str, tuple[str, int]] = {}
        begun = heard = time.monotonic()
        while True:
            state = self._api.run(self._dag_id, run_id)["state"]
            tasks = self._api.tasks(self._dag_id, run_id)
            for task in sorted(tasks, key=lambda task: task["end_date"] or "9"):
                name, news = _name_of(task), (task["state"] or "none", task["try_number"])
                if shown.get(name) == news:
                    continue
                shown[name] = news
                if news[0] in ("success", "failed", "up_for_retry", "upstream_failed", "skipped"):
                    heard = time.monotonic()
                    seconds = f"{task['duration']:.1f} s" if task["duration"] else ""
                    stack.say(f"  {name:<25} {news[0].replace('_', ' '):<16} {seconds}".rstrip())
                    if news[0] == "up_for_retry":
                        task_id, index = task["task_id"], task["map_index"]
                        reason = self._api.log(self._dag_id, run_id, task_id, news[1], lines=1, map_index=index)
                        stack.say(f"    will be tried again, after: {reason[:300]}")
            if state in FINISHED:
                stack.say(f"  {state} in {time.monotonic() - begun:.1f} s")
                return state
            if time.monotonic() > heard + SILENCE:
                heard = time.monotonic()
                under_way = [
                    _name_of(task) + (" (until it is tried again)" if task["state"] == "up_for_retry" else "")
                    for task in tasks
                    if task["state"] in ("running", "up_for_retry")
                ]
                stack.say(f"  {', '.join(under_way) or 'waiting for the scheduler'} ...")
                self._check_alive()
            time.sleep(0.5)

    def _check_alive(self) -> None:
        if not self._stack.runs():
            raise StackError(f"The stack was stopped while the job ran: '{self._command}' starts it again and resumes.")
        for part in self._stack.parts:
            if self._stack.state(part) == "FATAL":
                raise StackError(f"{part.title} does not stay up. The end of its log:\n{self._stack.log_tail(part)}")

    def _failure(self, run_id: str) -> str:
        failed = [task for task in self._api.tasks(self._dag_id, run_id) if task["state"] == "failed"]
        if not failed:
            airflow = self._stack.settings.airflow_url
            return f"Run {run_id} of {self._dag_id} failed without a failed task: see {airflow}."
        first = min(failed, key=lambda task: task["end_date"] or "9")
        attempt, index = first["try_number"], first["map_index"]
        log = self._api.log(self._dag_id, run_id, first["task_id"], attempt, map_index=index)
        return (
            f"The task {_name_of(first)} of run {run_id} failed. The end of its log:\n{log}\n"
            f"All of it is at {self._stack.settings.airflow_url}. When the cause is gone, '{self._command}' resumes."
        )


def _name_of(task: dict[str, Any]) -> str:
    """Return the name of a task instance; of those of a mapped task each has its own."""
    if task["map_index"] < 0:
        return task["task_id"]
    return f"{task['task_id']} {task['rendered_map_index'] or task['map_index']}"
