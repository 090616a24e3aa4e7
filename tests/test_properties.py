"""Random histories: after every load all of dds and of the mart equals the reference model's, column by column.

TSHOP_HISTORIES says how many histories are tried, a test (default: some hundreds in all).
"""

import contextlib
import copy
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import psycopg2
import psycopg2.extensions
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import tally
from tests.reference_model import (
    COLUMNS,
    CURRENT_MART,
    OBSERVATIONS_KEPT,
    OUTCOMES,
    Reported,
    Row,
    Warehouse,
    failed_rule,
)

EXAMPLES = int(os.environ.get("TSHOP_HISTORIES", "120"))
START = datetime(2025, 2, 27, 20, 30, tzinfo=UTC)
LOADS = {f"dds.load_{entity}": entity for entity in COLUMNS}
BUILD = "cdm.build_mart"
CALLS = (*LOADS, BUILD)
# The registry, which a test does not empty.
KEPT = ("sl.entity", "sl.quality_rule", "sl.mart", "sl.routine_version")
# Written in a session whose transaction may stay open over many loads, hence by nobody else.
HELD_KEY = 3
PROPERTY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
LONG_TIMEOUT = pytest.mark.timeout(300 + 2 * EXAMPLES)


def moment(hours: int) -> datetime:
    """A moment of the test's time scale, which has the shop's midnight in it."""
    return START + timedelta(hours=hours)


class Write(NamedTuple):
    """What a source writes: a row of an entity."""

    entity: str
    row: Row

    def sql(self) -> str:
        """The write as a statement, for the database and for the reader of a failure."""
        names = (f"{self.entity}_id", *COLUMNS[self.entity], "updated_at", "is_deleted")
        at = "infinity" if self.row.updated_at is None else self.row.updated_at
        values = (self.row.key, *self.row.state, at, self.row.is_deleted)
        return (
            f"INSERT INTO raw.{self.entity} ({', '.join(names)}) VALUES ({', '.join(map(literal, values))}) "
            f"ON CONFLICT ({self.entity}_id) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in names[1:])
            + ";"
        )


