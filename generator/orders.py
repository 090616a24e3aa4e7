"""What becomes of orders: when each thing happens, and their rows on the days that it does.

``sales.made_on`` says for each order after how many days it is paid, shipped, delivered or aborted, so a day looks at
the orders of the days before whose turn it is.
"""

import numpy as np
import pyarrow as pa

from generator import people, sales
from generator.hashing import below, bits, pick, uniform, weighted
from generator.rows import TIMESTAMP, Rows, joined, roubles
from generator.sales import LONGEST_WAY, made_on, planted, repairs
from generator.shop import CENTURIES, MICROSECONDS

RULES = (
    "ordered_at_missing",
    "ordered_in_future",
    "ordered_at_implausible",
    "status_unknown",
    "total_missing",
    "delivered_before_ordered",
    "delivered_at_implausible",
)
WARNINGS = ("client_missing", "channel_unknown", "region_unknown", "lines_differ")
STATUSES = ("Pending", "Paid", "Completed", "Aborted")
_PENDING, _PAID, _COMPLETED, _ABORTED = range(4)
_STATUS_WORDS = pa.array([*STATUSES, "Somewhere"])
_CHANNEL = weighted([70, 20, 10])
_CHANNEL_WORDS = pa.array(["web", "marketplace", "store", "telephone", None])
_REGION_WORDS = pa.array([*people.REGIONS, "Abroad", None])
# Of a hundred orders so many go to another region than the client's.
_ELSEWHERE = 4
# One order in so many is planted for a rule of severity warn; one in so many has no region, or no channel.
_ODD, _BLANK = 2_000, 300
# What the total of such an order is off by, in kopecks.
_OFF = 10_000
# Of every thousand orders, first payments and deliveries so many are bad when they are first written.
BAD = 5
MINUTE = 60 * MICROSECONDS
DAY = 1_440 * MINUTE

# Beyond the numbers of any order and line.
UNKNOWN = 900_000_000_000


def moment(shop, day, stream, ids, within=(0, 0.99)):
    """A moment of a day for each id, between two shares of the day."""
    start, end = shop.bounds(day)
    share = within[0] + uniform(bits(shop.seed, stream, ids)) * (within[1] - within[0])
    return start + (share * (end - start)).astype(np.int64)


def between(shop, stream, ids, first, last):
    """A moment for each id, rather early, between two others."""
    return first + (uniform(bits(shop.seed, stream, ids)) ** 2 * (last - first)).astype(np.int64)


def written(shop, day, stream, ids, at):
    """When a row is written: within half a minute of what it says, on the same day."""
    return np.minimum(at + below(bits(shop.seed, stream, ids, day), 30 * MICROSECONDS), shop.bounds(day)[1] - 1)


def paid_at(shop, day, orders):
    """When orders of a day are first paid, those that are."""
    end = shop.bounds(day)[1]
    at_once = between(shop, "order.paid", orders.order_id, orders.ordered_at + MINUTE, end - 3 * MINUTE)
    return np.where(orders.paid == 0, at_once, moment(shop, day + 1, "order.paid_late", orders.order_id, (0.01, 0.4)))


def aborted_at(shop, day, orders):
    """When orders of a day are aborted, those that are."""
    since = np.where(orders.paid == 0, paid_at(shop, day, orders), orders.ordered_at)
    at = between(shop, "order.aborted_at", orders.order_id, since + MINUTE, shop.bounds(day)[1] - MINUTE)
    for ago in np.unique(orders.aborted[orders.aborted > 0]).tolist():
        mask = orders.aborted == ago
        at[mask] = moment(shop, day + ago, "order.aborted_late", orders.order_id[mask], (0.4, 0.95))
    return at


