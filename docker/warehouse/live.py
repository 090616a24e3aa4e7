"""Switches the DAG tshop_live on, which is paused where Airflow has it for the first time.

Environment: AIRFLOW_URL (http://user:password@host:port). The exit status is 0 where it is on, else 1, with why.
"""

import http.client
import os
import sys

from first_days import Airflow, wait_for_dag

DAG = "tshop_live"


def main() -> None:
    """Switch it on, when the DAG processor has read it."""
    airflow = Airflow(os.environ["AIRFLOW_URL"])
    wait_for_dag(airflow, DAG)
    status, answer = airflow.request("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": False})
    if status != http.HTTPStatus.OK:
        sys.exit(f"Airflow refuses to switch {DAG} on: {status} {answer}")
    print(f"{DAG} is on: it runs each minute.")


if __name__ == "__main__":
    main()
