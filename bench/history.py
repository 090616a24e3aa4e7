"""What is planted in raw.client, the history that follows from it, and how a history that was built differs from it.

Everything delivered is kept in bench.delivered. What the history must be is computed from that in SQL, by its meaning
(docs/history.md) and by none of the code that is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass

Execute = Callable[..., list[tuple]]

COLUMNS = "client_id, first_name, last_name, birth_date, valid_from, valid_to"
_STATE = "first_name, last_name, birth_date, is_deleted"
# Clients of the cases, above all others: so many a case.
_CASES_FROM = 900_000_000
CLIENTS_A_CASE = 20
_START = "timestamptz '2025-02-01 00:00+03'"
_HELD_STATE = "ROW(first_name, last_name, birth_date)"
# Case: the states of each of its clients, as (step of delivery, hour of updated_at, last name, birth date, deleted).
CASES = {
    "same time, other values": ((0, 1, "A", "1990-01-01", False), (1, 1, "B", "1990-01-01", False)),
    "value becomes NULL": ((0, 1, "A", "1990-01-01", False), (1, 2, "A", None, False)),
    "NULL becomes a value": ((0, 1, "A", None, False), (1, 2, "A", "1990-01-01", False)),
    "late state between two": (
        (0, 1, "A", "1990-01-01", False),
        (1, 3, "C", "1990-01-01", False),
        (2, 2, "B", "1990-01-01", False),
    ),
    "late state between two alike": (
        (0, 1, "A", "1990-01-01", False),
        (1, 3, "A", "1990-01-01", False),
        (2, 2, "B", "1990-01-01", False),
    ),
    "late state before the first": ((1, 2, "B", "1990-01-01", False), (2, 1, "A", "1990-01-01", False)),
    "touched, nothing changed": (
        (0, 1, "A", "1990-01-01", False),
        (1, 2, "A", "1990-01-01", False),
        (2, 3, "A", "1990-01-01", False),
    ),
    "deleted and come back": (
        (0, 1, "A", "1990-01-01", False),
        (1, 2, "A", "1990-01-01", True),
        (2, 3, "A", "1990-01-01", False),
    ),
}
ORDINARY = "all other clients"
# In a step every 100th client changes, and there is a new one for every 1000.
_CHANGED, _NEW = 100, 1_000

_EXPECTED = f"""
SELECT {COLUMNS}
FROM (
    SELECT s.*, s.updated_at AS valid_from,
        coalesce(lead(s.updated_at) OVER (PARTITION BY s.client_id ORDER BY s.updated_at), 'infinity') AS valid_to
    FROM (
        SELECT d.*,
            lag(ROW({_STATE})) OVER (PARTITION BY d.client_id ORDER BY d.updated_at)
                IS DISTINCT FROM ROW({_STATE}) AS differs
        FROM (
            SELECT DISTINCT ON (client_id, updated_at) * FROM bench.delivered
            ORDER BY client_id, updated_at, step DESC
        ) AS d
    ) AS s
    WHERE s.differs
) AS v
WHERE NOT is_deleted
"""
OURS = f"SELECT {COLUMNS} FROM dds.client"
# Clients with a state that a quality rule rejects (sl.quality_rule): what becomes of these is not the peers' to know.
# One that was rejected without such a state differs.
_JUDGED = """(
    SELECT client_id FROM bench.delivered
    WHERE NOT coalesce(is_deleted, false) AND (
        coalesce(first_name, '') !~ '[^[:space:]\u00a0]' OR coalesce(last_name, '') !~ '[^[:space:]\u00a0]'
        OR birth_date > current_date OR birth_date < date '1900-01-01'
    )
)"""


@dataclass(frozen=True)
class Verdict:
    """How a history is.

    Attributes:
        overlapping: versions that begin before the one before them ends.
        several_open: clients with more than one open version.
        repeated: versions that equal the one they follow on.
        differing: by case, clients whose history is not the expected one; all cases that were delivered, in order.
    """

    overlapping: int
    several_open: int
    repeated: int
    differing: dict[str, int]

    @property
    def is_right(self) -> bool:
        """True where nothing is wrong."""
        return not (self.overlapping or self.several_open or self.repeated or any(self.differing.values()))


def plant_first(execute: Execute) -> None:
    """Add the cases' first states to raw.client and keep all that it holds as delivered."""
    execute(
        "CREATE SCHEMA IF NOT EXISTS bench",
        "DROP TABLE IF EXISTS bench.delivered",
        f"CREATE UNLOGGED TABLE bench.delivered AS SELECT client_id, {_STATE}, updated_at, 0 AS step FROM raw.client",
    )
    _plant_cases(execute, 0)


