"""Switches the DAG tshop_stores on, and starts a run of it for each week whose files the generator has written.

Airflow has a run of one name once, so this may be started as often as one likes.

Environment: AIRFLOW_URL (http://user:password@host:port); WEEKS: how many weeks of the stores' year. The exit status is
0 where the runs are there, else 1, with why.
"""

import http.client
import os
import sys

from first_days import Airflow, wait_for_dag

from generator.stores import Chain, weeks
from sources.stores.inbox import run_of

DAG = "tshop_stores"


def main() -> None:
    """Start the runs, when the DAG processor has read the DAG."""
    airflow = Airflow(os.environ["AIRFLOW_URL"])
    wait_for_dag(airflow, DAG)
    started = 0
    for week in weeks(Chain())[: int(os.environ["WEEKS"])]:
        run = {"dag_run_id": f"stores_{week.name}", "logical_date": run_of(week.name).isoformat(), "conf": {}}
        status, answer = airflow.request("POST", f"/api/v2/dags/{DAG}/dagRuns", run)
        if status not in (http.HTTPStatus.OK, http.HTTPStatus.CONFLICT):
            sys.exit(f"Airflow refuses a run of {DAG}: {status} {answer}")
        started += status == http.HTTPStatus.OK
    status, answer = airflow.request("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": False})
    if status != http.HTTPStatus.OK:
        sys.exit(f"Airflow refuses to switch {DAG} on: {status} {answer}")
    print(f"{DAG} is on: {started} runs are new.")


if __name__ == "__main__":
    main()
