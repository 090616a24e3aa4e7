"""How the stack and the warehouse are, on one screen or as metrics for Prometheus.

Every number is the result of a query in a .sql file beside this module. PostgreSQL's read the views sl.status_*, as the
role tshop_monitor.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from tabulate import tabulate

from embedded import live_status, reach
from embedded.airflow_api import FINISHED, AirflowApi
from embedded.errors import StackError
from embedded.settings import Settings
from embedded.stack import SHOP_POSTGRES, STOPPED, SUPERSET, Stack
from migrations.plain import first_line, plain

# The shop's day is taken over in the night: what has waited for longer has missed it.
LATE_MINUTES = 26 * 60
# A transaction that is open for longer is named: no statement of the stack's own takes as long, but of a full audit.
LONG_HOURS = 2
# How long each of the two databases may take to answer, in seconds.
TIMEOUT_SECONDS = 10
# The DAGs whose last run is reported where it failed.
DAGS = ("tshop_daily", "tshop_heal", "tshop_live", "tshop_marketplace", "tshop_marts_spark")
# What comes from the live shop is late after so long, in seconds: it is in raw within seconds, and seen within minutes.
LIVE_LATE_SECONDS = 15 * 60
SHOP = ZoneInfo("Europe/Moscow")
# What stands for the batch of a mart of which none was published.
NEVER = {"last_run_id": 0, "last_started_at": datetime.fromtimestamp(0, UTC), "last_published_at": None}

# What these say of a server that does not answer is said here in a sentence.
for name in ("clickhouse_connect", "urllib3"):
    logging.getLogger(name).addHandler(logging.NullHandler())

Row = dict[str, Any]
Query = Callable[..., list[Row]]


@dataclass
class State:
    """What there is to tell.

    Attributes:
        services: title, state and health of each part of the stack; none where it does not run and is not needed.
        tables: rows by the name of the query they are from; a query that was not asked is missing.
        problems: a sentence for each thing that is wrong.
    """

    services: list[tuple[str, str, str]] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def look(settings: Settings) -> State:
    """Ask the services, the warehouse and ClickHouse how they are; what does not answer is a problem, not an error."""
    state = State()
    stack = Stack(settings)
    runs = stack.runs()
    if not runs and not settings.external_warehouse:
        state.services = stack.status()
        state.problems.append("The stack is stopped: start it by 'make run'.")
        return state
    if runs:
        state.services = stack.status()
        for title, process, health in state.services:
            if title == SUPERSET.title and process == "stopped":
                state.problems.append(
                    "Superset is stopped, so nobody sees the dashboards: start it by 'make dashboard'."
                )
            elif health != "healthy" and process not in STOPPED.values():
                state.problems.append(f"{title} is not healthy ({health or process}): see 'make logs'.")
        _ask_airflow(settings, state)
        if any(
            title == SHOP_POSTGRES.title and process != STOPPED[SHOP_POSTGRES] for title, process, _ in state.services
        ):
            _ask_live(settings, state)
    published = None
    if runs or settings.external_clickhouse:
        published = _ask_clickhouse(settings, state)
    _ask_postgres(settings, state, published)
    return state


# --- Airflow --------------------------------------------------------------------------------------------------------


def _ask_airflow(settings: Settings, state: State) -> None:
    """Find DAGs that cannot be read, and those whose last finished run failed. A silent server is reported above."""
    if ("Airflow API server", "healthy") not in {(title, health) for title, _process, health in state.services}:
        return
    try:
        api = AirflowApi(settings, retry_seconds=TIMEOUT_SECONDS)
        for error in api.import_errors():
            state.problems.append(f"Airflow cannot read a DAG file ({error}): correct it.")
        for dag in DAGS:
            if not api.dag_exists(dag):
                continue
            last = api.runs(dag, FINISHED)[-1:]
            if last and last[0]["state"] == "failed":
                state.problems.append(
                    f"The last run of {dag} failed ({last[0]['dag_run_id']}): {settings.airflow_url}/dags/{dag} shows "
                    "the task and its log. When the cause is gone, run it again."
                )
    except StackError as error:
        state.problems.append(f"Airflow does not tell how its runs ended. {error}")


# --- the live shop --------------------------------------------------------------------------------------------------


def _ask_live(settings: Settings, state: State) -> None:
    """Find how far the shop's messages and its replicated rows are. What a part says of itself is its health."""
    try:
        state.tables["live"] = live_status.rows(settings)
    except psycopg2.Error as error:
        said = plain(first_line(error))
        state.problems.append(f"The live shop does not tell how far it is ({said}): see 'make logs'.")
    for row in state.tables.get("live", []):
        if (row["seconds_behind"] or 0) > LIVE_LATE_SECONDS:
            state.problems.append(
                f"{_text(row['waiting'])} {row['unit']} of {row['source']} have waited for {row['target']} for "
                f"{_duration(row['seconds_behind'] / 60)}: see the log of {row['part']}, 'make logs'."
            )
        # The other parts say it as their health.
        if row["problem"] and row["part"] == live_status.REPLICATION:
            state.problems.append(f"Replication: {row['problem']}")


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def _ask_postgres(settings: Settings, state: State, published: dict[str, Row] | None) -> None:
    try:
        with _postgres(settings) as query:
            for name in ("runs", "failed", "latest", "lag", "rejected", "warned", "clock", "drift", "marketplace"):
                state.tables[name] = query(name)
            state.tables["transactions"] = query("transactions", hours=LONG_HOURS)
            if published is not None:
                _compare(state, published, query)
    except psycopg2.errors.UndefinedTable:
        state.problems.append("The warehouse has no status views: run 'make migrate'.")
    except psycopg2.Error as error:
        said = first_line(error)
        cure = "correct WAREHOUSE_DSN" if settings.external_warehouse else "see 'make logs', then 'make run'"
        state.problems.append(f"PostgreSQL does not tell how the warehouse is ({said}): {cure}.")
    for row in state.tables.get("latest", []):
        if row["status"] == "failed":
            said = f"{row['error_sqlstate'] or 'connection lost'}: {row['message']}"
            state.problems.append(f"The last run of {row['procedure_name']} failed ({said}): see docs/errors.md.")
    for row in state.tables.get("clock", []):
        said = "after the present" if row["problem"] == "ahead" else "before an earlier run"
        state.problems.append(
            f"Run {row['run_id']} on {row['target']} began {said}, at {row['started_at']} {SHOP}: the server's "
            "clock was wrong, and docs/operations.md has the repair."
        )
    for row in state.tables.get("marketplace", []):
        if row["problem"]:
            said = row["problem"].removesuffix(".")
            state.problems.append(f"The marketplace's {row['collection']} could not be read: {said}.")
    for row in state.tables.get("drift", []):
        # An undeclared column is shown, and is no problem.
        if row["level"] != "info":
            state.problems.append(f"Entity {row['entity']}: {row['detail']}: {row['remediation']}")
    for row in state.tables.get("transactions", []):
        cost = (
            "each load reads again what was written since" if row["holds_loads"] else "vacuum cannot clean up after it"
        )
        state.problems.append(
            f"{row['role_name']} ({row['application_name']}, {row['state']}, pid {row['pid']}) has a transaction open "
            f"in {row['database_name']} for {_duration(row['minutes'])}, and {cost}: end it by 'make reap' or "
            f"SELECT pg_terminate_backend({row['pid']})."
        )
    for row in state.tables.get("lag", []):
        if (row["minutes_behind"] or 0) > LATE_MINUTES:
            state.problems.append(
                f"{_rows_of(row)} rows of {row['source']} have waited for {row['target']} for "
                f"{_duration(row['minutes_behind'])}: look into Airflow why tshop_daily does not take them."
            )
        if row["is_late"]:
            state.problems.append(
                f"{row['source']} has brought nothing new for longer than its declaration allows (fresh_within in "
                "sl.entity): look whether the source still delivers."
            )


