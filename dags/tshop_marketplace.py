"""# T-Shop, marketplace

Takes what the marketplace's MongoDB has to the dashboards, each hour:

`extract_users`, `extract_products`, `extract_orders` (documents that have changed, side by side) → `apply` (to raw) →
**warehouse**: `load` (raw to dds) → `build` (dds to cdm) → `audit` (what was touched) → `publish` (cdm to ClickHouse)

A collection is read by the time of its documents' last change, from where the last run stopped, less an overlap of
10 minutes (the variable `tshop_marketplace_overlap_minutes`). The first run after three in the night, and one with
`full` on, reads all documents, and finds those that were deleted and those whose time tells nothing. Where far too many
are gone, that is an error and no deletion; `accept_deletions` is for where it is right.

A collection that cannot be read does not stop the others. Every task may be retried and every run may be lost: the next
one resumes. The tasks of the group `warehouse` take turns with `tshop_daily`, `tshop_heal`, `tshop_live` and
`tshop_stores`.

It is paused until `make marketplace`, or somebody in Airflow, switches it on. Where no marketplace is connected, the
first tasks are skipped.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param, chain
from tshop_alerts import notify_run_failure
from tshop_live_operators import ApplyOperator, Call, notify_first_failure
from tshop_marketplace_operators import ExtractOperator
from tshop_operators import DEFAULT_ARGUMENTS, LONG, TEMPLATES, tables
from tshop_runs import MARKETPLACE, take_turns
from tshop_warehouse import warehouse

from sources.marketplace.extract import COLLECTIONS, stream_of

# What the collections' documents are brought into: db/raw/declarations/.
RAW = {"users": ("raw.client",), "products": ("raw.product",), "orders": ("raw.sales_order", "raw.sale")}

with DAG(
    dag_id=MARKETPLACE,
    description="What the marketplace's MongoDB has, from documents to ClickHouse",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("7 * * * *", timezone="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    # What has piled up while something was away comes in one run.
    dagrun_timeout=2 * LONG,
    on_failure_callback=notify_run_failure,
    tags=["tshop", "warehouse", "clickhouse", "marketplace"],
    template_searchpath=TEMPLATES,
    default_args={**DEFAULT_ARGUMENTS, "execution_timeout": LONG, "on_failure_callback": notify_first_failure},
    params={
        "full": Param(False, type="boolean", description="Compare all documents, which finds deletions"),
        "accept_deletions": Param(
            False, type="boolean", description="With full: believe it where far more documents are gone than is likely"
        ),
    },
) as dag:
    extracts = [
        ExtractOperator(
            collection=collection,
            outlets=tables("landing.document"),
            doc_md=f"Lands the documents of `{collection}` that have changed; once a day compares all.",
        )
        for collection in COLLECTIONS
    ]
    apply = ApplyOperator(
        task_id="apply",
        calls=[
            Call("raw.apply_documents", "apply_documents.sql", {"stream": stream_of(collection)})
            for collection in COLLECTIONS
        ],
        # What has landed waits, whatever keeps another collection from being read.
        trigger_rule="all_done",
        inlets=tables("landing.document"),
        outlets=tables(*(table for of_collection in RAW.values() for table in of_collection)),
        doc_md="Brings what has landed into `raw`. Skipped, with all after it, where nothing is new.",
    )
    every_collection = EmptyOperator(
        task_id="every_collection",
        trigger_rule="none_failed",
        doc_md="The run fails where a collection could not be read, though the other collections' documents go on.",
    )
    chain(extracts, apply, warehouse(take_turns))
    extracts >> every_collection
