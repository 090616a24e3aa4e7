"""Bring a warehouse to the newest revision and install the routine bodies, all in one transaction."""

from dataclasses import dataclass
from pathlib import Path

import psycopg2
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from migrations import inventory, roles, routines
from migrations.plain import first_line
from migrations.plain_sql import BrokenSql

OLDEST_POSTGRESQL = 15
NEEDS = "the user of WAREHOUSE_DSN has to own the database, and the server has to accept writes."
DSN_FORM = "postgresql://user:password@host:port/database"
# Any constant serves, so long as all migrations of a warehouse take the same: the bytes of "t_shop_m".
ADVISORY_LOCK = 0x745F73686F705F6D
# How long a migration waits for a table that another session holds.
LOCK_TIMEOUT = "30s"
# Who holds a lock on a table or view of the warehouse.
HOLDERS = """
SELECT DISTINCT
    format('pid %%s (%%s, %%s)', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no application name'))
FROM pg_locks AS l
INNER JOIN pg_class AS c ON c.oid = l.relation
INNER JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE
    l.granted
    AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND c.relnamespace::regnamespace::text IN ('landing', 'shop', 'raw', 'dds', 'cdm', 'spark', 'sl')
"""


@dataclass(frozen=True)
class Migration:
    """What a migration did.

    Attributes:
        before: revision before; None on an empty database.
        after: revision after.
        changed: number of bodies new or changed.
        missing_roles: roles that the server has not and this user may not make.
        changed_roles: roles that are not as roles.toml says, which this user may not put back.
        mended: what was not as the migrations had made it, in a part of a sentence; "" where all was.
        told: what declarations have said, a sentence each: which marts are computed anew.
    """

    before: str | None
    after: str
    changed: int
    missing_roles: list[str]
    changed_roles: list[str]
    mended: str = ""
    told: tuple[str, ...] = ()


class CannotMigrate(Exception):
    """The warehouse cannot be migrated. The text is one sentence that says what to do."""


def config(connection: sqlalchemy.Connection | None = None) -> Config:
    """Alembic configuration whose scripts lie beside this module."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def revisions() -> list[str]:
    """All revisions, oldest first."""
    scripts = ScriptDirectory.from_config(config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def engine_of(dsn: str, variable: str = "WAREHOUSE_DSN") -> sqlalchemy.Engine:
    """SQLAlchemy engine for a libpq URI, through psycopg2.

    :param dsn: the URI
    :param variable: the environment variable it comes from, for errors
    :raises CannotMigrate: the DSN is no libpq URI
    """
    if not dsn.startswith(("postgresql://", "postgres://")):
        raise CannotMigrate(f"{variable} is not a libpq URI: write it as {DSN_FORM}.")
    return sqlalchemy.create_engine(
        "postgresql+psycopg2://", creator=lambda: roles.connect(dsn), poolclass=sqlalchemy.pool.NullPool
    )


def connect(dsn: str, what: str = "warehouse", variable: str = "WAREHOUSE_DSN") -> sqlalchemy.Connection:
    """Open a connection to a database.

    :param dsn: libpq URI of the database
    :param what: what the database is, for errors
    :param variable: the environment variable that the URI comes from, for errors
    :raises CannotMigrate: the DSN cannot be read, or the server does not answer
    """
    engine = engine_of(dsn, variable)
    try:
        return engine.connect()
    except sqlalchemy.exc.OperationalError as error:
        raise CannotMigrate(
            f"The {what} does not answer ({first_line(error.orig)}): start it, or correct {variable}."
        ) from error
    except sqlalchemy.exc.ProgrammingError as error:
        raise CannotMigrate(f"{variable} cannot be read ({first_line(error.orig)}): write it as {DSN_FORM}.") from error


def check(dsn: str) -> None:
    """Make sure that a warehouse is at the newest revision and has these very bodies; changes nothing.

    :raises CannotMigrate: it is not, or is out of reach
    """
    wanted = {name: (sha, revisions()[-1]) for name, (_, sha) in routines.wanted_bodies().items()}
    with connect(dsn) as connection:
        if current_revision(connection) is None:
            raise CannotMigrate("The warehouse is empty: run make migrate.")
        with connection.connection.dbapi_connection.cursor() as cursor:
            if routines.installed_bodies(cursor) != wanted:
                raise CannotMigrate("The warehouse is not at the state of these files: run make migrate.")
            different = inventory.differences(inventory.recorded(cursor), inventory.read(cursor))
            if different:
                raise CannotMigrate(
                    f"The warehouse is not as it was made: {inventory.say(different)}. "
                    "Run make migrate, which mends it."
                )


def migrate(dsn: str, target: str = "head", db_folder: Path = routines.DB_FOLDER) -> Migration:
    """Apply pending revisions up to `target` and, at the head, the routine bodies.

    A second run at the same time waits for the first.

    :param dsn: libpq URI of the warehouse
    :param target: revision to stop at; bodies belong to the newest one and are applied only there
    :param db_folder: root of the routine bodies
    :returns: what was done
    :raises CannotMigrate: the server is out of reach, too old, or ahead of these files
    :raises BrokenSql: a revision or a body was refused; nothing was changed
    """
    connection = connect(dsn)
    try:
        return migrate_over(connection, target, db_folder)
    except (sqlalchemy.exc.DBAPIError, psycopg2.Error, BrokenSql) as error:
        refusal = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
        refusal = refusal.__cause__ if isinstance(refusal, BrokenSql) else refusal
        if isinstance(refusal, psycopg2.errors.LockNotAvailable):
            raise CannotMigrate(
                f"Another session holds a lock that the migration needs, for longer than {LOCK_TIMEOUT}: "
                f"{holders(dsn)}. Nothing was changed. Wait for it, or end it by SELECT pg_terminate_backend(pid), and "
                "migrate again."
            ) from error
        if isinstance(error, BrokenSql):
            raise
        raise CannotMigrate(f"The server refused to migrate ({first_line(refusal)}): {NEEDS}") from error


def holders(dsn: str) -> str:
    """Return who holds locks on the warehouse's tables and views, as a list for people."""
    with connect(dsn) as connection:
        found = sorted(connection.exec_driver_sql(HOLDERS).scalars())
    return ", ".join(found) or "it has just let go"


