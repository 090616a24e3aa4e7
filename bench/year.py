"""The part "year": the shop's days loaded one after the other, and what each of them costs.

The last days are compared with the first ones of another such shop, loaded right after them: between the first days and
the last lie hours, after which the machine may be a slower one.

A stopped run resumes with the day after the last one that is written down, on the data that is there. The day
it was stopped in is done again, which costs less than a day of its own: it is marked and left out of the ratio, as the
first day after a start is, whose caches are cold.
"""

import csv
import shutil
import statistics
import time
from dataclasses import replace
from pathlib import Path

import psutil
from tqdm import tqdm

from bench.clients import GENERATOR_LIMIT
from bench.days import ENDPOINT_LIMIT, TAKE_OVER, equality
from bench.measure import BenchError, Cost, Peak
from bench.plan import YEAR_DAYS, Plan
from bench.results import Memory, Part, Row, commit, now, say
from bench.warehouse import AFTER_SALES, MARTS, Warehouse, warehouse
from generator.shop import IDS_A_DAY

# The DAG's tasks: those of the orders and what belongs to them as one, of the other marts as one, of ClickHouse as one.
STEPS = (
    *("load_category", "load_client", "load_product", "load_sale", "build_mart"),
    *("load_orders", "build_marts", "audit", "clickhouse"),
)
# stolen_share: of the processors' time, what the machine's host gave to others.
_HEAD = ("day", "date", "begun", "commit", "stolen_share", "lines", "first_after_start", "generate_seconds")
# Whose memory each day tells the most of, in bytes. ClickHouse's is the most since it was started.
_MEMORY = {"generator": "Generator", "postgres": "PostgreSQL", "clickhouse": "ClickHouse"}
_COLUMNS = (
    *_HEAD,
    "postgres_bytes",
    *(f"{name}_memory" for name in _MEMORY),
    *(f"{step}_{unit}" for step in STEPS for unit in ("seconds", "cpu", "wal")),
)
_FILE = "days.csv"
# The first days that are compared with the last ones: the first week has less than a week before it.
_EARLY = 7
_WEEK = 7


def run(plan: Plan, postgres_settings: dict[str, str] | None = None) -> Part:
    """Load the days that are not loaded yet, then compare the last ones with the first ones.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """
    part = Part("year", plan)
    home = home_of(plan)
    with warehouse(home, clickhouse=True, postgres_settings=postgres_settings, fresh=False) as servers:
        days = load(plan, servers, home / _FILE)
    late, weeks = _late(len(days))
    again: list[dict[str, str]] = []
    if late:
        say("  the first days of another such shop")
        first = replace(plan, days=_EARLY + weeks * _WEEK)
        another = home.with_name(f"{home.name}-again")
        with warehouse(another, clickhouse=True, postgres_settings=postgres_settings) as servers:
            again = load(first, servers, another / _FILE)
        part.rows = compare(days, again, is_year=plan.is_year)
    with warehouse(home, clickhouse=True, postgres_settings=postgres_settings, fresh=False) as servers:
        # The check of a shop that continues is left to its last run: it looks at all there is.
        if plan.days == YEAR_DAYS or not plan.keep:
            say("  checking the year")
            part.checks.append(equality(servers))
        limits = {"generator": GENERATOR_LIMIT, "postgres": servers.memory_limit(), "clickhouse": ENDPOINT_LIMIT}
    for name, title in _MEMORY.items():
        told = [day for day in days if day[f"{name}_memory"]]
        if not told:
            continue
        since = f", from day {told[0]['day']} on" if len(told) < len(days) else ""
        held = max(int(day[f"{name}_memory"]) for day in told)
        part.memory[f"{title}, the year{since}"] = Memory(held, limits[name])
    # Of a run that was stopped, all starts are told together.
    part.begun = days[0]["begun"] or part.begun
    part.seconds = sum(float(day["generate_seconds"]) + _cost(day, STEPS).seconds for day in days)
    part.commits = sorted({day["commit"] for day in [*days, *again]} - {""})
    kept = plan.results / plan.label / "year.csv"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home / _FILE, kept)
    if plan.keep:
        say(f"  The data stays in {home}: more DAYS= continue from there.")
    else:
        Warehouse(home, clickhouse=True).remove()
    return part