def _compare(state: State, published: dict[str, Row], query: Query) -> None:
    """Fill in how far ClickHouse is behind, which only both together know."""
    for row in state.tables["lag"]:
        if row["layer"] != "clickhouse":
            continue
        mart, last = row["source"], published.get(row["target"], NEVER)
        (found,) = query("unpublished", mart=mart, run_id=last["last_run_id"], started_at=last["last_started_at"])
        if not found["is_ours"]:
            state.problems.append(
                f"ClickHouse holds batch {last['last_run_id']} of {mart}, which this warehouse did not make: "
                "docs/clickhouse.md says what to do with another warehouse or a backup."
            )
            continue
        if not last["last_run_id"] and found["rows_behind"]:
            state.problems.append(
                f"{mart} has {_text(found['rows_behind'])} rows in builds of which none was ever published: run the "
                "DAG tshop_daily ('make run')."
            )
        row.update(rows_behind=found["rows_behind"], minutes_behind=found["minutes_behind"])
        row["last_run_id"] = last["last_run_id"] or None
        row["last_run_at"] = last["last_published_at"] if last["last_run_id"] else None


@contextlib.contextmanager
def _postgres(settings: Settings) -> Iterator[Query]:
    """Open the warehouse as who may only see how it is; gives a function that runs a query file, in one snapshot."""
    connection = psycopg2.connect(
        settings.warehouse_dsn_of("monitor"),
        connect_timeout=TIMEOUT_SECONDS,
        options=f"-c statement_timeout={TIMEOUT_SECONDS}s",
        # A server that hangs or is cut off is given up on, too.
        tcp_user_timeout=TIMEOUT_SECONDS * 1000,
    )
    with contextlib.closing(connection):
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)

        def query(name: str, **parameters: Any) -> list[Row]:
            with connection.cursor() as cursor:
                for parameter, value in parameters.items():
                    cursor.execute("SELECT set_config(%s, %s, true)", (f"tshop.{parameter}", str(value)))
                cursor.execute(_sql("postgres", name))
                columns = [column.name for column in cursor.description]
                return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

        yield query


