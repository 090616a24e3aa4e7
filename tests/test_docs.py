"""The documentation is true: the reference is what the headers say, links lead somewhere, and its examples run."""

import contextlib
import graphlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import psycopg2
import pytest
from conftest import ROOT, run_module, run_psql
from test_clickhouse import PASSWORD, ClickHouse

from clickhouse import marts
from clickhouse.definitions import DEFINITIONS, pending
from clickhouse.files import statements
from docs import catalogue, lineage, reference
from embedded.environment import NOTEBOOKS_BIN
from migrations import runner
from migrations.routines import LAYERS
from tests.test_your_own_tables import ask_psql, without_counts

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# Pages whose examples a test of their own runs, in a warehouse of its own.
OF_ANOTHER_TEST = {
    "docs/adding-an-entity.md": "test_following_the_page_adds_an_entity",
    "docs/adding-a-mart.md": "test_following_the_page_adds_a_mart",
    "docs/your-own-tables.md": "test_following_the_page_gives_a_table_a_history",
    "docs/questions.md": "test_the_answer_on_the_page_is_that_of_the_default_shop",
}


# What make status asks ClickHouse of the marts.
STATUS = ROOT / "embedded" / "status" / "clickhouse" / "marts.sql"
# What a run of tshop_daily calls.
PROCEDURES = (
    *(f"dds.load_{name}" for name in ("category", "client", "product", "sale", "sales_order")),
    *(f"dds.load_{name}" for name in ("payment", "delivery", "sale_return")),
    *(f"cdm.build_{name}" for name in ("mart", "user_sales", "product_sales", "region_sales", "daily_sales")),
    *(f"cdm.build_{name}" for name in ("category_tree", "status_time", "carrier_delivery")),
)


def queries() -> Iterator[tuple[str, str, str]]:
    """Yield each block of SQL in the pages: its place, the name of the test that runs it or "", and its text."""
    for page in PAGES:
        name, text = str(page.relative_to(ROOT)), page.read_text()
        for found in re.finditer(r"^(?:<!-- test: ([\w ]+) -->\n)?```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, found.start(2)) + 1
            yield f"{name}:{line}", found[1] or OF_ANOTHER_TEST.get(name, ""), found[2]


QUERIES = list(queries())


def test_the_reference_is_made_from_the_headers():
    written = {path.name: path.read_text() for path in reference.FOLDER.glob("*.md")}
    assert written == reference.pages(), "docs/reference differs from the headers in db/: run make docs"


def test_the_reference_tells_what_declarations_make_and_what_is_private(warehouse):
    index = reference.pages()["README.md"]
    sections = dict(re.findall(r"^## (.+)\n\n((?:\|.*\n)+)", index, re.MULTILINE))
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT sl._load_name(e) FROM sl.entity AS e UNION ALL SELECT sl._build_name(m) FROM sl.mart AS m"
        )
        made = {name for (name,) in cursor}
    assert {name for name in made if f"| `{name}` |" in "".join(sections.values())} == made
    for title, rows in sections.items():
        names = re.findall(r"^\| \[?`\w+\.(\w+)`", rows, re.MULTILINE)
        assert {name.startswith("_") for name in names} == {title.endswith(": private")}


def test_every_field_a_page_needs_is_in_each_header():
    for name, text in reference.pages().items():
        if name != "README.md":
            assert "**Purpose**" in text
            assert "**Reads" in text, f"{name} does not say what is read"


def test_the_catalogue_is_made_from_the_comments(warehouse):
    written = {path.name: path.read_text() for path in catalogue.FOLDER.glob("*.md")}
    assert written == catalogue.pages(warehouse), "docs/catalogue differs from the comments in db/: run make docs"


