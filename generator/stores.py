"""The shops in the street: what the tills of four regions sold, week by week, and who holds a card there.

A pure function of the Chain and the week. generator/inbox.py writes it to files, with the faults that such files have.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator import catalogue, people
from generator.hashing import below, bits, pick, uniform, weighted
from generator.lifecycle import States
from generator.people import REGIONS
from generator.rows import roubles
from generator.shop import MICROSECONDS, GeneratorError, Shop, _midnight

# Of the period, so many orders are possible in all where all that are asked for are made.
_ROOM = 2
_RATE_MEAN = 0.5
# Who is there on the first day got a card within these days before it.
_EARLIER_DAYS = 3 * 365
_DAY = 86_400 * MICROSECONDS
_HOURS = weighted([0] * 10 + [3, 6, 9, 8, 7, 7, 8, 11, 12, 10, 6, 3] + [0] * 2)
# What a day of each month, and of each day of the week from Monday, sells beside others.
_MONTHS = (0.7, 0.75, 0.9, 0.95, 1.0, 0.95, 0.85, 0.9, 1.05, 1.05, 1.2, 1.6)
_WEEKDAYS = (0.8, 0.8, 0.85, 0.9, 1.1, 1.4, 1.25)
_RANK_SLOPE = 0.65
_UNITS = weighted([60, 25, 10, 5])
_OFF = np.array([0, 0, 0, 5, 10, 20])
# A price is looked at once in so many weeks.
_REVISED_WEEKS = 13
_DOMAINS = pa.array(["@example.com", "@example.org", "@example.net"])
_PHONE = 70_000_000_000


@dataclass(frozen=True)
class Week:
    """A week of the period, or the part of it that lies in the period.

    number: from 1; name: as ISO 8601 has it, such as 2023-W35; first, last: its days in the period.
    """

    number: int
    name: str
    first: date
    last: date

    @property
    def ends(self):
        """The end of the whole week in microseconds since 1970 UTC: the midnight after its Sunday, Moscow time."""
        return _midnight(self.first + timedelta(days=7 - self.first.weekday()))


@dataclass(frozen=True)
class Chain:
    """What the stores' files are a function of.

    first, last: the period's days; sales: how many sales it has, exactly; clients_first, clients_last: how many
    clients hold a card on its first day and on its last one; products: how many the stores sell; seed: any integer;
    locale: the Faker locale of the clients' names.
    """

    first: date = date(2023, 9, 1)
    last: date = date(2024, 9, 1)
    sales: int = 1_000_000
    clients_first: int = 72_700
    clients_last: int = 142_900
    products: int = 600
    seed: int = 1
    locale: str = "ru_RU"

    @property
    def days(self):
        """How many days the period has."""
        return (self.last - self.first).days + 1

    @property
    def people(self):
        """The Shop whose functions make clients and products: of the same seed as a web shop's, others than its."""
        return Shop(self.clients_last, self.products, self.first, self.seed + 3_000_000, self.locale)


