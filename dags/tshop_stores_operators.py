"""What the tasks of tshop_stores do beside the warehouse's procedures: plan, and tell what is missing."""

import logging
import os
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowNotFoundException
from tshop_alerts import tell
from tshop_operators import SQL, EndWhatIsRefused, Refused

from sources.stores import inbox

log = logging.getLogger(__name__)

# Airflow's own API, as a user who may change runs.
AIRFLOW_CONNECTION = "tshop_airflow"
API_SECONDS = 30
LONGEST_NOTE = 1000


class InboxOperator(BaseOperator):
    """Looks at the inbox, and which of its files are landed."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(retry_policy=EndWhatIsRefused(), **arguments)

    @property
    def folder(self) -> Path:
        """The inbox.

        :raises Refused: none is named
        """
        return Path(self._variable("TSHOP_STORES_INBOX", "the folder of the stores' files"))

    def landed(self) -> dict[tuple[str, str, str], str]:
        """Return the checksum, by stream, week and region, of each file that is landed."""
        dsn = self._variable("WAREHOUSE_STORES_DSN", "the warehouse's libpq URI as the role tshop_stores")
        with closing(psycopg.connect(dsn, connect_timeout=10)) as connection:
            rows = connection.execute((SQL / "landed_files.sql").read_text()).fetchall()
        return {(stream, week, region): sha256 for stream, week, region, sha256 in rows}

    @staticmethod
    def _variable(name: str, what: str) -> str:
        if not os.environ.get(name):
            raise Refused(f"{name} is not set: set it, in Airflow's environment, to {what}.")
        return os.environ[name]


class PlanOperator(InboxOperator):
    """Returns the arguments of sources/stores/clean.py for each region that has new files."""

    def execute(self, context: Mapping[str, Any]) -> list[list[str]]:
        """Look."""
        accepting = ["--accept-deletions"] if context["params"]["accept_deletions"] else []
        over = inbox.week_of_run(datetime.now(UTC))
        files = inbox.new_files(self.folder, self.landed(), upto=over)
        found = []
        for region in inbox.REGIONS:
            weeks = list(dict.fromkeys(file.week for file in files if file.region == region))
            if weeks:
                log.info("%s: new files of %s", region, ", ".join(weeks))
                found.append(["--inbox", str(self.folder), "--region", region, "--weeks", ",".join(weeks), *accepting])
        if not found:
            log.info("No file is new")
        return found


class TellMissingOperator(InboxOperator):
    """Tells people which files of the run's week are missing, and notes it on the run."""

    def execute(self, context: Mapping[str, Any]) -> None:
        """Look, and tell."""
        dag_run = context["dag_run"]
        week = inbox.week_of_run(dag_run.logical_date or dag_run.run_after)
        missing = inbox.missing(self.folder, self.landed(), week)
        sentences = [f"{region} has not sent {' and '.join(names)}" for region, names in missing.items()]
        note = f"{week}: {'; '.join(sentences)}" if missing else f"{week}: every region has sent its files"
        log.info(note)
        if missing:
            text = [
                *(f"{sentence}." for sentence in sentences),
                "The other regions go on. When the files are in the inbox, the next run takes them.",
                f"DAG: {dag_run.dag_id}",
                f"Run: {dag_run.run_id}",
            ]
            tell(f"Stores, {week}: files of {', '.join(missing)} are missing", "\n".join(text))
        write_note(dag_run.dag_id, dag_run.run_id, note)


def write_note(dag_id: str, run_id: str, note: str) -> None:
    """Write a run's note; where that cannot be done, it is a line in the log, and changes nothing for the task."""
    try:
        connection = BaseHook.get_connection(AIRFLOW_CONNECTION)
        address = f"{connection.schema or 'http'}://{connection.host}:{connection.port}"
        with httpx.Client(base_url=address, timeout=API_SECONDS) as client:
            answer = client.post(
                "/auth/token", json={"username": connection.login, "password": connection.password}
            ).raise_for_status()
            client.patch(
                f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}",
                json={"note": note[:LONGEST_NOTE]},
                headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
            ).raise_for_status()
    except AirflowNotFoundException:
        log.info("The run gets no note: there is no connection %s", AIRFLOW_CONNECTION)
    # An address that is none, no answer, or another one than Airflow's.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        log.warning("The run's note could not be written: %s", type(error).__name__)
