"""Make the subscription, find out how it is, and repair it where the shop's server has lost the warehouse's place.

A subscription is whole when its mirrors are copied and raw was compared with them. What says so is the comment on the
subscription: a run that was killed is resumed by the next one.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn
from psycopg2.sql import SQL, Identifier, Literal

from migrations.plain import first_line
from migrations.roles import connect

NAME = "tshop_shop"
PUBLICATION = "tshop"
OWNER = "tshop_replica"
MIRRORS = ("shop.transactions", "shop.deliveries", "shop.returns", "shop.deleted_row", "shop.relay_state")
COMMENT = "Mirrors of the web shop's transactions, deliveries and returns; raw was compared with them"
_POLL = 0.2
_LINE_EACH = 10.0
# For how long no worker may be seen at work before one is told; a worker that fails is started again each 5 s.
_NO_WORKER = 60.0
_SLOT_IN_USE = 30.0


class ReplicationError(Exception):
    """What went wrong and what to do, in one sentence."""


@dataclass(frozen=True)
class Place:
    """The warehouse's place at the shop's server, its replication slot.

    Attributes:
        exists: there is a slot of that name in the shop's database.
        wal_status: reserved, extended, unreserved or lost; None where there is no slot.
    """

    exists: bool
    wal_status: str | None

    @property
    def is_lost(self) -> bool:
        """True where the subscription can go no further from it."""
        return not self.exists or self.wal_status == "lost"


@contextlib.contextmanager
def connected(dsn: str, variable: str, what: str) -> Iterator[Connection]:
    """Open a connection that commits each statement.

    Raises:
        ReplicationError: the server is out of reach, or the DSN cannot be read.
    """
    try:
        # The driver's message about a DSN that cannot be read would show its password.
        parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        raise ReplicationError(
            f"{variable} is not a libpq URI: set it to postgresql://user:password@host:port/database."
        ) from None
    try:
        connection = connect(dsn)
    except psycopg2.OperationalError as error:
        raise ReplicationError(
            f"{what} does not answer ({first_line(error)}): start it, or correct {variable}."
        ) from error
    with contextlib.closing(connection):
        connection.autocommit = True
        yield connection


def _row(connection: Connection, statement: str, values: object = None) -> tuple | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()


def _do(connection: Connection, statement: str, *parts: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL(statement).format(*parts))


# --- the shop's server ----------------------------------------------------------------------------------------------


def look_at_shop(shop: Connection) -> Place:
    """Find the warehouse's place at the shop's server.

    Raises:
        ReplicationError: that database cannot be subscribed to.
    """
    (level,) = _row(shop, "SELECT current_setting('wal_level')")
    if level != "logical":
        raise ReplicationError(
            f"The shop's server has wal_level = {level}: start it with the settings of config/shop-postgresql.conf."
        )
    if _row(shop, "SELECT FROM pg_publication WHERE pubname = %s", (PUBLICATION,)) is None:
        raise ReplicationError(
            f"The shop's database has no publication {PUBLICATION}: run python -m sources.shop there."
        )
    row = _row(
        shop,
        "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s AND database = current_database()",
        (NAME,),
    )
    return Place(row is not None, row and row[0])


def _drop_slots(shop: Connection, like: tuple[str, ...]) -> None:
    """Drop slots by name; a worker that still holds one is ended."""
    end = time.monotonic() + _SLOT_IN_USE
    with shop.cursor() as cursor:
        cursor.execute(
            "SELECT slot_name FROM pg_replication_slots "
            "WHERE slot_name LIKE ANY (%s) AND database = current_database()",
            (list(like),),
        )
        for (name,) in cursor.fetchall():
            while True:
                try:
                    cursor.execute("SELECT pg_drop_replication_slot(%s)", (name,))
                except psycopg2.errors.UndefinedObject:
                    # A worker of the warehouse has just dropped its own.
                    break
                except psycopg2.errors.ObjectInUse:
                    if time.monotonic() > end:
                        raise
                    cursor.execute(
                        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s",
                        (name,),
                    )
                    time.sleep(_POLL)
                else:
                    break


# --- the warehouse, as a superuser, who calls nothing that its owner has made, and as the owner ---------------------


@dataclass(frozen=True)
class Subscription:
    """The subscription as the warehouse has it.

    Attributes:
        number: its oid.
        is_enabled: nobody stopped it.
        is_whole: the mirrors are copied, and raw was compared with them.
        is_complete: it knows its place at the shop's server and its tables. One whose removal was killed does not, and
            one from a dump.
        gap_until: until when changes of the shop never came, as the warehouse was set back; None where all came.
    """

    number: int
    is_enabled: bool
    is_whole: bool
    is_complete: bool
    gap_until: datetime | None


def check_is_same(warehouse: Connection, owner: Connection) -> None:
    """Make sure that both connections are to one database.

    Raises:
        ReplicationError: they are not.
    """
    where = "SELECT current_database(), pg_postmaster_start_time()"
    if _row(warehouse, where) != _row(owner, where):
        raise ReplicationError("WAREHOUSE_ADMIN_DSN and WAREHOUSE_DSN name two databases: name the same one in both.")


def look_at_warehouse(warehouse: Connection, owner: Connection) -> Subscription | None:
    """Return the subscription, None where there is none.

    Raises:
        ReplicationError: the warehouse has no mirrors, or the user is no superuser.
    """
    (is_superuser,) = _row(warehouse, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not is_superuser:
        raise ReplicationError(
            "The user of WAREHOUSE_ADMIN_DSN is no superuser, which making a subscription takes: name one."
        )
    # The shop's own database has tables of the same names.
    if None in _row(warehouse, "SELECT to_regproc('raw.reconcile_mirrors')"):
        raise ReplicationError("The warehouse has no mirrors of the web shop: run make migrate first.")
    if _row(warehouse, "SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)) is None:
        raise ReplicationError(f"The warehouse's server has no role {OWNER}: run python -m migrations.roles first.")
    row = _row(
        warehouse,
        "SELECT s.oid, s.subenabled, obj_description(s.oid, 'pg_subscription') IS NOT NULL, "
        "s.subslotname IS NOT NULL AND EXISTS (SELECT FROM pg_subscription_rel AS l WHERE l.srsubid = s.oid) "
        "FROM pg_subscription AS s INNER JOIN pg_database AS d ON d.oid = s.subdbid "
        "WHERE s.subname = %s AND d.datname = current_database()",
        (NAME,),
    )
    (gap_until,) = _row(owner, "SELECT max(r.gap_until) FROM shop.relay_state AS r")
    return Subscription(*row, gap_until) if row else None


def remove(warehouse: Connection, shop: Connection, subscription: Subscription | None) -> None:
    """Remove the subscription and its slots, whatever state they are in."""
    like = [NAME.replace("_", r"\_")]
    if subscription is not None:
        (system,) = _row(warehouse, "SELECT system_identifier FROM pg_control_system()")
        like.append(rf"pg\_{subscription.number}\_sync\_%\_{system}")
        name = Identifier(NAME)
        _do(warehouse, "ALTER SUBSCRIPTION {} DISABLE", name)
        # Without its slot, which may be lost: else DROP SUBSCRIPTION asks for it.
        _do(warehouse, "ALTER SUBSCRIPTION {} SET (slot_name = NONE)", name)
        _do(warehouse, "DROP SUBSCRIPTION {}", name)
    _drop_slots(shop, tuple(like))


def make(warehouse: Connection, owner: Connection, shop_dsn: str) -> None:
    """Empty the mirrors and make the subscription, which begins to copy them.

    The mirrors are emptied by TRUNCATE, which carries no deletion into raw.
    """
    _do(owner, "TRUNCATE " + ", ".join(MIRRORS))
    # What the worker does, it does as the owner of the subscription, who may write the mirrors and nothing else.
    options = "enabled = false"
    if warehouse.server_version >= 160000:
        options += ", run_as_owner = true"
    _do(
        warehouse,
        "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {} WITH (" + options + ")",
        Identifier(NAME),
        Literal(shop_dsn),
        Identifier(PUBLICATION),
    )


def start(warehouse: Connection, shop_dsn: str) -> None:
    """Give the subscription its owner and its address, and start it where it is stopped."""
    name, owner = Identifier(NAME), Identifier(OWNER)
    row = _row(
        warehouse,
        "SELECT pg_get_userbyid(s.subowner), s.subconninfo, s.subenabled FROM pg_subscription AS s "
        "INNER JOIN pg_database AS d ON d.oid = s.subdbid WHERE s.subname = %s AND d.datname = current_database()",
        (NAME,),
    )
    owned_by, address, is_enabled = row
    if address != shop_dsn:
        _do(warehouse, "ALTER SUBSCRIPTION {} CONNECTION {}", name, Literal(shop_dsn))
    if owned_by != OWNER:
        _do(warehouse, "BEGIN")
        # PostgreSQL 15 gives a subscription to superusers only, and lets who ceases to be one keep it. Nobody sees the
        # role as a superuser: it is none when this commits.
        is_old = warehouse.server_version < 160000
        if is_old:
            _do(warehouse, "ALTER ROLE {} SUPERUSER", owner)
        _do(warehouse, "ALTER SUBSCRIPTION {} OWNER TO {}", name, owner)
        if is_old:
            _do(warehouse, "ALTER ROLE {} NOSUPERUSER", owner)
        _do(warehouse, "COMMIT")
    if not is_enabled:
        _do(warehouse, "ALTER SUBSCRIPTION {} ENABLE", name)


def finish(warehouse: Connection, owner: Connection, subscription: Subscription) -> tuple[int, int]:
    """Wait until the mirrors are copied, and make raw equal to them; returns how many rows were carried and deleted.

    Raises:
        ReplicationError: the copy does not go on.
    """
    seen = told = time.monotonic()
    while True:
        ready, copying = _row(
            warehouse,
            "SELECT count(*) FILTER (WHERE srsubstate = 'r'), "
            "(SELECT coalesce(sum(tuples_processed), 0) FROM pg_stat_progress_copy "
            "WHERE datname = current_database() AND relid = ANY (%s::regclass[]::oid[])) "
            "FROM pg_subscription_rel WHERE srsubid = %s",
            (list(MIRRORS), subscription.number),
        )
        if ready == len(MIRRORS):
            break
        now = time.monotonic()
        if _row(
            warehouse,
            "SELECT FROM pg_stat_subscription "
            "WHERE subid = %s AND pid IS NOT NULL AND last_msg_receipt_time IS NOT NULL",
            (subscription.number,),
        ):
            seen = now
        elif now - seen > _NO_WORKER:
            raise ReplicationError(
                "The subscription's worker does not get to work: the log of the warehouse's server says why. Run "
                "python -m sources.replication again when that is mended."
            )
        if now - told > _LINE_EACH:
            told = now
            print(
                f"sources.replication: {ready} of {len(MIRRORS)} mirrors follow, {copying} rows of the next ones are "
                "copied",
                file=sys.stderr,
            )
        time.sleep(_POLL)
    carried, deleted = _row(owner, "CALL raw.reconcile_mirrors()")
    _do(warehouse, "COMMENT ON SUBSCRIPTION {} IS {}", Identifier(NAME), Literal(COMMENT))
    return carried, deleted
