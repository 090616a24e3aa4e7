"""One client's connection: uvicorn's HTTP/1.1, which stops waiting for a client that stalls."""

import asyncio
import re
from collections import Counter, deque
from typing import NoReturn

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

# From the connection's opening, or the last answer's end, to the end of the next request's headers.
_HEADER_SECONDS = 10
_LOOK_SECONDS = 1
# More than any client sends: each line of a head costs time that all share.
_HEAD_LINES = 1000
_HEAD_END = re.compile(rb"\n\r?\n")
# What is parsed before others have their turn: a header is a line, a chunk of a body two.
_LINES_A_TURN, _BYTES_A_TURN = 256, 65536
# Of a body only the line before a chunk, and the headers behind the last one, wait until they are whole.
_WAITING_BYTES = 4096
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 38\r\n"
    b"Connection: close\r\n\r\nToo many connections: come back later\n"
)


class _Connection(h11.Connection):
    """h11's, which refuses a head of too many lines before it parses one, and as many headers behind a body."""

    _lines, _end, has_too_many_headers = 0, b"", False

    def receive_data(self, data):
        super().receive_data(data)
        if self.their_state is h11.IDLE:
            self._count(data)

    def start_next_cycle(self):
        super().start_next_cycle()
        self._lines, self._end = 0, b""
        # The next head may have come behind the request before it.
        self._count(self.trailing_data[0])

    def next_event(self):
        if self.their_state is h11.IDLE and self._lines > _HEAD_LINES:
            self._refuse()
        event = super().next_event()
        if event is h11.NEED_DATA and self.their_state is h11.SEND_BODY and len(self.trailing_data[0]) > _WAITING_BYTES:
            self._refuse()
        return event

    def _refuse(self) -> NoReturn:
        self.has_too_many_headers = True
        raise h11.RemoteProtocolError("Too many headers")

    def _count(self, data: bytes) -> None:
        # The head's end may come in two pieces.
        piece = self._end + data
        end = _HEAD_END.search(piece)
        self._lines += piece.count(b"\n", len(self._end), end.start() + 1 if end else len(piece))
        self._end = piece[-2:]


class _Turns:
    """Lets the connections of which something is to be parsed do so in turns, and no user wait for another's."""

    def __init__(self):
        self._waiting = {}

    def wait(self, connection: "H11Protocol") -> None:
        """Put a connection at the end of its user's queue."""
        if not self._waiting:
            connection.loop.call_soon(self._take)
        self._waiting.setdefault(connection.user, deque()).append(connection)

    def _take(self) -> None:
        firsts = [queue.popleft() for queue in self._waiting.values()]
        self._waiting = {user: queue for user, queue in self._waiting.items() if queue}
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._take)
        for connection in firsts:
            asyncio.get_running_loop().call_soon(connection.go_on)


class _Flow(FlowControl):
    """uvicorn's, which reads more of a client only when what has come is parsed."""

    def __init__(self, transport, connection: "H11Protocol"):
        super().__init__(transport)
        self._connection = connection

    def resume_reading(self):
        if self.read_paused and self._connection.unread:
            self.read_paused = False
            self._connection.wait()
        else:
            super().resume_reading()


