"""`python -m docs.logins`: write into docs/roles.md what each login can do, from the attempts of the tests."""

from pathlib import Path

from tests.attempts import ATTEMPTS, KINDS

PAGE = Path(__file__).parent / "roles.md"
BEGIN = "<!-- Made from tests/attempts.py by make docs: edit the attempts there. -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """Return the table in Markdown: a row a role, a column a kind of attempt."""
    lines = [
        f"| role | {' | '.join(KINDS)} |",
        f"|---|{'---|' * len(KINDS)}",
    ]
    for role in dict.fromkeys(attempt.role for attempt in ATTEMPTS):
        cells = []
        for kind in KINDS:
            ours = [attempt for attempt in ATTEMPTS if (attempt.role, attempt.kind) == (role, kind)]
            may = [attempt.says for attempt in ours if not attempt.refused]
            refused = [attempt.says for attempt in ours if attempt.refused]
            parts = [
                *(["**" + "; ".join(may) + "**"] if may else []),
                *(["not: " + "; ".join(refused)] if refused else []),
            ]
            cells.append(". ".join(parts) or "nothing")
        lines.append(f"| `{role}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page with the table as it is now."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END, 1)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"docs: {PAGE.relative_to(Path.cwd())}")
