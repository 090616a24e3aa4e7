"""``python -m generator marketplace``: fills the marketplace's MongoDB, day by day.

The documents of a day are a function of the Market and the date, and are as real ones are: addresses and contacts in
documents of their own, fields that are missing, numbers as texts, times as dates of MongoDB, as ISO 8601 and as
dd.mm.yyyy. ``_id`` is the document's number as a text.
"""

import json
import os
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path

from generator import catalogue, people
from generator.newcomers import PRODUCTS, USERS, drawn
from generator.shop import ZONE, GeneratorError, Shop, Unreachable

COLLECTIONS = ("users", "products", "orders")
# Numbers of the orders of a day: 1 to so many, after those of the day before.
ORDERS_A_DAY = 100_000
# For how many days anything happens to an order.
LIFE = 12
NEW_USERS, NEW_PRODUCTS = 5, 1
# One document in so many.
UNREADABLE = 200
REMOVED_USER, REMOVED_PRODUCT, REMOVED_ORDER = 150, 100, 3
# A user's address and a product's price change each so many days.
MOVES, REPRICES = 45, 20
CITIES = {
    "North": ("Санкт-Петербург", "Мурманск", "Петрозаводск"),
    "South": ("Ростов-на-Дону", "Краснодар", "Сочи"),
    "East": ("Новосибирск", "Хабаровск", "Иркутск"),
    "West": ("Москва", "Смоленск", "Калининград"),
}
STREETS = ("улица Ленина", "Садовая улица", "проспект Мира", "Лесной переулок", "Набережная улица")
# What the generator has written, in a collection of its own.
STATE = "generator"


