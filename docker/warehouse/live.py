"""Switches a DAG on that is paused where Airflow has it for the first time: ``python live.py tshop_live``.

Environment: AIRFLOW_URL (http://user:password@host:port). The exit status is 0 where it is on, else 1, with why.
"""

import http.client
import os
import sys

from first_days import Airflow, wait_for_dag


def main() -> None:
    """Switch it on, when the DAG processor has read it."""
    (dag,) = sys.argv[1:]
    airflow = Airflow(os.environ["AIRFLOW_URL"])
    wait_for_dag(airflow, dag)
    status, answer = airflow.request("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
    if status != http.HTTPStatus.OK:
        sys.exit(f"Airflow refuses to switch {dag} on: {status} {answer}")
    print(f"{dag} is on.")


if __name__ == "__main__":
    main()
