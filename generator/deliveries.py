"""Deliveries: one for each order that is shipped, by a carrier who takes its time, and loses a few."""

import numpy as np
import pyarrow as pa

from generator import orders
from generator.hashing import below, bits
from generator.rows import TIMESTAMP, Rows, joined
from generator.sales import CARRIERS, LONGEST_WAY, carriers, made_on, planted
from generator.shop import CENTURIES, FOLLOWING_IDS_A_DAY, IDS_A_DAY

RULES = ("order_missing", "delivered_before_shipped", "status_unknown", "time_implausible")
WARNINGS = ("order_unknown", "before_order")

_CARRIER_WORDS = pa.array(CARRIERS)
_SHIPPED, _DELIVERED, _LOST, _UNKNOWN = range(4)
_STATUS_WORDS = pa.array(["Shipped", "Delivered", "Lost", "Underway"])
# Of so many deliveries one is of an order that does not exist, and one was shipped before it was ordered.
_ODD = 1_000


def chunks(shop, day):
    """Yields the Rows of raw.delivery written on a day: what is shipped, then what arrives, is lost or is repaired."""
    new, later = zip(*(_both(shop, day, ago) for ago in range(min(LONGEST_WAY, day) + 1)), strict=True)
    # By number: the order's day comes after that of the shipment.
    yield joined(new)
    yield joined(later)


def _both(shop, day, ago):
    """The Rows of orders made ``ago`` days before a day: those shipped on it, and those that go on."""
    chosen = made_on(shop, day - ago).orders
    bad = planted(shop, "delivery.fault", day - ago, len(chosen.order_id), orders.BAD) & (chosen.shipped >= 0)
    rule, repair = orders.faults(shop, "delivery", chosen.order_id, bad, len(RULES))
    shipped = chosen.shipped == ago
    lost = (chosen.shipped >= 0) & (chosen.aborted == ago)
    repaired = bad & (repair > 0) & (chosen.shipped + repair == ago)
    later = (chosen.delivered == ago) | lost | repaired
    return tuple(
        _rows(shop, day, ago, chosen.where(mask), rule=rule[mask], repair=repair[mask], new=new)
        for mask, new in ((shipped, True), (later, False))
    )


def _rows(shop, day, ago, chosen, *, rule, repair, new):
    ids = chosen.order_id
    delivery_id = (day - ago + chosen.shipped.astype(np.int64) + 1) * FOLLOWING_IDS_A_DAY + 1
    delivery_id += chosen.shipped * np.int64(IDS_A_DAY) + ids - (day - ago + 1) * IDS_A_DAY - 1
    since = ago - chosen.shipped
    fails, failed_before = (orders.holds(rule, repair, since - back) for back in (0, 1))
    status, status_before = (_status(chosen, ago - back) for back in (0, 1))
    shipped_at = orders.shipped_at(shop, day - ago, chosen)
    happened = shipped_at.copy() if new else np.zeros(len(ids), dtype=np.int64)
    delivered = status == _DELIVERED
    delivered_at = orders.delivered_at(shop, day - ago, chosen)
    now = chosen.delivered == ago
    happened[now] = delivered_at[now]
    now = (status == _LOST) & (chosen.aborted == ago)
    happened[now] = orders.aborted_at(shop, day - ago, chosen.where(now))
    repaired = (failed_before > 0) & (fails == 0) & ~np.broadcast_to(new, len(ids))
    happened[repaired] = np.maximum(happened[repaired], shop.time("delivery", ids[repaired], day))
    wrong, before_order = (below(bits(shop.seed, "delivery.odd", ids), _ODD) == kind for kind in (0, 1))
    shipped_at = np.where(before_order, chosen.ordered_at - 2 * orders.DAY, shipped_at)
    early = fails == 2
    delivered_at = np.where(early, shipped_at - orders.DAY, delivered_at)
    shipped_at = np.where(fails == 4, shipped_at - CENTURIES, shipped_at)
    was = np.where(np.broadcast_to(new, len(ids)) | (failed_before > 0), 0, status_before + 1)
    return Rows(
        entity="delivery",
        table=pa.table(
            {
                "delivery_id": delivery_id,
                "order_id": pa.array(np.where(wrong, ids + orders.UNKNOWN, ids), mask=fails == 1),
                "shipped_at": pa.array(shipped_at).cast(TIMESTAMP),
                "delivered_at": pa.array(delivered_at, mask=~(delivered | early)).cast(TIMESTAMP),
                "carrier": _CARRIER_WORDS.take(pa.array(carriers(shop, ids))),
                "status": _STATUS_WORDS.take(pa.array(np.where(fails == 3, _UNKNOWN, status))),
                "updated_at": pa.array(orders.written(shop, day, "delivery.written", ids, happened)).cast(TIMESTAMP),
                "is_deleted": np.zeros(len(ids), dtype=bool),
            }
        ),
        new=len(ids) if new else 0,
        rules=RULES,
        rule=fails,
        was=was,
        now=np.where(fails > 0, was, status + 1),
        repaired=repaired,
        warnings=WARNINGS,
        # Of an order that does not exist nobody knows when it was ordered.
        warned=wrong | before_order.astype(np.int16) << 1,
    )


def _status(chosen, ago):
    """How far each parcel is at the end of the day ``ago`` days after the order, as an index in _STATUS_WORDS."""
    status = np.where((chosen.delivered >= 0) & (chosen.delivered <= ago), _DELIVERED, _SHIPPED)
    status[(chosen.aborted >= 0) & (chosen.aborted <= ago)] = _LOST
    return status
