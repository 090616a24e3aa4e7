"""The roles of the warehouse: roles.toml says who may do what, this module makes it so.

A role belongs to the whole server, its rights to one database. ``ensure`` makes the roles, which takes a superuser (or
CREATEROLE); ``grant`` gives them their rights, which takes the owner of the database, and is part of each migration.

``python -m migrations.roles`` does the first for the server and database named by WAREHOUSE_ADMIN_DSN, where it also
makes the owner, "tshop", and gives it the database. Passwords come by the environment variables TSHOP_OWNER_PASSWORD,
TSHOP_ETL_PASSWORD, TSHOP_LOADER_PASSWORD, TSHOP_READER_PASSWORD, TSHOP_ANALYST_PASSWORD, TSHOP_MONITOR_PASSWORD,
TSHOP_CONSUMER_PASSWORD, TSHOP_STORES_PASSWORD, TSHOP_MARKETPLACE_PASSWORD, TSHOP_REPLICA_PASSWORD and
TSHOP_SPARK_PASSWORD; a role whose variable is not set keeps the password it has, and a new one has none.
"""

import contextlib
import os
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Composable, Identifier, Literal

from migrations.plain import plain

FILE = Path(__file__).parent / "roles.toml"
LAYERS = ("landing", "shop", "raw", "dds", "cdm", "spark", "sl")
OWNER = "tshop"
# What none of the roles is: attribute, column of pg_roles.
EXCESSIVE = (
    ("SUPERUSER", "rolsuper"),
    ("CREATEROLE", "rolcreaterole"),
    ("CREATEDB", "rolcreatedb"),
    ("REPLICATION", "rolreplication"),
    ("BYPASSRLS", "rolbypassrls"),
)
# Functions of pg_catalog by which a session takes from all others, whatever it may read: advisory locks (the loads'
# own, and shared memory), exported snapshots (a file each), large objects. The owner of a database keeps the first two:
# the loads and pg_dump need them. Their signatures are the same in all versions: a dump holds what is revoked of them.
OWNERS = ("pg_advisory_%", "pg_try_advisory_%", "pg_export_snapshot")
CONSUMING = (*OWNERS, "lo_%", "loread", "lowrite")
# What the owner is a member of: it sees how long others' transactions are open, and ends those that are in the way.
OWNER_GROUPS = ("pg_read_all_stats", "pg_signal_backend", "pg_use_reserved_connections")
# PUBLIC has it by default. In the warehouse it is not ours, and nobody needs it.
UNUSED_SCHEMA = "public"


@dataclass(frozen=True)
class Role:
    """One role as roles.toml has it.

    Attributes:
        name: of the role.
        connection_limit: how many connections it may have at a time.
        settings: configuration parameters of its sessions and their values.
        database: privileges on the database.
        grants: privileges and the objects they are for, each "schema.name", the name with "*" for any rest; with
            " except column" for all columns of a table but that one.
        attributes: which of EXCESSIVE it has.
    """

    name: str
    connection_limit: int
    settings: dict[str, str]
    database: str
    grants: dict[str, list[str]]
    attributes: tuple[str, ...] = ()


def roles(file: Path = FILE) -> list[Role]:
    """Return the roles of a file, the warehouse's by default."""
    return [
        Role(
            name,
            table["connection_limit"],
            table.get("settings", {}),
            table["database"],
            table["grants"],
            tuple(table.get("attributes", ())),
        )
        for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items()
    ]


# --- the server's part ----------------------------------------------------------------------------------------------


def connect(dsn: str, **parameters) -> psycopg2.extensions.connection:
    """Connect as a user with more rights than the database's owner: only the server's own names are found.

    A database's owner may plant an operator or a function of a built-in one's name, which then runs with the rights of
    its caller.

    :param dsn: libpq URI of the database
    :param parameters: more of libpq's
    """
    options = psycopg2.extensions.parse_dsn(dsn).get("options", "")
    return psycopg2.connect(dsn, options=f"{options} -c search_path=pg_catalog", **parameters)