def literal(value: object) -> str:
    """SQL literal of a plain value."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, bool | int) else "'" + str(value).replace("'", "''") + "'"


class Batch(NamedTuple):
    """What happens between two looks at the warehouse.

    Attributes:
        writes: by the first session.
        held: by the second session, in its open transaction.
        calls: procedures, with their arguments, called after the writes.
        scope: "each" statement commits; "all" is one transaction; "undone", which is rolled back.
        releases: whether the second session commits at the end.
    """

    writes: list[Write]
    held: list[Write]
    calls: list[tuple[str, str]]
    scope: str
    releases: bool


# Few of each, so that what happens to one key at one time meets: ties, late states, states that come back.
MOMENTS = st.integers(0, 4).map(moment)
KEYS = {entity: st.sampled_from([1, 1, 1, 2]) for entity in ("client", "product")} | {
    "sale": st.sampled_from([1, 1, 2, 4, 5, 6])
}
# Most differ in one column from each other, so that no column hides what becomes of another.
STATES = {
    "client": st.sampled_from(
        [
            *[("Анна", "Иванова", date(2000, 2, 29))] * 2,
            ("Анна", "Иванова", None),
            ("Анна", "Иванова", date(2000, 2, 28)),
            ("Анна", "Иванова", date(2025, 2, 28)),
            ("Анна", "Петрова", date(2000, 2, 29)),
            ("Яна", "Иванова", date(2000, 2, 29)),
        ]
    ),
    "product": st.sampled_from(
        [
            *[("Куртка", "Верх", "M", Decimal("10.10"))] * 2,
            ("Куртка", None, "M", Decimal("10.10")),
            ("Куртка", "Верх", None, Decimal("10.10")),
            ("Куртка", "Верх", "M", Decimal("0.00")),
            ("Пальто", "Верх", "M", Decimal("10.10")),
        ]
    ),
    "sale": st.tuples(
        st.just(1),
        MOMENTS,
        st.sampled_from([1, 1, 1, 1, 2, HELD_KEY, None]),
        st.sampled_from([1, 1, 1, 1, 2, HELD_KEY]),
        st.sampled_from([1, 1, 2, -1]),
        st.sampled_from([None, None, None, Decimal("9.90"), Decimal("0.00"), Decimal("-1.00")]),
        st.sampled_from([None, None, None, Decimal("9.99"), Decimal("0.00"), Decimal("-1.00")]),
    ),
}
BAD_STATES = {
    "client": [
        (" ", "Иванова", None),
        (None, "Иванова", date(2000, 2, 29)),
        ("Анна", "\u00a0", None),
        ("Анна", "Иванова", date(1899, 12, 31)),
        ("Анна", "Иванова", date(2999, 1, 1)),
    ],
    "product": [
        (None, "Верх", "M", Decimal("10.10")),
        ("Куртка", "Верх", "M", None),
        ("Куртка", "Верх", "M", Decimal("NaN")),
        ("Куртка", "Верх", "M", Decimal("-0.01")),
    ],
    "sale": [
        (None, moment(1), 1, 1, 1, None, None),
        (1, None, 1, 1, 1, None, None),
        (1, moment(1), 1, None, 1, None, None),
        (1, moment(1), 1, 1, None, None, None),
        (1, moment(1), None, 1, 0, None, None),
        (1, moment(1), 1, 1, -10_000_001, None, None),
        (1, moment(1), 1, 1, 1, Decimal("NaN"), None),
        (1, moment(1), 1, 1, 1, None, Decimal("NaN")),
        (1, datetime(1999, 12, 31, tzinfo=UTC), 1, 1, 1, None, None),
        (1, datetime(2999, 1, 1, tzinfo=UTC), 1, 1, 1, None, None),
    ],
}

# Times that no state can have.
IMPLAUSIBLE = {
    "timeless": None,
    "ancient": datetime(1899, 12, 31, tzinfo=UTC),
    "future": datetime(2999, 1, 1, tzinfo=UTC),
}


@st.composite
def writes(draw: st.DrawFn, key: int | None = None) -> Write:
    """One write of any kind, of a key or of any."""
    entity = draw(st.sampled_from(list(COLUMNS)))
    kind = draw(st.sampled_from(["good"] * 15 + ["deleted"] * 4 + ["bad"] * 2 + ["timeless", "ancient", "future"]))
    strategy = STATES[entity]
    if kind == "bad":
        strategy = st.sampled_from(BAD_STATES[entity])
    elif kind == "deleted":
        # A source may empty what it deletes.
        strategy = st.one_of(strategy, st.just((None,) * len(COLUMNS[entity])))
    at = IMPLAUSIBLE[kind] if kind in IMPLAUSIBLE else draw(MOMENTS)
    is_deleted = kind == "deleted" or draw(st.sampled_from([False, False, None]))
    return Write(entity, Row(key or draw(KEYS[entity]), draw(strategy), at, is_deleted))


IN_ORDER = [(procedure, "") for procedure in CALLS]
CALL = st.tuples(st.sampled_from(CALLS), st.sampled_from(["", "", "", "p_full => true"]))
BATCH = st.builds(
    Batch,
    st.lists(writes(), min_size=5, max_size=12),
    st.lists(writes(HELD_KEY), max_size=2),
    st.one_of(st.just(IN_ORDER), st.just(IN_ORDER), st.lists(CALL, max_size=4)),
    st.sampled_from(["each"] * 5 + ["all", "undone"]),
    st.booleans(),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Batch]:
    """Batches, in which what was written before is often written once more or otherwise, as of the same time."""
    batches = draw(st.lists(BATCH, min_size=4, max_size=8))
    for number in range(1, len(batches)):
        earlier = [write for batch in batches[:number] for write in batch.writes if write.row.updated_at]
        again = draw(st.lists(st.sampled_from(earlier), max_size=4)) if earlier else []
        echoes = [write._replace(row=write.row._replace(state=draw(STATES[write.entity]))) for write in again]
        batches[number] = batches[number]._replace(writes=batches[number].writes + echoes)
    return batches


class Script:
    """Two sessions that keep what they ran since the last reset, so that a failure can be told as a script."""

    def __init__(self, dsn: str) -> None:
        self.sessions = [psycopg2.connect(dsn) for _ in range(2)]
        for session in self.sessions:
            session.autocommit = True
        self.statements: list[str] = []
        tables = self.ask(
            "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "
            "WHERE table_type = 'BASE TABLE' "
            "AND table_schema IN ('landing', 'shop', 'raw', 'dds', 'cdm', 'spark', 'sl')"
        )
        self._tables = [table for (table,) in tables if table not in KEPT]

    def close(self) -> None:
        """End both sessions."""
        for session in self.sessions:
            session.close()

    def run(self, sql: str, session: int = 0) -> list[tuple]:
        """Run and keep a statement of a session; returns its rows, fails with the script where it raises."""
        self.statements.append(f"{sql}  -- in a second session" if session else sql)
        try:
            return self.ask(sql, session=session)
        except psycopg2.Error as error:
            self.fail(f"{sql} raised {error.pgcode}: {error}")

    def ask(self, sql: str, parameters: tuple | None = None, session: int = 0) -> list[tuple]:
        """Run a statement that is no part of the story."""
        with self.sessions[session].cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def is_open(self, session: int) -> bool:
        """Tell whether a session is in a transaction."""
        status = self.sessions[session].info.transaction_status
        return status != psycopg2.extensions.TRANSACTION_STATUS_IDLE

    def reset(self) -> None:
        """Empty the warehouse, whatever the last history left open."""
        for session in range(2):
            self.ask("ROLLBACK", session=session)
        self.statements = []
        # One statement, at whose end the foreign keys are checked; where there is little, far faster than TRUNCATE.
        deletes = (f"d{number} AS (DELETE FROM {table})" for number, table in enumerate(self._tables))
        self.ask(f"WITH {', '.join(deletes)} SELECT")
        # What the triggers have kept of that.
        self.ask("DELETE FROM sl.kept_state")

    def fail(self, what: str, *lines: str) -> None:
        """Fail with a script for psql that shows the failure."""
        pytest.fail("\n".join([what, *lines, "after", *self.statements]), pytrace=False)

    def compare(self, what: str, got: list[tuple], expected: list[tuple]) -> None:
        """Fail with the script where two tables differ as sets of rows."""
        got, expected = sorted(got, key=repr), sorted(expected, key=repr)
        if got != expected:
            only = [f"  has    {row}" for row in got if row not in expected]
            only += [f"  wants  {row}" for row in expected if row not in got]
            self.fail(f"{what} differs from the model", *(only or ["  in how often a row is there"]))


@pytest.fixture
def script(warehouse: str) -> Iterator[Script]:
    """Sessions in an empty warehouse."""
    with contextlib.closing(Script(warehouse)) as story:
        yield story


def versions_of(script: Script, entity: str) -> list[tuple]:
    """The entity's dds table as the model gives it, after the surrogate keys."""
    rows = script.ask(
        f"""
        SELECT
            {entity}_sk, {entity}_id, {", ".join(COLUMNS[entity])}, valid_from, nullif(valid_to, 'infinity'),
            coalesce(observed_at, '{{}}')
        FROM dds.{entity}
        """
    )
    return [(*row[:-1], tuple(row[-1])) for row in rows]


