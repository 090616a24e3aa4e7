"""The embedded parts: start, health, stop, crash, and what bad input gets."""

from collections.abc import Callable
from contextlib import closing

import psycopg2

from embedded.postgres import PostgresServer


def test_server_is_as_configured(postgres_server: PostgresServer, admin_dsn: str) -> None:
    with closing(psycopg2.connect(admin_dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_encoding'), current_setting('data_checksums'), current_setting('timezone'),"
            " current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        )
        assert cursor.fetchone() == ("UTF8", "on", "UTC", "127.0.0.1", "")


def test_server_starts_again_after_a_crash(server_of: Callable[[int], PostgresServer]) -> None:
    server = server_of(18)
    server.kill()
    assert not server.is_ready()
    server.start()
    assert server.is_ready()