def ensure(cursor: Cursor, passwords: dict[str, str], owner: str = OWNER, wanted: Iterable[Role] | None = None) -> None:
    """Make the roles, and the owner of the database, and bring them to what roles.toml says.

    :param cursor: of a superuser, or of a role with CREATEROLE that owns the database, connected by `connect`
    :param passwords: password by name of a role, the owner's included; the others keep theirs
    :param owner: of the database, the warehouse's by default
    :param wanted: the roles, the warehouse's by default
    :raises psycopg2.Error: the server refuses
    """
    wanted = roles() if wanted is None else list(wanted)
    for name in (owner, *(role.name for role in wanted)):
        _make(cursor, name)
        if password := passwords.get(name):
            # A statement is logged where it fails or is slow: it holds no usable password.
            encrypted = encrypt_password(password, name, cursor.connection, "scram-sha-256")
            _execute(cursor, "ALTER ROLE {} PASSWORD {}", Identifier(name), Literal(encrypted))
    for role in wanted:
        _configure(cursor, role)
    _restrain(cursor, owner, _groups_there_are(cursor))
    take_from_public(cursor, owner)
    # The message of an error quotes what a statement held, so sessions do not log errors and warnings: who sent the
    # statement is told. What runs by itself (the checkpointer, the archiver) still logs them.
    cursor.execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")
    if cursor.fetchone()[0]:
        cursor.execute("ALTER ROLE ALL SET log_min_messages = 'log'")
    cursor.execute("SELECT pg_get_userbyid(datdba), datname FROM pg_database WHERE datname = current_database()")
    owned_by, database = cursor.fetchone()
    if owned_by != owner:
        _execute(cursor, "ALTER DATABASE {} OWNER TO {}", Identifier(database), Identifier(owner))


def take_from_public(cursor: Cursor, owner: str | None) -> None:
    """Take from PUBLIC, in this database, the functions by which any session could take from all others.

    :param cursor: of a superuser
    :param owner: who may still call those that the owner of a database needs; nobody where None
    """
    for function in _functions(cursor, CONSUMING):
        _execute(cursor, f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    if owner is not None:
        for function in _functions(cursor, OWNERS):
            _execute(cursor, f"GRANT EXECUTE ON FUNCTION {function} TO {{}}", Identifier(owner))


def _functions(cursor: Cursor, patterns: Iterable[str]) -> list[str]:
    cursor.execute(
        "SELECT oid::regprocedure::text FROM pg_proc "
        "WHERE pronamespace = 'pg_catalog'::regnamespace AND proname::text LIKE ANY (%s::text[])",
        ([pattern.replace("_", r"\_") for pattern in patterns],),
    )
    return [function for (function,) in cursor.fetchall()]


def _groups_there_are(cursor: Cursor) -> list[str]:
    """Return the groups of the owner that this version of the server has."""
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(OWNER_GROUPS),))
    return [name for (name,) in cursor.fetchall()]


def put_back(cursor: Cursor) -> tuple[list[str], list[str]]:
    """Make the roles that the server has not, without passwords, and take their own settings from the others.

    A role may change the settings that its sessions begin with, and its password.

    :param cursor: of any user, inside a transaction
    :returns: where the user may not: the roles that are missing still, and those that are not as roles.toml says
    """
    cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    (may,) = cursor.fetchone()
    missing, changed = [], []
    for role in roles():
        if not may:
            if not _exists(cursor, role.name):
                missing.append(role.name)
            elif _differences(cursor, role):
                changed.append(role.name)
            continue
        _make(cursor, role.name)
        _configure(cursor, role)
    return missing, changed


def _exists(cursor: Cursor, name: str) -> bool:
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
    return cursor.rowcount > 0


def _make(cursor: Cursor, name: str) -> None:
    if _exists(cursor, name):
        return
    # Another database of the server may be migrated at this moment, and make it first.
    block = SQL(
        "BEGIN CREATE ROLE {} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END"
    ).format(Identifier(name))
    _execute(cursor, "DO {}", Literal(block.as_string(cursor)))


def _configure(cursor: Cursor, role: Role) -> None:
    _restrain(cursor, role.name, (), role.attributes)
    for statement in _differences(cursor, role):
        cursor.execute(statement)