def home_of(plan: Plan) -> Path:
    """Return the folder of the year's servers, which outlives a run that was stopped."""
    return plan.home / f"year-{plan.label}"


def load(plan: Plan, servers: Warehouse, file: Path) -> list[dict[str, str]]:
    """Load the days that are not loaded yet; return what each day cost, from the opening day on.

    Args:
        plan: the shop, and how many days.
        servers: its warehouse.
        file: the CSV file that tells of the days that are loaded.
    """
    servers.prepare_clickhouse()
    done = _loaded(file)
    if done:
        say(f"  {done} days are there: going on with {plan.date(done)}")
    progress = tqdm(range(done, plan.days), initial=done, total=plan.days, unit="day", mininterval=10)
    for number in progress:
        day = _day(servers, plan, number, first=number == done)
        _append(file, day)
        progress.set_postfix_str(f"{day['date']}: {day['lines']} lines in {_cost(day, STEPS).seconds:.1f} s")
    return _read(file)[: plan.days]


def _loaded(file: Path) -> int:
    """Return how many days are loaded; raises BenchError where a version with other steps has loaded them."""
    days = _read(file)
    if days and not all(f"{step}_seconds" in days[0] for step in STEPS):
        raise BenchError(f"The days in {file.parent} were loaded by other steps: delete that folder to begin again.")
    return len(days)


def _late(days: int) -> tuple[int, int]:
    """Return the first of the last days that are compared, 0 where there are too few, and how many weeks they are."""
    weeks = 2 if days >= _EARLY + 4 * _WEEK else 1
    late = (days - weeks * _WEEK) // _WEEK * _WEEK
    return (late if late >= _EARLY + weeks * _WEEK else 0), weeks


def compare(days: list[dict[str, str]], again: list[dict[str, str]], is_year: bool = True) -> list[Row]:
    """Return what the last days cost beside the first ones, as a whole and step by step.

    A day is compared with one of the same weekday, as it was measured; as the shop grows, it has more lines, so a row
    tells what they cost at the same number of lines. Too few days give no rows.

    Args:
        days: rows of the CSV file, from the opening day on.
        again: those of another such shop's first days, loaded right after the last ones.
        is_year: whether they are so many that what is to be reached after a year can be judged.
    """
    late, weeks = _late(len(days))
    if not late:
        return []
    triples = [(days[late + place], again[_EARLY + place], days[_EARLY + place]) for place in range(weeks * _WEEK)]
    triples = [triple for triple in triples if not any(int(day["first_after_start"]) for day in triple)]
    pairs = [(day, early) for day, early, _first in triples]

    def row(title: str, *steps: str) -> Row:
        sides = ([_cost(day, steps) for day in side] for side in zip(*pairs, strict=True))
        return Row(title, against, round(statistics.median(int(day["lines"]) for day, _early in pairs)), *sides)

    early_days = f"days {_EARLY} to {_EARLY + weeks * _WEEK - 1}"
    against = f"{early_days} of another shop, right after them"
    title = f"daily load, days {late} to {late + weeks * _WEEK - 1}"
    commits = [" and ".join(sorted({day["commit"] or "unknown" for day in side})) for side in zip(*pairs, strict=True)]
    whole = replace(
        row(title, *STEPS),
        at_most=1.15 if is_year else None,
        size=int(days[-1]["postgres_bytes"]),
        note="the last days are of commit {}, the others of {}".format(*commits) if len(set(commits)) > 1 else "",
    )
    # What they would cost if each line cost the same and there were no more of them.
    shares = [int(early["lines"]) / int(day["lines"]) for day, early in pairs]
    by_line = replace(
        whole,
        what="the same, scaled to as many lines",
        rows=round(statistics.median(int(early["lines"]) for _day, early in pairs)),
        ours=[cost * share for cost, share in zip(whole.ours, shares, strict=True)],
        at_most=None,
        size=0,
        note="",
    )
    # How far the machine was another one by then.
    drift = replace(
        row(f"{early_days} of the other shop", *STEPS),
        against="the same days of this one",
        ours=whole.other,
        other=[_cost(first, STEPS) for _day, _early, first in triples],
        note=_stolen(*zip(*triples, strict=True)),
    )
    return [whole, by_line, *(row(f"of it {step}", step) for step in STEPS), drift]


