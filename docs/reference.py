"""Make `docs/reference/` from the headers of the bodies in `db/`: `python -m docs.reference`.

A header is the run of comment lines a file begins with: the signature, a blank line, then paragraphs. A paragraph that
begins with `Name:` lines (Purpose, Parameters, Returns, ...) becomes a list; other paragraphs stay prose.
"""

import itertools
import re
import sys
from pathlib import Path

from migrations.routines import DB_FOLDER, KINDS, LAYERS, bodies

FOLDER = Path(__file__).parent / "reference"
# Triggers have no page: their function has. Comments are in the catalogue, rules in docs/history.md. What declarations
# make is in the index.
PAGED = tuple(kind for kind in KINDS if kind not in ("comments", "triggers", "declarations", "rules"))
DECLARED, PRIVATE = "procedures of declarations", "private"
FIELD = "(Purpose|Parameters|Returns|Columns|Errors|Reads|Writes|Reads and writes)"
NOTE = "<!-- Made from {source} by make docs: edit the header there. -->\n"


class NoHeader(ValueError):
    """A body without a header, or with one that cannot be read."""


def header_of(path: Path) -> list[list[str]]:
    """Paragraphs of a file's header, each a list of lines without the comment marks.

    :raises NoHeader: the file does not begin with comment lines
    """
    return header_in(path.read_text(encoding="utf-8"), path)


def header_in(sql: str, path: Path) -> list[list[str]]:
    """The same of a text, which is a file's or a part of it."""
    paragraphs: list[list[str]] = [[]]
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line[2:].removeprefix(" ")
        if text.strip():
            paragraphs[-1].append(text)
        elif paragraphs[-1]:
            paragraphs.append([])
    if not paragraphs[0]:
        raise NoHeader(f"{path}: begin the file with a header comment: signature, blank line, Purpose, ...")
    return [lines for lines in paragraphs if lines]


def objects_in(path: Path) -> list[str]:
    """Return the parts of a file of clickhouse/ddl/: one an object, from its header on."""
    return re.split(r"(?<=\n\n)(?=-- tshop\.)", path.read_text(encoding="utf-8"))


def fields_of(lines: list[str]) -> list[tuple[str, str]]:
    """Name and text of the fields of a paragraph; several may share a line, and continuation lines are indented."""
    text = " ".join(line.strip() for line in lines)
    parts = re.split(rf"(?:^|(?<=\.) ){FIELD}: ", text)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def prose_of(lines: list[str]) -> str:
    """A paragraph as Markdown: indented lines stand as they are."""
    text = ""
    for indented, run in itertools.groupby(lines, key=lambda line: line.startswith("    ")):
        block = "\n".join(line.removeprefix("    ") if indented else line for line in run)
        text += f"\n```text\n{block}\n```\n\n" if indented else f"{block}\n"
    return text + "\n"


def page_of(path: Path) -> tuple[str, str, str]:
    """File name, text and one-line purpose of the page of one body.

    :raises NoHeader: the header lacks the signature or the purpose
    """
    source = f"db/{path.relative_to(DB_FOLDER)}"
    signature, *rest = header_of(path)
    name = signature[0].split("(")[0].split(" ")[0]
    text = NOTE.format(source=source) + f"\n# {name}\n\n```\n{chr(10).join(signature)}\n```\n\n"
    purpose = ""
    for lines in rest:
        if not re.match(f"{FIELD}: ", lines[0]):
            text += prose_of(lines)
            continue
        for field, value in fields_of(lines):
            purpose = value if field == "Purpose" else purpose
            text += f"- **{field}**: {value}\n"
        text += "\n"
    if not purpose:
        raise NoHeader(f"{path}: the header names no Purpose")
    return f"{name}.md", text + f"Source: [`{source}`](../../{source})\n", purpose


def declared_in(path: Path) -> list[tuple[str, str]]:
    """Each procedure that a file of declarations makes, and what it calls."""
    layer, text = path.parent.parent.name, path.read_text(encoding="utf-8")
    found = []
    for kind, name, rest in re.findall(
        r"^CALL sl\.declare_(entity|mart)\(\s*'(\w+)'(.*?)^\);", text, re.DOTALL | re.MULTILINE
    ):
        given = re.search(r"p_procedure => '([\w.]+)'", rest)
        call = "load" if kind == "entity" else "build"
        found.append((given[1] if given else f"{layer}.{call}_{name}", f"sl.{call}"))
    return found


def pages() -> dict[str, str]:
    """All pages by file name: one a routine and view, and the index."""
    result = {}
    index = (
        NOTE.format(source="db/")
        + "\n# Reference\n\nMade from the headers of the routines and views. What begins with an underscore is the "
        "engine's own, and may change without notice.\n"
    )
    # Of each layer its public routines and views by kind, then the private ones.
    tables: dict[str, list[str]] = {f"{layer}: {kind}": [] for layer in LAYERS for kind in (*PAGED, DECLARED, PRIVATE)}
    for path in bodies():
        layer, kind = path.parent.parent.name, path.parent.name
        if kind == "declarations":
            source = f"db/{path.relative_to(DB_FOLDER)}"
            for procedure, called in declared_in(path):
                tables[f"{layer}: {DECLARED}"].append(
                    f"| `{procedure}` | as [`{called}`]({called}.md): [`{source}`](../../{source}) |"
                )
        elif kind in PAGED:
            name, text, purpose = page_of(path)
            result[name] = text
            title = PRIVATE if path.stem.startswith("_") else kind
            tables[f"{layer}: {title}"].append(f"| [`{name[:-3]}`]({name}) | {purpose} |")
    for title, rows in tables.items():
        if rows:
            index += f"\n## {title}\n\n| name | purpose |\n|---|---|\n" + "\n".join(rows) + "\n"
    return result | {"README.md": index}


def main() -> int:
    """Write the pages, and remove those whose routine is gone."""
    try:
        wanted = pages()
    except NoHeader as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"docs: {len(wanted)} pages in docs/reference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
