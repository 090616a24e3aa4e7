"""``python -m tests.containers``: runs docker-compose.yml on an engine, and prints a table of checks and results.

Starts an engine of its own, makes stand-ins for the images where no registry can be reached, builds, starts the
services and runs the checks. Ends with status 1 where one fails.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from tabulate import tabulate

from tests.containers.checks import CHECKS, MAKE
from tests.containers.engine import BROWSER, Engine, EngineError, compose_program, take_folder
from tests.containers.stack import Stack

# Checks that all others need.
FOUNDATION = ("build", "up")


HOST = re.compile(r"(?<=://)[^/\s]+")


def hide_hosts(text: str) -> str:
    """Return a text without the hosts in its addresses: that of a package registry may have a user's password."""
    return HOST.sub("…", text)


def make_stand_ins(folder: Path, engine: Engine) -> None:
    """Make the stand-ins for images; what that has started ends with this program.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, MAKE, folder, engine.socket]
    with subprocess.Popen(command, start_new_session=True) as making:
        try:
            status = making.wait()
        except BaseException:
            os.killpg(making.pid, signal.SIGTERM)
            raise
    if status:
        raise subprocess.CalledProcessError(status, command)


def run(stack: Stack, engine: Engine, names: list[str]) -> bool:
    """Make the checks, tell of each, and print the tables; return whether all held."""
    rows, held = [], True
    for name in names:
        print(f"{name} ...", flush=True)
        began = time.monotonic()
        try:
            result, seen = "held", CHECKS[name](stack, engine)
        except Exception as error:
            result, seen, held = "FAILED", hide_hosts(f"{type(error).__name__}: {error}"), False
            print(seen, flush=True)
        rows.append((name, result, f"{time.monotonic() - began:.0f}", seen.splitlines()[0] if seen else ""))
        print(f"{name}: {result}", flush=True)
        if result == "FAILED" and name in FOUNDATION:
            break
    figures = (stack.seconds, stack.seconds_after_kill, {name: one / 2**20 for name, one in stack.memory.items()})
    told = [
        (name, *(f"{one[name]:.0f}" if name in one else "" for one in figures))
        for name in sorted({name for one in figures for name in one})
    ]
    heads = ["service", "s to health or end", "s to health after SIGKILL", "MiB at most"]
    print(tabulate(told, heads, "github", disable_numparse=True), end="\n\n")
    sizes = [(image, f"{size / 2**20:.0f}", f"{seconds:.0f}") for image, (size, seconds) in stack.images.items()]
    print(tabulate(sizes, ["image", "MiB", "s to build"], "github", disable_numparse=True), end="\n\n")
    print(tabulate(rows, ["check", "result", "s", "seen"], "github", disable_numparse=True, maxcolwidths=None))
    return held


def main() -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(prog="make compose-test", description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="the checks to make, such as build,up,reach (default: all)")
    parser.add_argument(
        "--folder", type=Path, help="folder of the engine, which is kept (default: one that is removed)"
    )
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(CHECKS)
    if unknown := [name for name in names if name not in CHECKS]:
        parser.error(f"there is no check {unknown[0]}: there are {', '.join(CHECKS)}")
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="tshop-containers-"))).resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("make compose-test was ended."))
    try:
        take_folder(folder)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    held = False
    engine = Engine(folder, BROWSER if "picture" in names else None)
    try:
        with contextlib.ExitStack() as ends:
            ends.callback(engine.stop)
            engine.start()
            compose = compose_program(folder)
            make_stand_ins(folder, engine)
            stack = Stack(compose, folder)
            all_held = False
            # The data stays where the folder does.
            ends.callback(lambda: stack.down(volumes=all_held and not options.folder))
            all_held = run(stack, engine, names)
        # Only where the engine has ended, too, may its folder go.
        held = all_held
    except (EngineError, AssertionError, subprocess.SubprocessError, psutil.Error, OSError) as error:
        print(hide_hosts(str(error)), file=sys.stderr)
    finally:
        # Also after a signal.
        if held and not options.folder:
            shutil.rmtree(folder)
        else:
            print(f"The engine's data and logs are in {folder}.", flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
