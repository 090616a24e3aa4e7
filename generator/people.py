"""Clients: names by locale, ages, how often they buy, loyalty, surnames that change, accounts that are deleted."""

from collections import Counter
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker import Faker
from faker.config import AVAILABLE_LOCALES
from faker.providers.person import Provider

from generator.hashing import below, bits, pick, uniform, weighted
from generator.lifecycle import Lifecycle, Rota
from generator.rows import TIMESTAMP
from generator.shop import MICROSECONDS, GeneratorError

LIFECYCLE = Lifecycle(
    entity="client",
    rules=("name_missing", "birth_date_in_future", "birth_date_implausible"),
    change=Rota("client.change", 2_500),
    breakage=Rota("client.breakage", 10_000),
    removal=Rota("client.removal", 10_000),
    review=Rota("client.review", 30),
)
WARNINGS = ("loyalty_unknown", "email_implausible", "region_unknown")
_LOYALTY_UNKNOWN, _EMAIL_IMPLAUSIBLE, _REGION_UNKNOWN = range(3)
_WOMEN = 0.6
_MEN_WHO_CHANGE = 0.05
_YOUNGEST = 18
_DRAWN_NAMES = 4_000
# Shares of the shop's clients by age: 18–24, 25–34, 35–44, 45–54, 55–64, 65–87.
_AGES = weighted(
    np.concatenate(
        [np.full(n, s / n) for n, s in ((7, 0.16), (10, 0.28), (10, 0.25), (10, 0.15), (10, 0.1), (23, 0.06))]
    )
)
# Two hundred years: a slip in the century that leaves every birth date in the future, or before 1900.
_SLIP_DAYS = 73_049
_DAY = 86_400 * MICROSECONDS

# Of all clients in the long run, these shares buy on a weekday and on a weekend day.
SHARES = (0.01, 0.05)
_RATE_SHAPE = 0.5
# Who is there on the opening day signed up within these days before it.
_EARLIER_DAYS = 3 * 365
# A loyalty status is due from what a client is expected to have spent, in roubles.
LOYALTY = ("Basic", "Silver", "Gold", "Platinum")
_DUE = (150_000, 500_000, 1_200_000)
_ORDER = 20_000
_LOYALTY_WORDS = pa.array([*LOYALTY, "Friend"])

REGIONS = ("North", "South", "East", "West")
REGION = weighted([0.22, 0.27, 0.13, 0.38])
_REGION_WORDS = pa.array([*REGIONS, "Abroad"])
# One client in so many has a loyalty status, an e-mail address or a region that no rule knows.
_ODD = 2_000
# Domains that are kept for examples, and one that lacks its @.
_DOMAINS = pa.array(["@example.com", "@example.org", "@example.net", ".example.com"])
# No telephone code begins with 0.
_PHONE = 70_000_000_000
_THIRD = weighted([1, 1, 1])


def _gamma_quantiles(shape, size=1 << 16):
    """Quantiles of the gamma distribution at the middles of ``size`` equal shares, by integration of its density."""
    edges = np.geomspace(1e-14, 60, 400_001)
    middles = (edges[1:] + edges[:-1]) / 2
    mass = np.cumsum(middles ** (shape - 1) * np.exp(-middles) * np.diff(edges))
    return np.interp((np.arange(size) + 0.5) / size, mass / mass[-1], middles)


@lru_cache(maxsize=1)
def _rates():
    return _gamma_quantiles(_RATE_SHAPE)


def rates(shop, ids):
    """How often each client buys, in proportion to the others (float64)."""
    return pick(_rates(), bits(shop.seed, "client.rate", ids))


@lru_cache(maxsize=1)
def _spent_a_day():
    """What clients of each rate are expected to spend a day, in roubles."""
    # Of exponential races over gamma rates, a share s ends before the time t of (1 + t) ** -shape = 1 - s.
    weekday, weekend = (1 - np.exp(-_rates() * ((1 - share) ** (-1 / _RATE_SHAPE) - 1)) for share in SHARES)
    return (5 * weekday + 2 * weekend) / 7 * _ORDER


