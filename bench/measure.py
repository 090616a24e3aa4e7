"""Costs of what runs in the throw-away servers: seconds, CPU seconds, WAL, memory."""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2.extensions


@dataclass
class Cost:
    """What one repetition took.

    Attributes:
        seconds: from its begin to its end.
        cpu: CPU seconds of the servers in that time: all processes of PostgreSQL, and ClickHouse where there is one.
        wal: bytes of WAL written in that time.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    wal: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Return the cost of both."""
        return Cost(self.seconds + other.seconds, self.cpu + other.cpu, self.wal + other.wal)

    def __mul__(self, share: float) -> "Cost":
        """Return the cost of so many times as much."""
        return Cost(self.seconds * share, self.cpu * share, round(self.wal * share))


class Meter:
    """Measures what happens in the servers.

    Args:
        cursor: PostgreSQL's, of a superuser, in autocommit mode.
        servers: their main processes.
    """

    def __init__(self, cursor: psycopg2.extensions.cursor, *servers: psutil.Process) -> None:
        self._cursor = cursor
        self._servers = servers

    @contextmanager
    def cost(self, settled: bool = True) -> Iterator[Cost]:
        """Measure the block.

        Args:
            settled: begin with a checkpoint, so that the block does not pay for what was written before it.
        """
        if settled:
            self._cursor.execute("CHECKPOINT")
        cost = Cost()
        wal, cpu, start = self._wal(), self._cpu(), time.perf_counter()
        yield cost
        cost.seconds = time.perf_counter() - start
        cost.cpu = self._cpu() - cpu
        cost.wal = int(self._wal() - wal)

    def _wal(self) -> int:
        self._cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'")
        return self._cursor.fetchone()[0]

    def _cpu(self) -> float:
        return sum(_cpu_of(server) for server in self._servers)


def _cpu_of(server: psutil.Process) -> float:
    """Return the CPU seconds of a process and of its children, those that have ended included."""
    while True:
        before = server.cpu_times()
        children = 0.0
        for child in server.children():
            with suppress(psutil.NoSuchProcess):
                children += sum(child.cpu_times()[:2])
        after = server.cpu_times()
        # A child that ends meanwhile is in the figures of neither: it goes over into its parent's.
        if before[2:4] == after[2:4]:
            return sum(after[:4]) + children


def measured_process(command: list[str], environment: dict[str, str], folder: Path, log: Path) -> int:
    """Run a program to its end; return the most memory it held, in bytes.

    Raises:
        BenchError: it failed; with the end of what it said.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise BenchError(f"'{' '.join(command[:4])} ...' failed with status {process.returncode}:\n{tail}")
    # Linux counts it in KiB.
    return usage.ru_maxrss * 1024


class BenchError(Exception):
    """What went wrong and what to do, for the person who started the benchmark."""


class Peak:
    """Watches the memory of processes from a thread of its own and keeps the most.

    Args:
        bytes_now: returns how many bytes they hold.
    """

    def __init__(self, bytes_now: Callable[[], int]) -> None:
        self.bytes = 0
        self._bytes_now = bytes_now
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(1):
            self.bytes = max(self.bytes, self._bytes_now())


def server_memory(server: psutil.Process, shared: int) -> int:
    """Return what PostgreSQL holds: the memory each process has for itself, and the shared memory once.

    Args:
        server: the main process.
        shared: bytes of the shared memory, all of which counts as used.
    """
    own = 0
    for process in (server, *server.children()):
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_info()
            own += max(0, memory.rss - memory.shared)
    return own + shared


def median(costs: list[Cost], of: str = "seconds") -> float:
    """Return the median of one attribute of costs."""
    return statistics.median(getattr(cost, of) for cost in costs)


def ratio(ours: list[Cost], other: list[Cost], of: str = "seconds") -> float:
    """Return the median of the ratios of repetitions, each of which was measured beside its counterpart."""
    pairs = [(getattr(a, of), getattr(b, of)) for a, b in zip(ours, other, strict=True)]
    return statistics.median(a / max(b, 1e-9) for a, b in pairs)
