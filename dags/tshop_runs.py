"""How the runs of tshop_live keep out of the way of those of tshop_daily and tshop_heal.

Two publishings at once would build the same tables of ClickHouse, and a comparison would take for damage what is half
published. A pool would not do: it lets tasks of two runs take turns, and so one run would publish the other's half. So
tshop_live yields: each of its tasks looks first, and is skipped where a run of the others is under way. Each task of
the others looks, too, and waits until no task of tshop_live runs.

A run or a task is known to be running before it looks, because Airflow has written so before it begins. So of two that
begin at once at least one sees the other. Nobody waits for long: tshop_live never waits for the others, and they wait
for the one task of it that runs, as the next one yields.

Of a run that was left in the middle, since its DAG is paused, only a task that still runs counts.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

log = logging.getLogger(__name__)

DAILY, HEAL, LIVE = "tshop_daily", "tshop_heal", "tshop_live"
RUNNING = ["running"]
PAUSE_SECONDS = 1


def yield_to_others(context: Mapping[str, Any]) -> None:
    """Skip a task of tshop_live where a run of the other DAGs is under way: a hook for pre_execute.

    :raises AirflowSkipException: one is
    """
    ti = context["ti"]
    for dag_id in (DAILY, HEAL):
        if _is_under_way(ti, dag_id):
            raise AirflowSkipException(f"A run of {dag_id} is under way: what is new is left to it, and to later runs")


def wait_for_live(context: Mapping[str, Any]) -> None:
    """Wait until no task of tshop_live runs: a hook for pre_execute."""
    ti = context["ti"]
    told = False
    while ti.get_ti_count(dag_id=LIVE, states=RUNNING):
        if not told:
            log.info("Waiting for the task of %s that is running", LIVE)
            told = True
        time.sleep(PAUSE_SECONDS)


def _is_under_way(ti: Any, dag_id: str) -> bool:
    if not ti.get_dr_count(dag_id=dag_id, states=RUNNING):
        return False
    return not ti.get_dag(dag_id).is_paused or ti.get_ti_count(dag_id=dag_id, states=RUNNING) > 0
