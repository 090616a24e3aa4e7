"""First loads and rebuilds in slices, ``make backfill``: each entity in two sessions at once, then the mart in one.

Works as the owner on the warehouse that WAREHOUSE_DSN names; SLICE_ROWS says how many rows a transaction takes. psql
shows how far it is, slice by slice.
"""

import contextlib
import os
import subprocess
import sys

import psycopg2

from embedded.errors import StackError
from embedded.postgres import client_bin_dir, libpq_environment

# As many as the machine has cores to spare for them: the embedded one is planned for two.
SESSIONS = 2


def run(dsn: str, slice_rows: int) -> None:
    """Bring dds up to all of raw, and the mart up to dds.

    Raises:
        StackError: a session has failed, for a reason that psql has shown.
    """
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT entity_name FROM sl.entity ORDER BY entity_name")
        entities = [name for (name,) in cursor.fetchall()]
    for entity in entities:
        name = "'" + entity.replace("'", "''") + "'"
        # Cut before the sessions start: one that came late would begin another backfill after a short one's end.
        _call(dsn, f"SELECT sl.begin_entity_backfill({name}, {slice_rows})")
        _call(dsn, *[f"CALL sl.backfill({name}, p_join => true)"] * SESSIONS)
    _call(dsn, f"CALL cdm.backfill_mart({slice_rows})")


def _call(dsn: str, *statements: str) -> None:
    """Run each statement in a session of its own, all at once, and wait for all of them, whatever becomes of one."""
    psql = [client_bin_dir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=default", "-o", os.devnull]
    environment = {**os.environ, **libpq_environment(dsn)}
    sessions = [
        subprocess.Popen([*psql, "-c", statement], env=environment, stdin=subprocess.DEVNULL)
        for statement in statements
    ]
    try:
        failed = [session.wait() != 0 for session in sessions]
    except KeyboardInterrupt:
        # The terminal has interrupted them, too: they cancel what they do.
        for session in sessions:
            session.wait()
        raise
    if any(failed):
        raise StackError(
            "The backfill has stopped for the reason above. What the slices have done stays: run 'make backfill' again "
            "to go on."
        )


def main() -> int:
    """Run it; return the exit status."""
    text = os.environ.get("SLICE_ROWS") or "500000"
    try:
        if not text.isdecimal() or int(text) == 0:
            raise StackError(f"SLICE_ROWS is '{text}': give a whole number above zero, such as 500000.")
        run(os.environ["WAREHOUSE_DSN"], int(text))
    except StackError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What the slices have done stays: run 'make backfill' again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
