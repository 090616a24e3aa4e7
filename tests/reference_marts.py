"""What the marts of orders mean, in plain Python: written from the text of the design, not from the SQL of the marts.

A Shop takes what the sources write and delete, and what loads make of it: the histories of reference_model.History.
Its marts are dicts of rows by their keys, computed from those histories by exact fractions.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.reference_model import FUTURE_TOLERANCE, PLAUSIBLE_FROM, SHOP_TIME, History, Row
from tests.reference_model import RULES as RULES_OF_THREE

UNKNOWN = "Unknown"
# Later than any time of a source: the order of what the clock gives is all that counts.
CLOCK_START = datetime(2900, 1, 1, tzinfo=UTC)
OPENED, AGES_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
KOPECK = Fraction(1, 100)
DAY = 86_400
# A text of a grain counts by its first characters, a path by as many names from the bottom up.
LONGEST_TEXT = 200
DEEPEST_LEVEL = 32
MOST_PIECES = 10_000_000
# A share that does not fit its column is NULL.
GREATEST_SHARE = 10**18


class Category(NamedTuple):
    """A state of a category."""

    name: str | None
    parent_category_id: int | None


class Client(NamedTuple):
    """A state of a client."""

    first_name: str | None
    last_name: str | None
    birth_date: date | None
    email: str | None
    phone: str | None
    loyalty_status: str | None
    region: str | None
    registered_at: datetime | None


class Product(NamedTuple):
    """A state of a product; its stock is written in place and opens no version."""

    name: str | None
    category: str | None
    size: str | None
    price: Decimal | None
    description: str | None
    category_id: int | None
    created_at: datetime | None
    stock_quantity: int | None


class Sale(NamedTuple):
    """A state of a line of an order."""

    order_id: int | None
    sold_at: datetime | None
    client_id: int | None
    product_id: int | None
    quantity: int | None
    unit_price: Decimal | None
    amount: Decimal | None


class Order(NamedTuple):
    """A state of an order."""

    client_id: int | None
    ordered_at: datetime | None
    status: str | None
    delivered_at: datetime | None
    total_amount: Decimal | None
    channel: str | None
    region: str | None


class Payment(NamedTuple):
    """A state of a payment."""

    order_id: int | None
    paid_at: datetime | None
    amount: Decimal | None
    method: str | None
    status: str | None


class Delivery(NamedTuple):
    """A state of a delivery."""

    order_id: int | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    carrier: str | None
    status: str | None


class SaleReturn(NamedTuple):
    """A state of a return of pieces of a line."""

    sale_id: int | None
    returned_at: datetime | None
    quantity: int | None
    amount: Decimal | None
    reason: str | None


State = Category | Client | Product | Sale | Order | Payment | Delivery | SaleReturn
# In the order in which they are loaded.
STATES: dict[str, type] = {
    "category": Category,
    "client": Client,
    "product": Product,
    "sale": Sale,
    "sales_order": Order,
    "payment": Payment,
    "delivery": Delivery,
    "sale_return": SaleReturn,
}
KEYS = {name: f"{name}_id" for name in STATES} | {"sales_order": "order_id", "sale_return": "return_id"}
PERSONAL = ("first_name", "last_name", "birth_date", "email", "phone")


class Line(NamedTuple):
    """A current line of a current order, with what is known of both as of the order."""

    sale_id: int
    sale: Sale
    order_id: int
    order: Order
    product: Product | None
    amount: Fraction


class Unread(NamedTuple):
    """What was committed since the last load of its entity: a state of a key, or None where its row was removed."""

    key: int
    row: Row | None
    at: datetime


@dataclass
class Shop:
    """The sources, what no load has read of them, and the histories that loads made.

    Attributes:
        raw: of each entity the rows that its source has now, by key.
        histories: of each entity what loads know of its keys.
    """

    raw: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in STATES})
    histories: dict[str, dict[int, History]] = field(default_factory=lambda: {name: {} for name in STATES})
    _unread: dict[str, list[Unread]] = field(default_factory=lambda: {name: [] for name in STATES})
    _overwritten_at: dict[int, datetime] = field(default_factory=dict)
    _removed_at: dict[tuple[str, int], set[datetime]] = field(default_factory=lambda: defaultdict(set))
    _forgotten: set[int] = field(default_factory=set)
    _ticks: Iterator[int] = field(default_factory=itertools.count)

    # --- what sources do --------------------------------------------------------------------------------------------

    def put(self, entity: str, row: Row) -> None:
        """Take in a state that a source has committed."""
        self._overwrite(entity, row.key)
        # One row a write, so that a row stands for one write.
        row = row._replace()
        self.raw[entity][row.key] = row
        self._unread[entity].append(Unread(row.key, row, self._clock()))

    def remove(self, entity: str, key: int) -> None:
        """Take in that a source has deleted a row."""
        if key in self.raw[entity]:
            self._overwrite(entity, key)
            del self.raw[entity][key]
            self._unread[entity].append(Unread(key, None, self._clock()))

    def forget(self, client_id: int) -> None:
        """Forget a person: nothing personal is left of what is known, and no state comes in from now on."""
        self._forgotten.add(client_id)
        history = self.histories["client"].get(client_id, History())
        for at, state in history.observed.items():
            history.observed[at] = state and _without_personal(state)

    def is_known(self, client_id: int) -> bool:
        """Tell whether anything is known of a client."""
        return client_id in self.raw["client"] or client_id in self.histories["client"]

    def _clock(self) -> datetime:
        return CLOCK_START + timedelta(seconds=next(self._ticks))

    def _overwrite(self, entity: str, key: int) -> None:
        if key in self.raw[entity]:
            self._overwritten_at[id(self.raw[entity][key])] = self._clock()

    # --- what loads make of it --------------------------------------------------------------------------------------

    def load(self, entity: str) -> None:
        """Take what was committed since the last load into the histories, in the order of the commits."""
        unread, self._unread[entity] = self._unread[entity], []
        now = self._clock()
        before = {key: (self._gone_at(entity, key), self._is_alive(entity, key)) for key, *_ in unread}
        last = {key: number for number, (key, *_) in enumerate(unread)}
        for number, (key, row, committed_at) in enumerate(unread):
            history = self.histories[entity].setdefault(key, History())
            if row is None and self._is_back(entity, key, committed_at):
                continue
            if row and is_bad(entity, row):
                continue
            at = self._event_time(entity, row, now, *before[key]) if row else committed_at
            is_deletion = row is None or bool(row.is_deleted)
            if entity == "client" and key in self._forgotten:
                # The history of a forgotten person stands still, but for the deletion that ends it.
                is_end = is_deletion and number == last[key] and self._is_alive(entity, key)
                if not is_end or at < max(history.observed):
                    continue
            history.observe(at, None if is_deletion else _tracked(entity, row))
            if row is None:
                self._removed_at[entity, key].add(at)

    def _is_back(self, entity: str, key: int, removed_at: datetime) -> bool:
        """Tell whether a row that was removed is there again, in a state that is not later: it was delivered again."""
        row = self.raw[entity].get(key)
        return row is not None and row.updated_at is not None and row.updated_at <= removed_at

    def _event_time(
        self, entity: str, row: Row, now: datetime, gone_at: datetime | None, was_alive: bool
    ) -> datetime | None:
        """Return since when a state holds: what is written after its row was removed is not older than the removal."""
        if gone_at is None or row.updated_at > gone_at:
            return row.updated_at
        if self.raw[entity].get(row.key) is not row:
            overwritten_at = self._overwritten_at[id(row)]
            return overwritten_at if overwritten_at > gone_at else row.updated_at
        return row.updated_at if row.is_deleted and not was_alive else now

    def _gone_at(self, entity: str, key: int) -> datetime | None:
        """Return when the source was last seen to have no row of a key."""
        history = self.histories[entity].get(key, History())
        last = (segment.times[-1] for segment in history.segments() if segment.state is None)
        return max((at for at in last if at in self._removed_at[entity, key]), default=None)

    def _is_alive(self, entity: str, key: int) -> bool:
        return self.histories[entity].get(key, History()).current() is not None

    # --- what is known ----------------------------------------------------------------------------------------------

    def current(self, entity: str) -> dict[int, State]:
        """Return the current state of each key that has one."""
        versions = ((key, history.current()) for key, history in self.histories[entity].items())
        return {key: version.state for key, version in versions if version}

    def as_of(self, entity: str, key: int | None, at: datetime) -> State | None:
        """Return the state of a key as of a moment; before the first the first, in a gap the last one before it."""
        version = self.histories[entity].get(key, History()).as_of(at)
        return version.state if version else None

    def lines(self) -> list[Line]:
        """Return the current lines of current orders."""
        orders, lines = self.current("sales_order"), []
        for sale_id, sale in self.current("sale").items():
            if order := orders.get(sale.order_id):
                product = self.as_of("product", sale.product_id, order.ordered_at)
                lines.append(Line(sale_id, sale, sale.order_id, order, product, amount_of(sale, product)))
        return lines

    # --- the marts --------------------------------------------------------------------------------------------------

    def user_sales(self) -> dict[tuple, tuple]:
        """Orders by month and the client's loyalty as of the order."""
        groups = defaultdict(list)
        for order in self.current("sales_order").values():
            client = self.as_of("client", order.client_id, order.ordered_at)
            loyalty = shown(client.loyalty_status if client else None)
            groups[month_of(order.ordered_at), loyalty].append(order)
        return {key: _user_sales_row(orders) for key, orders in groups.items()}

    def product_sales(self) -> dict[tuple, tuple]:
        """Lines by month, category and product as of the order."""
        groups = defaultdict(list)
        for line in self.lines():
            names = (self.category_of(line), shown(line.product.name if line.product else None))
            groups[month_of(line.order.ordered_at), *names].append(line)
        return {key: _product_sales_row(lines) for key, lines in groups.items()}

    def region_sales(self) -> dict[tuple, tuple]:
        """Lines of orders not aborted by week, region and product, with their share and rank in the region."""
        groups = defaultdict(list)
        for line in self.lines():
            if line.order.status != "Aborted" and not is_blank(line.order.region):
                groups[week_of(line.order.ordered_at), shown(line.order.region), line.sale.product_id].append(line)
        amounts = {key: sum(line.amount for line in lines) for key, lines in groups.items()}
        rows = {}
        for key, lines in groups.items():
            in_region = [amount for other, amount in amounts.items() if other[:2] == key[:2]]
            share = amounts[key] / sum(in_region) if sum(in_region) else GREATEST_SHARE
            rank = 1 + sum(amount > amounts[key] for amount in in_region)
            average = rounded(amounts[key] / len(lines), 2)
            share = rounded(share, 6) if abs(share) < GREATEST_SHARE else None
            rows[key] = (len(lines), _pieces(lines), rounded(amounts[key], 2), average, share, rank)
        return rows

    def daily_sales(self) -> dict[tuple, tuple]:
        """Orders, what was sold, came back and was paid, by the day of the order and its channel."""
        groups = defaultdict(dict)
        for order_id, order in self.current("sales_order").items():
            groups[day_of(order.ordered_at), shown(order.channel)][order_id] = order
        lines, payments = self.lines(), self.current("payment").values()
        returns = self.current("sale_return").values()
        rows = {}
        for key, orders in groups.items():
            sold = [line for line in lines if line.order_id in orders and line.order.status != "Aborted"]
            gross = sum((line.amount for line in sold), Fraction())
            back = sum(returned_amount(one, line) for line in sold for one in returns if one.sale_id == line.sale_id)
            paid = sum(Fraction(one.amount) * PAID_BY_STATUS[one.status] for one in payments if one.order_id in orders)
            rows[key] = (
                len(orders),
                _pieces(sold),
                rounded(gross, 2),
                rounded(back, 2),
                rounded(gross - back, 2),
                rounded(paid, 2),
                sum(order.delivered_at is not None for order in orders.values()),
                _delivery_period(orders.values()),
            )
        return rows

    def category_tree(self, at: datetime | None = None) -> dict[tuple, tuple]:
        """Categories, the current ones or as of a moment: name, names from the top down, the top one's name, level."""
        if at is None:
            categories = self.current("category")
        else:
            as_of = ((key, self.as_of("category", key, at)) for key in self.histories["category"])
            categories = {key: category for key, category in as_of if category}
        rows = {}
        for category_id, category in categories.items():
            path, seen = [category.name], {category_id}
            parent_id = category.parent_category_id
            while parent_id in categories and parent_id not in seen and len(path) < DEEPEST_LEVEL:
                seen.add(parent_id)
                path.insert(0, categories[parent_id].name)
                parent_id = categories[parent_id].parent_category_id
            rows[category_id,] = (category.name, " / ".join(path), path[0], len(path))
        return rows

    def carrier_delivery(self) -> dict[tuple, tuple]:
        """Deliveries that were shipped by month and carrier: how many, and the days that those took which arrived."""
        groups = defaultdict(list)
        for delivery in self.current("delivery").values():
            if delivery.shipped_at:
                groups[month_of(delivery.shipped_at), shown(delivery.carrier)].append(delivery)
        rows = {}
        for key, deliveries in groups.items():
            by_status = Counter(delivery.status for delivery in deliveries)
            periods = [one.delivered_at - one.shipped_at for one in deliveries if one.delivered_at]
            late = sum(period > timedelta(days=7) for period in periods)
            rows[key] = (len(deliveries), by_status["Delivered"], by_status["Lost"], late, _average_days(periods))
        return rows

    def mart(self, name: str) -> dict[tuple, tuple]:
        """Return the rows that a mart must have now."""
        return getattr(self, name)()

    # --- what does not fit together ---------------------------------------------------------------------------------

    def findings(self) -> list[tuple]:
        """Return what is wrong now: the finding, the entity and the key."""
        return sorted({*self._findings_of_orders(), *self._findings_of_categories()})

    def _findings_of_orders(self) -> Iterator[tuple]:
        orders, sales, returned = self.current("sales_order"), self.current("sale"), Counter()
        amounts = defaultdict(list)
        for line in self.lines():
            amounts[line.order_id].append(line.amount)
        for order_id, order in orders.items():
            if order_id not in amounts:
                yield "order_without_lines", "sales_order", order_id
            elif abs(sum(amounts[order_id]) - Fraction(order.total_amount)) > KOPECK:
                yield "lines_differ", "sales_order", order_id
        # A line that was sold before the day of the first order waits for none.
        versions = [version for history in self.histories["sales_order"].values() for version in history.versions()]
        first_day = min((day_of(version.state.ordered_at) for version in versions), default=date.max)
        for entity in ("sale", "payment", "delivery"):
            for key, one in self.current(entity).items():
                if one.order_id not in orders and (entity != "sale" or day_of(one.sold_at) >= first_day):
                    yield "order_unknown", entity, key
        for return_id, one in self.current("sale_return").items():
            returned[one.sale_id] += one.quantity
            if one.sale_id not in sales:
                yield "sale_unknown", "sale_return", return_id
        for sale_id, quantity in returned.items():
            if sale_id in sales and quantity > sales[sale_id].quantity:
                yield "more_than_sold", "sale", sale_id
        for delivery_id, delivery in self.current("delivery").items():
            times = [at for at in (delivery.shipped_at, delivery.delivered_at) if at]
            if delivery.order_id in orders and times and min(times) < orders[delivery.order_id].ordered_at:
                yield "delivered_before_order", "delivery", delivery_id

    def _findings_of_categories(self) -> Iterator[tuple]:
        parents = {key: category.parent_category_id for key, category in self.current("category").items()}
        for category_id, parent_id in parents.items():
            if parent_id is not None and parent_id not in parents:
                yield "parent_unknown", "category", category_id
            above = parent_id
            for _ in parents:
                if above == category_id:
                    yield "cycle", "category", category_id
                above = parents.get(above)
        for product_id, product in self.current("product").items():
            if product.category_id is not None and product.category_id not in parents:
                yield "category_unknown", "product", product_id

    def category_of(self, line: Line) -> str:
        """Return the name of the category of a line's product as of the order."""
        if line.product is None:
            return UNKNOWN
        category = self.as_of("category", line.product.category_id, line.order.ordered_at)
        return shown(category.name if category else line.product.category)


