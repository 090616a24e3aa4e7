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
    return tuple(rows.joined(parts) for parts in _entities(shop, shop.day_number(date)))


def chunks(shop, date):
    """The same rows in the same order as an iterator of ``rows.Rows``, each chunk made when it is asked for.

    Every entity has a chunk, if an empty one. The rows of a chunk are all new, or none is.
    """
    return chain.from_iterable(_entities(shop, shop.day_number(date)))


def _entities(shop, number):
    yield registry.chunks(shop, people, number)
    yield registry.chunks(shop, catalogue, number)
    yield sales.chunks(shop, number)
