"""ClickHouse's HTTP interface: what a request asks for, and what the answer looks like."""

import asyncio
import contextlib
import logging
import re
import secrets
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from clickhouse_server import codec
from clickhouse_server import sql as text
from clickhouse_server.auth import Credentials
from clickhouse_server.engine import READER, Engine, Result, Session, Statement
from clickhouse_server.errors import ClickHouseError
from clickhouse_server.limits import Limits

log = logging.getLogger(__name__)

# URL parameters that are the interface's own; every other one is a setting.
_RESERVED = {
    "query", "database", "default_format", "user", "password", "quota_key", "session_id", "session_timeout",
    "session_check", "close_session", "query_id", "wait_end_of_query", "buffer_size", "stacktrace",
    "client_protocol_version", "role", "compress", "decompress", "framing",
}  # fmt: skip
_EXTERNAL = re.compile(r"(.+)_(format|structure|types)$")
_MAX_STATEMENT_BYTES = 16 << 20
_MAX_SESSION_TIMEOUT = 3600
_SPOOL_BYTES = 4 << 20
_PIECE = 1 << 20
# A compressed piece is fed in slices, so that a few bytes can not unfold into gigabytes before the limit is looked at.
_DECODE_SLICE = 1024
_FORM_FIELD_BYTES = 16 << 20
# What a user has under way of bodies, and of answers kept on disk, may take so many times the room of the longest.
_TOGETHER = 4
_MAX_WAITING = 100
_MAX_PARAMETERS = 10_000
_MAX_SESSION_ID = 256
# The engine's code for a statement that needs more memory than it may have.
_MEMORY_LIMIT_EXCEEDED = 241


class _Room:
    """A number of bytes that requests share."""

    def __init__(self, size: int):
        self._size, self._used, self._lock = size, 0, threading.Lock()

    def part(self) -> "_Part":
        """A request's part, nothing at first."""
        return _Part(self)

    def change(self, length: int) -> None:
        """Take so many bytes, or give them back (negative); ClickHouseError 202 when there are not so many left."""
        with self._lock:
            if length > 0 and self._used + length > self._size:
                raise ClickHouseError(
                    202,
                    "TOO_MANY_SIMULTANEOUS_QUERIES",
                    "Other requests have taken all the room: come back later",
                )
            self._used += length


class _Part:
    def __init__(self, room: _Room):
        self._room, self._taken = room, 0

    def take(self, length: int) -> None:
        self._room.change(length)
        self._taken += length

    def give_back(self) -> None:
        self._room.change(-self._taken)
        self._taken = 0


class _Share:
    """What one user has of the endpoint: statements, queue, threads and room. Nobody else takes of it."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.bodies = _Room(_TOGETHER * limits.max_body_bytes)
        self.answers = _Room(_TOGETHER * limits.max_result_bytes)
        self._slots, self._waiting = asyncio.Semaphore(limits.max_queries), 0
        self._alone = asyncio.Lock()
        # More threads than slots: for KILL QUERY and for cancelling what clients have left behind.
        self._threads = ThreadPoolExecutor(limits.max_queries + 4, thread_name_prefix="query")
        # Reading what a client sends must not wait for what others' statements do.
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="reader")

    async def run(self, function: Callable, *args) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    async def run_surely(self, function: Callable, *args) -> None:
        """Run it even if the client leaves while it waits for a thread: a statement never given up is never over."""
        await asyncio.shield(asyncio.ensure_future(self.run(function, *args)))

    async def read(self, function: Callable, *args) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, function, *args)

    async def take_slot(self, slots: contextlib.AsyncExitStack) -> None:
        """Wait for a statement's turn; `slots` gives back what it takes."""
        if self._slots.locked() and self._waiting >= _MAX_WAITING:
            raise ClickHouseError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        slots.callback(self._slots.release)

    async def take_all_slots(self, slots: contextlib.AsyncExitStack) -> None:
        """Give back what `slots` has taken, and wait until no other statement of the user runs."""
        await slots.aclose()
        await slots.enter_async_context(self._alone)
        for _ in range(self.limits.max_queries):
            await self.take_slot(slots)

    def shutdown(self) -> None:
        self._threads.shutdown(wait=False)
        self._readers.shutdown(wait=False)


