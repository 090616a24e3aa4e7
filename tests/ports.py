"""Free TCP ports for the servers of the tests."""

import os
import random
import socket

# Above the defaults of the stack (embedded/settings.py), which a test may have beside these, and below
# ip_local_port_range of ip(7), which starts at 32768: from that range an outgoing connection may take a port between
# its choice and its use.
FIRST, LAST = 20_000, 32_000


def _own_ports() -> list[int]:
    """Return, in a random order, the ports that no other worker of this run gives."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(FIRST + worker, LAST, workers)
    return random.sample(own, len(own))


_left = _own_ports()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on and that this run has not given yet."""
    while True:
        port = _left.pop()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
