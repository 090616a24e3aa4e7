"""Random histories of a small shop: after every build a mart equals the reference model's, the whole table compared.

States come in any order and in any number of loads: lines before their orders, categories after products, corrections,
deletions, keys that come back, orders that move to another month, region, channel or client. TSHOP_HISTORIES says how
many histories are tried, a test.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import tally
from tests.reference_marts import KEYS, MARTS, STATES, Shop, State, day_of, month_of, week_of
from tests.reference_model import Row
from tests.test_properties import Script, literal, script  # noqa: F401

EXAMPLES = int(os.environ.get("TSHOP_HISTORIES", "10"))
PROPERTY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
LONG_TIMEOUT = pytest.mark.timeout(300 + 10 * EXAMPLES)
COUNTS = ("read", "inserted", "corrected", "deleted", "unchanged", "rejected")
# The period of an order by which a mart is grouped, and the entities that it is made from.
PERIODS = {
    "user_sales": (month_of, {"client", "sales_order"}),
    "product_sales": (month_of, {"category", "product", "sale", "sales_order"}),
    "region_sales": (week_of, {"product", "sale", "sales_order"}),
    "daily_sales": (day_of, {"product", "sale", "sales_order", "payment", "sale_return"}),
    "category_tree": (None, {"category"}),
    "carrier_delivery": (None, {"delivery"}),
}


def utc(*numbers: int) -> datetime:
    """A moment in UTC."""
    return datetime(*numbers, tzinfo=UTC)


# --- what sources do --------------------------------------------------------------------------------------------------


class Put(NamedTuple):
    """A state that a source writes."""

    entity: str
    row: Row

    @property
    def key(self) -> int:
        return self.row.key

    def sql(self) -> str:
        columns = (KEYS[self.entity], *self.row.state._fields, "updated_at", "is_deleted")
        at = "infinity" if self.row.updated_at is None else self.row.updated_at
        values = (self.row.key, *self.row.state, at, self.row.is_deleted)
        return (
            f"INSERT INTO raw.{self.entity} ({', '.join(columns)}) VALUES ({', '.join(map(literal, values))}) "
            f"ON CONFLICT ({columns[0]}) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
            + ";"
        )

    def tell(self, shop: Shop) -> None:
        shop.put(self.entity, self.row)


class Remove(NamedTuple):
    """A row that a source deletes."""

    entity: str
    key: int

    def sql(self) -> str:
        return f"DELETE FROM raw.{self.entity} WHERE {KEYS[self.entity]} = {self.key};"

    def tell(self, shop: Shop) -> None:
        shop.remove(self.entity, self.key)


class Redeliver(NamedTuple):
    """A source that deletes all its rows and writes them again, in one transaction."""

    entity: str

    def sql(self) -> str:
        columns = ", ".join((KEYS[self.entity], *STATES[self.entity]._fields, "updated_at", "is_deleted"))
        return (
            f"BEGIN; CREATE TEMP TABLE again ON COMMIT DROP AS SELECT {columns} FROM raw.{self.entity}; "
            f"DELETE FROM raw.{self.entity}; INSERT INTO raw.{self.entity} ({columns}) TABLE again; COMMIT;"
        )

    def tell(self, shop: Shop) -> None:
        rows = list(shop.raw[self.entity].values())
        for row in rows:
            shop.remove(self.entity, row.key)
        for row in rows:
            shop.put(self.entity, row)


class Forget(NamedTuple):
    """A person who asks to be forgotten."""

    client_id: int

    def sql(self) -> str:
        return f"CALL dds.forget_client({self.client_id});"

    def tell(self, shop: Shop) -> None:
        shop.forget(self.client_id)


Change = Put | Remove | Redeliver | Forget


class Round(NamedTuple):
    """What happens in turn: changes, then loads of some entities, then some builds, then an audit, or none."""

    changes: list[Change]
    loads: list[str]
    builds: list[str]
    is_audited: bool


# Midnights of Moscow at which a day, a week or a month begins, and what lies just before; one of the years in which
# Moscow was four hours ahead.
ORDERED = [
    utc(2025, 2, 28, 20, 59, 59, 999_999),
    utc(2025, 2, 28, 21),
    utc(2025, 2, 28, 21),
    utc(2025, 3, 2, 20, 59, 59),
    utc(2025, 3, 2, 21),
    utc(2025, 3, 31, 20, 59, 59),
    utc(2025, 3, 31, 21),
    utc(2024, 12, 31, 21),
    utc(2012, 6, 30, 20, 30),
]
# Few, so that ties and late states are frequent; two are times of orders.
UPDATED = [
    utc(2012, 1, 1),
    utc(2025, 1, 15),
    utc(2025, 2, 28, 21),
    utc(2025, 3, 2, 21),
    utc(2025, 3, 10),
    utc(2025, 4, 2),
]
IMPLAUSIBLE = [None, utc(2999, 1, 1)]
PERIODS_OF_DELIVERY = [
    timedelta(0),
    timedelta(microseconds=1),
    # Half of a hundredth of a day.
    timedelta(seconds=432),
    timedelta(hours=36),
    timedelta(days=9),
]
NUMBERS = {
    "category": [1, 2, 3],
    "client": [1, 2],
    "product": [1, 2, 3],
    "sale": [1, 2, 3, 4, 5],
    "sales_order": [1, 1, 2, 3],
    "payment": [1, 2, 3],
    "delivery": [1, 2],
    "sale_return": [1, 2, 3],
}
AMOUNTS = [Decimal(text) for text in ("10.00", "10.01", "0.00", "33.33", "-3.35", "999999999999.99")]


# Two texts that are one by their first 200 characters.
LONG = ["д" * 200 + "1", "д" * 200 + "2"]


def one_of(*values: object) -> st.SearchStrategy:
    """One of these values."""
    return st.sampled_from(values)


# What each column may hold; what is there twice is frequent, so that states meet in groups.
VALUES: dict[str, dict[str, st.SearchStrategy]] = {
    "category": {
        "name": one_of("Верх", "Верх", "Низ", "Одежда", " Верх", *LONG),
        "parent_category_id": one_of(None, 1, 2, 3, 99),
    },
    "client": {
        "first_name": one_of("Анна", "Яна"),
        "last_name": st.just("Иванова"),
        "birth_date": one_of(None, date(2000, 2, 29)),
        "email": one_of(None, "anna@example.org"),
        "phone": st.none(),
        "loyalty_status": one_of("Gold", "Gold", "Basic", None, "\u00a0", "Diamond", "Unknown", *LONG),
        "region": one_of(None, "North"),
        "registered_at": st.none(),
    },
    "product": {
        "name": one_of("Куртка", "Куртка", "Пальто", *LONG),
        "category": one_of("Верх", None, " ", "Обувь", *LONG),
        "size": one_of("M", None),
        "price": one_of(Decimal("10.10"), Decimal("10.10"), Decimal("0.00"), Decimal("99.99")),
        "description": st.none(),
        "category_id": one_of(1, 1, 2, None, 99),
        "created_at": st.none(),
        "stock_quantity": one_of(None, 5, -1),
    },
    "sale": {
        "order_id": one_of(1, 1, 2, 3, 99),
        "sold_at": st.sampled_from(ORDERED),
        "client_id": one_of(1, None),
        "product_id": one_of(1, 1, 2, 3, 99),
        "quantity": one_of(1, 2, 3, -1),
        "unit_price": one_of(None, None, Decimal("9.99"), Decimal("-1.00")),
        "amount": st.one_of(st.none(), st.sampled_from(AMOUNTS)),
    },
    "sales_order": {
        "client_id": one_of(1, 1, 2, None, 99),
        "ordered_at": st.sampled_from(ORDERED),
        "status": one_of("Paid", "Completed", "Pending", "Aborted"),
        "delivered_at": st.none(),
        "total_amount": st.sampled_from(AMOUNTS),
        "channel": one_of("web", "web", "store", None, " ", "phone", *LONG),
        "region": one_of("North", "North", "South", None, "", "Narnia", *LONG),
    },
    "payment": {
        "order_id": one_of(1, 1, 2, 3, 99),
        "paid_at": one_of(None, *ORDERED),
        "amount": one_of(Decimal("10.00"), Decimal("3.33"), Decimal("0.00")),
        "method": one_of(None, "card"),
        "status": one_of("Succeeded", "Succeeded", "Refunded", "Failed"),
    },
    "delivery": {
        "order_id": one_of(1, 2, 99),
        "shipped_at": one_of(None, *ORDERED),
        "delivered_at": one_of(None, *ORDERED),
        "carrier": one_of(None, "CDEK", *LONG),
        "status": one_of("Shipped", "Delivered", "Lost"),
    },
    "sale_return": {
        "sale_id": one_of(1, 1, 2, 3, 99),
        "returned_at": st.sampled_from(ORDERED),
        "quantity": one_of(1, 1, 2, 3),
        "amount": one_of(None, None, Decimal("3.33"), Decimal("0.00")),
        "reason": st.none(),
    },
}
NAN = Decimal("NaN")
LONG_AGO, FAR_AHEAD = utc(1999, 12, 31), utc(2999, 1, 1)
# Values that a rule rejects.
BAD_VALUES = {
    "category": [("name", " "), ("name", None)],
    "product": [("name", None), ("price", None), ("price", NAN), ("price", Decimal("-0.01"))],
    "sale": [
        ("order_id", None),
        ("product_id", None),
        ("quantity", None),
        ("quantity", 0),
        ("quantity", -10_000_001),
        ("sold_at", None),
        ("unit_price", NAN),
        ("amount", NAN),
    ],
    "sales_order": [
        ("ordered_at", None),
        ("ordered_at", LONG_AGO),
        ("ordered_at", FAR_AHEAD),
        ("status", None),
        ("status", "paid"),
        ("total_amount", None),
        ("total_amount", NAN),
        ("delivered_at", LONG_AGO),
        ("delivered_at", FAR_AHEAD),
    ],
    "payment": [
        ("order_id", None),
        ("amount", None),
        ("amount", NAN),
        ("amount", Decimal("-0.01")),
        ("status", None),
        ("status", "Paid"),
        ("paid_at", LONG_AGO),
        ("paid_at", FAR_AHEAD),
    ],
    "delivery": [("order_id", None), ("status", None), ("shipped_at", LONG_AGO), ("delivered_at", FAR_AHEAD)],
    "sale_return": [
        ("sale_id", None),
        ("quantity", None),
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 10_000_001),
        ("returned_at", None),
        ("returned_at", LONG_AGO),
        ("returned_at", FAR_AHEAD),
        ("amount", NAN),
    ],
}
DIMENSIONS = {
    "category": ("Сумки", None),
    "client": ("Олег", "Орлов", *[None] * 6),
    "product": ("Сумка", *[None] * 2, Decimal("1.00"), *[None] * 4),
}
WRITTEN = st.sampled_from(["sale"] * 4 + ["sales_order"] * 4 + list(STATES))
KINDS = st.sampled_from(["good"] * 14 + ["deleted"] * 3 + ["bad", "emptied", "implausible"])


@st.composite
def good_puts(draw: st.DrawFn, entity: str, key: int) -> Put:
    """A state of a key that no rule rejects."""
    state = STATES[entity](**{name: draw(values) for name, values in VALUES[entity].items()})
    if entity == "sales_order" and draw(st.booleans()):
        state = state._replace(delivered_at=state.ordered_at + draw(st.sampled_from(PERIODS_OF_DELIVERY)))
    return Put(entity, Row(key, state, draw(st.sampled_from(UPDATED)), draw(one_of(False, False, None))))


@st.composite
def puts(draw: st.DrawFn, entity: str | None = None) -> Put:
    """A state, good or bad, or a deletion, of any entity, or of one."""
    entity = entity or draw(WRITTEN)
    row = draw(good_puts(entity, draw(st.sampled_from(NUMBERS[entity])))).row
    kind = draw(KINDS)
    if kind == "bad" and entity in BAD_VALUES:
        row = row._replace(state=row.state._replace(**dict([draw(st.sampled_from(BAD_VALUES[entity]))])))
    elif kind == "emptied":
        # A source may empty what it deletes.
        row = row._replace(state=STATES[entity](*(None for _ in row.state)), is_deleted=True)
    elif kind == "deleted":
        row = row._replace(is_deleted=True)
    elif kind == "implausible":
        row = row._replace(updated_at=draw(st.sampled_from(IMPLAUSIBLE)))
    return Put(entity, row)


@st.composite
def shops(draw: st.DrawFn, rounds: int) -> list[list[Put]]:
    """What makes a small shop, most of it in the first round, some of it later or never."""
    parts: list[list[Put]] = [[] for _ in range(rounds)]
    for entity, numbers in NUMBERS.items():
        for key in sorted(set(numbers)):
            number = draw(one_of(None, 0, 0, 0, 0, 0, 0, rounds - 1, rounds // 2))
            if number is not None:
                parts[number].append(draw(good_puts(entity, key)))
    return parts


@st.composite
def removals(draw: st.DrawFn) -> Remove:
    """A row, of any entity, that its source deletes."""
    entity = draw(WRITTEN)
    return Remove(entity, draw(st.sampled_from(NUMBERS[entity])))


CHANGES = st.one_of(
    *[puts()] * 12, removals(), st.builds(Redeliver, st.sampled_from(list(STATES))), st.builds(Forget, one_of(1, 2))
)


def some_of(names: list[str]) -> st.SearchStrategy:
    """All names, most often, or some of them, in the order in which they are called."""
    return st.one_of(
        st.just(names),
        st.just(names),
        st.sets(st.sampled_from(names)).map(lambda some: [n for n in names if n in some]),
    )


@st.composite
def corrections(draw: st.DrawFn, earlier: list[Put]) -> Put:
    """One column of what was written before has another value, as of the same time or of another one."""
    # Orders and lines above all, by which the groups of most marts change.
    moving = [put for put in earlier if put.entity in ("sales_order", "sale")]
    entity, row = draw(st.sampled_from(earlier + moving * 3))
    column = draw(st.sampled_from(list(VALUES[entity])))
    state = row.state._replace(**{column: draw(VALUES[entity][column])})
    at = draw(st.sampled_from([row.updated_at] * 6 + UPDATED))
    return Put(entity, row._replace(state=state, updated_at=at))


@st.composite
def histories(draw: st.DrawFn) -> list[Round]:
    """Rounds of a shop that comes in them, of what changes, and of corrections of what came before."""
    rounds, earlier = [], []
    for part in draw(shops(draw(st.integers(2, 4)))):
        changes = part + draw(st.lists(CHANGES, max_size=5))
        if earlier:
            changes += draw(st.lists(corrections(earlier), max_size=6))
        earlier += [change for change in changes if isinstance(change, Put)]
        rounds.append(Round(changes, draw(some_of(list(STATES))), draw(some_of(list(MARTS))), draw(st.booleans())))
    return rounds


# --- the warehouse beside the model -----------------------------------------------------------------------------------


class Told:
    """A history as it is told: the warehouse, and beside it the model of what it must hold.

    Attributes:
        reported: of each mart the rows that its last build must have left.
        moments: times after builds, each with the rows that every mart had then.
    """

    def __init__(self, story: Script) -> None:
        story.reset()
        self.script = story
        self.shop = Shop()
        self.reported: dict[str, dict] = {mart: {} for mart in MARTS}
        self.moments: list[tuple[datetime, dict]] = []

    def play(self, one: Round) -> None:
        """Do what a round says and compare; what waits for a build is no finding of the audit."""
        for change in one.changes:
            self.change(change)
        for entity in one.loads:
            self.load(entity)
        for mart in one.builds:
            self.build(mart)
        found = self.script.ask("SELECT finding, entity_name, entity_key FROM cdm.shop_finding")
        self.script.compare("cdm.shop_finding", found, self.shop.findings())
        ((now,),) = self.script.ask("SELECT clock_timestamp()")
        self.moments.append((now, dict(self.reported)))
        if one.is_audited:
            self.script.run("CALL sl.audit(p_full => false);")

    def change(self, change: Change) -> None:
        """Write to the sources, or forget a person."""
        if isinstance(change, Forget) and not self.shop.is_known(change.client_id):
            return
        self.script.run(change.sql())
        change.tell(self.shop)

    def load(self, entity: str) -> None:
        """Call an entity's load and compare its current versions."""
        self.script.run(f"CALL dds.load_{entity}();")
        self.shop.load(entity)
        columns = [name for name in STATES[entity]._fields if name != "stock_quantity"]
        rows = self.script.ask(f"SELECT {KEYS[entity]}, {', '.join(columns)} FROM dds.{entity} WHERE is_current")
        expected = [
            (key, *(getattr(state, name) for name in columns)) for key, state in self.shop.current(entity).items()
        ]
        self.script.compare(f"what is current in dds.{entity}", rows, expected)

    def build(self, mart: str, arguments: str = "") -> dict[str, int]:
        """Call a mart's build: it writes the rows that differ, and no others. Returns its counts."""
        before, after = self.reported[mart], self.shop.mart(mart)
        _, *numbers = self.script.run(f"CALL cdm.build_{mart}({arguments});")[0]
        self.reported[mart] = after
        self.script.compare(f"cdm.{mart}", self.rows(mart, "is_current"), as_table(after))
        counts = dict(zip(COUNTS, numbers, strict=True))
        expected = {
            "inserted": len(after.keys() - before.keys()),
            "corrected": sum(before[key] != after[key] for key in after.keys() & before.keys()),
            "deleted": len(before.keys() - after.keys()),
        }
        written = {name: counts[name] for name in expected}
        self.script.compare(f"(written by the build of {mart})", [written], [expected])
        self.script.compare(f"(counts of {mart})", [(counts["read"],)], [(sum(numbers[1:]),)])
        return counts

    def rows(self, mart: str, condition: str) -> list[tuple]:
        """Return the rows of a mart for which a condition holds."""
        key, figures = MARTS[mart]
        return self.script.ask(f"SELECT {', '.join((*key, *figures))} FROM cdm.{mart} WHERE {condition}")

    def end(self) -> None:
        """Load and build all there is, and look at what must hold of every history."""
        for mart in MARTS:
            self.script.compare(f"cdm.{mart}", self.rows(mart, "is_current"), as_table(self.reported[mart]))
        self.play(Round([], list(STATES), list(MARTS), is_audited=False))
        self.script.run("CALL sl.audit();")
        for arguments in ("", "p_full => true"):
            for mart in MARTS:
                counts = self.build(mart, arguments)
                read = len(self.reported[mart]) if arguments else 0
                self.script.compare(f"what a second build of {mart} reads", [(counts["read"],)], [(read,)])
        for at in UPDATED:
            tree = self.script.ask("SELECT * FROM cdm.category_path(%s)", (at,))
            self.script.compare(f"cdm.category_path as of {at}", tree, as_table(self.shop.category_tree(at)))
        for at, reported in self.moments:
            for mart in MARTS:
                known = self.rows(mart, f"valid_from <= '{at}' AND '{at}' < valid_to")
                self.script.compare(f"cdm.{mart} as known on {at}", known, as_table(reported[mart]))


