"""Makes ClickHouse's database and what is in it: sends the files of clickhouse/ddl/ in their order, one statement each.

They may be sent again at any time. CLICKHOUSE_URL names the server (http://user:password@host:port). The exit status
is 0 where all are done, else 1, with the server's answer; the files before the one that it refused are done then.
"""

import http.client
import os
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit

FOLDER = Path(__file__).resolve().parents[2] / "clickhouse" / "ddl"
SECONDS = 300


def main() -> None:
    """Send the files."""
    url = urlsplit(os.environ["CLICKHOUSE_URL"])
    key = b64encode(f"{unquote(url.username)}:{unquote(url.password)}".encode()).decode()
    files = sorted(FOLDER.glob("*.sql"))
    if not files:
        sys.exit(f"There is no file in {FOLDER}: is the folder mounted?")
    for file in files:
        try:
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=SECONDS)
            connection.request("POST", "/", file.read_bytes(), {"Authorization": f"Basic {key}"})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace").strip()
        except (OSError, http.client.HTTPException) as error:
            sys.exit(f"{file.name}: ClickHouse at {url.hostname}:{url.port} does not answer ({error}).")
        if answer.status != http.HTTPStatus.OK:
            sys.exit(f"{file.name}: {text}")
        print(file.name, flush=True)


if __name__ == "__main__":
    main()
