"""Make `docs/catalogue/`, every table, view and column of the warehouse: `python -m docs.catalogue`.

The texts are the comments in the database, which `db/<layer>/comments/` and the views' own files set. Those of
ClickHouse are the headers of `clickhouse/ddl/`. Who writes and reads a relation is what docs/lineage.py finds.
"""

import contextlib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from docs.lineage import CLICKHOUSE, Lineage, lineage
from docs.reference import FOLDER as REFERENCE
from docs.reference import fields_of, header_in, objects_in
from docs.throw_away import throw_away_warehouse

FOLDER = Path(__file__).parent / "catalogue"
LAYERS = ("landing", "shop", "raw", "dds", "cdm", "spark", "sl")
NOTE = "<!-- Made from the comments in the database by make docs: edit them in db/. -->\n"
CLICKHOUSE_NOTE = "<!-- Made from the headers of clickhouse/ddl/ by make docs: edit them there. -->\n"
_COLUMNS = """
SELECT
    n.nspname,
    c.relname,
    c.relkind::text,
    obj_description(c.oid, 'pg_class'),
    a.attname,
    format_type(a.atttypid, a.atttypmod),
    a.attnotnull,
    coalesce(a.attnum = ANY (k.conkey), false),
    col_description(c.oid, a.attnum)
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relkind IN ('r', 'v') AND n.nspname = ANY (%s)
ORDER BY c.relkind, c.relname, a.attnum
"""


@dataclass
class Relation:
    """A table or view.

    Attributes:
        schema, name: its name.
        kind: "table" or "view".
        comment: what it holds; "" where nothing is said.
        columns: of each column name, type, what it may be, comment.
    """

    schema: str
    name: str
    kind: str
    comment: str
    columns: list[tuple[str, str, str, str]] = field(default_factory=list)


def relations(dsn: str) -> list[Relation]:
    """All tables and views of the layers, tables first, by name."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(_COLUMNS, (list(LAYERS),))
        found: dict[tuple[str, str], Relation] = {}
        for schema, name, kind, comment, column, type_name, is_required, is_key, text in cursor.fetchall():
            relation = found.setdefault(
                (schema, name), Relation(schema, name, {"r": "table", "v": "view"}[kind], comment or "")
            )
            # PostgreSQL does not know which columns of a view may be NULL: their comments say it.
            may_be = "" if kind == "v" else "key" if is_key else "never NULL" if is_required else "may be NULL"
            relation.columns.append(
                (column, type_name.replace("timestamp with time zone", "timestamptz"), may_be, text)
            )
        return list(found.values())


def link(name: str) -> str:
    """A program's or relation's name, as a link to its page where it has one."""
    if (REFERENCE / f"{name}.md").exists():
        return f"[`{name}`](../reference/{name}.md)"
    return f"`clickhouse/{name}`" if name.endswith(".sql") else f"`{name}`"


def users(known: Lineage, name: str) -> list[str]:
    """Lines on who writes and reads a relation."""
    writers = {program for program, use in known.programs.items() if name in use.writes}
    readers = {program for program, use in known.programs.items() if name in use.reads}
    readers |= {view for view, read in known.views.items() if name in read}
    lines = []
    for title, programs in (("Reads", known.views.get(name, set())), ("Written by", writers), ("Read by", readers)):
        if programs:
            lines.append(f"- **{title}**: {', '.join(link(program) for program in sorted(programs))}")
    return lines


def section(relation: Relation, known: Lineage) -> str:
    """The part of a page that tells of one relation."""
    full_name = f"{relation.schema}.{relation.name}"
    has_marks = relation.kind == "table"
    lines = [f"## {full_name}", "", f"{relation.comment}. A {relation.kind}.", ""]
    if used := users(known, full_name):
        lines += [*used, ""]
    lines += ["| column | type | | meaning |", "|---|---|---|---|"] if has_marks else []
    lines += [] if has_marks else ["| column | type | meaning |", "|---|---|---|"]
    for column, type_name, may_be, text in relation.columns:
        cells = [f"`{column}`", f"`{type_name}`", *([may_be] if has_marks else []), (text or "").replace("|", "\\|")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def clickhouse_sections(known: Lineage) -> dict[str, str]:
    """The parts of the page of ClickHouse by name: one an object of a file that makes a relation, or a part of one."""
    found = {}
    objects = [(path, text) for path in sorted((CLICKHOUSE / "ddl").glob("*.sql")) for text in objects_in(path)]
    for path, text in objects:
        (signature, *_), *rest = header_in(text, path)
        if not signature.startswith("tshop."):
            continue
        name = signature.split("(")[0]
        lines = [f"## {name}", "", *([] if name == signature else ["```", signature, "```", ""])]
        for paragraph in rest:
            fields = fields_of(paragraph)
            lines += [f"- **{field}**: {value}" for field, value in fields] or [" ".join(map(str.strip, paragraph)), ""]
            if fields:
                lines += [line for line in users(known, name) if not line.startswith("- **Reads**")] + [""]
        lines.append(f"Source: [`clickhouse/ddl/{path.name}`](../../clickhouse/ddl/{path.name})")
        found[name] = "\n".join(lines) + "\n"
    return found


def pages(dsn: str) -> dict[str, str]:
    """All pages by file name: one a layer, and the index."""
    known, all_relations = lineage(dsn), relations(dsn)
    index = (
        f"{NOTE}\n# Catalogue\n\n"
        "Every table, view and column of the warehouse. The texts are the comments in the database: "
        "`\\d+` in `psql` shows the same.\n\n| relation | | holds |\n|---|---|---|\n"
    )
    result = {}
    for layer in LAYERS:
        held = [relation for relation in all_relations if relation.schema == layer]
        result[f"{layer}.md"] = f"{NOTE}\n# {layer}\n\n" + "\n".join(section(relation, known) for relation in held)
        for relation in held:
            anchor = f"{layer}.md#{layer}{relation.name}"
            index += f"| [`{layer}.{relation.name}`]({anchor}) | {relation.kind} | {relation.comment} |\n"
    sections = clickhouse_sections(known)
    result["clickhouse.md"] = f"{CLICKHOUSE_NOTE}\n# ClickHouse\n\n" + "\n".join(sections.values())
    for name, text in sections.items():
        purpose = re.search(r"^- \*\*Purpose\*\*: (.+)$", text, re.MULTILINE)[1]
        anchor = re.sub(r"[^\w\- ]", "", name).replace(" ", "-").lower()
        index += f"| [`{name}`](clickhouse.md#{anchor}) | ClickHouse | {purpose} |\n"
    return result | {"README.md": index}


def main() -> int:
    """Write the pages, and remove those of a layer that is gone."""
    with throw_away_warehouse() as dsn:
        wanted = pages(dsn)
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"docs: {len(wanted)} pages in docs/catalogue")
    return 0


if __name__ == "__main__":
    sys.exit(main())
