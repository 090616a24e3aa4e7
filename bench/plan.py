"""What is asked of a run of the benchmark: its sizes, its parts and its peers, checked."""

import argparse
import shutil
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from embedded.environment import SPARK_BIN
from embedded.settings import ROOT
from sources.jars import JarsError, check_programs, jars_of

FULL_CLIENTS = 5_000_000
FULL = "full"
FULL_PRODUCTS = 20_000
# Of the size at which a load with nothing new is measured besides the whole one.
SMALL_SHARE = 0.01
# A Wednesday; a year of days after it is over, as the warehouse takes no sales of the future.
OPENED = date(2025, 1, 1)
YEAR_DAYS = 365
# Unless more are asked for, of a shop smaller than the real one.
SOME_DAYS = 28
JUDGED_DAYS = 360
PARTS = {
    "client": "clients written to raw, loaded first, loaded again, loaded beside the peers",
    "day": "a weekend day into the warehouse, and from there into ClickHouse",
    "year": "the shop's days one by one",
    "dashboard": "the dashboard's queries of as many days, on ClickHouse alone",
    "stream": "the live shop: messages from Kafka through Spark into raw, and from an order to ClickHouse",
    "spark": "marts computed whole by Spark, beside a full rebuild by SQL",
    "keep": "updates of rows that a load has read, beside the stamp of the writing transaction alone",
}
# The parts that need Spark, and which jars they need.
JARS = {"stream": ("kafka", "stream"), "spark": ("spark",)}
PEERS = ("dbt", "sqlmesh")
FEWEST_CLIENTS, MOST_CLIENTS = 1_000, 50_000_000
NOT_BEGUN = 2


