"""The documentation is true: the reference is what the headers say, links lead somewhere, and its examples run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs import reference
from migrations import runner
from tests.conftest import ROOT, run_psql

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_reference_is_made_from_the_headers():
    written = {path.name: path.read_text() for path in reference.FOLDER.glob("*.md")}
    assert written == reference.pages(), "docs/reference differs from the headers in db/: run make docs"


def test_every_field_a_page_needs_is_in_each_header():
    for name, text in reference.pages().items():
        if name != "README.md":
            assert "**Purpose**" in text
            assert "**Reads" in text, f"{name} does not say what is read"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_sqlstate_of_the_routines_is_listed():
    raised = set()
    for path in (ROOT / "db").rglob("*.sql"):
        raised |= set(re.findall(r"ERRCODE = '(\w+)'", path.read_text()))
    listed = set(re.findall(r"^\| `([0-9A-Z]{5})`", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))
    assert raised == listed


def test_every_check_of_the_audit_is_explained():
    found = set()
    for path in (*(ROOT / "db").rglob("find_violations.sql"), ROOT / "db" / "sl" / "procedures" / "audit.sql"):
        found |= set(re.findall(r"(?:SELECT|,)\s+'([a-z_]+)'(?: AS check_name)?,\s", path.read_text()))
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "history.md").read_text(), re.MULTILINE))
    assert explained == found


def test_following_the_page_adds_an_entity(warehouse, tmp_path):
    page = (ROOT / "docs" / "adding-an-entity.md").read_text()
    clone = tmp_path / "clone"
    for folder in ("migrations", "db"):
        shutil.copytree(ROOT / folder, clone / folder)
    files = re.findall(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [Path(name).parts[0] for name, _ in files] == ["migrations", "migrations", "db", "db"]
    for name, text in files:
        (clone / name).write_text(text.replace('"HEAD"', f'"{runner.revisions()[-1]}"'))
    migrated = subprocess.run(
        [sys.executable, "-m", "migrations"],
        cwd=clone,
        env={"WAREHOUSE_DSN": warehouse, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert migrated.returncode == 0, migrated.stderr
    example, expected = re.findall(r"^## 4.*?```sql\n(.*?)^```.*?```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    answer = run_psql(warehouse, "-c", example[: example.index("SELECT name")])
    assert answer.returncode == 0, answer.stderr
    assert "1 inserted, 0 corrected, 0 deleted, 0 unchanged, 1 rejected" in answer.stderr
    answer = run_psql(warehouse, "-c", example[example.index("SELECT name") :])
    assert answer.stdout == expected
