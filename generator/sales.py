"""Orders and their lines as they are made on a day: who orders, what, at which price, and what will become of both.

A line is bad, corrected or cancelled by its place among the day's lines, an order is paid, delivered or aborted by its
number, so that the days after it know what they have to write without the days between.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from generator import catalogue, people
from generator.hashing import below, bits, pick, uniform, weighted
from generator.rows import TIMESTAMP, Rows, joined, roubles
from generator.shop import CENTURIES, IDS_A_DAY, MICROSECONDS, GeneratorError

RULES = (
    "quantity_zero",
    "quantity_missing",
    "product_missing",
    "order_missing",
    "sold_at_missing",
    "sold_in_future",
    "sold_at_implausible",
    "quantity_implausible",
)
WARNINGS = ("client_missing",)
LONGEST_DELAY = 3
# The longest a day's orders and lines lead to rows: delivered, days later sent back, days later repaired.
LOOKBACK = 15

_CHUNK = 1 << 19
POPULARITY_SLOPE = 0.65
LINES = weighted([12, 9, 7, 4, 1, 1, 1, 1])
UNITS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12], dtype=np.int32)
UNIT = weighted([45, 23, 14, 7, 3, 2, 1, 2, 2, 1])
_HOUR = weighted([2, 1, 1, 1, 1, 2, 3, 5, 8, 11, 14, 17, 19, 16, 14, 13, 14, 17, 20, 18, 15, 12, 8, 4])
_REDRAWS = 20
# Of a hundred orders so many are a guest's.
_GUEST_PERCENT = 8
# Per cent off the list price by loyalty status, and on the campaign's days of every month.
_LOYALTY_DISCOUNT = np.array([0, 3, 5, 8])
_CAMPAIGN_DISCOUNT, _CAMPAIGN = 15, range(10, 13)

# Of every thousand sales in a row, these meet these fates; the others stay as they are.
_FATES = np.repeat(np.array([0, 1, 2, 3], dtype=np.int8), [970, 5, 10, 15])
_BAD, _CORRECTED, CANCELLED = 1, 2, 3
_STRIDE = 389  # Coprime to a thousand: neighbours differ in fate.
_NEVER = 0
_REPAIR_DELAYS = np.array([1, 2, 1, 2, 1, 2, _NEVER])
LONGEST_REPAIR = 2
_RULE = weighted([4, 2, 1, 1, 1, 1, 1, 1])
# More pieces than any line has.
TOO_MANY = 10_000_000

# Of a thousand orders: aborted before they are paid, after they are paid, and because the parcel was lost.
_UNPAID, _PAID_BACK, _LOST = 9, 12, 3
_PAID_NEXT_DAY = 0.12
# Delivered after 1 to 9 days; carriers are unlike (generator/orders.py). A lost parcel is given up on the last day.
LONGEST_WAY = 9
CARRIERS = ("Северный ветер", "Быстрый заяц", "Почта полей", "Тройка", "Тихий ход")
CARRIER = weighted([30, 25, 20, 15, 10])
_WAYS = np.stack(
    [
        weighted(weights)
        for weights in (
            (15, 30, 25, 15, 8, 4, 1, 1, 1),
            (40, 35, 15, 5, 2, 1, 1, 1, 0),
            (2, 8, 15, 20, 20, 15, 10, 6, 4),
            (10, 30, 30, 15, 8, 3, 2, 1, 1),
            (2, 10, 20, 25, 18, 10, 7, 5, 3),
        )
    ]
)


def planted(shop, stream, day, count, share):
    """A mask of ``count`` rows in a row: of every thousand, ``share`` are set, spread evenly."""
    return (np.arange(count) * _STRIDE + below(bits(shop.seed, stream, day), 1000)) % 1000 < share


def repairs(shop, stream, ids):
    """After how many days bad rows are repaired: 1, 2, or 0 for never."""
    return _REPAIR_DELAYS[below(bits(shop.seed, stream, ids), len(_REPAIR_DELAYS))]


@dataclass(frozen=True)
class Orders:
    """The orders of one day as arrays of one length, in the order of order_id.

    client: the client's id, below zero for a guest. ordered_at: microseconds since 1970 UTC. amount: kopecks of the
    lines as they were ordered. paid, shipped, delivered, aborted: days from the order until then, -1 for never.
    settled: days until its last line is corrected or cancelled, 0 for none.
    """

    order_id: np.ndarray
    client: np.ndarray
    ordered_at: np.ndarray
    amount: np.ndarray
    paid: np.ndarray
    shipped: np.ndarray
    delivered: np.ndarray
    aborted: np.ndarray
    settled: np.ndarray

    def where(self, mask):
        """The orders that a mask or an index selects."""
        return Orders(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Sales:
    """The lines of one day's orders as they were made, as arrays of one length in the order of sale_id.

    orders: the day's Orders; order: the place of each line's order among them. unit_price: kopecks. fate: 0 none, 1 bad
    at first, 2 corrected later, 3 cancelled later. delay: days until the repair, correction or cancellation (0: a bad
    row that is never repaired). rule: 0, or 1 + the index in RULES of the rule that the bad row fails.
    """

    orders: Orders
    sale_id: np.ndarray
    order: np.ndarray
    product_id: np.ndarray
    quantity: np.ndarray
    unit_price: np.ndarray
    fate: np.ndarray
    delay: np.ndarray
    rule: np.ndarray

    def where(self, mask):
        """The lines that a mask or an index selects."""
        names = [name for name in self.__dataclass_fields__ if name != "orders"]
        return Sales(self.orders, *(getattr(self, name)[mask] for name in names))

    @cached_property
    def order_id(self):
        """The order of each line."""
        return self.orders.order_id[self.order]

    @cached_property
    def client(self):
        """The client of each line, below zero for a guest."""
        return self.orders.client[self.order]

    @cached_property
    def sold_at(self):
        """When each line was sold: microseconds since 1970 UTC."""
        return self.orders.ordered_at[self.order]

    @property
    def corrected_quantity(self):
        """The quantity after all corrections; a line that is cancelled keeps its own."""
        other = np.where(self.quantity == 1, 2, self.quantity - 1)
        return np.where(self.fate == _CORRECTED, other, self.quantity)

    @property
    def difference(self):
        """By how many kopecks the correction or cancellation of each line changes its order."""
        quantity = np.where(self.fate == CANCELLED, 0, self.corrected_quantity) - self.quantity
        return self.unit_price * quantity


def _clients(shop, day):
    """How many clients the shop has at the end of a day, signed up and not deleted, and keys to draw them by.

    The keys (float64, one an id from 1, infinite where deleted) are exponential variables over the clients' own
    rates: the clients with the lowest ones are a weighted draw without return.
    """
    total = shop.total("client", day)
    keys = np.empty(total)
    active = 0
    for start in range(0, total, _CHUNK):
        ids = np.arange(start + 1, min(start + _CHUNK, total) + 1)
        part = -np.log(uniform(bits(shop.seed, "sale.race", ids, day))) / people.rates(shop, ids)
        gone = people.LIFECYCLE.removed(shop.seed, ids, shop.born("client", ids, day)) <= day
        part[gone] = np.inf
        active += len(ids) - int(gone.sum())
        keys[start : start + len(ids)] = part
    return active, keys


@lru_cache(maxsize=LOOKBACK + 1)
def buyers(shop, day):
    """Who buys on a day: exactly 1 % of the day's clients, 5 % on Saturday and Sunday, a half rounded up.

    Returns (clients, ids): the number of clients at the end of the day and the ids, ascending, of those who buy.
    """
    clients, keys = _clients(shop, day)
    percent = round(100 * people.SHARES[shop.date(day).weekday() >= 5])
    count = (clients * percent + 50) // 100
    return clients, np.sort(np.argpartition(keys, count)[:count]) + 1


@lru_cache(maxsize=8)
def _popularity(shop, day):
    """Cumulative weights of the products on sale: a power law of the rank that falls off at its end."""
    on_sale = shop.total("product", max(day - 1, 0))
    place = uniform(bits(shop.seed, "product.popularity", np.arange(1, on_sale + 1)))
    return np.cumsum(place**-POPULARITY_SLOPE * np.sqrt(1 - place))


def _products(shop, day, order, line):
    """A product for each line, distinct within an order; -1 where the redraws found none.

    order: the number of each line's order; line: its sale_id.
    """
    weights = _popularity(shop, day)
    product = np.full(len(line), -1)
    redraw = np.arange(len(line))
    for attempt in range(_REDRAWS):
        point = uniform(bits(shop.seed, "sale.product", line[redraw], attempt)) * weights[-1]
        product[redraw] = np.searchsorted(weights, point) + 1
        key = order * (len(weights) + 1) + product
        by_key = np.argsort(key, kind="stable")
        redraw = by_key[1:][np.diff(key[by_key]) == 0]
        if not len(redraw):
            break
    product[redraw] = -1
    return product


@lru_cache(maxsize=LOOKBACK + 1)
def made_on(shop, day):
    """The Sales made on a day. Raises GeneratorError where a day has more lines than ids."""
    client, ordered_at = _visitors(shop, day)
    order_id = (day + 1) * IDS_A_DAY + 1 + np.arange(len(client))
    lines = np.minimum(
        1 + pick(LINES, bits(shop.seed, "order.lines", order_id)), shop.total("product", max(day - 1, 0))
    )
    order = np.repeat(np.arange(len(client), dtype=np.int32), lines)
    if len(order) >= IDS_A_DAY:
        raise GeneratorError(
            f"{len(order)} sales on {shop.date(day)} are more than the {IDS_A_DAY} ids of a day: lower --clients"
        )
    sale_id = (day + 1) * IDS_A_DAY + 1 + np.arange(len(order))
    product = _products(shop, day, order.astype(np.int64), sale_id)
    kept = product > 0
    sale_id, order, product = sale_id[kept], order[kept], product[kept]

    number = np.arange(len(sale_id)) * _STRIDE + below(bits(shop.seed, "sale.fate", day), len(_FATES))
    fate = _FATES[number % len(_FATES)]
    bad = fate == _BAD
    repair = repairs(shop, "sale.repair", sale_id)
    later = 1 + below(bits(shop.seed, "sale.delay", sale_id), LONGEST_DELAY)
    off = _discount(shop, day, client)[order]
    made = Sales(
        orders=None,
        sale_id=sale_id,
        order=order,
        product_id=product.astype(np.int32),
        quantity=np.take(UNITS, pick(UNIT, bits(shop.seed, "sale.units", sale_id))),
        unit_price=catalogue.price_at(shop, day, product, ordered_at[order]) * (100 - off),
        fate=fate,
        delay=np.where(bad, repair, later).astype(np.int8),
        rule=np.where(bad, 1 + pick(_RULE, bits(shop.seed, "sale.rule", sale_id)), 0).astype(np.int8),
    )
    return replace(made, orders=_orders(shop, order_id, client, ordered_at, made))


def _visitors(shop, day):
    """Who orders on a day, and when: client ids and microseconds since 1970 UTC, the clients first, by time.

    The guests come after them and on top of them: their ids are below zero.
    """
    start, end = shop.bounds(day)
    _, client = buyers(shop, day)
    guests = (len(client) * _GUEST_PERCENT + 50) // (100 - _GUEST_PERCENT)
    newcomer = client > shop.total("client", max(day - 1, 0))
    parts = []
    for ids in (client, -1 - np.arange(guests)):
        hour = pick(_HOUR, bits(shop.seed, "sale.hour", ids, day)) + uniform(bits(shop.seed, "sale.minute", ids, day))
        at = start + (hour / 24 * (end - start)).astype(np.int64) // MICROSECONDS * MICROSECONDS
        at = np.minimum(at, end - 300 * MICROSECONDS)
        if ids is client:
            # Nobody buys before signing up.
            at[newcomer] = np.maximum(at[newcomer], shop.time("client", client[newcomer], day))
        by_time = np.argsort(at, kind="stable")
        parts.append((ids[by_time], at[by_time]))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _discount(shop, day, client):
    """Per cent off the list price for each client, below zero a guest, by the loyalty status of the morning."""
    eve = max(day - 1, 0)
    known = (client > 0) & (client <= shop.total("client", eve))
    off = np.zeros(len(client), dtype=np.int64)
    off[known] = _LOYALTY_DISCOUNT[people.loyalty_on(shop, client[known], eve)]
    return off + (_CAMPAIGN_DISCOUNT if shop.date(day).day in _CAMPAIGN else 0)


def carriers(shop, order_id):
    """Who carries each order, as an index in CARRIERS."""
    return pick(CARRIER, bits(shop.seed, "delivery.carrier", order_id))


def _orders(shop, order_id, client, ordered_at, made):
    """The Orders of a day, from its lines."""
    count = len(order_id)
    # Exact in float64: kopecks of one order.
    amount = np.bincount(made.order, made.unit_price * made.quantity, count).astype(np.int64)
    settled = np.zeros(count, dtype=np.int64)
    moved = made.where(made.fate > _BAD)
    np.maximum.at(settled, moved.order, moved.delay)
    all_cancelled = np.bincount(made.order, made.fate != CANCELLED, count) == 0

    lot = below(bits(shop.seed, "order.lot", order_id), 1000)
    unpaid = (lot < _UNPAID) & (settled == 0)
    paid_back = ~unpaid & ((lot < _UNPAID + _PAID_BACK) | all_cancelled)
    lost = ~unpaid & ~paid_back & (lot < _UNPAID + _PAID_BACK + _LOST)
    # What is aborted or has a line that changes is paid on the day, so that these follow the payment.
    late = uniform(bits(shop.seed, "order.late", order_id)) < _PAID_NEXT_DAY
    paid = np.where(unpaid, -1, late & (settled == 0) & ~paid_back)
    soon = below(bits(shop.seed, "order.aborted", order_id), 3)
    aborted = np.where(unpaid | paid_back, np.where(settled > 0, settled + 1, soon), np.where(lost, LONGEST_WAY, -1))

    # Shipped when it is paid for and its lines are settled, or the day after; on the way for at least a night.
    way = 1 + _WAYS[carriers(shop, order_id), bits(shop.seed, "delivery.way", order_id) >> np.uint64(48)]
    ready = np.maximum(paid, np.where(settled > 0, settled + 1, 0))
    rest = below(bits(shop.seed, "delivery.shipped", order_id), 2)
    shipped = ready + np.minimum(rest, np.maximum(way - ready - 1, 0))
    delivered = np.maximum(way, shipped + 1)
    on_its_way = ~unpaid & ~paid_back
    return Orders(
        order_id=order_id,
        client=client,
        ordered_at=ordered_at,
        amount=amount,
        paid=paid.astype(np.int8),
        shipped=np.where(on_its_way, shipped, -1).astype(np.int8),
        delivered=np.where(on_its_way & ~lost, delivered, -1).astype(np.int8),
        aborted=aborted.astype(np.int8),
        settled=settled.astype(np.int8),
    )


def _rows(sales, quantity, updated_at, rule, was, *, new=False, deleted=False, repaired=False):
    """Rows of raw.sale: the sales with the given quantity and time; rule as in Sales, applied to the columns."""
    count = len(sales.sale_id)
    deletes = np.full(count, deleted)
    guest = sales.client < 0
    sold_at = sales.sold_at + np.choose(rule, [0, 0, 0, 0, 0, 0, CENTURIES, -CENTURIES, 0])
    pieces = np.where(rule == 1, 0, quantity + np.where(rule == 8, TOO_MANY, 0))
    table = pa.table(
        {
            "sale_id": sales.sale_id,
            "order_id": pa.array(sales.order_id, mask=rule == 4),
            "sold_at": pa.array(sold_at, mask=rule == 5).cast(TIMESTAMP),
            "client_id": pa.array(sales.client, mask=guest),
            "product_id": pa.array(sales.product_id, pa.int64(), mask=rule == 3),
            "quantity": pa.array(pieces, pa.int32(), mask=rule == 2),
            "unit_price": roubles(sales.unit_price, 12),
            "amount": roubles(sales.unit_price * quantity, 14),
            "updated_at": pa.array(updated_at).cast(TIMESTAMP),
            "is_deleted": deletes,
        }
    )
    return Rows(
        entity="sale",
        table=table,
        new=count if new else 0,
        rules=RULES,
        rule=rule,
        was=was.astype(np.int64),
        now=np.where(deletes | (rule > 0), 0, quantity).astype(np.int64),
        repaired=np.full(count, repaired),
        warnings=WARNINGS,
        warned=guest.astype(np.int16),
    )


def chunks(shop, day):
    """Yields the Rows of raw.sale written on a day: its sales, then changes of those of one to three days before."""
    made = made_on(shop, day)
    written = made.sold_at + below(bits(shop.seed, "sale.written", made.sale_id), 120 * MICROSECONDS)
    yield _rows(made, made.quantity, written, made.rule, np.zeros_like(made.quantity), new=True)
    parts = []
    for ago in range(1, min(LONGEST_DELAY, day) + 1):
        earlier = made_on(shop, day - ago)
        for fate in (_BAD, _CORRECTED, CANCELLED):
            sales = earlier.where((earlier.delay == ago) & (earlier.fate == fate))
            good = np.zeros(len(sales.sale_id), dtype=np.int8)
            was = good if fate == _BAD else sales.quantity
            updated_at = shop.time("sale", sales.sale_id, day)
            parts.append(
                _rows(
                    sales,
                    sales.corrected_quantity,
                    updated_at,
                    good,
                    was,
                    deleted=fate == CANCELLED,
                    repaired=fate == _BAD,
                )
            )
    if parts:
        yield joined(parts)
