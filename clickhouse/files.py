"""The files of this folder, and the statements in them."""

from pathlib import Path

import sqlparse

FOLDER = Path(__file__).parent


def statements(text: str) -> list[str]:
    """Return the statements of a text without comments and semicolons, split as Airflow's operator splits them."""
    return sqlparse.split(sqlparse.format(text, strip_comments=True), strip_semicolon=True)


def statements_of(*names: str | Path) -> list[str]:
    """Return the statements of files, which are named by their paths in this folder, or whole."""
    return [statement for name in names for statement in statements((FOLDER / name).read_text())]
