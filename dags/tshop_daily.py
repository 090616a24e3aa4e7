"""# T-Shop, daily

Takes the shop's data from the raw layer to ClickHouse:

`prepare_clickhouse` → `generate` (only where the run asks for it) → **load**: the entities, those side by side that do
not need each other → **build**: the marts, side by side → `audit` → **clickhouse**: `pull` → `reconcile` → `publish` of
the sales mart → `anything_to_erase` → `erase` (only where a person was erased), and beside them `publish_…`, one task
for each other mart, which does all of this; **documents**: `audit_documents` → `purge_documents`

Every task may be retried, and a run may be started again from its first task: the loads take what is new since their
own last run, not what belongs to a date, and ClickHouse takes over whole batches of a mart or nothing. Therefore a
day that was missed needs no run of its own, and runs never overlap, nor do they with what `tshop_live`,
`tshop_marketplace` and `tshop_stores` load, build and publish: these make way.

One audit stands between all builds and all publishing: where one load or build fails, or the audit finds something, no
mart is published, the sales mart included, and readers keep what they had.

To generate days of the synthetic shop, start a run with `generate` on and `date_from` and `date_to` set.
"""

import sys
from datetime import timedelta
from itertools import pairwise

from airflow.sdk import DAG, CronTriggerTimetable, Param, TaskGroup, chain, cross_downstream
from tshop_alerts import notify_run_failure
from tshop_operators import (
    DEFAULT_ARGUMENTS,
    LONG,
    RETRY_POLICY,
    TEMPLATES,
    CallOperator,
    ClickHouseOperator,
    GenerateOperator,
    MartOperator,
    ask_clickhouse,
    marts,
    prepare_clickhouse,
    tables,
)
from tshop_runs import wait_for_others
from tshop_shop import BUILDS, CDM, DDS, MARTS, RAW, STEPS

MART, STAGING, PUBLISHED = "cdm.sales_mart", "tshop.sales_mart_staging", "tshop.sales_mart"

