"""What history means, in plain Python: written from the text of docs/history.md, not from the SQL that implements it.

Times are aware datetimes, states are tuples of the tracked columns in the order of `sl.entity`, and None stands for a
deletion.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHOP_TIME = ZoneInfo("Europe/Moscow")
COLUMNS = {
    "client": ("first_name", "last_name", "birth_date"),
    "product": ("name", "category", "size", "price"),
    "sale": ("order_id", "sold_at", "client_id", "product_id", "quantity", "unit_price", "amount"),
}
OUTCOMES = ("inserted", "corrected", "deleted", "unchanged", "rejected")
# Rows rejected by these may become good by the passing of time, so every load judges them again.
CLOCK_RULES = frozenset({"updated_at_in_future", "birth_date_in_future", "sold_in_future"})
# sl.entity's defaults.
PLAUSIBLE_FROM = datetime(1900, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(minutes=5)
OBSERVATIONS_KEPT = 16
MICROSECOND = timedelta(microseconds=1)
# The current mart as Warehouse.mart gives it: with the starts of the versions in place of their surrogate keys.
CURRENT_MART = """
    SELECT
        m.sale_id, m.order_id, m.sold_at, m.client_id, c.valid_from, m.client, m.client_age, m.product_id,
        p.valid_from, m.product, m.category, m.size, m.price, m.quantity, m.total_amount
    FROM cdm.sales_mart AS m
    LEFT JOIN dds.client AS c USING (client_sk)
    LEFT JOIN dds.product AS p USING (product_sk)
    WHERE m.is_current
"""
State = tuple | None


class Row(NamedTuple):
    """A row of raw: a state of a key; updated_at is None where it is not finite; is_deleted may be None, as in raw."""

    key: int
    state: tuple
    updated_at: datetime | None
    is_deleted: bool | None


class Version(NamedTuple):
    """A version of a key, valid over [valid_from, valid_to); valid_to is None while it is open.

    Attributes:
        observed_at: when the same state was observed again, as far as that is kept.
    """

    state: tuple
    valid_from: datetime
    valid_to: datetime | None
    observed_at: tuple[datetime, ...]


class Segment(NamedTuple):
    """A maximal run of equal observations in time order: the state, and when it was observed."""

    state: State
    times: list[datetime]


@dataclass
class History:
    """Observations of one key: at each moment the state last delivered for it.

    Attributes:
        observed: of each moment the state.
        tied: moments of deletions that bear the time of a state, a microsecond before them.
        kept: how many of the latest observations of an unchanged state are kept beside the first.
    """

    observed: dict[datetime, State] = field(default_factory=dict)
    tied: set[datetime] = field(default_factory=set)
    kept: int = OBSERVATIONS_KEPT

    def observe(self, at: datetime, state: State) -> str:
        """Take in one observation; returns what becomes of it, an outcome but for "rejected"."""
        starts = {version.valid_from for version in self.versions()}
        before = self._shape()
        if state is None and self.observed.get(at) is not None:
            # It ends the state of its own time a microsecond later, unless something else was observed then.
            at += MICROSECOND
            if at not in self.observed:
                self.tied.add(at)
            elif at not in self.tied:
                return "unchanged"
        elif state is not None and at + MICROSECOND in self.tied:
            # What was committed last counts.
            self._forget(at + MICROSECOND)
        if state is not None:
            self.tied.discard(at)
        self.observed[at] = state
        if self._shape() == before:
            return "unchanged"
        if state is None:
            return "deleted"
        # A version that begins earlier, goes on longer or says otherwise is corrected; any other is a new one.
        times = next(segment.times for segment in self.segments() if at in segment.times)
        return "corrected" if any(times[0] <= start <= times[-1] for start in starts) else "inserted"

    def forget_old_observations(self) -> None:
        """Of each unchanged state keep the first and the latest observations."""
        for segment in self.segments():
            for at in segment.times[1 : -self.kept]:
                self._forget(at)

    def _forget(self, at: datetime) -> None:
        del self.observed[at]
        self.tied.discard(at)

    def segments(self) -> list[Segment]:
        """Maximal runs of equal observations in time order."""
        segments: list[Segment] = []
        for at in sorted(self.observed):
            if segments and segments[-1].state == self.observed[at]:
                segments[-1].times.append(at)
            else:
                segments.append(Segment(self.observed[at], [at]))
        return segments

    def versions(self) -> list[Version]:
        """The key's versions in time order."""
        segments = self.segments()
        ends = [*(segment.times[0] for segment in segments[1:]), None][: len(segments)]
        return [
            Version(state, times[0], end, tuple(times[1:]))
            for (state, times), end in zip(segments, ends, strict=True)
            if state is not None
        ]

    def as_of(self, at: datetime) -> Version | None:
        """Version valid at a moment; before the first the first one, in a gap the last one before it."""
        versions = self.versions()
        earlier = [version for version in versions if version.valid_from <= at]
        return earlier[-1] if earlier else versions[0] if versions else None

    def current(self) -> Version | None:
        """The open version, if any."""
        versions = self.versions()
        return versions[-1] if versions and versions[-1].valid_to is None else None

    def _shape(self) -> list[tuple[State, datetime]]:
        """What is true when, whenever it was last seen."""
        return [(segment.state, segment.times[0]) for segment in self.segments()]


