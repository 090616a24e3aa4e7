"""`python -m migrations`: migrate the warehouse named by WAREHOUSE_DSN; `--check`: tell whether that is needed."""

import argparse
import os
import sys

from migrations.plain import plain
from migrations.plain_sql import BrokenSql
from migrations.runner import CannotMigrate, check, migrate


def main() -> int:
    """Migrate and print one line; on failure print one sentence to stderr and return 1."""
    parser = argparse.ArgumentParser(prog="python -m migrations", description="Migrate the warehouse.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a migration is needed")
    arguments = parser.parse_args()
    dsn = os.environ.get("WAREHOUSE_DSN", "")
    if not dsn:
        print(
            "migrations: WAREHOUSE_DSN is not set: set it to postgresql://user:password@host:port/database, "
            "or call make migrate for the embedded warehouse.",
            file=sys.stderr,
        )
        return 1
    try:
        if arguments.check:
            check(dsn)
            return 0
        done = migrate(dsn)
    except (CannotMigrate, BrokenSql, LookupError, ValueError) as error:
        print(f"migrations: {plain(str(error), keep=chr(10))}", file=sys.stderr)
        return 1
    moved = f"revision {done.before or 'none'} -> {done.after}"
    if done.before == done.after:
        moved = f"revision {done.after}, nothing pending"
    print(f"migrations: {moved}; routine bodies new or changed: {done.changed}")
    for said in done.told:
        print(f"migrations: {plain(said)}")
    if done.mended:
        print(f"migrations: mended: {plain(done.mended)}")
    if done.missing_roles:
        print(
            f"migrations: the server has no role {', '.join(done.missing_roles)}: to have them, set "
            "WAREHOUSE_ADMIN_DSN to this database as a superuser, run python -m migrations.roles, and migrate again."
        )
    if done.changed_roles:
        print(
            f"migrations: {', '.join(done.changed_roles)} have limits or settings other than migrations/roles.toml "
            "says: to put them back, set WAREHOUSE_ADMIN_DSN to this database as a superuser and run "
            "python -m migrations.roles."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
