"""Categories: a tree of three levels, whose names and places are revised."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.lifecycle import Lifecycle, Rota
from generator.rows import TIMESTAMP

LIFECYCLE = Lifecycle(
    entity="category",
    rules=("name_missing", "parent_is_itself"),
    change=Rota("category.change", 61),
    breakage=Rota("category.breakage", 97),
)
WARNINGS = ("parent_unknown",)
# No category has this number.
UNKNOWN = 999
_HERE = 0

# Name, parent, the name that it has at times, the parent that it has at times. A leaf is named as the product's
# category is.
TREE = (
    ("Одежда", _HERE, "Одежда для всех", _HERE),
    ("Обувь и аксессуары", _HERE, "Обувь, сумки, шапки", _HERE),
    ("Верх", 1, "Верх на каждый день", 1),
    ("Низ", 1, "Низ на каждый день", 1),
    ("Платья и сарафаны", 1, "Женская одежда", 1),
    ("Верхняя одежда", 1, "Зима и осень", 1),
    ("Для ног", 2, "Обувь и носки", 2),
    ("Аксессуары", 2, "Мелочи", 2),
    ("Футболки", 3, "Футболки и майки", 3),
    ("Рубашки", 3, "Рубашки и блузы", 5),
    ("Платья", 5, "Платья на выход", 1),
    ("Юбки", 4, "Юбки и юбки-брюки", 5),
    ("Джинсы", 4, "Деним", 4),
    ("Брюки", 4, "Брюки и шорты", 4),
    ("Свитеры", 3, "Трикотаж", 6),
    ("Куртки", 6, "Куртки и пальто", 6),
    ("Обувь", 7, "Обувь на все сезоны", 2),
    ("Носки", 7, "Носки и гольфы", 8),
    ("Шапки и шарфы", 8, "Головные уборы и шарфы", 6),
    ("Сумки и ремни", 8, "Сумки, рюкзаки, ремни", 8),
    # No product has it, and its parent is wrong at first.
    ("Подарочные карты", UNKNOWN, "Подарки", 8),
)
_NAMES = pa.array([words for name, _, other, _ in TREE for words in (name, other)])
_PARENTS = np.array([parents for _, parent, _, other in TREE for parents in (parent, other)])
# Whether a category has its other name and its other parent, by the number of changes so far, for those that are only
# renamed, those that are renamed and then moved, and those that are moved and then renamed.
_RENAMED = np.array([[0, 1, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1]])
_MOVED = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]])
_KIND = np.array([0 if parent == other else 2 - number % 2 for number, (_, parent, _, other) in enumerate(TREE)])


def leaf(name):
    """The number of the category that a product's category names."""
    return 1 + [words for words, *_ in TREE].index(name)


def changes(_shop, ids):
    """A mask of the ids that change at their turns: all."""
    return np.ones(len(ids), dtype=bool)


def _state(states):
    """Which of its two names and of its two parents each category has."""
    place = states.ids - 1
    turn = _KIND[place], states.version % _RENAMED.shape[1]
    return 2 * place + _RENAMED[turn], 2 * place + _MOVED[turn]


def value(_shop, states):
    """Name and parent of each category as one number from 1 (int64)."""
    name, parent = _state(states)
    return 1 + name * len(_PARENTS) + parent


def in_place(_shop, states):
    """Nothing of a category is written in place."""
    return np.zeros(len(states.ids), dtype=np.int64)


def warned(_shop, states):
    """For each category, which of WARNINGS its row earns, as bits."""
    return (_PARENTS[_state(states)[1]] == UNKNOWN).astype(np.int16)


def table(_shop, states, updated_at, deleted):
    """Rows of raw.category: an Arrow table of ids in their states; updated_at in microseconds since 1970 UTC."""
    ids = states.ids
    name, parent = _state(states)
    parents = np.where(states.rule == 2, ids, _PARENTS[parent])
    blank = pa.array([None, ""]).take(pa.array(ids % 2))
    return pa.table(
        {
            "category_id": ids,
            "name": pc.if_else(pa.array(states.rule == 1), blank, _NAMES.take(pa.array(name))),
            "parent_category_id": pa.array(parents, mask=parents == _HERE),
            "updated_at": pa.array(updated_at, pa.int64()).cast(TIMESTAMP),
            "is_deleted": deleted,
        }
    )