@dataclass
class Rejection:
    """An open rejection of a key by a rule.

    Attributes:
        row: the newest bad state.
        load_no: the load that rejected it last.
        times_seen: how many states the rule has rejected.
    """

    row: Row
    load_no: int
    times_seen: int = 1


@dataclass
class Warehouse:
    """Histories of all keys of the three entities, the rejections that are open, and the mart as it should stand now.

    Attributes:
        client, product, sale: the history of each key.
        rejected: of each entity and key, the open rejections by rule.
        kept: how many observations of an unchanged state are kept (sl.entity.observations_kept).
        load_no: number of the last load.
    """

    client: dict[int, History] = field(default_factory=dict)
    product: dict[int, History] = field(default_factory=dict)
    sale: dict[int, History] = field(default_factory=dict)
    rejected: dict[tuple[str, int], dict[str, Rejection]] = field(default_factory=dict)
    kept: int = OBSERVATIONS_KEPT
    load_no: int = 0

    def load(self, entity: str, rows: Iterable[Row]) -> Counter[str]:
        """Take in what a load reads, the states of a key in the order of their commits.

        Returns how many rows came to which outcome.
        """
        self.load_no += 1
        outcomes: Counter[str] = Counter()
        for row in rows:
            if rule := failed_rule(entity, row):
                self.reject(entity, rule, row)
                outcomes["rejected"] += 1
                continue
            self.resolve(entity, row)
            history = getattr(self, entity).setdefault(row.key, History(kept=self.kept))
            outcomes[history.observe(row.updated_at, None if row.is_deleted else row.state)] += 1
        for history in getattr(self, entity).values():
            history.forget_old_observations()
        return outcomes

    def reject(self, entity: str, rule: str, row: Row) -> None:
        """Take in a bad state: one rejection a rule, which keeps the newest state; the same state again is none."""
        rejections = self.rejected.setdefault((entity, row.key), {})
        known = rejections.get(rule)
        if known is None:
            rejections[rule] = Rejection(row, self.load_no)
            return
        if known.row == row:
            return
        is_late = not is_about_time(rule) and row.updated_at < known.row.updated_at
        rejections[rule] = Rejection(known.row if is_late else row, self.load_no, known.times_seen + 1)

    def resolve(self, entity: str, row: Row) -> None:
        """Take in a good state: it resolves what is not newer, or has no time to compare."""
        rejections = self.rejected.pop((entity, row.key), {})
        still_open = {
            rule: rejection
            for rule, rejection in rejections.items()
            if not is_about_time(rule) and rejection.row.updated_at > row.updated_at
        }
        if still_open:
            self.rejected[entity, row.key] = still_open

    def waiting(self, entity: str) -> set[int]:
        """Keys whose newest rejection may pass with time."""
        return {
            key
            for (name, key), rejections in self.rejected.items()
            if name == entity
            and any(
                rule in CLOCK_RULES and rejection.load_no == max(other.load_no for other in rejections.values())
                for rule, rejection in rejections.items()
            )
        }

    def rejections(self) -> Iterator[tuple]:
        """The open rejections: entity, key, rule, update time of the newest bad state, how many there were."""
        for (entity, key), rejections in self.rejected.items():
            for rule, found in rejections.items():
                yield entity, str(key), rule, None if is_about_time(rule) else found.row.updated_at, found.times_seen

    def versions(self, entity: str) -> Iterator[tuple]:
        """Rows of the entity's dds table: key, tracked columns, valid_from, valid_to, observations after the first."""
        for key, history in getattr(self, entity).items():
            for version in history.versions():
                yield (key, *version.state, *version[1:])

    def mart(self) -> Iterator[tuple]:
        """Current rows of the mart: the sale, the client as it was (with the version's valid_from), the product too."""
        for sale_id, history in self.sale.items():
            sale = history.current()
            if sale is None:
                continue
            order_id, sold_at, client_id, product_id, quantity, unit_price, amount = sale.state
            client = self.client.get(client_id, History()).as_of(sold_at)
            product = self.product.get(product_id, History()).as_of(sold_at)
            first_name, last_name, birth_date = client.state if client else (None, None, None)
            name, category, size, price = product.state if product else (None, None, None, None)
            price = price if unit_price is None else unit_price
            if amount is None and price is not None:
                amount = Decimal(price) * quantity
            yield (
                sale_id,
                order_id,
                sold_at,
                client_id,
                client.valid_from if client else None,
                f"{first_name} {last_name}" if client else None,
                full_years(birth_date, sold_at) if birth_date else None,
                product_id,
                product.valid_from if product else None,
                name,
                category,
                size,
                price,
                quantity,
                amount,
            )


