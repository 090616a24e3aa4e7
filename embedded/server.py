"""A server of the stack that tests also start on their own: its log, start, stop and kill."""

import contextlib
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

import psutil

from embedded.errors import StackError

PAUSE_SECONDS = 0.1
LOG_LINES = 20


class Server(ABC):
    """A server in a folder of its own, reached on 127.0.0.1.

    Args:
        folder: where its data and log go.
        port: TCP port of its clients.
    """

    # What messages call it, and the file of its log.
    NAME: str
    LOG: str
    START_SECONDS, STOP_SECONDS = 60, 30

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = Path(folder)
        self.port = port
        self._process: subprocess.Popen | None = None

    @property
    def log_file(self) -> Path:
        """Log written by start()."""
        return self.folder / self.LOG

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def prepare(self) -> object:
        """Make what the command needs.

        Raises:
            StackError: something is missing, with what to do.
        """

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the server answers its clients."""

    def start(self) -> None:
        """Start the server in the background and wait until it answers.

        Raises:
            StackError: it did not start; the message ends with the end of its log.
        """
        self.prepare()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + self.START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-LOG_LINES:])
                raise StackError(f"{self.NAME} did not start on port {self.port}:\n{tail}")
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """Stop the server started by start(); nothing happens where it does not run."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(self.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill the server started by start() as a crash would, by SIGKILL, and wait until it is gone."""
        if self._process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.kill()
            self._process.wait()
