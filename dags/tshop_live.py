"""# T-Shop, live

Takes what the web shop does to the dashboards, each minute:

`apply` (documents that have landed) → `load` (raw to dds) → `build` (dds to cdm) → `audit` (what was touched) →
`publish` (cdm to ClickHouse)

Each task does what `tshop_daily` has a task an entity or a mart for, and leaves out what has nothing to do. Where
nothing at all is new, `apply` is skipped, and the run ends with it. Every task may be retried and every run may be
lost: the next one, a minute later, takes what is new since the last that was done. Where the audit finds something,
nothing is published.

It never runs together with `tshop_daily` or `tshop_heal`: while a run of these is under way, its tasks are skipped. So
they are while a task of `tshop_marketplace` or `tshop_stores` loads, builds, audits or publishes.

It is paused until `make live`, or somebody in Airflow, switches it on: a warehouse without the live shop does not need
it. People are told of a failed run where the run before it has not failed, too.
"""

from airflow.sdk import DAG, CronTriggerTimetable, chain
from tshop_alerts import notify_run_failure
from tshop_live_operators import ApplyOperator, Call
from tshop_operators import DEFAULT_ARGUMENTS, LONG, TEMPLATES, tables
from tshop_runs import yield_to_others
from tshop_shop import RAW
from tshop_warehouse import warehouse

# What the web shop's tables send: db/raw/declarations/.
STREAMS = ("shop.users", "shop.product_categories", "shop.products", "shop.orders", "shop.order_details")

with DAG(
    dag_id="tshop_live",
    description="What the web shop does, from landed documents to ClickHouse",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("* * * * *", timezone="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    # What has piled up while something was away comes in one run.
    dagrun_timeout=LONG,
    on_failure_callback=notify_run_failure,
    tags=["tshop", "warehouse", "clickhouse", "live"],
    template_searchpath=TEMPLATES,
    # The next run is a minute away.
    default_args={
        **DEFAULT_ARGUMENTS,
        "retries": 1,
        "execution_timeout": LONG,
        "pre_execute": yield_to_others,
    },
) as dag:
    apply = ApplyOperator(
        task_id="apply",
        calls=[Call("raw.apply_documents", "apply_documents.sql", {"stream": stream}) for stream in STREAMS],
        outlets=tables(*RAW),
        doc_md="Brings what has landed of each stream into `raw`. Skipped, with all after it, where nothing is new.",
    )
    chain(apply, warehouse(yield_to_others))
