"""The periods that the filter Period offers, such as the last 28 days, counted from the newest day with sales.

Superset's own filter of time counts from today, and shows a period as `2026-01-21 ≤ col < 2026-02-04`. So Period is a
filter of names, and whatever is asked for a named period of sales is asked for its days instead. Charts are drawn with
named periods, too. A day that is not over, or that a wrong clock wrote in advance, does not count.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from superset.common.query_object_factory import QueryObjectFactory
from tshop_language import languages, translations

# The column that the filter names, and the one that holds the days.
NAME, DAY = "period", "sold_on"
# How many days a period has, by its name; None: from the first day of the newest day's month.
PERIODS = {"Last 7 days": 7, "Last 28 days": 28, "Last 90 days": 90, "This month": None}
# The same by the name in any language: a browser may have kept one of before.
DAYS = {translations(code).get(name, name): days for code in languages() for name, days in PERIODS.items()}
_SHOP = ZoneInfo("Europe/Moscow")
# Grouped, so that ClickHouse reads what it keeps a day, and not each line.
_NEWEST_DAY = f"SELECT maxOrNull({DAY}) AS day FROM (SELECT {DAY} FROM tshop.sales GROUP BY {DAY})"


def install() -> None:
    """Make Superset understand named periods."""
    from superset.common import query_context_factory

    query_context_factory.QueryObjectFactory = PeriodQueryObjectFactory


def range_of(name: str, newest: date | None, today: date) -> str:
    """Return a period as Superset's time range.

    Args:
        name: of the period.
        newest: the newest day with sales, None where there are none.
        today: the shop's day, which is not over.
    """
    last = min(newest or today, today - timedelta(days=1))
    days = DAYS[name]
    first = last.replace(day=1) if days is None else last - timedelta(days=days - 1)
    return f"{first} : {last + timedelta(days=1)}"


class PeriodQueryObjectFactory(QueryObjectFactory):
    """Makes a query, with days in the place of a named period."""

    def create(self, parent_result_type: Any, datasource: Any = None, **kwargs: Any) -> Any:
        """See the class that it is derived from; `filters` and `time_range` are what it changes."""
        filters = kwargs.get("filters") or []
        days = [one for one in filters if one.get("col") == DAY and one.get("op") == "TEMPORAL_RANGE"]
        if days:
            chosen = [one["val"] for one in filters if one.get("col") == NAME]
            kwargs["filters"] = [one for one in filters if one.get("col") != NAME]
            asked = kwargs.get("time_range") or days[0]["val"]
            # Whoever gives days of their own means these.
            if asked in DAYS:
                name = next((name for names in chosen for name in names if name in DAYS), asked)
                kwargs["time_range"] = range_of(name, self._newest_day(datasource), datetime.now(_SHOP).date())
                for one in days:
                    one["val"] = kwargs["time_range"]
        return super().create(parent_result_type, datasource, **kwargs)

    def _newest_day(self, datasource: Any) -> date | None:
        dataset = self._convert_to_model(datasource)
        found = dataset.database.get_df(_NEWEST_DAY, schema="tshop")
        return found["day"].dropna().map(lambda day: date.fromisoformat(str(day)[:10])).max() if len(found) else None