def _earlier(shop, ids, born):
    """How many days before its first row each client signed up: 0 for those who did so after the opening."""
    return np.where(born == 0, below(bits(shop.seed, "client.earlier", ids), _EARLIER_DAYS), 0)


def loyalty(shop, ids, born, reviewed):
    """Each client's loyalty status as an index in LOYALTY, as of the day of its last review.

    The shop's days are made one without the other, so it follows from what a client of this rate is expected to have
    spent since it signed up, and not from a sum over its orders.
    """
    spent = pick(_spent_a_day(), bits(shop.seed, "client.rate", ids)) * (reviewed - born + _earlier(shop, ids, born))
    return np.searchsorted(_DUE, spent, side="right")


def loyalty_on(shop, ids, day):
    """The same as of the end of a day, for clients that were there."""
    born = shop.born("client", ids, day)
    return loyalty(shop, ids, born, LIFECYCLE.reviewed(shop.seed, ids, born, day))


def regions(shop, ids):
    """The region of each client, as an index in REGIONS."""
    return pick(REGION, bits(shop.seed, "client.region", ids))


def _odd(shop, ids, warning):
    """A mask of the clients that a rule of severity warn names."""
    return below(bits(shop.seed, "client.odd", ids), _ODD) == warning


class Words:
    """Names of both genders in one array, the men's first, drawn by Faker's weights where the locale has them."""

    def __init__(self, male, female):
        self.groups = [self._counted(words) for words in (male, female)]
        self.sizes = np.array([len(group) for group in self.groups])
        self.tables = [weighted(list(group.values())) for group in self.groups]
        # The blank that a bad row has for a name comes last.
        self.words = pa.array([word for group in self.groups for word in group] + [""])

    @staticmethod
    def _counted(words):
        if isinstance(words, dict):
            return {word: weight for word, weight in words.items() if word.strip()}
        return Counter(word for word in words if word.strip())

    def index(self, women, random_bits, step=0):
        """Positions in ``words`` for a mask of women, moved on by ``step`` within the gender's list."""
        drawn = np.where(women, pick(self.tables[1], random_bits), pick(self.tables[0], random_bits))
        return (drawn + step) % self.sizes[women.astype(np.int8)] + np.where(women, self.sizes[0], 0)


@lru_cache(maxsize=4)
def names(locale):
    """First and last names (Words) of a Faker locale; plain lists where it has none by gender.

    Raises GeneratorError where Faker has no such locale.
    """
    if locale not in AVAILABLE_LOCALES:
        near = sorted(known for known in AVAILABLE_LOCALES if known[:2] == locale[:2].lower())
        raise GeneratorError(
            f"no locale {locale!r} in Faker: give --locale one of its locales, such as {', '.join(near or ['ru_RU'])}"
        )
    faker = Faker(locale, providers=["faker.providers.person"])
    person = next(provider for provider in faker.factories[0].providers if isinstance(provider, Provider))

    def lists(kind):
        return [_words_of(faker, person, kind, gender) for gender in ("male", "female")]

    return Words(*lists("first_name")), Words(*lists("last_name"))


def _words_of(faker, person, kind, gender):
    words = getattr(person, f"{kind}s_{gender}", None) or getattr(person, f"{kind}s")
    if words is getattr(Provider, f"{kind}s"):
        # A locale that makes its names by rules, with no list of its own but the placeholder that all inherit.
        faker.seed_instance(0)
        words = [getattr(person, f"{kind}_{gender}")() for _ in range(_DRAWN_NAMES)]
    return words


def women(shop, ids):
    """A mask of the ids that are women."""
    return uniform(bits(shop.seed, "client.gender", ids)) < _WOMEN


def changes(shop, ids):
    """A mask of the ids whose surname changes at their turns: the women and a few men."""
    return women(shop, ids) | (uniform(bits(shop.seed, "client.man_changes", ids)) < _MEN_WHO_CHANGE)


