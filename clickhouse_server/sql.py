"""Just enough of ClickHouse's lexer to tell an INSERT's statement from its data and to see the FORMAT asked for.

Nothing here decides what a statement may do: `guard` asks the engine's own parser for that.
"""

import re
from dataclasses import dataclass

# What is not closed runs to the end, and nothing is tried twice: a hostile statement costs no more than its length.
_TOKEN = re.compile(
    rb"""(?P<space>\s++|--[^\n]*+|\#[!\ ][^\n]*+|/\*.*?(?:\*/|\Z))
    |(?P<string>'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)|\$(?P<tag>\w*+)\$.*?(?:\$(?P=tag)\$|\Z))
    |(?P<name>`(?:[^`\\]|\\.|``)*+(?:`|\\?\Z)|"(?:[^"\\]|\\.|"")*+(?:"|\\?\Z))
    |(?P<word>[A-Za-z_][\w$]*+)
    |(?P<number>\d[\w.]*+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_SETTINGS = re.compile(rb"\s+SETTINGS\s+\w+\s*=\s*(?:'[^']*'|[\w.+-]+)(?:\s*,\s*\w+\s*=\s*(?:'[^']*'|[\w.+-]+))*", re.I)
_DATA_FOLLOWS = re.compile(rb"[ \t\f]*\r?\n?")
_LITERAL_WORDS = {b"NULL", b"TRUE", b"FALSE", b"NAN", b"INF", b"DEFAULT"}
_MAX_EXPRESSION_ROWS = 1000
# As far as a statement's first word is looked for.
_HEAD = 65536


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows are carried as data: `statement` (no FORMAT clause), `format`, and where the data begins."""

    statement: bytes
    format: str
    data_offset: int


def _tokens(sql: bytes, start: int = 0):
    """Yield (kind, text, end) of everything but blanks and comments."""
    for match in _TOKEN.finditer(sql, start):
        if match["space"] is None:
            kind = next(k for k in ("string", "name", "word", "number", "other") if match[k] is not None)
            yield kind, match[kind], match.end()


def first_word(sql: bytes) -> str:
    """The statement's first keyword in upper case, '' where there is none."""
    for kind, text, _ in _tokens(sql[:_HEAD]):
        if kind == "word":
            return text.upper().decode()
        if text != b"(":
            break
    return ""


def split_insert(sql: bytes, default_format: str | None = None) -> Insert | None:
    """Where an INSERT's data begins, or None when `sql` is no INSERT or takes its rows from a SELECT or a file."""
    tokens = _tokens(sql)
    if next(tokens, (None, b""))[1].upper() != b"INSERT":
        return None
    depth, at_target, end = 0, True, 0
    for kind, text, end in tokens:
        upper = text.upper() if kind == "word" else b""
        if at_target:
            if upper in (b"INTO", b"TABLE", b"FUNCTION"):
                continue
            at_target = False
            continue
        if text in (b"(", b"{", b"["):
            depth += 1
        elif text in (b")", b"}", b"]"):
            depth -= 1
        if depth or not upper:
            continue
        if upper in (b"SELECT", b"WITH", b"FROM", b"WATCH", b"EXPLAIN"):
            return None
        if upper == b"VALUES":
            return Insert(sql[: end - len(text)], "Values", end)
        if upper == b"FORMAT":
            return _formatted(sql, end - len(text), tokens)
    statement = sql.rstrip().removesuffix(b";")
    return Insert(statement, default_format or "Values", len(sql)) if end else None


def _formatted(sql: bytes, clause_start: int, tokens) -> Insert | None:
    kind, name, end = next(tokens, ("", b"", 0))
    if kind != "word":
        return None
    settings = _SETTINGS.match(sql, end)
    statement = sql[:clause_start]
    if settings:
        statement, end = statement + settings[0].strip(), settings.end()
    if name.upper() == b"VALUES":
        name = b"Values"
    return Insert(statement, name.decode(), _DATA_FOLLOWS.match(sql, end).end())


def output_format(sql: bytes) -> str | None:
    """The name in the statement's trailing FORMAT clause, if it has one."""
    found, previous = None, b""
    for kind, text, _ in _tokens(sql):
        if kind == "word" and previous.upper() == b"FORMAT":
            found = text.decode()
        elif (
            found
            and text != b";"
            and not (kind == "word" and text.upper() == b"SETTINGS")
            and previous == found.encode()
        ):
            found = None
        previous = text
    return found


def values_as_select(statement: bytes, data: bytes) -> bytes | None:
    """`INSERT … SELECT` for VALUES that hold expressions (now(), 1 + 1), or None when they hold plain literals only.

    The engine's VALUES parser would evaluate expressions out of the guard's sight, so it is configured not to; a SELECT
    is read by the guard like any other.
    """
    rows, row_start, depth, expressions = [], 0, 0, False
    for kind, text, end in _tokens(data):
        if text == b"(" and depth == 0:
            row_start = end
        if text in (b"(", b"[", b"{"):
            depth += 1
        elif text in (b")", b"]", b"}"):
            depth -= 1
            if depth == 0:
                rows.append(data[row_start : end - 1])
        elif depth and ((kind == "word" and text.upper() not in _LITERAL_WORDS) or text in (b"+", b"*", b"/", b"|")):
            expressions = True
    if not expressions or depth or not rows or len(rows) > _MAX_EXPRESSION_ROWS:
        return None
    return statement + b" " + b" UNION ALL ".join(b"SELECT " + row for row in rows)
