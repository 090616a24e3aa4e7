"""The endpoint's configuration: a TOML file, every key of which may be left out.

| key | default | meaning |
|---|---|---|
| `display_name` | `chdb` | the server's name in its answers |
| `database` | `main` | the database that a client means who names none; it is made where it is missing |
| `limits_prefix` | `CLICKHOUSE_SERVER_` | beginning of the names of the variables that set limits (limits.py) |
| `reader.user` | | name of the second user, who only reads; without it there is no such user |
| `reader.password_variable` | | the environment variable with the reader's password |
| `reader.users_file` | | a file as in a server's `users.d`: what it grants the user of that name, the reader may read |
| `postgresql.collection` | `postgresql` | the named collection by which queries reach PostgreSQL |
| `postgresql.dsn_variable` | `POSTGRESQL_DSN` | the environment variable with PostgreSQL's libpq URI |

`reader.users_file` is relative to the TOML file's folder.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from clickhouse_server.errors import StartError


@dataclass(frozen=True)
class Reader:
    """The user who only reads: its name, the variable that holds its password, and its grants as SQL."""

    user: str
    password_variable: str
    grants: tuple[str, ...]


@dataclass(frozen=True)
class Configuration:
    """See the module's table."""

    display_name: str = "chdb"
    database: str = "main"
    limits_prefix: str = "CLICKHOUSE_SERVER_"
    reader: Reader | None = None
    collection: str = "postgresql"
    dsn_variable: str = "POSTGRESQL_DSN"

    @classmethod
    def read(cls, file: Path | None) -> "Configuration":
        """Read a TOML file, None for the defaults; StartError where it cannot be read or says what cannot be."""
        if file is None:
            return cls()
        try:
            given = tomllib.loads(file.read_text())
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise StartError(f"The configuration {file} cannot be read: {error}") from None
        reader, postgresql = given.pop("reader", {}), given.pop("postgresql", {})
        top = _texts(file, given, {"display_name", "database", "limits_prefix"})
        theirs = _texts(file, postgresql, {"collection", "dsn_variable"}, "postgresql.")
        known = {"user", "password_variable", "users_file"}
        readers = _texts(file, reader, known, "reader.")
        if readers and readers.keys() != known:
            missing = sorted(known - readers.keys())
            raise StartError(f"{file} has no reader.{missing[0]}: the reader needs {', '.join(sorted(known))}.")
        if not re.fullmatch(r"[A-Za-z]\w*", theirs.get("collection", cls.collection)):
            raise StartError(f"postgresql.collection in {file} is no name: give one of letters, digits and _.")
        found = None
        if readers:
            grants = _grants(file.parent / readers["users_file"], readers["user"])
            found = Reader(readers["user"], readers["password_variable"], grants)
        return cls(**top, **theirs, reader=found)


def _texts(file: Path, given: object, known: set[str], prefix: str = "") -> dict[str, str]:
    if not isinstance(given, dict):
        raise StartError(f"{prefix.rstrip('.')} in {file} is no table: write [{prefix.rstrip('.')}] above its keys.")
    for name, value in given.items():
        if name not in known:
            raise StartError(f"{file} has the unknown key {prefix}{name}: there are {', '.join(sorted(known))}.")
        if not isinstance(value, str) or not value:
            raise StartError(f"{prefix}{name} in {file} is {value!r}: give a text that is not empty.")
    return given


def _grants(file: Path, user: str) -> tuple[str, ...]:
    """Return what a file of a server's users grants a user."""
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314
    except (OSError, ElementTree.ParseError) as error:
        raise StartError(f"The users file {file} cannot be read: {error}") from None
    # A name need not be one that a path may hold.
    users = (one for one in root.iterfind("users/*") if one.tag == user)
    grants = tuple((query.text or "").strip() for one in users for query in one.iterfind("grants/query"))
    if not grants:
        raise StartError(f"{file} grants {user!r} nothing: write <users><{user}><grants><query>GRANT ...</query>.")
    return grants
