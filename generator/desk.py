"""One writer of the live shop: a connection, random numbers, and acts as transactions whose end is always known."""

import contextlib
import time
from collections import Counter

import numpy as np
import psycopg2
import psycopg2.errors

from generator import acts, catalogue, newcomers, people
from generator.hashing import bits
from generator.sales import POPULARITY_SLOPE

# Of a thousand acts so many are rolled back on purpose, and of those that may, so many commit late.
_ROLLED_BACK, _LATE = 15, 15
_LONGEST_LATE = 3.0
_KNOWN_FOR = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# What another writer did first: the act is given up, and nothing of it is there.
_GIVEN_UP = (
    psycopg2.errors.ForeignKeyViolation,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.SerializationFailure,
)


class Stopped(Exception):
    """The application is to end, and the database does not answer."""


class Desk:
    """Does one act after the other.

    connect: makes a psycopg2 connection. shop: a generator.Shop, for names and products. place: which of the writers it
    is. stop: a threading.Event that asks it to end.
    """

    def __init__(self, connect, shop, place, stop):
        self._connect = connect
        self._shop = shop
        self._stop = stop
        self._connection = None
        self._cursor = None
        self._pending = Counter()
        self._ids = np.empty(0, dtype=np.int64)
        self._shares = np.empty(0)
        self._known_until = 0.0
        self._server_begun = None
        # Rows by what happened to them, and transactions by how they ended.
        self.made = Counter()
        self.ended = Counter()
        self._reconnect()
        (users, products), (begun,) = (
            self.one("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM products)"),
            self.one("SELECT coalesce(max(id), 0) FROM orders"),
        )
        self._connection.rollback()
        # Another run draws other numbers.
        self._random = np.random.default_rng([shop.seed & (2**63 - 1), place, begun])
        apart = place * 10**6
        self.people = newcomers.drawn(shop, people, newcomers.USERS, max(users, shop.clients) + apart)
        self.catalogue = newcomers.drawn(shop, catalogue, newcomers.PRODUCTS, max(products, shop.products) + apart)

    # --- what acts use ------------------------------------------------------------------------------------------------

    def uniform(self):
        """A random number of [0, 1)."""
        return self._random.random()

    def bits(self, count=1):
        """Random bits as generator.hashing.pick takes them."""
        return self._random.integers(0, 1 << 64, count, dtype=np.uint64)

    def one(self, statement, values=None):
        """The first row of a query, or None."""
        self._cursor.execute(statement, values)
        return self._cursor.fetchone()

    def all(self, statement, values=None):
        """The rows of a query."""
        self._cursor.execute(statement, values)
        return self._cursor.fetchall()

    def change(self, table, what, statement, values=None):
        """Changes rows of a table and counts them; returns what the statement returns."""
        self._cursor.execute(statement, values)
        self._pending[table, what] += self._cursor.rowcount
        return self._cursor.fetchall() if self._cursor.description else []

    def products(self, count):
        """Numbers of products, at most ``count``, by how well they sell; none where there are none."""
        if time.monotonic() > self._known_until:
            found = self.all("SELECT id FROM products WHERE price IS NOT NULL AND stock_quantity IS NOT NULL")
            ids = np.array([number for (number,) in found], dtype=np.int64)
            # Which ones sell well depends on the number alone, so that all writers agree.
            self._ids = ids[np.argsort(bits(self._shop.seed, "live.popularity", ids))]
            ranks = np.arange(1, len(ids) + 1, dtype=float)
            self._shares = np.cumsum(ranks**-POPULARITY_SLOPE)
            self._known_until = time.monotonic() + _KNOWN_FOR
        if not len(self._ids):
            return []
        places = np.searchsorted(self._shares, self._random.random(count) * self._shares[-1])
        return np.unique(self._ids[places]).tolist()

    def product(self):
        """Number of a product, or None where there is none."""
        return next(iter(self.products(1)), None)

    # --- transactions -------------------------------------------------------------------------------------------------

    def work(self):
        """Does one act, and what follows at once; returns how many rows it changed.

        Raises Stopped where it is to end while the database is away, psycopg2.Error where the database refuses what no
        second try would mend.
        """
        act = acts.ACTS[int(np.searchsorted(acts.SHARES, self._random.random(), side="right"))]
        changed = 0
        following = act
        while following:
            following, rows = self._transact(following, may_be_late=act in acts.MAY_BE_LATE)
            changed += rows
        return changed

    def _transact(self, act, may_be_late):
        self._pending.clear()
        xid = None
        is_committing = False
        try:
            following = act(self)
            if not self._pending.total():
                self._connection.rollback()
                return None, 0
            if self._random.integers(1000) < _ROLLED_BACK:
                self._connection.rollback()
                self.ended["rolled back"] += 1
                return None, 0
            if may_be_late and self._random.integers(1000) < _LATE:
                self.ended["late"] += 1
                self._stop.wait(self._random.random() * _LONGEST_LATE)
            (xid,) = self.one("SELECT pg_current_xact_id()::text")
            is_committing = True
            self._connection.commit()
        except _GIVEN_UP:
            self._connection.rollback()
            self.ended["given up"] += 1
            return None, 0
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            begun = self._server_begun
            self._reconnect()
            if not is_committing or not self._is_committed(xid, begun):
                self.ended["cut off"] += 1
                return None, 0
            following = None
        self.made.update(self._pending)
        self.ended["committed"] += 1
        return following, self._pending.total()

    def _is_committed(self, xid, begun):
        """Finds out what became of a transaction whose COMMIT was not answered.

        begun: when the server that it was sent to was started.
        A server that was killed gives the number of a transaction that did not get to its disk to another one. When a
        transaction committed tells them apart; without track_commit_timestamp nobody knows it, and it counts as ours.
        """
        while True:
            try:
                status, is_ours = self.one(
                    "SELECT t.status, pg_postmaster_start_time() = %(begun)s OR"
                    " CASE WHEN t.status = 'committed' AND current_setting('track_commit_timestamp')::boolean"
                    " THEN pg_xact_commit_timestamp(%(xid)s::xid8::xid) < pg_postmaster_start_time() ELSE true END"
                    " FROM pg_xact_status(%(xid)s::xid8) AS t (status)",
                    {"xid": xid, "begun": begun},
                )
                self._connection.rollback()
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self._reconnect()
                continue
            except psycopg2.errors.InvalidParameterValue:
                # The number lies in the future: it did not get to the disk, and nobody has got it yet.
                self._connection.rollback()
                return False
            if status != "in progress" or not is_ours:
                return status == "committed" and is_ours
            if self._stop.wait(_FIRST_PAUSE):
                raise Stopped

    def _reconnect(self):
        """Connects, as often as it takes."""
        self.close()
        pause = _FIRST_PAUSE
        while True:
            try:
                self._connection = self._connect()
                self._cursor = self._connection.cursor()
                (self._server_begun,) = self.one("SELECT pg_postmaster_start_time()")
                self._connection.rollback()
            except psycopg2.OperationalError:
                self.ended["waited"] += 1
            else:
                return
            if self._stop.wait(pause):
                raise Stopped
            pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self):
        """Gives the connection back; what is not committed is not there."""
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
