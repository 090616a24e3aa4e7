"""Payments: in one or several parts, some after a failed one, and what goes back."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from generator import orders, returns
from generator.hashing import below, bits, pick, weighted
from generator.rows import TIMESTAMP, Rows, joined, roubles
from generator.sales import LONGEST_DELAY, LONGEST_REPAIR, LONGEST_WAY, made_on, planted
from generator.shop import CENTURIES, FOLLOWING_IDS_A_DAY, IDS_A_DAY

RULES = ("order_missing", "amount_missing", "amount_negative", "status_unknown", "paid_at_implausible")
WARNINGS = ("order_unknown",)
METHODS = ("card", "SBP", "cash", "instalments")

METHOD = weighted([60, 25, 5, 10])
_METHOD_WORDS = pa.array(METHODS)
_INSTALMENTS = METHODS.index("instalments")
# In two to four parts, with two days between them.
_PARTS, _PART_DAYS = 4, 2
_FAILED_PERCENT = 6
# One payment in so many bears the number of an order that does not exist.
_ODD = 2_000
_SUCCEEDED, _FAILED, _REFUNDED, _UNKNOWN = range(4)
_STATUS_WORDS = pa.array(["Succeeded", "Failed", "Refunded", "Blocked"])


@dataclass(frozen=True)
class _Payments:
    """Payments as arrays of one length: whose they are, when, of how many kopecks, and what came of them."""

    order_id: np.ndarray
    at: np.ndarray
    amount: np.ndarray
    status: np.ndarray

    @staticmethod
    def of(order_id, at, amount, status):
        """Payments, of one status where that is one."""
        return _Payments(order_id, at, amount, np.broadcast_to(status, len(order_id)))

    def where(self, mask):
        """The payments that a mask or an index selects."""
        return _Payments(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def _joined(parts):
    names = _Payments.__dataclass_fields__
    return _Payments(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _methods(shop, order_id):
    return pick(METHOD, bits(shop.seed, "payment.method", order_id))


def _parts(shop, chosen):
    """In how many parts orders are paid; those that are aborted soon, in one."""
    count = 2 + below(bits(shop.seed, "payment.parts", chosen.order_id), _PARTS - 1)
    whole = (chosen.aborted >= 0) & (chosen.aborted < LONGEST_WAY)
    return np.where((_methods(shop, chosen.order_id) == _INSTALMENTS) & ~whole, count, 1)


def _first(shop, day, ago):
    """The first payments, after those that failed, of orders made ``ago`` days before a day; and whose are odd."""
    made = day - ago
    chosen = made_on(shop, made).orders
    chosen = chosen.where(chosen.paid == ago)
    count = _parts(shop, chosen)
    amount = chosen.amount - chosen.amount // count * (count - 1)
    at = orders.paid_at(shop, made, chosen)
    failed = below(bits(shop.seed, "payment.failed", chosen.order_id), 100) < _FAILED_PERCENT
    before = chosen.where(failed)
    halfway = before.ordered_at + (at[failed] - before.ordered_at) // 2
    # A failed attempt late in the evening, paid in the morning: both in the morning.
    halfway = np.maximum(halfway, at[failed] - 5 * orders.MINUTE)
    return (
        _Payments.of(chosen.order_id, at, amount, _SUCCEEDED),
        _Payments.of(before.order_id, halfway, amount[failed], _FAILED),
    )


def _further(shop, day):
    """All payments of a day but the first ones: parts, what a changed order costs more or less, what goes back."""
    for ago in range(_PART_DAYS, min(_PART_DAYS * (_PARTS - 1), day) + 1, _PART_DAYS):
        chosen = made_on(shop, day - ago).orders
        chosen = chosen.where((chosen.paid >= 0) & (_parts(shop, chosen) > ago // _PART_DAYS))
        at = orders.moment(shop, day, "payment.part", chosen.order_id)
        yield _Payments.of(chosen.order_id, at, chosen.amount // _parts(shop, chosen), _SUCCEEDED)
    for ago in range(1, min(LONGEST_DELAY, day) + 1):
        places, difference, at = orders.moved(shop, day - ago, ago)
        chosen = made_on(shop, day - ago).orders.where(places)
        due = (chosen.paid >= 0) & (difference != 0)
        status = np.where(difference > 0, _SUCCEEDED, _REFUNDED)
        yield _Payments(chosen.order_id, at + orders.MINUTE, np.abs(difference), status).where(due)
    for ago in range(min(LONGEST_WAY, day) + 1):
        chosen = made_on(shop, day - ago).orders
        mask = (chosen.aborted == ago) & (chosen.paid >= 0)
        amount = orders.amounts(shop, day - ago, ago)[mask]
        at = orders.aborted_at(shop, day - ago, chosen.where(mask)) + orders.MINUTE // 2
        yield _Payments.of(chosen.order_id[mask], at, amount, _REFUNDED).where(amount > 0)
    for back in returns.of_day(shop, day):
        yield _Payments.of(back.lines.order_id, back.at + orders.MINUTE, back.amount, _REFUNDED)


def _faults(shop, day, payments):
    """Which of a day's first payments for orders of the same day are bad, and when they are repaired."""
    bad = planted(shop, "payment.fault", day, len(payments.order_id), orders.BAD)
    return orders.faults(shop, "payment", payments.order_id, bad, len(RULES))


