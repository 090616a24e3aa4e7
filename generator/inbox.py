"""``python -m generator stores``: writes the stores' weekly files into an inbox, with the faults that such files have.

``<inbox>/<ISO week>/<region>/`` gets sales.csv, clients.csv and, where prices are new, products.csv. Each is written
whole or not at all, and the same arguments write the same bytes. The manifest says what was planted, and so what a
warehouse must hold in the end. docs/stores.md says what the faults are.
"""

import argparse
import errno
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from generator import people, stores
from generator.hashing import below, bits, pick, uniform, weighted
from generator.rows import roubles
from generator.shop import MICROSECONDS, GeneratorError, read_day
from generator.stores import REGIONS, Chain

SALES, CLIENTS, PRODUCTS = "sales.csv", "clients.csv", "products.csv"
HEADERS = {
    SALES: ("sale_id", "customer_id", "product_id", "quantity", "sale_date", "sale_amount", "region"),
    CLIENTS: (*("customer_id", "first_name", "last_name", "birth_date", "email", "phone", "registered_at", "region"),),
    PRODUCTS: ("product_id", "name", "category", "size", "price"),
}
# The files of this region and these weeks of the period are missing, and come with --late.
MISSING_REGION, MISSING_WEEKS = "East", range(20, 24)
# Of a thousand lines so many are there as they are, twice, in another writing too, with other values before it; and so
# many have a bad one beside them.
_AS_IT_IS, _TWICE, _REWRITTEN, _CORRECTED, _BESIDE_BAD = range(5)
_SALE_FATE = weighted([968, 15, 10, 2, 5])
_CLIENT_FATE = weighted([982, 10, 5, 0, 3])
# What is wrong with a bad line, as the warehouse says it, and texts of the column that make it so. A bad sale or client
# has an id of its own.
FIELDS, OTHER_WEEK, CORRECTED = "has not {} fields", "sale_date is not of this week", "a later line has other values"
_BAD_IDS = 900_000_000
_BAD = {
    SALES: (
        ("sale_id is no whole number", 0, ("", "б/н")),
        ("customer_id is no whole number", 1, ("карта", "12A")),
        ("product_id is no whole number", 2, ("", "?")),
        ("quantity is no whole number above 0", 3, ("0", "-1", "два", "1.5")),
        ("sale_date is no time", 4, ("31.02.2024", "", "вчера")),
        ("sale_amount is no amount", 5, ("", "-100.00", "бесплатно")),
        ("region is not the folder's", 6, ("Abroad", "")),
        (OTHER_WEEK, None, ()),
        (FIELDS.format(7), None, ()),
    ),
    CLIENTS: (
        ("customer_id is no whole number", 0, ("", "нет")),
        ("birth_date is no date", 3, ("31.02.1980", "1980")),
        ("registered_at is no time", 6, ("вчера", "24.13.2023")),
        ("region is not the folder's", 7, ("Abroad", "")),
        (FIELDS.format(8), None, ()),
    ),
}
_FORTNIGHT = 14 * 86_400 * MICROSECONDS
_MOSCOW = 3 * 3_600 * MICROSECONDS
_TIMES = ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S+03:00")
_DATES = ("%Y-%m-%d", "%d.%m.%Y")
_FULL = "the disk is full: free some space and run the same weeks again"


# --- how values are written -------------------------------------------------------------------------------------------


def _chosen(form, texts):
    """Of several arrays of texts, for each row the one that its form names, from 0."""
    return pc.choose(pa.array(form), *texts)


def _quoted(texts):
    return pc.binary_join_element_wise('"', texts, '"', "")


def _amounts(kopecks, form):
    """Amounts in four forms: 1234.50, 1234,50, 1 234,50 with a no-break space, 1,234.50; quoted where a comma is."""
    plain = roubles(kopecks, 14).cast(pa.string())
    comma = pc.replace_substring(plain, ".", ",")
    spaced, english = (
        _quoted(pc.replace_substring_regex(text, r"^(\d+)(\d{3})([.,])", rf"\1{between}\2\3"))
        for text, between in ((comma, "\u00a0"), (plain, ","))
    )
    return _chosen(form, [plain, _quoted(comma), spaced, english])