class Told:
    """A history as it is told: the warehouse, and beside it the model of what it must hold."""

    def __init__(self, script: Script, kept: int = OBSERVATIONS_KEPT) -> None:
        self.script = script
        self.model = Warehouse(kept=kept)
        script.run(f"UPDATE sl.entity SET observations_kept = {kept};")
        self.reported = Reported()
        self.raw: dict[str, dict[int, Row]] = {entity: {} for entity in COLUMNS}
        # States that were committed since the last load of their entity.
        self.unread: dict[str, list[Row]] = {entity: [] for entity in COLUMNS}
        self.known_rows: dict[tuple[str, str], Row] = {}
        self.keys_of_versions: dict[str, dict[int, tuple]] = {entity: {} for entity in COLUMNS}
        self.highest_key: dict[str, int] = dict.fromkeys(COLUMNS, 0)
        self.builds: list[datetime] = []
        self.held: list[Write] = []

    def committed(self, write: Write) -> None:
        """Take note of a write that loads can see."""
        self.raw[write.entity][write.row.key] = write.row
        self.known_rows[write.entity, repr(write.row)] = write.row
        self.unread[write.entity].append(write.row)

    def written(self, writes: list[Write]) -> None:
        """Take note of what one transaction has written: of each row the last state is the one it commits."""
        for write in {(write.entity, write.row.key): write for write in writes}.values():
            self.committed(write)

    def play(self, batch: Batch) -> None:
        """Do what a batch says, compare, and look what the audits find."""
        script = self.script
        for write in batch.held:
            if not script.is_open(1):
                script.run("BEGIN;", session=1)
            script.run(write.sql(), session=1)
            self.held.append(write)
        before = copy.deepcopy({name: value for name, value in vars(self).items() if name != "script"})
        if batch.scope != "each":
            script.run("BEGIN;")
        for write in batch.writes:
            script.run(write.sql())
            if batch.scope == "each":
                self.committed(write)
        if batch.scope != "each":
            self.written(batch.writes)
        for procedure, arguments in batch.calls:
            self.call(procedure, arguments)
        if batch.scope == "all":
            script.run("COMMIT;")
        elif batch.scope == "undone":
            script.run("ROLLBACK;")
            vars(self).update(before)
            for entity in COLUMNS:
                self.compare_versions(entity)
            self.compare_mart()
        script.run("CALL sl.audit(p_full => false);")
        if batch.releases:
            self.release()

    def release(self) -> None:
        """Let the second session commit."""
        if self.script.is_open(1):
            self.script.run("COMMIT;", session=1)
        self.written(self.held)
        self.held = []

    def call(self, procedure: str, arguments: str = "") -> None:
        """Call a procedure and compare what it did with the model."""
        if procedure == BUILD:
            self.build(arguments)
        else:
            self.load(LOADS[procedure], arguments)

    def load(self, entity: str, arguments: str) -> None:
        """Call an entity's load: every table, count and key must be as the model says."""
        script = self.script
        window = script.ask(
            f"""
            SELECT {entity}_id
            FROM raw.{entity}
            WHERE changed_xid >= coalesce((SELECT snapshot_xmin FROM sl.watermark WHERE target = 'dds.{entity}'), 0)
            """
        )
        keys = {key for (key,) in window} | self.model.waiting(entity)
        if arguments:
            keys = set(self.raw[entity])
        states = [*self.kept_aside(entity), *(self.raw[entity][key] for key in keys)]
        if lost := [row for row in self.unread[entity] if repr(row) not in map(repr, states)]:
            script.fail(f"A load of {entity} would not read the states {lost}, which it has not seen")
        outcomes = self.model.load(entity, states)
        self.unread[entity] = []
        _, *counts = script.run(f"CALL dds.load_{entity}({arguments});")[0]
        expected = [len(states), *(outcomes[name] for name in OUTCOMES)]
        good = Counter(row.key for row in states if not failed_rule(entity, row))
        if good and max(good.values()) > 1:
            # Which of several states of a key has made a version is not told; that all are counted is.
            counts = [counts[0], sum(counts[1:5]), counts[5]]
            expected = [expected[0], sum(expected[1:5]), expected[5]]
        script.compare(f"(read, {', '.join(OUTCOMES)}) of {entity}", [tuple(counts)], [tuple(expected)])
        self.compare_versions(entity)
        self.follow_surrogate_keys(entity)
        self.take_counts_of_several_rejections(entity, states)
        script.compare(
            "the open rejections",
            script.ask(
                "SELECT entity_name, entity_key, rule_name, observed_at, times_seen FROM sl.rejected_row "
                "WHERE resolved_run_id IS NULL"
            ),
            list(self.model.rejections()),
        )

    def take_counts_of_several_rejections(self, entity: str, states: list[Row]) -> None:
        """Of several states of a key in one load, how often a bad one was seen is the engine's to say."""
        read = Counter(row.key for row in states)
        for key, rule, times_seen in self.script.ask(
            "SELECT entity_key, rule_name, times_seen FROM sl.rejected_row "
            f"WHERE entity_name = '{entity}' AND resolved_run_id IS NULL"
        ):
            if read[int(key)] > 1 and rule in self.model.rejected.get((entity, int(key)), {}):
                self.model.rejected[entity, int(key)][rule].times_seen = times_seen

    def kept_aside(self, entity: str) -> list[Row]:
        """The states that were kept aside for the next load, in the order of their commits."""
        columns = (f"{entity}_id", *COLUMNS[entity], "updated_at", "is_deleted")
        rows = self.script.ask(
            f"SELECT {', '.join(f's.{column}' for column in columns[:-2])}, "
            "CASE WHEN isfinite(s.updated_at) THEN s.updated_at END, s.is_deleted "
            f"FROM sl.kept_state AS k CROSS JOIN LATERAL jsonb_populate_record(NULL::raw.{entity}, k.state) AS s "
            f"WHERE k.entity_name = '{entity}' ORDER BY k.kept_no"
        )
        states = [Row(row[0], tuple(row[1:-2]), row[-2], row[-1]) for row in rows]
        # The very rows that were written: a NaN equals nothing but itself.
        return [self.known_rows.get((entity, repr(state)), state) for state in states]

    def compare_versions(self, entity: str) -> None:
        """Compare an entity's dds table."""
        versions = [row[1:] for row in versions_of(self.script, entity)]
        self.script.compare(f"dds.{entity}", versions, list(self.model.versions(entity)))

    def follow_surrogate_keys(self, entity: str) -> None:
        """A version keeps its surrogate key while it lives, and no key is ever given to another."""
        before = self.keys_of_versions[entity]
        after = {
            sk: (key, valid_from, max([valid_from, *observed]))
            for sk, key, *_, valid_from, _, observed in versions_of(self.script, entity)
        }
        highest = self.highest_key[entity]
        for sk, (key, first, last) in after.items():
            began_here = {old for old, (owner, start, _) in before.items() if owner == key and first <= start <= last}
            if sk not in began_here if began_here else sk <= highest:
                self.script.fail(f"dds.{entity} has the surrogate key {sk}, not one of {began_here or 'the new ones'}")
        self.keys_of_versions[entity] = after
        self.highest_key[entity] = max([highest, *after])

    def build(self, arguments: str) -> None:
        """Call the build: every version of the mart must be as the model says."""
        script = self.script
        keys = {
            (entity, key, valid_from): sk
            for entity in ("client", "product")
            for sk, (key, valid_from, _) in self.keys_of_versions[entity].items()
        }
        images = {}
        for image in self.model.mart():
            client_sk = keys.get(("client", image[3], image[4]))
            product_sk = keys.get(("product", image[7], image[8]))
            images[image[0]] = (*image[:4], client_sk, *image[5:8], product_sk, *image[9:])
        run_id, read, *counts = script.run(f"CALL cdm.build_mart({arguments});")[0]
        known_at = script.ask("SELECT started_at FROM sl.run WHERE run_id = %s", (run_id,))[0][0]
        outcomes = self.reported.build(images, known_at, run_id)
        outcomes["unchanged"] = read - sum(outcomes.values())
        expected = tuple(outcomes[name] for name in OUTCOMES)
        script.compare(f"({', '.join(OUTCOMES)}) of the build", [tuple(counts)], [expected])
        self.builds.append(known_at)
        self.compare_mart()

    def compare_mart(self) -> None:
        """Compare every version of the mart."""
        expected = [
            (*image, number, valid_from, valid_to, valid_to is None, run_id)
            for image, number, valid_from, valid_to, run_id in self.reported.rows()
        ]
        rows = self.script.ask(
            f"SELECT {MART_IMAGE}, version_no, valid_from, nullif(valid_to, 'infinity'), is_current, run_id "
            "FROM cdm.sales_mart"
        )
        self.script.compare("the mart", rows, expected)

    def end(self) -> None:
        """Load all there is, and look at what must hold of every history."""
        script = self.script
        self.release()
        for procedure in CALLS:
            self.call(procedure)
        script.compare("the current mart", script.ask(CURRENT_MART), list(self.model.mart()))
        for known_at in self.builds:
            as_known = script.ask(f"SELECT {MART_IMAGE} FROM cdm.sales_mart_as_known(%s)", (known_at,))
            script.compare(f"the mart as known on {known_at}", as_known, list(self.reported.as_known(known_at)))
        for arguments in ("", "p_full => true"):
            for procedure in CALLS:
                self.call(procedure, arguments)
                done = script.ask(
                    "SELECT rows_inserted + rows_corrected + rows_deleted FROM sl.run ORDER BY run_id DESC LIMIT 1"
                )
                script.compare(f"what {procedure}({arguments}) writes with nothing new", done, [(0,)])
        script.run("CALL sl.audit();")


