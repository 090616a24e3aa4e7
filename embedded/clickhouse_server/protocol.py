"""One client's connection: uvicorn's HTTP/1.1, with an end to waiting for a client that does not go on."""

import re
from collections import Counter

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# From the connection's opening, or the last answer's end, to the end of the next request's headers.
_HEADER_SECONDS = 10
_LOOK_SECONDS = 1
_HEAD_LINES = 1000
_HEAD_END = re.compile(rb"\n\r?\n")
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 38\r\n"
    b"Connection: close\r\n\r\nToo many connections: come back later\n"
)


def bounded(max_connections: int, stall_seconds: float) -> type[H11Protocol]:
    """A protocol for uvicorn.Config(http=…) that holds at most `max_connections`, none stalled for `stall_seconds`.

    Without it a client that opens connections and says nothing takes all of the process's files, and one that does not
    read its answer holds a query for good. A connection at which no user's request is under way makes room for a new
    one: first those that have proved no user. When all are at work the new one is answered 503. The application finds
    the connection in the scope's state, and tells it by `begin` whose request it has.
    """

    class Bounded(H11Protocol):
        user, is_at_work, _head_lines = None, False, 0

        def connection_made(self, transport):
            self.app_state = {**self.app_state, "connection": self}
            if len(self.connections) >= max_connections and not self._make_room():
                transport.write(_FULL)
                self.transport = transport
                transport.close()
                return
            super().connection_made(transport)
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
            if self.flow is None or self.transport.is_closing():
                return
            waited_for_headers = self.conn.their_state is h11.IDLE
            if waited_for_headers and self._has_too_many_headers(data):
                self.send_400_response("Too many headers")
                return
            super().data_received(data)
            # Headers that come byte by byte, and the rest of a body nobody wants any more, get no longer for that.
            if self.conn.their_state is not h11.IDLE and (waited_for_headers or not self.cycle.response_complete):
                self._since = self.loop.time()

        def _has_too_many_headers(self, data: bytes) -> bool:
            """Whether the head under way has more lines than any client sends: each costs time that all share."""
            end = _HEAD_END.search(data)
            self._head_lines += data.count(b"\n", 0, end.start() if end else len(data))
            too_many = self._head_lines > _HEAD_LINES
            if end:
                self._head_lines = 0
            return too_many

        def send_400_response(self, msg):
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
