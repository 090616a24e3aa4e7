"""Bring the shop's database to the newest revision, and install its routines and views, in one transaction.

As migrations/runner.py does it for the warehouse: Alembic is the ledger, plain SQL the text; what can be re-run lies in
db/, one object a file, and is applied as a whole where any of it is new or changed.
"""

from dataclasses import dataclass
from pathlib import Path

import psycopg2
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from migrations.plain import first_line
from migrations.plain_sql import execute_file
from migrations.roles import grant, roles
from migrations.routines import sha256_of
from migrations.runner import LOCK_TIMEOUT, OLDEST_POSTGRESQL, CannotMigrate, connect

FOLDER = Path(__file__).parent
SQL_FOLDER = FOLDER / "sql"
ROLES_FILE = FOLDER / "roles.toml"
# The warehouse's mirrors lie in a schema of this name: logical replication matches tables by their full names.
SCHEMA = "shop"
# Any constant serves, so long as all migrations of the shop's database take the same: the bytes of "t_shop_s".
ADVISORY_LOCK = 0x745F73686F705F73
# A trigger names a function, a view a table.
KINDS = ("functions", "procedures", "triggers", "views")
# Who writes a table's bare name means the shop's.
PREPARE = """
DO $$
BEGIN
    CREATE SCHEMA IF NOT EXISTS shop;
    EXECUTE format('ALTER DATABASE %%I SET search_path = shop', current_database());
END;
$$
"""
# The ledger: Alembic's own table beside that of the bodies.
LEDGER = """
CREATE TABLE IF NOT EXISTS shop.routine_version (
    file_name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE shop.routine_version IS 'Files of routines, triggers and views as they were applied last';
COMMENT ON COLUMN shop.routine_version.file_name IS 'File below sources/shop/db';
COMMENT ON COLUMN shop.routine_version.sha256 IS 'Hash of its text';
COMMENT ON COLUMN shop.routine_version.applied_at IS 'When it was applied';
COMMENT ON TABLE shop.schema_revision IS 'Revision that the database is at, one row';
COMMENT ON COLUMN shop.schema_revision.version_num IS 'The revision';
"""


@dataclass(frozen=True)
class Migration:
    """What a migration did.

    Attributes:
        before: revision before; None on an empty database.
        after: revision after.
        changed: number of files of db/ that are new or changed.
    """

    before: str | None
    after: str
    changed: int


def migrate(dsn: str) -> Migration:
    """Apply pending revisions, the files of db/ and the roles' rights; a second run at the same time waits.

    :param dsn: libpq URI of the shop's database, as its owner
    :raises CannotMigrate: the server is out of reach, too old, ahead of these files, or refuses
    :raises BrokenSql: a file was refused; nothing was changed
    """
    try:
        with connect(dsn, "shop's database", "SHOP_DSN") as connection, connection.begin():
            return _migrate_over(connection)
    except (sqlalchemy.exc.DBAPIError, psycopg2.Error) as error:
        refusal = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
        raise CannotMigrate(
            f"The server refused to migrate ({first_line(refusal)}): the user of SHOP_DSN has to own the database, "
            "and the server has to accept writes."
        ) from error


def _migrate_over(connection: sqlalchemy.Connection) -> Migration:
    version = connection.dialect.server_version_info[0]
    if version < OLDEST_POSTGRESQL:
        raise CannotMigrate(f"The server is PostgreSQL {version}: it has to be {OLDEST_POSTGRESQL} or newer.")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,))
    connection.exec_driver_sql("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    connection.exec_driver_sql(PREPARE)
    known = [script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()]
    before = _revision(connection)
    if before is not None and before not in known:
        raise CannotMigrate(
            f"The shop's database is at revision {before}, which these files do not know: use the release that made it."
        )
    command.upgrade(settings, "head")
    with connection.connection.dbapi_connection.cursor() as cursor:
        cursor.execute(LEDGER)
        changed = _apply_bodies(cursor)
        grant(cursor, roles(ROLES_FILE), (SCHEMA,))
    return Migration(before, known[0], changed)


def _revision(connection: sqlalchemy.Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table("schema_revision", schema=SCHEMA):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM shop.schema_revision").scalar()


def _apply_bodies(cursor) -> int:
    """Apply all files of db/ where any is new, changed or gone; return how many are new or changed."""
    files = [file for kind in KINDS for file in sorted((FOLDER / "db" / kind).glob("*.sql"))]
    wanted = {str(file.relative_to(FOLDER / "db")): sha256_of(file) for file in files}
    cursor.execute("SELECT file_name, sha256 FROM shop.routine_version")
    installed = dict(cursor.fetchall())
    if installed == wanted:
        return 0
    for file in files:
        execute_file(cursor, file, f"sources/shop/{file.relative_to(FOLDER)}")
    cursor.execute("DELETE FROM shop.routine_version WHERE file_name <> ALL (%s)", (list(wanted),))
    changed = {name: sha for name, sha in wanted.items() if installed.get(name) != sha}
    for name, sha in changed.items():
        cursor.execute(
            "INSERT INTO shop.routine_version (file_name, sha256) VALUES (%s, %s) "
            "ON CONFLICT (file_name) DO UPDATE SET sha256 = excluded.sha256, applied_at = clock_timestamp()",
            (name, sha),
        )
    return len(changed)
