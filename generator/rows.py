"""The rows of one entity on one day, with what was planted in them."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TIMESTAMP = pa.timestamp("us", tz="UTC")


def roubles(kopecks, digits, missing=None):
    """Kopecks (int64) as an Arrow array of decimals with two places; NULL where the mask ``missing`` is set."""
    parts = np.empty((len(kopecks), 2), dtype=np.int64)
    parts[:, 0] = kopecks
    parts[:, 1] = parts[:, 0] >> 63
    array = pa.Array.from_buffers(pa.decimal128(digits, 2), len(kopecks), [None, pa.py_buffer(parts)])
    return array if missing is None else pc.if_else(pa.array(missing), pa.scalar(None, array.type), array)


@dataclass(frozen=True)
class Rows:
    """Rows of an entity and, aligned with them, what the generator knows of each.

    table: the columns of raw.<entity> in their order, without changed_xid, the key first. new: how many rows, the
    leading ones, are the first ones of their key; their keys are above every earlier key of the entity. rules: the
    names that ``rule`` refers to. rule: 0 for a good row, else 1 + the index of the rule it fails. was, now: what the
    warehouse holds of the key before and after the row, as one number that stands for the columns that move (0:
    nothing valid), int64. repaired: the key was bad before. warnings: the names that the bits of ``warned`` refer to.
    warned: which rules of severity warn a load must name the row for, if it is good. in_place: columns that are written
    in place differ from what the warehouse holds.
    """

    entity: str
    table: pa.Table
    new: int
    rules: tuple
    rule: np.ndarray
    was: np.ndarray
    now: np.ndarray
    repaired: np.ndarray
    warnings: tuple = ()
    warned: np.ndarray | None = None
    in_place: np.ndarray | None = None

    def __post_init__(self):
        """What a row is not said to be, it is not."""
        for name, kind in (("warned", np.int16), ("in_place", bool)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros(len(self.rule), dtype=kind))

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
        repaired. Beside these, how many good rows each rule of severity warn must name.
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
            "warned": {
                name: count
                for bit, name in enumerate(self.warnings)
                if (count := int((good & (self.warned >> bit & 1 == 1)).sum()))
            },
        }


def by_rule(rules, rule):
    """How often each rule name occurs in ``rule`` (0: none, else 1 + an index in rules); others are left out."""
    counts = np.bincount(rule, minlength=len(rules) + 1)[1:]
    return {name: int(count) for name, count in zip(rules, counts, strict=True) if count}


def total(counts):
    """The sum of several Rows' ``counts()``."""
    named = ("bad", "warned")
    return {kind: sum(count[kind] for count in counts) for kind in counts[0] if kind not in named} | {
        kind: dict(sum((Counter(count[kind]) for count in counts), Counter())) for kind in named
    }


def joined(parts):
    """One Rows of several of the same entity; only the leading ones may hold new keys."""
    parts = list(parts)
    arrays = ("rule", "was", "now", "repaired", "warned", "in_place")
    return Rows(
        entity=parts[0].entity,
        # In one piece: of a table that begins with an empty piece, Arrow's CSV writer makes wrong text.
        table=pa.concat_tables(part.table for part in parts).combine_chunks(),
        new=sum(part.new for part in parts),
        rules=parts[0].rules,
        warnings=parts[0].warnings,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays},
    )
