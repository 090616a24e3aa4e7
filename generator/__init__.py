"""Synthetic data of an online clothing shop, as its sources would write it into the raw layer day by day.

``day(shop, date)`` is a pure function: the same shop and date give the same rows, whatever was asked for before.
"""

from functools import partial
from itertools import chain

from generator import catalogue, categories, deliveries, orders, payments, people, registry, returns, rows, sales
from generator.shop import GeneratorError, Shop

_CHUNKS = {
    "category": partial(registry.chunks, register=categories),
    "client": partial(registry.chunks, register=people),
    "product": partial(registry.chunks, register=catalogue),
    "sales_order": orders.chunks,
    "sale": sales.chunks,
    "payment": payments.chunks,
    "delivery": deliveries.chunks,
    "sale_return": returns.chunks,
}
ENTITIES = tuple(_CHUNKS)

__all__ = ["ENTITIES", "GeneratorError", "Shop", "chunks", "day"]


def day(shop, date):
    """The rows written on a local day (Europe/Moscow), as one ``rows.Rows`` for each of ENTITIES.

    The opening day holds all the categories, clients and products the shop opens with, updated the day before. Every
    other time lies within the day. Raises GeneratorError for a date before the opening or an unknown locale.
    """
    return tuple(rows.joined(chunks(shop, date, [entity])) for entity in ENTITIES)


def chunks(shop, date, entities=ENTITIES):
    """The same rows in the same order as an iterator of ``rows.Rows``, each chunk made when it is asked for.

    Every entity has a chunk, if an empty one. The rows of a chunk are all new, or none is.
    """
    number = shop.day_number(date)
    return chain.from_iterable(_CHUNKS[entity](shop, number) for entity in entities)