@dataclass(frozen=True)
class Sales:
    """The sales of a week in all regions, by time: arrays of one length.

    sale_id; at: microseconds since 1970 UTC, whole seconds; client_id, product_id, quantity; amount: kopecks; region:
    index in REGIONS.
    """

    sale_id: np.ndarray
    at: np.ndarray
    client_id: np.ndarray
    product_id: np.ndarray
    quantity: np.ndarray
    amount: np.ndarray
    region: np.ndarray

    def where(self, mask):
        """The sales that a mask selects."""
        return Sales(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def weeks(chain):
    """The weeks of the period, in order."""
    first, found = chain.first, []
    while first <= chain.last:
        last = min(first + timedelta(days=6 - first.weekday()), chain.last)
        year, number, _ = first.isocalendar()
        found.append(Week(len(found) + 1, f"{year}-W{number:02d}", first, last))
        first = last + timedelta(days=1)
    return found


# --- clients ----------------------------------------------------------------------------------------------------------


def registered_on(chain, ids):
    """The day on which each client got a card, counted from the period's first day: below zero before it (int64)."""
    new = ids - chain.clients_first - 1
    growth = max(chain.clients_last - chain.clients_first, 1)
    earlier = -1 - below(bits(chain.seed, "stores.earlier", ids), _EARLIER_DAYS)
    return np.where(new < 0, earlier, new * chain.days // growth)


def registered_at(chain, ids):
    """When each client got a card: microseconds since 1970 UTC, whole seconds."""
    start = np.int64(_midnight(chain.first)) + registered_on(chain, ids) * _DAY
    hour = 9 + 12 * uniform(bits(chain.seed, "stores.registered", ids))
    return start + (hour * 3600).astype(np.int64) * MICROSECONDS


def regions(chain, ids):
    """The region of each client, as an index in REGIONS: all that it buys is bought there."""
    return people.regions(chain.people, ids)


def activity(chain, ids):
    """How many orders each client makes at most in the period (int64, from 1): few make many, most make few."""
    mean = _ROOM * chain.sales / chain.clients_last
    return 1 + (people.rates(chain.people, ids) / _RATE_MEAN * mean).astype(np.int64)


def birth_dates(chain, ids):
    """Birth dates (datetime64[D]) that make each client 18 to 87 full years old on the day it got its card."""
    return people.birth_dates(chain.people, ids, registered_on(chain, ids))


def clients(chain, week):
    """Who got a card in a week, in the first one also all that had one before: an Arrow table, the ids ascending."""
    ids = np.arange(1, chain.clients_last + 1)
    day = registered_on(chain, ids)
    begin, end = ((moment - chain.first).days for moment in (week.first, week.last))
    ids = ids[(day <= end) & ((day >= begin) | (week.number == 1))]
    first, last = people.names(chain.locale)
    women = people.women(chain.people, ids)
    text = pa.array(ids).cast(pa.string())
    domain = below(bits(chain.seed, "stores.domain", ids), len(_DOMAINS))
    phone = pa.array(_PHONE + below(bits(chain.seed, "stores.phone", ids), 10**9)).cast(pa.string())
    return pa.table(
        {
            "customer_id": ids,
            "first_name": _words(first, women, bits(chain.seed, "stores.first_name", ids)),
            "last_name": _words(last, women, bits(chain.seed, "stores.last_name", ids)),
            "birth_date": pa.array(birth_dates(chain, ids), pa.date32()),
            "email": pc.binary_join_element_wise("card", text, _DOMAINS.take(pa.array(domain)), ""),
            "phone": pc.binary_join_element_wise("+", phone, ""),
            "registered_at": registered_at(chain, ids),
            "region": regions(chain, ids),
        }
    )


def _words(words, women, random_bits):
    return words.words.take(pa.array(words.index(women, random_bits)))


# --- products ---------------------------------------------------------------------------------------------------------


def _version(chain, ids, week_number):
    """How often the price of each product was revised by a week."""
    return (week_number - 1 + below(bits(chain.seed, "stores.revised", ids), _REVISED_WEEKS)) // _REVISED_WEEKS


def products(chain, week):
    """The products whose price is new in a week, in the first one all: an Arrow table, price in roubles."""
    ids = np.arange(1, chain.products + 1)
    version = _version(chain, ids, week.number)
    if week.number > 1:
        new = version != _version(chain, ids, week.number - 1)
        ids, version = ids[new], version[new]
    none = np.zeros(len(ids), dtype=np.int64)
    states = States(ids, none, version, none, none, none, none)
    made = catalogue.table(chain.people, states, none, none.astype(bool))
    return made.select(["product_id", "name", "category", "size"]).append_column(
        "price", roubles(100 * catalogue.list_price(chain.people, ids, version), 12)
    )


@lru_cache(maxsize=2)
def _popularity(chain):
    """A table for ``pick`` of product ids, by their rank."""
    rank = np.argsort(bits(chain.seed, "stores.rank", np.arange(chain.products)))
    return (1 + rank)[weighted((1 + np.arange(chain.products)) ** -_RANK_SLOPE)]


# --- sales ------------------------------------------------------------------------------------------------------------


def sales_by_day(chain):
    """How many sales each day of the period has (int64); their sum is the chain's."""
    days = [chain.first + timedelta(days=number) for number in range(chain.days)]
    weight = np.array([_MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] for day in days])
    # As many as there are clients.
    weight = np.cumsum(weight * np.linspace(chain.clients_first, chain.clients_last, chain.days))
    return np.diff(np.rint(weight / weight[-1] * chain.sales).astype(np.int64), prepend=0)


def sales(chain, upto=None):
    """Yields each Week and its Sales, up to week number ``upto`` (default: all).

    An order that a client may make is a turn, which is drawn once: no client makes more than its activity. Raises
    GeneratorError where the clients of a week have too few turns left.
    """
    by_day = sales_by_day(chain)
    ids = np.arange(1, chain.clients_last + 1)
    owner = np.repeat(ids, activity(chain, ids))
    since = np.repeat(registered_on(chain, ids), activity(chain, ids))
    turns = np.arange(len(owner))
    sold = 0
    for week in weeks(chain)[:upto]:
        begin = (week.first - chain.first).days
        days = by_day[begin : (week.last - chain.first).days + 1]
        count = int(days.sum())
        # From the week on that follows the card.
        able = turns[since[turns] < begin]
        if len(able) < count:
            raise GeneratorError(f"{chain.sales} sales are too many for {chain.clients_last} clients: lower --sales")
        key = bits(chain.seed, "stores.turn", able, week.number)
        drawn = np.argpartition(key, count - 1)[:count] if count else np.empty(0, dtype=np.int64)
        drawn = drawn[np.argsort(key[drawn])]
        yield week, _sales_of(chain, week, np.repeat(begin + np.arange(len(days)), days), owner[able[drawn]], sold)
        left = np.ones(len(owner), dtype=bool)
        left[able[drawn]] = False
        turns = turns[left[turns]]
        sold += count


def _sales_of(chain, week, day, client, sold):
    """The Sales of a week, from each one's day and client; ``sold``: how many there were before."""
    number = sold + 1 + np.arange(len(day))
    hour = pick(_HOURS, bits(chain.seed, "stores.hour", number)) + uniform(bits(chain.seed, "stores.minute", number))
    at = _midnight(chain.first) + day * _DAY + (hour * 3600).astype(np.int64) * MICROSECONDS
    by_time = np.argsort(at, kind="stable")
    client, at = client[by_time], at[by_time]
    product = pick(_popularity(chain), bits(chain.seed, "stores.product", number))
    quantity = 1 + pick(_UNITS, bits(chain.seed, "stores.units", number)).astype(np.int64)
    price = catalogue.list_price(chain.people, product, _version(chain, product, week.number))
    off = _OFF[below(bits(chain.seed, "stores.off", number), len(_OFF))]
    return Sales(number, at, client, product, quantity, quantity * price * (100 - off), regions(chain, client))


__all__ = ["REGIONS", "Chain", "Sales", "Week", "clients", "products", "sales", "weeks"]