@dataclass
class Reported:
    """The mart's versions in knowledge time: what each build reported of each sale.

    Attributes:
        versions: of each sale its versions, each as image, version number, valid_from, valid_to (None while it is open)
            and the run that last wrote it.
    """

    versions: dict[int, list[tuple]] = field(default_factory=dict)

    def build(self, images: dict[int, tuple], known_at: datetime, run_id: int) -> Counter[str]:
        """Take in the images of all current sales at a build's clock; returns how many came to which outcome."""
        outcomes: Counter[str] = Counter()
        for sale_id in {**self.versions, **images}:
            versions = self.versions.setdefault(sale_id, [])
            image, last = images.get(sale_id), versions[-1] if versions else None
            is_open = last is not None and last[3] is None
            if image == (last[0] if is_open else None):
                continue
            if is_open:
                versions[-1] = (*last[:3], known_at, run_id)
            if image is not None:
                versions.append((image, len(versions) + 1, known_at, None, run_id))
            outcomes["deleted" if image is None else "corrected" if is_open else "inserted"] += 1
        return outcomes

    def rows(self) -> Iterator[tuple]:
        """All versions: image, version number, valid_from, valid_to, run_id."""
        for versions in self.versions.values():
            yield from versions

    def as_known(self, at: datetime) -> Iterator[tuple]:
        """The images that were reported at a moment."""
        for image, _, valid_from, valid_to, _ in self.rows():
            if valid_from <= at and (valid_to is None or at < valid_to):
                yield image


def full_years(birth_date: date, at: datetime) -> int | None:
    """Age in full years on the shop's local day of a moment; None before birth."""
    day = at.astimezone(SHOP_TIME).date()
    if birth_date > day:
        return None
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def failed_rule(entity: str, row: Row) -> str | None:
    """Name of the first quality rule a row of raw fails, None for a good one; of a deletion only the time matters."""
    if row.updated_at is None:
        return "updated_at_not_finite"
    if row.updated_at < PLAUSIBLE_FROM:
        return "updated_at_implausible"
    if row.updated_at > datetime.now(UTC) + FUTURE_TOLERANCE:
        return "updated_at_in_future"
    if row.is_deleted:
        return None
    values = dict(zip(COLUMNS[entity], row.state, strict=True))
    return next((rule for rule, holds in RULES[entity](values) if not holds), None)


def is_about_time(rule: str) -> bool:
    """Whether a rule says that the update time itself is wrong."""
    return rule.startswith("updated_at_")


def _client_rules(row: dict) -> Iterator[tuple[str, bool]]:
    born = row["birth_date"]
    yield "name_missing", bool((row["first_name"] or "").strip() and (row["last_name"] or "").strip())
    yield "birth_date_in_future", born is None or born <= datetime.now(SHOP_TIME).date()
    yield "birth_date_implausible", born is None or born >= date(1900, 1, 1)


def _product_rules(row: dict) -> Iterator[tuple[str, bool]]:
    yield "name_missing", bool((row["name"] or "").strip())
    yield "price_missing", row["price"] is not None and not row["price"].is_nan()
    yield "price_negative", row["price"] >= 0


def _sale_rules(row: dict) -> Iterator[tuple[str, bool]]:
    yield "order_missing", row["order_id"] is not None
    yield "sold_at_missing", row["sold_at"] is not None
    yield "sold_in_future", row["sold_at"] <= datetime.now(UTC)
    yield "sold_at_implausible", row["sold_at"] >= datetime(2000, 1, 1, tzinfo=UTC)
    yield "product_missing", row["product_id"] is not None
    yield "quantity_missing", row["quantity"] is not None
    yield "quantity_zero", row["quantity"] != 0
    yield "quantity_implausible", abs(row["quantity"]) <= 10_000_000
    yield "unit_price_not_a_number", row["unit_price"] is None or not row["unit_price"].is_nan()
    yield "amount_not_a_number", row["amount"] is None or not row["amount"].is_nan()


RULES = {"client": _client_rules, "product": _product_rules, "sale": _sale_rules}
