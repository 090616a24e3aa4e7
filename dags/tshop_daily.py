"""# T-Shop, daily

Takes the shop's data from the raw layer to ClickHouse:

`prepare_clickhouse` → `generate` (only where the run asks for it) → `load_client`, `load_product` → `load_sale` →
`build_mart` → `audit` → `pull` → `reconcile` → `publish`

Every task may be retried, and a run may be started again from its first task: the loads take what is new since their
own last run, not what belongs to a date, and ClickHouse takes over whole batches of the mart or nothing. Therefore a
day that was missed needs no run of its own, and runs never overlap.

To generate days of the synthetic shop, start a run with `generate` on and `date_from` and `date_to` set.
"""

import sys
from datetime import timedelta
from pathlib import Path

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param, chain
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

ROOT = Path(__file__).resolve().parent.parent
CLICKHOUSE = ROOT / "clickhouse"
LONG = timedelta(hours=2)
SHORT = timedelta(minutes=30)


class EndWhatWouldFailAgain(RetryPolicy):
    """Ends a task at once on an error that a retry would only meet again; all others are retried.

    What passes is retried: a lost connection, a server that starts, the lock (TS001) that a procedure holds a little
    longer than its killed client lives.
    """

    # What the audit found, an unlikely load, an entity that is not registered rightly: docs/errors.md.
    SQLSTATES = frozenset({"TS002", "TS003", "TS004", "TS010"})
    # A check in ClickHouse, such as the pull's: this is another warehouse.
    CLICKHOUSE = "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"

    def evaluate(self, exception: BaseException, *_tries, **_more) -> RetryDecision:
        """Return what is to happen after an exception of a task."""
        sqlstate = getattr(getattr(exception, "diag", None), "sqlstate", None)
        if sqlstate in self.SQLSTATES or self.CLICKHOUSE in str(exception):
            return RetryDecision.fail("A retry would find the same")
        return RetryDecision.default()


RETRY_POLICY = EndWhatWouldFailAgain()


def call(task_id: str, timeout: timedelta, doc: str, **arguments) -> SQLExecuteQueryOperator:
    """Return the task that calls one procedure of the warehouse, as dags/sql/<task_id>.sql says.

    The procedure's NOTICE goes to the task's log, its row of counts to the task's result.
    """
    return SQLExecuteQueryOperator(
        task_id=task_id,
        conn_id="tshop_warehouse",
        sql=f"{task_id}.sql",
        autocommit=True,
        hook_params={"enable_log_db_messages": True},
        show_return_value_in_logs=True,
        execution_timeout=timeout,
        retry_policy=RETRY_POLICY,
        doc_md=doc,
        **arguments,
    )


def clickhouse(
    task_id: str, sql: str | list[str], timeout: timedelta, doc: str, **arguments
) -> SQLExecuteQueryOperator:
    """Return the task that runs files of clickhouse/ one statement after the other.

    The names in them are qualified; the session's own database is one that exists before ours does.
    """
    return SQLExecuteQueryOperator(
        task_id=task_id,
        conn_id="tshop_clickhouse",
        sql=sql,
        split_statements=True,
        hook_params={"database": "default"},
        do_xcom_push=False,
        execution_timeout=timeout,
        doc_md=doc,
        **arguments,
    )


with DAG(
    dag_id="tshop_daily",
    description="Shop data from the raw layer to ClickHouse",
    doc_md=__doc__,
    # Without a start date the first night after the DAG appears is its first run, not the night before. Airflow would
    # take the night before where the DAG appears within a tenth of the period, so until 05:24. The minutes it has
    # instead are for the DAG processor, which may read the DAG anew between 03:00 and the start of the very first run.
    schedule=CronTriggerTimetable("0 3 * * *", timezone="Europe/Moscow", run_immediately=timedelta(minutes=5)),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    tags=["tshop", "warehouse", "clickhouse"],
    template_searchpath=[str(ROOT / "dags" / "sql"), str(CLICKHOUSE)],
    default_args={
        "owner": "data-engineering",
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
    },
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
):
    prepare_clickhouse = clickhouse(
        "prepare_clickhouse",
        [str(file.relative_to(CLICKHOUSE)) for file in sorted(CLICKHOUSE.glob("ddl/*.sql"))],
        SHORT,
        "Makes the database `tshop` and what is in it, where it is not there yet.",
    )

    generate = BashOperator(
        task_id="generate",
        # The blank at the end keeps Airflow from taking the script for a template.
        bash_command="exec bash dags/generate.sh ",
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
        append_env=True,
        cwd=str(ROOT),
        # One retry: exit status 2 is a warehouse that is away for a moment as well as wrong parameters.
        retries=1,
        execution_timeout=LONG,
        doc_md="Writes the days asked for into raw, where `generate` is on; else skipped. A day written twice is the "
        "same day. The warehouse is named by the environment variable `WAREHOUSE_DSN`.",
    )

    loads = [
        call(
            "load_client",
            LONG,
            "Brings `dds.client` up to `raw.client`.",
            trigger_rule="none_failed",
        ),
        call(
            "load_product",
            LONG,
            "Brings `dds.product` up to `raw.product`.",
            trigger_rule="none_failed",
        ),
    ]
    load_sale = call("load_sale", LONG, "Brings `dds.sale` up to `raw.sale`.")
    build_mart = call(
        "build_mart", LONG, "Brings `cdm.sales_mart` up to dds: the batch of this run is what ClickHouse pulls."
    )
    audit = call("audit", SHORT, "Checks the warehouse's invariants, so that nothing wrong is published.")

    pull = clickhouse(
        "pull",
        "pull.sql",
        LONG,
        "Copies the batches of the mart that are not published yet into `tshop.sales_mart_staging`, always anew.",
        # The other two have no policy: what their checks find is cured by pulling, or by building the state, again.
        retry_policy=RETRY_POLICY,
    )
    reconcile = clickhouse(
        "reconcile",
        "reconcile_or_pull_again.sql",
        LONG,
        "Compares rows and exact sums of each pulled batch with PostgreSQL's. Names the first batch that differs; a "
        "retry pulls again before it compares.",
    )
    publish = clickhouse(
        "publish",
        "publish.sql",
        LONG,
        "Puts the batches before readers at one stroke and records them in `tshop.published_batch`. A retry on its own "
        "is sound: it builds the next state anew.",
    )

    chain(prepare_clickhouse, generate, loads, load_sale, build_mart, audit, pull, reconcile, publish)
