"""What the tasks of tshop_live run: several procedures, or several marts, in one task.

A task costs Airflow two seconds, whatever it does, and what a minute brings is loaded, built and published in about as
many. So a task of tshop_live does what tshop_daily has a task for each, and leaves out what has nothing to do.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowSkipException
from tshop_alerts import notify_failure
from tshop_operators import (
    CLICKHOUSE,
    CLICKHOUSE_CONNECTION,
    OUTSIDE,
    CallOperator,
    ClickHouseOperator,
    EndWhatWouldFailAgain,
    Failed,
    marts,
    record_failure,
)

from clickhouse.definitions import DefinitionError, is_current, pending
from clickhouse.files import statements

log = logging.getLogger(__name__)

# How long a lock that another session holds is waited for, in seconds: somebody may call a load by hand.
LOCK_SECONDS = 30
PAUSE_SECONDS = 1
# Marts that are published at a time.
SIDE_BY_SIDE = 3
SALES_MART = "sales_mart"


class EndWhatTheNextRunMends(EndWhatWouldFailAgain):
    """As its base, but a lock that was waited for is left to the next run."""

    LOCKED_DELAYS = (timedelta(seconds=10),)


def notify_first_failure(context: Mapping[str, Any]) -> None:
    """Tell people that a task has failed for good, where the run before has not failed too: a callback.

    A run a minute would tell them so every minute.
    """
    try:
        before = context["ti"].get_previous_dagrun()
    except Exception:
        log.exception("Whether the run before failed, too, is not known")
        before = None
    if before is not None and before.state == "failed":
        log.info("People are not told again: the run before this one failed, too")
        return
    notify_failure(context)


@dataclass(frozen=True)
class Call:
    """A procedure to call.

    Attributes:
        procedure: its name with its schema.
        sql: file of dags/sql/ that calls it.
        parameters: of that file.
    """

    procedure: str
    sql: str = "call.sql"
    parameters: dict[str, Any] = field(default_factory=dict)


class CallsOperator(CallOperator):
    """Calls those of some procedures of the warehouse that have something to do, one after the other.

    A failure goes to sl.run under the name of the procedure that failed.

    :param calls: in their order
    :param notify: tells people of a failure
    """

    def __init__(
        self,
        *,
        task_id: str,
        calls: Sequence[Call],
        notify: Callable[[Mapping[str, Any]], None] = notify_first_failure,
        **arguments,
    ) -> None:
        super().__init__(task_id=task_id, procedure=calls[0].procedure, sql="procedures_due.sql", **arguments)
        self.calls = calls
        self.retry_policy = EndWhatTheNextRunMends()
        self.on_failure_callback = [record_failure, notify]

    def execute(self, context) -> None:
        """Call what is due."""
        due = self.due()
        for call in self.calls:
            if call.procedure in due:
                self.call(call, context)

    def due(self) -> set[str]:
        """Return the procedures that have something to do."""
        return {name for (name,) in self.get_db_hook().get_records(self.sql)}

    def call(self, call: Call, context: Mapping[str, Any]) -> None:
        """Call a procedure; a lock that another session holds is waited for."""
        self.procedure = call.procedure
        statement = self.render_template(call.sql, {**context, "task": self})
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                self.get_db_hook().run(statement, autocommit=True, parameters=call.parameters)
                return
            except Exception as error:
                if not is_locked(error) or time.monotonic() > end:
                    raise
            log.info("Another session holds a lock that %s needs: waiting for it", call.procedure)
            time.sleep(PAUSE_SECONDS)


class ApplyOperator(CallsOperator):
    """Applies what has landed, and is skipped, with all after it, where then nothing at all has something to do.

    It is the first task of a run: a run that finds nothing new is this one task. Where the consumer applies what it has
    landed, and is not done with it in time, that is left to it.
    """

    def execute(self, context) -> None:
        """Apply, then look; raises AirflowSkipException where there is nothing to load, build, audit or publish."""
        for call in self.calls:
            try:
                self.call(call, context)
            except Exception as error:
                if not is_locked(error):
                    raise
                log.info("%s: the consumer is at it", call.parameters)
        if not self.due() and not self._has_to_publish():
            raise AirflowSkipException("Nothing is new")

    def _has_to_publish(self) -> bool:
        hook = BaseHook.get_connection(CLICKHOUSE_CONNECTION).get_hook(hook_params=OUTSIDE)
        with closing(hook.get_conn()) as connection, closing(connection.cursor()) as cursor:
            ask = ask_by(cursor)
            return not is_current(ask) or bool(marts.behind(ask))


class PublishOperator(ClickHouseOperator):
    """Publishes all that is new of the marts, several at a time, each by a connection of its own.

    A mart that fails stops no other. Where ClickHouse lacks what clickhouse/ddl/ defines, that is made first.

    :param notify: tells people of a failure
    """

    def __init__(
        self, *, task_id: str, notify: Callable[[Mapping[str, Any]], None] = notify_first_failure, **arguments
    ) -> None:
        super().__init__(
            task_id=task_id,
            sql=[],
            retry_policy=EndWhatTheNextRunMends(),
            on_failure_callback=notify,
            **arguments,
        )
        self._is_ended = threading.Event()

    def execute(self, context) -> None:  # noqa: ARG002
        """Publish; raises Failed with what each mart that failed has said."""
        self._end_statements()
        with closing(self.get_db_hook().get_conn()) as connection, closing(connection.cursor()) as cursor:
            self._define(cursor)
            tables = marts.behind(ask_by(cursor))
        failed = {}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            # The sales mart takes longest.
            begun = {pool.submit(self._publish, table): table for table in sorted(tables, key=SALES_MART.__ne__)}
            try:
                for done in as_completed(begun):
                    if error := done.exception():
                        failed[begun[done]] = error
                        log.error("%s: %s", begun[done], error)
            except BaseException:
                self.on_kill()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if failed:
            raise Failed(" ".join(f"tshop.{table}: {marts.reason(error)}" for table, error in sorted(failed.items())))

    def on_kill(self) -> None:
        """End the statements in the server, and begin no other."""
        self._is_ended.set()
        super().on_kill()

    def _define(self, cursor: Any) -> None:
        try:
            if not is_current(ask_by(cursor)):
                for step in pending(ask_by(cursor)):
                    cursor.execute(step.statement)
        except DefinitionError as error:
            raise Failed(str(error)) from None

    def _publish(self, table: str) -> None:
        with closing(self.get_db_hook().get_conn()) as connection, closing(connection.cursor()) as cursor:
            begun = time.monotonic()

            def run(found: list[str]) -> None:
                for statement in found:
                    if self._is_ended.is_set():
                        raise Failed("The task was ended")
                    cursor.execute(statement)

            if table == SALES_MART:
                for file in ("pull.sql", "reconcile.sql", "publish.sql"):
                    run(statements((CLICKHOUSE / file).read_text()))
                told = "Published tshop.sales_mart"
            else:
                told = marts.take_over(ask_by(cursor), run, table)
            log.info("%s, in %.1f s", told, time.monotonic() - begun)


def ask_by(cursor: Any) -> Callable[[str], list[tuple]]:
    """Return a function that returns the rows of a query of ClickHouse."""

    def ask(query: str) -> list[tuple]:
        cursor.execute(query)
        return cursor.fetchall()

    return ask


def is_locked(error: Exception) -> bool:
    """Tell whether an error is that another session holds a lock."""
    return getattr(getattr(error, "diag", None), "sqlstate", None) in EndWhatWouldFailAgain.LOCKED