def shipped_at(shop, day, orders):
    """When orders of a day are handed to the carrier, those that are."""
    at = np.zeros(len(orders.order_id), dtype=np.int64)
    paid = paid_at(shop, day, orders)
    for ago in np.unique(orders.shipped[orders.shipped >= 0]).tolist():
        mask = orders.shipped == ago
        ids = orders.order_id[mask]
        at[mask] = moment(shop, day + ago, "delivery.shipped_at", ids, (0.3, 0.95))
        same = mask & (orders.paid == ago)
        ids, end = orders.order_id[same], shop.bounds(day + ago)[1]
        at[same] = between(shop, "delivery.shipped_at", ids, paid[same] + MINUTE, end - MINUTE)
    return at


def delivered_at(shop, day, orders):
    """When orders of a day are delivered, those that are."""
    at = np.zeros(len(orders.order_id), dtype=np.int64)
    for ago in np.unique(orders.delivered[orders.delivered >= 0]).tolist():
        mask = orders.delivered == ago
        at[mask] = moment(shop, day + ago, "delivery.delivered_at", orders.order_id[mask], (0.38, 0.9))
    return at


def moved(shop, day, ago):
    """What the lines that are corrected or cancelled ``ago`` days later do to the orders of a day.

    Returns the places of the orders, the kopecks, and when the last of the lines is written.
    """
    made = made_on(shop, day)
    lines = made.where((made.fate > 1) & (made.delay == ago))
    places, inverse = np.unique(lines.order, return_inverse=True)
    at = np.zeros(len(places), dtype=np.int64)
    np.maximum.at(at, inverse, shop.time("sale", lines.sale_id, day + ago))
    return places, np.bincount(inverse, lines.difference, len(places)).astype(np.int64), at


def amounts(shop, day, ago):
    """Kopecks that the lines of a day's orders add up to ``ago`` days later."""
    amount = made_on(shop, day).orders.amount.copy()
    for later in range(1, min(ago, sales.LONGEST_DELAY) + 1):
        places, difference, _ = moved(shop, day, later)
        amount[places] += difference
    return amount


def faults(shop, stream, ids, bad, rules):
    """For each row whether and how it is bad at first, 1 + an index in rules, and after how many days it is good."""
    rule = np.where(bad, 1 + below(bits(shop.seed, f"{stream}.rule", ids), rules), 0).astype(np.int8)
    return rule, np.where(bad, repairs(shop, f"{stream}.repair", ids), -1)


def holds(rule, repair, ago):
    """The rule that a row written ``ago`` days after the first one still fails."""
    return np.where((repair == 0) | (ago < repair), rule, 0).astype(np.int8)


def _regions(shop, orders):
    """The region of each order, as an index in _REGION_WORDS."""
    ids = orders.order_id
    elsewhere = (orders.client < 0) | (below(bits(shop.seed, "order.elsewhere", ids), 100) < _ELSEWHERE)
    region = np.where(
        elsewhere,
        pick(people.REGION, bits(shop.seed, "order.region", ids)),
        people.regions(shop, np.maximum(orders.client, 1)),
    )
    region[below(bits(shop.seed, "order.no_region", ids), _BLANK) == 0] = len(people.REGIONS) + 1
    region[_odd_order(shop, ids, "region_unknown")] = len(people.REGIONS)
    return region


def _odd_order(shop, ids, warning):
    return below(bits(shop.seed, "order.odd", ids), _ODD) == WARNINGS.index(warning)


def chunks(shop, day):
    """Yields the Rows of raw.sales_order written on a day: its orders, then those of the days before that go on."""
    yield _rows(shop, day, 0)
    parts = [_rows(shop, day, ago) for ago in range(1, min(LONGEST_WAY, day) + 1)]
    if parts:
        yield joined(parts)