def as_table(rows: dict[tuple, tuple]) -> list[tuple]:
    """The rows of a mart, its key first."""
    return [(*key, *figures) for key, figures in rows.items()]


@LONG_TIMEOUT
@PROPERTY
@given(rounds=histories())
def test_every_mart_equals_the_model_after_every_build(script: Script, rounds: list[Round]) -> None:  # noqa: F811
    told = Told(script)
    for one in rounds:
        told.play(one)
    told.end()
    tally.add("histories of marts")


# --- what a build reads -----------------------------------------------------------------------------------------------


def times_of(shop: Shop, change: Change) -> set[datetime]:
    """Return the times of the orders whose figures a changed row is part of."""
    orders = orders_of(shop, change.entity, change.key)
    return {state.ordered_at for order in orders for state in states_of(shop, "sales_order", order)}


def orders_of(shop: Shop, entity: str, key: int) -> set[int]:
    """Return the orders whose figures a key of an entity may be part of, by any state that is known of it."""
    if entity == "sales_order":
        return {key}
    if entity == "client":
        # A build may know since when another version is valid, and not which orders since then are this client's.
        return set(shop.histories["sales_order"])
    if entity in ("product", "category"):
        column, holders = ("product_id", "sale") if entity == "product" else ("category_id", "product")
        keys = (
            holder
            for holder in shop.histories[holders]
            if any(getattr(state, column) == key for state in states_of(shop, holders, holder))
        )
        return {order for holder in keys for order in orders_of(shop, holders, holder)}
    states = list(states_of(shop, entity, key))
    if entity == "sale_return":
        return {order for state in states for order in orders_of(shop, "sale", state.sale_id)}
    return {state.order_id for state in states}


