"""FerretDB, the server that stands in for MongoDB: ``python -m sources.marketplace.server`` builds it into .ferretdb/.

MongoDB's own server is in no package registry that this project takes from. go.mod pins the version, go.sum the
checksum of each module.
"""

import sys
from pathlib import Path

from sources import golang

ROOT = Path(__file__).parent.parent.parent
SOURCE = Path(__file__).parent
PROGRAM = ROOT / ".ferretdb" / "ferretdb"
# Of the two databases that it can keep documents in, SQLite alone.
TAGS = ("ferretdb_no_postgresql",)


def main() -> int:
    """Build it; return the exit status."""
    PROGRAM.parent.mkdir(exist_ok=True)
    try:
        golang.build(SOURCE, PROGRAM, tags=TAGS)
    except golang.GoError as error:
        print(f"{error}\nOr name a MongoDB server by MONGO_URL.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