def _rows(shop, day, ago):
    """The Rows of orders made ``ago`` days before a day, those that something happens to on it."""
    made = day - ago
    orders = made_on(shop, made).orders
    bad = planted(shop, "order.fault", made, len(orders.order_id), BAD)
    rule, repair = faults(shop, "order", orders.order_id, bad, len(RULES))
    places, _, moved_at = moved(shop, made, ago)
    at = np.zeros(len(orders.order_id), dtype=np.int64)
    at[places] = moved_at
    for turn, when in (
        (orders.paid, lambda some: paid_at(shop, made, some)),
        (orders.aborted, lambda some: aborted_at(shop, made, some)),
        (orders.delivered, lambda some: delivered_at(shop, made, some)),
    ):
        mask = turn == ago
        at[mask] = np.maximum(at[mask], when(orders.where(mask)))
    if ago == 0:
        at = np.maximum(at, orders.ordered_at)
    else:
        repaired = repair == ago
        at[repaired] = np.maximum(at[repaired], shop.time("sales_order", orders.order_id[repaired], day))
    written = np.flatnonzero(at)
    orders, at, rule, repair = orders.where(written), at[written], rule[written], repair[written]
    ids = orders.order_id

    status, before = (_status(orders, ago - back) for back in (0, 1))
    extra = np.where(_odd_order(shop, ids, "lines_differ"), _OFF, 0)
    total, total_before = (amounts(shop, made, ago - back)[written] + extra for back in (0, 1))
    code, code_before = (
        1 + amount * len(STATUSES) + stage for amount, stage in ((total, status), (total_before, before))
    )
    fails = holds(rule, repair, ago)
    held = (ago > 0) & (holds(rule, repair, ago - 1) == 0)
    was = np.where(held, code_before, 0)
    guest = orders.client < 0
    odd = [_odd_order(shop, ids, warning).astype(np.int16) for warning in WARNINGS[1:]]
    return Rows(
        entity="sales_order",
        table=_table(shop, day, ago, orders, status=status, total=total, at=at, fails=fails),
        new=len(ids) if ago == 0 else 0,
        rules=RULES,
        rule=fails,
        was=was,
        now=np.where(fails > 0, was, code),
        repaired=(repair == ago) & (ago > 0),
        warnings=WARNINGS,
        warned=sum((flag << bit for bit, flag in enumerate(odd, 1)), guest.astype(np.int16)),
    )


def _status(orders, ago):
    """How far orders are at the end of the day ``ago`` days after they were made, as an index in STATUSES."""
    status = np.where((orders.paid >= 0) & (orders.paid <= ago), _PAID, _PENDING)
    status[(orders.delivered >= 0) & (orders.delivered <= ago)] = _COMPLETED
    status[(orders.aborted >= 0) & (orders.aborted <= ago)] = _ABORTED
    return status


def _table(shop, day, ago, orders, *, status, total, at, fails):
    ids = orders.order_id
    ordered_at = orders.ordered_at + np.choose(fails, [0, 0, CENTURIES, -CENTURIES, 0, 0, 0, 0])
    has_it = status == _COMPLETED
    arrived = delivered_at(shop, day - ago, orders)
    odd = fails >= 6
    arrived = np.where(odd, orders.ordered_at + np.where(fails == 6, -DAY, CENTURIES), arrived)
    channel = pick(_CHANNEL, bits(shop.seed, "order.channel", ids))
    channel[below(bits(shop.seed, "order.no_channel", ids), _BLANK) == 0] = 4
    channel[_odd_order(shop, ids, "channel_unknown")] = 3
    return pa.table(
        {
            "order_id": ids,
            "client_id": pa.array(orders.client, mask=orders.client < 0),
            "ordered_at": pa.array(ordered_at, mask=fails == 1).cast(TIMESTAMP),
            "status": _STATUS_WORDS.take(pa.array(np.where(fails == 4, len(STATUSES), status))),
            # One that is ordered in the future was not delivered before that.
            "delivered_at": pa.array(arrived, mask=~(has_it | odd) | (fails == 2)).cast(TIMESTAMP),
            "total_amount": roubles(total, 14, fails == 5),
            "channel": _CHANNEL_WORDS.take(pa.array(channel)),
            "region": _REGION_WORDS.take(pa.array(_regions(shop, orders))),
            "updated_at": pa.array(written(shop, day, "order.written", ids, at)).cast(TIMESTAMP),
            "is_deleted": np.zeros(len(ids), dtype=bool),
        }
    )
