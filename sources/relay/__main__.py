"""Run the relay: ``python -m sources.relay`` with SHOP_RELAY_DSN and KAFKA_BOOTSTRAP; SIGTERM ends it."""

import logging
import os
import signal
import sys
import threading

import psycopg2
from psycopg2.extensions import parse_dsn

from migrations.plain import first_line, plain
from sources.relay.relay import Relay


def main() -> int:
    """Run until told to stop; what cannot be cured by waiting is one sentence and status 1."""
    logging.basicConfig(format="%(asctime)s relay: %(message)s", level=logging.INFO, stream=sys.stderr)
    for name, form in (("SHOP_RELAY_DSN", "a libpq URI of the shop's database"), ("KAFKA_BOOTSTRAP", "host:port")):
        if not os.environ.get(name):
            print(f"Error: {name} is not set: give {form}.", file=sys.stderr)
            return 1
    dsn = os.environ["SHOP_RELAY_DSN"]
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        parse_dsn(dsn)
        Relay(dsn, os.environ["KAFKA_BOOTSTRAP"], stop).run()
    except psycopg2.Error as error:
        reason = plain(first_line(error))
        print(f"Error: the outbox cannot be read ({reason}): correct SHOP_RELAY_DSN, or migrate it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