def bounded(max_connections: int, stall_seconds: float) -> type[H11Protocol]:
    """A protocol for uvicorn.Config(http=…) that holds at most `max_connections`, none stalled for `stall_seconds`.

    Without it a client that opens connections and says nothing takes all of the process's files, and one that does not
    read its answer holds a query for good. A connection at which no user's request is under way makes room for a new
    one: first those that have proved no user. When all are at work the new one is answered 503. The application finds
    the connection in the scope's state, and tells it by `begin` whose request it has.
    """

    turns = _Turns()

    class Bounded(H11Protocol):
        user, is_at_work, is_waiting, unread = None, False, False, b""

        def connection_made(self, transport):
            self.app_state = {**self.app_state, "connection": self}
            if len(self.connections) >= max_connections and not self._make_room():
                transport.write(_FULL)
                self.transport = transport
                transport.close()
                return
            super().connection_made(transport)
            self.conn = _Connection(h11.SERVER, self.config.h11_max_incomplete_event_size)
            self.flow = _Flow(transport, self)
            self._since = self.loop.time()
            self._watch = self.loop.call_later(min(_HEADER_SECONDS, stall_seconds), self._look)

        def begin(self, user: str, most: int) -> bool:
            """Take a request of `user` for under way until it is answered; False when the user has `most` already."""
            if sum(other.is_at_work and other.user == user for other in self.connections) >= most:
                return False
            self.user, self.is_at_work = user, True
            return True

        def _make_room(self) -> bool:
            others = [other for other in self.connections if not other.is_at_work]
            if not others:
                return False
            held = Counter(other.user for other in others)
            first = min(
                others,
                key=lambda other: (other.user is not None, -held[other.user], not other.is_idle(), other._since),
            )
            first.transport.abort()
            self.connections.discard(first)
            return True

        def is_idle(self) -> bool:
            """Whether it waits for a request's headers and has nothing left to say."""
            return self.conn.their_state is h11.IDLE and not self.transport.get_write_buffer_size()

        def connection_lost(self, exc):
            if self.flow is None:
                return
            self._watch.cancel()
            super().connection_lost(exc)

        def data_received(self, data):
            if self.flow is not None:
                self.unread += data
                if self._is_in_chunks():
                    self.wait()
                elif not self.is_waiting:
                    self.go_on()

        def wait(self):
            """Wait for a turn to parse what is unread, and read no more until then."""
            if not self.is_waiting:
                self.is_waiting = True
                self.transport.pause_reading()
                turns.wait(self)

        def go_on(self):
            """Parse some lines of what is unread, and read more when there is nothing left."""
            self.is_waiting = False
            if self.transport.is_closing():
                return
            waited_for_headers = self.conn.their_state is h11.IDLE
            if self._is_in_chunks():
                data = _lines(self.unread[:_BYTES_A_TURN], b"\r\n")
            elif self.conn.their_state is h11.SEND_BODY:
                data = self.unread
            else:
                data = _lines(self.unread, b"\n")
            self.unread = self.unread[len(data) :]
            super().data_received(data)
            if self.transport.is_closing():
                return
            # Headers that come byte by byte, and the rest of a body nobody wants any more, get no longer for that.
            if self.conn.their_state is not h11.IDLE and (waited_for_headers or not self.cycle.response_complete):
                self._since = self.loop.time()
            if not self.flow.read_paused:
                if self.unread:
                    self.wait()
                else:
                    self.transport.resume_reading()

        def _is_in_chunks(self) -> bool:
            """Whether a body comes whose chunks, and the headers behind them, are still to be told apart."""
            return self.conn.their_state is h11.SEND_BODY and any(
                name == b"transfer-encoding" for name, _ in self.headers
            )

        def send_400_response(self, msg):
            if self.conn.has_too_many_headers:
                msg = f"Too many headers: send no more than {_HEAD_LINES}."
            # After an answer has begun there is no other to be given.
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                super().send_400_response(msg)
            else:
                self.transport.close()

        def on_response_complete(self):
            self.is_at_work = False
            self._since = self.loop.time()
            super().on_response_complete()

        def pause_writing(self):
            self._since = self.loop.time()
            super().pause_writing()

        def resume_writing(self):
            self._since = self.loop.time()
            super().resume_writing()

        def _look(self):
            """Break off when it has been the client's turn for too long."""
            idle = self.is_idle()
            is_sending = self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused
            is_reading = self.flow.write_paused or self.transport.get_write_buffer_size()
            allowed = min(_HEADER_SECONDS, stall_seconds) if idle else stall_seconds
            left = self._since + allowed - self.loop.time()
            if left <= 0 and (idle or is_sending or is_reading):
                self.transport.abort()
            else:
                self._watch = self.loop.call_later(left if left > 0 else _LOOK_SECONDS, self._look)

    return Bounded


def _lines(data: bytes, end_of_line: bytes) -> bytes:
    """Return as many lines of what a client has sent as are parsed in a turn."""
    end = 0
    for _ in range(_LINES_A_TURN):
        found = data.find(end_of_line, end)
        if found < 0:
            return data
        end = found + len(end_of_line)
    return data[:end]
