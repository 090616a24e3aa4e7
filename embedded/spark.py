"""``make spark``: marts computed by Spark on a standalone cluster, compared with those of the warehouse.

Starts the stack where it does not run, and the cluster (a master and a worker) unless TSHOP_SPARK_MASTER names another,
then runs the DAG tshop_marts_spark and prints a report. The cluster runs on until ``make stop``.
"""

import re
import socket

import psycopg2

from embedded import main_job, stack
from embedded.airflow_api import AirflowApi
from embedded.environment import SPARK_BIN
from embedded.errors import StackError
from embedded.report import spark as report
from embedded.settings import Settings
from migrations.plain import first_line
from sources.jars import JarsError, check_programs, jars_of

DAG = "tshop_marts_spark"


def run(settings: Settings) -> None:
    """Start what is missing, have Spark compute the marts, compare them, and print the report.

    Raises:
        StackError: a program is missing, a part does not start, the job failed, or the marts differ.
    """
    check(settings)
    lock = settings.folder("run") / "spark.lock"
    with stack.file_lock(lock, "Another 'make spark' works on this stack: wait for it."):
        embedded = start(settings)
        job = main_job.Job(embedded, AirflowApi(settings), DAG, "make spark")
        job.wait_for_dag()
        job.settle_earlier_runs()
        stack.say(f"Running {DAG} on {settings.spark_cluster} ...")
        job.run({})
        try:
            print(report.render(settings))
        except psycopg2.Error as error:
            raise StackError(f"The report cannot be made ({first_line(error)}).") from None


def check(settings: Settings) -> None:
    """Make sure that what is needed is installed and named, before anything starts.

    Raises:
        StackError: something is missing, with what to do.
    """
    if settings.external_warehouse and "spark" not in settings.external_roles:
        raise StackError(
            "WAREHOUSE_DSN is set and WAREHOUSE_SPARK_DSN is not: set it to the same warehouse as the role tshop_spark."
        )
    if not settings.external_warehouse and _is_elsewhere(settings.external_spark):
        raise StackError(
            f"TSHOP_SPARK_MASTER is '{settings.external_spark}', which does not run on this machine, and the embedded "
            "warehouse answers on this machine only: name one that both reach by WAREHOUSE_DSN and WAREHOUSE_SPARK_DSN."
        )
    try:
        check_programs(("java",))
    except JarsError as error:
        raise StackError(str(error)) from None
    if not (SPARK_BIN / "spark-submit").exists() or not any(jars_of("spark").glob("*.jar")):
        raise StackError("Spark or its jars are not installed: run 'make setup-spark'.")


def _is_elsewhere(master: str) -> bool:
    found = re.match(r"spark://([^:,/]+)", master)
    if not found:
        return False
    with socket.socket() as own:
        try:
            own.bind((found[1], 0))
        except OSError:
            return True
    return False


def start(settings: Settings) -> stack.Stack:
    """Start the stack where it does not run, and the cluster; return the stack.

    Raises:
        StackError: a part does not start.
    """
    embedded = main_job.start(settings)
    if not settings.external_spark:
        stack.say("Starting the cluster of Spark ...")
        for part in stack.SPARK_PARTS:
            embedded.start_on_request(part)
        (settings.folder("spark") / "set_up").touch()
    return embedded
