"""Which sales the report is of, as the variables of ``make report`` say."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from embedded.errors import StackError
from generator.shop import GeneratorError, read_day

SHOP = ZoneInfo("Europe/Moscow")
# The ends of time, as ClickHouse has them.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2299, 12, 31)


@dataclass(frozen=True)
class Request:
    """What the report is of: all that is known now, unless it says otherwise.

    Attributes:
        as_of: the moment up to which the warehouse had learned what is reported, None for now.
        first: the first day of the sales, local.
        last: the last one.
    """

    as_of: datetime | None = None
    first: date = FIRST_DAY
    last: date = LAST_DAY

    @classmethod
    def from_environment(cls) -> "Request":
        """Read AS_OF, FROM and TO.

        Raises:
            StackError: a value is not possible.
        """
        request = cls(_moment("AS_OF"), _day("FROM") or FIRST_DAY, _day("TO") or LAST_DAY)
        for name, day in (("FROM", request.first), ("TO", request.last)):
            if not FIRST_DAY <= day <= LAST_DAY:
                raise StackError(f"{name}={day}: give a day from {FIRST_DAY} to {LAST_DAY}.")
        if request.last < request.first:
            raise StackError(f"TO={request.last} is before FROM={request.first}: give them in order.")
        return request

    @property
    def is_whole(self) -> bool:
        """Whether it is of all sales as they are known now."""
        return self == Request()

    def __str__(self) -> str:
        """Return what the report is of, in words."""
        words = []
        if self.first != FIRST_DAY:
            words.append(f"from {self.first}")
        if self.last != LAST_DAY:
            words.append(f"to {self.last}")
        sold = f"Sales {' '.join(words)}" if words else "All sales"
        if self.as_of is None:
            return f"{sold}, as they are known now"
        return f"{sold}, as they were known at {self.as_of.astimezone(SHOP):%Y-%m-%d %H:%M:%S} Europe/Moscow"


def _day(name: str) -> date | None:
    try:
        return read_day(os.environ[name]) if os.environ.get(name) else None
    except GeneratorError as error:
        raise StackError(f"{name}: {error}.") from None


def _moment(name: str) -> datetime | None:
    """Return a moment of the past: a day stands for its end, which is now for today."""
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    now = datetime.now(UTC)
    found = re.fullmatch(r"(\S+?)(?:[ T](\d\d:\d\d(?::\d\d)?))?", text)
    if not found:
        raise StackError(
            f"{name}: '{text}' is not a moment: write it as 2026-01-31 or '2026-01-31 09:00', Moscow time."
        )
    try:
        day = read_day(found[1])
        clock = time.fromisoformat(found[2]) if found[2] else None
    except GeneratorError as error:
        raise StackError(f"{name}: {error}.") from None
    except ValueError:
        raise StackError(f"{name}: '{found[2]}' is not a time of day: write it as 09:00.") from None
    if day > now.astimezone(SHOP).date():
        raise StackError(f"{name}: {text} has not come yet: give a moment of the past, Moscow time.")
    if clock is None:
        midnight = datetime.combine(day + timedelta(days=1), time(), SHOP)
        moment = now if day == now.astimezone(SHOP).date() else midnight
    else:
        moment = datetime.combine(day, clock, SHOP)
    if moment > now:
        raise StackError(f"{name}: {text} has not come yet: give a moment of the past, Moscow time.")
    return moment.astimezone(UTC)
