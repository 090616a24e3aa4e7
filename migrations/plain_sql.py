"""Run files of plain SQL in the migration's transaction and, where one is broken, say in which file and line."""

from pathlib import Path

import psycopg2
from alembic import op

SQL_FOLDER = Path(__file__).parent / "sql"


class BrokenSql(Exception):
    """A SQL file that PostgreSQL refused. The text names file, line, SQLSTATE and the server's message."""


def execute_file(cursor, path: Path, label: str) -> None:
    """Execute the statements of one file as they stand (no parameters, so a % is a %).

    :param cursor: psycopg2 cursor inside the migration's transaction
    :param path: file to run
    :param label: how the file is called in errors
    :raises BrokenSql: the server refused a statement
    """
    text = path.read_text(encoding="utf-8")
    try:
        cursor.execute(text)
    except psycopg2.Error as error:
        diag = error.diag
        where = label
        if diag.statement_position:
            where += f", line {text.count(chr(10), 0, int(diag.statement_position) - 1) + 1}"
        details = [diag.message_primary or str(error).strip()]
        details += [
            f"{name}: {value}"
            for name, value in (
                ("DETAIL", diag.message_detail),
                ("HINT", diag.message_hint),
                ("CONTEXT", diag.context),
            )
            if value
        ]
        raise BrokenSql(f"{where}: {'; '.join(details)} (SQLSTATE {error.pgcode})") from error


def run_file(name: str, folder: Path = SQL_FOLDER) -> None:
    """Run a file of `migrations/sql`, or of another folder of the project, from within a revision's `upgrade()`."""
    connection = op.get_bind().connection.dbapi_connection
    with connection.cursor() as cursor:
        execute_file(cursor, folder / name, f"{folder.relative_to(SQL_FOLDER.parent.parent)}/{name}")