# --- ClickHouse -----------------------------------------------------------------------------------------------------


def _ask_clickhouse(settings: Settings, state: State) -> dict[str, Row] | None:
    """Return the batch that was published last by the name of the table, None where ClickHouse does not tell."""
    try:
        with _clickhouse(settings) as query:
            (published,) = _rows_of_existing(query, "published") or [None]
            if published is None:
                # Nothing was ever published where its tables are not made yet.
                return {}
            (readers,) = _rows_of_existing(query, "readers") or [None]
            (damaged,) = _rows_of_existing(query, "to_heal") or [None]
            marts = _rows_of_existing(query, "marts")
    except (ClickHouseError, OSError) as error:
        said = first_line(error)[:200]
        if isinstance(error, OperationalError | OSError):
            said = "it does not answer"
        cure = "correct CLICKHOUSE_URL" if settings.external_clickhouse else "see 'make logs', then 'make run'"
        state.problems.append(f"ClickHouse does not tell what is published ({said}): {cure}.")
        return None
    if published["last_run_id"] and (readers is None or damaged is None or marts is None):
        state.problems.append(
            "ClickHouse lacks a table or view of tshop: the next run of tshop_daily makes it and pulls what is missing."
        )
    elif readers and not readers["is_whole"]:
        state.problems.append(
            f"Readers see {_text(readers['readers_see'])} rows of tshop.sales in ClickHouse, and "
            f"{_text(readers['published'])} were published: the next run of tshop_daily pulls every batch again."
        )
    if damaged and damaged["batches"]:
        state.problems.append(
            f"Of ClickHouse's batches {damaged['batches']} are damaged: the next run of tshop_daily pulls them again."
        )
    for mart in marts or []:
        if mart["is_lost"]:
            state.problems.append(
                f"Readers see no row of {mart['mart']} in ClickHouse, and {_text(mart['published'])} were published: "
                "the next run of tshop_daily pulls all of them again."
            )
        if mart["is_damaged"]:
            state.problems.append(
                f"ClickHouse's {mart['mart']} is damaged: the next run of tshop_daily pulls all of it again."
            )
    found = {"tshop.sales_mart": published, **{mart["mart"]: mart for mart in marts or []}}
    for row in found.values():
        row["last_started_at"] = row["last_started_at"].replace(tzinfo=UTC)
        row["last_published_at"] = (
            row["last_published_at"].replace(tzinfo=UTC).astimezone(SHOP).strftime("%Y-%m-%d %H:%M:%S")
        )
    return found


