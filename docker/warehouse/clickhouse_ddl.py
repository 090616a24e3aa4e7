"""Makes ClickHouse's database and what is in it: sends the files of clickhouse/ddl/ in their order, one statement each.

They may be sent again at any time. CLICKHOUSE_URL names the server (http://user:password@host:port). Where it names
several, apart by blanks, these are replicas: the database is made on each of them as a replicated one, which keeps them
alike, and the files are sent to the first. The exit status is 0 where all are done, else 1, with the server's answer;
what comes before the statement that it refused is done then.
"""

import http.client
import os
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit

FOLDER = Path(__file__).resolve().parents[2] / "clickhouse" / "ddl"
SECONDS = 300


# {shard} and {replica} are macros of each server's configuration.
REPLICATED = (
    b"CREATE DATABASE IF NOT EXISTS tshop ENGINE = Replicated('/clickhouse/databases/tshop', '{shard}', '{replica}')"
)


def send(server: str, name: str, statement: bytes) -> None:
    """Send a statement to a server; end the program where it is not done."""
    url = urlsplit(server)
    key = b64encode(f"{unquote(url.username)}:{unquote(url.password)}".encode()).decode()
    try:
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=SECONDS)
        connection.request("POST", "/", statement, {"Authorization": f"Basic {key}"})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"{name}: ClickHouse at {url.hostname}:{url.port} does not answer ({error}).")
    if answer.status != http.HTTPStatus.OK:
        sys.exit(f"{name}: {text}")
    print(name, flush=True)


def main() -> None:
    """Send the files."""
    first, *others = os.environ["CLICKHOUSE_URL"].split()
    files = sorted(FOLDER.glob("*.sql"))
    if not files:
        sys.exit(f"There is no file in {FOLDER}: is the folder mounted?")
    if others:
        for server in (first, *others):
            send(server, f"replica {urlsplit(server).hostname}", REPLICATED)
    for file in files:
        send(first, file.name, file.read_bytes())


if __name__ == "__main__":
    main()
