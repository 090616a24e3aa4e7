"""``make stores``: weekly files of the stores go from the generator to ClickHouse by runs of the DAG tshop_stores."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from embedded import main_job, stack
from embedded.airflow_api import AirflowApi
from embedded.environment import SPARK_BIN
from embedded.errors import StackError
from embedded.report import stores as report
from embedded.settings import ROOT, Settings
from generator.stores import Chain, weeks
from migrations.plain import plain
from sources.jars import JarsError, check_programs
from sources.stores.inbox import run_of

DAG = "tshop_stores"
# What the generator says it has written.
MANIFEST = "manifest.json"
# Says that an inbox is the generator's, who writes over what is there.
MARK = ".generated"


@dataclass(frozen=True)
class Request:
    """What the variables of ``make stores`` ask for.

    Attributes:
        weeks: how many weeks of the period to write and load beyond those that are there.
        is_late: the missing files come now.
    """

    weeks: int
    is_late: bool

    @classmethod
    def from_environment(cls) -> "Request":
        """Read WEEKS and LATE.

        Raises:
            StackError: a value is not possible.
        """
        late = os.environ.get("LATE", "")
        if late not in ("", "no", "yes"):
            raise StackError(f"LATE is '{late}': give yes or no.")
        text = os.environ.get("WEEKS") or ("0" if late == "yes" else "6")
        most = len(weeks(Chain()))
        if not text.isdecimal() or int(text) > most:
            raise StackError(f"WEEKS is '{text}': give a whole number from 0 to {most}.")
        return cls(int(text), late == "yes")


def run(settings: Settings) -> str:
    """Start the stack, write the files, run the DAG for each week that is due, and return the report.

    Raises:
        StackError: a program is missing, the inbox is not the generator's, a run failed, or a total is not the
            manifest's.
    """
    request = Request.from_environment()
    check(settings)
    claim(settings.inbox)
    lock = settings.folder("run") / "stores.lock"
    with stack.file_lock(lock, "Another 'make stores' works on this stack: wait for it."):
        embedded = main_job.start(settings)
        api = AirflowApi(settings)
        job = main_job.Job(embedded, api, DAG, "make stores")
        was_paused = not api.dag_exists(DAG) or api.is_paused(DAG)
        job.wait_for_dag()
        try:
            job.settle_earlier_runs()
            _load(settings, request, job, api)
        finally:
            if was_paused:
                # Of this week the stores of the generator send nothing: somebody who has files switches it on.
                api.pause(DAG)
        text, is_equal = report.render(json.loads(manifest_of(settings).read_text()), report.look(settings))
    if not is_equal:
        raise StackError(f"{text}\nA total is not the manifest's: see above, and 'make status'.")
    return text


def check(settings: Settings) -> None:
    """Make sure that what is needed is installed, before anything starts.

    Raises:
        StackError: something is missing, with what to do.
    """
    main_job.check_external(settings)
    try:
        check_programs(("java",))
    except JarsError as error:
        raise StackError(str(error)) from None
    if not (SPARK_BIN / "spark-submit").exists():
        raise StackError("Spark is not installed: run 'make setup-spark'.")


def manifest_of(settings: Settings) -> Path:
    """Return the file of the generator's manifest."""
    return settings.folder("stores") / MANIFEST


def claim(inbox: Path) -> None:
    """Make an inbox the generator's.

    Raises:
        StackError: it holds files that the generator has not written.
    """
    mark = inbox / MARK
    if not mark.exists() and any(inbox.glob("*-W*/*/*.csv")):
        raise StackError(
            f"{inbox} holds files that are not the generator's, which would write over them. To see the example, leave "
            "TSHOP_STORES_INBOX out; to load your files, switch the DAG tshop_stores on."
        )
    inbox.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _load(settings: Settings, request: Request, job: main_job.Job, api: AirflowApi) -> None:
    period = weeks(Chain())
    dates = [run_of(week.name) for week in period]
    runs = {
        datetime.fromisoformat(run["logical_date"]): run
        for run in api.runs(DAG, ("queued", "running", "success", "failed"), (dates[0], dates[-1]))
    }
    written = sum((settings.inbox / week.name).is_dir() for week in period)
    unfinished = [
        number for number, date in enumerate(dates[:written]) if date not in runs or runs[date]["state"] != "success"
    ]
    # What was cut off is finished before more is written.
    upto = written if unfinished else min(written + request.weeks, len(period))
    if not upto:
        raise StackError("No week is written yet: give how many by WEEKS, such as make stores WEEKS=6.")
    stack.say(f"Writing the stores' files of {upto} weeks to {settings.inbox} ...")
    _generate(settings, upto, request.is_late)
    due = unfinished or list(range(written, upto))
    for number in due:
        week, date = period[number], dates[number]
        stack.say(f"Week {week.number} of {len(period)}, {week.name}")
        if date in runs:
            job.run_again(runs[date]["dag_run_id"])
        else:
            job.run({}, date)
    if not due:
        stack.say("No week is new: looking for files that came late ...")
        job.run({})


def _generate(settings: Settings, upto: int, is_late: bool) -> None:
    """Write the files of the first weeks, and the manifest.

    Raises:
        StackError: the generator failed, and said why.
    """
    command = ["-m", "generator", "stores", "--inbox", str(settings.inbox), "--weeks", str(upto), "--quiet"]
    late = ["--late"] if is_late else []
    answer = subprocess.run(
        [sys.executable, *command, "--manifest", str(manifest_of(settings)), *late],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise StackError(plain(answer.stderr.strip(), keep="\n"))
