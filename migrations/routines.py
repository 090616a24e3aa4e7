"""Install the bodies of `db/`, the one home of each: routines, triggers, views, comments, declarations, rules.

Bodies are re-runnable (CREATE OR REPLACE; a declaration makes what is missing) and are re-applied as a whole, in one
transaction with the revisions, when any of them or the revision changed. Order: comments; then by layer functions,
procedures, triggers, views, declarations and rules that look at other entities, so that a layer finds what the ones
before it have declared; then by name. A comment waits for a VACUUM of its table: comments come first, so that a
migration waits before it locks a view.
PL/pgSQL looks up what it names when it runs, so such bodies may name each other in any order; a function in plain SQL
may name only what comes before it.
"""

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

import psycopg2

from migrations.plain_sql import BrokenSql, execute_file

DB_FOLDER = Path(__file__).parent.parent / "db"
LAYERS = ("sl", "landing", "shop", "raw", "dds", "cdm", "spark")
# Structure of the engine, which migrations/engine.py and revisions of migrations/versions/ apply.
ENGINE_REVISIONS = "sl/revisions"
KINDS = ("comments", "functions", "procedures", "triggers", "views", "declarations", "rules")


def bodies(folder: Path = DB_FOLDER) -> list[Path]:
    """All body files in the order they are applied.

    :raises ValueError: a .sql file lies where it would never be applied
    """
    places = [(layer, "comments") for layer in LAYERS]
    places += [(layer, kind) for layer in LAYERS for kind in KINDS if kind != "comments"]
    ordered = [path for layer, kind in places for path in sorted((folder / layer / kind).glob("*.sql"))]
    stray = sorted(set(folder.rglob("*.sql")) - set(ordered) - set((folder / ENGINE_REVISIONS).glob("*.sql")))
    if stray:
        raise ValueError(
            f"{stray[0].relative_to(folder.parent)} is in no folder that is applied: "
            f"move it to db/<{'|'.join(LAYERS)}>/<{'|'.join(KINDS)}>/"
        )
    return ordered


def sha256_of(path: Path) -> str:
    """Hash of a body, as `sl.routine_version` records it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wanted_bodies(folder: Path = DB_FOLDER) -> dict[str, tuple[Path, str]]:
    """File and hash of each body by its name, in the order they are applied."""
    return {str(path.relative_to(folder)): (path, sha256_of(path)) for path in bodies(folder)}


def installed_bodies(cursor) -> dict[str, tuple[str, str]]:
    """Hash and revision of each installed body by its name."""
    cursor.execute("SELECT file_name, sha256, revision FROM sl.routine_version")
    return {name: (sha, revision) for name, sha, revision in cursor.fetchall()}


def apply(cursor, revision: str, folder: Path = DB_FOLDER, different: Collection[str] = ()) -> int:
    """Apply all bodies where any body or the revision differs from what `sl.routine_version` records.

    :param cursor: psycopg2 cursor inside the migration's transaction
    :param revision: the schema revision the bodies are applied at
    :param folder: root of the bodies, `db/`
    :param different: objects that are not as the bodies made them: where there are any, all bodies are applied
    :returns: number of bodies whose text is new or changed
    :raises BrokenSql: a body was refused
    """
    wanted = wanted_bodies(folder)
    installed = installed_bodies(cursor)
    if not different and installed == {name: (sha, revision) for name, (_, sha) in wanted.items()}:
        return 0

    changed = 0
    for name, (path, sha) in wanted.items():
        _execute(cursor, path, f"db/{name}", different)
        if installed.get(name) == (sha, revision):
            continue
        changed += installed.get(name, ("",))[0] != sha
        cursor.execute(
            """
            INSERT INTO sl.routine_version (file_name, sha256, revision)
            VALUES (%s, %s, %s)
            ON CONFLICT (file_name) DO UPDATE
            SET sha256 = excluded.sha256, revision = excluded.revision, applied_at = excluded.applied_at
            """,
            (name, sha, revision),
        )
    cursor.execute("DELETE FROM sl.routine_version WHERE NOT file_name = ANY(%s)", (list(wanted),))
    return changed


def _execute(cursor, path: Path, label: str, different: Collection[str]) -> None:
    """Apply a body. What was replaced by something of other columns or another result is dropped first."""
    cursor.execute("SAVEPOINT body")
    try:
        execute_file(cursor, path, label)
    except BrokenSql as error:
        name = f"{path.parent.parent.name}.{path.stem}"
        replaced = [
            one for one in different if re.fullmatch(rf"(view|function|procedure) {re.escape(name)}(\(.*)?", one)
        ]
        if not replaced or not isinstance(
            error.__cause__, psycopg2.errors.lookup("42P16") | psycopg2.errors.lookup("42P13")
        ):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT body")
        for one in replaced:
            cursor.execute(f"DROP {one}")
        execute_file(cursor, path, label)
    cursor.execute("RELEASE SAVEPOINT body")
