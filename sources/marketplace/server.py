"""FerretDB, the server that stands in for MongoDB: ``python -m sources.marketplace.server`` builds it into .ferretdb/.

MongoDB's own server is in no package registry that this project takes from. go.mod pins the version, go.sum the
checksum of each module.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCE = Path(__file__).parent
PROGRAM = ROOT / ".ferretdb" / "ferretdb"
GO = (1, 24)
# Of the two databases that it can keep documents in, SQLite alone.
TAGS = "ferretdb_no_postgresql"


class ServerError(Exception):
    """A sentence that says what is wrong and what to do."""


def has_go() -> bool:
    """Tell whether Go is there, in a version that is new enough."""
    if not shutil.which("go"):
        return False
    answer = subprocess.run(
        ["go", "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return bool(found) and tuple(map(int, found.groups())) >= GO


def build() -> None:
    """Build the server, in place of the one that is there.

    Raises:
        ServerError: Go is missing, or the build has failed.
    """
    if not has_go():
        raise ServerError(
            "Go {}.{} or later is missing, which builds the marketplace's server: install it, or name a MongoDB server "
            "by MONGO_URL.".format(*GO)
        )
    PROGRAM.parent.mkdir(exist_ok=True)
    draft = PROGRAM.with_suffix(".new")
    answer = subprocess.run(
        ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-tags", TAGS, "-o", str(draft), "."],
        cwd=SOURCE,
        env={**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ServerError(f"The marketplace's server could not be built:\n{answer.stdout.strip()[-2000:]}")
    draft.replace(PROGRAM)


def main() -> int:
    """Build it; return the exit status."""
    try:
        build()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
