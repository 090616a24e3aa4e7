"""The marketplace's server: FerretDB, which speaks MongoDB's protocol, on SQLite: its folder, start, stop and health.

Used by the embedded stack, which runs it under supervisord, and by the tests, which start throw-away servers.
"""

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from embedded.errors import StackError
from embedded.server import Server
from sources.marketplace.server import PROGRAM

DATABASE = "marketplace"


class MarketplaceServer(Server):
    """A server that asks for no password."""

    NAME, LOG = "The marketplace's server", "marketplace.log"

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"mongodb://127.0.0.1:{self.port}/{DATABASE}"

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

    def is_ready(self) -> bool:
        """Tell whether the server answers its clients."""
        try:
            with MongoClient(self.url, serverSelectionTimeoutMS=2_000) as client:
                return bool(client.admin.command("ping"))
        except PyMongoError:
            return False
