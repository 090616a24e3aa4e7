"""The engine alone, schema "sl", for any database: `python -m migrations.engine` installs it in that of WAREHOUSE_DSN.

`--script FOLDER` writes the same as a file for `psql -f`, which needs no Python. Both are one statement (engine.sql): a
block that takes an advisory lock, applies the revisions of db/sl/revisions/ that the database lacks, then all bodies of
db/sl/. It is atomic, and does nothing where nothing is new. A warehouse gets its engine by `python -m migrations`.
"""

import argparse
import contextlib
import hashlib
import json
import os
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import psycopg2
from alembic import op

from migrations.plain_sql import execute_file
from migrations.routines import DB_FOLDER, ENGINE_REVISIONS, bodies, sha256_of

TEMPLATE = Path(__file__).with_suffix(".sql")
PROJECT = Path(__file__).parent.parent / "pyproject.toml"
LOCK_TIMEOUT = "30s"
# Any constant serves: the bytes of "t_shop_e".
ADVISORY_LOCK = 0x745F73686F705F65
# Tables of the migrations in schema sl, which an engine alone has not.
OF_MIGRATIONS = ("routine_version", "schema_object", "schema_revision")
# Around the text of a file; no file holds it.
QUOTE = "$sl_file$"
HEADER = """\
-- The engine of the T-Shop warehouse, version {version}: schema sl, for PostgreSQL 15 or newer. Licence: Apache-2.0.
--
--     psql -X -f {name} "postgresql://user:password@host:port/database"
--
-- The user must be allowed to create a schema in the database. Run a newer file to upgrade; the data stay. Where
-- nothing is new, it does nothing. The file is one statement: it is applied as a whole, or not at all.
\\set ON_ERROR_STOP on
\\set QUIET on
"""


def version() -> str:
    """Version of these files: of the repository's, or of the installed wheel."""
    if PROJECT.exists():
        return tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return metadata.version("tshop-warehouse")


def revisions(folder: Path = DB_FOLDER) -> list[Path]:
    """Files of the engine's structure, oldest first."""
    return sorted((folder / ENGINE_REVISIONS).glob("*.sql"))


def engine_bodies(folder: Path = DB_FOLDER) -> list[Path]:
    """The engine's bodies in the order they are applied."""
    comments = {folder / "sl" / "comments" / f"{table}.sql" for table in OF_MIGRATIONS}
    return [path for path in bodies(folder) if folder / "sl" in path.parents and path not in comments]


def sha256(folder: Path = DB_FOLDER) -> str:
    """Hash of all that an installation applies."""
    files = [TEMPLATE, *revisions(folder), *engine_bodies(folder)]
    return hashlib.sha256("".join(f"{path.name} {sha256_of(path)}\n" for path in files).encode()).hexdigest()


def statement(folder: Path = DB_FOLDER, of_version: str | None = None) -> str:
    """The statement that installs or upgrades the engine.

    :param folder: root of the bodies, `db/`
    :param of_version: version to record; that of these files where None
    """

    def execute(path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        return f"-- db/{path.relative_to(folder)}\nEXECUTE {QUOTE}\n{text}{QUOTE};\n"

    files = "".join(
        f"IF NOT v_applied ? '{path.stem}' THEN\n{execute(path)}"
        f"INSERT INTO sl.engine_revision (revision, sha256) VALUES ('{path.stem}', '{sha256_of(path)}');\nEND IF;\n"
        for path in revisions(folder)
    ) + "".join(map(execute, engine_bodies(folder)))
    places = {
        "version": f"'{of_version or version()}'",
        "sha256": f"'{sha256(folder)}'",
        "revisions": f"'{json.dumps({path.stem: sha256_of(path) for path in revisions(folder)})}'",
        "lock": str(ADVISORY_LOCK),
        "lock_timeout": f"'{LOCK_TIMEOUT}'",
        "files": files,
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in places.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def install(dsn: str, text: str | None = None) -> str:
    """Install the engine in a database, or upgrade it.

    :param dsn: libpq URI
    :param text: the statement to run; that of these files where None
    :returns: what the server says that was done
    :raises psycopg2.Error: the server refused; nothing was changed
    """
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET client_min_messages = notice")
        cursor.execute(text or statement())
        return connection.notices[-1].removeprefix("NOTICE:").strip()


def write_script(folder: Path) -> Path:
    """Write the file for `psql -f` to a folder; returns its path."""
    name = f"sl-{version()}.sql"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(HEADER.format(version=version(), name=name) + statement(), encoding="utf-8")
    return path


def apply_revision(name: str) -> None:
    """Apply a revision of the engine from within a revision of the warehouse, and record it."""
    with op.get_bind().connection.dbapi_connection.cursor() as cursor:
        (path,) = [path for path in revisions() if path.stem == name]
        execute_file(cursor, path, f"db/{ENGINE_REVISIONS}/{path.name}")
    record_revision(name)


def record_revision(name: str) -> None:
    """Record a revision of the engine whose structure the warehouse has already."""
    (path,) = [path for path in revisions() if path.stem == name]
    with op.get_bind().connection.dbapi_connection.cursor() as cursor:
        cursor.execute("INSERT INTO sl.engine_revision (revision, sha256) VALUES (%s, %s)", (name, sha256_of(path)))


def main() -> int:
    """Install the engine, or write the file that does; on failure print one sentence to stderr and return 1."""
    parser = argparse.ArgumentParser(prog="python -m migrations.engine", description="Install the engine alone.")
    parser.add_argument(
        "--script", metavar="FOLDER", type=Path, help="write the file for psql -f to this folder instead"
    )
    arguments = parser.parse_args()
    if arguments.script:
        print(write_script(arguments.script))
        return 0
    dsn = os.environ.get("WAREHOUSE_DSN", "")
    if not dsn:
        print(
            "engine: WAREHOUSE_DSN is not set: set it to postgresql://user:password@host:port/database.",
            file=sys.stderr,
        )
        return 1
    try:
        print(f"engine: {install(dsn)}")
    except psycopg2.Error as error:
        print(f"engine: {error.diag.message_primary or str(error).strip()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
