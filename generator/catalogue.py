"""Products: stock-keeping units of a clothing shop, four sizes (or colours) a model, with prices that are revised."""

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator import categories
from generator.hashing import below, bits, pick, uniform, weighted
from generator.lifecycle import Lifecycle, Rota
from generator.rows import TIMESTAMP, roubles
from generator.shop import MICROSECONDS

LIFECYCLE = Lifecycle(
    entity="product",
    rules=("name_missing", "price_missing", "price_negative"),
    change=Rota("product.change", 60),
    breakage=Rota("product.breakage", 1_000),
    review=Rota("product.review", 5),
)
WARNINGS = ("category_unknown", "stock_negative")
# One product in so many has a category that does not exist; one count of the stock in so many is below zero.
_UNKNOWN_CATEGORY, _NEGATIVE_STOCK = 500, 300
_FULL_STOCK = 200
# What is there on the opening day was listed within these days before it.
_EARLIER_DAYS = 2 * 365
_DAY = 86_400 * MICROSECONDS

LETTERS = ("XS", "S", "M", "L", "XL", "XXL")
WAISTS = tuple(str(size) for size in range(26, 39))
SHOES = tuple(str(size) for size in range(36, 47))
SOCKS = ("35-37", "38-40", "41-43", "44-46")
ONE_SIZE = ("one size",)

# Category: share of the models, lowest and highest price in roubles, sizes, kinds of garment, what they are made of.
CATEGORIES = {
    "Футболки": (16, 590, 2_500, LETTERS, ("Футболка", "Лонгслив", "Майка"), ("из хлопка", "с принтом", "в полоску")),
    "Рубашки": (9, 1_500, 5_000, LETTERS, ("Рубашка", "Блуза", "Сорочка"), ("из льна", "из хлопка", "в клетку")),
    "Платья": (12, 1_900, 9_000, LETTERS, ("Платье", "Сарафан"), ("из вискозы", "из шёлка", "в горошек")),
    "Юбки": (6, 1_200, 5_000, LETTERS, ("Юбка", "Юбка-брюки"), ("из денима", "в складку", "из вельвета")),
    "Джинсы": (
        10,
        2_500,
        8_000,
        WAISTS,
        ("Джинсы", "Джинсы-клёш"),
        ("из денима", "с потёртостями", "с высокой посадкой"),
    ),
    "Брюки": (8, 1_900, 7_000, LETTERS, ("Брюки", "Леггинсы", "Шорты"), ("из хлопка", "из шерсти", "с карманами")),
    "Свитеры": (9, 1_900, 9_000, LETTERS, ("Свитер", "Джемпер", "Кардиган"), ("из шерсти", "из кашемира", "с узором")),
    "Куртки": (6, 4_500, 20_000, LETTERS, ("Куртка", "Пальто", "Пуховик"), ("с капюшоном", "на молнии", "из шерсти")),
    "Обувь": (8, 2_900, 14_000, SHOES, ("Кроссовки", "Ботинки", "Туфли"), ("из кожи", "из замши", "на платформе")),
    "Носки": (6, 190, 700, SOCKS, ("Носки", "Гольфы"), ("из хлопка", "с рисунком", "из шерсти")),
    "Шапки и шарфы": (5, 590, 3_500, ONE_SIZE, ("Шапка", "Шарф", "Берет"), ("из шерсти", "из кашемира", "с помпоном")),
    "Сумки и ремни": (5, 900, 9_000, ONE_SIZE, ("Сумка", "Рюкзак", "Ремень"), ("из кожи", "из текстиля", "с пряжкой")),
}
# With the punctuation that joins them to a name such as ``Шарф из шерсти «Ладога», цвет синий``.
_COLLECTIONS = pa.array(
    [
        f" «{word}», цвет "
        for word in (
            "Север",
            "Ладога",
            "Байкал",
            "Нева",
            "Волга",
            "Онега",
            "Арбат",
            "Алтай",
            "Карелия",
            "Рассвет",
            "Метель",
            "Полёт",
            "Маяк",
            "Весна",
            "Комета",
            "Янтарь",
            "Родник",
            "Звезда",
            "Искра",
            "Тайга",
        )
    ]
)
_COLOURS = pa.array(
    ["чёрный", "белый", "серый", "синий", "красный", "зелёный", "бежевый", "коричневый", "бордовый", "хаки", "голубой"]
)
_MODEL = 4
_REVISED_PRICES = 8


