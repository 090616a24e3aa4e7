"""`python -m clickhouse_server --path DIR --host 127.0.0.1 --port N`: run the endpoint until SIGTERM.

CLICKHOUSE_USER and CLICKHOUSE_PASSWORD are asked of every request that does more than /ping, whatever it listens on, or
name and password of the reader, where the configuration has one and its password is set. What else there is to
configure is in configuration.py, the limits in limits.py.
"""

import argparse
import errno
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg
import uvicorn
from h11 import ProtocolError
from psycopg.conninfo import conninfo_to_dict
from starlette.requests import ClientDisconnect

from clickhouse_server.app import BrokenOffError, Server
from clickhouse_server.auth import Credentials
from clickhouse_server.configuration import Configuration
from clickhouse_server.engine import Engine
from clickhouse_server.errors import StartError
from clickhouse_server.limits import Limits
from clickhouse_server.protocol import bounded

_GRACE_SECONDS = 5
# The form in which PostgreSQL sends values. What a session is started with beats whatever PostgreSQL's database or
# role sets.
_READABLE = (
    "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c extra_float_digits=1 -c bytea_output=hex "
    "-c client_encoding=UTF8"
)


def _postgresql(variable: str, dsn: str | None) -> dict[str, str]:
    """The named collection's values out of a libpq URI, which `variable` holds; {} where it is not set."""
    if not dsn:
        return {}
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise StartError(
            f"{variable} is not a libpq URI: write postgresql://user:password@host:port/database."
        ) from None
    host, user, database = parts.get("host", ""), parts.get("user", ""), parts.get("dbname", "")
    if not (host and user and database) or host.startswith("/") or "," in host:
        raise StartError(
            f"{variable} must name one TCP host, a user and a database for ClickHouse to reach PostgreSQL."
        )
    return {
        "host": host,
        "port": str(parts.get("port", "5432")),
        "user": user,
        "password": parts.get("password", ""),
        "database": database,
    }


def _credentials(environment: Mapping[str, str], configuration: Configuration) -> Credentials:
    user, password = environment.get("CLICKHOUSE_USER"), environment.get("CLICKHOUSE_PASSWORD")
    if not user or not password:
        raise StartError("CLICKHOUSE_USER and CLICKHOUSE_PASSWORD must be set in the environment, and not empty.")
    reader = configuration.reader
    if reader is None:
        return Credentials({user: password})
    if user == reader.user:
        raise StartError(f"CLICKHOUSE_USER must not be {reader.user}, who only reads.")
    reads = environment.get(reader.password_variable)
    return Credentials({user: password} | ({reader.user: reads} if reads else {}), reader)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(f"Port {port} on {host} is taken by another program: give a free one by --port.") from None
        raise StartError(f"Can not listen on {host}:{port}: {error.strerror}.") from None
    return listener


def _allow_files() -> None:
    """Open files up to what the system allows this process: connections, temporary files and the engine's own."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _is_ours(record: logging.LogRecord) -> bool:
    """Keep out of the log what the endpoint did nothing wrong about.

    That is queries that failed on the way (their clients were told), clients that left, and bytes that are no HTTP, of
    which uvicorn warns: a client that sends enough of them would fill the disk.
    """
    failure = record.exc_info[1] if record.exc_info else None
    return record.levelno != logging.WARNING and not isinstance(
        failure, BrokenOffError | ClientDisconnect | ProtocolError
    )


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; exit status 0 after a clean stop, 1 with one sentence on stderr otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m clickhouse_server",
        description="ClickHouse's HTTP interface over chDB. CLICKHOUSE_USER and CLICKHOUSE_PASSWORD name its user.",
    )
    parser.add_argument("--path", type=Path, required=True, help="data directory, made if missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8123, help="TCP port (default: 8123)")
    parser.add_argument("--config", type=Path, help="TOML file of names, a reader and PostgreSQL (default: none)")
    options = parser.parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    try:
        configuration = Configuration.read(options.config)
        credentials = _credentials(os.environ, configuration)
        postgresql = _postgresql(configuration.dsn_variable, os.environ.get(configuration.dsn_variable))
        limits = Limits.of(os.environ, configuration.limits_prefix)
        listener = _listen(options.host, options.port)
        os.environ.setdefault("PGOPTIONS", _READABLE)
        engine = Engine(options.path.resolve(), configuration, postgresql)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    _allow_files()
    # uvicorn raises the signal that stopped it once more when it is done: by then a stop is a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = Server(engine, credentials, limits, configuration.display_name)
    logging.getLogger("uvicorn.error").addFilter(_is_ours)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    config = uvicorn.Config(
        server.app,
        access_log=False,
        log_config=None,
        server_header=False,
        h11_max_incomplete_event_size=limits.max_header_bytes,
        http=bounded(limits.max_connections, limits.stall_seconds),
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])
    if not server.clean:
        # A thread that did not stop would hold the interpreter for good.
        os._exit(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
