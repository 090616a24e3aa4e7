"""The manifest: what was planted, as JSON, for a test to compare the warehouse with.

``parameters``: the shop and the days. ``days``: one object a day with ``date``, ``clients`` (the shop's clients at
its end), ``buyers`` (guests left out), and for each entity the counts of ``rows.Rows.counts`` and ``net``. The last,
``net``: what one load of the whole range must report for each entity, where the warehouse holds all the days before the
range and none of it.

A day is one transaction, and a load reads each state that was ever committed, so ``net`` of the range is the sum of the
days' ``net``, but for ``corrected``: of several states of one version a load takes the columns in place of the last one
and counts the others as ``unchanged``. In a day's, a key counts once, by its last row:

- ``read``: keys with a row on the day; the sum of all that follows.
- ``rejected``, by rule: the row is bad.
- ``deleted``: the row deletes a key that the warehouse holds a valid state of.
- ``deleted_unseen``: the row deletes a key that the warehouse holds no valid state of (it came and went on the day).
- ``unchanged``: the row is good and equals the last valid state before the day.
- ``corrected``: the row is good and differs from that state in columns alone that are written in place.
- ``inserted``: the row is good and the warehouse holds no such state: a new version.
"""

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np

from generator import sales
from generator.marts import Marts
from generator.rows import by_rule, total
from generator.shop import GeneratorError


class Manifest:
    """Collects what was planted on consecutive days.

    shop: the Shop. first: the date of the first of the days. Rows are kept for the marts where that is the opening day,
    and of other ranges the counts alone.
    """

    def __init__(self, shop, first):
        self._shop = shop
        self._days = []
        self._rules = {}
        self._today = defaultdict(list)
        self._marts = Marts(shop) if first == shop.opened else None

    def add(self, rows):
        """Takes Rows of the day at hand, all or a chunk of an entity's."""
        self._rules[rows.entity] = rows.rules
        if self._marts:
            self._marts.add(rows)
        seen = [rows.keys, rows.rule, rows.deleted, rows.was, rows.now, rows.in_place]
        self._today[rows.entity].append((rows.counts(), seen))

    def end_day(self, day):
        """Takes the date of the day whose Rows are all there."""
        clients, buyers = sales.buyers(self._shop, self._shop.day_number(day))
        self._days.append({"date": day.isoformat(), "clients": clients, "buyers": len(buyers)})
        for entity, chunks in self._today.items():
            counts, seen = zip(*chunks, strict=True)
            self._days[-1][entity] = {**total(counts), "net": _net(self._rules[entity], seen)}
        self._today.clear()

    def as_dict(self):
        """The manifest as plain objects."""
        shop = {key: str(value) if key == "opened" else value for key, value in asdict(self._shop).items()}
        days = {"from": self._days[0]["date"], "to": self._days[-1]["date"]} if self._days else {}
        document = {
            "parameters": {**shop, **days},
            "days": self._days,
            "net": {
                entity: _sum([day[entity]["net"] for day in self._days if entity in day]) for entity in self._rules
            },
        }
        if days and self._marts:
            document["marts"] = self._marts.as_dict(len(self._days))
        return document

    def write(self, target, stdout):
        """Writes the JSON to a path, whole or not at all, or to the stream ``stdout`` where the target is ``-``."""
        text = json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n"
        if target == "-":
            stdout.write(text)
            return
        path = Path(target)
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise GeneratorError(f"the manifest cannot be written to {target}: {error.strerror}") from error


def _net(rules, seen):
    keys, rule, deleted, was, now, in_place = (np.concatenate(column) for column in zip(*seen, strict=True))
    by_key = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[by_key], prepend=-1))
    first, last = by_key[starts], by_key[np.append(starts, len(keys))[1:] - 1]
    held = was[first] > 0
    good = (rule[last] == 0) & ~deleted[last]
    same = was[first] == now[last]
    return {
        "read": len(starts),
        "inserted": int((good & ~same).sum()),
        "corrected": int((good & same & in_place[last]).sum()),
        "deleted": int((deleted[last] & held).sum()),
        "deleted_unseen": int((deleted[last] & ~held).sum()),
        "unchanged": int((good & same & ~in_place[last]).sum()),
        "rejected": by_rule(rules, rule[last]),
    }


def _sum(nets):
    rejected = sum((Counter(net["rejected"]) for net in nets), Counter())
    return {kind: sum(net[kind] for net in nets) if kind != "rejected" else dict(rejected) for kind in nets[0]}
