"""The command line: ``python -m generator`` writes the shop's days to a warehouse's raw layer or to files."""

import argparse
import os
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from tqdm import tqdm

from generator import GeneratorError, Shop, chunks, people
from generator.manifest import Manifest
from generator.shop import FIRST_YEAR, LAST_YEAR, MOST, ZONE, Unreachable, read_day

NOT_BEGUN, UNREACHABLE, FAILURE, INTERRUPTED = 2, 3, 1, 130


def _day(text):
    try:
        day = read_day(text)
    except GeneratorError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _count(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST}")
    return number


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Says what is wrong in one line, without the usage text."""
        self.exit(NOT_BEGUN, f"generator: {message}\n")


def parser():
    """The arguments."""
    arguments = _Parser(
        prog="python -m generator",
        description="Writes what an online clothing shop's sources would write, day by day, into the raw layer"
        " of a warehouse or into files. The same arguments give the same rows; a day written twice changes nothing.",
    )
    shop = Shop()
    arguments.add_argument(
        "--clients", type=_count, default=shop.clients, help="clients on the opening day (default %(default)s)"
    )
    arguments.add_argument(
        "--products", type=_count, default=shop.products, help="products on the opening day (default %(default)s)"
    )
    arguments.add_argument(
        "--from",
        dest="first",
        type=_day,
        metavar="DAY",
        help="first day, such as 2026-01-31 (default: the opening day)",
    )
    arguments.add_argument(
        "--to", dest="last", type=_day, metavar="DAY", help="last day, inclusive (default: the first day)"
    )
    arguments.add_argument(
        "--opened", type=_day, default=shop.opened, metavar="DAY", help="the shop's opening day (default %(default)s)"
    )
    arguments.add_argument("--seed", type=int, default=shop.seed, help="any whole number (default %(default)s)")
    arguments.add_argument(
        "--locale", default=shop.locale, help="the Faker locale of the clients' names (default %(default)s)"
    )
    target = arguments.add_mutually_exclusive_group()
    target.add_argument(
        "--dsn",
        help="the warehouse as a libpq URI (default: the variable WAREHOUSE_DSN, which keeps a password out of sight)",
    )
    target.add_argument("--csv", metavar="DIR", help="write CSV files to this folder instead")
    target.add_argument("--parquet", metavar="DIR", help="write Parquet files to this folder instead")
    arguments.add_argument(
        "--manifest", metavar="FILE", help="write what was planted as JSON to this file; - is the standard output"
    )
    arguments.add_argument("--quiet", action="store_true", help="show no progress")
    return arguments


def checked(arguments):
    """The Shop and the dates that the arguments name; raises GeneratorError where they cannot be."""
    shop = Shop(
        arguments.clients, arguments.products, arguments.opened, arguments.seed, arguments.locale.replace("-", "_")
    )
    first = arguments.first or shop.opened
    last = arguments.last or first
    if last < first:
        raise GeneratorError(f"--to {last} is before --from {first}: give them in order")
    shop.day_number(first)
    shop.day_number(last)
    if arguments.manifest and not Path(arguments.manifest).parent.is_dir():
        raise GeneratorError(f"the folder of --manifest {arguments.manifest} does not exist: make it first")
    people.names(shop.locale)
    return shop, [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _sink(arguments, days):
    # The driver of PostgreSQL is none of Spark's packages (generator/spark.py).
    from generator.sinks import Files, Warehouse

    if arguments.csv:
        return Files(arguments.csv, "csv")
    if arguments.parquet:
        return Files(arguments.parquet, "parquet")
    dsn = arguments.dsn or os.environ.get("WAREHOUSE_DSN")
    if not dsn:
        raise GeneratorError("no warehouse is named: set WAREHOUSE_DSN or give --dsn, --csv or --parquet")
    if days[-1] >= datetime.now(ZONE).date():
        raise GeneratorError(
            f"{days[-1]} is not over yet, and a warehouse rejects sales in the future: give an earlier --to"
        )
    return Warehouse(dsn)


class _Progress:
    """Shows days and rows on stderr: a bar on a terminal, else a line a day; nothing where quiet."""

    def __init__(self, days, quiet):
        terminal = sys.stderr.isatty()
        self._bar = tqdm(total=days, unit="day", disable=quiet or not terminal)
        self._lines = not quiet and not terminal
        self._rows = 0
        self._today = Counter()

    def add(self, rows):
        """Takes Rows just written."""
        self._rows += len(rows.rule)
        self._today[rows.entity] += len(rows.rule)
        self._bar.set_postfix_str(f"{self._rows} rows")

    def end_day(self, day):
        """Takes a day that is complete."""
        self._bar.update()
        if self._lines:
            print(
                f"{day}: {', '.join(f'{entity} {rows}' for entity, rows in self._today.items())} rows", file=sys.stderr
            )
        self._today.clear()

    def close(self):
        """Leaves the bar as it is."""
        self._bar.close()


def _run(shop, days, sink, manifest, progress):
    """Writes the days in order; a GeneratorError or an interruption names the days that are complete."""
    done = []
    witnesses = [witness for witness in (manifest, progress) if witness]

    def written(rows):
        for witness in witnesses:
            witness.add(rows)

    try:
        for day in days:
            sink.write(day, chunks(shop, day), written)
            done.append(day)
            for witness in witnesses:
                witness.end_day(day)
    except GeneratorError as error:
        raise GeneratorError(f"{error}{_complete(done)}") from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_complete(done)) from None


def _complete(done):
    return f" (complete: {done[0]} to {done[-1]})" if done else ""


def main(argv=None):
    """Runs the command line: the shop's days; where the first argument is ``live``, its application, where it is
    ``stores``, the files of its stores, and where it is ``marketplace``, the marketplace's days.

    Returns the exit status: 0; 2 where nothing was begun, for wrong arguments or a warehouse that cannot be used; 3
    where the warehouse cannot be reached; 1 for a failure on the way; 130 when interrupted.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv[:1] == ["live"]:
        # Spark's environment, in which days are made too, has no driver of PostgreSQL.
        from generator.live import run

        return run(argv[1:])
    if argv[:1] == ["stores"]:
        from generator.inbox import run

        return run(argv[1:])
    if argv[:1] == ["marketplace"]:
        from generator.marketplace import run

        return run(argv[1:])
    arguments = parser().parse_args(argv)
    status = NOT_BEGUN
    sink = progress = None
    try:
        shop, days = checked(arguments)
        sink = _sink(arguments, days)
        sink.prepare(shop, shop.day_number(days[0]))
        status = FAILURE
        manifest = Manifest(shop, days[0]) if arguments.manifest else None
        progress = _Progress(len(days), arguments.quiet)
        _run(shop, days, sink, manifest, progress)
        if manifest:
            manifest.write(arguments.manifest, sys.stdout)
    except GeneratorError as error:
        _say(progress, error)
        return UNREACHABLE if isinstance(error, Unreachable) else status
    except KeyboardInterrupt as interruption:
        _say(progress, f"interrupted; the day at hand was not written{interruption}")
        return INTERRUPTED
    finally:
        if progress:
            progress.close()
        if sink:
            sink.close()
    return 0


def _say(progress, message):
    if progress:
        progress.close()
    # A server's answer may hold what a terminal would obey.
    safe = "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(message))
    print(f"generator: {safe}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
