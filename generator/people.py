"""Clients: names by locale, ages, surnames that change, accounts that are deleted."""

from collections import Counter
from functools import lru_cache

import numpy as np
import pyarrow as pa
from faker import Faker
from faker.config import AVAILABLE_LOCALES
from faker.providers.person import Provider

from generator.hashing import below, bits, pick, uniform, weighted
from generator.lifecycle import Lifecycle, Rota
from generator.rows import TIMESTAMP
from generator.shop import GeneratorError

LIFECYCLE = Lifecycle(
    entity="client",
    rules=("name_missing", "birth_date_in_future", "birth_date_implausible"),
    change=Rota("client.change", 2_500),
    breakage=Rota("client.breakage", 10_000),
    removal=Rota("client.removal", 10_000),
)
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


def value(shop, ids, version):
    """The position of each id's surname in the locale's list after ``version`` changes, from 1 (int64)."""
    _, last = names(shop.locale)
    # A step that is never a whole turn of the list: a changed surname differs from the one before.
    step = 1 + below(bits(shop.seed, "client.step", ids), max(1, int(last.sizes.min()) - 1))
    return last.index(women(shop, ids), bits(shop.seed, "client.last_name", ids), step * version) + 1


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


def table(shop, states, updated_at, deleted):
    """Rows of raw.client: an Arrow table of ids in their states; updated_at in microseconds since 1970 UTC."""
    ids = states.ids
    first, last = names(shop.locale)
    missing = states.rule == 1
    odd = ids % 2 == 1
    first_index = first.index(women(shop, ids), bits(shop.seed, "client.first_name", ids))
    first_index[missing & odd] = len(first.words) - 1
    slip = np.choose(states.rule, [0, 0, _SLIP_DAYS, -_SLIP_DAYS])
    return pa.table(
        {
            "client_id": ids,
            "first_name": first.words.take(pa.array(first_index)),
            "last_name": last.words.take(pa.array(value(shop, ids, states.version) - 1, mask=missing & ~odd)),
            "birth_date": pa.array(birth_dates(shop, ids, states.born) + slip, pa.date32()),
            "updated_at": pa.array(updated_at, pa.int64()).cast(TIMESTAMP),
            "is_deleted": deleted,
        }
    )