def states_of(shop: Shop, entity: str, key: int) -> Iterator[State]:
    """All states that are known of a key."""
    history = shop.histories[entity].get(key)
    return filter(None, history.observed.values()) if history else iter(())


@LONG_TIMEOUT
@PROPERTY
@given(
    parts=shops(1),
    changes=st.lists(st.one_of(puts(), puts("sales_order"), puts("sale"), removals()), min_size=2, max_size=5),
)
def test_a_build_reads_the_periods_that_a_change_touches(
    script: Script,  # noqa: F811
    parts: list[list[Put]],
    changes: list[Change],
) -> None:
    """Of the months, weeks or days of the orders that a changed row belongs to; a mart of other entities reads none."""
    told = Told(script)
    # The first load of a dimension makes builds compare all.
    first = [Put(name, Row(50, STATES[name](*state), UPDATED[0], False)) for name, state in DIMENSIONS.items()]
    told.play(Round(first + parts[0], list(STATES), list(MARTS), is_audited=False))
    for change in changes:
        told.change(change)
        times = times_of(told.shop, change)
        told.load(change.entity)
        times |= times_of(told.shop, change)
        for mart, (period_of, entities) in PERIODS.items():
            before = told.reported[mart]
            read = told.build(mart)["read"]
            periods = {period_of(at) for at in times} if period_of else set()
            rows = [key for key in {*before, *told.reported[mart]} if not period_of or key[0] in periods]
            most = len(rows) if change.entity in entities else 0
            if read > most:
                script.fail(f"The build of {mart} reads {read} rows, of {most} in {sorted(map(str, periods))}")
    tally.add("changes beside what a build reads", len(changes))