def migrate_over(connection: sqlalchemy.Connection, target: str, db_folder: Path) -> Migration:
    """Do what `migrate` does, over an open connection, which is closed."""
    with connection, connection.begin():
        version = connection.dialect.server_version_info[0]
        if version < OLDEST_POSTGRESQL:
            raise CannotMigrate(
                f"The server is PostgreSQL {version}: the warehouse needs {OLDEST_POSTGRESQL} or newer."
            )
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,))
        # From here on: it waits as long as it has to for another migration.
        connection.exec_driver_sql(
            "SELECT set_config('lock_timeout', %s, true) WHERE current_setting('lock_timeout') = '0'", (LOCK_TIMEOUT,)
        )
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS sl")
        known = revisions()
        before = current_revision(connection)
        with connection.connection.dbapi_connection.cursor() as cursor:
            was_there = inventory.read(cursor)
            different = inventory.differences(inventory.recorded(cursor), was_there)
        if before is None and sqlalchemy.inspect(connection).has_table("engine_revision", schema="sl"):
            raise CannotMigrate(
                "This database has the engine alone (make engine): give the warehouse another database."
            )
        if before is not None and before not in known:
            raise CannotMigrate(
                f"The warehouse is at revision {before}, which these files do not know: use the release that made it."
            )
        command.upgrade(config(connection), target)
        after = current_revision(connection)
        changed, missing, changed_roles = 0, [], []
        if after == known[-1]:
            with connection.connection.dbapi_connection.cursor() as cursor:
                wanted = inventory.recorded(cursor)
                inventory.declare_marts(cursor, wanted, different)
                _refuse_lost(wanted, was_there, inventory.read(cursor), different, inventory.KEPT)
                inventory.make_again(cursor, wanted, different)
                changed = routines.apply(cursor, after, db_folder, different)
                missing, changed_roles = roles.put_back(cursor)
                roles.grant(cursor)
                there = inventory.read(cursor)
                _refuse_lost(wanted, was_there, there, different)
                inventory.record(cursor, was_there, there)
        notices = connection.connection.dbapi_connection.notices
        told = tuple(said.removeprefix("NOTICE:").strip() for said in notices if "sl.declare_mart:" in said)
    return Migration(before, after, changed, missing, changed_roles, inventory.say(different), told)


def _refuse_lost(
    wanted: inventory.Inventory,
    was_there: inventory.Inventory,
    there: inventory.Inventory,
    different: inventory.Inventory,
    kinds: tuple[str, ...] = ("",),
) -> None:
    """Refuse to continue where a difference is left. What this migration has changed itself is none.

    :param wanted: what the migrations had made
    :param was_there: what was there when this one began
    :param there: what is there now
    :param different: in what `was_there` differed
    :param kinds: with what the names begin that are looked at
    :raises CannotMigrate: something is left
    """
    left = {
        name: what
        for name, what in different.items()
        if name.startswith(kinds) and there.get(name) == was_there.get(name) != wanted[name]
    }
    if left:
        raise CannotMigrate(
            f"The warehouse is not as it was made, and no file makes this again: {inventory.say(left)}. "
            "Make it by hand as sl.schema_object defines it, or restore a backup."
        )


def current_revision(connection: sqlalchemy.Connection) -> str | None:
    """Revision the warehouse is at; None where it was never migrated."""
    if not sqlalchemy.inspect(connection).has_table("schema_revision", schema="sl"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM sl.schema_revision").scalar()
