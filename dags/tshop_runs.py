"""How the runs of the DAGs keep out of each other's way.

Two publishings at once would build the same tables of ClickHouse, and a comparison would take for damage what is half
published. A pool would not do: it lets tasks of two runs take turns, and so one run would publish the other's half.

- tshop_live yields: each of its tasks looks first, and is skipped where a run of tshop_daily or tshop_heal is under
  way, or a task of tshop_marketplace or tshop_stores loads, builds, audits or publishes.
- The tasks of tshop_marketplace and tshop_stores that do so take turns: each looks first, and where a run of
  tshop_daily or tshop_heal is under way, or a task of tshop_live or of the other one is at it, it ends and is started
  again later. It must not wait while it runs: two that wait so for each other would wait for ever.
- Each task of tshop_daily and tshop_heal looks, too, and waits until no such task of the three others runs.

A run or a task is known to be running before it looks, because Airflow has written so before it begins. So of two that
begin at once at least one sees the other. Nobody waits for long for a task of tshop_live, as its next one yields, and
tshop_daily and tshop_heal wait for the one task of each of the others that runs, as the next ones yield.

Of a run that was left in the middle, since its DAG is paused, only a task that still runs counts.
"""

import logging
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSkipException

log = logging.getLogger(__name__)

DAILY, HEAL, LIVE = "tshop_daily", "tshop_heal", "tshop_live"
MARKETPLACE, STORES = "tshop_marketplace", "tshop_stores"
# The tasks of the group that dags/tshop_warehouse.py makes.
WAREHOUSE_TASKS = ["load", "build", "audit", "publish"]
RUNNING = ["running"]
PAUSE_SECONDS = 1
# Two that see each other at once must not do so again and again: each draws how long it stays away.
LEAST_SECONDS, MOST_SECONDS = 5, 10


def yield_to_others(context: Mapping[str, Any]) -> None:
    """Skip a task of tshop_live where another DAG is at work: a hook for pre_execute.

    :raises AirflowSkipException: one is
    """
    if busy := _run_under_way(context["ti"]) or _at_work(context["ti"], MARKETPLACE, STORES):
        raise AirflowSkipException(f"{busy}: what is new is left to it, and to later runs")


def take_turns(context: Mapping[str, Any]) -> None:
    """Start a task of tshop_marketplace or tshop_stores again later where another DAG is at work: for pre_execute.

    :raises AirflowRescheduleException: one is
    """
    ti = context["ti"]
    others = [dag_id for dag_id in (LIVE, MARKETPLACE, STORES) if dag_id != ti.dag_id]
    if busy := _run_under_way(ti) or _at_work(ti, *others):
        seconds = random.uniform(LEAST_SECONDS, MOST_SECONDS)  # noqa: S311
        log.info("%s: this task is started again in %.0f seconds", busy, seconds)
        raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=seconds))


def wait_for_others(context: Mapping[str, Any]) -> None:
    """Wait until no task of the DAGs that yield is at work: a hook for pre_execute of tshop_daily and tshop_heal."""
    told = None
    while busy := _at_work(context["ti"], LIVE, MARKETPLACE, STORES):
        if busy != told:
            log.info("%s: waiting for it", busy)
            told = busy
        time.sleep(PAUSE_SECONDS)


def _run_under_way(ti: Any) -> str | None:
    """Return a sentence on a run of tshop_daily or tshop_heal that is under way, None where there is none."""
    for dag_id in (DAILY, HEAL):
        if ti.get_dr_count(dag_id=dag_id, states=RUNNING) and (
            not ti.get_dag(dag_id).is_paused or ti.get_ti_count(dag_id=dag_id, states=RUNNING)
        ):
            return f"A run of {dag_id} is under way"
    return None


def _at_work(ti: Any, *dag_ids: str) -> str | None:
    """Return a sentence on a task of DAGs that is at work, None where there is none."""
    for dag_id in dag_ids:
        # What the other two do before they load is in nobody's way.
        tasks = None if dag_id == LIVE else WAREHOUSE_TASKS
        if ti.get_ti_count(dag_id=dag_id, task_ids=tasks, states=RUNNING):
            return f"A task of {dag_id} is running"
    return None
