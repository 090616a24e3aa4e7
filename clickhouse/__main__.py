"""`python -m clickhouse`: brings the definitions of a ClickHouse up to clickhouse/ddl/; it may run again at any time.

CLICKHOUSE_URL names the server (http://user:password@host:port). Where it names several, apart by blanks, these are
replicas: the database is made on each of them as a replicated one, which keeps them alike, and the definitions are sent
to the first. The exit status is 0 where all are done, else 1, with the server's answer; what comes before the statement
that it refused is done then.
"""

import http.client
import json
import os
import sys
from base64 import b64encode
from urllib.parse import unquote, urlsplit

from clickhouse.definitions import DefinitionError, pending

SECONDS = 300
# {shard} and {replica} are macros of each server's configuration.
REPLICATED = (
    "CREATE DATABASE IF NOT EXISTS tshop ENGINE = Replicated('/clickhouse/databases/tshop', '{shard}', '{replica}')"
)


def send(server: str, name: str, statement: str) -> str:
    """Send a statement to a server and return its answer; end the program where it is not done."""
    url = urlsplit(server)
    key = b64encode(f"{unquote(url.username or 'default')}:{unquote(url.password or '')}".encode()).decode()
    secure = url.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    try:
        connection = connect(url.hostname, url.port or (8443 if secure else 8123), timeout=SECONDS)
        connection.request("POST", "/", statement.encode(), {"Authorization": f"Basic {key}"})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"{name}: ClickHouse at {url.hostname}:{url.port} does not answer ({error}).")
    if answer.status != http.HTTPStatus.OK:
        sys.exit(f"{name}: {text}")
    return text


def main() -> None:
    """Send what is pending."""
    servers = os.environ.get("CLICKHOUSE_URL", "").split()
    if not servers:
        sys.exit("CLICKHOUSE_URL is not set: set it to http://user:password@host:port.")
    first, *others = servers
    if others:
        for server in servers:
            name = f"replica {urlsplit(server).hostname}"
            send(server, name, REPLICATED)
            print(name, flush=True)

    def ask(query: str) -> list[list]:
        text = send(first, "applied files", f"{query} FORMAT JSONCompactEachRow")
        return [json.loads(line) for line in text.splitlines()]

    try:
        steps = pending(ask)
    except DefinitionError as error:
        sys.exit(str(error))
    told = set()
    for step in steps:
        send(first, step.file, step.statement)
        if step.file not in told:
            told.add(step.file)
            print(step.file, flush=True)


if __name__ == "__main__":
    main()
