"""Clients, products and categories on one day: the rows of what is new and of what has an event."""

import numpy as np

from generator.rows import Rows

# What the arrays of this many rows take fits in a processor's cache.
_CHUNK = 1 << 17


def chunks(shop, day, register):
    """Yields the Rows of one entity written on a day: those of new ids, then those of ids that have an event.

    register: the module ``people``, ``catalogue`` or ``categories``. The rows of day 0 bear times of the day before it:
    the shop opens with them.
    """
    entity = register.LIFECYCLE.entity
    known, total = shop.total(entity, day - 1), shop.total(entity, day)
    for start in range(known + 1, total + 1, _CHUNK):
        yield new_rows(shop, register, day, np.arange(start, min(start + _CHUNK, total + 1)))
    yield _changed(shop, register, day, register.LIFECYCLE.touched(shop.seed, day, known))


def new_rows(shop, register, day, ids):
    """The Rows of ids that are first written on a day."""
    life = register.LIFECYCLE
    born = np.full(len(ids), day)
    states = life.states(shop.seed, ids, born, day, register.changes(shop, ids))
    updated_at = shop.time(life.entity, ids, day - 1 if day == 0 else day)
    return Rows(
        entity=life.entity,
        table=register.table(shop, states, updated_at, np.zeros(len(ids), dtype=bool)),
        new=len(ids),
        rules=life.rules,
        rule=states.rule.astype(np.int8),
        was=np.zeros(len(ids), dtype=np.int64),
        now=np.where(states.rule > 0, 0, register.value(shop, states)),
        repaired=np.zeros(len(ids), dtype=bool),
        warnings=register.WARNINGS,
        warned=register.warned(shop, states),
    )


def _changed(shop, register, day, ids):
    life, seed = register.LIFECYCLE, shop.seed
    born = shop.born(life.entity, ids, day)
    ids, born = (array[life.removed(seed, ids, born) >= day] for array in (ids, born))
    changes = register.changes(shop, ids)
    before, after = (life.states(seed, ids, born, when, changes) for when in (day - 1, day))
    happens = (
        (after.removed == day)
        | (after.version != before.version)
        | (after.broken != before.broken)
        | (register.value(shop, after) != register.value(shop, before))
        | (register.in_place(shop, after) != register.in_place(shop, before))
    )
    ids, born, changes = ids[happens], born[happens], changes[happens]
    before, after = before.where(happens), after.where(happens)
    deleted = after.removed == day

    # The warehouse last took the state before the break, if there was one.
    taken = np.where(before.broken >= 0, before.broken - 1, day - 1)
    held = life.states(seed, ids, born, taken, changes)
    was = np.where(taken < born, 0, register.value(shop, held))
    now = np.where(after.rule > 0, was, register.value(shop, after))
    return Rows(
        entity=life.entity,
        table=register.table(shop, after, shop.time(life.entity, ids, day), deleted),
        new=0,
        rules=life.rules,
        rule=after.rule.astype(np.int8),
        was=was,
        now=np.where(deleted, 0, now),
        repaired=(before.rule > 0) & (after.rule == 0),
        warnings=register.WARNINGS,
        warned=register.warned(shop, after),
        in_place=register.in_place(shop, after) != register.in_place(shop, held),
    )
