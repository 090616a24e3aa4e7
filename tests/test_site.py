"""The documentation's site: it builds strictly, asks nobody else for anything, and its search finds."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import dashboards
from tests.conftest import ROOT

PYTHON = ROOT / ".venv-site" / "bin" / "python"
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="The site's environment is not made: 'make setup-site' makes it"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the site, as `make site` builds it."""
    folder = tmp_path_factory.mktemp("site")
    answer = subprocess.run(
        [PYTHON, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Address of a running server of the site."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_each_page_is_in_the_menu(site: Path):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    wanted = {str(page.with_name("index.html") if page.stem == "README" else page) for page in pages}
    menu = re.findall(r'<a href="([^"#]+)" class="md-nav__link', (site / "index.html").read_text())
    assert wanted <= set(menu)


def test_no_page_fetches_anything_from_elsewhere(site: Path):
    asked = r'<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="((?:https?:)?//[^"]+)"'
    for page in site.rglob("*.html"):
        assert re.findall(asked, page.read_text()) == [], page.relative_to(site)
    for style in site.rglob("*.css"):
        assert re.findall(r"""url\(["']?((?:https?:)?//[^)]+)""", style.read_text()) == [], style.relative_to(site)


def test_the_search_knows_the_columns(site: Path):
    documents = json.loads((site / "search" / "search_index.json").read_text())["docs"]
    found = [document["location"] for document in documents if "snapshot_xmin" in document["text"]]
    assert "catalogue/sl.html#slwatermark" in found


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed: 'apt-get install chromium'")
def test_the_search_finds_and_asks_nobody_else(site: Path, address: str):
    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/index.html")
        page.locator("input.md-search__input").fill("snapshot_xmin")
        page.locator(".md-search-result__link").first.wait_for()
        links = page.locator(".md-search-result__link").evaluate_all("links => links.map(link => link.href)")
        assert any(link.startswith(f"{address}/catalogue/sl.html") for link in links)
        assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
