"""The definitions, clickhouse/ddl/, and the ledger of them, tshop.applied_file.

A file has one object or several that belong together, such as all of a mart's. Its statements are of three kinds:

- `SELECT …` is a check. It runs every time.
- `CREATE OR REPLACE …` can be edited in place. It runs every time, too, so that what a hand changed is mended.
- All others run once, in their order. One that was applied never changes: a change is a further statement at the end
  of the file. They are written so that they may run again (IF NOT EXISTS), for where a run is cut off before the ledger
  knows of them, and where somebody has dropped what they made: then all statements of the file run again.

A file that was applied stays, under its name. A statement that renames or exchanges tables is none of the three kinds:
what the file makes would be missing for ever after, and all of it be sent each time.

So a new ClickHouse and one that was set up long ago end in the same schema.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse.files import FOLDER, statements

DATABASE = "tshop"
LEDGER = "applied_file"
DEFINITIONS = FOLDER / "ddl"

_NAME = rf"{DATABASE}\.(\w+)"
_MADE = re.compile(rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}", re.IGNORECASE)
_DROPPED = re.compile(rf"DROP\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?{_NAME}", re.IGNORECASE)
_RENAMED = re.compile(r"(RENAME|EXCHANGE)\b", re.IGNORECASE)
_REPEATED = re.compile(r"(SELECT|WITH|CREATE\s+OR\s+REPLACE)\b", re.IGNORECASE)

Ask = Callable[[str], Iterable[Sequence[Any]]]


class DefinitionError(Exception):
    """A definition cannot be applied: one sentence on why and what to do."""


class Step(NamedTuple):
    """A statement, and the file that it comes from."""

    file: str
    statement: str


@dataclass(frozen=True)
class Definition:
    """A file of definitions.

    Attributes:
        name: of the file.
        sha256: of its bytes, in hexadecimal digits.
        statements: in their order.
        makes: the tables and views that it makes and does not drop again.
    """

    name: str
    sha256: str
    statements: tuple[str, ...]
    makes: frozenset[str]

    @classmethod
    def read(cls, file: Path) -> "Definition":
        """Read a file."""
        text, found, makes = file.read_text(), tuple(statements(file.read_text())), set()
        for statement in found:
            makes |= set(_MADE.findall(statement))
            makes -= set(_DROPPED.findall(statement))
        return cls(file.name, hashlib.sha256(text.encode()).hexdigest(), found, frozenset(makes))

    @property
    def run_once(self) -> list[str]:
        """The digests of the statements that run once. White space does not count."""
        return [_digest(statement) for statement in self.statements if not _REPEATED.match(statement)]


@dataclass(frozen=True)
class _Applied:
    sha256: str
    run_once: list[str]


def pending(ask: Ask, folder: Path = DEFINITIONS) -> list[Step]:
    """Return what a ClickHouse has to be sent, in this order, to be at the state of the files; nothing is sent.

    Args:
        ask: returns the rows of a query.
        folder: of the files, which come in the order of their names.

    Raises:
        DefinitionError: a statement that was applied has changed, a file that was applied is gone, a statement renames
            a table, or there is no file.
    """
    definitions = [Definition.read(file) for file in sorted(folder.glob("*.sql"))]
    if not definitions:
        raise DefinitionError(f"There is no file in {folder}: is the folder mounted?")
    held = {row[0] for row in ask(f"SELECT name FROM system.tables WHERE database = '{DATABASE}'")}
    applied = _applied(ask) if LEDGER in held else {}
    _refuse_gone(set(applied) - {definition.name for definition in definitions})
    steps, notes, has_ledger = [], [], LEDGER in held
    for definition in definitions:
        before = applied.get(definition.name)
        steps += _steps(definition, before, held)
        if before is None or before != _Applied(definition.sha256, definition.run_once):
            notes.append(_note(definition))
        has_ledger = has_ledger or LEDGER in definition.makes
        if has_ledger:
            steps, notes = steps + notes, []
    return steps


def is_current(ask: Ask, folder: Path = DEFINITIONS) -> bool:
    """Tell whether a ClickHouse is at the state of the files, by its ledger and the names of what it holds.

    It is asked twice, where `pending` leads to statements that run each time. What a hand changed is not seen.
    """
    definitions = [Definition.read(file) for file in sorted(folder.glob("*.sql"))]
    held = {row[0] for row in ask(f"SELECT name FROM system.tables WHERE database = '{DATABASE}'")}
    if LEDGER not in held or not all(definition.makes <= held for definition in definitions):
        return False
    return _applied(ask) == {
        definition.name: _Applied(definition.sha256, definition.run_once) for definition in definitions
    }


def _refuse_gone(names: set[str]) -> None:
    if names:
        raise DefinitionError(
            f"{', '.join(sorted(names))}: applied to this ClickHouse, and not in the folder: put it back under "
            "this name, or use the release that has it. What is no longer wanted is dropped by a statement at the end "
            "of the file."
        )


def _steps(definition: Definition, before: _Applied | None, held: set[str]) -> list[Step]:
    done = before.run_once if before else []
    for number, (old, new) in enumerate(zip(done, [*definition.run_once, *[""] * len(done)], strict=False), 1):
        if old != new:
            raise DefinitionError(
                f"{definition.name}: statement {number} of those that run once was applied to this ClickHouse, and has "
                "changed or is gone: undo that, and append a statement that makes the change to the end of the file."
            )
    for statement in definition.statements:
        if _RENAMED.match(statement):
            raise DefinitionError(
                f"{definition.name}: {statement.split()[0].upper()} cannot be in a definition, which would be "
                "sent again each time: make a table of the new name, copy the rows, and drop the old one."
            )
    left = len(done) if definition.makes <= held else 0
    steps = []
    for statement in definition.statements:
        if not _REPEATED.match(statement):
            left -= 1
            if left >= 0:
                continue
        steps.append(Step(definition.name, statement))
    return steps


def _applied(ask: Ask) -> dict[str, _Applied]:
    rows = ask(
        f"SELECT file, argMax(sha256, applied_at), argMax(run_once, applied_at) FROM {DATABASE}.{LEDGER} GROUP BY file"
    )
    return {file: _Applied(sha256, list(run_once)) for file, sha256, run_once in rows}


def _note(definition: Definition) -> Step:
    digests = ", ".join(f"'{digest}'" for digest in definition.run_once)
    return Step(
        definition.name,
        f"INSERT INTO {DATABASE}.{LEDGER} (file, sha256, run_once) "
        f"SELECT '{definition.name}', '{definition.sha256}', CAST([{digests}], 'Array(String)')",
    )


def _digest(statement: str) -> str:
    return hashlib.sha256(" ".join(statement.split()).encode()).hexdigest()
