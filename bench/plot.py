"""Draw what each day costs: `python plot.py days.csv picture.png title`, in the environment of bench-plot.txt."""

import csv
import sys
from datetime import date
from pathlib import Path

import matplotlib.dates
import matplotlib.pyplot as plt

# A file of the shop that had sales only has some of them.
STEPS = (
    *("load_category", "load_client", "load_product", "load_sale", "build_mart"),
    *("load_orders", "build_marts", "audit", "clickhouse"),
)
SATURDAY = 5


def main(costs: Path, picture: Path, title: str) -> None:
    """Draw the seconds of a day by step above, and below its CPU seconds by line, which a busy machine changes less.

    In grey, where it is known: how much of the processors' time the machine's host gave to others.
    """
    with costs.open(newline="") as rows:
        # The opening day is the first load.
        days = list(csv.DictReader(rows))[1:]
    when = [date.fromisoformat(day["date"]) for day in days]
    steps = [step for step in STEPS if f"{step}_seconds" in days[0]]
    seconds = {step: [float(day[f"{step}_seconds"]) for day in days] for step in steps}
    cpu = [sum(float(day[f"{step}_cpu"]) for step in steps) for day in days]
    figure, (by_step, by_line) = plt.subplots(2, 1, figsize=(11, 7), sharex=True, layout="constrained")
    by_step.stackplot(when, seconds.values(), labels=steps, step="mid")
    by_step.set_ylabel("seconds a day")
    by_step.legend(loc="upper left", ncols=len(steps), fontsize="small")
    by_step.set_title(f"What each day costs, {title}")
    for name, weekend in (("weekday", False), ("weekend day", True)):
        points = [
            (day, cost / int(row["lines"]) * 100_000)
            for day, cost, row in zip(when, cpu, days, strict=True)
            if (day.weekday() >= SATURDAY) == weekend
        ]
        if points:
            by_line.plot(*zip(*points, strict=True), ".", label=name, markersize=4)
    stolen = [100 * float(day.get("stolen_share") or "nan") for day in days]
    host = by_line.twinx()
    host.bar(when, stolen, color="lightgrey", width=1, zorder=0)
    host.set(ylabel="% of the processors given to other machines", ylim=(0, 100))
    by_line.set_zorder(1)
    by_line.patch.set_visible(False)
    by_line.set_ylabel("CPU seconds per 100,000 lines")
    by_line.set_ylim(bottom=0)
    by_line.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize="small")
    by_line.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(by_line.xaxis.get_major_locator()))
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