def _surname(shop, ids, version):
    """The position of each id's surname in the locale's list after ``version`` changes."""
    _, last = names(shop.locale)
    # A step that is never a whole turn of the list: a changed surname differs from the one before.
    step = 1 + below(bits(shop.seed, "client.step", ids), max(1, int(last.sizes.min()) - 1))
    return last.index(women(shop, ids), bits(shop.seed, "client.last_name", ids), step * version)


def _loyalty_word(shop, states):
    """Which of _LOYALTY_WORDS each client has."""
    index = loyalty(shop, states.ids, states.born, states.reviewed)
    return np.where(_odd(shop, states.ids, _LOYALTY_UNKNOWN), len(LOYALTY), index)


def value(shop, states):
    """Surname and loyalty status of each client as one number from 1 (int64)."""
    return 1 + _surname(shop, states.ids, states.version) * len(_LOYALTY_WORDS) + _loyalty_word(shop, states)


def in_place(_shop, states):
    """Nothing of a client is written in place."""
    return np.zeros(len(states.ids), dtype=np.int64)


def warned(shop, states):
    """For each client, which of WARNINGS its row earns, as bits."""
    odd = [_odd(shop, states.ids, warning).astype(np.int16) << warning for warning in range(len(WARNINGS))]
    return np.bitwise_or.reduce(odd)


def birth_dates(shop, ids, born):
    """Birth dates (datetime64[D]) that make each id 18 to 87 full years old on the day it signed up."""
    signed_up = np.datetime64(shop.opened, "D") + born
    age = _YOUNGEST + pick(_AGES, bits(shop.seed, "client.age", ids))
    month = signed_up.astype("datetime64[M]")
    day = (signed_up - month).astype(np.int64)
    month = month - 12 * age
    month_end = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64) - 1
    birthday = month.astype("datetime64[D]") + np.minimum(day, month_end)
    return birthday - below(bits(shop.seed, "client.birthday", ids), 365)


def _registered(shop, ids, born):
    """When each client signed up: microseconds since 1970 UTC."""
    # In the moment of the first row, or whole days before the opening.
    return shop.time("client", ids, np.where(born == 0, -1, born)) - _earlier(shop, ids, born) * _DAY


def table(shop, states, updated_at, deleted):
    """Rows of raw.client: an Arrow table of ids in their states; updated_at in microseconds since 1970 UTC."""
    ids = states.ids
    first, last = names(shop.locale)
    missing = states.rule == 1
    odd = ids % 2 == 1
    first_index = first.index(women(shop, ids), bits(shop.seed, "client.first_name", ids))
    first_index[missing & odd] = len(first.words) - 1
    text = pa.array(ids).cast(pa.string())
    domain = pick(_THIRD, bits(shop.seed, "client.domain", ids))
    domain[_odd(shop, ids, _EMAIL_IMPLAUSIBLE)] = len(_DOMAINS) - 1
    phone = _PHONE + below(bits(shop.seed, "client.phone", ids), 10**9)
    region = np.where(_odd(shop, ids, _REGION_UNKNOWN), len(REGIONS), regions(shop, ids))
    slip = np.choose(states.rule, [0, 0, _SLIP_DAYS, -_SLIP_DAYS])
    return pa.table(
        {
            "client_id": ids,
            "first_name": first.words.take(pa.array(first_index)),
            "last_name": last.words.take(pa.array(_surname(shop, ids, states.version), mask=missing & ~odd)),
            "birth_date": pa.array(birth_dates(shop, ids, states.born) + slip, pa.date32()),
            "email": pc.binary_join_element_wise("client", text, _DOMAINS.take(pa.array(domain)), ""),
            "phone": pc.binary_join_element_wise("+", pa.array(phone).cast(pa.string()), ""),
            "loyalty_status": _LOYALTY_WORDS.take(pa.array(_loyalty_word(shop, states))),
            "region": _REGION_WORDS.take(pa.array(region)),
            "registered_at": pa.array(_registered(shop, ids, states.born), pa.int64()).cast(TIMESTAMP),
            "updated_at": pa.array(updated_at, pa.int64()).cast(TIMESTAMP),
            "is_deleted": deleted,
        }
    )