# Of each mart the columns of its key, and those of its figures.
MARTS = {
    name: (tuple(key.split()), tuple(figures.split()))
    for name, key, figures in (
        (
            "user_sales",
            "order_month loyalty_status",
            "orders_cnt paid_orders completed_orders pending_orders aborted_orders unique_users total_order_amount "
            "avg_order_amount total_revenue avg_delivery_period",
        ),
        (
            "product_sales",
            "order_month product_category product_name",
            "order_cnt ordered_quantity aborted_quantity paid_quantity pending_quantity completed_quantity "
            "total_amount total_revenue",
        ),
        (
            "region_sales",
            "week_start region product_id",
            "sales_cnt quantity total_amount average_sale_amount region_share rank_in_region",
        ),
        (
            "daily_sales",
            "sold_on channel",
            "orders_cnt quantity gross_amount returned_amount net_amount paid_amount delivered_orders "
            "avg_delivery_period",
        ),
        ("category_tree", "category_id", "name path top_category level"),
        (
            "carrier_delivery",
            "shipped_month carrier",
            "deliveries_cnt delivered_cnt lost_cnt late_cnt avg_days",
        ),
    )
}
PAID_BY_STATUS = {"Succeeded": 1, "Refunded": -1, "Failed": 0}


def _user_sales_row(orders: list[Order]) -> tuple:
    by_status = Counter(order.status for order in orders)
    total = sum(Fraction(order.total_amount) for order in orders)
    revenue = sum((Fraction(order.total_amount) for order in orders if order.status != "Aborted"), Fraction())
    return (
        len(orders),
        *(by_status[status] for status in ("Paid", "Completed", "Pending", "Aborted")),
        len({order.client_id for order in orders} - {None}),
        rounded(total, 2),
        rounded(total / len(orders), 2),
        rounded(revenue, 2),
        _delivery_period(orders),
    )


