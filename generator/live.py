"""``python -m generator live``: acts as the shop's application, on the shop's own database, at a steady rate."""

import argparse
import math
import os
import signal
import sys
import threading
import time
from collections import Counter

import psycopg2
from tqdm import tqdm

from generator.desk import Desk, Stopped
from generator.newcomers import open_shop, shop_of_today
from generator.shop import GeneratorError, Unreachable

MOST_RATE, MOST_MINUTES, MOST_WRITERS = 10_000, 525_600, 32
_EVENTS_A_WRITER = 40
_FEWEST_WRITERS = 4
# How much it makes up for after it was held up, in seconds' worth of events.
_DEBT = 10.0
_LINE_EACH = 10.0
TABLES = (
    "users",
    "product_categories",
    "products",
    "orders",
    "order_details",
    "transactions",
    "deliveries",
    "returns",
)


def parser(kind, count):
    """The arguments. kind: class of the parser; count: reads a whole number from 1."""
    arguments = kind(
        prog="python -m generator live",
        description="Acts as the shop's application on the shop's own database, which SHOP_DSN names as the role"
        " shop_app. An empty database gets a catalogue and people first; another one is continued. An event is one"
        " changed row.",
    )
    arguments.add_argument("--rate", type=_number(MOST_RATE), default=50, help="events a second (default %(default)s)")
    arguments.add_argument(
        "--minutes", type=_number(MOST_MINUTES), default=3, help="for how long (default %(default)s)"
    )
    arguments.add_argument("--seed", type=int, default=1, help="any whole number (default %(default)s)")
    arguments.add_argument(
        "--clients", type=count, default=2_000, help="people that an empty shop opens with (default %(default)s)"
    )
    arguments.add_argument(
        "--products", type=count, default=500, help="products that an empty shop opens with (default %(default)s)"
    )
    arguments.add_argument(
        "--writers",
        type=_number(MOST_WRITERS),
        help=f"connections (default: one for {_EVENTS_A_WRITER} events a second, at least {_FEWEST_WRITERS})",
    )
    arguments.add_argument("--quiet", action="store_true", help="show no progress")
    return arguments


def _number(most):
    def read(text):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 < number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most {most}")
        return number

    return read


class Pace:
    """Tells the writers when the next event is due.

    rate: events a second.
    """

    def __init__(self, rate):
        self._rate = rate
        self._lock = threading.Lock()
        self._since = time.monotonic()
        self._made = 0
        self.held_up = 0.0

    def wait_time(self):
        """Seconds until the next event is due; 0 where it is."""
        with self._lock:
            behind = time.monotonic() - self._since - self._made / self._rate
            if behind > _DEBT:
                # It never catches up with a long pause by a flood.
                self.held_up += behind - _DEBT
                self._since += behind - _DEBT
            return max(0.0, -behind)

    def add(self, events):
        """Takes events that were made."""
        with self._lock:
            self._made += events
            return self._made


class Application:
    """The writers, each in a thread. What breaks one ends all, and is raised by ``result``."""

    def __init__(self, connect, shop, pace, writers, stop):
        self._pace = pace
        self._stop = stop
        self._desks = [Desk(connect, shop, place, stop) for place in range(writers)]
        self._failures = []
        self._threads = [threading.Thread(target=self._write, args=(desk,)) for desk in self._desks]

    def start(self):
        """Begins."""
        for thread in self._threads:
            thread.start()

    def _write(self, desk):
        try:
            while not self._stop.is_set():
                if pause := self._pace.wait_time():
                    self._stop.wait(pause)
                else:
                    self._pace.add(desk.work())
        except Stopped:
            pass
        except Exception as error:
            self._failures.append(error)
            self._stop.set()
        finally:
            desk.close()

    def join(self):
        """Waits until all writers have ended; raises what broke one."""
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def made(self):
        """Rows so far by table and by what happened to them."""
        return sum((Counter(dict(desk.made)) for desk in self._desks), Counter())

    def ended(self):
        """Transactions so far by how they ended."""
        return sum((Counter(dict(desk.ended)) for desk in self._desks), Counter())


def _connector(dsn):
    def connect():
        return psycopg2.connect(
            dsn, application_name="tshop live", connect_timeout=5, options="-c timezone=UTC -c search_path=shop"
        )

    return connect


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0].removeprefix("ERROR:").strip()