@dataclass(frozen=True)
class Plan:
    """One run.

    Attributes:
        scale: share of the shop's real size.
        parts: of PARTS, in their order.
        peers: of PEERS.
        runs: repetitions of each measurement.
        days: days that the parts "year" and "dashboard" load.
        home: folder of the throw-away servers.
        results: folder that the figures are kept in.
        page: the page that is made of them.
        keep: leave the data of the part "year" in place, for more days, and the check of it to the last of them.
    """

    scale: float
    parts: tuple[str, ...] = tuple(PARTS)
    peers: tuple[str, ...] = PEERS
    runs: int = 3
    days: int = YEAR_DAYS
    home: Path = ROOT / ".tshop-bench"
    results: Path = ROOT / "bench" / "results"
    page: Path = ROOT / "docs" / "benchmarks.md"
    keep: bool = False

    @property
    def clients(self) -> int:
        """Clients the shop opens with."""
        return round(FULL_CLIENTS * self.scale)

    @property
    def small_clients(self) -> int:
        """Clients of the small shop that a load with nothing new is compared with."""
        return max(FEWEST_CLIENTS // 10, round(self.clients * SMALL_SHARE))

    @property
    def products(self) -> int:
        """Products the shop opens with."""
        return max(200, round(FULL_PRODUCTS * self.scale))

    @property
    def is_year(self) -> bool:
        """Whether so many days are loaded that what is to be reached after a year can be judged."""
        return self.days >= JUDGED_DAYS

    @property
    def label(self) -> str:
        """Name of the size in files: "full", or the scale."""
        return FULL if self.scale == 1 else f"{self.scale:g}"

    @property
    def command(self) -> str:
        """The make command that measures the same again, without the choice of parts."""
        words = ["make bench", f"SCALE={self.label}", f"RUNS={self.runs}", f"DAYS={self.days}"]
        return " ".join(words + ([f"PEERS={','.join(self.peers) or 'none'}"] if self.peers != PEERS else []))

    def date(self, number: int) -> date:
        """Return the date of a day's number, counted from the opening day, which is 0."""
        return OPENED + timedelta(days=number)


def parse(argv: list[str] | None = None) -> Plan:
    """Return the plan that the arguments ask for; ends the program with one sentence where they are wrong."""
    parser = _Parser(
        prog="make bench",
        description="Measures the warehouse against floors and peers on throw-away servers of its own.",
    )
    parser.add_argument("--scale", type=_scale, default=0.02, help="share of the real size, or full (default 0.02)")
    parser.add_argument("--only", type=_some_of(tuple(PARTS)), help="parts, such as client,day (default: all)")
    parser.add_argument("--peers", type=_some_of(PEERS), default=PEERS, help="dbt,sqlmesh or none")
    parser.add_argument("--runs", type=_number(1, 99), default=3, help="repetitions (default 3)")
    parser.add_argument(
        "--days", type=_number(1, YEAR_DAYS), help=f"days of the year (default {SOME_DAYS}, of the full size all)"
    )
    parser.add_argument("--home", type=Path, default=Plan.home, help="folder of the throw-away servers")
    parser.add_argument("--results", type=Path, default=Plan.results, help="folder of the figures")
    parser.add_argument("--page", type=Path, default=Plan.page, help="page to write")
    parser.add_argument("--keep", action="store_true", help="keep the year's data, to continue from it with more days")
    given = parser.parse_args(argv)
    lacking = {part: why for part in JARS if (why := part_lacks(part))}
    for part, why in lacking.items():
        if part in (given.only or ()):
            parser.error(why)
        if given.only is None:
            print(f"bench: the part {part} is left out. {why}", file=sys.stderr)
    all_parts = tuple(part for part in PARTS if part not in lacking)
    plan = Plan(
        *(given.scale, all_parts if given.only is None else given.only, given.peers, given.runs),
        given.days or (YEAR_DAYS if given.scale == 1 else SOME_DAYS),
        *(folder.absolute() for folder in (given.home, given.results, given.page)),
        keep=given.keep,
    )
    for peer in plan.peers if "client" in plan.parts else ():
        if not peer_program(peer).exists():
            parser.error(f"{peer} is not installed: run it as 'make bench', which installs it, or with PEERS=none.")
    free = shutil.disk_usage(next(folder for folder in (plan.home, *plan.home.parents) if folder.exists())).free
    if free < (needed := plan_bytes(plan)):
        print(
            f"bench: {plan.home} has {free / 2**30:.0f} GiB free and this run may take {needed / 2**30:.0f}: "
            "BENCH_HOME= names another folder, SCALE= and DAYS= make it smaller.",
            file=sys.stderr,
        )
    return plan


def peer_program(peer: str) -> Path:
    """Return the program of a peer in its own Python environment, installed or not."""
    return ROOT / f".venv-bench-{peer}" / "bin" / peer


def part_lacks(part: str) -> str:
    """Return in a sentence what one of the parts of JARS lacks on this machine, "" where it has all."""
    try:
        check_programs(("java",))
    except JarsError as error:
        return str(error)
    installed = SPARK_BIN.exists() and all(any(jars_of(of).glob("*.jar")) for of in JARS[part])
    return "" if installed else f"Jars or Spark are missing: run it as 'make bench ONLY={part}', which installs them."


def plan_bytes(plan: Plan) -> int:
    """Return about how much disk a run takes at its widest."""
    shop = plan.clients * 1_600
    # With what belongs to its order, in raw, dds and cdm.
    a_line = 1_900 if "year" in plan.parts else 100 if "dashboard" in plan.parts else 0
    sales = plan.clients * 0.053 * plan.days * a_line
    return round(max(shop * 3, shop + sales) + 2**30)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        """Say what is wrong in one line, without the usage text."""
        self.exit(NOT_BEGUN, f"bench: {message}\n")


def _scale(text: str) -> float:
    if text == FULL:
        return 1.0
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not FEWEST_CLIENTS <= round(FULL_CLIENTS * scale) <= MOST_CLIENTS:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no size: give full, or a share of {FULL_CLIENTS} clients that leaves at least "
            f"{FEWEST_CLIENTS} of them, such as 0.02"
        )
    return scale


def _some_of(known: tuple[str, ...]):
    def check(text: str) -> tuple[str, ...]:
        names = [] if text == "none" else text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no '{name}': name some of {', '.join(known)}, or none")
        return tuple(name for name in known if name in names)

    return check


def _number(least: int, most: int):
    def check(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {least} to {most}")
        return int(text)

    return check
