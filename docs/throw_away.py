"""A migrated, empty warehouse on a server that goes with the block: the pages of docs/ are made from it."""

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from embedded.postgres import THROW_AWAY_SETTINGS, PostgresServer
from migrations import runner
from tests.ports import free_port


@contextlib.contextmanager
def throw_away_warehouse() -> Iterator[str]:
    """Give the URI of a warehouse."""
    with tempfile.TemporaryDirectory(prefix="tshop-docs-") as name:
        # Another user than this one may run the server.
        Path(name).chmod(0o711)
        server = PostgresServer(
            Path(name) / "postgres", free_port(), secrets.token_urlsafe(16), settings=dict(THROW_AWAY_SETTINGS)
        )
        try:
            server.start()
            server.create_database("tshop")
            runner.migrate(server.dsn("tshop"))
            yield server.dsn("tshop")
        finally:
            server.stop("immediate")
