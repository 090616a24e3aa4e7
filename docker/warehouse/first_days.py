"""Takes the first days of the synthetic shop to ClickHouse, once, by a run of the DAG tshop_daily named "first_days".

Airflow has a run of one name once, so this may be started as often as one likes, also while the run is under way, and
after it was cut off: then it waits for the run. One that failed is started again from its first task.

Environment: AIRFLOW_URL (http://user:password@host:port); FIRST_DAY, LAST_DAY (ISO), nothing is done where LAST_DAY is
empty; CLIENTS, PRODUCTS: what the shop opens with. The exit status is 0 where the days are there, else 1, with why.
"""

import http.client
import json
import os
import sys
import time
from typing import Any
from urllib.parse import unquote, urlsplit

DAG = "tshop_daily"
RUN = "first_days"
# Seconds: for the DAG processor to read the DAG, for an API server that is away, between two looks at the run.
DAG_APPEARS, AWAY, PAUSE = 600, 300, 2
MINUTE = 60


class Airflow:
    """The REST API of Airflow."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._token = ""

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Return status and content of an answer; an API server that is away, or is starting, is waited for.

        To send a request twice is safe here: the second time a run is there already, and a cleared task is running.
        """
        end = time.monotonic() + AWAY
        while True:
            try:
                if not self._token:
                    self._log_in()
                status, content = self._send(method, path, body)
            except (OSError, ValueError, http.client.HTTPException) as error:
                status, content = http.HTTPStatus.SERVICE_UNAVAILABLE, repr(error)
            if status == http.HTTPStatus.UNAUTHORIZED and self._token:
                self._token = ""
            elif status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                return status, content
            if time.monotonic() > end:
                sys.exit(f"Airflow does not answer {method} {path}: {status} {content}")
            time.sleep(PAUSE)

    def _log_in(self) -> None:
        names = {"username": unquote(self._url.username), "password": unquote(self._url.password)}
        status, content = self._send("POST", "/auth/token", names)
        if status == http.HTTPStatus.UNAUTHORIZED:
            sys.exit(f"Airflow does not accept the password of its user {self._url.username}.")
        if status != http.HTTPStatus.CREATED:
            raise ValueError(content)
        self._token = content["access_token"]

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=MINUTE)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, json.load(answer)


def wait_for_dag(airflow: Airflow, dag_id: str) -> dict[str, Any]:
    """Wait until the DAG processor has read a DAG, and return what Airflow knows of it.

    :raises SystemExit: it has not
    """
    end = time.monotonic() + DAG_APPEARS
    while True:
        status, dag = airflow.request("GET", f"/api/v2/dags/{dag_id}")
        if status == http.HTTPStatus.OK:
            return dag
        if time.monotonic() > end:
            sys.exit(f"Airflow does not have the DAG {dag_id}: see the import errors in its UI.")
        time.sleep(PAUSE)


def start(airflow: Airflow, conf: dict[str, Any]) -> str:
    """Start the run where there is none, or again where it failed, and return the state it had before.

    :raises SystemExit: Airflow refuses
    """
    new = {"dag_run_id": RUN, "logical_date": None, "conf": conf}
    status, answer = airflow.request("POST", f"/api/v2/dags/{DAG}/dagRuns", new)
    if status == http.HTTPStatus.OK:
        return "none"
    if status != http.HTTPStatus.CONFLICT:
        sys.exit(f"Airflow refuses the run: {status} {answer}")
    _, run = airflow.request("GET", f"/api/v2/dags/{DAG}/dagRuns/{RUN}")
    if run["state"] == "failed":
        # All tasks: where a run was out of time, none of them failed.
        again = {"dag_run_id": RUN, "only_failed": False, "dry_run": False}
        status, answer = airflow.request("POST", f"/api/v2/dags/{DAG}/clearTaskInstances", again)
        if status != http.HTTPStatus.OK:
            sys.exit(f"Airflow refuses to start the failed run again: {status} {answer}")
    return run["state"]


def wait(airflow: Airflow) -> None:
    """Tell of each task as it ends, until the run does.

    :raises SystemExit: the run failed
    """
    told = set()
    while True:
        _, run = airflow.request("GET", f"/api/v2/dags/{DAG}/dagRuns/{RUN}")
        _, answer = airflow.request("GET", f"/api/v2/dags/{DAG}/dagRuns/{RUN}/taskInstances?limit=100")
        for task in sorted(answer["task_instances"], key=lambda task: task["end_date"] or ""):
            news = (task["task_id"], task["state"], task["try_number"])
            if task["end_date"] and news not in told:
                told.add(news)
                print(f"{task['task_id']}: {task['state']}", flush=True)
        if run["state"] == "success":
            return
        if run["state"] == "failed":
            sys.exit(f"The run {RUN} of {DAG} failed: see its tasks' logs in Airflow. The next 'up' starts it again.")
        time.sleep(PAUSE)


def main() -> None:
    """Start the run and wait for its end."""
    first, last = os.environ["FIRST_DAY"], os.environ["LAST_DAY"]
    if not last:
        print("No last day is named, so no days are generated.")
        return
    airflow = Airflow(os.environ["AIRFLOW_URL"])
    if wait_for_dag(airflow, DAG)["is_paused"]:
        sys.exit(f"The DAG {DAG} is paused, so its run would not begin: switch it on in Airflow, and start this again.")
    conf = {
        "generate": True,
        "date_from": first,
        "date_to": last,
        "opened": first,
        "clients": int(os.environ["CLIENTS"]),
        "products": int(os.environ["PRODUCTS"]),
    }
    before = start(airflow, conf)
    if before == "success":
        print("The first days are there already.")
        return
    print(f"Taking {first} to {last} to ClickHouse ...", flush=True)
    wait(airflow)
    print("The first days are there.")


if __name__ == "__main__":
    main()
