"""Histories of an entity that is not the shop's, made at random, against a model of what its history must be.

A composite key, a column in place, deletions by mark and physical ones, keys that move, rows delivered anew, several
states in a transaction, and writers that commit while a load runs.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from embedded.postgres import PostgresServer
from migrations import engine as engine_alone
from tests.conftest import query

DAYS = datetime(2024, 3, 1, tzinfo=UTC)
KEYS = [("North", 1), ("North", 2), ("South", 1)]
CLOCK = "clock"


@dataclass(frozen=True)
class State:
    """A state of a key as the source had it: a day, or None where the row itself was removed at a time of the clock."""

    at: float
    name: str | None
    stock: int | None
    is_gone: bool = False

    @property
    def is_deletion(self) -> bool:
        return self.name is None


@dataclass
class Model:
    """The source, what was committed since the last load, and each key's observations in the order of their commits."""

    rows: dict = field(default_factory=dict)
    unread: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)
    overwritten_at: dict = field(default_factory=dict)
    clock: Iterator = field(default_factory=lambda: count(1_000_000))

    def put(self, key: tuple, state: State) -> None:
        self.overwrite(key)
        self.rows[key] = state
        self.unread.append((key, state))

    def overwrite(self, key: tuple) -> None:
        """Note when the state of a key that is in the source was overwritten."""
        if key in self.rows:
            self.overwritten_at[id(self.rows[key])] = next(self.clock)

    def remove(self, key: tuple) -> None:
        if key in self.rows:
            self.overwrite(key)
            del self.rows[key]
            self.unread.append((key, State(next(self.clock), None, None, is_gone=True)))

    def load(self) -> None:
        """Take over what was committed: a removal counts where the key is not back.

        Of a key that was gone before, times up to then say nothing of what came back: a change is one at the clock.
        """
        unread, self.unread = self.unread, []
        now = next(self.clock)
        taken: dict = {}
        for key, state in unread:
            gone_at, segments = self.gone_at(key), self.segments(key)
            is_current = self.rows.get(key) is state
            if state.is_gone:
                at = state.at if key not in self.rows else None
            elif state.at > gone_at:
                at = state.at
            elif not is_current:
                overwritten_at = self.overwritten_at[id(state)]
                at = overwritten_at if overwritten_at > gone_at else state.at
            else:
                is_alive = segments and not segments[-1][0].is_deletion
                at = now if is_alive or not state.is_deletion else state.at
            if at is not None:
                taken.setdefault(key, []).append(State(at, state.name, state.stock, state.is_gone))
        for key, states in taken.items():
            self.seen.setdefault(key, []).extend(states)

    def moments(self, key: tuple) -> list[State]:
        """At each time the state that was committed last, and after it the deletion that was committed later still."""
        by_time: dict = {}
        for order, state in enumerate(self.seen.get(key, [])):
            by_time.setdefault(state.at, {})[state.is_deletion] = (order, state)
        result = []
        for at in sorted(by_time):
            alive, deletion = by_time[at].get(False), by_time[at].get(True)
            if alive:
                result.append(alive[1])
            if deletion and (not alive or deletion[0] > alive[0]):
                result.append(deletion[1])
        return result

    def segments(self, key: tuple) -> list[list[State]]:
        """Equal neighbours together."""
        result: list = []
        for state in self.moments(key):
            if result and result[-1][-1].name == state.name:
                result[-1].append(state)
            else:
                result.append([state])
        return result

    def gone_at(self, key: tuple) -> float:
        """When the source was last seen to have no row of a key."""
        return max((s[-1].at for s in self.segments(key) if s[-1].is_gone), default=float("-inf"))

    def versions(self) -> list[tuple]:
        """Each version: key, name, where it begins and ends (a day, CLOCK, None: open); the current one's stock."""
        result = []
        for key in KEYS:
            segments = self.segments(key)
            for number, segment in enumerate(segments):
                if segment[0].is_deletion:
                    continue
                end = segments[number + 1][0] if number + 1 < len(segments) else None
                stock = None if end else segment[-1].stock
                result.append((*key, segment[0].name, told(segment[0].at), told(end.at) if end else None, stock))
        return sorted(result, key=repr)


def told(at: float) -> float | str:
    """A day as it is, a time of the clock as one."""
    return CLOCK if at >= 1_000_000 else at


def day(moment: datetime | None) -> float | str | None:
    """The same of a time in the warehouse; the microsecond that a tied deletion comes later is left out."""
    if moment is None:
        return None
    return (moment - DAYS).days if moment < DAYS + timedelta(days=100) else CLOCK


# --- histories ------------------------------------------------------------------------------------------------------