def _restrain(cursor: Cursor, name: str, groups: Iterable[str], attributes: Iterable[str] = ()) -> None:
    """Take from a role what makes it more than a user of the server, and all groups, but these."""
    columns = ", ".join(column for _, column in EXCESSIVE)
    cursor.execute(f"SELECT {columns} FROM pg_roles WHERE rolname = %s", (name,))
    for (attribute, _), has in zip(EXCESSIVE, cursor.fetchone(), strict=True):
        if has != (attribute in attributes):
            _execute(cursor, f"ALTER ROLE {{}} {'NO' if has else ''}{attribute}", Identifier(name))
    # Who granted it counts since PostgreSQL 16: each grant is revoked as its grantor's.
    by_grantor = cursor.connection.server_version >= 160000
    cursor.execute(
        "SELECT roleid::regrole::text, grantor::regrole::text, admin_option FROM pg_auth_members "
        "WHERE member = %s::regrole",
        (name,),
    )
    kept = set()
    for group, grantor, may_grant in cursor.fetchall():
        if group in set(groups) and not may_grant:
            kept.add(group)
            continue
        # regrole quotes by itself.
        by = f" GRANTED BY {grantor} CASCADE" if by_grantor else ""
        _execute(cursor, f"REVOKE {group} FROM {{}}{by}", Identifier(name))
    for group in set(groups) - kept:
        _execute(cursor, f"GRANT {group} TO {{}}", Identifier(name))


def _differences(cursor: Cursor, role: Role) -> list[Composable]:
    """Return the statements that bring a role's limits and settings to what roles.toml says."""
    statements = []
    name = Identifier(role.name)
    cursor.execute(
        "SELECT d.datname FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase "
        "WHERE s.setrole = %s::regrole",
        (role.name,),
    )
    statements += [
        SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(name, Identifier(database))
        for (database,) in cursor.fetchall()
    ]
    cursor.execute("SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = %s", (role.name,))
    limit, config = cursor.fetchone()
    if limit != role.connection_limit:
        statements.append(SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(name, Literal(role.connection_limit)))
    cursor.execute("SELECT name FROM pg_settings WHERE context = 'superuser'")
    # Only a superuser may set these, for others or itself.
    of_superuser = {setting for (setting,) in cursor.fetchall()}
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    (is_superuser,) = cursor.fetchone()
    # The server writes some names in its own way: TimeZone.
    known = {name.lower(): value for name, value in (setting.split("=", 1) for setting in config or ())}
    wanted = {setting: value for setting, value in role.settings.items() if is_superuser or setting not in of_superuser}
    statements += [
        SQL("ALTER ROLE {} RESET {}").format(name, Identifier(setting))
        for setting in known.keys() - role.settings.keys()
    ]
    statements += [
        SQL("ALTER ROLE {} SET {} = {}").format(name, Identifier(setting), Literal(value))
        for setting, value in wanted.items()
        if known.get(setting) != value
    ]
    return statements


# --- the database's part --------------------------------------------------------------------------------------------


def grant(cursor: Cursor, wanted: Iterable[Role] | None = None, schemas: tuple[str, ...] = LAYERS) -> None:
    """Give the roles there are what roles.toml says, and take all else in the database from them and from PUBLIC.

    :param cursor: of the owner of the database, inside the migration's transaction, when all objects are there
    :param wanted: the roles, the warehouse's by default
    :param schemas: all schemas of the database that hold objects
    :raises LookupError: roles.toml names an object that does not exist
    """
    cursor.execute("SELECT current_database()")
    database = Identifier(cursor.fetchone()[0])
    cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s)", ([*schemas, UNUSED_SCHEMA],))
    _take_all(cursor, SQL("PUBLIC"), database, [name for (name,) in cursor.fetchall()], schemas)
    # What the owner makes by hand between two migrations is not everybody's to call, either.
    cursor.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC")
    for role in roles() if wanted is None else wanted:
        if not _exists(cursor, role.name):
            continue
        name = Identifier(role.name)
        _take_all(cursor, name, database, schemas, schemas)
        _execute(cursor, f"GRANT {role.database} ON DATABASE {{}} TO {{}}", database, name)
        for privileges, patterns in role.grants.items():
            for pattern in patterns:
                _grant_on(cursor, privileges, pattern, name)


