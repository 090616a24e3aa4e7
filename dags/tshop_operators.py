"""What the tasks of the DAGs have in common: how they run SQL, which errors they retry, and what they leave behind.

A task that is cancelled or runs out of time ends its statement in the server. One whose process is killed can not: then
PostgreSQL ends the statement as it misses its client, and ClickHouse's is ended by the next attempt.
"""

import logging
import sys
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.common.sql.operators.sql import BranchSQLOperator, SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowSkipException
from tshop_alerts import message_of, notify_failure

# The folders clickhouse/ and generator/ are beside dags/, also where Airflow reads the DAGs from another place.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from clickhouse import marts
from clickhouse.definitions import DEFINITIONS, DefinitionError, pending

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
SQL = ROOT / "dags" / "sql"
CLICKHOUSE = ROOT / "clickhouse"
TEMPLATES = [str(SQL), str(CLICKHOUSE)]
WAREHOUSE_CONNECTION = "tshop_warehouse"
CLICKHOUSE_CONNECTION = "tshop_clickhouse"
LONG = timedelta(hours=2)
SHORT = timedelta(minutes=30)
DEFAULT_ARGUMENTS = {
    "owner": "data-engineering",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    # After the last attempt, and not for the tasks that then do not run.
    "on_failure_callback": notify_failure,
}
# The server looks this often whether its client is still there, whatever the server's and the role's own setting. Where
# the connection has "options" of its own, these hold instead.
WATCH_CLIENT = "-c client_connection_check_interval=2s"
CANCEL_SECONDS = 4
# The database that a session in ClickHouse begins with is one that exists before ours does.
OUTSIDE = {"database": "default"}


class Failed(SystemExit):
    """A program has failed and has said why: Airflow shows no traceback of an exit."""


class WrongParameters(Failed):
    """The run's parameters cannot be."""


class Refused(Failed):
    """Nothing but a change by hand helps: a retry would find the same."""