def test_the_catalogue_has_each_column_with_its_comment(warehouse):
    pages = "".join(catalogue.pages(warehouse).values())
    relations = catalogue.relations(warehouse)
    assert {relation.schema for relation in relations} == set(LAYERS)
    for relation in relations:
        assert relation.comment
        for column, _, _, comment in relation.columns:
            assert comment, f"{relation.schema}.{relation.name}.{column} has no comment"
            assert comment in pages


@pytest.fixture(scope="module")
def known_lineage(postgres_server, warehouse_template):
    """What is made from what, read from the code and from a migrated warehouse."""
    postgres_server.create_database("lineage", warehouse_template)
    return lineage.lineage(postgres_server.dsn("lineage"))


def test_the_picture_of_the_lineage_is_made_from_the_code(known_lineage):
    assert lineage.PICTURE.read_text() == lineage.picture(known_lineage), "docs/pictures/lineage.svg: run make docs"


def test_the_lineage_leads_from_the_sources_to_the_dashboard_in_the_order_of_the_tasks(known_lineage):
    arrows = lineage.edges(known_lineage)
    for entity in ("client", "product", "sale"):
        (read_by,) = (b for a, b in arrows if a == f"raw.{entity}")
        assert read_by.endswith(f". load_{entity}\ndds.load_{entity}")
    way = ["raw.sale"]
    for goal in ("dds.sale", "cdm.sales_mart", "cdm.sales_mart_export", "tshop.sales_mart", "tshop.sales", "Dashboard"):
        last, seen = {way[-1]}, set()
        while last and not any(name.startswith(goal) for name in last):
            seen |= last
            last = {b for a, b in arrows if a in last} - seen
        assert last, f"nothing leads from {way[-1]} to {goal}"
        way.append(goal)
    # A circle would raise.
    assert list(graphlib.TopologicalSorter({b: {a for a, c in arrows if c == b} for _, b in arrows}).static_order())


def test_what_a_header_names_is_there(known_lineage):
    headers = {path: lineage.use_of(path) for path in (ROOT / "db").glob("*/*/*.sql") if "comments" not in path.parts}
    there = {*known_lineage.kinds, *known_lineage.programs}
    for path, use in headers.items():
        named = {name for name in use.reads | use.writes if "." in name}
        assert named <= there, f"{path.relative_to(ROOT)} names what there is not: {sorted(named - there)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.fixture(scope="module")
def default_shop(new_database: Callable[..., str], warehouse_template: str) -> str:
    """URI of the warehouse as the first `make run` leaves it: the same shop, loaded in the same three parts."""
    dsn = new_database(warehouse_template)
    for first, last in (("2026-01-01", "2026-01-29"), *((f"2026-01-{day}", f"2026-01-{day}") for day in (30, 31))):
        days = ("--opened", "2026-01-01", "--from", first, "--to", last)
        answer = run_module("generator", *days, WAREHOUSE_DSN=dsn)
        assert answer.returncode == 0, answer.stderr
        for procedure in PROCEDURES:
            answer = run_psql(dsn, "-c", f"CALL {procedure}()")
            assert answer.returncode == 0, answer.stderr
    return dsn


@pytest.fixture(scope="module")
def default_clickhouse(tmp_path_factory: pytest.TempPathFactory, default_shop: str) -> Iterator[ClickHouse]:
    """A running ClickHouse to which the default shop is published."""
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse"), default_shop)
    server.environment["TSHOP_DASHBOARD_PASSWORD"] = PASSWORD
    server.start()
    server.take_over()
    for table in marts.tables():
        marts.take_over(server.rows, lambda found: server.command(*found), table)
    yield server
    server.kill()