def _price_ladder():
    """Shelf prices in roubles, about 4 % apart, ascending: of every four, two end in 9, one in 5 and one in 0."""
    prices = []
    rung = 19.0
    while rung < 4_000:
        ten = int(rung) if not prices else max(int(rung), prices[-1] // 10 + 1)
        prices.append(ten * 10 + (9, 5, 9, 0)[len(prices) % 4])
        rung *= 1.04
    return np.array(prices, dtype=np.int64)


_LADDER = _price_ladder()
_SHARES, _LOWEST, _HIGHEST, _SIZES, _KINDS, _DETAILS = zip(*CATEGORIES.values(), strict=True)
_CATEGORY = weighted(_SHARES)
_CATEGORY_NAMES = pa.array(list(CATEGORIES))
_CATEGORY_IDS = np.array([categories.leaf(name) for name in CATEGORIES])
_RUNG_START = np.searchsorted(_LADDER, _LOWEST)
# Whole fours of rungs, so that each price ending has its share in every category.
_RUNG_COUNT = (np.searchsorted(_LADDER, _HIGHEST) - _RUNG_START - _REVISED_PRICES) // 4 * 4


def _flat(lists):
    """All words of a list a category as one Arrow array, where each category's words start, and how many they are."""
    counts = np.array([len(words) for words in lists])
    return pa.array([word for words in lists for word in words]), np.cumsum(counts) - counts, counts


_SIZE_WORDS = _flat(_SIZES)
_GARMENT_WORDS = _flat(
    [
        [f"{kind} {detail}" for kind in kinds for detail in details]
        for kinds, details in zip(_KINDS, _DETAILS, strict=True)
    ]
)


def _word(flat, category, number):
    words, start, count = flat
    return words.take(pa.array(start[category] + number % count[category]))


def changes(_shop, ids):
    """A mask of the ids whose price changes at their turns: all."""
    return np.ones(len(ids), dtype=bool)


def _model(shop, ids):
    """The model of each SKU, its place among the model's SKUs, and the model's category as an index."""
    model, place = np.divmod(ids - 1, _MODEL)
    return model, place, pick(_CATEGORY, bits(shop.seed, "product.category", model))


def list_price(shop, ids, version):
    """The price of each id in whole roubles after ``version`` revisions (int64)."""
    model, _, category = _model(shop, ids)
    rung = _RUNG_START[category] + (uniform(bits(shop.seed, "product.price", model)) * _RUNG_COUNT[category]).astype(
        np.int64
    )
    # Walks within eight rungs by a step that is no whole turn: a revised price differs from the one before.
    step = 1 + below(bits(shop.seed, "product.step", ids), _REVISED_PRICES - 1)
    moved = below(bits(shop.seed, "product.moved", model), _REVISED_PRICES) + step * version
    return _LADDER[rung + moved % _REVISED_PRICES]


@lru_cache(maxsize=2)
def _prices(shop, day):
    """Of all products at the end of the day before: the price then, the price a day later, and when it is revised."""
    eve = max(day - 1, 0)
    ids = np.arange(1, shop.total("product", eve) + 1)
    born = shop.born("product", ids, eve)
    before, after = (list_price(shop, ids, LIFECYCLE.change.count(shop.seed, ids, born, when)) for when in (eve, day))
    return before, after, shop.time("product", ids, day)


def price_at(shop, day, ids, at):
    """The list price of each id in whole roubles at a moment (microseconds since 1970 UTC) of a day.

    Those ids have one that were listed before the day, on the opening day all.
    """
    before, after, revised = (prices[ids - 1] for prices in _prices(shop, day))
    return np.where(revised <= at, after, before)


def value(shop, states):
    """What of each product moves and makes a version, its price, as a number from 1 (int64)."""
    return list_price(shop, states.ids, states.version)


def in_place(shop, states):
    """Pieces in stock of each product as of the last count (int64)."""
    counted = bits(shop.seed, "product.stock", states.ids, states.reviewed)
    pieces = below(counted, _FULL_STOCK)
    return np.where(_miscounted(shop, states), -1 - pieces % 3, pieces)


def _miscounted(shop, states):
    return below(bits(shop.seed, "product.miscounted", states.ids, states.reviewed), _NEGATIVE_STOCK) == 0


def _has_no_category(shop, ids):
    return below(bits(shop.seed, "product.unknown_category", ids), _UNKNOWN_CATEGORY) == 0


def warned(shop, states):
    """For each product, which of WARNINGS its row earns, as bits."""
    return _has_no_category(shop, states.ids) | _miscounted(shop, states).astype(np.int16) << 1


def _created(shop, ids, born):
    """When each product was listed: microseconds since 1970 UTC."""
    # In the moment of the first row, or whole days before the opening. Sizes of a model are listed together.
    earlier = below(bits(shop.seed, "product.earlier", (ids - 1) // _MODEL), _EARLIER_DAYS)
    return shop.time("product", ids, np.where(born == 0, -1, born)) - np.where(born == 0, earlier, 0) * _DAY


def table(shop, states, updated_at, deleted):
    """Rows of raw.product: an Arrow table of ids in their states; updated_at in microseconds since 1970 UTC."""
    ids = states.ids
    model, place, category = _model(shop, ids)
    garment, collection, colour, size = (
        below(bits(shop.seed, f"product.{part}", model), 1 << 16)
        for part in ("garment", "collection", "colour", "size")
    )
    # What comes in one size comes in several colours instead.
    colour = colour + np.where(_SIZE_WORDS[2][category] == 1, place, 0)
    garment = _word(_GARMENT_WORDS, category, garment)
    collection = _COLLECTIONS.take(pa.array(collection % len(_COLLECTIONS)))
    colour = _COLOURS.take(pa.array(colour % len(_COLOURS)))
    size = _word(_SIZE_WORDS, category, size + place)
    missing, odd = states.rule == 1, ids % 2 == 1
    name = pc.if_else(
        pa.array(missing),
        pa.array([None, ""]).take(pa.array(odd.astype(np.int8))),
        pc.binary_join_element_wise(garment, collection, colour, ""),
    )
    description = (garment, ". Коллекция", collection, colour, ", размер ", size)
    price = np.where(states.rule == 3, -1, 1) * list_price(shop, ids, states.version)
    return pa.table(
        {
            "product_id": ids,
            "name": name,
            "category": _CATEGORY_NAMES.take(pa.array(category)),
            "size": size,
            "price": roubles(price * 100, 12, states.rule == 2),
            "description": pc.binary_join_element_wise(*description, ""),
            "category_id": np.where(_has_no_category(shop, ids), categories.UNKNOWN, _CATEGORY_IDS[category]),
            "stock_quantity": pa.array(in_place(shop, states), pa.int32()),
            "created_at": pa.array(_created(shop, ids, states.born), pa.int64()).cast(TIMESTAMP),
            "updated_at": pa.array(updated_at, pa.int64()).cast(TIMESTAMP),
            "is_deleted": deleted,
        }
    )