MART_IMAGE = (
    "sale_id, order_id, sold_at, client_id, client_sk, client, client_age, "
    "product_id, product_sk, product, category, size, price, quantity, total_amount"
)


@LONG_TIMEOUT
@PROPERTY
@given(batches=histories(), kept=st.sampled_from([1, 2, OBSERVATIONS_KEPT]))
def test_dds_and_mart_equal_the_model_after_every_load(script: Script, batches: list[Batch], kept: int) -> None:
    script.reset()
    told = Told(script, kept)
    for batch in batches:
        told.play(batch)
    told.end()
    tally.add("histories")


@st.composite
def observation_sets(draw: st.DrawFn) -> tuple[list[Write], list[list[list[Write]]]]:
    """One set of observations in two orders and batchings: no two at one time, since ties are settled by delivery."""
    observations = []
    for entity in COLUMNS:
        for key in (1, 2):
            for at in draw(st.lists(MOMENTS, max_size=5, unique=True)):
                state, is_deleted = draw(STATES[entity]), draw(st.integers(0, 4)) == 0
                observations.append(Write(entity, Row(key, state, at, is_deleted)))
    orders = []
    for _ in range(2):
        order = draw(st.permutations(observations))
        batches: list[list[Write]] = []
        for write in order:
            if not batches or draw(st.integers(0, 3)) == 0:
                batches.append([])
            batches[-1].append(write)
        orders.append(batches)
    return observations, orders


@LONG_TIMEOUT
@PROPERTY
@given(given_orders=observation_sets())
def test_any_order_and_batching_end_in_the_same_history(script: Script, given_orders: tuple) -> None:
    observations, orders = given_orders
    model = Warehouse()
    for write in sorted(observations, key=lambda one: one.row.updated_at):
        model.load(write.entity, [write.row])
    for number, batches in enumerate(orders):
        script.reset()
        script.run(f"UPDATE sl.entity SET observations_kept = {OBSERVATIONS_KEPT};")
        for count, batch in enumerate(batches):
            for write in batch:
                script.run(write.sql())
            for entity in sorted({write.entity for write in batch}):
                script.run(f"CALL dds.load_{entity}();")
            if count % 3 == number:
                script.run("CALL cdm.build_mart();")
        script.run("CALL cdm.build_mart();")
        for entity in COLUMNS:
            versions = [row[1:] for row in versions_of(script, entity)]
            script.compare(f"dds.{entity}", versions, list(model.versions(entity)))
        script.compare("the mart", script.ask(CURRENT_MART), list(model.mart()))
        script.run("CALL sl.audit();")
    tally.add("orders", len(orders))
