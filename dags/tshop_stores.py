"""# T-Shop, the stores

Takes the weekly files of the stores to the dashboards, on Tuesdays at 12:45 Moscow time:

`plan` (which files are new) → `clean` (a PySpark job a region: duplicates, casts, refused lines, landing) → `apply`
(documents that have landed) → **warehouse**: `load` → `build` → `audit` → `publish`; beside them `tell_missing` (which
region has sent nothing)

A run is for the week that was over at its logical date. It tells of that week's missing files, and takes all files that
are new, of later weeks too: where it is late, the weeks share a Spark session, and the runs after it find nothing to
do. So files that come late are taken by the next run, and a run that is cleared changes nothing. A region that is
missing, or whose job fails, does not stop the others. A corrected file that lacks far too many of its sales is refused;
`accept_deletions` is for where it is right.

It is paused until `make stores`, or somebody in Airflow, switches it on. `TSHOP_STORES_FROM` (a day) has it make up for
all Tuesdays since then. The inbox is the folder that `TSHOP_STORES_INBOX` names.
"""

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param, chain
from tshop_alerts import notify_failure, notify_run_failure
from tshop_live_operators import ApplyOperator, Call
from tshop_operators import DEFAULT_ARGUMENTS, LONG, SHORT, TEMPLATES, tables
from tshop_runs import STORES, take_turns
from tshop_shop import RAW
from tshop_spark import CONF, SparkOperator
from tshop_stores_operators import PlanOperator, TellMissingOperator
from tshop_warehouse import warehouse

from sources.stores.inbox import STREAMS, ZONE

# Of a machine with two cores, which a job of 1 GB is started on.
REGIONS_AT_A_TIME = 2
# A job of some seconds gains nothing by being compiled twice.
DRIVER_OPTIONS = "spark.driver.extraJavaOptions"
SINCE = os.environ.get("TSHOP_STORES_FROM")

with DAG(
    dag_id=STORES,
    description="The stores' weekly files, from the inbox to ClickHouse",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("45 12 * * TUE", timezone="Europe/Moscow", run_immediately=timedelta(minutes=5)),
    start_date=datetime.fromisoformat(SINCE).replace(tzinfo=ZONE) if SINCE else None,
    catchup=bool(SINCE),
    max_active_runs=1,
    is_paused_upon_creation=True,
    dagrun_timeout=timedelta(hours=8),
    on_failure_callback=notify_run_failure,
    tags=["tshop", "warehouse", "clickhouse", "stores"],
    template_searchpath=TEMPLATES,
    # Of a run a week each failure is told, also where the run before has failed.
    default_args={**DEFAULT_ARGUMENTS, "execution_timeout": LONG},
    params={
        "accept_deletions": Param(
            False, type="boolean", description="Believe a corrected file that lacks far more sales than is likely"
        )
    },
) as dag:
    plan = PlanOperator(
        task_id="plan",
        execution_timeout=SHORT,
        doc_md="Looks which files of the inbox are new: arguments of the job, a region each.",
    )
    clean = SparkOperator.partial(
        task_id="clean",
        program="stores/clean.py",
        conf={DRIVER_OPTIONS: f"{CONF[DRIVER_OPTIONS]} -XX:TieredStopAtLevel=1"},
        max_active_tis_per_dagrun=REGIONS_AT_A_TIME,
        map_index_template="{{ task.application_args[3] }}",
        doc_md="Removes duplicates, casts, refuses what cannot be read, and lands the rest, each week in one "
        "transaction. One Spark session does all weeks of a region.",
    ).expand(application_args=plan.output)
    every_region = EmptyOperator(
        task_id="every_region",
        trigger_rule="none_failed",
        doc_md="The run fails where a region's job has failed, though the other regions' data go on.",
    )
    tell_missing = TellMissingOperator(
        task_id="tell_missing",
        execution_timeout=SHORT,
        doc_md="Tells people, and notes on the run, which files of the run's week a region has not sent.",
    )
    apply = ApplyOperator(
        task_id="apply",
        calls=[Call("raw.apply_documents", "apply_documents.sql", {"stream": stream}) for stream in STREAMS.values()],
        trigger_rule="all_done",
        notify=notify_failure,
        outlets=tables(*RAW),
        doc_md="Brings what has landed into `raw`. Skipped, with all after it, where nothing is new.",
    )
    chain(plan, clean, [every_region, apply])
    plan >> tell_missing
    apply >> warehouse(take_turns, notify_failure)