@dataclass(frozen=True)
class Market:
    """What a marketplace's documents are a function of.

    users, products: how many of them it opens with; orders: on a weekday, on a weekend day twice as many; opened: its
    first local day; seed: any integer.
    """

    users: int = 1_000
    products: int = 300
    orders: int = 50
    opened: date = date(2026, 1, 1)
    seed: int = 1

    def number(self, day):
        """Days from the opening to a date."""
        return (day - self.opened).days

    def count(self, kind, day):
        """How many users or products there ever were by the end of a date."""
        return getattr(self, kind) + self.number(day) * {"users": NEW_USERS, "products": NEW_PRODUCTS}[kind]

    def born(self, kind, number):
        """The date on which a user or product is first written."""
        later = number - getattr(self, kind) - 1
        each = {"users": NEW_USERS, "products": NEW_PRODUCTS}[kind]
        return self.opened + timedelta(days=0 if later < 0 else 1 + later // each)

    def draw(self, *names):
        """A source of random numbers of its own for what the names name."""
        return random.Random("/".join(map(str, (self.seed, *names))))  # noqa: S311


def _moment(day, draw):
    """A whole second of a local day."""
    return datetime.combine(day, time(), ZONE) + timedelta(seconds=draw.randrange(86_000))


class Form:
    """How the values of a document are written, the same in all of its states."""

    def __init__(self, market, collection, number):
        self._of = (market, collection, number)

    def _draw(self, field):
        market, *rest = self._of
        return market.draw("form", *rest, field).random()

    def time(self, field, at):
        """A time: MongoDB's date, ISO 8601 with the offset, or dd.mm.yyyy HH:MM:SS."""
        if at is None:
            return None
        drawn_ = self._draw(field)
        if drawn_ < 0.6:
            return at.astimezone(UTC)
        if drawn_ < 0.85:
            return at.astimezone(ZONE if drawn_ < 0.75 else UTC).isoformat().replace("+00:00", "Z")
        return at.astimezone(ZONE).strftime("%d.%m.%Y %H:%M:%S")

    def day(self, field, day):
        """A day, likewise."""
        drawn_ = self._draw(field)
        if drawn_ < 0.6:
            return datetime.combine(day, time(), UTC)
        return day.isoformat() if drawn_ < 0.85 else day.strftime("%d.%m.%Y")

    def number(self, field, number):
        """A number, or a text: with a point, or with a comma and a blank that parts thousands."""
        drawn_ = self._draw(field)
        if drawn_ < 0.7:
            return float(number) if isinstance(number, Decimal) else number
        return str(number) if drawn_ < 0.85 else f"{number:,}".replace(",", " ").replace(".", ",")

    def has(self, field, share):
        """Whether a field is there at all, in a share of the documents."""
        return self._draw(f"has {field}") < share


def _stamped(document, form, at):
    """A document with the time of its last change, which one in a hundred lacks and some have as a text."""
    drawn_ = form._draw("updated_at")
    if drawn_ < 0.9:
        document["updated_at"] = at.astimezone(UTC)
    elif drawn_ < 0.99:
        document["updated_at"] = at.isoformat() if drawn_ < 0.95 else at.astimezone(ZONE).strftime("%d.%m.%Y %H:%M:%S")
    return document


# --- users and products ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _rows(market, register, count):
    columns = USERS if register is people else PRODUCTS
    shop = Shop(market.users, market.products, market.opened, market.seed)
    return list(islice(drawn(shop, register, columns, 0), count))


def _row(market, kind, number):
    register = people if kind == "users" else catalogue
    # Rounded up, so that the rows are drawn a few times and not each day.
    return _rows(market, register, -(-number // 2_000) * 2_000)[number - 1]


def _turns(market, kind, number, each, day):
    """The dates up to a day on which a user or product changes."""
    born = market.born(kind, number)
    first = born + timedelta(days=1 + market.draw(kind, number, "turn").randrange(each))
    return (
        [first + timedelta(days=each * turn) for turn in range((day - first).days // each + 1)] if first <= day else []
    )


def removed_on(market, kind, number):
    """The date on which a user or product is removed, None where it is not."""
    draw = market.draw(kind, number, "removed")
    if draw.randrange({"users": REMOVED_USER, "products": REMOVED_PRODUCT}[kind]):
        return None
    return market.born(kind, number) + timedelta(days=2 + draw.randrange(20))


def user(market, number, day):
    """The document of a user at the end of a day, as (time of the last change, document)."""
    row, form = _row(market, "users", number), Form(market, "users", number)
    born, turns = market.born("users", number), _turns(market, "users", number, MOVES, day)
    draw = market.draw("users", number, len(turns))
    region = row["region"]
    registered = row["registered_at"] if born == market.opened else _moment(born, market.draw("users", number, "came"))
    at = _moment(turns[-1] if turns else born, market.draw("users", number, "at", len(turns)))
    contacts = {}
    if form.has("email", 0.95):
        contacts["email"] = row["email"]
    if form.has("phone", 0.9):
        contacts["phone"] = row["phone"] if not turns else f"+7000{draw.randrange(10**7):07d}"
    document = {
        "_id": str(number),
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "birth_date": form.day("birth_date", row["birth_date"]),
        "contacts": contacts,
        "registered_at": form.time("registered_at", registered),
    }
    if form.has("loyalty", 0.9):
        document["loyalty"] = row["loyalty_status"]
    if form.has("address", 0.97):
        street = f"{draw.choice(STREETS)}, {1 + draw.randrange(120)}"
        document["address"] = {"region": region, "city": draw.choice(CITIES[region]), "street": street}
    return _stamped(document, form, at)


def price_on(market, number, day):
    """The price of a product at the end of a day."""
    price = Decimal(_row(market, "products", number)["price"])
    turns = len(_turns(market, "products", number, REPRICES, day))
    return (price * (100 + market.draw("products", number, turns).randrange(-10, 11) * bool(turns)) / 100).quantize(
        Decimal("0.01")
    )


def product(market, number, day):
    """The document of a product at the end of a day."""
    row, form = _row(market, "products", number), Form(market, "products", number)
    born, turns = market.born("products", number), _turns(market, "products", number, REPRICES, day)
    created = row["created_at"] if born == market.opened else _moment(born, market.draw("products", number, "came"))
    document = {
        "_id": str(number),
        "name": row["name"],
        "category": row["category"],
        "price": form.number("price", price_on(market, number, day)),
        "stock": form.number("stock", market.draw("products", number, "stock", len(turns)).randrange(300)),
        "created_at": form.time("created_at", created),
    }
    if form.has("size", 0.95):
        document["size"] = row["size"]
    if form.has("description", 0.8):
        document["description"] = row["description"]
    at = _moment(turns[-1] if turns else born, market.draw("products", number, "at", len(turns)))
    return _stamped(document, form, at)


# --- orders ----------------------------------------------------------------------------------------------------------


def orders_of(market, day):
    """The numbers of the orders that are placed on a date."""
    count = market.orders * (2 if day.weekday() >= 5 else 1)
    return range(market.number(day) * ORDERS_A_DAY + 1, market.number(day) * ORDERS_A_DAY + 1 + count)


def _placed_on(market, number):
    return market.opened + timedelta(days=(number - 1) // ORDERS_A_DAY)


def _is_there(market, kind, number, day):
    removed = removed_on(market, kind, number)
    return removed is None or day < removed


def _one_of(market, kind, day, draw):
    """The number of a user or product that is there on a day."""
    while True:
        number = 1 + draw.randrange(
            market.count(kind, day - timedelta(days=1)) if day > market.opened else getattr(market, kind)
        )
        if _is_there(market, kind, number, day):
            return number


def events(market, number):
    """What happens to an order: (time, what), in order, from "placed" on."""
    draw = market.draw("orders", number, "events")
    day = _placed_on(market, number)

    def later(days):
        return _moment(day + timedelta(days=days), draw)

    placed = _moment(day, draw)
    found = [(placed, "placed")]
    if draw.random() < 0.88:
        found.append((placed + timedelta(minutes=1 + draw.randrange(30)), "paid"))
        if draw.random() < 0.05:
            found.append((later(1), "line removed"))
        if draw.random() < 0.04:
            found.append((later(2), "aborted"))
        else:
            found.append((later(2 + draw.randrange(5)), "completed"))
    else:
        found.append((later(1 + draw.randrange(3)), "aborted"))
    if draw.randrange(UNREADABLE) == 0:
        found.append((later(1), "mended"))
    if found[-1][1] == "aborted" and draw.randrange(REMOVED_ORDER) == 0:
        found.append((later(8 + draw.randrange(3)), "removed"))
    return sorted(found, key=lambda event: event[0])


def _local(at):
    return at.astimezone(ZONE).date()


def is_unreadable(market, number, day):
    """Whether an order's document has a total that is none at the end of a day: until it is mended."""
    at = [at for at, what in events(market, number) if what == "mended"]
    return bool(at) and day < _local(at[0])


def order(market, number, day):
    """The document of an order at the end of a day; None where it is removed by then."""
    form, draw = Form(market, "orders", number), market.draw("orders", number, "lines")
    placed = _placed_on(market, number)
    happened = [(at, what) for at, what in events(market, number) if _local(at) <= day]
    done = dict(reversed([(what, at) for at, what in happened]))
    if "removed" in done:
        return None
    buyer = _one_of(market, "users", placed, draw)
    region = _row(market, "users", buyer)["region"]
    lines = []
    for line in range(1, 2 + draw.choices((0, 1, 2, 3), (12, 9, 7, 4))[0]):
        goods = _one_of(market, "products", placed, draw)
        price, quantity = price_on(market, goods, placed), draw.choices((1, 2, 3), (6, 3, 1))[0]
        lines.append((line, goods, price, quantity))
    if "line removed" in done and len(lines) > 1:
        lines.pop(0)
    status = "Pending"
    for what, word in (("paid", "Paid"), ("completed", "Completed"), ("aborted", "Aborted")):
        if what in done:
            status = word
    total = sum(price * quantity for _, _, price, quantity in lines)
    document = {
        "_id": str(number),
        "user_id": str(buyer) if form.has("user_id as a text", 0.3) else buyer,
        "ordered_at": form.time("ordered_at", done["placed"]),
        "status": status,
        "total": form.number("total", total) if not is_unreadable(market, number, day) else "по запросу",
        "lines": [
            {
                "line": line,
                "product_id": goods,
                "quantity": form.number(f"quantity {line}", quantity),
                "price": form.number(f"price {line}", price),
                **({"amount": form.number(f"amount {line}", price * quantity)} if form.has("amount", 0.5) else {}),
            }
            for line, goods, price, quantity in lines
        ],
        "delivery": {"region": region, "city": draw.choice(CITIES[region])},
    }
    if "completed" in done:
        document["delivery"]["delivered_at"] = form.time("delivered_at", done["completed"])
    return _stamped(document, form, happened[-1][0])


# --- days ------------------------------------------------------------------------------------------------------------


def day(market, date):
    """What is written on a date: by collection the documents and the ``_id`` of those that are removed."""
    written = {name: ([], []) for name in COLLECTIONS}
    for kind, make, each in (("users", user, MOVES), ("products", product, REPRICES)):
        for number in range(1, market.count(kind, date) + 1):
            if removed_on(market, kind, number) == date:
                written[kind][1].append(str(number))
            elif _is_there(market, kind, number, date) and (
                market.born(kind, number) == date or _turns(market, kind, number, each, date)[-1:] == [date]
            ):
                written[kind][0].append(make(market, number, date))
    for ago in range(min(LIFE, market.number(date)) + 1):
        for number in orders_of(market, date - timedelta(days=ago)):
            today = [what for at, what in events(market, number) if _local(at) == date]
            if "removed" in today:
                written["orders"][1].append(str(number))
            elif today:
                written["orders"][0].append(order(market, number, date))
    return written


def manifest(market, last):
    """What is there at the end of a date, for a warehouse to be compared with."""
    days = [market.opened + timedelta(days=number) for number in range(market.number(last) + 1)]
    orders = {
        number: document
        for each in days
        for number in orders_of(market, each)
        if (document := order(market, number, last)) is not None
    }
    readable = {number for number in orders if not is_unreadable(market, number, last)}
    lines = [line for number in sorted(readable) for line in orders[number]["lines"]]
    return {
        "parameters": {**asdict(market), "opened": market.opened.isoformat(), "to": last.isoformat()},
        **{
            kind: sum(_is_there(market, kind, number, last) for number in range(1, market.count(kind, last) + 1))
            for kind in ("users", "products")
        },
        "orders": len(orders),
        "unreadable": sorted(orders.keys() - readable),
        "orders_by_status": dict(sorted(Counter(orders[number]["status"] for number in readable).items())),
        "lines": len(lines),
        "quantity": int(sum(_number(line["quantity"]) for line in lines)),
        "amount": str(sum(_number(line["quantity"]) * _number(line["price"]) for line in lines)),
    }


def _number(value):
    """What a number of a document is."""
    return Decimal(str(value).replace(" ", "").replace(",", "."))


# --- the database ----------------------------------------------------------------------------------------------------


class Sink:
    """Writes days into a MongoDB database, each once and in order.

    database: pymongo's. given: parameters of the Market; others are those that the database was begun with, or the
    default ones. Raises GeneratorError where the database was begun with others.
    """

    def __init__(self, database, given=None):
        self._database = database
        self._found = database[STATE].find_one({"_id": STATE}) or {"_id": STATE, "last": None}
        known = self._found.get("market", {})
        begun = Market(**known | ({"opened": date.fromisoformat(known["opened"])} if known else {}))
        self.market = replace(begun, **given or {})
        if known and self.market != begun:
            raise GeneratorError(
                f"the marketplace was begun with {begun}: leave the parameters out, or empty its database"
            )
        if not known:
            self._found["market"] = asdict(self.market) | {"opened": self.market.opened.isoformat()}
            for name in COLLECTIONS:
                database[name].create_index([("updated_at", 1), ("_id", 1)])

    @property
    def last(self):
        """The last date that was written, None where none was."""
        return self._found["last"] and date.fromisoformat(self._found["last"])

    def write(self, date, written):
        """Writes what ``day`` returns; begun again after a cut, it writes the same."""
        for name, (documents, removed) in written.items():
            collection = self._database[name]
            ids = [document["_id"] for document in documents]
            known = {found["_id"] for found in collection.find({"_id": {"$in": ids}}, {"_id": 1})} if ids else set()
            new = [document for document in documents if document["_id"] not in known]
            if new:
                collection.insert_many(new, ordered=False)
            for document in documents:
                if document["_id"] in known:
                    collection.replace_one({"_id": document["_id"]}, document)
            if removed:
                collection.delete_many({"_id": {"$in": removed}})
        self._found["last"] = date.isoformat()
        self._database[STATE].replace_one({"_id": STATE}, self._found, upsert=True)


# --- the command line ------------------------------------------------------------------------------------------------


def parser(kind, count, read_day):
    """The arguments. kind: class of the parser; count: reads a whole number from 1; read_day: reads a date."""
    arguments = kind(
        prog="python -m generator marketplace",
        description="Writes days of a marketplace into the MongoDB database that MONGO_URL names. Days are written in"
        " order, each once: one that was written is left out.",
    )
    market = Market()
    arguments.add_argument(
        "--from", dest="first", type=read_day, metavar="DAY", help="first day (default: the one after the last written)"
    )
    arguments.add_argument("--to", dest="last", type=read_day, metavar="DAY", help="last day (default: the first)")
    arguments.add_argument("--days", type=count, help="how many days, instead of --to")
    arguments.add_argument("--users", type=count, help=f"on the opening day (default {market.users})")
    arguments.add_argument("--products", type=count, help=f"on the opening day (default {market.products})")
    arguments.add_argument("--orders", type=count, help=f"on a weekday (default {market.orders})")
    arguments.add_argument("--opened", type=read_day, metavar="DAY", help=f"first day of all (default {market.opened})")
    arguments.add_argument("--seed", type=int, help=f"any whole number (default {market.seed})")
    arguments.add_argument("--manifest", metavar="FILE", help="write what is there at the end as JSON to this file")
    arguments.add_argument("--quiet", action="store_true", help="show no progress")
    return arguments


def database_of(url):
    """The database that a MongoDB URL names, "marketplace" where it names none.

    Raises GeneratorError where the text is no such URL.
    """
    from pymongo import MongoClient
    from pymongo.errors import ConfigurationError, InvalidURI

    try:
        client = MongoClient(url, serverSelectionTimeoutMS=5_000, appname="tshop generator")
        return client.get_default_database("marketplace")
    except (ConfigurationError, InvalidURI, ValueError):
        # The driver's message may show the password.
        raise GeneratorError("MONGO_URL is not a MongoDB URL: set it to mongodb://host:port/marketplace") from None


def run(argv):
    """Runs the command line; returns the exit status as ``generator.__main__.main`` does."""
    from generator.__main__ import FAILURE, NOT_BEGUN, UNREACHABLE, _count, _day, _Parser, _say

    try:
        from pymongo.errors import ConnectionFailure, PyMongoError
    except ImportError:
        _say(None, "the driver of MongoDB is missing: pip install pymongo")
        return NOT_BEGUN
    arguments = parser(_Parser, _count, _day).parse_args(argv)
    names = [field.name for field in fields(Market)]
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    status = NOT_BEGUN
    try:
        url = os.environ.get("MONGO_URL")
        if not url:
            raise GeneratorError("MONGO_URL is not set: set it to mongodb://host:port/marketplace")
        sink = Sink(database_of(url), given)
        market = sink.market
        begin = sink.last + timedelta(days=1) if sink.last else market.opened
        first = arguments.first or begin
        last = arguments.last or first + timedelta(days=(arguments.days or 1) - 1)
        if first > begin:
            raise GeneratorError(f"{begin} is the next day to write: begin with it")
        if last >= datetime.now(ZONE).date():
            raise GeneratorError(f"{last} is not over yet: give an earlier day")
        status = FAILURE
        while begin <= last:
            written = day(market, begin)
            sink.write(begin, written)
            if not arguments.quiet:
                told = ", ".join(
                    f"{name} {len(new)} written {len(gone)} removed" for name, (new, gone) in written.items()
                )
                print(f"{begin}: {told}", file=sys.stderr)
            begin += timedelta(days=1)
        if arguments.manifest:
            Path(arguments.manifest).write_text(json.dumps(manifest(market, sink.last), ensure_ascii=False, indent=2))
    except GeneratorError as error:
        _say(None, error)
        return UNREACHABLE if isinstance(error, Unreachable) else status
    except ConnectionFailure as error:
        _say(
            None,
            f"the marketplace's server cannot be reached ({str(error).split(',')[0]}): start it or correct MONGO_URL",
        )
        return UNREACHABLE
    except PyMongoError as error:
        _say(None, f"the marketplace's server refused ({error})")
        return FAILURE
    return 0
