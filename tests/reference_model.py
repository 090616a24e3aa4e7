"""What history means, in plain Python: written from docs/history.md's rules, not from the SQL that implements them.

Times are aware datetimes, states are tuples of the tracked columns in the order of `sl.entity`, and None stands for a
deletion.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHOP_TIME = ZoneInfo("Europe/Moscow")
State = tuple | None


class Version(NamedTuple):
    """A version of a key, valid over [valid_from, valid_to); valid_to is None while it is open."""

    state: tuple
    valid_from: datetime
    valid_to: datetime | None
    last_observed_at: datetime


@dataclass
class History:
    """Observations of one key: at each moment the state last delivered for it."""

    observed: dict[datetime, State] = field(default_factory=dict)

    def observe(self, at: datetime, state: State) -> None:
        """Take in one observation; of the observations of an unchanged state only the first and last are kept."""
        self.observed[at] = state
        self.observed = {at: state for state, first, last in self.segments() for at in (first, last)}

    def segments(self) -> list[tuple[State, datetime, datetime]]:
        """Maximal runs of equal observations in time order: state, first and last time."""
        segments: list[tuple[State, datetime, datetime]] = []
        for at in sorted(self.observed):
            state = self.observed[at]
            if segments and segments[-1][0] == state:
                segments[-1] = (state, segments[-1][1], at)
            else:
                segments.append((state, at, at))
        return segments

    def versions(self) -> list[Version]:
        """The key's versions in time order."""
        segments = self.segments()
        ends = [*(first for _, first, _ in segments[1:]), None][: len(segments)]
        return [
            Version(state, first, end, last)
            for (state, first, last), end in zip(segments, ends, strict=True)
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


@dataclass
class Warehouse:
    """Histories of all keys of the three entities, and the mart as it should stand now."""

    client: dict[int, History] = field(default_factory=dict)
    product: dict[int, History] = field(default_factory=dict)
    sale: dict[int, History] = field(default_factory=dict)

    def observe(self, entity: str, key: int, at: datetime, state: State) -> None:
        """Take in one good observation of a key."""
        getattr(self, entity).setdefault(key, History()).observe(at, state)

    def versions(self, entity: str) -> Iterator[tuple]:
        """Rows of the entity's dds table: key, tracked columns, valid_from, valid_to, last observation."""
        for key, history in getattr(self, entity).items():
            for version in history.versions():
                yield (key, *version.state, *version[1:])

    def mart(self) -> Iterator[tuple]:
        """Current rows of the mart: the sale, the client as it was (with the version's valid_from), the product too."""
        for sale_id, history in self.sale.items():
            sale = history.current()
            if sale is None:
                continue
            order_id, sold_at, client_id, product_id, quantity = sale.state
            client = self.client.get(client_id, History()).as_of(sold_at)
            product = self.product.get(product_id, History()).as_of(sold_at)
            first_name, last_name, birth_date = client.state if client else (None, None, None)
            name, category, size, price = product.state if product else (None, None, None, None)
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
                Decimal(price) * quantity if product else None,
            )


def full_years(birth_date: date, at: datetime) -> int | None:
    """Age in full years on the shop's local day of a moment; None before birth."""
    day = at.astimezone(SHOP_TIME).date()
    if birth_date > day:
        return None
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
