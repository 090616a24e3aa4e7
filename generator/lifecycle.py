"""When a client, a product or a category changes, breaks, is repaired and is removed, as functions of its id.

A rota gives every block of ``period`` ids one turn a day: each id has its turn once in ``period`` days, and a day's
ids are listed without looking at the others. So each kind of event has the same share of ids every day, whatever the
day.
"""

from dataclasses import dataclass

import numpy as np

from generator.hashing import below, bits

_STRIDE = 7919  # A prime, coprime to every period: neighbours in id are not neighbours in time.
_REPAIR_DELAYS = np.array([1, 2, 1, 2, 1, 2, 1, 21])
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Rota:
    """Turns of ids: each once in ``period`` days, on a day that depends on the seed, the stream and the id."""

    stream: str
    period: int

    def slots(self, seed, ids):
        """The day number, modulo the period, of each id's turn."""
        block, place = np.divmod(ids, self.period)
        return (place * _STRIDE + below(bits(seed, self.stream, block), self.period)) % self.period

    def ids(self, seed, day, last_id):
        """The ids in 1 … last_id whose turn is on ``day``, ascending; none where ``day`` is negative."""
        if day < 0:
            return np.empty(0, dtype=np.int64)
        block = np.arange(last_id // self.period + 1)
        shift = below(bits(seed, self.stream, block), self.period)
        ids = block * self.period + (day - shift) * pow(_STRIDE, -1, self.period) % self.period
        return ids[(ids >= 1) & (ids <= last_id)]

    def last(self, seed, ids, day):
        """The day of each id's last turn at or before ``day``."""
        return day - (day - self.slots(seed, ids)) % self.period

    def count(self, seed, ids, after, upto):
        """How many turns each id has in the days after < day <= upto."""
        slots = self.slots(seed, ids)
        return (upto - slots) // self.period - (after - slots) // self.period


@dataclass(frozen=True)
class States:
    """States of ids at the end of a day: arrays of one length.

    born: the day a key is first written; version: how many changes so far; reviewed: the day of the last review, of
    the birth where there was none; broken: the day the bad state began, -1 where the row is good; rule: the quality
    rule it fails, as 1 … number of rules, 0 where good; removed: the day the key is deleted, NEVER if it is not.
    """

    ids: np.ndarray
    born: np.ndarray
    version: np.ndarray
    reviewed: np.ndarray
    broken: np.ndarray
    rule: np.ndarray
    removed: np.ndarray

    def where(self, mask):
        """The states that a mask selects."""
        return States(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Lifecycle:
    """The events of one entity.

    rules: names of the quality rules its bad rows fail. change, breakage, removal, review: the rotas of its events;
    removal and review may be None. At a review what follows from the time passed is looked at: a client's loyalty
    status, a product's stock.
    """

    entity: str
    rules: tuple
    change: Rota
    breakage: Rota
    removal: Rota | None = None
    review: Rota | None = None

    def touched(self, seed, day, last_id):
        """The ids in 1 … last_id that may have an event on ``day``, ascending."""
        turns = [self.change.ids(seed, day, last_id)]
        turns += [self.breakage.ids(seed, day - delay, last_id) for delay in (0, *np.unique(_REPAIR_DELAYS).tolist())]
        turns += [rota.ids(seed, day, last_id) for rota in (self.removal, self.review) if rota]
        return np.unique(np.concatenate(turns))

    def removed(self, seed, ids, born):
        """The day each id is deleted: its first turn after the day it was born."""
        if not self.removal:
            return np.full(len(ids), NEVER)
        return born + 1 + (self.removal.slots(seed, ids) - born - 1) % self.removal.period

    def reviewed(self, seed, ids, born, day):
        """The day of each id's last review at or before ``day``, of its birth where there was none."""
        return np.maximum(self.review.last(seed, ids, day), born) if self.review else born

    def states(self, seed, ids, born, day, changes):
        """States of ``ids`` at the end of ``day`` (an int or an array); ``changes`` masks the ids that change."""
        removed = self.removed(seed, ids, born)
        broken = self.breakage.last(seed, ids, day)
        delay = _REPAIR_DELAYS[below(bits(seed, f"{self.entity}.repair", ids, broken), len(_REPAIR_DELAYS))]
        # A key that is about to be deleted does not break, so that a deletion never hides a repair.
        holds = (broken >= born) & (day < broken + delay) & (removed > broken + delay)
        rule = 1 + below(bits(seed, f"{self.entity}.rule", ids, broken), len(self.rules))
        return States(
            ids=ids,
            born=born,
            version=np.where(changes, self.change.count(seed, ids, born, day), 0),
            reviewed=self.reviewed(seed, ids, born, day),
            broken=np.where(holds, broken, -1),
            rule=np.where(holds, rule, 0),
            removed=removed,
        )
