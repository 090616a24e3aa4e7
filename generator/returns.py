"""Returns: of the lines that were delivered, a part or all comes back within days."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from generator import orders, sales
from generator.hashing import below, bits, pick, weighted
from generator.rows import TIMESTAMP, Rows, joined, roubles
from generator.sales import LONGEST_REPAIR, LONGEST_WAY, made_on
from generator.shop import CENTURIES, FOLLOWING_IDS_A_DAY, IDS_A_DAY

RULES = (
    "sale_missing",
    "quantity_missing",
    "quantity_not_positive",
    "returned_at_missing",
    "returned_in_future",
    "returned_at_implausible",
    "quantity_implausible",
    "amount_negative",
)
WARNINGS = ("sale_unknown", "more_than_sold")

# Of a thousand lines that are delivered. Of all lines it is 80: the others are cancelled, aborted or never repaired.
_RETURNED = 84
_WHOLE_PERCENT = 60
LONGEST_THOUGHT = 4
# Of every thousand returns so many are bad when they are first written.
_BAD = 10
# Of so many returns one names no amount; one is of a line that does not exist, one of more than was sold.
_NO_AMOUNT, _ODD = 30, 300
REASONS = pa.array(["wrong size", "does not suit", "not as described", "faulty", "came too late"])
REASON = weighted([45, 30, 12, 9, 4])


@dataclass(frozen=True)
class Returns:
    """What comes back on a day of the lines sold ``ago`` days before: pieces, kopecks and when, for each line."""

    ago: int
    lines: sales.Sales
    quantity: np.ndarray
    amount: np.ndarray
    at: np.ndarray


def of_day(shop, day):
    """Yields the Returns of a day, for each day that lines which come back were sold on, the latest first."""
    for ago in range(2, min(LONGEST_WAY + LONGEST_THOUGHT, day) + 1):
        yield _of(shop, day, ago)


def _of(shop, day, ago):
    made = made_on(shop, day - ago)
    delivered = made.orders.delivered[made.order]
    ids = made.sale_id
    thought = 1 + below(bits(shop.seed, "return.thought", ids), LONGEST_THOUGHT)
    lines = made.where(
        (delivered > 0)
        & (delivered + thought == ago)
        & (below(bits(shop.seed, "return", ids), 1000) < _RETURNED)
        & (made.fate != sales.CANCELLED)
        & ((made.rule == 0) | (made.delay > 0))
    )
    ids, sold = lines.sale_id, lines.corrected_quantity.astype(np.int64)
    part = 1 + (bits(shop.seed, "return.part", ids) >> np.uint64(32)).astype(np.int64) % np.maximum(sold - 1, 1)
    quantity = np.where(below(bits(shop.seed, "return.whole", ids), 100) < _WHOLE_PERCENT, sold, part)
    quantity = np.where(_odd(shop, ids) == 1, sold + 1, quantity)
    return Returns(
        ago, lines, quantity, lines.unit_price * quantity, orders.moment(shop, day, "return.at", ids, (0.4, 0.85))
    )


def _odd(shop, ids):
    """Which returns are of a line that does not exist (0) and of more than was sold (1)."""
    return below(bits(shop.seed, "return.odd", ids), _ODD)


def _faults(shop, ids):
    bad = below(bits(shop.seed, "return.fault", ids), 1000) < _BAD
    return orders.faults(shop, "return", ids, bad, len(RULES))


def chunks(shop, day):
    """Yields the Rows of raw.sale_return written on a day: what comes back, then those of before that are repaired."""
    new = [_rows(shop, day, day, back) for back in of_day(shop, day)]
    yield joined(new or [_rows(shop, day, day, _none(shop, day))])
    parts = [
        _rows(shop, day, before, back)
        for before in range(max(day - LONGEST_REPAIR, 0), day)
        for back in of_day(shop, before)
    ]
    if parts:
        yield joined(parts)


def _none(shop, day):
    lines = made_on(shop, day).where(slice(0))
    nothing = np.zeros(0, dtype=np.int64)
    return Returns(0, lines, nothing, nothing, nothing)


def _rows(shop, day, returned, back):
    """The Rows of what came back on the day ``returned`` that are written on a day."""
    rule, repair = _faults(shop, back.lines.sale_id)
    new = day == returned
    mask = slice(None) if new else repair == day - returned
    lines, quantity, amount, at = back.lines.where(mask), back.quantity[mask], back.amount[mask], back.at[mask]
    ids, count = lines.sale_id, len(lines.sale_id)
    rule = rule[mask] if new else np.zeros(count, dtype=np.int8)
    place = ids - (returned - back.ago + 1) * IDS_A_DAY
    return_id = (returned + 1) * FOLLOWING_IDS_A_DAY + back.ago * IDS_A_DAY + place
    odd = _odd(shop, ids)
    pieces = np.where(rule == 3, -(quantity % 2), quantity + np.where(rule == 7, sales.TOO_MANY, 0))
    moved = np.choose(rule, [0, 0, 0, 0, 0, CENTURIES, -CENTURIES, 0, 0])
    no_amount = (below(bits(shop.seed, "return.no_amount", ids), _NO_AMOUNT) == 0) & (rule != 8)
    happened = at if new else shop.time("sale_return", ids, day)
    return Rows(
        entity="sale_return",
        table=pa.table(
            {
                "return_id": return_id,
                "sale_id": pa.array(np.where(odd == 0, ids + orders.UNKNOWN, ids), mask=rule == 1),
                "returned_at": pa.array(at + moved, mask=rule == 4).cast(TIMESTAMP),
                "quantity": pa.array(pieces, pa.int32(), mask=rule == 2),
                "amount": roubles(np.where(rule == 8, -1, 1) * amount, 14, no_amount),
                "reason": REASONS.take(pa.array(pick(REASON, bits(shop.seed, "return.reason", ids)))),
                "updated_at": pa.array(orders.written(shop, day, "return.written", ids, happened)).cast(TIMESTAMP),
                "is_deleted": np.zeros(count, dtype=bool),
            }
        ),
        new=count if new else 0,
        rules=RULES,
        rule=rule,
        was=np.zeros(count, dtype=np.int64),
        now=np.where(rule > 0, 0, 1),
        repaired=np.full(count, not new),
        warnings=WARNINGS,
        warned=(odd == 0) | (odd == 1).astype(np.int16) << 1,
    )
