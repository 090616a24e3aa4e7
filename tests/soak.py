"""``python -m tests.soak --minutes 15``: break the warehouse on purpose for a while, and tell how much was tried.

Runs the tests that get better with time over and over, each in a pytest of its own with environment variables that say
how much: random histories on one side, and on the other kills, a hostile reader of dashboards beside a DAG that must
succeed, concurrent writers and hostile requests. Ends with status 1 where anything did not hold, after its output was
shown.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests import tally

ROOT = Path(__file__).parent.parent
# Shares of the time that the second side gives to kills and to concurrent writers, once the DAG's runs are over.
KILLS_SHARE, WRITERS_SHARE = 0.65, 0.2
HISTORIES_A_TIME = 100
HISTORIES_OF_MARTS_A_TIME = 40
KILLS_A_TIME = 12
MINUTES_A_KILL_OF_THE_DAG = 6
MINUTES_A_KILL_OF_THE_SHOP = 2
# About a third of the time.
KILLS_OF_THE_LIVE_SHOP_A_MINUTE = 4
REQUESTS_A_MINUTE = 400


class Soak:
    """One soak: what it runs, and what did not hold."""

    def __init__(self, minutes: float, folder: Path) -> None:
        self.minutes = minutes
        self.started = time.monotonic()
        self.tally = folder / "tally"
        self.failures: list[str] = []

    def test(self, file: str, *selection: str, **environment: object) -> bool:
        """Run a test file, or some tests of it, with these variables; returns whether all held."""
        values = {name: str(value) for name, value in environment.items()}
        answer = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{file}", *selection],
            cwd=ROOT,
            env={**os.environ, "TSHOP_TALLY": str(self.tally), **values},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        what = " ".join([file, *selection, *(f"{name}={value}" for name, value in values.items())])
        print(f"{self.elapsed():6.1f} min  {'held' if answer.returncode == 0 else 'FAILED'}  {what}", flush=True)
        if answer.returncode != 0:
            self.failures.append(what)
            print(answer.stdout, flush=True)
        return answer.returncode == 0

    def elapsed(self) -> float:
        """Return the minutes since the start."""
        return (time.monotonic() - self.started) / 60

    def until(self, minutes: float, do: Callable[[], object]) -> None:
        """Do something at least once, and again until these minutes have passed since the start."""
        do()
        while self.elapsed() < minutes:
            do()

    def histories(self) -> None:
        """Random histories, to the end."""

        def each() -> None:
            self.test("test_properties.py", TSHOP_HISTORIES=HISTORIES_A_TIME)
            self.test("test_mart_properties.py", TSHOP_HISTORIES=HISTORIES_OF_MARTS_A_TIME)

        self.until(self.minutes, each)

    def faults(self) -> None:
        """Kills of what runs the DAG and of what it runs on, a hostile reader, writers beside loads, odd requests."""
        of_the_dag = max(2, round(self.minutes / MINUTES_A_KILL_OF_THE_DAG))
        self.test("test_faults.py", "-k", "scheduler", TSHOP_AIRFLOW_KILLS=of_the_dag)
        self.test("test_hostile_reader.py", TSHOP_HOSTILE_RUNS=max(1, of_the_dag // 2))
        self.test("test_clickhouse.py", "-k", "damage", TSHOP_DAMAGES="all")
        self.test("test_live_chaos.py", TSHOP_LIVE_KILLS=max(11, round(KILLS_OF_THE_LIVE_SHOP_A_MINUTE * self.minutes)))
        of_the_shop = max(3, round(self.minutes / MINUTES_A_KILL_OF_THE_SHOP))
        self.test("test_live_producer.py", "-k", "killed", TSHOP_KILLS=of_the_shop)
        self.test("test_replication.py", "-k", "18-to-18 and (kills or killed)", TSHOP_KILLS=of_the_shop)
        rest = self.minutes - self.elapsed()
        kills_end = self.elapsed() + rest * KILLS_SHARE
        self.until(kills_end, lambda: self.test("test_faults.py", "-k", "random", TSHOP_KILLS=KILLS_A_TIME))
        seconds = max(30, rest * WRITERS_SHARE * 60)
        self.test("test_concurrency.py", TSHOP_SOAK_SECONDS=round(seconds))
        requests = round(REQUESTS_A_MINUTE * self.minutes)
        if self.test("test_endpoint_fuzz.py", TSHOP_FUZZ_REQUESTS=requests):
            with self.tally.open("a") as file:
                file.write(f'{{"hostile requests": {requests}}}\n')

    def run(self) -> int:
        """Run both sides at the same time and print what was tried; returns the exit status."""
        sides = [threading.Thread(target=side) for side in (self.histories, self.faults)]
        for side in sides:
            side.start()
        for side in sides:
            side.join()
        print(f"\nTried in {self.elapsed():.1f} minutes, and held")
        for what, number in sorted(tally.sums(self.tally).items()):
            print(f"  {what:<44} {number:>10,.1f}".removesuffix(".0"))
        print("\n".join(["Did not hold:", *self.failures]) if self.failures else "All held.")
        return 1 if self.failures else 0


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0
    if not 1 <= minutes <= 10_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes from 1 to 10000")
    return minutes


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Break the warehouse on purpose.")
    parser.add_argument("--minutes", type=_minutes, default=15, help="how long, about (default %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tshop-soak-") as folder:
        return Soak(arguments.minutes, Path(folder)).run()


if __name__ == "__main__":
    sys.exit(main())
