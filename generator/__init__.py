"""Synthetic data of an online clothing shop, as its sources would write it into the raw layer day by day.

``day(shop, date)`` is a pure function: the same shop and date give the same rows, whatever was asked for before.
"""

from itertools import chain

from generator import catalogue, people, registry, rows, sales
from generator.shop import GeneratorError, Shop

ENTITIES = ("client", "product", "sale")

__all__ = ["ENTITIES", "GeneratorError", "Shop", "chunks", "day"]


def day(shop, date):
    """The rows written on a local day (Europe/Moscow), as three ``rows.Rows``: clients, products, sales.

    The opening day holds all the clients and products the shop opens with, updated the day before. Every other time
    lies within the day. Raises GeneratorError for a date before the opening or an unknown locale.
    """
    return tuple(rows.joined(chunks(shop, date, [entity])) for entity in ENTITIES)


def chunks(shop, date, entities=ENTITIES):
    """The same rows in the same order as an iterator of ``rows.Rows``, each chunk made when it is asked for.

    Every entity has a chunk, if an empty one. The rows of a chunk are all new, or none is.
    """
    number = shop.day_number(date)
    return chain.from_iterable(_chunks(shop, number, entity) for entity in entities)


def _chunks(shop, number, entity):
    if entity == "sale":
        return sales.chunks(shop, number)
    return registry.chunks(shop, {"client": people, "product": catalogue}[entity], number)
