"""`python -m sources.replication`: make the subscription to the web shop, or start it again; `--repair`: copy again."""

import argparse
import os
import sys

import psycopg2

from migrations.plain import first_line, plain
from sources.replication.subscription import (
    ReplicationError,
    check_is_same,
    connected,
    finish,
    look_at_shop,
    look_at_warehouse,
    make,
    remove,
    start,
)

VARIABLES = ("WAREHOUSE_ADMIN_DSN", "WAREHOUSE_DSN", "SHOP_REPLICA_DSN")


def ensure(admin_dsn: str, owner_dsn: str, shop_dsn: str, repair: bool) -> str:
    """Bring the subscription to work; return what was done, in one sentence.

    Raises:
        ReplicationError: it cannot be, or it has to be repaired and `repair` does not say so.
    """
    with (
        connected(admin_dsn, "WAREHOUSE_ADMIN_DSN", "The warehouse") as warehouse,
        connected(owner_dsn, "WAREHOUSE_DSN", "The warehouse") as owner,
        connected(shop_dsn, "SHOP_REPLICA_DSN", "The shop's server") as shop,
    ):
        check_is_same(warehouse, owner)
        subscription, place = look_at_warehouse(warehouse, owner), look_at_shop(shop)
        is_new = subscription is None or not subscription.is_complete
        if not is_new and subscription.gap_until and not repair:
            raise ReplicationError(
                "The warehouse was set back, as by a restore: changes that the shop made before "
                f"{subscription.gap_until:%Y-%m-%d %H:%M:%S%z} never came. Run python -m sources.replication --repair, "
                "which copies the tables again."
            )
        if not is_new and place.is_lost and not repair:
            why = "kept it until its limit (max_slot_wal_keep_size, idle_replication_slot_timeout)"
            if not place.exists:
                why = "has none: it was dropped, or this is another server"
            raise ReplicationError(
                f"The place of the warehouse at the shop's server is lost: the server {why}. Run "
                "python -m sources.replication --repair, which copies the tables again."
            )
        if is_new or repair:
            remove(warehouse, shop, subscription)
            make(warehouse, owner, shop_dsn)
            subscription = look_at_warehouse(warehouse, owner)
        start(warehouse, shop_dsn)
        if subscription.is_whole:
            return "the subscription runs" if subscription.is_enabled else "the subscription was stopped and runs again"
        carried, deleted = finish(warehouse, owner, subscription)
        return (
            "the mirrors are copied and follow the shop; raw was compared with them: "
            f"{carried} rows carried, {deleted} deleted"
        )


def main() -> int:
    """Do it and print one line; on failure print one sentence to stderr and return 1."""
    parser = argparse.ArgumentParser(
        prog="python -m sources.replication",
        description="Make the warehouse's subscription to the web shop's database, or start it again. It needs "
        "WAREHOUSE_ADMIN_DSN, a superuser on the warehouse's database, WAREHOUSE_DSN, its owner, and SHOP_REPLICA_DSN, "
        "the shop's database as shop_replica, as the warehouse's server reaches it.",
    )
    parser.add_argument(
        "--repair", action="store_true", help="copy the tables again, after the shop's server lost our place"
    )
    arguments = parser.parse_args()
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    try:
        if missing:
            raise ReplicationError(f"{missing[0]} is not set: set it to postgresql://user:password@host:port/database.")
        done = ensure(*(os.environ[name] for name in VARIABLES), arguments.repair)
    except ReplicationError as error:
        print(f"sources.replication: {plain(str(error))}", file=sys.stderr)
        return 1
    except psycopg2.Error as error:
        print(f"sources.replication: a server refused ({plain(first_line(error))}): run it again.", file=sys.stderr)
        return 1
    print(f"sources.replication: {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