with DAG(
    dag_id="tshop_daily",
    description="Shop data from the raw layer to ClickHouse",
    doc_md=__doc__,
    # Without a start date the first night after the DAG appears is its first run, not the night before. Airflow would
    # take the night before where the DAG appears within a tenth of the period, so until 05:24. The minutes it has
    # instead are for the DAG processor, which may read the DAG again between 03:00 and the start of the very first run.
    schedule=CronTriggerTimetable("0 3 * * *", timezone="Europe/Moscow", run_immediately=timedelta(minutes=5)),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    on_failure_callback=notify_run_failure,
    tags=["tshop", "warehouse", "clickhouse"],
    template_searchpath=TEMPLATES,
    default_args={**DEFAULT_ARGUMENTS, "pre_execute": wait_for_others},
    params={
        "generate": Param(False, type="boolean", description="Write days of the synthetic shop into raw first"),
        "date_from": Param(None, type=["null", "string"], format="date", description="First day to generate"),
        "date_to": Param(
            None, type=["null", "string"], format="date", description="Last day to generate; date_from by default"
        ),
        "clients": Param(50_000, type="integer", minimum=1, description="Clients the shop opens with"),
        "products": Param(2_000, type="integer", minimum=1, description="Products the shop opens with"),
        "opened": Param("2026-01-01", type="string", format="date", description="Day the shop opens, its first one"),
        "seed": Param(1, type="integer", minimum=0, description="Of all that is random"),
        "locale": Param(
            "ru_RU", type="string", pattern="^[A-Za-z_]{2,11}$", description="Of the clients' names, as Faker has it"
        ),
    },
) as dag:
    prepare = prepare_clickhouse()

    generate = GenerateOperator(
        task_id="generate",
        outlets=tables(*RAW),
        env={
            "GENERATE": "{{ params.generate }}",
            "GENERATE_FROM": "{{ params.date_from or '' }}",
            "GENERATE_TO": "{{ params.date_to or '' }}",
            "GENERATE_CLIENTS": "{{ params.clients }}",
            "GENERATE_PRODUCTS": "{{ params.products }}",
            "GENERATE_OPENED": "{{ params.opened }}",
            "GENERATE_SEED": "{{ params.seed }}",
            "GENERATE_LOCALE": "{{ params.locale }}",
            "GENERATE_PYTHON": sys.executable,
        },
        execution_timeout=LONG,
        doc_md="Writes the days asked for into raw, where `generate` is on; else skipped. A day written twice is the "
        "same day. The warehouse is named by the environment variable `WAREHOUSE_DSN`.",
    )

    with TaskGroup("load", prefix_group_id=False, tooltip="raw to dds") as load:
        loads = [
            [
                CallOperator(
                    task_id=f"load_{entity}",
                    procedure=f"dds.load_{entity}",
                    inlets=tables(f"raw.{entity}"),
                    outlets=tables(f"dds.{entity}"),
                    execution_timeout=LONG,
                    # Generating may be skipped.
                    trigger_rule="none_failed" if step == STEPS[0] else "all_success",
                    doc_md=f"Brings `dds.{entity}` up to `raw.{entity}`.",
                )
                for entity in step
            ]
            for step in STEPS
        ]
        for before, after in pairwise(loads):
            cross_downstream(before, after)

    with TaskGroup("build", prefix_group_id=False, tooltip="dds to cdm") as build:
        for mart, entities in MARTS.items():
            name = BUILDS[mart]
            CallOperator(
                task_id=name,
                procedure=f"cdm.{name}",
                inlets=tables(*(f"dds.{entity}" for entity in entities)),
                outlets=tables(f"cdm.{mart}"),
                execution_timeout=LONG,
                doc_md=f"Brings `cdm.{mart}` up to dds: the batch of this run is what ClickHouse pulls.",
            )

    audit = CallOperator(
        task_id="audit",
        procedure="sl.audit",
        sql="audit.sql",
        inlets=tables(*RAW, *DDS, *CDM),
        # After a first load, and in another cluster, it checks all there is.
        execution_timeout=LONG,
        doc_md="Checks the warehouse's invariants, so that nothing wrong is published.",
    )

    with TaskGroup("clickhouse", prefix_group_id=False, tooltip="cdm to ClickHouse") as clickhouse:
        pull = ClickHouseOperator(
            task_id="pull",
            sql="pull.sql",
            inlets=tables(MART),
            outlets=tables(STAGING),
            # Its last statement tells how many rows there are.
            do_xcom_push=True,
            show_return_value_in_logs=True,
            execution_timeout=LONG,
            # The other two have no policy: what their checks find is cured by pulling, or by building the state, again.
            retry_policy=RETRY_POLICY,
            doc_md="Copies the batches of the mart that are not published yet, and those that `tshop_heal` found "
            "damaged, into `tshop.sales_mart_staging`, always from the beginning.",
        )
        reconcile = ClickHouseOperator(
            task_id="reconcile",
            sql="reconcile_or_pull_again.sql",
            inlets=tables(MART, STAGING),
            execution_timeout=LONG,
            doc_md="Compares rows, exact sums and hash of each pulled batch with PostgreSQL's. Names the first batch "
            "that differs; a retry pulls again before it compares.",
        )
        publish = ClickHouseOperator(
            task_id="publish",
            sql="publish.sql",
            inlets=tables(STAGING),
            outlets=tables(PUBLISHED),
            execution_timeout=LONG,
            doc_md="Shows the batches to readers, all at once, and records them in `tshop.published_batch`. A retry on "
            "its own is sound: it builds the next state again.",
        )

        anything_to_erase = ask_clickhouse(
            task_id="anything_to_erase",
            follow_task_ids_if_true=["erase"],
            follow_task_ids_if_false=[],
            doc_md="Skips the next task where no person was erased since the last time.",
        )
        erase = ClickHouseOperator(
            task_id="erase",
            sql="erase.sql",
            inlets=tables(PUBLISHED),
            execution_timeout=LONG,
            doc_md="Takes off ClickHouse's disk what a published batch has erased, and notes so in "
            "`tshop.erased_batch`.",
        )
        chain(pull, reconcile, publish, anything_to_erase, erase)

        for mart in marts.tables():
            MartOperator(
                mart=mart,
                inlets=tables(f"cdm.{mart}"),
                outlets=tables(f"tshop.{mart}"),
                execution_timeout=LONG,
                doc_md=f"Pulls the batches of `cdm.{mart}` that are not published yet, or all of it where `tshop_heal` "
                "found it damaged, compares rows, exact sums and hash with PostgreSQL's, and shows readers the current "
                f"rows in `tshop.{mart}`, all at once. A retry begins from the start.",
            )

    with TaskGroup("documents", prefix_group_id=False, tooltip="what landed as documents") as documents:
        audit_documents = CallOperator(
            task_id="audit_documents",
            procedure="raw.audit_documents",
            sql="audit_documents.sql",
            execution_timeout=LONG,
            doc_md="Checks that every landed document is applied, waiting, or rejected with a reason.",
        )
        purge_documents = CallOperator(
            task_id="purge_documents",
            procedure="raw.purge_documents",
            execution_timeout=LONG,
            doc_md="Removes documents that landed longer ago than their stream keeps them.",
        )
        chain(audit_documents, purge_documents)

    chain(prepare, generate, load, build, audit, [clickhouse, documents])
