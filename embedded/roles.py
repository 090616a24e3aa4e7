"""Who owns what in the embedded PostgreSQL: its superuser sets it up, the warehouse is its owner's, who is none."""

import contextlib
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions
import psycopg2.sql

from embedded.postgres import PostgresServer
from migrations import roles


def set_up(server: PostgresServer, database: str, passwords: dict[str, str]) -> None:
    """Make the warehouse's database and roles in a running server, or bring what is there to what it has to be.

    Args:
        server: the server.
        database: name of the warehouse's database.
        passwords: password by role, the owner's included.
    """
    server.create_database(database)
    with superuser(server, database) as cursor:
        roles.ensure(cursor, passwords)
    close_database(server, database, roles.OWNER)
    for closed in ("postgres", "template1"):
        close_database(server, closed)


@contextlib.contextmanager
def superuser(server: PostgresServer, database: str = "postgres") -> Iterator[psycopg2.extensions.cursor]:
    """Give a cursor of the superuser, in one transaction that ends with the block."""
    with (
        contextlib.closing(roles.connect(server.dsn(database))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def close_database(server: PostgresServer, name: str, locks_for: str | None = None) -> None:
    """Let only those connect to a database who are named: its owner, and who has a grant.

    Args:
        server: the server.
        name: of the database.
        locks_for: the role that may take advisory locks in it; nobody where None.
    """
    with superuser(server, name) as cursor:
        statement = psycopg2.sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
        cursor.execute(statement.format(psycopg2.sql.Identifier(name)))
        roles.take_from_public(cursor, locks_for)


def make_role(server: PostgresServer, name: str, password: str, connections: int) -> None:
    """Make a role for a program's own metadata, or bring it to this password: it may log in, and nothing else.

    Args:
        server: the server.
        name: of the role.
        password: of the role.
        connections: how many it may have at a time.
    """
    with superuser(server) as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
        if not cursor.rowcount:
            cursor.execute(psycopg2.sql.SQL("CREATE ROLE {} LOGIN").format(psycopg2.sql.Identifier(name)))
        # A statement is logged where it fails or is slow: it holds no usable password.
        encrypted = psycopg2.extensions.encrypt_password(password, name, cursor.connection, "scram-sha-256")
        statement = psycopg2.sql.SQL("ALTER ROLE {} PASSWORD %s").format(psycopg2.sql.Identifier(name))
        cursor.execute(statement, (encrypted,))
        statement = psycopg2.sql.SQL("ALTER ROLE {} CONNECTION LIMIT %s").format(psycopg2.sql.Identifier(name))
        cursor.execute(statement, (connections,))
        # The workers of a killed scheduler keep its sockets open, and with them the transaction in which it held runs
        # of the DAG locked: the next scheduler would pass these over for as long.
        statement = psycopg2.sql.SQL("ALTER ROLE {} SET idle_in_transaction_session_timeout = '60s'")
        cursor.execute(statement.format(psycopg2.sql.Identifier(name)))
