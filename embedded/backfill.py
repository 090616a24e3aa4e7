"""First loads and rebuilds in slices, ``make backfill``: each entity in two sessions at once, then the mart in one.

Works as the owner of the warehouse; SLICE_ROWS says how many rows a transaction takes. psql shows each slice that is
done.
"""

import os
import subprocess
import sys

from embedded import main_job
from embedded.errors import StackError
from embedded.postgres import client_bin_dir, libpq_environment
from embedded.settings import Settings

# The stack is planned for two cores.
SESSIONS = 2
# The entities, and whether one was finished by a run that was then cut off before the mart was.
ENTITIES = """
    SELECT
        e.entity_name,
        t.target,
        b.finished_at IS NOT NULL
        AND NOT coalesce(m.finished_at IS NOT NULL AND m.started_at > b.finished_at, false)
    FROM sl.entity AS e
    CROSS JOIN LATERAL format('%I.%I', e.target_schema, e.target_table) AS t (target)
    LEFT JOIN sl.backfill AS b ON b.target = t.target
    LEFT JOIN sl.backfill AS m ON m.target = 'cdm.sales_mart'
    ORDER BY e.entity_name
"""


def run(settings: Settings, slice_rows: int) -> None:
    """Bring dds up to all of raw, and the mart up to dds; where an earlier run was cut off, do what is left of it.

    Raises:
        StackError: the warehouse cannot be reached, or a session has failed, for a reason that psql has shown.
    """
    dsn = settings.warehouse_dsn_of("owner")
    with main_job.connect(settings) as connection, connection.cursor() as cursor:
        cursor.execute(ENTITIES)
        entities = cursor.fetchall()
    for entity, target, waits_for_the_mart in entities:
        if waits_for_the_mart:
            print(f"{target} is done already, and waits for the mart.", flush=True)
            continue
        name = "'" + entity.replace("'", "''") + "'"
        # Cut before the sessions start: one that came late would begin another backfill after a short one's end.
        _call(dsn, f"SELECT sl.begin_entity_backfill({name}, {slice_rows})")
        _call(dsn, *[f"CALL sl.backfill({name}, p_join => true)"] * SESSIONS)
    _call(dsn, f"CALL cdm.backfill_mart({slice_rows})")


def _call(dsn: str, *statements: str) -> None:
    """Run each statement in a session of its own, all at once, and wait for all of them, whatever becomes of one."""
    psql = [client_bin_dir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
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
        run(Settings.from_environment(), int(text))
    except StackError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What the slices have done stays: run 'make backfill' again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
