"""``make marketplace``: the marketplace's documents, from MongoDB to ClickHouse.

Starts the stack where it does not run, and the marketplace's server unless MONGO_URL names another, writes days of the
marketplace, runs the DAG tshop_marketplace, and prints a report. The server runs on until ``make stop``, and the DAG
runs each hour.
"""

import os
import subprocess
import sys

import psycopg2
from pymongo.errors import PyMongoError

from embedded import main_job, stack
from embedded.airflow_api import AirflowApi
from embedded.errors import StackError
from embedded.report import marketplace as report
from embedded.settings import ROOT, Settings
from generator.shop import GeneratorError
from migrations.plain import first_line

DAG = stack.MARKETPLACE_DAG
FIRST_DAYS, MORE_DAYS, MOST_DAYS = 14, 2, 3_000


def run(settings: Settings) -> None:
    """Start what is missing, write days of the marketplace, bring them to ClickHouse, and print the report.

    Raises:
        StackError: something is missing, a part does not start, a task failed, or something is not the same.
    """
    check(settings)
    lock = settings.folder("run") / "marketplace.lock"
    with stack.file_lock(lock, "Another 'make marketplace' works on this stack: wait for it."):
        embedded = start(settings)
        try:
            days = days_to_write(settings)
            stack.say(f"Writing {days} day{'s' * (days != 1)} of the marketplace ...")
            generate(settings, days)
            job = main_job.Job(embedded, AirflowApi(settings), DAG, "make marketplace")
            job.wait_for_dag()
            job.settle_earlier_runs()
            stack.say(f"Running {DAG} ...")
            job.run({"full": True})
            text, is_equal = report.render(settings)
        except (PyMongoError, GeneratorError) as error:
            raise StackError(f"The marketplace does not answer ({first_line(error)}).") from None
        except psycopg2.Error as error:
            raise StackError(f"The warehouse does not answer ({first_line(error)}).") from None
    print(text)
    if not is_equal:
        raise StackError("Something is not the same: see above, and 'make status'.")


def check(settings: Settings) -> None:
    """Make sure that what is needed is named and built, before anything starts.

    Raises:
        StackError: something is missing, with what to do.
    """
    if settings.external_warehouse and "marketplace" not in settings.external_roles:
        raise StackError(
            "WAREHOUSE_DSN is set and WAREHOUSE_MARKETPLACE_DSN is not: set it to the same warehouse as the role "
            "tshop_marketplace."
        )
    if not settings.external_marketplace:
        settings.marketplace().check()


def start(settings: Settings) -> stack.Stack:
    """Start the stack where it does not run, and the marketplace's server; return the stack.

    Raises:
        StackError: a part does not start.
    """
    embedded = main_job.start(settings)
    if not settings.external_marketplace:
        stack.say("Starting the marketplace's server ...")
        # Closed to other users, before the server makes its own in it.
        folder = settings.folder("marketplace")
        embedded.start_on_request(stack.MARKETPLACE, settings.marketplace().prepare)
        (folder / "set_up").touch()
    return embedded


def days_to_write(settings: Settings) -> int:
    """Return how many days are to be written: those that DAYS names, else two weeks at first and two days later.

    Raises:
        StackError: DAYS is no such number.
    """
    text = os.environ.get("DAYS", "")
    if not text:
        return MORE_DAYS if report.last_day(settings) else FIRST_DAYS
    if not text.isdecimal() or not 1 <= int(text) <= MOST_DAYS:
        raise StackError(f"DAYS is '{text}': give a number from 1 to {MOST_DAYS}.")
    return int(text)


def generate(settings: Settings, days: int) -> None:
    """Write days after those that are written.

    Raises:
        StackError: the generator failed, with its own words.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "generator", "marketplace", "--days", str(days)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MONGO_URL": settings.marketplace_url},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as generator:
        line = ""
        for line in generator.stderr:
            if not line.startswith("generator: "):
                stack.say(f"  {line.rstrip()}")
    if generator.returncode != 0:
        raise StackError(line.removeprefix("generator: ").strip() or "The marketplace's generator failed.")