def _stolen(*spans: tuple[dict[str, str], ...]) -> str:
    """Tell how much of the processors' time the host gave to others in these days; nothing where none is known."""
    shares = []
    for days in spans:
        told = [float(day["stolen_share"]) for day in days if day["stolen_share"]]
        shares.append(f"{statistics.mean(told):.0%}" if told else "unknown")
    if set(shares) == {"unknown"}:
        return ""
    return (
        "of the processors' time, the host gave to other machines: {} in the last days, {} in the other shop's, "
        "{} in this one's first".format(*shares)
    )


def _day(servers: Warehouse, plan: Plan, number: int, first: bool) -> dict:
    """Bring one day from the generator to ClickHouse; return its row of the CSV file."""
    day: dict = {"day": number, "date": plan.date(number), "begun": now(), "commit": commit()}
    stolen, start = psutil.cpu_times().steal, time.perf_counter()
    with Peak(servers.memory) as memory:
        with servers.meter.cost(settled=False) as generating:
            day["generator_memory"] = servers.generate(plan, number, number)
        for step in STEPS:
            with servers.meter.cost(settled=False) as cost:
                _run(servers, step)
            day[f"{step}_seconds"], day[f"{step}_cpu"] = round(cost.seconds, 4), round(cost.cpu, 2)
            day[f"{step}_wal"] = cost.wal
    passed = (time.perf_counter() - start) * psutil.cpu_count()
    day["stolen_share"] = round((psutil.cpu_times().steal - stolen) / passed, 3)
    day |= {"postgres_memory": memory.bytes, "clickhouse_memory": servers.endpoint_peak()}
    keys = f"{(number + 1) * IDS_A_DAY} AND {(number + 2) * IDS_A_DAY - 1}"
    ((lines, size),) = servers.execute(
        f"SELECT (SELECT count(*) FROM raw.sale WHERE sale_id BETWEEN {keys}), pg_database_size('tshop')"
    )
    generated = round(generating.seconds, 2)
    return {
        **day, "first_after_start": int(first), "lines": lines, "generate_seconds": generated, "postgres_bytes": size,
    }  # fmt: skip


def _run(servers: Warehouse, step: str) -> None:
    if step == "clickhouse":
        servers.run_clickhouse(*TAKE_OVER)
        for mart in MARTS:
            servers.take_over(mart)
    elif step == "load_orders":
        for entity in AFTER_SALES:
            servers.run_task(f"load_{entity}")
    elif step == "build_marts":
        for mart in MARTS:
            servers.run_task(f"build_{mart}")
    else:
        servers.run_task(step)


def _read(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(newline="") as rows:
        # A kill may have cut off the last line.
        return [row for row in csv.DictReader(rows) if row[_COLUMNS[-1]]]


def _append(file: Path, day: dict) -> None:
    rows = _read(file)
    partial = file.with_name(file.name + ".partial")
    with partial.open("w", newline="") as output:
        writer = csv.DictWriter(output, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, day])
    partial.replace(file)


def _cost(day: dict, steps: tuple[str, ...]) -> Cost:
    seconds, cpu, wal = (sum(float(day[f"{step}_{unit}"]) for step in steps) for unit in ("seconds", "cpu", "wal"))
    return Cost(seconds, cpu, round(wal))
