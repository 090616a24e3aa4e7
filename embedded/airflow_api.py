"""A small client of the running Airflow's REST API: what the main job asks of it."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from embedded.environment import ADMIN, admin_password
from embedded.errors import StackError
from embedded.settings import Settings

FINISHED = ("success", "failed")
# How long an API server that is being started again may stay away, in seconds.
RETRY_SECONDS = 120


class AirflowApi:
    """The REST API of the embedded Airflow, as its user admin.

    Args:
        settings: the stack.
        retry_seconds: for how many seconds an API server that is away is waited for.
    """

    def __init__(self, settings: Settings, retry_seconds: float = RETRY_SECONDS) -> None:
        self._settings = settings
        self._retry_seconds = retry_seconds
        self._client = httpx.Client(base_url=settings.airflow_url, timeout=min(retry_seconds, 60))

    def dag_exists(self, dag_id: str) -> bool:
        """Tell whether the DAG processor has read a DAG."""
        return self._request("GET", f"/api/v2/dags/{dag_id}", allowed=(404,)).status_code == 200

    def import_errors(self) -> list[str]:
        """Return the end of the traceback of each DAG file that cannot be read."""
        errors = self._get("/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Keep the scheduler from running a DAG."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True}, allowed=(404,))

    def is_paused(self, dag_id: str) -> bool:
        """Tell whether the scheduler leaves out a DAG."""
        return self._get(f"/api/v2/dags/{dag_id}")["is_paused"]

    def runs(
        self, dag_id: str, states: tuple[str, ...], between: tuple[datetime, datetime] | None = None
    ) -> list[dict[str, Any]]:
        """Return the newest runs of a DAG that are in one of the states, oldest first.

        Args:
            dag_id: the DAG.
            states: any of them.
            between: the first and the last logical date; any by default.
        """
        query = "&".join(f"state={state}" for state in states)
        if between:
            query += "".join(
                f"&logical_date_{bound}={quote(moment.isoformat())}"
                for bound, moment in zip(("gte", "lte"), between, strict=True)
            )
        runs = self._get(f"/api/v2/dags/{dag_id}/dagRuns?limit=100&order_by=-run_after&{query}")["dag_runs"]
        return runs[::-1]

    def trigger(self, dag_id: str, conf: dict[str, Any], logical_date: datetime | None = None) -> str:
        """Trigger a run with these parameters, and for a moment where one is given, and return its id."""
        body = {"logical_date": logical_date and logical_date.isoformat(), "conf": conf}
        return self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body).json()["dag_run_id"]

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a run of a DAG."""
        return self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def fail(self, dag_id: str, run_id: str) -> None:
        """Mark a run and its unfinished tasks failed."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})

    def clear(self, dag_id: str, run_id: str) -> None:
        """Have all tasks of a run done again."""
        self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/clear", {"dry_run": False})

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        return self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int, *, lines: int = 30, map_index: int = -1) -> str:
        """Return the end of the log of a task's attempt, "" where there is none."""
        path = (
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
            f"?full_content=true&map_index={map_index}"
        )
        answer = self._request("GET", path, allowed=(404,))
        if answer.status_code != 200:
            return ""
        return "\n".join([line for entry in answer.json()["content"] for line in _lines(entry)][-lines:])

    def _get(self, path: str) -> dict[str, Any]:
        return self._request("GET", path).json()

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, allowed: tuple[int, ...] = ()
    ) -> httpx.Response:
        """Send a request, with a new token where the old one has run out.

        An API server that is away is waited for. A request that changes something is sent again only where the
        connection failed, so that nothing is done twice.
        """
        end = time.monotonic() + self._retry_seconds
        retried = httpx.TransportError if method == "GET" else httpx.ConnectError
        renewed = False
        while True:
            try:
                if "Authorization" not in self._client.headers:
                    self._log_in()
                answer = self._client.request(method, path, json=body)
            except retried as error:
                if time.monotonic() > end:
                    raise StackError(f"Airflow's API server does not answer ({error}): see 'make logs'.") from error
                time.sleep(1)
                continue
            if answer.is_server_error and method == "GET" and time.monotonic() < end:
                # Its database is being started again.
                time.sleep(1)
                continue
            if answer.status_code == 401 and not renewed:
                renewed = True
                del self._client.headers["Authorization"]
                continue
            if answer.is_success or answer.status_code in allowed:
                return answer
            raise StackError(f"Airflow refused {method} {path} ({answer.status_code}): {answer.text[:500]}")

    def _log_in(self) -> None:
        answer = self._client.post("/auth/token", json={"username": ADMIN, "password": admin_password(self._settings)})
        if not answer.is_success:
            raise StackError(
                f"Airflow does not accept the password of its user {ADMIN} ({answer.status_code}): "
                "stop the stack by 'make stop' and start it again."
            )
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _lines(entry: dict[str, Any] | str) -> Iterator[str]:
    """Yield the lines of a log entry: its text, and the errors that came with it."""
    if isinstance(entry, str):
        yield entry
        return
    if str(entry.get("event", "")).startswith("::"):
        return
    yield str(entry.get("event", ""))
    for error in entry.get("error_detail") or []:
        yield f"{error.get('exc_type', '')}: {error.get('exc_value', '')}"
