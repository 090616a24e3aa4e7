"""chDB behind the endpoint: one owner of the data directory, a fresh handle a request, handles kept for sessions."""

import fcntl
import functools
import json
import logging
import math
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from clickhouse_server import sql as text
from clickhouse_server.configuration import Configuration
from clickhouse_server.errors import ClickHouseError, StartError
from clickhouse_server.guard import Guard

log = logging.getLogger(__name__)
_HERE = Path(__file__).parent

# Formats whose chunks from the engine can be set one after another, and what the engine repeats at the head of each.
_PLAIN = {
    "native", "rowbinary", "tabseparated", "tsv", "tabseparatedraw", "tsvraw", "raw", "csv", "jsoneachrow",
    "jsonlines", "ndjson", "jsoncompacteachrow", "jsonstringseachrow", "jsoncompactstringseachrow", "tskv",
    "lineasstring", "rawblob", "null", "sqlinsert",
}  # fmt: skip
_HEAD_LINES = {
    "csvwithnames": 1, "csvwithnamesandtypes": 2, "tabseparatedwithnames": 1, "tsvwithnames": 1,
    "tabseparatedwithnamesandtypes": 2, "tsvwithnamesandtypes": 2, "jsoncompacteachrowwithnames": 1,
    "jsoncompacteachrowwithnamesandtypes": 2,
}  # fmt: skip
_HEAD_LINE = {
    True: re.compile(rb'(?:"(?:[^"]|"")*"|[^"\n])*\n'),
    False: re.compile(rb"[^\n]*\n"),
}
# Formats of chDB's Python side: they give objects, not bytes.
_NOT_FORMATS = {"dataframe", "datastore", "arrowtable"}
_STREAMED_ROOTS = ("SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery")
# The role, in users.xml, of a user that only reads.
READER = "reader"
_BUFFERED_RESULT_BYTES = 96 << 20
_PIECE = 1 << 20
# Sessions that hold a handle of the engine at one time, and those of one user that are remembered.
_MAX_SESSIONS, _MAX_REMEMBERED = 256, 512
# Statements that leave nothing behind in their session.
_WITHOUT_TRACE = {"SELECT", "WITH", "INSERT", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"}


@dataclass
class Statement:
    """One request to the engine.

    `sql` is the statement alone; an INSERT's rows come from `data` in the format `insert_format`. `parameters` are the
    values of {name:Type}, escaped as ClickHouse's HTTP interface wants them; `externals` are (name, structure, format,
    file) of temporary tables sent along. `read_only` is what GET implies. `role` is the role of users.xml that the
    statement has, and then it may only read; "" is all that the endpoint may do. A role's statement that `is_alone`
    has the memory of all that the role may run at a time. `max_seconds`: for how long it may read.
    """

    sql: bytes
    query_id: str
    database: str
    data: IO[bytes] | None = None
    insert_format: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    externals: list[tuple[str, str, str, IO[bytes]]] = field(default_factory=list)
    default_format: str = "TabSeparated"
    read_only: bool = False
    role: str = ""
    is_alone: bool = False
    max_seconds: float = math.inf

    @property
    def key(self) -> tuple[str, str]:
        """What the statement is known by while it runs: no user can take or end an id of another's."""
        return self.role, self.query_id


@dataclass
class Session:
    """A handle kept between requests: temporary tables and SET live in it.

    One that keeps nothing yet (`has_state` is off) may lose its handle (None) and gets another at its next request.
    A role's, which may only read, keeps nothing: it has no handle, and each of its statements gets one of its own.
    """

    handle: Any
    timeout: float
    deadline: float
    has_state: bool = False
    busy: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class _Running:
    """A statement under way: the mark it carries in the engine, and from when on (monotonic, s) it is too long."""

    tag: str
    max_seconds: float
    deadline: float = math.inf
    is_overdue: bool = False
    result: "Result | None" = None


class Result:
    """Rows on their way out: `format`, the counters so far (`summary`, integers) and the pieces of the body."""

    def __init__(
        self,
        work: "_Work",
        first: bytes | None,
        rest: Iterator[bytes],
        kill: Callable[[], None],
        end: Callable[[], None],
    ):
        self.format, self.summary = work.format, work.summary
        self._first, self._rest, self._kill, self._end = first, rest, kill, end
        self._busy = threading.Lock()
        self._failure: ClickHouseError | None = None

    def next(self) -> bytes | None:
        """The next piece of the body, None at its end; ClickHouseError when the query fails on the way."""
        with self._busy:
            if self._failure is not None:
                raise self._failure
            if self._first is not None:
                piece, self._first = self._first, None
                return piece
            return next(self._rest, None)

    def give_up(self, failure: ClickHouseError) -> None:
        """End the query although its client takes nothing more: what it reads is not held. `next` raises `failure`."""
        if self._busy.acquire(blocking=False):
            try:
                self._failure = failure
                self._rest.close()
            finally:
                self._busy.release()

    def close(self) -> None:
        """Give the handle back, cancelling the query if it is not at its end. Twice does no harm."""
        if not self._busy.acquire(blocking=False):
            # A thread still fetches rows for a client that has left.
            self._kill()
            self._busy.acquire()
        try:
            end, self._end = self._end, lambda: None
            try:
                self._rest.close()
            finally:
                end()
        finally:
            self._busy.release()

    def summary_json(self) -> str:
        """The value of X-ClickHouse-Summary."""
        return json.dumps({name: str(value) for name, value in self.summary.items()}, separators=(",", ":"))


class Engine:
    """The one owner of a data directory. Its methods block and may be called from many threads at once."""

    def __init__(self, directory: Path, configuration: Configuration, postgresql: Mapping[str, str] | None = None):
        """Open (or make) `directory` and the configuration's database in it.

        `postgresql`: host, port, user, password, database of the named collection.
        Raises StartError when another process owns the directory or the engine can not open it.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database = configuration.database
        self.temporary = directory / "endpoint_tmp"
        self._lock_file = self._own(directory)
        for left in self.temporary.glob("*") if self.temporary.is_dir() else ():
            left.unlink()
        self.temporary.mkdir(mode=0o700, exist_ok=True)
        # The first handle stays open until the end: when the last one closes the engine starts again.
        self._admin, self._target = self._open(directory, configuration, postgresql or {})
        self._admin_lock = threading.Lock()
        self.guard = Guard(self._admin, configuration.collection)
        self._admin.query(f"CREATE DATABASE IF NOT EXISTS {_identifier(self.database)} ENGINE = Atomic", "Null")
        self.timezone = self._admin.query("SELECT timezone()", "TSVRaw").bytes().decode().strip()
        # By their ids and roles: nobody gets into another's.
        self.sessions: dict[tuple[str, str], Session] = {}
        self._sessions_lock = threading.Lock()
        self._running: dict[tuple[str, str], _Running] = {}
        self._running_lock = threading.Lock()

    @staticmethod
    def _own(directory: Path):
        handle = (directory / "endpoint.lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"The ClickHouse data directory {directory} is in use by another process: stop that one first, or give "
                "this one a --path of its own."
            ) from None
        return handle

    @staticmethod
    def _open(directory: Path, configuration: Configuration, postgresql: Mapping[str, str]):
        # A server in a container has this zone; chDB would take the machine's.
        os.environ["TZ"] = "UTC"
        time.tzset()
        from chdb import _chdb

        variables = _collection_variables(configuration, postgresql)
        os.environ.update(variables)
        data = directory / "data"
        target = f"{data}?config-file={_write_engine_files(directory, configuration)}"
        _chdb.set_signal_handlers_enabled(False)
        try:
            first = _chdb.connect(target)
            grants = first.query("SHOW GRANTS FINAL", "TSVRaw").bytes().decode()
        except (RuntimeError, ValueError) as error:
            raise StartError(f"ClickHouse can not open its data directory {data}: {error}") from None
        finally:
            for name in variables:
                del os.environ[name]
        if re.search(r"\b(FILE|URL|SOURCES|ACCESS MANAGEMENT)\b", grants):
            raise StartError("ClickHouse did not take the endpoint's users.xml: it would let queries read any file.")
        return first, target

    def _connect(self, role: str = "", is_alone: bool = False):
        """Another handle, of a role and within its profile where one is named; ClickHouseError when there is none."""
        from chdb import _chdb

        try:
            handle = _chdb.connect(self._target)
            if role:
                profile = f"{role}_alone" if is_alone else role
                handle.query(f"SET ROLE {_identifier(role)}", "Null")
                # A profile set so brings its constraints, not its values.
                handle.query(f"SET profile = {_literal(profile)}", "Null")
                values = ", ".join(f"{name} = {_literal(value)}" for name, value in _profile(profile).items())
                handle.query(f"SET {values}", "Null")
        except (RuntimeError, ValueError) as error:
            raise ClickHouseError.from_engine(error) from None
        return handle

    def run(self, statement: Statement, session: Session | None = None) -> Result:
        """Run a statement up to its first rows.

        Raises ClickHouseError for whatever the engine or the guard refuses. The caller reads the result to its end or
        closes it.
        """
        handle = pieces = None
        running = self._begin(statement)
        try:
            handle = session.handle if session else None
            in_session = handle is not None
            if not in_session:
                handle = self._connect(statement.role, statement.is_alone)
            work = _Work(self, handle, statement, running, session if in_session else None)
            pieces = work.pieces()
            first = next(pieces, None)
            result = Result(
                work,
                first,
                pieces,
                kill=lambda: self.kill(statement),
                end=lambda: self._end(statement, handle, session),
            )
            running.result = result
            return result
        except BaseException as error:
            if pieces is not None:
                pieces.close()
            self._end(statement, handle, session)
            if isinstance(error, (RuntimeError, ValueError)):
                raise self.told(ClickHouseError.from_engine(error), running) from None
            if isinstance(error, ClickHouseError):
                raise self.told(error, running) from None
            raise

    def told(self, error: ClickHouseError, running: _Running) -> ClickHouseError:
        """The error as the client hears it: a statement cancelled for its time says so."""
        if not running.is_overdue:
            return error
        return _too_long(running)

    def _begin(self, statement: Statement) -> _Running:
        with self._running_lock:
            if statement.key in self._running:
                raise ClickHouseError(
                    216,
                    "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
                    f"Query with id = {statement.query_id} is already running",
                )
            running = self._running[statement.key] = _Running(uuid.uuid4().hex, statement.max_seconds)
        return running

    def _end(self, statement: Statement, handle, session: Session | None) -> None:
        with self._running_lock:
            self._running.pop(statement.key, None)
        if handle is not None and (session is None or session.handle is not handle):
            handle.close()

    def with_engine_ids(self, sql: bytes) -> bytes:
        """A KILL QUERY with its user's query ids replaced by the engine's own (chDB does not let a client choose them).

        Who may end others' statements, too, finds the engine's ids of these in system.processes.
        """
        with self._running_lock:
            named = {
                query_id: running.tag
                for (role, query_id), running in self._running.items()
                if not role and _literal(query_id).encode() in sql
            }
        for query_id, tag in named.items():
            own = self._ask(f"SELECT query_id FROM system.processes WHERE Settings['log_comment'] LIKE '%{tag}'")
            if own:
                sql = sql.replace(_literal(query_id).encode(), _literal(own).encode())
        return sql

    def kill(self, statement: Statement) -> None:
        """Cancel a statement; nothing happens when it does not run."""
        with self._running_lock:
            running = self._running.get(statement.key)
        if running is not None:
            self._kill(running)

    def _kill(self, running: _Running) -> None:
        self._ask(f"KILL QUERY WHERE Settings['log_comment'] LIKE '%{running.tag}'")

    def cancel_overdue(self) -> None:
        """Cancel the reading statements that have run for their `max_seconds`, also those whose rows are not read."""
        now = time.monotonic()
        with self._running_lock:
            overdue = [running for running in self._running.values() if running.deadline < now]
        for running in overdue:
            running.is_overdue = True
            self._kill(running)
            if running.result is not None:
                running.result.give_up(_too_long(running))

    def kill_all(self) -> None:
        """Cancel whatever runs."""
        with self._running_lock:
            everything = list(self._running.values())
        for running in everything:
            self._kill(running)

    def running(self) -> int:
        """How many statements are under way."""
        with self._running_lock:
            return len(self._running)

    def _ask(self, query: str) -> str:
        with self._admin_lock:
            return self._admin.query(query, "TSVRaw").bytes().decode().strip()

    def session(self, session_id: str, role: str, timeout: float, check: bool) -> Session:
        """Take a role's session for one request (made when it is new and `check` is off); give it back by `release`.

        Raises ClickHouseError 372 (no such session), 373 (in use by another request), 202 (too many that keep
        something).
        """
        with self._sessions_lock:
            self._expire()
            session = self.sessions.get((session_id, role))
            if session is None:
                if check:
                    raise ClickHouseError(372, "SESSION_NOT_FOUND", f"Session {session_id} not found")
                self._forget_one(role)
                handle = None if role else self._session_handle()
                session = Session(handle, timeout, time.monotonic() + timeout)
                self.sessions[session_id, role] = session
            if not session.busy.acquire(blocking=False):
                raise ClickHouseError(
                    373, "SESSION_IS_LOCKED", f"Session {session_id} is locked by a concurrent client"
                )
            if session.handle is None and not role:
                try:
                    session.handle = self._session_handle()
                except BaseException:
                    session.busy.release()
                    raise
            session.timeout = timeout
            return session

    def _forget_one(self, role: str) -> None:
        """Where a user has as many sessions as are remembered, forget the one unused longest that keeps nothing."""
        own = {key: session for key, session in self.sessions.items() if key[1] == role}
        if len(own) < _MAX_REMEMBERED:
            return
        for key, session in sorted(own.items(), key=lambda item: item[1].deadline - item[1].timeout):
            if session.handle is None and session.busy.acquire(blocking=False):
                del self.sessions[key]
                return

    def _session_handle(self):
        """A handle for a session; where there are too many, the idle session unused longest gives up its own.

        Drivers open a session for every client and seldom keep anything in it, nor do they say when they are done.
        """
        holders = [session for session in self.sessions.values() if session.handle is not None]
        if len(holders) >= _MAX_SESSIONS:
            for session in sorted(holders, key=lambda session: session.deadline - session.timeout):
                if not session.has_state and session.busy.acquire(blocking=False):
                    # What it kept may have come in the meantime.
                    idle, handle = not session.has_state, session.handle
                    session.handle = None if idle else handle
                    session.busy.release()
                    if idle:
                        handle.close()
                        break
            else:
                raise ClickHouseError(
                    202, "TOO_MANY_SIMULTANEOUS_QUERIES", f"Too many sessions, the maximum is {_MAX_SESSIONS}"
                )
        handle = self._connect()
        self.use_own_database(handle)
        return handle

    def use_own_database(self, handle) -> None:
        """Let a handle mean `database`; where that was dropped, "default", so that it can be made again."""
        try:
            handle.query(f"USE {_identifier(self.database)}", "Null")
        except RuntimeError as error:
            if "UNKNOWN_DATABASE" not in str(error):
                raise
            handle.query("USE default", "Null")

    def release(self, session: Session) -> None:
        """End a request's use of its session; the time to its expiry begins."""
        session.deadline = time.monotonic() + session.timeout
        session.busy.release()

    def expire_sessions(self) -> None:
        """Close the sessions that were not used for their timeout."""
        with self._sessions_lock:
            self._expire()

    def _expire(self) -> None:
        now = time.monotonic()
        for key, session in list(self.sessions.items()):
            if session.deadline < now and session.busy.acquire(blocking=False):
                del self.sessions[key]
                if session.handle is not None:
                    session.handle.close()

    def close(self, wait_seconds: float = 15) -> bool:
        """Cancel what runs, wait for it (`wait_seconds` seconds), close every handle and give the directory up.

        False when something did not stop: then nothing is closed.
        """
        deadline = time.monotonic() + wait_seconds
        while self.running() and time.monotonic() < deadline:
            self.kill_all()
            time.sleep(0.05)
        if self.running():
            log.warning("%d statements did not stop in time", self.running())
            return False
        with self._sessions_lock:
            for session in self.sessions.values():
                if session.handle is not None:
                    session.handle.close()
            self.sessions.clear()
        self._admin.close()
        self._lock_file.close()
        return True


class _Work:
    """One statement on one handle."""

    def __init__(self, engine: Engine, handle, statement: Statement, running: _Running, session: Session | None):
        """`session`: whose handle it is, None where the handle is the statement's own."""
        self._engine, self._handle, self._statement = engine, handle, statement
        self._running, self._session = running, session
        self.format = text.output_format(statement.sql) or statement.default_format
        self.summary = dict.fromkeys(
            (
                "read_rows",
                "read_bytes",
                "written_rows",
                "written_bytes",
                "total_rows_to_read",
                "result_rows",
                "result_bytes",
            ),
            0,
        )
        self._started = time.monotonic()

    def pieces(self) -> Iterator[bytes]:
        """Run the statement and yield the body; settings of a session are put back at the end."""
        restore = []
        try:
            restore = self._prepare()
            if self._statement.insert_format is not None:
                self._insert(self._statement.sql, self._statement.insert_format, self._statement.data)
            elif self._root.startswith(_STREAMED_ROOTS) and self._head is not None:
                yield from self._stream()
            else:
                yield from self._buffered()
        finally:
            self._put_back(restore)

    def _put_back(self, restore: list[str]) -> None:
        for query in restore:
            try:
                self._handle.query(query, "Null")
            except RuntimeError as error:
                # What a session was set to may be gone: a database that another client has dropped.
                log.debug("A session's state could not be put back: %s", error)

    def _prepare(self) -> list[str]:
        """Set the handle up for the statement; return what puts a session's handle back."""
        statement, handle = self._statement, self._handle
        if self.format.lower() in _NOT_FORMATS:
            raise ClickHouseError(73, "UNKNOWN_FORMAT", f"Unknown format {self.format}")
        formats = [self.format, statement.insert_format or "x", *(external[2] for external in statement.externals)]
        if not all(re.fullmatch(r"\w+", name) for name in formats):
            raise ClickHouseError(73, "UNKNOWN_FORMAT", "Unknown format")
        settings = dict(statement.settings)
        settings["log_comment"] = f"{settings.get('log_comment', '')} {self._running.tag}".strip()
        read_only = settings.pop("readonly", "0")
        if statement.read_only and read_only == "0":
            if "readonly" in statement.settings:
                raise ClickHouseError(164, "READONLY", "Cannot modify 'readonly' setting in readonly mode")
            read_only = "2"
        if read_only not in ("0", "1", "2"):
            raise ClickHouseError(36, "BAD_ARGUMENTS", "readonly is 0, 1 or 2")
        self._head = self._head_of(self.format.lower())
        if self._head is None:
            settings.setdefault("max_result_bytes", str(_BUFFERED_RESULT_BYTES))
        restore = []
        if self._session:
            restore = self._restore(settings)
        try:
            handle.query("SET " + ", ".join(f"{_setting(k)} = {_literal(v)}" for k, v in settings.items()), "Null")
            if statement.database:
                handle.query(f"USE {_identifier(statement.database)}", "Null")
            elif not self._session:
                self._engine.use_own_database(handle)
            for name, structure, format_, file in statement.externals:
                columns = f"CREATE TEMPORARY TABLE {_identifier(name)} ({structure})".encode()
                self._engine.guard.check(handle, columns, {})
                handle.query(columns, "Null")
                restore.append(f"DROP TEMPORARY TABLE {_identifier(name)}")
                self._insert(f"INSERT INTO {_identifier(name)}".encode(), format_, file)
            data_clause = f" FORMAT {statement.insert_format}".encode() if statement.insert_format else b""
            self._root = self._engine.guard.check(handle, statement.sql + data_clause, dict(statement.parameters))
            if statement.role and self._class() != "READ_ONLY":
                raise ClickHouseError(164, "READONLY", f"{self._root}: the {statement.role} may only read")
            if read_only != "0":
                self._make_read_only(read_only)
            if not self._writes():
                self._running.deadline = self._started + self._running.max_seconds
            # What the guard refuses leaves nothing behind.
            if self._session and text.first_word(statement.sql) not in _WITHOUT_TRACE:
                self._session.has_state = True
        except BaseException:
            self._put_back(restore)
            raise
        return restore if self._session else []

    def _make_read_only(self, level: str) -> None:
        if not self._session:
            self._handle.query(f"SET readonly = {level}", "Null")
        # A session could not leave readonly again, so there the statement's kind decides.
        elif self._writes():
            raise ClickHouseError(164, "READONLY", f"{self._root}: Cannot execute query in readonly mode")

    def _writes(self) -> bool:
        return self._class() not in ("READ_ONLY", "CONTROL")

    def _class(self) -> str:
        return self._handle.classify_query(self._statement.sql)["query_class"].name

    def _restore(self, settings: Mapping[str, str]) -> list[str]:
        word = text.first_word(self._statement.sql)
        names = ", ".join(_literal(name) for name in settings)
        rows = self._handle.query(
            f"SELECT name, value, changed FROM system.settings WHERE name IN ({names}) FORMAT JSONCompactEachRow", "TSV"
        )
        restore = []
        for line in rows.bytes().splitlines():
            name, value, changed = json.loads(line)
            if word == "SET" and name.encode() in self._statement.sql:
                continue
            restore.append(f"SET {name} = {_literal(value) if changed else 'DEFAULT'}")
        if self._statement.database and word != "USE":
            current = self._handle.query("SELECT currentDatabase()", "TSVRaw").bytes().decode().strip()
            restore.append(f"USE {_identifier(current)}")
        return restore

    def _insert(self, sql: bytes, format_: str, data: IO[bytes] | None) -> None:
        if format_.lower() == "values" and data is not None:
            as_select = self._values_as_select(sql, data)
            if as_select is not None:
                self._engine.guard.check(self._handle, as_select, dict(self._statement.parameters))
                self._count(self._handle.query(as_select, "Null", params=dict(self._statement.parameters)))
                return
        inserter = self._handle.send_insert(sql, format_)
        try:
            while data is not None and (piece := data.read(_PIECE)):
                self._handle.insert_append(inserter, piece)
            self._count(self._handle.insert_done(inserter))
        except BaseException:
            try:
                self._handle.insert_cancel(inserter)
            except RuntimeError:
                log.debug("The insert had ended already")
            raise

    def _values_as_select(self, sql: bytes, data: IO[bytes]) -> bytes | None:
        start = data.tell()
        head = data.read(_PIECE)
        data.seek(start)
        return text.values_as_select(sql, head) if len(head) < _PIECE else None

    def _stream(self) -> Iterator[bytes]:
        stream = self._handle.send_query(self._statement.sql, self.format, params=dict(self._statement.parameters))
        first, ended = True, False
        try:
            while True:
                chunk = self._handle.streaming_fetch_result(stream)
                if chunk is None or chunk.rows_read() == 0:
                    ended = True
                    if first and chunk is not None:
                        yield chunk.bytes()
                    return
                self._count(chunk)
                piece = chunk.bytes()
                yield piece if first else piece[self._head(piece) :]
                first = False
        except (RuntimeError, ValueError) as error:
            ended = True
            raise self._engine.told(ClickHouseError.from_engine(error), self._running) from None
        finally:
            if not ended:
                self._handle.streaming_cancel_query(stream)

    def _buffered(self) -> Iterator[bytes]:
        result = self._handle.query(self._statement.sql, self.format, params=dict(self._statement.parameters))
        self._count(result)
        body = memoryview(result.bytes())
        for start in range(0, len(body), _PIECE):
            yield bytes(body[start : start + _PIECE])

    def _count(self, result) -> None:
        summary = self.summary
        summary["read_rows"] += result.storage_rows_read()
        summary["read_bytes"] += result.storage_bytes_read()
        summary["written_rows"] += result.rows_written()
        summary["written_bytes"] += result.bytes_written()
        summary["result_rows"] += result.rows_read()
        summary["result_bytes"] += result.bytes_read()
        summary["elapsed_ns"] = int((time.monotonic() - self._started) * 1e9)

    @staticmethod
    def _head_of(format_: str):
        """A function from a chunk to the length of its repeated head, None when chunks of the format do not add up."""
        if format_ in _PLAIN:
            return lambda _: 0
        if format_ in _HEAD_LINES:
            line, lines = _HEAD_LINE[format_.startswith("csv")], _HEAD_LINES[format_]

            def head(piece: bytes) -> int:
                end = 0
                for _ in range(lines):
                    end = line.match(piece, end).end()
                return end

            return head
        return None


def _collection_variables(configuration: Configuration, postgresql: Mapping[str, str]) -> dict[str, str]:
    """The environment variables by which config.xml knows PostgreSQL's address."""
    # What the engine's message on a failed connection shows when there is no PostgreSQL to connect to.
    unset = {"host": f"{configuration.dsn_variable}-is-not-set.invalid", "port": "5432"}
    return {
        # The engine reads a variable's value as XML.
        f"CLICKHOUSE_SERVER_POSTGRESQL_{key.upper()}": escape(postgresql.get(key, unset.get(key, "")))
        for key in ("host", "port", "user", "password", "database")
    }


def _write_engine_files(directory: Path, configuration: Configuration) -> Path:
    """Write the engine's own configuration, with the names of this one in it, beside the data; return its main file."""
    users = (_HERE / "users.xml").read_text().replace("{collection}", escape(configuration.collection))
    grants = configuration.reader.grants if configuration.reader else ()
    users = users.replace("{reader_grants}", "".join(f"<query>{escape(grant)}</query>" for grant in grants))
    config = ElementTree.fromstring((_HERE / "config.xml").read_text())  # noqa: S314
    config.find("users_config").text = str(directory / "users.xml")
    config.find("named_collections/collection").tag = configuration.collection
    (directory / "users.xml").write_text(users)
    ElementTree.ElementTree(config).write(directory / "config.xml")
    return directory / "config.xml"


@functools.cache
def _profile(name: str) -> dict[str, str]:
    """The values of a profile of users.xml."""
    profile = ElementTree.parse(_HERE / "users.xml").find(f"profiles/{name}")  # noqa: S314
    return {setting.tag: setting.text or "" for setting in profile if setting.tag not in ("profile", "constraints")}


def _too_long(running: _Running) -> ClickHouseError:
    return ClickHouseError(
        159, "TIMEOUT_EXCEEDED", f"Timeout exceeded: the endpoint lets a statement read for {running.max_seconds:g} s"
    )


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _setting(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ClickHouseError(115, "UNKNOWN_SETTING", f"Unknown setting {name!r}")
    return name