def _take_all(
    cursor: Cursor, role: Composable, database: Composable, schemas: Iterable[str], filled: Iterable[str]
) -> None:
    _execute(cursor, "REVOKE ALL ON DATABASE {} FROM {}", database, role)
    for schema in schemas:
        _execute(cursor, "REVOKE ALL ON SCHEMA {} FROM {}", Identifier(schema), role)
    for schema in filled:
        for kind in ("TABLES", "SEQUENCES", "ROUTINES"):
            _execute(cursor, f"REVOKE ALL ON ALL {kind} IN SCHEMA {{}} FROM {{}}", Identifier(schema), role)


def _grant_on(cursor: Cursor, privileges: str, pattern: str, role: Composable) -> None:
    """Grant privileges on the tables and views, or where they are EXECUTE on the routines, that a pattern names."""
    pattern, _, column = pattern.partition(" except ")
    schema, name = pattern.split(".")
    like = name.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%").replace("*", "%")
    if privileges == "EXECUTE":
        kind = "ROUTINE"
        catalog = (
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = %s::regnamespace AND proname LIKE %s"
        )
    else:
        kind = "TABLE"
        catalog = (
            "SELECT oid::regclass::text FROM pg_class "
            "WHERE relnamespace = %s::regnamespace AND relname LIKE %s AND relkind IN ('r', 'p', 'v', 'm')"
        )
    cursor.execute(catalog, (schema, like))
    objects = [row[0] for row in cursor.fetchall()]
    if not objects:
        raise LookupError(f"roles.toml grants {privileges} on {pattern}, and there is no such {kind.lower()}.")
    _execute(cursor, "GRANT USAGE ON SCHEMA {} TO {}", Identifier(schema), role)
    for one in objects:
        # regclass and regprocedure quote by themselves.
        granted = SQL(privileges)
        if column:
            cursor.execute(
                "SELECT attname FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attname <> %s ORDER BY attnum",
                (one, column),
            )
            columns = SQL(", ").join(Identifier(name) for (name,) in cursor.fetchall())
            granted = SQL(", ").join(SQL(privilege + " ({})").format(columns) for privilege in privileges.split(", "))
        _execute(cursor, f"GRANT {{}} ON {kind} {one} TO {{}}", granted, role)


def _execute(cursor: Cursor, statement: str, *names: Composable) -> None:
    cursor.execute(SQL(statement).format(*names))


def main() -> int:
    """Make the roles on the server of WAREHOUSE_ADMIN_DSN; on failure print one sentence to stderr and return 1."""
    dsn = os.environ.get("WAREHOUSE_ADMIN_DSN", "")
    if not dsn:
        print(
            "migrations.roles: WAREHOUSE_ADMIN_DSN is not set: set it to the warehouse's database on its server as a "
            "superuser, postgresql://user:password@host:port/database.",
            file=sys.stderr,
        )
        return 1
    names = (OWNER, *(role.name for role in roles()))
    variables = {name: f"TSHOP_{name.removeprefix('tshop_').upper()}_PASSWORD" for name in names}
    variables[OWNER] = "TSHOP_OWNER_PASSWORD"
    passwords = {name: os.environ[variable] for name, variable in variables.items() if os.environ.get(variable)}
    try:
        with contextlib.closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
            ensure(cursor, passwords)
    except psycopg2.Error as error:
        said = plain(str(error).strip().splitlines()[0].removeprefix("ERROR:").strip())
        print(
            f"migrations.roles: the roles could not be made ({said}): WAREHOUSE_ADMIN_DSN has to name the warehouse's "
            "database as a superuser.",
            file=sys.stderr,
        )
        return 1
    without = [name for name in names if name not in passwords]
    print(
        f"migrations.roles: {', '.join(names)} are as roles.toml says"
        + (f"; no password was given for {', '.join(without)}" if without else "")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
