"""The inbox of the stores' weekly files: what is there, what is new, what is missing.

``<inbox>/<ISO week>/<region>/`` holds sales.csv, clients.csv and, where a region sends it, products.csv. Whoever puts a
file there writes it under another name first, and renames it: other names are not looked at. The standard library is
all that this needs, since Airflow and Spark's environment both import it.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Moscow")
# The partition of each region's documents.
REGIONS = {"North": 0, "South": 1, "East": 2, "West": 3}
# The stream that each file is landed in, in the order in which they are landed.
STREAMS = {"clients.csv": "stores.clients", "products.csv": "stores.products", "sales.csv": "stores.sales"}
# What each region sends each week.
EXPECTED = ("sales.csv", "clients.csv")
WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, order=True)
class File:
    """A file of the inbox.

    Attributes:
        week: ISO week, such as 2023-W35.
        region: one of REGIONS.
        stream: that it is landed in.
        path: where it is.
        sha256: its checksum.
        bytes: its size.
    """

    week: str
    region: str
    stream: str
    path: str
    sha256: str
    bytes: int


def monday(week: str) -> date:
    """Return the first day of an ISO week.

    Raises:
        ValueError: there is no such week.
    """
    found = WEEK.fullmatch(week)
    if not found:
        raise ValueError(f"'{week}' is no week: write it as 2023-W35")
    return date.fromisocalendar(int(found[1]), int(found[2]), 1)


def bounds(week: str) -> tuple[datetime, datetime]:
    """Return the beginning and the end of an ISO week in Moscow, in UTC."""
    first = monday(week)
    begin, end = (
        datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
        for day in (first, first + timedelta(days=7))
    )
    return begin, end


def name_of(day: date) -> str:
    """Return the ISO week of a day."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def week_of_run(moment: datetime) -> str:
    """Return the week whose files a run is for: the last one that was over, in Moscow, at the run's logical date."""
    return name_of(moment.astimezone(ZONE).date() - timedelta(days=7))


def run_of(week: str) -> datetime:
    """Return the logical date of the run for a week: the Tuesday after it, 12:45 in Moscow."""
    tuesday = monday(week) + timedelta(days=8)
    return datetime(tuesday.year, tuesday.month, tuesday.day, 12, 45, tzinfo=ZONE)


def read(path: Path) -> tuple[str, int]:
    """Return the checksum of a file and its size in bytes.

    Raises:
        OSError: it cannot be read.
    """
    checksum, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum.update(block)
            size += len(block)
    return checksum.hexdigest(), size


def new_files(
    inbox: Path,
    landed: Mapping[tuple[str, str, str], str],
    regions: tuple[str, ...] = tuple(REGIONS),
    upto: str | None = None,
    weeks: Collection[str] | None = None,
) -> list[File]:
    """Return the files that are not landed as they are, ordered by week, region and stream.

    Args:
        inbox: folder.
        landed: checksum by stream, week and region, of the files that are landed.
        regions: whose files.
        upto: last week; all by default. What is sent before its week is over waits.
        weeks: only these; all by default.
    """
    found = []
    for folder in sorted(inbox.iterdir()) if inbox.is_dir() else ():
        if not WEEK.fullmatch(folder.name) or (upto is not None and folder.name > upto):
            continue
        if weeks is not None and folder.name not in weeks:
            continue
        for region in regions:
            for name, stream in STREAMS.items():
                path = folder / region / name
                if path.is_file():
                    sha256, size = read(path)
                    if landed.get((stream, folder.name, region)) != sha256:
                        found.append(File(folder.name, region, stream, str(path), sha256, size))
    return sorted(found)


def missing(inbox: Path, landed: Mapping[tuple[str, str, str], str], week: str) -> dict[str, list[str]]:
    """Return by region the files of a week that should be there, and neither are nor were."""
    found = {
        region: [
            name
            for name in EXPECTED
            if (STREAMS[name], week, region) not in landed and not (inbox / week / region / name).is_file()
        ]
        for region in REGIONS
    }
    return {region: names for region, names in found.items() if names}
