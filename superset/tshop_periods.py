"""The periods that the filter Period offers, such as the last 28 days, counted from the newest day with sales.

Superset's own filter of time counts from today, and shows a period as `2026-01-21 ≤ col < 2026-02-04`. So Period is a
filter of names, and whatever is asked for a named period is asked for its days instead. Charts are drawn with named
periods, too. A day that a wrong clock wrote in advance does not count.

Of sales a day that is not over does not count, either, once there are days before it: it would look like a fall beside
them. Of orders it does, and the newest day with orders is meant: they are shown within a minute, and by months, which
are mostly not over.
Of what is counted by week or month, a period has the weeks and months that it touches: else a week whose Monday is
before the period's first day would be left out.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from superset.common.query_object_factory import QueryObjectFactory
from superset.utils.date_parser import get_since_until
from tshop_language import languages, translations

# The column that the filter names, and the one that holds days.
NAME, DAY = "period", "sold_on"
# The columns that hold days, weeks and months, each with the day that stands there for a day.
FIRST_DAYS: dict[str, Callable[[date], date]] = {
    DAY: lambda day: day,
    "week_start": lambda day: day - timedelta(days=day.weekday()),
    "order_month": lambda day: day.replace(day=1),
    "shipped_month": lambda day: day.replace(day=1),
}
# The first day of each period, by its name, for its last one; months are whole ones, and the last day's is the newest.
PERIODS: dict[str, Callable[[date], date]] = {
    "Last 7 days": lambda last: last - timedelta(days=6),
    "Last 28 days": lambda last: last - timedelta(days=27),
    "Last 90 days": lambda last: last - timedelta(days=89),
    "This month": lambda last: last.replace(day=1),
    "Last 3 months": lambda last: last.replace(day=1) - relativedelta(months=2),
    "Last 12 months": lambda last: last.replace(day=1) - relativedelta(months=11),
}
# The same by the name in any language: a browser may have kept one of before.
BEGINNINGS = {
    translations(code).get(name, name): beginning for code in languages() for name, beginning in PERIODS.items()
}
_SHOP = ZoneInfo("Europe/Moscow")
# Grouped, so that ClickHouse reads what it keeps a day, and not each line.
_NEWEST_DAY = "SELECT maxOrNullIf(sold_on, sold_on <= '{}') AS day FROM (SELECT sold_on FROM {} GROUP BY sold_on)"


def install() -> None:
    """Make Superset understand named periods."""
    from superset.common import query_context_factory

    query_context_factory.QueryObjectFactory = PeriodQueryObjectFactory


def range_of(name: str, last: date) -> str:
    """Return a period as Superset's time range.

    Args:
        name: of the period.
        last: its last day.
    """
    return f"{BEGINNINGS[name](last)} : {last + timedelta(days=1)}"


def touched(time_range: str, column: str) -> str:
    """Return a time range that begins with the day, week or month that it touches first, whichever a column holds."""
    since, until = get_since_until(time_range)
    return f"{FIRST_DAYS[column](since.date())} : {until or ''}" if since and column != DAY else time_range


class PeriodQueryObjectFactory(QueryObjectFactory):
    """Makes a query, with days in the place of a named period."""

    def create(self, parent_result_type: Any, datasource: Any = None, **kwargs: Any) -> Any:
        """See the class that it is derived from; `filters` and `time_range` are what it changes."""
        filters = kwargs.get("filters") or []
        ranges = [one for one in filters if one.get("col") in FIRST_DAYS and one.get("op") == "TEMPORAL_RANGE"]
        if ranges:
            chosen = [one["val"] for one in filters if one.get("col") == NAME]
            kwargs["filters"] = [one for one in filters if one.get("col") != NAME]
            column, asked = ranges[0]["col"], kwargs.get("time_range") or ranges[0]["val"]
            # Whoever gives days of their own means these.
            if asked in BEGINNINGS:
                name = next((name for names in chosen for name in names if name in BEGINNINGS), asked)
                asked = range_of(name, self._last_day(datasource, column))
            kwargs["time_range"] = touched(asked, column)
            for one in ranges:
                one["val"] = kwargs["time_range"]
        return super().create(parent_result_type, datasource, **kwargs)

    def _last_day(self, datasource: Any, column: str) -> date:
        """Return the newest day with sales or orders that counts; today where there is none."""
        dataset = self._convert_to_model(datasource)
        is_of_orders = column != DAY or dataset.table_name == "daily_sales"
        table = "tshop.daily_sales" if is_of_orders else "tshop.sales"
        today = datetime.now(_SHOP).date()
        latest = today if is_of_orders else today - timedelta(days=1)
        found = dataset.database.get_df(_NEWEST_DAY.format(latest, table), schema="tshop")
        days = [date.fromisoformat(str(day)[:10]) for day in found["day"].dropna()]
        return max(days, default=today)