def _rows_of_existing(query: Query, name: str) -> list[Row] | None:
    """Return the rows of a query file, None where a table or the database that it reads is not there."""
    try:
        return query(name)
    except DatabaseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            return None
        raise


@contextlib.contextmanager
def _clickhouse(settings: Settings) -> Iterator[Query]:
    """Open ClickHouse; gives a function that runs a query file."""
    timeouts = {"connect_timeout": TIMEOUT_SECONDS, "send_receive_timeout": TIMEOUT_SECONDS, "query_retries": 0}
    with contextlib.closing(reach.clickhouse_client(settings, **timeouts)) as client:

        def query(name: str) -> list[Row]:
            answer = client.query(_sql("clickhouse", name))
            return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]

        yield query


def _sql(database: str, name: str) -> str:
    return (Path(__file__).parent / database / f"{name}.sql").read_text()


# --- for people -----------------------------------------------------------------------------------------------------


def render(state: State) -> str:
    """Return the state as one screen of plain text, at its end what is wrong."""
    sections = []
    if state.services:
        services = [
            {"service": title, "health": health or "-", "process": process} for title, process, health in state.services
        ]
        sections.append(("Services", _table(services)))
    if "live" in state.tables:
        live = [
            {
                "from": row["source"],
                "to": row["target"],
                "waiting": f"{_text(row['waiting'])} {row['unit']}",
                "behind for": f"{row['seconds_behind']:.1f} s" if row["seconds_behind"] is not None else "-",
                "rejected": row["rejected"],
                "last at": row["last_at"] or "never",
            }
            for row in state.tables["live"]
        ]
        sections.append((f"Live shop (times: {SHOP})", _table(live)))
    if state.tables.get("marketplace"):
        marketplace = [
            {
                "collection": row["collection"],
                "waiting for raw": row["documents_waiting"],
                "rejected": row["documents_rejected"],
                "last change landed": row["landed_at"] or "never",
                "last read": row["seen_at"],
            }
            for row in state.tables["marketplace"]
        ]
        sections.append((f"Marketplace (times: {SHOP})", _table(marketplace)))
    if "lag" in state.tables:
        lag = [
            {
                "from": row["source"],
                "to": row["target"],
                "rows behind": _rows_of(row),
                "behind for": _duration(row["minutes_behind"]),
                "late": "yes" if row["is_late"] else "",
                "last run": row["last_run_id"],
                "at": row["last_run_at"] or "never",
            }
            for row in state.tables["lag"]
            # A mart has a row for each of its sources: those of which it has processed all are left out.
            if row["rows_behind"] or not row["target"].startswith("cdm.")
        ]
        sections.append((f"Lag (times: {SHOP})", _table(lag)))
    if "drift" in state.tables:
        drift = [
            {"entity": row["entity"], "level": row["level"], "what": row["detail"]} for row in state.tables["drift"]
        ]
        sections.append(("Sources and targets that are not as declared", _table(drift)))
    for name, title in (
        ("rejected", "Rejected rows that wait for a good state"),
        ("warned", "Rows loaded with a warning, in the latest load that had any"),
        ("runs", "Last runs"),
        ("failed", "Failed runs of the last 7 days"),
    ):
        if name in state.tables:
            sections.append((f"{title} (times: {SHOP})", _table(state.tables[name])))
    told = "\n\n".join(f"{title}\n{text}" for title, text in sections)
    verdict = "\n".join(f"Wrong: {plain(problem)}" for problem in state.problems) or "All is well."
    return f"{told}\n\n{verdict}"


