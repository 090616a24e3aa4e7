"""Superset on the embedded stack: ``python -m embedded.superset`` sets it up, starts it, and says where it is."""

import os
import subprocess
import sys
import time
from pathlib import Path

from embedded import roles
from embedded.environment import ADMIN, SUPERSET_BIN, superset_environment
from embedded.errors import StackError
from embedded.settings import ROOT, SUPERSET_CONNECTIONS, SUPERSET_DATABASE, Settings
from embedded.stack import Stack, say
from migrations.plain import plain

# The user of the shop's people; superset/set_up.py makes it.
VIEWER = "viewer"


def start(settings: Settings) -> None:
    """Bring Superset to what superset/ says and start it; where it runs, it applies what changed.

    Raises:
        StackError: its Python environment is missing, the stack does not run, or a step failed.
    """
    stack = Stack(settings)
    if not is_installed():
        raise StackError("Superset is not installed: run 'make dashboard', which installs it.")
    stack.check_running()
    prepare(stack)
    stack.start_superset()


def is_installed() -> bool:
    """Tell whether Superset's Python environment is there."""
    return (SUPERSET_BIN / "gunicorn").exists()


def prepare(stack: Stack) -> None:
    """Make Superset's role and database, and bring what is in it to what superset/ says.

    Raises:
        StackError: superset/setup.sh failed; the message is its own.
    """
    settings = stack.settings
    roles.make_role(stack.postgres, SUPERSET_DATABASE, settings.secret("superset_database"), SUPERSET_CONNECTIONS)
    stack.postgres.create_database(SUPERSET_DATABASE, owner=SUPERSET_DATABASE)
    roles.close_database(stack.postgres, SUPERSET_DATABASE)
    started = time.monotonic()
    answer = set_up(settings)
    if answer.returncode != 0:
        # Its own sentence where it ends with one, else the end of what it said.
        lines = [line for line in (answer.stdout + answer.stderr).splitlines() if line.strip()]
        last = lines[-1] if lines else ""
        tail = last.removeprefix("Superset: ") if last.startswith("Superset: ") else "\n".join(lines[-25:])
        raise StackError(f"Superset could not be set up: {tail}")
    say(f"  {answer.stdout.strip().splitlines()[-1]} ({time.monotonic() - started:.1f} s)")


def set_up(settings: Settings, folder: Path = ROOT / "superset") -> subprocess.CompletedProcess:
    """Run setup.sh of a folder on a stack whose PostgreSQL and ClickHouse run, and return how it ended."""
    return subprocess.run(
        ["bash", str(folder / "setup.sh")],
        env={**superset_environment(settings), "HOME": str(settings.folder("superset")), "LC_ALL": "C.UTF-8"},
        cwd=settings.folder("superset"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    """Start Superset on the stack the environment names; on failure print one sentence to stderr and return 1."""
    try:
        settings = Settings.from_environment()
        if os.environ.get("TSHOP_LANGUAGE"):
            settings.choose_language(os.environ["TSHOP_LANGUAGE"])
        say("Setting up Superset ...")
        start(settings)
    except StackError as error:
        print(f"Error: {plain(str(error), keep=chr(10))}", file=sys.stderr)
        return 1
    print(
        f"The dashboard is at {settings.superset_url}/superset/dashboard/t-shop/\n"
        f"  user {VIEWER}, who sees the shop's figures, password in {settings.home}/secrets/superset_viewer\n"
        f"  user {ADMIN}, who may do all, password in {settings.home}/secrets/superset_admin\n"
        "It runs until 'make stop'; 'make dashboard' starts it again, and applies what changed in superset/."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