def _open(connect, shop):
    """Opens the shop where the database is empty; returns how many rows that took, by table."""
    try:
        connection = connect()
    except psycopg2.OperationalError as error:
        raise Unreachable(
            f"the shop's database cannot be reached ({_first_line(error)}): start it or correct SHOP_DSN"
        ) from error
    except psycopg2.ProgrammingError:
        # The driver's message would show the DSN, with its password.
        raise GeneratorError(
            "SHOP_DSN is not a libpq URI: set it to postgresql://shop_app:password@host:port/shop"
        ) from None
    try:
        return open_shop(connection, shop)
    except psycopg2.Error as error:
        raise GeneratorError(
            f"the shop's database cannot be used ({_first_line(error)}): run `python -m sources.shop` first, and name"
            " the role shop_app in SHOP_DSN"
        ) from error
    finally:
        connection.close()


class _Progress:
    """A bar on a terminal, else a line each ten seconds; nothing where quiet."""

    def __init__(self, seconds, rate, quiet):
        terminal = sys.stderr.isatty()
        self._rate = rate
        self._bar = tqdm(total=round(seconds), unit="s", disable=quiet or not terminal)
        self._lines = not quiet and not terminal
        self._last, self._events = 0.0, 0

    def show(self, seconds, events, is_away):
        """Takes how long it has run, in seconds, and how many events it has made."""
        self._bar.n = min(round(seconds), self._bar.total)
        self._bar.set_postfix_str(f"{events} events")
        if seconds - self._last < _LINE_EACH:
            return
        pace = (events - self._events) / (seconds - self._last)
        self._last, self._events = seconds, events
        told = ""
        if is_away:
            told = "; the shop's database does not answer"
        elif pace < 0.9 * self._rate:
            told = f"; that is below --rate {self._rate:g}: the machine or the database is too slow for it"
        if self._lines or (told and not self._bar.disable):
            self._bar.write(f"generator: {events} events, {pace:.1f} a second{told}", file=sys.stderr)

    def close(self):
        """Leaves the bar as it is."""
        self._bar.close()


def _report(application, pace, seconds, rate):
    made, ended = application.made(), application.ended()
    total = made.total()
    print(f"generator: {total} events in {seconds:.0f} s, {total / max(seconds, 1e-9):.1f} a second")
    for table in TABLES:
        for what in ("created", "changed", "deleted"):
            if made[table, what]:
                print(f"  {table} {what} {made[table, what]}")
    print(
        f"  transactions committed {ended['committed']}, of these late {ended['late']}; rolled back on purpose"
        f" {ended['rolled back']}, given up for another writer's {ended['given up']}, cut off {ended['cut off']}"
    )
    if pace.held_up:
        print(f"  --rate {rate:g} was not kept: events of {pace.held_up:.0f} s were left out")


def run(argv):
    """Runs the command line; returns the exit status as ``generator.__main__.main`` does."""
    from generator.__main__ import FAILURE, NOT_BEGUN, UNREACHABLE, _count, _Parser, _say

    arguments = parser(_Parser, _count).parse_args(argv)
    dsn = os.environ.get("SHOP_DSN")
    if not dsn:
        _say(None, "SHOP_DSN is not set: set it to the shop's own database as the role shop_app")
        return NOT_BEGUN
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    connect, shop = _connector(dsn), shop_of_today(arguments.clients, arguments.products, arguments.seed)
    try:
        opened = _open(connect, shop)
        if opened:
            print("generator: the shop opens with " + ", ".join(f"{n} {table}" for table, n in opened.items()))
        writers = int(arguments.writers or max(_FEWEST_WRITERS, math.ceil(arguments.rate / _EVENTS_A_WRITER)))
        pace = Pace(arguments.rate)
        application = Application(connect, shop, pace, min(writers, MOST_WRITERS), stop)
    except Stopped:
        return 0
    except GeneratorError as error:
        _say(None, error)
        return UNREACHABLE if isinstance(error, Unreachable) else NOT_BEGUN
    progress = _Progress(60 * arguments.minutes, arguments.rate, arguments.quiet)
    begun = time.monotonic()
    application.start()
    waited = 0
    while not stop.wait(1) and time.monotonic() - begun < 60 * arguments.minutes:
        now_waited = application.ended()["waited"]
        progress.show(time.monotonic() - begun, application.made().total(), now_waited > waited)
        waited = now_waited
    stop.set()
    try:
        application.join()
    except psycopg2.Error as error:
        progress.close()
        _say(
            None,
            f"the shop's database refused ({_first_line(error)}): is it at the state of these files? Run"
            " `python -m sources.shop`",
        )
        return FAILURE
    progress.close()
    _report(application, pace, time.monotonic() - begun, arguments.rate)
    return 0