class EndWhatIsRefused(RetryPolicy):
    """Ends a task at once where it has said that a retry would find the same; all else is retried."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, **_more) -> RetryDecision:  # noqa: ARG002
        """Return what is to happen after an exception of a task."""
        if isinstance(exception, Refused):
            return RetryDecision.fail("A retry would find the same")
        return RetryDecision.default()


class EndWhatWouldFailAgain(RetryPolicy):
    """Ends a task at once on an error that a retry would only meet again; all others are retried.

    What passes is retried: a lost connection, a server that starts, the lock that a procedure (TS001) or somebody else
    (TS005) holds. That may be a full audit or a backfill, which take their time in a large warehouse.
    """

    # What the audit found, an unlikely load, an entity that is not registered rightly: docs/errors.md.
    SQLSTATES = frozenset({"TS002", "TS003", "TS004", "TS010", "TS023", "TS024"})
    LOCKED = frozenset({"TS001", "TS005"})
    LOCKED_DELAYS = (timedelta(seconds=30), timedelta(minutes=10), timedelta(minutes=45))
    # A check in ClickHouse, such as the pull's: this is another warehouse.
    CLICKHOUSE = "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, **_more) -> RetryDecision:
        """Return what is to happen after an exception of a task.

        Args:
            exception: what was raised.
            try_number: of how many tries this was the last, all since the run began, cleared ones too.
            max_tries: the try after which there is no other but one, counted the same.
        """
        sqlstate = getattr(getattr(exception, "diag", None), "sqlstate", None)
        if isinstance(exception, WrongParameters):
            return RetryDecision.fail("The run's parameters stay what they are: start another run")
        if sqlstate in self.SQLSTATES or self.CLICKHOUSE in str(exception):
            return RetryDecision.fail("A retry would find the same")
        if sqlstate in self.LOCKED:
            used = len(self.LOCKED_DELAYS) - 1 - (max_tries - try_number)
            delay = self.LOCKED_DELAYS[min(max(used, 0), len(self.LOCKED_DELAYS) - 1)]
            return RetryDecision.retry(delay, "Another session holds the lock")
        return RetryDecision.default()


RETRY_POLICY = EndWhatWouldFailAgain()


def record_failure(context: Mapping[str, Any]) -> None:
    """Leave the trace of a failed call in the warehouse, for it was rolled back with all it did.

    Of the error go the SQLSTATE, the primary message and where it was raised, never its detail, which may hold a row.
    A trace that can not be written is a line in the log, and changes nothing for the task.
    """
    task = context["task"]
    error = context.get("exception")
    diag = getattr(error, "diag", None)
    try:
        task.get_db_hook().run(
            (SQL / "record_failure.sql").read_text(),
            autocommit=True,
            parameters={
                "procedure": task.procedure,
                "sqlstate": getattr(diag, "sqlstate", None),
                "message": message_of(error),
                "context": getattr(diag, "context", None),
                "started_at": getattr(context.get("ti"), "start_date", None),
            },
        )
    except Exception:
        log.exception("The failure of %s could not be recorded in sl.run", task.procedure)


class GenerateOperator(BashOperator):
    """Runs dags/generate.sh, whose last line is the reason where it fails."""

    NOTHING_TO_DO = 99
    WRONG_PARAMETERS = 2

    def __init__(self, **arguments) -> None:
        # The blank at the end keeps Airflow from taking the script for a template.
        super().__init__(
            bash_command="exec bash dags/generate.sh ",
            append_env=True,
            cwd=str(ROOT),
            retry_policy=RETRY_POLICY,
            **arguments,
        )

    def execute(self, context) -> str:
        """Run the script; raises Failed where it fails, so that its own words are all there is to read."""
        answer = self.subprocess_hook.run_command(
            command=["bash", "-c", self.bash_command], env=self.get_env(context), cwd=self.cwd
        )
        if answer.exit_code == self.NOTHING_TO_DO:
            raise AirflowSkipException(answer.output)
        if answer.exit_code == self.WRONG_PARAMETERS:
            raise WrongParameters(answer.output)
        if answer.exit_code != 0:
            raise Failed(answer.output)
        return answer.output


class CallOperator(SQLExecuteQueryOperator):
    """Calls one procedure of the warehouse, as a file of dags/sql/ says.

    The procedure's NOTICE goes to the task's log, its row of counts to the task's result, a failure to sl.run.

    :param procedure: the procedure's name with its schema
    :param sql: file of dags/sql/
    """

    def __init__(self, *, task_id: str, procedure: str, sql: str = "call.sql", **arguments) -> None:
        super().__init__(
            task_id=task_id,
            conn_id=WAREHOUSE_CONNECTION,
            sql=sql,
            autocommit=True,
            hook_params={"enable_log_db_messages": True, "options": WATCH_CLIENT},
            show_return_value_in_logs=True,
            retry_policy=RETRY_POLICY,
            on_failure_callback=[record_failure, notify_failure],
            on_retry_callback=record_failure,
            **arguments,
        )
        self.procedure = procedure

    def on_kill(self) -> None:
        """Cancel the call in the server: it is rolled back, and its locks are free."""
        connection = getattr(self.get_db_hook(), "conn", None)
        if connection is None or connection.closed:
            return
        try:
            connection.cancel_safe(timeout=CANCEL_SECONDS)
        except Exception:
            log.exception("The call of %s could not be cancelled", self.procedure)


class ClickHouseOperator(SQLExecuteQueryOperator):
    """Runs files of clickhouse/ one statement after the other.

    The names in them are qualified. The statements carry the task's name, by which they are found again and ended.
    """

    def __init__(self, *, task_id: str, do_xcom_push: bool = False, **arguments) -> None:
        super().__init__(
            task_id=task_id,
            conn_id=CLICKHOUSE_CONNECTION,
            split_statements=True,
            do_xcom_push=do_xcom_push,
            **arguments,
        )
        self.comment = f"{self.dag_id}.{task_id}"
        self.hook_params = {**OUTSIDE, "session_settings": {"log_comment": self.comment}}

    def execute(self, context) -> Any:
        """End what a killed attempt has left running, then run the statements."""
        self._end_statements()
        return super().execute(context)

    def on_kill(self) -> None:
        """End the statement in the server."""
        try:
            self._end_statements()
        except Exception:
            log.exception("The statement of %s could not be ended", self.comment)

    def _end_statements(self) -> None:
        self.get_db_hook().run((SQL / "end_statements.sql").read_text(), parameters={"comment": self.comment})


class DefinitionsOperator(ClickHouseOperator):
    """Runs of the files of clickhouse/ddl/ what this ClickHouse lacks: see clickhouse/definitions.py."""

    def execute(self, context) -> Any:
        """Ask which statements are left, then run these; raises Failed where an applied one has changed."""
        try:
            self.sql = [step.statement for step in pending(self.get_db_hook().get_records)]
        except DefinitionError as error:
            raise Failed(str(error)) from None
        return super().execute(context)


class MartsOperator(ClickHouseOperator):
    """Does with tables that show marts what clickhouse/marts.py has for it, by one connection."""

    def __init__(self, *, task_id: str, **arguments) -> None:
        super().__init__(task_id=task_id, sql=[], do_xcom_push=True, retry_policy=EndWhatIsRefused(), **arguments)

    def execute(self, context) -> Any:  # noqa: ARG002
        """End what a killed attempt has left running, then do it; raises Refused where it cannot be done."""
        self._end_statements()
        with closing(self.get_db_hook().get_conn()) as connection, closing(connection.cursor()) as cursor:

            def ask(query: str) -> list[tuple]:
                cursor.execute(query)
                return cursor.fetchall()

            def run(found: list[str]) -> None:
                for statement in found:
                    log.info("Running statement: %s", statement)
                    cursor.execute(statement)

            try:
                return self.do(ask, run)
            except marts.MartError as error:
                raise Refused(str(error)) from None

    @abstractmethod
    def do(self, ask: marts.Ask, run: marts.Run) -> Any:
        """Do it; returns what the task tells."""


class MartOperator(MartsOperator):
    """Takes the current rows of a mart over into its table.

    :param mart: name of the table, without the database
    """

    def __init__(self, *, mart: str, **arguments) -> None:
        super().__init__(task_id=f"publish_{mart}", **arguments)
        self.mart = mart

    def do(self, ask: marts.Ask, run: marts.Run) -> str:
        """Pull, check, publish."""
        told = marts.take_over(ask, run, self.mart)
        log.info(told)
        return told


class CompareMartsOperator(MartsOperator):
    """Compares what readers see of the marts with the warehouse.

    :param marks: has what differs pulled again by the next run of tshop_daily, and only tells which mart cannot be
        compared; else both are errors
    """

    def __init__(self, *, marks: bool, **arguments) -> None:
        super().__init__(**arguments)
        self.marks = marks

    def do(self, ask: marts.Ask, run: marts.Run) -> list[str]:
        """Return how the marts differ, a sentence each; raises Failed where they may not."""
        differences, failed = marts.compare(
            lambda mart: marts.mark(ask, run, mart) if self.marks else marts.differences(ask, mart)
        )
        found = [difference for of_mart in differences.values() for difference in of_mart]
        wrong = [f"tshop.{mart} cannot be compared: {marts.reason(error)}" for mart, error in failed.items()]
        for sentence in wrong:
            log.warning(sentence)
        log.info("\n".join(found) or ("No other mart differs" if wrong else "No mart differs"))
        if self.marks or not (found or wrong):
            return [*found, *wrong]
        told = " ".join([*wrong, *(f"{difference}. Run the DAG tshop_heal" for difference in found[:1])])
        # What ClickHouse or the warehouse did not bear may go well the next time.
        if found or not all(isinstance(error, marts.MartError) for error in failed.values()):
            raise Failed(told)
        raise Refused(told)


def tables(*names: str) -> list[Asset]:
    """Return tables as the assets that Airflow shows the lineage of; nothing is scheduled by them."""
    return [Asset(name=name, uri=f"tshop://{name.replace('.', '/')}", group="tshop") for name in names]


def ask_clickhouse(task_id: str, **arguments) -> BranchSQLOperator:
    """Return the task that branches by what dags/sql/<task_id>.sql finds in ClickHouse."""
    return BranchSQLOperator(
        task_id=task_id,
        conn_id=CLICKHOUSE_CONNECTION,
        sql=f"{task_id}.sql",
        hook_params=OUTSIDE,
        execution_timeout=SHORT,
        **arguments,
    )


def prepare_clickhouse() -> DefinitionsOperator:
    """Return the task that makes ClickHouse's database and what is in it, and brings it up to clickhouse/ddl/."""
    return DefinitionsOperator(
        task_id="prepare_clickhouse",
        sql=[str(file.relative_to(CLICKHOUSE)) for file in sorted(DEFINITIONS.glob("*.sql"))],
        execution_timeout=SHORT,
        doc_md="Makes the database `tshop` and what is in it, and brings it up to `clickhouse/ddl/`. What was applied "
        "is in `tshop.applied_file`.",
    )