PUTS = st.tuples(st.sampled_from(KEYS), st.sampled_from(["a", "a", "b", None]), st.integers(1, 3), st.integers(1, 5))
STEPS = st.one_of(
    st.tuples(st.just("put"), PUTS),
    st.tuples(st.just("put"), PUTS),
    st.tuples(st.just("put"), PUTS),
    st.tuples(st.just("twice"), PUTS, PUTS),
    st.tuples(st.just("remove"), st.sampled_from(KEYS)),
    st.tuples(st.just("move"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.tuples(st.just("anew")),
    st.tuples(st.just("load")),
    st.tuples(st.just("load")),
    st.tuples(st.just("meanwhile"), PUTS),
)


class Story:
    """A source table in a database that has the engine alone, and the model beside it."""

    def __init__(self, dsn: str) -> None:
        self.writer, self.loader = psycopg2.connect(dsn), psycopg2.connect(dsn)
        self.writer.autocommit = True
        self.model = Model()

    def reset(self) -> None:
        """Begin with nothing."""
        self.model = Model()
        for statement in (
            "DELETE FROM sl.kept_state",
            "SET sl.purging = 'item'",
            "DELETE FROM s.item",
            "RESET sl.purging",
            "DELETE FROM sl.kept_state",
            "TRUNCATE dds.item, sl.tombstone, sl.watermark, sl.rejected_row, sl.run CASCADE",
        ):
            self.do(statement)

    def do(self, *statements: str) -> None:
        """Execute statements as one transaction."""
        with self.writer.cursor() as cursor:
            cursor.execute("; ".join(statements))

    def play(self, step: tuple) -> None:
        """Take one step, in the source and in the model."""
        kind, *arguments = step
        model = self.model
        if kind == "put":
            self.do(put(*arguments[0]))
            model.put(*state_of(arguments[0]))
        elif kind == "twice":
            self.do(*(put(*argument) for argument in arguments))
            first, second = arguments
            if first[0] != second[0]:
                model.put(*state_of(first))
            model.put(*state_of(second))
        elif kind == "remove":
            self.do(f"DELETE FROM s.item WHERE (region, id) = {arguments[0]}")
            model.remove(arguments[0])
        elif kind == "move":
            old, new = arguments
            if old in model.rows and new not in model.rows:
                self.do(f"UPDATE s.item SET (region, id) = {new} WHERE (region, id) = {old}")
                state = model.rows[old]
                model.remove(old)
                model.put(new, State(state.at, state.name, state.stock))
        elif kind == "anew":
            self.do(
                "CREATE TEMP TABLE t ON COMMIT DROP AS TABLE s.item", "DELETE FROM s.item", "INSERT INTO s.item TABLE t"
            )
            for key, state in list(model.rows.items()):
                model.put(key, State(state.at, state.name, state.stock))
        else:
            with self.loader.cursor() as cursor:
                cursor.execute("CALL sl.load('item')")
                model.load()
                if kind == "meanwhile":
                    self.do(put(*arguments[0]))
                    model.put(*state_of(arguments[0]))
            self.loader.commit()

    def versions(self) -> list[tuple]:
        """What the warehouse holds, as Model.versions tells it."""
        with self.writer.cursor() as cursor:
            cursor.execute(
                "SELECT region, id, name, valid_from, nullif(valid_to, 'infinity'), CASE WHEN is_current THEN stock END"
                " FROM dds.item"
            )
            rows = [(*row[:3], day(row[3]), day(row[4]), row[5]) for row in cursor.fetchall()]
        return sorted(rows, key=repr)


def put(key: tuple, name: str | None, stock: int, at: int) -> str:
    """The statement that writes a state; no name marks a deletion."""
    text = "NULL" if name is None else f"'{name}'"
    return (
        "INSERT INTO s.item VALUES "
        f"('{key[0]}', {key[1]}, {text}, {stock}, '{DAYS + timedelta(days=at)}', {name is None}) "
        "ON CONFLICT (region, id) DO UPDATE SET name = excluded.name, stock = excluded.stock, "
        "updated_at = excluded.updated_at, is_deleted = excluded.is_deleted"
    )


def state_of(written: tuple) -> tuple[tuple, State]:
    """Key and state of what ``put`` has written."""
    key, name, stock, at = written
    return key, State(at, name, stock)


@pytest.fixture(scope="module")
def story(server_of) -> Iterator[Story]:
    """A stamped entity "item" with a key of two columns."""
    server: PostgresServer = server_of(18)
    server.create_database("engine_properties")
    dsn = server.dsn("engine_properties")
    engine_alone.install(dsn)
    query(dsn, "CREATE SCHEMA s")
    query(
        dsn,
        "CREATE TABLE s.item (region text, id integer, name text, stock integer, updated_at timestamptz, "
        "is_deleted boolean, PRIMARY KEY (region, id))",
    )
    query(
        dsn,
        "CALL sl.declare_entity('item', p_source => 's.item', p_key => '{region,id}', p_tracked => '{name}', "
        "p_in_place => '{stock}', p_event_time => 'updated_at', p_deleted => 'is_deleted')",
    )
    made = Story(dsn)
    with contextlib.closing(made.writer), contextlib.closing(made.loader):
        yield made
    server.drop_database("engine_properties")


@settings(
    max_examples=int(os.environ.get("TSHOP_HISTORIES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=25))
def test_any_history_of_any_table_equals_the_model(story: Story, steps: list) -> None:
    """Every state that was committed is where it belongs, whatever was written between loads and beside them."""
    story.reset()
    for step in [*steps, ("load",), ("load",)]:
        story.play(step)
        if step[0] == "load":
            assert story.versions() == story.model.versions()
    story.do("CALL sl.audit()")
