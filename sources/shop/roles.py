"""The roles of the shop's database: roles.toml says who may do what; they are made as the warehouse's are."""

import contextlib
import os

import psycopg2
from psycopg2.sql import SQL, Identifier

from migrations.plain import first_line
from migrations.roles import connect, ensure, roles
from migrations.runner import CannotMigrate
from sources.shop.migrate import ROLES_FILE

OWNER = "shop"
# Two relays take turns by an advisory lock, which only the owner of a database may take by default here.
LOCKS_OF_RELAY = ("pg_try_advisory_lock(bigint)", "pg_advisory_unlock(bigint)")


def variables() -> dict[str, str]:
    """Return the name of the environment variable that holds the password, by role."""
    return {OWNER: "SHOP_OWNER_PASSWORD"} | {role.name: f"{role.name.upper()}_PASSWORD" for role in roles(ROLES_FILE)}


def make_roles(dsn: str) -> tuple[list[str], list[str]]:
    """Make the roles, and the owner, and give the owner the database; passwords come from the environment.

    :param dsn: libpq URI of the shop's database, as a superuser
    :returns: the names of the roles, and those for which no password was given
    :raises CannotMigrate: the server is out of reach or refuses
    """
    passwords = {name: os.environ[variable] for name, variable in variables().items() if os.environ.get(variable)}
    try:
        with contextlib.closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
            ensure(cursor, passwords, OWNER, roles(ROLES_FILE))
            for function in LOCKS_OF_RELAY:
                grant = "GRANT EXECUTE ON FUNCTION pg_catalog." + function + " TO {}"
                cursor.execute(SQL(grant).format(Identifier("shop_relay")))
    except psycopg2.Error as error:
        raise CannotMigrate(
            f"The roles could not be made ({first_line(error)}): SHOP_ADMIN_DSN has to name the shop's database as a "
            "superuser."
        ) from error
    names = list(variables())
    return names, [name for name in names if name not in passwords]