def _times(at, form):
    local = pa.array((at + _MOSCOW) // MICROSECONDS).cast(pa.timestamp("s"))
    return _chosen(form, [pc.strftime(local, format=one) for one in _TIMES])


def _dates(days, form):
    return _chosen(form, [pc.strftime(days.cast(pa.timestamp("s")), format=one) for one in _DATES])


def _numbers(values, form):
    text = pa.array(values).cast(pa.string())
    return _chosen(form, [text, pc.binary_join_element_wise(text, "0", "."), _padded(text)])


def _padded(texts):
    return pc.binary_join_element_wise(" ", texts, " ", "")


def _region_texts(region, form):
    words = [(word, word.upper(), word.lower(), f" {word}")[number] for number in range(4) for word in REGIONS]
    return pa.array(words).take(pa.array(form * len(REGIONS) + region))


# --- the lines of a file ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A file of a week and region, and what the warehouse is to find in it.

    week, region, name: where it lies; is_missing: it comes late; lines: with the header; counts: of the lines without
    it: lines, exact_duplicates, near_duplicates, refused (by reason), landed, and of the landed sales quantity and
    amount in kopecks.
    """

    week: str
    region: str
    name: str
    is_missing: bool
    lines: list
    counts: dict

    @property
    def data(self):
        """Its bytes."""
        return ("\n".join(self.lines) + "\n").encode()


class _SalesDraft:
    """The sales of a region and week, and how each is written and spoilt."""

    name = SALES

    def __init__(self, chain, rows):
        self.chain, self.rows, self.ids = chain, rows, rows.sale_id
        self.fate = pick(_SALE_FATE, bits(chain.seed, "stores.fate", self.ids)) if len(self.ids) else self.ids

    def columns(self, rows, shift=0):
        """The texts of rows; ``shift``: what the form of the time is moved on by, for another writing of the same."""
        form = _forms(self.chain, rows.sale_id)
        return [
            _numbers(rows.sale_id, form("sale", [9, 0, 1])),
            _numbers(rows.client_id, form("client", [8, 1, 1])),
            _numbers(rows.product_id, form("product", [9, 0, 1])),
            _numbers(rows.quantity, form("quantity", [8, 1, 1])),
            _times(rows.at, (form("time", [5, 3, 2]) + shift) % len(_TIMES)),
            _amounts(rows.amount, form("amount", [5, 2, 2, 1])),
            _region_texts(rows.region, form("region", [7, 1, 1, 1])),
        ]

    def where(self, mask):
        """The rows that a mask selects."""
        return self.rows.where(mask)

    @staticmethod
    def with_other_ids(rows, reasons):
        """Rows that get a bad value, as the reasons say; the time of some is wrong already."""
        late = np.array([reason == OTHER_WEEK for reason in reasons], dtype=np.int64)
        return replace(rows, sale_id=rows.sale_id + _BAD_IDS, at=rows.at + _FORTNIGHT * late)

    @staticmethod
    def with_other_values(rows):
        """The same sales, as they were before somebody corrected them."""
        return replace(rows, quantity=rows.quantity + 1, amount=rows.amount + 100)


class _ClientsDraft:
    """The clients of a region and week, likewise; nobody corrects one."""

    name = CLIENTS

    def __init__(self, chain, rows):
        self.chain, self.rows, self.ids = chain, rows, rows["customer_id"].to_numpy()
        self.fate = pick(_CLIENT_FATE, bits(chain.seed, "stores.client_fate", self.ids)) if len(self.ids) else self.ids

    def columns(self, rows, shift=0):
        """The texts of rows."""
        ids = rows["customer_id"].to_numpy()
        form = _forms(self.chain, ids)
        text = {name: rows[name].combine_chunks() for name in ("first_name", "last_name", "email", "phone")}
        return [
            _numbers(ids, form("card", [9, 0, 1])),
            text["first_name"],
            text["last_name"],
            _dates(rows["birth_date"].combine_chunks(), form("birth", [6, 4])),
            text["email"],
            text["phone"],
            _times(rows["registered_at"].to_numpy(), (form("registered", [5, 3, 2]) + shift) % len(_TIMES)),
            _region_texts(rows["region"].to_numpy(), form("home", [7, 1, 1, 1])),
        ]

    def where(self, mask):
        """The rows that a mask selects."""
        return self.rows.filter(pa.array(mask))

    @staticmethod
    def with_other_ids(rows, _reasons):
        """Rows that get a bad value."""
        return rows.set_column(0, "customer_id", pa.array(rows["customer_id"].to_numpy() + _BAD_IDS))


def _forms(chain, ids):
    """A function that returns the form of a field, for each id, from what it is called and the forms' shares."""
    return lambda name, shares: pick(weighted(shares), bits(chain.seed, f"stores.form.{name}", ids))


def _joined(columns):
    return pc.binary_join_element_wise(*columns, ",").to_pylist()


def _bad_lines(name, columns, kinds):
    """The lines of bad rows: each of its kind."""
    rows = [column.to_pylist() for column in columns]
    made = []
    for number, kind in enumerate(kinds):
        _, column, texts = _BAD[name][kind]
        values = [texts[number] for texts in rows]
        if column is not None:
            values[column] = texts[number % len(texts)]
        elif kind == len(_BAD[name]) - 1:
            # Cut off, or with a field too many.
            values = values[:-1] if number % 2 else [*values, ""]
        made.append(",".join(values))
    return made


def _with_faults(draft):
    """The lines of a file in their order, and the counts of what was planted."""
    seed, count = draft.chain.seed, len(draft.ids)
    place = np.arange(count, dtype=np.float64)
    lines, places = [_joined(draft.columns(draft.rows))], [place]
    twice, rewritten, before, beside = (draft.fate == kind for kind in (_TWICE, _REWRITTEN, _CORRECTED, _BESIDE_BAD))

    def drawn(stream, mask):
        return uniform(bits(seed, f"stores.place.{stream}", draft.ids[mask])) if mask.any() else np.empty(0)

    again = draft.columns(draft.where(twice))
    lines.append(_joined([_padded(again[0]), *again[1:]]))
    places.append(place[twice] + drawn("twice", twice) * (count - place[twice]))
    lines.append(_joined(draft.columns(draft.where(rewritten), shift=1)))
    places.append(drawn("rewritten", rewritten) * count)
    if before.any():
        lines.append(_joined(draft.columns(draft.with_other_values(draft.where(before)))))
        # Before the line that corrects it.
        places.append(place[before] * drawn("corrected", before) - 0.5)
    bad = _BAD[draft.name]
    kinds = below(bits(seed, "stores.bad", draft.ids[beside]), len(bad)).tolist() if beside.any() else []
    reasons = [bad[kind][0] for kind in kinds]
    spoilt = draft.with_other_ids(draft.where(beside), reasons)
    lines.append(_bad_lines(draft.name, draft.columns(spoilt), kinds))
    places.append(drawn("beside", beside) * count)
    order = np.argsort(np.concatenate(places), kind="stable")
    flat = [line for part in lines for line in part]
    refused = Counter([*reasons, *[CORRECTED] * int(before.sum())])
    return [",".join(HEADERS[draft.name]), *(flat[number] for number in order.tolist())], {
        "lines": len(flat),
        "exact_duplicates": int(twice.sum()),
        "near_duplicates": int(rewritten.sum()),
        "refused": dict(sorted(refused.items())),
        "landed": count,
    }


def _sales_file(chain, sales):
    lines, counts = _with_faults(_SalesDraft(chain, sales))
    return lines, {**counts, "quantity": int(sales.quantity.sum()), "kopecks": int(sales.amount.sum())}


def _products_file(table):
    kopecks = np.array([int(100 * price) for price in table["price"].to_pylist()], dtype=np.int64)
    columns = [
        table["product_id"].cast(pa.string()).combine_chunks(),
        _quoted(table["name"].combine_chunks()),
        *(table[name].combine_chunks() for name in ("category", "size")),
        _amounts(kopecks, np.arange(len(kopecks)) % 4),
    ]
    counts = {"lines": len(kopecks), "exact_duplicates": 0, "near_duplicates": 0, "refused": {}, "landed": len(kopecks)}
    return [",".join(HEADERS[PRODUCTS]), *_joined(columns)], counts


def files(chain, first=1, last=None):
    """Yields the Files of the weeks number first to last (default: all), those that are missing included."""
    for week, sales in stores.sales(chain, last):
        if week.number < first:
            continue
        clients, products = stores.clients(chain, week), stores.products(chain, week)
        for number, region in enumerate(REGIONS):
            is_missing = region == MISSING_REGION and week.number in MISSING_WEEKS
            of_region = clients.filter(pc.equal(clients["region"], number))
            made = {
                SALES: _sales_file(chain, sales.where(sales.region == number)),
                CLIENTS: _with_faults(_ClientsDraft(chain, of_region)),
            }
            if len(products):
                made[PRODUCTS] = _products_file(products)
            for name, (lines, counts) in made.items():
                yield File(week.name, region, name, is_missing, lines, counts)


# --- the command line -------------------------------------------------------------------------------------------------


def manifest(chain, made):
    """What the files hold, for a reader to compare with: of each file, and the totals of each region and file name.

    made: Files, in their order. The totals are those of the files that are not missing.
    """
    totals = {}
    listed = []
    for file in made:
        counts = {name: value for name, value in file.counts.items() if name != "kopecks"}
        if "kopecks" in file.counts:
            counts["amount"] = _roubles(file.counts["kopecks"])
        place = {"week": file.week, "region": file.region, "file": file.name}
        listed.append({**place, "is_missing": file.is_missing, **counts})
        if file.is_missing:
            continue
        total = totals.setdefault(file.region, {}).setdefault(file.name, Counter())
        for name, value in file.counts.items():
            total[name] += sum(value.values()) if name == "refused" else value
    for by_file in totals.values():
        for name, total in by_file.items():
            kopecks = total.pop("kopecks", None)
            by_file[name] = {**total, **({} if kopecks is None else {"amount": _roubles(kopecks)})}
    period = {"from": str(chain.first), "to": str(chain.last), "sales": chain.sales, "seed": chain.seed}
    return {"period": period, "regions": totals, "files": listed}


def _roubles(kopecks):
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def _write(path, data):
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        reason = _FULL if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise GeneratorError(f"{path} was not written: {reason}") from error
    finally:
        partial.unlink(missing_ok=True)


def parser(kind, count):
    """The arguments. kind: class of the parser; count: reads a whole number from 1."""
    chain = Chain()
    arguments = kind(
        prog="python -m generator stores",
        description="Writes what the tills of four regions export each week, INBOX/<ISO week>/<region>/sales.csv and"
        " clients.csv, with duplicates, mixed formats, bad lines, and weeks of one region missing. The same arguments"
        " write the same files.",
    )
    arguments.add_argument(
        "--inbox", required=True, metavar="DIR", help="folder of the files, made where it is missing"
    )
    arguments.add_argument("--from", dest="first", default=chain.first, type=_day, metavar="DAY", help="first day")
    arguments.add_argument("--to", dest="last", default=chain.last, type=_day, metavar="DAY", help="last day")
    arguments.add_argument(
        "--weeks", default=None, metavar="N or A-B", help="write only these weeks of the period, the first N or A to B"
    )
    arguments.add_argument(
        "--sales", type=count, default=chain.sales, help="sales of the whole period (default %(default)s)"
    )
    arguments.add_argument(
        "--clients-first",
        type=count,
        default=chain.clients_first,
        help="clients on the first day (default %(default)s)",
    )
    arguments.add_argument(
        "--clients-last", type=count, default=chain.clients_last, help="clients on the last day (default %(default)s)"
    )
    arguments.add_argument("--products", type=count, default=chain.products, help="products (default %(default)s)")
    arguments.add_argument("--seed", type=int, default=chain.seed, help="any whole number (default %(default)s)")
    arguments.add_argument("--locale", default=chain.locale, help="Faker's locale of names (default %(default)s)")
    arguments.add_argument(
        "--late",
        action="store_true",
        help=f"write the files of {MISSING_REGION}, weeks {MISSING_WEEKS[0]} to {MISSING_WEEKS[-1]}, too",
    )
    arguments.add_argument("--manifest", metavar="FILE", help="write what was planted as JSON to this file")
    arguments.add_argument("--quiet", action="store_true", help="show no progress")
    return arguments


def _day(text):
    try:
        return read_day(text)
    except GeneratorError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def checked(arguments):
    """The Chain and its first and last week to write; raises GeneratorError where they cannot be."""
    chain = Chain(
        arguments.first,
        arguments.last,
        arguments.sales,
        arguments.clients_first,
        arguments.clients_last,
        arguments.products,
        arguments.seed,
        arguments.locale.replace("-", "_"),
    )
    if chain.last < chain.first:
        raise GeneratorError(f"--to {chain.last} is before --from {chain.first}: give them in order")
    if chain.clients_last < chain.clients_first:
        raise GeneratorError("--clients-last is below --clients-first: clients become more")
    people.names(chain.locale)
    count = len(stores.weeks(chain))
    found = re.fullmatch(r"(?:(\d{1,4})-)?(\d{1,4})", arguments.weeks or str(count))
    first, last = (int(found[1] or 1), int(found[2])) if found else (0, 0)
    if not 1 <= first <= last <= count:
        raise GeneratorError(f"--weeks {arguments.weeks} is not in the period's 1 to {count}: give 6, or 7-12")
    return chain, first, last


def run(argv):
    """Runs the command line; returns the exit status as ``generator.__main__.main`` does."""
    from generator.__main__ import FAILURE, INTERRUPTED, NOT_BEGUN, _count, _Parser, _say

    arguments = parser(_Parser, _count).parse_args(argv)
    status = NOT_BEGUN
    try:
        chain, first, last = checked(arguments)
        inbox, made = Path(arguments.inbox), []
        status = FAILURE
        bar = tqdm(total=last - first + 1, unit="week", disable=arguments.quiet or not sys.stderr.isatty())
        with bar:
            for file in files(chain, first, last):
                path = inbox / file.week / file.region / file.name
                if arguments.late or not file.is_missing:
                    _write(path, file.data)
                # It may have come late before.
                made.append(replace(file, lines=[], is_missing=file.is_missing and not path.exists()))
                bar.update(file.name == SALES and file.region == REGIONS[-1])
        if arguments.manifest:
            text = json.dumps(manifest(chain, made), indent=1, ensure_ascii=False)
            _write(Path(arguments.manifest), f"{text}\n".encode())
    except GeneratorError as error:
        _say(None, error)
        return status
    except KeyboardInterrupt:
        _say(None, "interrupted; the files that are there are whole")
        return INTERRUPTED
    return 0
