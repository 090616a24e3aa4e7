"""The command line of the benchmark: `python -m bench`, or `make bench`."""

import signal
import sys
import time
from collections.abc import Callable

from bench import clients, dashboard, days, keep, results, spark, stream, year
from bench.measure import BenchError
from bench.plan import FULL, PARTS, Plan, parse
from embedded.errors import StackError

FAILURE, INTERRUPTED = 1, 130
_RUNS: dict[str, Callable[[Plan], results.Part]] = {
    "client": clients.run,
    "day": days.run,
    "year": year.run,
    "dashboard": dashboard.run,
    "stream": stream.run,
    "spark": spark.run,
    "keep": keep.run,
}


def main(argv: list[str] | None = None) -> int:
    """Measure the parts asked for, print their table and write the page.

    Returns:
        The exit status: 0; 1 where a part failed or a result of ours is wrong; 130 when interrupted. Wrong arguments
        end the program with 2.
    """
    plan = parse(argv)
    # Whatever ends it, the servers are stopped on the way out.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    right = True
    try:
        for name in plan.parts:
            results.say(f"{name}: {PARTS[name]} ({plan.clients:,} clients)")
            start = time.monotonic()
            part = _RUNS[name](plan)
            part.seconds = part.seconds or time.monotonic() - start
            results.save(part)
            results.write_page(plan, name)
            print(results.table(part.rows, is_full=plan.label == FULL), flush=True)
            for check in part.checks:
                print(f"{check.name}: {'nothing wrong' if check.is_right else check.found}")
            right &= part.is_right
    except (BenchError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        print("bench: interrupted; the loaded days of the year stay, and can be continued.", file=sys.stderr)
        return INTERRUPTED
    if not right:
        print("bench: a result of the warehouse is wrong, as told above.", file=sys.stderr)
        return FAILURE
    return 0


if __name__ == "__main__":
    sys.exit(main())
