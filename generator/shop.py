"""The shop: its parameters, how it grows, and where its local days begin and end."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from generator.categories import TREE
from generator.hashing import bits, uniform

ZONE = ZoneInfo("Europe/Moscow")
GROWTH = {"client": 1.0005, "product": 1.0010, "category": 1}
# What the arguments may be: clients or products of the opening day, years of a day, days after the opening.
MOST = 50_000_000
# Sales before 2000 and clients born before 1900 are bad rows to a warehouse; far later, times overflow.
FIRST_YEAR, LAST_YEAR = 2000, 2199
LAST_DAY = 3_652
IDS_A_DAY = 10_000_000
# Ids from here on are other channels': the web shop's, the marketplace's and the stores' are put above multiples of it.
END_OF_IDS = 10**12
# Of what orders and lines lead to, days later: a number a line of every day that may have led to it.
FOLLOWING_IDS_A_DAY = 25 * IDS_A_DAY
MICROSECONDS = 1_000_000
# Two hundred years, in microseconds.
CENTURIES = 73_049 * 86_400 * MICROSECONDS


class GeneratorError(Exception):
    """What went wrong and what to do, in one sentence for the user."""


class Unreachable(GeneratorError):
    """The warehouse cannot be reached: the same arguments may be right a moment later."""


def read_day(text):
    """The date that a text such as 2026-01-31 names; raises GeneratorError where it names none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = re.fullmatch(r"(?!0000)(\d{4})-(0[1-9]|1[0-2])-\d\d", text)
        if not found:
            raise GeneratorError(f"{text!r} is not a day: write it as 2026-01-31") from None
        year, month = int(found[1]), int(found[2])
        days = calendar.monthrange(year, month)[1]
        raise GeneratorError(f"{text!r} does not exist: {calendar.month_name[month]} {year} has {days} days") from None


@dataclass(frozen=True)
class Shop:
    """What a shop's rows are a function of.

    clients, products: how many of them the shop opens with; opened: its first local day; seed: any integer; locale:
    the Faker locale of the clients' names. Days are counted from the opening day, which is day 0.
    """

    clients: int = 50_000
    products: int = 2_000
    opened: date = date(2026, 1, 1)
    seed: int = 1
    locale: str = "ru_RU"

    def day_number(self, day):
        """Days from the opening to the date ``day``; raises GeneratorError before the opening or ten years after it."""
        if day < self.opened:
            raise GeneratorError(f"{day} is before the shop opened ({self.opened}): begin at that day or set --opened")
        if (day - self.opened).days > LAST_DAY:
            raise GeneratorError(f"{day} is over ten years after the shop opened ({self.opened}): set a later --opened")
        return (day - self.opened).days

    def date(self, day):
        """The date of a day number."""
        return self.opened + timedelta(days=day)

    def total(self, entity, day):
        """How many clients, products or categories ever were there by the end of day number ``day``; 0 before day 0.

        Their ids are 1 … total, in order of day.
        """
        return int(_totals(self, entity, day)[-1]) if day >= 0 else 0

    def born(self, entity, ids, day):
        """The day number (int64 array) on which each id, at most ``total(entity, day)``, was first written."""
        return np.searchsorted(_totals(self, entity, day), ids).astype(np.int64)

    def bounds(self, day):
        """Start and end of day number ``day`` in microseconds since 1970 UTC."""
        return _midnight(self.date(day)), _midnight(self.date(day + 1))

    def time(self, entity, ids, day):
        """When the rows of ids are written on a day: microseconds since 1970 UTC (int64), in the first 99 % of the day.

        day: a day number, or an array of them. What follows from a row within minutes, such as a newcomer's first sale,
        so still falls in the day.
        """
        days, place = np.unique(day, return_inverse=True)
        start, end = np.array([self.bounds(number) for number in days.tolist()]).reshape(-1, 2).T[:, place]
        return start + (uniform(bits(self.seed, f"{entity}.time", ids, day)) * 0.99 * (end - start)).astype(np.int64)


@lru_cache(maxsize=LAST_DAY)
def _midnight(day):
    """The start of a date in microseconds since 1970 UTC."""
    return int(datetime.combine(day, time(), ZONE).timestamp()) * MICROSECONDS


@lru_cache(maxsize=64)
def _totals(shop, entity, day):
    initial = {"client": shop.clients, "product": shop.products, "category": len(TREE)}[entity]
    return np.array([int(initial * GROWTH[entity] ** n) for n in range(day + 1)], dtype=np.int64)
