"""First loads and rebuilds in slices, ``make backfill``: each entity in two sessions at once, then each mart in one.

A mart that cannot be cut is built at the end, in one transaction. Works as the owner of the warehouse; SLICE_ROWS says
how many rows a transaction takes. psql shows each slice that is done. What is unfinished is resumed; where nothing is,
all begins again.
"""

import os
import signal
import subprocess
import sys

from embedded import main_job
from embedded.errors import StackError
from embedded.postgres import client_bin_dir, libpq_environment
from embedded.settings import Settings
from migrations.plain import plain

# The stack is planned for two cores.
SESSIONS = 2
# Rules of other entities look at these, which are loaded first, in this order (docs/layers.md).
FIRST = ("category", "client", "product", "sale", "sales_order")
# The entities, and whether a backfill of theirs is unfinished; after them the marts that can be cut into slices. A mart
# is also unfinished where the backfills of its sources are finished, and no build of it has processed all of these.
TARGETS = """
    WITH backfill AS (
        SELECT b.*
        FROM sl.backfill AS b
        WHERE b.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
    ),
    mart AS (
        SELECT
            m.mart_name,
            format('%%I.%%I', m.target_schema, m.target_table) AS target,
            (
                SELECT bool_and(b.finished_at IS NOT NULL)
                FROM unnest(sl._mart_sources(m)) AS s (target)
                LEFT JOIN backfill AS b ON b.target = s.target
            )
            AND EXISTS (
                SELECT
                FROM sl.backfill_slice AS c
                INNER JOIN backfill AS b ON b.target = c.target
                WHERE b.target = ANY (sl._mart_sources(m)) AND c.run_id = ANY (sl._loads_to_process(m.mart_name))
            ) AS is_left_to_build
        FROM sl.mart AS m
        WHERE m.key_entity IS NOT NULL
    )
    SELECT
        t.name,
        t.is_mart,
        t.target,
        t.is_left_to_build OR EXISTS (SELECT FROM backfill AS b WHERE b.target = t.target AND b.finished_at IS NULL)
    FROM (
        SELECT e.entity_name, false, format('%%I.%%I', e.target_schema, e.target_table), false FROM sl.entity AS e
        WHERE e.changes = 'stamp'
        UNION ALL
        SELECT m.mart_name, true, m.target, m.is_left_to_build FROM mart AS m
    ) AS t (name, is_mart, target, is_left_to_build)
    ORDER BY t.is_mart, array_position(%s, t.name), t.name
"""
WHOLE_MARTS = "SELECT m.mart_name FROM sl.mart AS m WHERE m.key_entity IS NULL ORDER BY m.mart_name"
# One statement, so that of an interruption all have begun or none has; in the order in which others would lock them.
BEGIN = (
    "SELECT sl._begin_entity_backfill(e.entity_name, {}) "
    "FROM (SELECT * FROM sl.entity WHERE changes = 'stamp' ORDER BY entity_name) AS e"
)


def run(settings: Settings, slice_rows: int) -> None:
    """Bring dds up to all of raw, and the marts up to dds; where an earlier run was cut off, do what is left of it.

    Raises:
        StackError: the warehouse cannot be reached, or a session has failed, for a reason that psql has shown.
    """
    dsn = settings.warehouse_dsn_of("owner")
    with main_job.connect(settings) as connection, connection.cursor() as cursor:
        cursor.execute(TARGETS, (list(FIRST),))
        targets = cursor.fetchall()
        cursor.execute(WHOLE_MARTS)
        whole_marts = [name for (name,) in cursor]
    unfinished = [(name, is_mart, target) for name, is_mart, target, is_unfinished in targets if is_unfinished]
    if unfinished:
        print(f"Resuming what is unfinished: {', '.join(target for _, _, target in unfinished)}.", flush=True)
        entities = [name for name, is_mart, _ in unfinished if not is_mart]
    else:
        entities = [name for name, is_mart, _, _ in targets if not is_mart]
        # Cut before the sessions start: one that came late would begin another backfill after a short one's end.
        _call(dsn, BEGIN.format(slice_rows))
    # Names hold nothing that would have to be quoted (sl.declare_entity, sl.declare_mart).
    for entity in entities:
        _call(dsn, *[f"CALL sl.backfill('{entity}', p_join => true)"] * SESSIONS)
    for mart in [name for name, is_mart, _, _ in targets if is_mart]:
        _call(dsn, f"CALL sl.backfill('{mart}', {slice_rows})")
    for mart in whole_marts:
        _call(dsn, f"CALL sl.build('{mart}')")


def _call(dsn: str, *statements: str) -> None:
    """Run each statement in a session of its own, all at once, and wait for all of them, whatever becomes of one."""
    psql = [client_bin_dir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    environment = {**os.environ, **libpq_environment(dsn)}
    sessions = []
    try:
        for statement in statements:
            sessions.append(subprocess.Popen([*psql, "-c", statement], env=environment, stdin=subprocess.DEVNULL))
        failed = [session.wait() != 0 for session in sessions]
    except KeyboardInterrupt:
        # They cancel what they do. A terminal has interrupted them, too, but a signal to this process alone has not.
        for session in sessions:
            session.send_signal(signal.SIGINT)
        for session in sessions:
            session.wait()
        raise
    if any(failed):
        raise StackError(
            "The backfill has stopped for the reason above. What the slices have done stays: run 'make backfill' again "
            "to resume."
        )


def main() -> int:
    """Run it; return the exit status."""
    text = os.environ.get("SLICE_ROWS") or "500000"
    # A job that a script has started in the background is born with SIGINT ignored, which psql, unlike it, undoes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        if not text.isdecimal() or int(text) == 0:
            raise StackError(f"SLICE_ROWS is '{text}': give a whole number above zero, such as 500000.")
        run(Settings.from_environment(), int(text))
    except StackError as error:
        print(f"Error: {plain(str(error), keep=chr(10))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What the slices have done stays: run 'make backfill' again to resume.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
