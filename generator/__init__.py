"""Synthetic data of an online clothing shop, as its sources would write it into the raw layer day by day.

``day(shop, date)`` is a pure function: the same shop and date give the same rows, whatever was asked for before.
"""

from generator import catalogue, people, registry, sales
from generator.shop import GeneratorError, Shop

ENTITIES = ("client", "product", "sale")

__all__ = ["ENTITIES", "GeneratorError", "Shop", "day"]


def day(shop, date):
    """The rows written on a local day (Europe/Moscow), as three ``rows.Rows``: clients, products, sales.

    The opening day holds all the clients and products the shop opens with, updated the day before. Every other time
    lies within the day. Raises GeneratorError for a date before the opening or an unknown locale.
    """
    number = shop.day_number(date)
    return registry.rows(shop, people, number), registry.rows(shop, catalogue, number), sales.rows(shop, number)
