"""Sales: who buys on a day, what, and what happens to a sale in the days after it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from generator import people
from generator.hashing import below, bits, pick, uniform, weighted
from generator.rows import TIMESTAMP, Rows, joined
from generator.shop import IDS_A_DAY, MICROSECONDS, GeneratorError

RULES = (
    "quantity_zero",
    "quantity_missing",
    "product_missing",
    "order_missing",
    "sold_at_missing",
)
LONGEST_DELAY = 3

_CHUNK = 1 << 19
_WEEKDAY_PERCENT, _WEEKEND_PERCENT = 1, 5
_RATE_SHAPE = 0.5
_POPULARITY_SLOPE = 0.65
_LINES = weighted([12, 9, 7, 4, 1, 1, 1, 1])
_UNITS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12], dtype=np.int32)
_UNIT = weighted([45, 23, 14, 7, 3, 2, 1, 2, 2, 1])
_HOUR = weighted([2, 1, 1, 1, 1, 2, 3, 5, 8, 11, 14, 17, 19, 16, 14, 13, 14, 17, 20, 18, 15, 12, 8, 4])
_REDRAWS = 20

# Of every thousand sales in a row, these meet these fates; the others stay as they are.
_FATES = np.repeat(np.array([0, 1, 2, 3], dtype=np.int8), [970, 5, 10, 15])
_BAD, _CORRECTED, _CANCELLED = 1, 2, 3
_STRIDE = 389  # Coprime to a thousand: neighbours differ in fate.
_NEVER = 0
_REPAIR_DELAYS = np.array([1, 2, 1, 2, 1, 2, _NEVER])
_RULE = weighted([4, 2, 1, 1, 1])


def _gamma_quantiles(shape, size=1 << 16):
    """Quantiles of the gamma distribution at the middles of ``size`` equal shares, by integration of its density."""
    edges = np.geomspace(1e-14, 60, 400_001)
    middles = (edges[1:] + edges[:-1]) / 2
    mass = np.cumsum(middles ** (shape - 1) * np.exp(-middles) * np.diff(edges))
    return np.interp((np.arange(size) + 0.5) / size, mass / mass[-1], middles)


@dataclass(frozen=True)
class Sales:
    """The sales of one day as they were made, as arrays of one length in the order of sale_id.

    sold_at, updated_at: microseconds since 1970 UTC. fate: 0 none, 1 bad at first, 2 corrected later, 3 cancelled
    later. delay: days until the repair, correction or cancellation (0: a bad row that is never repaired). rule: 0, or
    1 + the index in RULES of the rule that the bad row fails.
    """

    sale_id: np.ndarray
    order_id: np.ndarray
    sold_at: np.ndarray
    updated_at: np.ndarray
    client_id: np.ndarray
    product_id: np.ndarray
    quantity: np.ndarray
    fate: np.ndarray
    delay: np.ndarray
    rule: np.ndarray

    def where(self, mask):
        """The sales that a mask selects."""
        return Sales(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def _clients(shop, day):
    """How many clients the shop has at the end of a day, signed up and not deleted, and keys to draw them by.

    The keys (float64, one an id from 1, infinite where deleted) are exponential variables over the clients' own
    rates: the clients with the lowest ones are a weighted draw without return.
    """
    total = shop.total("client", day)
    keys = np.empty(total)
    active = 0
    rates = _gamma_rates()
    for start in range(0, total, _CHUNK):
        ids = np.arange(start + 1, min(start + _CHUNK, total) + 1)
        rate = pick(rates, bits(shop.seed, "client.rate", ids))
        part = -np.log(uniform(bits(shop.seed, "sale.race", ids, day))) / rate
        gone = people.LIFECYCLE.removed(shop.seed, ids, shop.born("client", ids, day)) <= day
        part[gone] = np.inf
        active += len(ids) - int(gone.sum())
        keys[start : start + len(ids)] = part
    return active, keys


@lru_cache(maxsize=1)
def _gamma_rates():
    return _gamma_quantiles(_RATE_SHAPE)


@lru_cache(maxsize=LONGEST_DELAY + 1)
def buyers(shop, day):
    """Who buys on a day: exactly 1 % of the day's clients, 5 % on Saturday and Sunday, a half rounded up.

    Returns (clients, ids): the number of clients at the end of the day and the ids, ascending, of those who buy.
    """
    clients, keys = _clients(shop, day)
    percent = _WEEKEND_PERCENT if shop.date(day).weekday() >= 5 else _WEEKDAY_PERCENT
    count = (clients * percent + 50) // 100
    return clients, np.sort(np.argpartition(keys, count)[:count]) + 1


@lru_cache(maxsize=8)
def _popularity(shop, day):
    """Cumulative weights of the products on sale: a power law of the rank that falls off at its end."""
    on_sale = shop.total("product", max(day - 1, 0))
    place = uniform(bits(shop.seed, "product.popularity", np.arange(1, on_sale + 1)))
    return np.cumsum(place**-_POPULARITY_SLOPE * np.sqrt(1 - place))


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


@lru_cache(maxsize=LONGEST_DELAY + 1)
def made_on(shop, day):
    """The Sales made on a day. Raises GeneratorError where a day has more lines than ids."""
    start, end = shop.bounds(day)
    _, client = buyers(shop, day)
    hour = pick(_HOUR, bits(shop.seed, "sale.hour", client, day)) + uniform(bits(shop.seed, "sale.minute", client, day))
    sold_at = start + (hour / 24 * (end - start)).astype(np.int64) // MICROSECONDS * MICROSECONDS
    sold_at = np.minimum(sold_at, end - 300 * MICROSECONDS)
    newcomer = client > shop.total("client", max(day - 1, 0))
    # Nobody buys before signing up.
    sold_at[newcomer] = np.maximum(sold_at[newcomer], shop.time("client", client[newcomer], day))
    by_time = np.argsort(sold_at, kind="stable")
    client, sold_at = client[by_time], sold_at[by_time]

    order_id = (day + 1) * IDS_A_DAY + 1 + np.arange(len(client))
    lines = np.minimum(
        1 + pick(_LINES, bits(shop.seed, "order.lines", order_id)), shop.total("product", max(day - 1, 0))
    )
    order = np.repeat(np.arange(len(client)), lines)
    if len(order) >= IDS_A_DAY:
        raise GeneratorError(
            f"{len(order)} sales on {shop.date(day)} are more than the {IDS_A_DAY} ids of a day: lower --clients"
        )
    sale_id = (day + 1) * IDS_A_DAY + 1 + np.arange(len(order))
    product = _products(shop, day, order, sale_id)
    kept = product > 0
    sale_id, order, product = sale_id[kept], order[kept], product[kept]

    number = np.arange(len(sale_id)) * _STRIDE + below(bits(shop.seed, "sale.fate", day), len(_FATES))
    fate = _FATES[number % len(_FATES)]
    bad = fate == _BAD
    repair = _REPAIR_DELAYS[below(bits(shop.seed, "sale.repair", sale_id), len(_REPAIR_DELAYS))]
    later = 1 + below(bits(shop.seed, "sale.delay", sale_id), LONGEST_DELAY)
    return Sales(
        sale_id=sale_id,
        order_id=order_id[order],
        sold_at=sold_at[order],
        updated_at=sold_at[order] + below(bits(shop.seed, "sale.written", sale_id), 120 * MICROSECONDS),
        client_id=client[order],
        product_id=product,
        quantity=np.take(_UNITS, pick(_UNIT, bits(shop.seed, "sale.units", sale_id))),
        fate=fate,
        delay=np.where(bad, repair, later).astype(np.int8),
        rule=np.where(bad, 1 + pick(_RULE, bits(shop.seed, "sale.rule", sale_id)), 0).astype(np.int8),
    )


def _rows(sales, quantity, updated_at, rule, was, *, new=False, deleted=False, repaired=False):
    """Rows of raw.sale: the sales with the given quantity and time; rule as in Sales, applied to the columns."""
    count = len(sales.sale_id)
    deletes = np.full(count, deleted)
    table = pa.table(
        {
            "sale_id": sales.sale_id,
            "order_id": pa.array(sales.order_id, mask=rule == 4),
            "sold_at": pa.array(sales.sold_at, mask=rule == 5).cast(TIMESTAMP),
            "client_id": sales.client_id,
            "product_id": pa.array(sales.product_id, mask=rule == 3),
            "quantity": pa.array(np.where(rule == 1, 0, quantity), pa.int32(), mask=rule == 2),
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
        was=was,
        now=np.where(deletes | (rule > 0), 0, quantity),
        repaired=np.full(count, repaired),
    )


def chunks(shop, day):
    """Yields the Rows of raw.sale written on a day: its sales, then what befalls those of one to three days before."""
    made = made_on(shop, day)
    yield _rows(made, made.quantity, made.updated_at, made.rule, np.zeros_like(made.quantity), new=True)
    parts = []
    for ago in range(1, min(LONGEST_DELAY, day) + 1):
        earlier = made_on(shop, day - ago)
        for fate in (_BAD, _CORRECTED, _CANCELLED):
            sales = earlier.where((earlier.delay == ago) & (earlier.fate == fate))
            good = np.zeros(len(sales.sale_id), dtype=np.int8)
            quantity, was = sales.quantity, sales.quantity
            if fate == _BAD:
                was = good
            elif fate == _CORRECTED:
                quantity = np.where(quantity == 1, 2, quantity - 1)
            updated_at = shop.time("sale", sales.sale_id, day)
            parts.append(
                _rows(sales, quantity, updated_at, good, was, deleted=fate == _CANCELLED, repaired=fate == _BAD)
            )
    if parts:
        yield joined(parts)
