"""Who owns what in the embedded PostgreSQL: its superuser sets it up, the warehouse is its owner's, who is none."""

import contextlib
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions
import psycopg2.sql

from embedded.postgres import FORMER_SUPERUSER, SUPERUSER, PostgresServer
from migrations import roles

# Who makes a way for the owner's name, for the length of one transaction.
_STAND_IN = "tshop_stand_in"
# What the superuser owns of a database, as statements that give it away; the server's own and what extensions brought
# stays. A sequence that belongs to a column goes with its table.
_GIVE_AWAY = """
WITH ours AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
),

extended AS (
    SELECT classid, objid FROM pg_depend
    WHERE deptype = 'e'
),

owned AS (
    SELECT 'pg_namespace'::regclass AS classid, oid AS objid, nspowner AS owner, format('SCHEMA %%I', nspname) AS object
    FROM pg_namespace
    WHERE oid IN (SELECT oid FROM ours)
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, c.relowner, format('TABLE %%s', c.oid::regclass)
    FROM pg_class AS c
    WHERE c.relnamespace IN (SELECT oid FROM ours) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S'
        )
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, proowner, format('ROUTINE %%s', oid::regprocedure)
    FROM pg_proc
    WHERE pronamespace IN (SELECT oid FROM ours) AND prokind <> 'a'
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, t.typowner, format('TYPE %%s', t.oid::regtype)
    FROM pg_type AS t
    WHERE t.typnamespace IN (SELECT oid FROM ours)
        AND (t.typtype IN ('d', 'e', 'r') OR t.typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
)

SELECT format('ALTER %%s OWNER TO %%I', object, %(owner)s)
FROM owned
WHERE owner = %(superuser)s::regrole AND (classid, objid) NOT IN (SELECT classid, objid FROM extended)
"""


def set_up(server: PostgresServer, database: str, passwords: dict[str, str]) -> None:
    """Make the warehouse's database and roles in a running server, or bring what is there to what it has to be.

    Args:
        server: the server.
        database: name of the warehouse's database.
        passwords: password by role, the owner's included.
    """
    if not server.takes(SUPERUSER):
        _give_up_owners_name(server)
    server.create_database(database)
    # In one transaction: whose the database is tells whether all in it was given away.
    with superuser(server, database) as cursor:
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
        is_given = cursor.fetchone()[0] == roles.OWNER
        roles.ensure(cursor, passwords)
        if not is_given:
            _give_away(cursor)
    for closed in (database, "postgres", "template1"):
        close_database(server, closed)


@contextlib.contextmanager
def superuser(
    server: PostgresServer, database: str = "postgres", user: str = SUPERUSER
) -> Iterator[psycopg2.extensions.cursor]:
    """Give a cursor of the superuser, in one transaction that ends with the block."""
    with (
        contextlib.closing(psycopg2.connect(server.dsn(database, user))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def close_database(server: PostgresServer, name: str) -> None:
    """Let only those connect to a database who are named: its owner, and who has a grant."""
    with superuser(server) as cursor:
        statement = psycopg2.sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
        cursor.execute(statement.format(psycopg2.sql.Identifier(name)))


def make_role(server: PostgresServer, name: str, password: str) -> None:
    """Make a role for a program's own metadata, or bring it to this password: it may log in, and nothing else."""
    with superuser(server) as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
        if not cursor.rowcount:
            cursor.execute(psycopg2.sql.SQL("CREATE ROLE {} LOGIN").format(psycopg2.sql.Identifier(name)))
        # A statement is logged where it fails or is slow: it holds no password that somebody could use.
        encrypted = psycopg2.extensions.encrypt_password(password, name, cursor.connection, "scram-sha-256")
        statement = psycopg2.sql.SQL("ALTER ROLE {} PASSWORD %s").format(psycopg2.sql.Identifier(name))
        cursor.execute(statement, (encrypted,))
        # The workers of a killed scheduler keep its sockets open, and with them the transaction in which it held runs
        # of the DAG locked: the next scheduler would pass these over for as long.
        statement = psycopg2.sql.SQL("ALTER ROLE {} SET idle_in_transaction_session_timeout = '60s'")
        cursor.execute(statement.format(psycopg2.sql.Identifier(name)))


def _give_up_owners_name(server: PostgresServer) -> None:
    """Call the superuser of data made by an earlier release what it is called now.

    It was called as the owner is now, and cannot be made less than a superuser: the first user of a server stays one.
    Nobody renames himself, so another does it for him.
    """
    former, now, stand_in = map(psycopg2.sql.Identifier, (FORMER_SUPERUSER, SUPERUSER, _STAND_IN))
    with superuser(server, user=FORMER_SUPERUSER) as cursor:
        cursor.execute(psycopg2.sql.SQL("CREATE ROLE {} SUPERUSER").format(stand_in))
        cursor.execute(psycopg2.sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(stand_in))
        cursor.execute(psycopg2.sql.SQL("ALTER ROLE {} RENAME TO {}").format(former, now))
        cursor.execute("RESET SESSION AUTHORIZATION")
        cursor.execute(psycopg2.sql.SQL("DROP ROLE {}").format(stand_in))


def _give_away(cursor: psycopg2.extensions.cursor) -> None:
    """Give the owner what the superuser has in the database."""
    # Names come out qualified.
    cursor.execute("SET LOCAL search_path = pg_catalog")
    cursor.execute(_GIVE_AWAY, {"owner": roles.OWNER, "superuser": SUPERUSER})
    for (statement,) in cursor.fetchall():
        cursor.execute(statement)