def _table(rows: list[Row]) -> str:
    if not rows:
        return "  none"
    numeric = [any(isinstance(row[name], int | float | Decimal) for row in rows) for name in rows[0]]
    text = tabulate(
        [[_text(value) for value in row.values()] for row in rows],
        headers=[name.replace("_", " ") for name in rows[0]],
        tablefmt="plain",
        colalign=[
            "right" if name in ("rows behind", "waiting", "behind for") or number else "left"
            for name, number in zip(rows[0], numeric, strict=True)
        ],
        disable_numparse=True,
    )
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case int() | Decimal() if Decimal(value).as_tuple().exponent == 0:
            return f"{int(value):,}".replace(",", " ")
        case _:
            return plain(str(value))


def _rows_of(row: Row) -> str:
    """Return the rows a layer is behind, with what is known of their number."""
    return _text(row["rows_behind"]) + ("+" if row["is_at_least"] else "")


def _duration(minutes: Decimal | None) -> str:
    """Return a number of minutes as people say it."""
    if minutes is None:
        return "-"
    whole = int(minutes)
    if whole < 120:
        return f"{whole} min"
    return f"{whole // 60} h {whole % 60} min" if whole < 48 * 60 else f"{whole // 1440} d {whole % 1440 // 60} h"


# --- for Prometheus -------------------------------------------------------------------------------------------------


def metrics(state: State) -> str:
    """Return the state in Prometheus's text format."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"tshop_{name}", text, labels, registry=registry)

    gauge("problems", "Things that are wrong, as make status tells them").set(len(state.problems))
    up = gauge("service_up", "Whether a part of the stack is healthy", "service")
    for title, _process, health in state.services:
        up.labels(title).set(health == "healthy")
    rows = gauge("lag_rows", "Rows that the target has not processed, counted up to 100000", "source", "target")
    seconds = gauge("lag_seconds", "For how long at most they have waited", "source", "target")
    late = gauge("late", "Whether a source brings nothing new for longer than declared", "source", "target")
    for row in state.tables.get("lag", []):
        if row["is_late"] is not None:
            late.labels(row["source"], row["target"]).set(row["is_late"])
        for one, value in ((rows, row["rows_behind"]), (seconds, row["minutes_behind"])):
            if value is not None:
                one.labels(row["source"], row["target"]).set(value * (60 if one is seconds else 1))
    waiting = gauge("live_waiting", "What the live shop has and the target has not", "source", "target", "unit")
    behind = gauge("live_lag_seconds", "For how long it has waited", "source", "target")
    documents = gauge("live_rejected_documents", "Documents whose rejection is open", "source")
    for row in state.tables.get("live", []):
        if row["waiting"] is not None:
            waiting.labels(row["source"], row["target"], row["unit"]).set(row["waiting"])
        if row["seconds_behind"] is not None:
            behind.labels(row["source"], row["target"]).set(row["seconds_behind"])
        if row["rejected"] is not None:
            documents.labels(row["source"]).set(row["rejected"])
    rejected = gauge("rejected_rows", "Rejected rows that wait for a good state of their key", "entity", "rule")
    for row in state.tables.get("rejected", []):
        rejected.labels(row["entity"], row["rule"]).set(row["rows"])
    warned = gauge("warned_rows", "Rows loaded with a warning, in the latest load that had any", "entity", "rule")
    for row in state.tables.get("warned", []):
        warned.labels(row["entity"], row["rule"]).set(row["rows"])
    drift = gauge("drift", "Sources and targets that are not as declared, by level", "entity", "level")
    found = Counter((row["entity"], row["level"]) for row in state.tables.get("drift", []))
    for labels, count in found.items():
        drift.labels(*labels).set(count)
    failed = gauge("run_failed", "Whether the last run failed", "procedure", "target")
    ended = gauge("run_end_timestamp_seconds", "When the last run ended", "procedure", "target")
    took = gauge("run_seconds", "How long the last run took", "procedure", "target")
    for row in state.tables.get("latest", []):
        labels = (row["procedure_name"], row["target"])
        failed.labels(*labels).set(row["status"] == "failed")
        ended.labels(*labels).set(row["finished_epoch"])
        took.labels(*labels).set(row["seconds"])
    return generate_latest(registry).decode()
