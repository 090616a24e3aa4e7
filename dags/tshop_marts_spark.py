"""# T-Shop, marts on Spark

Has Spark compute `user_sales`, `product_sales` and `region_sales` from `dds`, and proves that they are those of `cdm`:

`compute` (dds to the schema spark, and to the database of `TSHOP_MARTS_URL` where that is set) → `compare`

It is run by hand (`make spark`), or by whoever triggers it: it needs a cluster of Spark, the one of the connection
`tshop_spark_cluster`. It reads dds as of one moment and writes nothing but its own marts, so that it may run beside
every other DAG, and again at any time. While loads wait for the builds of cdm it waits, ten minutes at most, since it
could not tell who is right; after that it computes, and `compare` may fail though nothing is wrong.
"""

from airflow.sdk import DAG, chain
from tshop_alerts import notify_run_failure
from tshop_operators import DEFAULT_ARGUMENTS, LONG, TEMPLATES, CallOperator, tables
from tshop_spark import CLUSTER_CONNECTION, SparkOperator

READ = tables(*(f"dds.{entity}" for entity in ("category", "client", "product", "sale", "sales_order")))
MARTS = ("user_sales", "product_sales", "region_sales")

with DAG(
    dag_id="tshop_marts_spark",
    description="Marts that Spark computes from dds, compared with those of the warehouse",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=2 * LONG,
    on_failure_callback=notify_run_failure,
    tags=["tshop", "warehouse", "spark"],
    template_searchpath=TEMPLATES,
    default_args={**DEFAULT_ARGUMENTS, "execution_timeout": LONG},
):
    compute = SparkOperator(
        task_id="compute",
        program="spark/marts.py",
        jars_of=("spark",),
        conn_id=CLUSTER_CONNECTION,
        name="tshop marts",
        inlets=READ,
        outlets=tables(*(f"spark.{mart}" for mart in MARTS)),
        doc_md="Reads dds by ranges, side by side and as of one moment, computes the marts, and writes each target in "
        "one transaction.",
    )
    compare = CallOperator(
        task_id="compare",
        procedure="cdm.compare_marts",
        inlets=tables(*(f"{layer}.{mart}" for layer in ("cdm", "spark") for mart in MARTS)),
        doc_md="Compares the marts of both engines row by row, to the kopeck.",
    )
    chain(compute, compare)