@pytest.mark.parametrize(
    ("place", "text"), [(place, text) for place, test, text in QUERIES if not test], ids=lambda value: value[:40]
)
def test_queries_of_the_pages_show_something_in_the_default_shop(request, place: str, text: str) -> None:
    def in_psql(statement: str) -> list[str]:
        answer = run_psql(request.getfixturevalue("default_shop"), "-c", statement)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.splitlines()

    def in_clickhouse(statement: str) -> list[str]:
        rows = request.getfixturevalue("default_clickhouse").rows(statement)
        return ["|".join("" if value is None else str(value) for value in row) for row in rows]

    ask = in_clickhouse if "tshop." in text else in_psql
    for statement in statements(text):
        rows = ask(statement)
        if re.search(r"^(SELECT|WITH|TABLE|CALL)\b", statement, re.MULTILINE):
            assert rows, f"{place} gives no row: {statement}"
            assert rows[0].strip("|"), f"{place} gives NULL: {statement}"
        # What is told to be in an order is more than one row, such as a history.
        if "ORDER BY" in statement and "LIMIT 1" not in statement:
            assert len(rows) > 1, f"{place} gives one row: {statement}"


QUESTIONS = ROOT / "docs" / "questions.md"
QUESTION = re.compile(
    r"^Cost: [^\n]*(?:\n[^\n]+)*\n\n```sql\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
AS_ANALYST = {"PGOPTIONS": "-c role=tshop_analyst", "PGTZ": "UTC"}


def questions() -> Iterator[tuple[str, re.Match]]:
    """Yield each query of the page with its cost and its answer, and the heading above it."""
    page = QUESTIONS.read_text()
    for found in QUESTION.finditer(page):
        yield re.findall(r"^## (.*)$", page[: found.start()], re.MULTILINE)[-1], found


def test_the_page_has_twenty_questions_each_with_its_cost_and_its_answer() -> None:
    _, how, *sections = re.split(r"^## ", QUESTIONS.read_text(), flags=re.MULTILINE)
    assert how.startswith("How do I ask?")
    assert len(sections) == 20
    for section in sections:
        parts = [len(QUESTION.findall(section)), section.count("```sql\n"), section.count("```text\n")]
        assert min(parts) == max(parts) > 0, section.partition("\n")[0]


@pytest.mark.parametrize("number", range(len(list(questions()))), ids=[heading for heading, _ in questions()])
def test_the_answer_on_the_page_is_that_of_the_default_shop(request, number: int) -> None:
    """With --write-answers it writes the answer instead: make answers."""
    heading, asked = list(questions())[number]
    page, query, answer = asked.string, *asked.groups()
    if "tshop." in query:
        server = request.getfixturevalue("default_clickhouse")
        settings = dict(re.findall(r"--url-query (\w+)=(\w+)", page))
        url, reader = f"http://127.0.0.1:{server.port}/", ("tshop_dashboard", PASSWORD)
        answered = httpx.post(url, params=settings, content=query.encode(), auth=reader, timeout=60)
        assert answered.is_success, answered.text
        given = answered.text
    else:
        shown = (f"-P{name}" for name in ("format=aligned", "tuples_only=off", "footer=off"))
        answered = run_psql(request.getfixturevalue("default_shop"), *shown, "-c", query, **AS_ANALYST)
        assert answered.returncode == 0, answered.stderr
        given = re.sub(r" +$", "", answered.stdout, flags=re.MULTILINE)
    given = given.strip("\n") + "\n"
    if request.config.option.write_answers:
        QUESTIONS.write_text(page[: asked.start(2)] + given + page[asked.end(2) :])
    else:
        assert given == answer, f"'{heading}' has another answer in docs/questions.md: run make answers"


NOTEBOOKS = ROOT / "docs" / "notebooks"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def notebook_pages(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, str]:
    """The pages and pictures that the notebooks give on the default shop, by the names of their files."""
    if not (NOTEBOOKS_BIN / "python").exists():
        pytest.skip("The notebooks' environment is not made: 'make setup-notebooks' makes it")
    server, dsn = request.getfixturevalue("default_clickhouse"), request.getfixturevalue("default_shop")
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("pages")
    environment = {
        "HOME": str(home),
        "PATH": f"{NOTEBOOKS_BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "notebooks" / "lib"),
        "WAREHOUSE_DSN": dsn,
        "CLICKHOUSE_URL": f"http://tshop_dashboard:{PASSWORD}@127.0.0.1:{server.port}/tshop",
        **AS_ANALYST,
    }
    answer = subprocess.run(
        [NOTEBOOKS_BIN / "python", "-m", "docs.notebook_pages", folder],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_the_pages_of_the_notebooks_are_those_of_the_default_shop(request, notebook_pages: dict[str, str]) -> None:
    """With --write-answers it writes them instead: make answers."""
    before = {file.name: file.read_text() for file in NOTEBOOKS.iterdir() if file.name != "README.md"}
    # A library's, which names a file of this machine.
    assert not [name for name, text in notebook_pages.items() if re.search(r"Warning:", text)]
    if request.config.option.write_answers:
        for name in before:
            (NOTEBOOKS / name).unlink()
        for name, text in notebook_pages.items():
            (NOTEBOOKS / name).write_text(text)
        return
    assert set(before) == set(notebook_pages)
    for name, text in notebook_pages.items():
        # Where a line of a picture is may differ by a hair from machine to machine.
        hair = 0.01 if name.endswith(".svg") else 0
        assert NUMBER.split(text) == NUMBER.split(before[name]), f"{name}: run make answers"
        pairs = zip(NUMBER.findall(text), NUMBER.findall(before[name]), strict=True)
        assert all(abs(float(one) - float(other)) <= hair for one, other in pairs), f"{name}: run make answers"


def test_the_notebooks_count_as_the_answers_of_the_page(notebook_pages: dict[str, str]) -> None:
    answers = {heading: asked[2] for heading, asked in questions()}

    def rows(heading: str) -> list[list[str]]:
        lines = [re.split("[|│]", line.strip("│")) for line in answers[heading].splitlines()]
        cells = [[cell.strip() for cell in line] for line in lines]
        return [row for row in cells if len(row) > 1 and row[1].isdecimal()]

    page = notebook_pages["analysis.md"].replace(",", "")
    for segment, clients, orders, days, revenue, percent in rows(
        "Who are the best clients, and who is about to be lost (RFM)?"
    ):
        told = [segment.partition(" ")[2].replace(",", ""), clients, revenue, orders, days, percent]
        found = re.search(rf"^\| {told[0]} \| (.*) \|$", page, re.MULTILINE)[1].split(" | ")
        assert [float(cell) for cell in found] == [float(cell) for cell in told[1:]]
    for abc, *counts in rows("Which products bring the money, and which of them sell evenly (ABC and XYZ)?"):
        found = re.search(rf"^\| {abc} \| (.*) \|$", page, re.MULTILINE)[1].split(" | ")
        assert [float(cell) for cell in found] == [float(cell) for cell in counts]
    drawn = "".join(
        text for name, text in notebook_pages.items() if name.startswith("analysis") and name.endswith("svg")
    )
    for _cohort, clients, *shares in rows("What share of a week's new clients orders again in the weeks after?"):
        assert f">{int(clients):,}<" in drawn
        assert all(f">{share} %<" in drawn for share in shares if share)


def test_queries_that_a_test_of_their_own_runs_are_named_there() -> None:
    tests = "".join(file.read_text() for file in (ROOT / "tests").glob("*.py"))
    for place, test, _text in QUERIES:
        assert not test or f'"{test}"' in tests or f"def {test}(" in tests, f"{place}: no test runs it"


def test_every_sqlstate_of_the_routines_is_listed():
    raised = set()
    for path in (ROOT / "db").rglob("*.sql"):
        raised |= set(re.findall(r"ERRCODE = '(\w+)'", path.read_text()))
    listed = set(re.findall(r"^\| `([0-9A-Z]{5})`", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))
    assert raised == listed


def test_every_check_of_the_audit_is_explained():
    found = set()
    for path in (*(ROOT / "db" / "sl").rglob("_find_*.sql"), ROOT / "db" / "sl" / "procedures" / "audit.sql"):
        found |= set(re.findall(r"SELECT\s+(?:'[\w., ]+',\s+)?'([a-z]+(?:_[a-z]+)+)'(?: AS \w+)?,\s", path.read_text()))
    explained = {row[0] for row in cells_of("history.md", "Invariants") if row[0].isidentifier()}
    assert explained == found


def cells_of(page, heading):
    """Cells of the rows of the first table under a heading, without their backticks."""
    text = (ROOT / "docs" / page).read_text()
    (table,) = re.findall(rf"^## {re.escape(heading)}\n[^|]*?((?:^\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def test_every_entity_mart_and_rule_of_the_shop_is_told(warehouse):
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT entity_name FROM sl.entity")
        entities = sorted(name for (name,) in cursor)
        cursor.execute("SELECT format('%I.%I', target_schema, target_table) FROM sl.mart")
        marts = sorted(name for (name,) in cursor)
        cursor.execute("SELECT entity_name, rule_name, severity FROM sl.quality_rule")
        rules = sorted(cursor)
    assert sorted(row[0] for row in cells_of("layers.md", "Which entities are there?")) == entities
    assert sorted(row[0] for row in cells_of("layers.md", "Which marts are there?")) == marts
    assert sorted(tuple(row[:3]) for row in cells_of("history.md", "Which rules does the shop have?")) == rules


def test_the_page_names_every_finding_of_the_shop():
    text = (ROOT / "db" / "cdm" / "views" / "shop_finding.sql").read_text()
    found = set(re.findall(r"(?:\bTHEN|\bELSE|UNION ALL\nSELECT)\s+'(\w+)'", text))
    assert {row[0] for row in cells_of("history.md", "What does not fit together now?")} == found


def test_following_the_page_adds_an_entity(warehouse, tmp_path):
    page = (ROOT / "docs" / "adding-an-entity.md").read_text()
    page, removals = re.split(r"^(?=## How do I take a rule away)", page, flags=re.MULTILINE)
    clone = tmp_path / "clone"
    for folder in ("migrations", "db"):
        shutil.copytree(ROOT / folder, clone / folder)
    blocks = re.findall(
        r"^(?:`([\w/.]+)`(, at its end)?\n\n)?```(sql|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    files = {name for name, _, _, _ in blocks if name}
    assert files == {"db/dds/declarations/supplier.sql"}
    printed = ""
    for name, is_more, kind, text in blocks:
        if name:
            before = (clone / name).read_text() if is_more else ""
            (clone / name).write_text(before + text)
            migrate(clone, warehouse)
        elif kind == "sql":
            printed = without_counts(ask_psql(warehouse, text))
        else:
            assert printed == text.strip("\n")

    rule, entity, kept_source = re.findall(r"^```sql\n(.*?)^```$", removals, re.MULTILINE | re.DOTALL)
    declaration = clone / files.pop()
    declaration.write_text(re.sub(r"^CALL sl\.declare_rule.*?;\n", "", declaration.read_text(), flags=re.M | re.S))
    write_revision(clone, "9998", runner.revisions()[-1], rule)
    migrate(clone, warehouse)
    # What the engine keeps of an entity: a deletion, the slices of a backfill, a state that no load has read.
    ask_psql(
        warehouse,
        """
        INSERT INTO raw.supplier (supplier_id, name, updated_at) VALUES (4, 'Молнии', '2026-01-08');
        DELETE FROM raw.supplier WHERE supplier_id = 3;
        CALL dds.load_supplier();
        CALL sl.backfill('supplier');
        UPDATE raw.supplier SET name = 'Кнопки', updated_at = '2026-01-09' WHERE supplier_id = 4;
        UPDATE raw.supplier SET name = 'Крючки', updated_at = '2026-01-10' WHERE supplier_id = 4;
        CALL sl.audit();
        """,
    )
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sl.rule_warning WHERE run_id > 4 AND entity_name = 'supplier'")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT c.table_name FROM information_schema.columns AS c NATURAL JOIN information_schema.tables AS t "
            "WHERE c.table_schema = 'sl' AND c.column_name = 'entity_name' AND t.table_type = 'BASE TABLE'"
        )
        assert {name for (name,) in cursor} == set(re.findall(r"DELETE FROM sl\.(\w+) WHERE entity_name", entity))

    gone = "SELECT count(*) FROM sl.status_lag WHERE target = 'dds.supplier'; SELECT count(*) FROM sl.status_drift;"
    rest = entity.replace("DROP TABLE raw.supplier;\n", kept_source)
    assert rest != entity
    written = (
        "INSERT INTO raw.supplier (supplier_id, name, updated_at) VALUES (5, 'Иглы', '2026-01-08');"
        "UPDATE raw.supplier SET supplier_id = 7 WHERE supplier_id = 5; TRUNCATE raw.supplier; CALL sl.audit();"
    )
    ask_psql(warehouse, f"BEGIN; {rest} {written} ROLLBACK;")
    declaration.unlink()
    write_revision(clone, "9999", "9998", entity)
    migrate(clone, warehouse)
    assert re.findall(r"^ +(\d+)$", ask_psql(warehouse, gone), re.MULTILINE) == ["0", "0"]
    ask_psql(warehouse, "CALL sl.audit(); CALL sl.audit(p_full => false);")


def migrate(clone, dsn):
    """Apply the migrations of a copy of the repository's files; returns what they print."""
    migrated = subprocess.run(
        [sys.executable, "-m", "migrations"],
        cwd=clone,
        env={"WAREHOUSE_DSN": dsn, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert migrated.returncode == 0, migrated.stderr
    return migrated.stdout


def write_revision(clone, revision, before, text):
    """Write a revision of these statements into a copy of the repository's files."""
    (clone / "migrations" / "sql" / f"{revision}.sql").write_text(text)
    (clone / "migrations" / "versions" / f"{revision}.py").write_text(
        f'from migrations.plain_sql import run_file\n\nrevision = "{revision}"\ndown_revision = "{before}"\n\n\n'
        f'def upgrade() -> None:\n    run_file("{revision}.sql")\n'
    )


def test_following_the_page_adds_a_mart(warehouse, tmp_path):
    page = (ROOT / "docs" / "adding-a-mart.md").read_text()
    clone = tmp_path / "clone"
    for folder in ("migrations", "db"):
        shutil.copytree(ROOT / folder, clone / folder)

    def run(statements):
        answer = run_psql(warehouse, "-c", statements)
        assert answer.returncode == 0, answer.stderr
        return answer

    declaration, table, touched = re.findall(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (clone / declaration[0]).write_text(declaration[1])
    for _ in range(2):
        migrate(clone, warehouse)
    run("""
        INSERT INTO raw.product (product_id, name, category, size, price, updated_at)
        VALUES (1, 'Куртка', 'Верх', 'M', 100, '2026-01-01'), (2, 'Носки', 'Низ', 'S', 70, '2026-01-01');
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
        VALUES (1, 1, '2026-01-02', 1, 1, 2, '2026-01-02'), (2, 1, '2026-01-02', 1, 1, 3, '2026-01-02'),
            (3, 1, '2026-01-02', 1, 2, 1, '2026-01-02');
        CALL dds.load_client();
        CALL dds.load_product();
        CALL dds.load_sale();
        CALL cdm.build_mart();
    """)
    example, expected = re.findall(r"^## 2.*?```sql\n(.*?)^```.*?```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    calls, query = example.split("\n\n")
    answer = run(calls)
    assert "2 inserted, 0 corrected, 0 deleted, 0 unchanged, 0 rejected" in answer.stderr
    assert "read 0 rows" in answer.stderr
    assert run(query).stdout == expected

    (published_as,) = re.findall(r"add `(p_published_as => '[\w.]+')` to the call", page)
    declaration = (declaration[0], declaration[1].replace("\n);\n", f",\n    {published_as}\n);\n"))
    (clone / declaration[0]).write_text(declaration[1])
    migrate(clone, warehouse)
    ddl = clone / "clickhouse" / "ddl"
    shutil.copytree(DEFINITIONS, ddl)
    (clone / table[0]).write_text(table[1])
    assert "category_sales" in marts.tables(ddl)
    (asked,) = re.findall(r"^## 3.*?^```sql\n(SELECT.*?)^```", page, re.MULTILINE | re.DOTALL)
    server = ClickHouse(tmp_path, warehouse)
    server.start()
    try:
        server.command(*(step.statement for step in pending(server.rows, ddl)))
        marts.take_over(server.rows, lambda found: server.command(*found), "category_sales")
        assert marts.differences(server.rows, "category_sales") == []
        shown = ["|".join(map(str, row)) for row in server.rows(asked.strip().rstrip(";"))]
        assert shown == expected.splitlines()
        server.command("TRUNCATE TABLE tshop.category_sales")
        marts.mark(server.rows, lambda found: server.command(*found), "category_sales")
        assert server.rows(STATUS.read_text())
        (gone,) = re.findall(rf"^`{table[0]}`, at its end\n\n```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        (clone / table[0]).write_text(table[1] + gone)
        server.command(*(step.statement for step in pending(server.rows, ddl)))
        assert "category_sales" not in marts.tables(ddl)
        assert server.rows("SELECT count() FROM system.tables WHERE name = 'category_sales'") == [(0,)]
        # make status and tshop_heal know nothing of it any more.
        assert server.rows(STATUS.read_text()) == []
        assert server.rows("SELECT count() FROM tshop.mart_to_heal") == [(0,)]
    finally:
        server.kill()

    (clone / touched[0]).write_text(touched[1])
    arguments = re.findall(r"(p_touched => '[\w.]+')`, `(p_group => '{\w+}')", page)[0]
    (clone / declaration[0]).write_text(
        declaration[1].replace("\n);\n", "".join(f",\n    {a}" for a in arguments) + "\n);\n")
    )
    assert "category_sales means something else than before: its next build computes everything" in migrate(
        clone, warehouse
    )
    assert "read 2 rows" in run("CALL cdm.build_category_sales()").stderr
    # A day of which nothing changes, a sale that is corrected in place to another day, and one that moves later.
    run("""
        INSERT INTO raw.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, updated_at)
        VALUES (4, 2, '2026-01-05', 1, 1, 2, '2026-01-05'), (5, 3, '2026-01-06', 1, 1, 2, '2026-01-06');
        CALL dds.load_sale();
    """)
    assert "read 2 rows" in run("CALL cdm.build_category_sales()").stderr
    run("""
        UPDATE raw.sale SET sold_at = '2026-01-07' WHERE sale_id = 4;
        UPDATE raw.sale SET sold_at = '2026-01-07', updated_at = '2026-01-07' WHERE sale_id = 5;
        CALL dds.load_sale();
    """)
    answer = run("CALL cdm.build_category_sales()")
    assert "read 3 rows" in answer.stderr
    assert "1 inserted, 0 corrected, 2 deleted, 0 unchanged" in answer.stderr
    run("CALL cdm.build_mart(); CALL sl.audit();")

    (removal,) = re.findall(r"^## How do I take a mart away.*?```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for path, _text in (declaration, touched):
        (clone / path).unlink()
    write_revision(clone, "9999", runner.revisions()[-1], removal)
    migrate(clone, warehouse)
    run("CALL sl.audit(); SELECT * FROM sl.status_lag;")