def plant(execute: Execute, step: int) -> int:
    """Deliver a step: 1 % of the clients change, 0.1 % are new, and the cases continue; return how many rows that is.

    Args:
        execute: runs a statement and returns its rows.
        step: from 1 on.
    """
    (last,) = execute(f"SELECT max(client_id) FROM raw.client WHERE client_id < {_CASES_FROM}")[0]
    at = f"{_START} + interval '1 day' * {step} + interval '1 millisecond' * (c.client_id % 80000000)"
    # As a source's upsert would, in one transaction.
    return execute(
        f"""
        WITH changed AS (
            UPDATE raw.client AS c SET last_name = 'Changed-{step}', updated_at = {at}
            WHERE c.client_id <= {last} AND c.client_id % {_CHANGED} = {step % _CHANGED}
            RETURNING c.client_id, {_STATE}, c.updated_at
        ),

        new AS (
            INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at)
            SELECT c.client_id, 'New', 'New-' || c.client_id, date '1990-01-01', {at}
            FROM generate_series({last} + 1, {last} + greatest(1, {last} / {_NEW})) AS c (client_id)
            RETURNING client_id, {_STATE}, updated_at
        ),

        kept AS (
            INSERT INTO bench.delivered
            SELECT *, {step} FROM changed UNION ALL SELECT *, {step} FROM new
            RETURNING 1
        )

        SELECT count(*) FROM kept
        """
    )[0][0] + _plant_cases(execute, step)


def expect(execute: Execute) -> None:
    """Work out from what was delivered what the history must be by now, into bench.expected."""
    execute(
        "SET work_mem = '512MB'",
        "DROP TABLE IF EXISTS bench.expected",
        f"CREATE UNLOGGED TABLE bench.expected AS {_EXPECTED}",
        "RESET work_mem",
    )


def verdict(execute: Execute, history: str) -> Verdict:
    """Return how a history is beside bench.expected.

    Args:
        execute: runs a statement and returns its rows.
        history: a query that gives COLUMNS.
    """
    execute(
        "SET work_mem = '512MB'",
        "DROP TABLE IF EXISTS bench.held",
        f"CREATE UNLOGGED TABLE bench.held AS SELECT * FROM ({history}) AS h WHERE client_id NOT IN {_JUDGED}",
    )
    ((overlapping, repeated),) = execute(
        f"""
        SELECT
            count(*) FILTER (WHERE h.next_from < h.valid_to),
            count(*) FILTER (WHERE h.next_from = h.valid_to AND h.next_state = h.state)
        FROM (
            SELECT valid_to, {_HELD_STATE} AS state,
                lead(valid_from) OVER w AS next_from, lead({_HELD_STATE}) OVER w AS next_state
            FROM bench.held
            WINDOW w AS (PARTITION BY client_id ORDER BY valid_from, valid_to)
        ) AS h
        """
    )
    ((several_open,),) = execute(
        "SELECT count(*) FROM (SELECT FROM bench.held WHERE valid_to = 'infinity' GROUP BY client_id"
        " HAVING count(*) > 1) AS k"
    )
    found = execute(
        f"""
        SELECT
            CASE WHEN client_id >= {_CASES_FROM} THEN (client_id - {_CASES_FROM}) / {CLIENTS_A_CASE} ELSE -1 END,
            count(DISTINCT client_id)
        FROM (
            SELECT client_id
            FROM (
                SELECT {COLUMNS}, 1 AS side FROM bench.expected WHERE client_id NOT IN {_JUDGED}
                UNION ALL
                SELECT {COLUMNS}, -1 FROM bench.held
            ) AS b
            GROUP BY {COLUMNS}
            HAVING sum(side) <> 0
        ) AS d
        GROUP BY 1
        """
    )
    differing = dict(found)
    execute("DROP TABLE bench.held", "RESET work_mem")
    named = {case: differing.get(number, 0) for number, case in enumerate(CASES)}
    return Verdict(overlapping, several_open, repeated, {ORDINARY: differing.get(-1, 0), **named})


def _plant_cases(execute: Execute, step: int) -> int:
    rows = []
    for number, states in enumerate(CASES.values()):
        for delivered, hour, name, born, deleted in states:
            if delivered == step:
                birth_date = f"date '{born}'" if born else "NULL"
                at = f"{_START} + interval '{hour} hours'"
                first = _CASES_FROM + number * CLIENTS_A_CASE
                rows.append(
                    f"SELECT c, 'Case', '{name}', {birth_date}, {deleted}, {at}"
                    f" FROM generate_series({first}, {first + CLIENTS_A_CASE - 1}) AS c"
                )
    if not rows:
        return 0
    # The last one that comes is what raw holds, whatever its time: a source that keeps no order.
    return execute(
        f"""
        WITH given (client_id, {_STATE}, updated_at) AS ({" UNION ALL ".join(rows)}),

        written AS (
            INSERT INTO raw.client (client_id, {_STATE}, updated_at)
            SELECT * FROM given
            ON CONFLICT (client_id) DO UPDATE SET
                last_name = excluded.last_name,
                birth_date = excluded.birth_date,
                is_deleted = excluded.is_deleted,
                updated_at = excluded.updated_at
        ),

        kept AS (
            INSERT INTO bench.delivered SELECT *, {step} FROM given RETURNING 1
        )

        SELECT count(*) FROM kept
        """
    )[0][0]