@dataclass
class _Ask:
    """A user's request: the URL's parameters, the headers of its answer, and the share that it is answered from."""

    request: Request
    user: str
    share: _Share
    parameters: dict[str, str]
    headers: dict[str, str]

    def is_on(self, name: str) -> bool:
        return _is_on(self.parameters.get(name))


class Server:
    """The endpoint as an ASGI application (`app`) over one Engine, within `limits` (see limits.py).

    After the application's end `clean` says whether the engine was closed.
    """

    def __init__(self, engine: Engine, credentials: Credentials, limits: Limits, display_name: str = "chdb"):
        self._engine, self._credentials = engine, credentials
        self._max_header = limits.max_header_bytes
        self._shares = {
            user: _Share(limits.of_reader() if credentials.is_reader(user) else limits.of_builder())
            for user in credentials.passwords
        }
        self.clean = False
        self._display_name = display_name
        self.app = Starlette(
            routes=[
                Route("/ping", self._ping, methods=["GET", "HEAD"]),
                Route("/replicas_status", self._ping, methods=["GET", "HEAD"]),
                Route("/", self._query, methods=["GET", "HEAD", "POST"]),
            ],
            exception_handlers={404: self._not_found, 405: self._not_found},
            lifespan=self._lifespan,
        )
        # "//" is no handle, and no other address is told.
        self.app.router.redirect_slashes = False

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app):
        reaper = asyncio.create_task(self._expire())
        yield
        reaper.cancel()
        self.clean = await asyncio.to_thread(self._engine.close)
        for share in self._shares.values():
            share.shutdown()

    async def _expire(self):
        while True:
            await asyncio.sleep(1)
            for task in (self._engine.expire_sessions, self._engine.cancel_overdue):
                try:
                    await asyncio.to_thread(task)
                except Exception:
                    log.exception("What runs every second failed, and will be tried again")

    async def _ping(self, _request: Request) -> Response:
        return PlainTextResponse("Ok.\n", headers=self._headers())

    async def _not_found(self, request: Request, _error: HTTPException) -> Response:
        return PlainTextResponse(
            f"There is no handle {request.url.path}\nUse / or /ping for health checks.\nOr /replicas_status for more "
            "sophisticated health checks.\n\nSend queries from your program with POST method or GET /?query=...\n",
            status_code=404,
            headers=self._headers(),
        )

    def _headers(self, **more: str) -> dict[str, str]:
        return {
            "X-ClickHouse-Server-Display-Name": self._display_name,
            "X-ClickHouse-Timezone": self._engine.timezone,
            **more,
        }

    def _check_head(self, request: Request) -> None:
        # The web server itself bounds only what does not come at once.
        length = len(request.scope["query_string"]) + sum(len(name) + len(value) for name, value in request.headers.raw)
        if length > self._max_header:
            raise ClickHouseError(
                291, "QUERY_IS_TOO_LARGE", f"URL and headers are longer than {self._max_header} bytes", status=431
            )

    async def _query(self, request: Request) -> Response:
        if request.method != "POST" and not request.scope["query_string"]:
            return PlainTextResponse("Ok.\n", headers=self._headers())
        headers = self._headers()
        async with contextlib.AsyncExitStack() as stack:
            try:
                self._check_head(request)
                user = self._credentials.check(request.headers, request.scope["query_string"])
                share = self._shares[user]
                if not request.state.connection.begin(user, share.limits.max_connections):
                    raise ClickHouseError(
                        202,
                        "TOO_MANY_SIMULTANEOUS_QUERIES",
                        f"{user} has {share.limits.max_connections} requests under way: come back later",
                    )
                ask = _Ask(request, user, share, _parameters(request), headers)
                if request.method != "POST" and "query" not in ask.parameters:
                    return PlainTextResponse("Ok.\n", headers=headers)
                return await self._answer(ask, stack)
            except ClickHouseError as error:
                return _error_response(error, headers)
            except (ClientDisconnect, asyncio.CancelledError):
                raise
            except Exception:
                log.exception("A request failed inside the endpoint")
                error = ClickHouseError(1002, "UNKNOWN_EXCEPTION", "The endpoint failed on this request; see its log")
                return _error_response(error, headers)

    async def _answer(self, ask: _Ask, stack: contextlib.AsyncExitStack) -> Response:
        share = ask.share
        statement = await self._statement(ask, stack)
        # Who may not kill waits like for any other statement, and is refused then.
        wants_kill = not statement.role and text.first_word(statement.sql) == "KILL"
        if wants_kill:
            statement.sql = await share.run(self._engine.with_engine_ids, statement.sql)
        # Everything taken here is given back by `release`, whichever way the request ends.
        release, slots = contextlib.AsyncExitStack(), contextlib.AsyncExitStack()
        release.push_async_callback(slots.aclose)
        try:
            if not wants_kill:
                await share.take_slot(slots)
            session = await self._session(ask, statement.role, release)
            result = await self._first_rows(ask, statement, session, slots)
            release.push_async_callback(share.run_surely, result.close)
            release.push_async_exit(stack.pop_all())
            return await self._respond(ask, result, release)
        except BaseException:
            await asyncio.shield(release.aclose())
            raise

    async def _first_rows(
        self, ask: _Ask, statement: Statement, session: Session | None, slots: contextlib.AsyncExitStack
    ) -> Result:
        """Run the statement; a reader's that needs more than its part of the readers' memory runs once more, alone."""
        try:
            return await self._run_watched(ask, statement, session)
        except ClickHouseError as error:
            if error.code != _MEMORY_LIMIT_EXCEEDED or not statement.role:
                raise
        await ask.share.take_all_slots(slots)
        statement.is_alone = True
        return await self._run_watched(ask, statement, session)

    async def _respond(self, ask: _Ask, result: Result, release: contextlib.AsyncExitStack) -> Response:
        share, headers = ask.share, ask.headers
        tag = secrets.token_hex(8)
        headers |= {"X-ClickHouse-Format": result.format, "X-ClickHouse-Exception-Tag": tag}
        headers["Content-Type"] = _content_type(result.format)
        compress = codec.encoder("")[1]
        if ask.is_on("enable_http_compression"):
            encoding, compress = codec.encoder(ask.request.headers.get("accept-encoding", ""))
            if encoding:
                headers["Content-Encoding"] = encoding
        if ask.request.method == "HEAD" or ask.is_on("wait_end_of_query"):
            file = tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=self._engine.temporary)  # noqa: SIM115
            part = share.answers.part()
            kept = contextlib.ExitStack()
            kept.callback(part.give_back)
            kept.callback(file.close)
            try:
                await share.run_surely(self._keep, result, compress, file, part, share)
            except BaseException:
                kept.close()
                raise
            # A client may send the session's next query as soon as it has read this answer.
            await release.aclose()
            release.callback(kept.close)
            headers["Content-Length"] = str(file.tell())
            file.seek(0)
            pieces = self._pieces(lambda: file.read(_PIECE) or None, share)
        else:
            first = await share.run(result.next)
            pieces = self._body(first, result, compress, tag, release=release, share=share)
        headers["X-ClickHouse-Summary"] = result.summary_json()
        return _Released(pieces, release, headers=headers)

    def _keep(self, result: Result, compress: codec.Codec, file: IO[bytes], part: _Part, share: _Share) -> None:
        length = 0

        def write(packed: bytes) -> None:
            part.take(len(packed))
            file.write(packed)

        while (piece := result.next()) is not None:
            length = _longer(length, piece, share.limits)
            write(compress(piece))
        write(compress.finish())

    async def _pieces(self, read: Callable[[], bytes | None], share: _Share) -> AsyncIterator[bytes]:
        while (piece := await share.run(read)) is not None:
            yield piece

    async def _body(
        self,
        piece: bytes | None,
        result: Result,
        compress: codec.Codec,
        tag: str,
        *,
        release: contextlib.AsyncExitStack,
        share: _Share,
    ) -> AsyncIterator[bytes]:
        length = 0
        try:
            while piece is not None:
                length = _longer(length, piece, share.limits)
                packed = await share.run(compress, piece)
                if packed:
                    yield packed
                piece = await share.run(result.next)
            await release.aclose()
            yield compress.finish()
        except ClickHouseError as error:
            # The status is sent long ago: the error follows in the body as the server writes it, and the connection is
            # broken off before the body's proper end so that no client takes the rows for all rows.
            await release.aclose()
            message = error.message.encode()
            trailer = b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (
                tag.encode(), message, len(message) + 1, tag.encode(),
            )  # fmt: skip
            yield compress(trailer) + compress.finish()
            raise BrokenOffError(error.message) from None

    async def _session(self, ask: _Ask, role: str, release: contextlib.AsyncExitStack) -> Session | None:
        parameters = ask.parameters
        session_id = parameters.get("session_id")
        if not session_id:
            return None
        if len(session_id) > _MAX_SESSION_ID:
            raise ClickHouseError(36, "BAD_ARGUMENTS", f"session_id is longer than {_MAX_SESSION_ID} characters")
        try:
            timeout = float(parameters.get("session_timeout") or 60)
        except ValueError:
            raise ClickHouseError(374, "INVALID_SESSION_TIMEOUT", "Invalid session timeout") from None
        if not 0 <= timeout <= _MAX_SESSION_TIMEOUT:
            raise ClickHouseError(
                374, "INVALID_SESSION_TIMEOUT", f"Session timeout is more than the maximum of {_MAX_SESSION_TIMEOUT} s"
            )
        must_exist = ask.is_on("session_check")
        session = await ask.share.run(self._engine.session, session_id, role, timeout, must_exist)
        release.callback(self._engine.release, session)
        return session

    async def _run_watched(self, ask: _Ask, statement: Statement, session: Session | None) -> Result:
        """Run the statement. A reader's ends when its client leaves; the builder's, if it reads and was asked to."""
        request, share = ask.request, ask.share
        cancels = bool(statement.role) or (
            ask.is_on("cancel_http_readonly_queries_on_client_close")
            and statement.insert_format is None
            and _only_reads(statement.sql)
        )
        if statement.role and await request.is_disconnected():
            raise ClientDisconnect
        work = asyncio.ensure_future(share.run(self._engine.run, statement, session))
        watch = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and cancels:
                await share.run(self._engine.kill, statement)
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # Threads can not be cancelled: the slot is held until the engine has let go.
            await share.run(self._engine.kill, statement)
            with contextlib.suppress(ClickHouseError):
                (await work).close()
            raise
        finally:
            watch.cancel()

    async def _statement(self, ask: _Ask, stack: contextlib.AsyncExitStack) -> Statement:
        request, parameters, share = ask.request, ask.parameters, ask.share
        query_id = parameters.get("query_id") or request.headers.get("x-clickhouse-query-id") or str(uuid.uuid4())
        ask.headers["X-ClickHouse-Query-Id"] = _header_safe(query_id)
        for name in ("compress", "decompress"):
            if ask.is_on(name):
                raise ClickHouseError(
                    48, "NOT_IMPLEMENTED", f"{name}=1 (the native block format) is not supported: use Content-Encoding"
                )
        if parameters.get("role"):
            raise ClickHouseError(511, "UNKNOWN_ROLE", f"There is no role `{parameters['role']}`")
        body = tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=self._engine.temporary)  # noqa: SIM115
        stack.callback(body.close)
        part, externals = share.bodies.part(), []
        stack.callback(part.give_back)
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            externals = await self._read_form(ask, body, part, stack)
        else:
            if parameters.get("query"):
                body.write(parameters["query"].encode() + b"\n")
            if request.method == "POST":
                await self._read_body(ask, body, part)
        body.seek(0)
        head = body.read(_MAX_STATEMENT_BYTES + 1)
        default_format = (
            parameters.get("default_format") or request.headers.get("x-clickhouse-format") or "TabSeparated"
        )
        insert = None
        is_reader = self._credentials.is_reader(ask.user)
        if not is_reader:
            # A reader inserts nothing, and what it sends is not looked through for it.
            insert = await share.read(
                text.split_insert, head, parameters.get("default_format") or request.headers.get("x-clickhouse-format")
            )
        statement = Statement(
            sql=head,
            query_id=query_id,
            database=parameters.get("database") or request.headers.get("x-clickhouse-database") or "",
            parameters={k.removeprefix("param_"): v for k, v in parameters.items() if k.startswith("param_")},
            settings={k: v for k, v in parameters.items() if k not in _RESERVED and not k.startswith("param_")},
            externals=externals,
            default_format=default_format,
            read_only=is_reader or request.method != "POST",
            role=READER if is_reader else "",
            max_seconds=share.limits.max_seconds,
        )
        if insert is not None:
            body.seek(insert.data_offset)
            statement.sql, statement.insert_format, statement.data = insert.statement, insert.format, body
        elif len(head) > _MAX_STATEMENT_BYTES:
            raise ClickHouseError(291, "QUERY_IS_TOO_LARGE", f"The query is longer than {_MAX_STATEMENT_BYTES} bytes")
        elif not head.strip():
            raise ClickHouseError(62, "SYNTAX_ERROR", "Syntax error: empty query")
        return statement

    async def _read_body(self, ask: _Ask, file: IO[bytes], part: _Part) -> None:
        request, share = ask.request, ask.share
        _check_length(request, share.limits)
        decode = codec.decoder(request.headers.get("content-encoding"))
        step = _DECODE_SLICE if "content-encoding" in request.headers else _PIECE
        received = written = 0

        def unpack(chunk: bytes) -> None:
            nonlocal written
            for start in range(0, len(chunk), step):
                piece = decode(chunk[start : start + step])
                written += len(piece)
                _check_size(written, share.limits)
                part.take(len(piece))
                file.write(piece)

        try:
            async for chunk in request.stream():
                received += len(chunk)
                _check_size(received, share.limits)
                await share.read(unpack, chunk)
            file.write(decode.finish())
        except codec.DECODE_ERRORS:
            encoding = request.headers.get("content-encoding")
            raise ClickHouseError(
                354, "INFLATE_FAILED", f"The request's body is not whole {encoding} data", status=400
            ) from None

    async def _read_form(
        self, ask: _Ask, body: IO[bytes], part: _Part, stack: contextlib.AsyncExitStack
    ) -> list[tuple[str, str, str, IO[bytes]]]:
        """Take a multipart form: plain fields are parameters (and the query), files are temporary tables."""
        request, parameters, limits = ask.request, ask.parameters, ask.share.limits
        _check_length(request, limits)
        received, receive = 0, request.receive

        async def counted():
            nonlocal received
            message = await receive()
            length = len(message.get("body", b""))
            received += length
            _check_size(received, limits)
            part.take(length)
            return message

        try:
            form = await Request(request.scope, counted).form(max_part_size=_FORM_FIELD_BYTES)
        except (MultiPartException, HTTPException) as error:
            detail = getattr(error, "message", "") or getattr(error, "detail", "")
            raise ClickHouseError(36, "BAD_ARGUMENTS", f"The request's form can not be read: {detail}") from None
        stack.push_async_callback(form.close)
        files = {name: part.file for name, part in form.multi_items() if isinstance(part, UploadFile)}
        fields = {name: part for name, part in form.multi_items() if not isinstance(part, UploadFile)}
        parameters.update({name: value for name, value in fields.items() if name != "query"})
        described: dict[str, dict[str, str]] = {}
        for name in list(parameters):
            match = _EXTERNAL.match(name)
            if match and match[1] in files:
                described.setdefault(match[1], {})[match[2]] = parameters.pop(name)
        body.write("\n".join(q for q in (parameters.get("query"), fields.get("query")) if q).encode())
        return [(name, *_structure(name, described.get(name, {})), file) for name, file in files.items()]


