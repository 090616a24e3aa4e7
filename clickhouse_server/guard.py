"""What a statement may do, judged on the engine's own syntax tree.

Most of the wall is the engine's: users.xml grants no access to files, addresses, dictionaries or users. The guard
closes what grants do not reach: the functions that read files or call out, table engines and table functions off the
list, disks, INTO OUTFILE and FROM INFILE, attaching from a path, PostgreSQL servers other than the named collection's,
and the mark by which the endpoint finds a running statement again.
"""

import itertools
import re

from clickhouse_server.errors import ClickHouseError

_OPEN_KEYS = ("Identifier schema", "Identifier table", "Identifier on_conflict")

_TABLE_FUNCTIONS = {
    "dictionary", "format", "generaterandom", "generateseries", "generate_series", "input", "loop", "merge",
    "mergetreeindex", "mergetreeprojection", "null", "numbers", "numbers_mt", "postgresql", "primes",
    "sqlstandardvalues", "values", "view", "viewexplain", "viewifpermitted", "zeros", "zeros_mt",
}  # fmt: skip
_ENGINES = {
    "aggregatingmergetree", "alias", "atomic", "buffer", "coalescingmergetree", "collapsingmergetree",
    "generaterandom", "join", "log", "materializedview", "memory", "merge", "mergetree", "null", "postgresql",
    "replacingmergetree", "set", "stripelog", "summingmergetree", "tinylog", "versionedcollapsingmergetree", "view",
}  # fmt: skip
_LINE = re.compile(r"^( *)(.*?)(?: \(children \d+\))?$")
_ROOT = re.compile(r"[A-Z]\w+")
# An alias may follow the name: "Function upper (alias u)".
_FUNCTION = re.compile(r"Function (\S+)")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*+'|`(?:[^`\\]|\\.|``)*+`|\"(?:[^\"\\]|\\.|\"\")*+\"", re.DOTALL)
# In the engine's canonical text: a function and its opening bracket, or the function that APPLY names without one.
_CALL = re.compile(r"\bAPPLY\b\W*+(?=(\w++))|\b(\w++)\(")
_FILE_CLAUSE = re.compile(r"\b(INTO\s+OUTFILE|FROM\s+INFILE)\b", re.IGNORECASE)
_MARK = re.compile(r"\blog_comment\s*+=", re.IGNORECASE)


class Guard:
    """Knows the engine's functions and table engines, and refuses those that reach outside the data directory."""

    def __init__(self, handle, collection: str):
        """`handle`: an open chDB handle, asked once for the names the engine has; `collection`: PostgreSQL's."""
        self._collection = collection

        def names(source: str) -> set[str]:
            return set(
                handle.query(f"SELECT DISTINCT lower(name) FROM system.{source}", "TSV").bytes().decode().split()
            )

        functions = names("functions")
        self._functions = {"file"} | {f for f in functions if f.startswith("ai")}
        self._functions |= names("table_functions") - _TABLE_FUNCTIONS - functions
        self._table_functions = names("table_functions") - _TABLE_FUNCTIONS
        self._engines = (names("table_engines") | names("database_engines")) - _ENGINES
        self._functions |= self._engines - functions - _TABLE_FUNCTIONS
        # A disk of its own is a setting's value, and made before the setting is refused.
        self._functions |= {"disk"}

    def check(self, handle, sql: bytes, parameters: dict[str, str]) -> str:
        """Raise ClickHouseError (62 for what does not parse, 497 for what is not allowed).

        `parameters` are the values of {name:Type}. Returns the name of the syntax tree's root.
        """
        if handle.classify_query(sql)["statement_count"] != 1:
            handle.query("SELECT formatQuery({q:String})", "Null", params={"q": _escaped(sql)})
            raise ClickHouseError(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
        tree = handle.query(b"EXPLAIN AST " + sql, "TSVRaw", params=parameters).bytes().decode(errors="replace")
        lines = [(len(m[1]), m[2].strip()) for m in map(_LINE.match, tree.rstrip("\n").split("\n")) if m]
        if not _ROOT.fullmatch(lines[0][1].split(" ")[0]):
            raise _denied("a statement whose syntax tree can not be shown")
        self._check_tree(lines)
        self._check_text(handle, sql)
        return lines[0][1].split(" ")[0]

    def _check_tree(self, lines: list[tuple[int, str]]) -> None:
        path: list[str] = []
        root = lines[0][1]
        if root.startswith("AttachQuery") and any(depth == 1 and not t.startswith("Identifier") for depth, t in lines):
            raise _denied("ATTACH with a definition or a path")
        for i, (depth, text) in enumerate(lines):
            del path[depth:]
            parent, first = (path[-1] if path else ""), len(path) == depth and lines[i - 1][0] == depth - 1
            path.append(text)
            function = _FUNCTION.match(text)
            if function is None:
                continue
            name = function[1].lower()
            is_table_function = parent == "TableExpression" or (
                depth == 1 and parent.startswith(("CreateQuery", "InsertQuery", "DescribeQuery"))
            )
            is_engine = parent == "Storage definition" and first
            if name in self._functions or (is_table_function and name in self._table_functions):
                raise _denied(f"function {name}()")
            if is_engine and name in self._engines:
                raise _denied(f"engine {name}")
            if name == "postgresql" and not _uses_collection(lines, i, self._collection):
                raise _denied(f"PostgreSQL other than ({self._collection}, schema = …, table = …)")

    def _check_text(self, handle, sql: bytes) -> None:
        """Judge what the tree does not show on the engine's own canonical text, where nothing has a second spelling.

        That is clauses, settings, and expressions in SHOW … WHERE and in APPLY.
        """
        text = handle.query("SELECT formatQuery({q:String})", "RawBLOB", params={"q": _escaped(sql)}).bytes()
        bare = _QUOTED.sub("''", text.decode(errors="replace"))
        clause = _FILE_CLAUSE.search(bare)
        if clause:
            raise _denied(clause[0].upper())
        if _MARK.search(bare):
            raise _denied("the setting log_comment in a statement: give it as a parameter of the URL")
        for call in _CALL.finditer(bare):
            name = (call[1] or call[2]).lower()
            if name in self._functions:
                raise _denied(f"function {name}()")


def _uses_collection(lines: list[tuple[int, str]], index: int, collection: str) -> bool:
    """Whether PostgreSQL at `index` names the collection first, then only what the collection leaves open."""
    depth = lines[index][0]
    inside = list(itertools.takewhile(lambda line: line[0] > depth, lines[index + 1 :]))
    arguments = [i for i, line in enumerate(inside) if line[0] == depth + 2]
    if not arguments or inside[arguments[0]][1] != f"Identifier {collection}":
        return False
    names = (inside[i + 2][1] for i in arguments[1:] if inside[i][1] == "Function equals")
    return all(inside[i][1] == "Function equals" for i in arguments[1:]) and all(n in _OPEN_KEYS for n in names)


def _escaped(sql: bytes) -> str:
    """As the engine reads the value of a String parameter."""
    value = sql.decode(errors="replace")
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    )


def _denied(what: str) -> ClickHouseError:
    return ClickHouseError(497, "ACCESS_DENIED", f"Not enough privileges. This endpoint does not allow {what}")
