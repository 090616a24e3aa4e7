"""`python -m sources.shop`: migrate the shop's database named by SHOP_DSN; `--roles`: make its roles on its server."""

import argparse
import os
import sys

from migrations.plain import plain
from migrations.plain_sql import BrokenSql
from migrations.runner import CannotMigrate
from sources.shop.migrate import migrate
from sources.shop.roles import make_roles, variables


def _say(text: str) -> None:
    print(f"sources.shop: {plain(text, keep=chr(10))}", file=sys.stderr)


def main() -> int:
    """Do it and print one line; on failure print one sentence to stderr and return 1."""
    parser = argparse.ArgumentParser(prog="python -m sources.shop", description="Set up the shop's own database.")
    parser.add_argument(
        "--roles",
        action="store_true",
        help="make the roles, with SHOP_ADMIN_DSN; passwords come by " + ", ".join(variables().values()),
    )
    arguments = parser.parse_args()
    variable, user = ("SHOP_ADMIN_DSN", "a superuser") if arguments.roles else ("SHOP_DSN", "its owner")
    dsn = os.environ.get(variable, "")
    if not dsn:
        _say(
            f"{variable} is not set: set it to the shop's database as {user}, "
            "postgresql://user:password@host:port/database."
        )
        return 1
    try:
        if arguments.roles:
            names, without = make_roles(dsn)
            told = f"; no password was given for {', '.join(without)}" if without else ""
            print(f"sources.shop: {', '.join(names)} are as roles.toml says{told}")
            return 0
        done = migrate(dsn)
    except (CannotMigrate, BrokenSql, LookupError) as error:
        _say(str(error))
        return 1
    moved = f"revision {done.before or 'none'} -> {done.after}"
    if done.before == done.after:
        moved = f"revision {done.after}, nothing pending"
    print(f"sources.shop: {moved}; routines, triggers and views new or changed: {done.changed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