def _first_ids(day, ago, payments, number):
    place = payments.order_id - (day - ago + 1) * IDS_A_DAY - 1
    return (day + 1) * FOLLOWING_IDS_A_DAY + 1 + 2 * (ago * IDS_A_DAY + place) + number


def chunks(shop, day):
    """Yields the Rows of raw.payment written on a day: its payments, then those of days before that are repaired."""
    parts, ids, rules = [], [], []
    for ago in range(min(1, day) + 1):
        succeeded, failed = _first(shop, day, ago)
        parts += [failed, succeeded]
        ids += [_first_ids(day, ago, failed, 0), _first_ids(day, ago, succeeded, 1)]
        rules.append(np.zeros(len(failed.order_id), dtype=np.int8))
        # Those of the day's own orders are bad at times: their numbers are known without the other days.
        rules.append(_faults(shop, day, succeeded)[0] if ago == 0 else np.zeros(len(succeeded.order_id), dtype=np.int8))
    parts.append(_joined(list(_further(shop, day))))
    count = len(parts[-1].order_id)
    ids.append((day + 1) * FOLLOWING_IDS_A_DAY + 1 + 4 * IDS_A_DAY + np.arange(count))
    rules.append(np.zeros(count, dtype=np.int8))
    payments, ids, rule = _joined(parts), np.concatenate(ids), np.concatenate(rules)
    by_id = np.argsort(ids, kind="stable")
    yield _rows(shop, day, payments.where(by_id), ids[by_id], at=payments.at[by_id], rule=rule[by_id], new=True)
    parts = []
    for ago in range(1, min(LONGEST_REPAIR, day) + 1):
        succeeded, _ = _first(shop, day - ago, 0)
        mask = _faults(shop, day - ago, succeeded)[1] == ago
        ids, at = _first_ids(day - ago, 0, succeeded, 1)[mask], shop.time("payment", succeeded.order_id[mask], day)
        parts.append(_rows(shop, day, succeeded.where(mask), ids, at=at, rule=np.zeros(len(ids), dtype=np.int8)))
    if parts:
        yield joined(parts)


def _rows(shop, day, payments, ids, *, at, rule, new=False):
    """Rows of raw.payment, written soon after the times ``at``."""
    count = len(ids)
    odd = below(bits(shop.seed, "payment.odd", ids), _ODD) == 0
    order_id = np.where(odd, payments.order_id + orders.UNKNOWN, payments.order_id)
    return Rows(
        entity="payment",
        table=pa.table(
            {
                "payment_id": ids,
                "order_id": pa.array(order_id, mask=rule == 1),
                "paid_at": pa.array(payments.at + np.where(rule == 5, CENTURIES, 0)).cast(TIMESTAMP),
                "amount": roubles(np.where(rule == 3, -1, 1) * payments.amount, 14, rule == 2),
                "method": _METHOD_WORDS.take(pa.array(_methods(shop, payments.order_id))),
                "status": _STATUS_WORDS.take(pa.array(np.where(rule == 4, _UNKNOWN, payments.status))),
                "updated_at": pa.array(orders.written(shop, day, "payment.written", ids, at)).cast(TIMESTAMP),
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
        warned=odd.astype(np.int16),
    )