class BrokenOffError(Exception):
    """Raised into the web server to break a response off; it says what the client was told."""


class _Released(StreamingResponse):
    """A streamed response that gives back what its rows come from, however it ends."""

    def __init__(self, pieces: AsyncIterator[bytes], release: contextlib.AsyncExitStack, headers: dict[str, str]):
        super().__init__(pieces, headers=headers)
        self._release = release

    async def __call__(self, scope, receive, send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(self._release.aclose())


def _parameters(request: Request) -> dict[str, str]:
    query = request.scope["query_string"].decode("latin-1")
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS))
    except ValueError:
        raise ClickHouseError(
            291, "QUERY_IS_TOO_LARGE", f"The URL has more than {_MAX_PARAMETERS} parameters"
        ) from None


def _check_length(request: Request, limits: Limits) -> None:
    length = request.headers.get("content-length", "0")
    if length.isdigit():
        _check_size(int(length), limits)


def _check_size(length: int, limits: Limits) -> None:
    if length > limits.max_body_bytes:
        raise ClickHouseError(
            291,
            "QUERY_IS_TOO_LARGE",
            f"The request's body is longer than {limits.max_body_bytes} bytes: send it in parts",
        )


def _longer(length: int, piece: bytes, limits: Limits) -> int:
    """The answer's length with this piece; ClickHouseError when that is too much."""
    length += len(piece)
    if length > limits.max_result_bytes:
        raise ClickHouseError(
            396, "TOO_MANY_ROWS_OR_BYTES", f"The result is longer than {limits.max_result_bytes} bytes: ask for less"
        )
    return length


