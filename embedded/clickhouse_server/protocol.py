"""One client's connection: uvicorn's HTTP/1.1, with an end to waiting for a client that does not go on."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# From the connection's opening, or the last answer's end, to the end of the next request's headers.
_HEADER_SECONDS = 10
_LOOK_SECONDS = 1
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 38\r\n"
    b"Connection: close\r\n\r\nToo many connections: come back later\n"
)


def bounded(max_connections: int, stall_seconds: float) -> type[H11Protocol]:
    """A protocol for uvicorn.Config(http=…) that holds at most `max_connections`, none stalled for `stall_seconds`.

    Without it a client that opens connections and says nothing takes all of the process's files, and one that does not
    read its answer holds a query for good. A connection that waits for its first or next request makes room for a new
    one; when all are at work the new one is answered 503.
    """

    class Bounded(H11Protocol):
        def connection_made(self, transport):
            if len(self.connections) >= max_connections and not self._make_room():
                transport.write(_FULL)
                self.transport = transport
                transport.close()
                return
            super().connection_made(transport)
            self._since = self.loop.time()
            self._watch = self.loop.call_later(min(_HEADER_SECONDS, stall_seconds), self._look)

        def _make_room(self) -> bool:
            idle = [other for other in self.connections if other.is_idle()]
            if not idle:
                return False
            longest = min(idle, key=lambda other: other._since)
            longest.transport.abort()
            self.connections.discard(longest)
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
            super().data_received(data)
            # Headers that come byte by byte, and the rest of a body nobody wants any more, get no longer for that.
            if self.conn.their_state is not h11.IDLE and (waited_for_headers or not self.cycle.response_complete):
                self._since = self.loop.time()

        def send_400_response(self, msg):
            # After an answer has begun there is no other to be given.
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                super().send_400_response(msg)
            else:
                self.transport.close()

        def on_response_complete(self):
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
