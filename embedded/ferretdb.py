"""The marketplace's server: FerretDB, which speaks MongoDB's protocol, on SQLite: its folder, start, stop and health.

Used by the embedded stack, which runs it under supervisord, and by the tests, which start throw-away servers.
"""

import contextlib
import subprocess
import time
from pathlib import Path

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from embedded.errors import StackError
from sources.marketplace.server import PROGRAM

DATABASE = "marketplace"


class MarketplaceServer:
    """A server in a folder of its own, reached on 127.0.0.1. It asks for no password.

    Args:
        folder: where its data and log go.
        port: TCP port.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = Path(folder)
        self.port = port
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"mongodb://127.0.0.1:{self.port}/{DATABASE}"

    @property
    def log_file(self) -> Path:
        """Log written by start()."""
        return self.folder / "marketplace.log"

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        return [str(PROGRAM), f"127.0.0.1:{self.port}", str(self.folder / "data")]

    @staticmethod
    def check() -> None:
        """Make sure that the server was built.

        Raises:
            StackError: it was not.
        """
        if not PROGRAM.exists():
            raise StackError("The marketplace's server is not built: run 'make setup-marketplace'.")

    def prepare(self) -> None:
        """Make the data folder where it is missing.

        Raises:
            StackError: the server was not built.
        """
        self.check()
        (self.folder / "data").mkdir(parents=True, exist_ok=True)

    def start(self, timeout: float = 60) -> None:
        """Start the server in the background and wait until it answers.

        Raises:
            StackError: it did not start; the message ends with the end of its log.
        """
        self.prepare()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + timeout
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-20:])
                raise StackError(f"The marketplace's server did not start on port {self.port}:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server started by start(); nothing happens where it does not run."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill the server started by start() as a crash would, by SIGKILL, and wait until it is gone."""
        if self._process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.kill()
            self._process.wait()

    def is_ready(self) -> bool:
        """Tell whether the server answers its clients."""
        try:
            with MongoClient(self.url, serverSelectionTimeoutMS=2_000) as client:
                return bool(client.admin.command("ping"))
        except PyMongoError:
            return False
