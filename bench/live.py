"""The web shop on a stack of its own, as ``make live`` runs it: freshness at a rate, and the largest rate it holds."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measure import BenchError, Cost
from bench.plan import FULL, Plan
from bench.results import Part, Row, say
from bench.warehouse import free_ports
from embedded.settings import PORTS, ROOT

_RATE = 200
# Events a second, tried one after the other until one is not held.
RATES = (300, 400, 600, 800, 1_200)
_RAW_SECONDS, _CLICKHOUSE_SECONDS = 5.0, 90.0
# A rate is held by an application that makes at least so much of it.
_PACE = 0.95
_LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class Report:
    """What a report of ``make live`` tells.

    Attributes:
        events: that the application made.
        pace: how many of them a second.
        raw, clickhouse: p50 and p95 of the seconds from a change to raw, and from an order to ClickHouse.
    """

    events: int
    pace: float
    raw: tuple[float, float]
    clickhouse: tuple[float, float]

    @classmethod
    def of(cls, text: str) -> "Report":
        """Read the report.

        Raises:
            BenchError: a figure is missing.
        """
        events = re.search(r"(\d+) events in \d+ s, ([\d.]+) a second", text)
        raw, clickhouse = (
            re.search(rf"^{what} +[\d ]+? +([\d.]+) +([\d.]+)$", text, re.MULTILINE)
            for what in ("change in the shop to raw", "order to ClickHouse")
        )
        if not (events and raw and clickhouse):
            raise BenchError(f"make live did not tell what is to be measured:\n{text[-3000:]}")
        freshness = [(float(found[1]), float(found[2])) for found in (raw, clickhouse)]
        return cls(int(events[1]), float(events[2]), *freshness)

    def holds(self, rate: int) -> bool:
        """Tell whether the shop kept the rate, and the warehouse kept up with it."""
        limits = self.raw[1] <= _RAW_SECONDS and self.clickhouse[1] <= _CLICKHOUSE_SECONDS
        return self.pace >= _PACE * rate and limits


def measure(plan: Plan, part: Part, rates: tuple[int, ...] = RATES) -> None:
    """Add to the part the freshness at a rate of events and the largest rate held.

    Raises:
        BenchError: the live shop does not run.
    """
    home = plan.home / "live"
    minutes = 10 if plan.label == FULL else 2
    environment = _environment(home)
    _embedded(environment, "clean", "--sure", "yes")
    try:
        # The first messages wait until Spark has started.
        _live(environment, _RATE, 0.5)
        report = _live(environment, _RATE, minutes)
        part.rows.append(
            _row(f"a change in the shop to raw, {_RATE} events a second", report, report.raw, _RAW_SECONDS)
        )
        what = f"an order in the shop to ClickHouse, {_RATE} events a second"
        part.rows.append(_row(what, report, report.clickhouse, _CLICKHOUSE_SECONDS))
        held, tried = _RATE if report.holds(_RATE) else 0, [_RATE]
        for rate in rates if held else ():
            tried.append(rate)
            found = _live(environment, rate, minutes)
            if not found.holds(rate):
                break
            held, report = rate, found
        what = f"the largest rate of the live shop: {held:,} events a second for {minutes} min, order to ClickHouse"
        row = _row(what, report, report.clickhouse, _CLICKHOUSE_SECONDS)
        part.rows.append(replace(row, note=f"{row.note}; tried: {', '.join(map(str, tried))}"))
    finally:
        _embedded(environment, "clean", "--sure", "yes")


def _row(what: str, report: Report, freshness: tuple[float, float], limit: float) -> Row:
    p50, p95 = freshness
    note = f"p50 {p50:.1f} s; {report.events:,} events, {report.pace:.0f} a second"
    return Row(f"{what}, p95", "", 0, [Cost(p95)], [], at_most_seconds=limit, note=note)


def _environment(home: Path) -> dict[str, str]:
    ports = free_ports(*PORTS)
    return {
        **os.environ,
        "TSHOP_HOME": str(home),
        **{variable: str(ports[part]) for part, (variable, _default) in PORTS.items()},
    }


def _live(environment: dict[str, str], rate: int, minutes: float) -> Report:
    report = Report.of(_embedded({**environment, "RATE": str(rate), "MINUTES": str(minutes)}, "live"))
    say(f"  {rate} events a second: p95 to raw {report.raw[1]} s, to ClickHouse {report.clickhouse[1]} s")
    return report


def _embedded(environment: dict[str, str], *arguments: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "embedded", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    if answer.returncode != 0:
        raise BenchError(f"'{' '.join(arguments)}' failed:\n{answer.stdout[-2000:]}{answer.stderr[-2000:]}")
    return answer.stdout