def _structure(name: str, described: Mapping[str, str]) -> tuple[str, str]:
    """The columns and the format of a temporary table sent along."""
    if "structure" in described:
        columns = described["structure"]
    elif "types" in described:
        columns = ", ".join(f"_{i} {t}" for i, t in enumerate(described["types"].split(","), 1))
    else:
        raise ClickHouseError(
            36, "BAD_ARGUMENTS", f"Neither structure nor types have been provided for external table {name}"
        )
    return columns, described.get("format", "TabSeparated")


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _only_reads(sql: bytes) -> bool:
    return text.first_word(sql) in ("SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN")


def _is_on(value: str | None) -> bool:
    return (value or "0").lower() in ("1", "true")


def _header_safe(value: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", value)


def _content_type(format_: str) -> str:
    name = format_.lower()
    if "eachrow" in name or name in ("jsonlines", "ndjson"):
        return "application/x-ndjson; charset=UTF-8"
    if "json" in name:
        return "application/json; charset=UTF-8"
    if name.startswith("csv"):
        return "text/csv; charset=UTF-8; header=" + ("present" if "names" in name else "absent")
    if name.startswith(("tabseparated", "tsv")):
        return "text/tab-separated-values; charset=UTF-8"
    if name in ("native", "parquet", "arrow", "arrowstream", "orc", "avro") or name.startswith("rowbinary"):
        return "application/octet-stream"
    return "text/plain; charset=UTF-8"


def _error_response(error: ClickHouseError, headers: dict[str, str]) -> Response:
    headers = headers | {"X-ClickHouse-Exception-Code": str(error.code)}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
    return PlainTextResponse(error.message + "\n", status_code=error.status, headers=headers)
