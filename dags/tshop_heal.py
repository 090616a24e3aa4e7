"""# T-Shop, healing ClickHouse

Finds the batches in which ClickHouse is not what the warehouse says, and has them pulled and published again:

`prepare_clickhouse` → `find` (the sales mart), `find_marts` (all others) → `anything_to_heal` → `publish_again` →
`verify`, `verify_marts`

Run it by hand, with `batch` set to heal that one of the sales mart without looking at its others. What is found is
written down in `tshop.batch_to_heal` and, of a mart that is pulled again whole, in `tshop.mart_to_heal`, and a run of
`tshop_daily` takes it from there: nothing but that and the DAGs that make way for both (`tshop_live`,
`tshop_marketplace`, `tshop_stores`) writes what readers see, so they never meet, and one that is cut off is finished by
the next run of any.
"""

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, chain
from tshop_alerts import notify_run_failure
from tshop_operators import (
    DEFAULT_ARGUMENTS,
    LONG,
    RETRY_POLICY,
    TEMPLATES,
    ClickHouseOperator,
    CompareMartsOperator,
    ask_clickhouse,
    marts,
    prepare_clickhouse,
    tables,
)
from tshop_runs import DAILY, wait_for_others

MARTS = [f"{layer}.{mart}" for layer in ("cdm", "tshop") for mart in marts.tables()]
# A run of tshop_daily that is under way is waited for first.
TWO_DAILY_RUNS = timedelta(hours=16)

with DAG(
    dag_id="tshop_heal",
    description="Batches that are damaged in ClickHouse, pulled and published again",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=20),
    on_failure_callback=notify_run_failure,
    tags=["tshop", "clickhouse"],
    template_searchpath=TEMPLATES,
    default_args={**DEFAULT_ARGUMENTS, "pre_execute": wait_for_others},
    params={
        "batch": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            description="Run id of the batch of the sales mart to pull again, whatever it holds; all that differ by "
            "default",
        ),
    },
):
    prepare = prepare_clickhouse()

    find = ClickHouseOperator(
        task_id="find",
        sql="find_batches_to_heal.sql",
        inlets=tables("cdm.sales_mart", "tshop.sales_mart"),
        outlets=tables("tshop.batch_to_heal"),
        do_xcom_push=True,
        show_return_value_in_logs=True,
        execution_timeout=LONG,
        retry_policy=RETRY_POLICY,
        doc_md="Compares rows, exact sums and hash of every batch that readers see with PostgreSQL's, writes those "
        "that differ to `tshop.batch_to_heal`, and shows how. Builds that are not published yet count, too.",
    )

    find_marts = CompareMartsOperator(
        task_id="find_marts",
        marks=True,
        inlets=tables(*MARTS),
        outlets=tables("tshop.mart_to_heal"),
        execution_timeout=LONG,
        doc_md="Compares rows, exact sums and hash of every other mart with PostgreSQL's, writes those that differ to "
        "`tshop.mart_to_heal`, and shows how. A mart that cannot be compared is told, and stops no other.",
    )

    anything_to_heal = ask_clickhouse(
        task_id="anything_to_heal",
        follow_task_ids_if_true=["publish_again"],
        follow_task_ids_if_false=["verify", "verify_marts"],
        doc_md="Skips the next task where nothing differs.",
    )

    publish_again = TriggerDagRunOperator(
        task_id="publish_again",
        trigger_dag_id=DAILY,
        wait_for_completion=True,
        fail_when_dag_is_paused=True,
        poke_interval=5,
        # A run that fails has said so itself, and may have healed all but one mart: the next tasks look what is left.
        allowed_states=["success", "failed"],
        failed_states=[],
        retries=0,
        execution_timeout=TWO_DAILY_RUNS,
        doc_md=f"Runs `{DAILY}`, whose pull brings the batches again and whose publish replaces them whole, and waits "
        "for its end, good or bad.",
    )

    verify = ClickHouseOperator(
        task_id="verify",
        sql="verify.sql",
        inlets=tables("cdm.sales_mart", "tshop.sales_mart"),
        execution_timeout=LONG,
        trigger_rule="none_failed",
        doc_md="Compares again: no batch may differ.",
    )

    verify_marts = CompareMartsOperator(
        task_id="verify_marts",
        marks=False,
        inlets=tables(*MARTS),
        execution_timeout=LONG,
        trigger_rule="none_failed",
        doc_md="Compares again: no mart may differ, and each must be comparable.",
    )

    chain(prepare, [find, find_marts], anything_to_heal, publish_again, [verify, verify_marts])
    anything_to_heal >> [verify, verify_marts]
