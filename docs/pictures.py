"""Take the pictures that README shows, in a real browser, of the running embedded stack: `make pictures`.

Needs Debian's Chromium (`apt-get install chromium`) and a stack on which `make run`, `make dashboard` and
`make notebooks` have ended.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from docs import dashboards
from docs.dashboards import CHROMIUM_OPTIONS
from embedded import superset
from embedded.airflow_api import FINISHED, AirflowApi
from embedded.environment import ADMIN, NOTEBOOKS_TOKEN, admin_password
from embedded.errors import StackError
from embedded.main_job import DAG
from embedded.settings import LANGUAGES, Settings
from embedded.stack import NOTEBOOKS, SUPERSET, Stack

FOLDER = Path(__file__).parent / "pictures"
# The dashboards of the shop's people, each with its number of charts.
SHOWN = {"t-shop": 10, "orders-and-money": 19}


def log_in(page: Page, settings: Settings) -> None:
    """Log in to Airflow as its admin."""
    page.goto(settings.airflow_url)
    page.fill("input[name=username]", ADMIN)
    page.fill("input[name=password]", admin_password(settings))
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)


def take(settings: Settings) -> list[Path]:
    """Take the pictures of the newest finished run and return their files.

    :raises StackError: there is no Chromium, or no finished run
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise StackError("Chromium is not installed: run 'apt-get install chromium'.")
    runs = AirflowApi(settings).runs(DAG, FINISHED)
    if not runs:
        raise StackError("The DAG has not run yet: run 'make run' first.")
    FOLDER.mkdir(exist_ok=True)
    files = [FOLDER / "dag-run.png", FOLDER / "dag-graph.png"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000}, device_scale_factor=1.5)
        log_in(page, settings)
        page.goto(f"{settings.airflow_url}/dags/{DAG}/runs/{runs[-1]['dag_run_id']}")
        page.get_by_text("Task Instances").last.wait_for()
        page.get_by_role("link", name="publish").first.wait_for()
        page.screenshot(path=files[0])
        page.locator("button[value=graph]").click()
        page.get_by_role("button", name="Expand all task groups").click()
        graph = page.locator(".react-flow__nodes")
        page.locator(".react-flow__node[data-id=publish]").wait_for()
        # The graph is moved and scaled into view after it appears.
        page.wait_for_timeout(2000)
        nodes = [node.bounding_box() for node in graph.locator(".react-flow__node").all()]
        left, top = min(box["x"] for box in nodes) - 16, min(box["y"] for box in nodes) - 16
        right = max(box["x"] + box["width"] for box in nodes) + 16
        bottom = max(box["y"] + box["height"] for box in nodes) + 16
        page.screenshot(path=files[1], clip={"x": left, "y": top, "width": right - left, "height": bottom - top})
        browser.close()
    return files


def take_dashboards(settings: Settings) -> list[Path]:
    """Take the pictures of the dashboards, the shop's in each language as its people see it, and return their files.

    :raises StackError: Superset does not run
    """
    if Stack(settings).health(SUPERSET) != "healthy":
        raise StackError("Superset does not run: run 'make dashboard' first.")
    chromium, spoken = shutil.which("chromium"), settings.language
    files = []
    # What is spoken comes last, so that it stays.
    for language in sorted(LANGUAGES, key=lambda one: one == spoken):
        settings.choose_language(language)
        superset.start(settings)
        suffix = "" if language == LANGUAGES[0] else f"-{language}"
        files += dashboards.take(chromium, settings, FOLDER, SHOWN, user=superset.VIEWER, suffix=suffix)
        if language == LANGUAGES[0]:
            files += dashboards.take(chromium, settings, FOLDER, {"warehouse-health": 7})
    return files


def take_notebook(settings: Settings) -> list[Path]:
    """Take the picture of a notebook in JupyterLab, run from its first cell to its last, and return its file.

    :raises StackError: JupyterLab does not run
    """
    if Stack(settings).health(NOTEBOOKS) != "healthy":
        raise StackError("JupyterLab does not run: run 'make notebooks' first.")
    file = FOLDER / "notebook.png"
    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": 1400, "height": 1000}, device_scale_factor=1.5)
        page.set_default_timeout(dashboards.TIMEOUT_MS)
        token = settings.secret(NOTEBOOKS_TOKEN)
        page.goto(f"{settings.notebooks_url}/lab/tree/first_look.py?reset&token={token}")
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.get_by_text("Python 3 (ipykernel) | Busy").wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        # Only the cells in view are drawn.
        page.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
        page.locator(".jp-MarkdownOutput h2", has_text="How much does the shop sell").scroll_into_view_if_needed()
        page.locator(".jp-RenderedSVG").first.scroll_into_view_if_needed()
        page.wait_for_timeout(2000)
        page.screenshot(path=file)
        page.close()
    return [file]


def main() -> int:
    """Take the pictures; on failure print one sentence to stderr and return 1."""
    try:
        settings = Settings.from_environment()
        for file in (*take(settings), *take_dashboards(settings), *take_notebook(settings)):
            print(f"docs: {file.relative_to(FOLDER.parent.parent)}")
    except StackError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