def _product_sales_row(lines: list[Line]) -> tuple:
    pieces = Counter()
    for line in lines:
        pieces[line.order.status] += line.sale.quantity
    return (
        len({line.order_id for line in lines}),
        _pieces(lines),
        *(pieces[status] for status in ("Aborted", "Paid", "Pending", "Completed")),
        rounded(sum(line.amount for line in lines), 2),
        rounded(sum((line.amount for line in lines if line.order.status != "Aborted"), Fraction()), 2),
    )


def _pieces(lines: Iterable[Line]) -> int:
    return sum(line.sale.quantity for line in lines)


def _delivery_period(orders: Iterable[Order]) -> Decimal | None:
    """Return the days from order to delivery, of the orders that were delivered, on average."""
    return _average_days([order.delivered_at - order.ordered_at for order in orders if order.delivered_at])


def _average_days(periods: list[timedelta]) -> Decimal | None:
    if not periods:
        return None
    micros = sum(period // timedelta(microseconds=1) for period in periods)
    return rounded(Fraction(micros, 1_000_000 * DAY * len(periods)), 2)


def _tracked(entity: str, row: Row) -> State:
    """Return a state without what is written in place."""
    return row.state._replace(stock_quantity=None) if entity == "product" else row.state


def _without_personal(state: Client) -> Client:
    return state._replace(**dict.fromkeys(PERSONAL))


def amount_of(sale: Sale, product: Product | None) -> Fraction:
    """Return the amount of a line: its own, else by its own price, else by the product's, else nothing."""
    if sale.amount is not None:
        return Fraction(sale.amount)
    price = sale.unit_price if sale.unit_price is not None else product.price if product else 0
    return Fraction(price) * sale.quantity


def returned_amount(one: SaleReturn, line: Line) -> Fraction:
    """Return the amount of a return: its own, else the share of the line's amount that came back."""
    if one.amount is not None:
        return Fraction(one.amount)
    return Fraction(rounded(line.amount * one.quantity / line.sale.quantity, 2))


def rounded(value: Fraction | int, digits: int) -> Decimal:
    """Round half away from zero."""
    scaled = abs(value) * 10**digits
    whole = int(scaled + Fraction(1, 2))
    return Decimal(-whole if value < 0 else whole).scaleb(-digits)


def is_blank(text: str | None) -> bool:
    """Whether a text shows nothing."""
    return text is None or not text.strip()


def shown(text: str | None) -> str:
    """Return a text as a mart shows it."""
    return UNKNOWN if is_blank(text) else text[:LONGEST_TEXT]


def day_of(at: datetime) -> date:
    """Return the shop's local day of a moment."""
    return at.astimezone(SHOP_TIME).date()


def week_of(at: datetime) -> date:
    """Return the Monday of the shop's local week of a moment."""
    return day_of(at) - timedelta(days=day_of(at).weekday())


def month_of(at: datetime) -> date:
    """Return the first day of the shop's local month of a moment."""
    return day_of(at).replace(day=1)


def is_bad(entity: str, row: Row) -> bool:
    """Whether a row of raw fails a rule that rejects; of a deletion only the update time matters."""
    if row.updated_at is None or not PLAUSIBLE_FROM <= row.updated_at <= datetime.now(UTC) + FUTURE_TOLERANCE:
        return True
    if row.is_deleted:
        return False
    return not all(RULES[entity](row))


def _is_number(value: Decimal | None) -> bool:
    return value is not None and not value.is_nan()


def _is_past(at: datetime | None) -> bool:
    return at is not None and at <= datetime.now(UTC)


def _is_plausible(at: datetime | None) -> bool:
    return at is None or OPENED <= at < AGES_AHEAD


def _category_rules(row: Row) -> Iterator[bool]:
    yield not is_blank(row.state.name)
    yield row.state.parent_category_id != row.key


def _client_rules(row: Row) -> Iterator[bool]:
    return (holds for _, holds in RULES_OF_THREE["client"](row.state._asdict()))


def _product_rules(row: Row) -> Iterator[bool]:
    return (holds for _, holds in RULES_OF_THREE["product"](row.state._asdict()))


def _sale_rules(row: Row) -> Iterator[bool]:
    yield from (holds for _, holds in RULES_OF_THREE["sale"](row.state._asdict()))
    yield abs(row.state.quantity) <= MOST_PIECES
    yield row.state.amount is None or not row.state.amount.is_nan()


def _order_rules(row: Row) -> Iterator[bool]:
    order = row.state
    yield _is_past(order.ordered_at)
    yield order.ordered_at >= OPENED
    yield order.status in ("Pending", "Paid", "Completed", "Aborted")
    yield _is_number(order.total_amount)
    yield order.delivered_at is None or order.ordered_at <= order.delivered_at < AGES_AHEAD


def _payment_rules(row: Row) -> Iterator[bool]:
    payment = row.state
    yield payment.order_id is not None
    yield _is_number(payment.amount)
    yield payment.amount >= 0
    yield payment.status in PAID_BY_STATUS
    yield _is_plausible(payment.paid_at)


def _delivery_rules(row: Row) -> Iterator[bool]:
    delivery = row.state
    yield delivery.order_id is not None
    yield None in (delivery.shipped_at, delivery.delivered_at) or delivery.delivered_at >= delivery.shipped_at
    yield delivery.status in ("Shipped", "Delivered", "Lost")
    yield _is_plausible(delivery.shipped_at)
    yield _is_plausible(delivery.delivered_at)


def _return_rules(row: Row) -> Iterator[bool]:
    one = row.state
    yield one.sale_id is not None
    yield one.quantity is not None
    yield 0 < one.quantity <= MOST_PIECES
    yield _is_past(one.returned_at)
    yield one.returned_at >= OPENED
    yield one.amount is None or not one.amount.is_nan()


# Of each entity whether a row holds to its rules; none is asked after one that fails.
RULES = {
    "category": _category_rules,
    "client": _client_rules,
    "product": _product_rules,
    "sale": _sale_rules,
    "sales_order": _order_rules,
    "payment": _payment_rules,
    "delivery": _delivery_rules,
    "sale_return": _return_rules,
}
