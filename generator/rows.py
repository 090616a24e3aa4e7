"""The rows of one entity on one day, with what was planted in them."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Rows:
    """Rows of an entity and, aligned with them, what the generator knows of each.

    table: the columns of raw.<entity> in their order, without changed_xid, the key first. new: how many rows, the
    leading ones, are the first ones of their key; their keys are above every earlier key of the entity. rules: the
    names that ``rule`` refers to. rule: 0 for a good row, else 1 + the index of the rule it fails. was, now: what the
    warehouse holds of the key before and after the row, as the value of the one column that moves (0: nothing valid),
    int32. repaired: the key was bad before.
    """

    entity: str
    table: pa.Table
    new: int
    rules: tuple
    rule: np.ndarray
    was: np.ndarray
    now: np.ndarray
    repaired: np.ndarray

    @property
    def keys(self):
        """The primary keys, int64."""
        return self.table.column(0).to_numpy()

    @property
    def deleted(self):
        """A mask of the rows that delete their key."""
        return self.table.column("is_deleted").to_numpy()

    def counts(self):
        """How many rows there are, and how many are new, changed, deleted, repaired, or bad (by rule): one kind a row.

        A bad row counts as bad only, whether its key is new or not; a good row of a key that was bad counts as
        repaired.
        """
        good = (self.rule == 0) & ~self.deleted
        new = np.arange(len(self.rule)) < self.new
        return {
            "rows": len(self.rule),
            "new": int((good & new).sum()),
            "changed": int((good & ~new & ~self.repaired).sum()),
            "deleted": int(self.deleted.sum()),
            "repaired": int((good & self.repaired).sum()),
            "bad": by_rule(self.rules, self.rule),
        }


def by_rule(rules, rule):
    """How often each rule name occurs in ``rule`` (0: none, else 1 + an index in rules); others are left out."""
    counts = np.bincount(rule, minlength=len(rules) + 1)[1:]
    return {name: int(count) for name, count in zip(rules, counts, strict=True) if count}


def total(counts):
    """The sum of several Rows' ``counts()``."""
    bad = sum((Counter(count["bad"]) for count in counts), Counter())
    return {**{kind: sum(count[kind] for count in counts) for kind in counts[0] if kind != "bad"}, "bad": dict(bad)}


def joined(parts):
    """One Rows of several of the same entity; only the leading ones may hold new keys."""
    parts = list(parts)
    return Rows(
        parts[0].entity,
        # In one piece: of a table that begins with an empty piece, Arrow's CSV writer makes wrong text.
        pa.concat_tables(part.table for part in parts).combine_chunks(),
        sum(part.new for part in parts),
        parts[0].rules,
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("rule", "was", "now", "repaired")),
    )
