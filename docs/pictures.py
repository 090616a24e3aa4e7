"""Take the pictures that README shows, in a real browser, of the running embedded stack: `make pictures`.

Needs Debian's Chromium (`apt-get install chromium`) and a stack on which `make run`, `make dashboard` and
`make notebooks` have ended; `make pictures LIVE=yes` one on which `make live` runs.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Page

from docs import dashboards
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
# Between two pictures of what moves.
LIVE_SECONDS = 60
# The DAGs' graphs.
GRAPHS = {
    DAG: "dag-graph.png",
    "tshop_live": "dag-graph-live.png",
    "tshop_marketplace": "dag-graph-marketplace.png",
    "tshop_stores": "dag-graph-stores.png",
    "tshop_marts_spark": "dag-graph-marts-spark.png",
}


def log_in(page: Page, settings: Settings) -> None:
    """Log in to Airflow as its admin."""
    page.goto(settings.airflow_url)
    page.fill("input[name=username]", ADMIN)
    page.fill("input[name=password]", admin_password(settings))
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)


def take(settings: Settings) -> list[Path]:
    """Take the pictures of the newest finished run, and of the graphs of the DAGs, and return their files.

    :raises StackError: there is no Chromium, or no finished run
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise StackError("Chromium is not installed: run 'apt-get install chromium'.")
    api = AirflowApi(settings)
    if not api.runs(DAG, FINISHED):
        raise StackError("The DAG has not run yet: run 'make run' first.")
    FOLDER.mkdir(exist_ok=True)
    files = [FOLDER / "dag-run.png"]
    with dashboards.browser(chromium) as running:
        page = running.new_page(viewport={"width": 1400, "height": 1000}, device_scale_factor=1.5)
        log_in(page, settings)
        page.goto(f"{settings.airflow_url}/dags/{DAG}/runs/{api.runs(DAG, FINISHED)[-1]['dag_run_id']}")
        page.get_by_text("Task Instances").last.wait_for()
        page.get_by_role("link", name="publish").first.wait_for()
        page.screenshot(path=files[0])
        for dag_id, file in GRAPHS.items():
            # With the states of its tasks, where it has run.
            runs = api.runs(dag_id, FINISHED)
            page.goto(f"{settings.airflow_url}/dags/{dag_id}" + (f"/runs/{runs[-1]['dag_run_id']}" if runs else ""))
            files.append(FOLDER / file)
            _graph(page, files[-1])
    return files


def _graph(page: Page, file: Path) -> None:
    """Take the picture of the graph of the DAG, or of its run, that is open."""
    page.locator("button[value=graph]").click()
    node = page.locator(".react-flow__nodes .react-flow__node")
    node.first.wait_for()
    # The graph is moved and scaled into view after it appears.
    page.wait_for_timeout(2000)
    expand = page.get_by_role("button", name="Expand all task groups")
    if expand.is_visible() and expand.is_enabled():
        expand.click()
        page.wait_for_timeout(2000)
    nodes = [one.bounding_box() for one in node.all()]
    left, top = min(box["x"] for box in nodes) - 16, min(box["y"] for box in nodes) - 16
    right = max(box["x"] + box["width"] for box in nodes) + 16
    bottom = max(box["y"] + box["height"] for box in nodes) + 16
    page.screenshot(path=file, clip={"x": left, "y": top, "width": right - left, "height": bottom - top})


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


def take_live(settings: Settings) -> list[Path]:
    """Take two pictures of a dashboard, a minute apart, while ``make live`` runs, and return their files.

    :raises StackError: Superset does not run, or a chart shows an error
    """
    if Stack(settings).health(SUPERSET) != "healthy":
        raise StackError("Superset does not run: run 'make dashboard' first.")
    slug = "orders-and-money"
    files = [FOLDER / f"{slug}-live-{number}.png" for number in (1, 2)]
    with dashboards.browser(shutil.which("chromium")) as running:
        page = running.new_page(viewport={"width": dashboards.LAPTOP[0], "height": 3000})
        dashboards.log_in(page, settings, superset.VIEWER)
        for file in files:
            begun = time.monotonic()
            page.set_viewport_size({"width": dashboards.LAPTOP[0], "height": 3000})
            dashboards.open_dashboard(page, settings, slug, SHOWN[slug])
            if wrong := dashboards.failures(page):
                raise StackError(f"No picture is taken of {slug}, as it is not whole: {wrong[0]}")
            dashboards.picture(page, dashboards.LAPTOP, file)
            if file != files[-1]:
                page.wait_for_timeout(max(0, LIVE_SECONDS - (time.monotonic() - begun)) * 1000)
    return files


def main() -> int:
    """Take the pictures, or those of the live shop; on failure print one sentence to stderr and return 1."""
    parser = argparse.ArgumentParser(prog="python -m docs.pictures", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--live", action="store_true", help="two of a dashboard, a minute apart, while 'make live' runs"
    )
    takes = (take_live,) if parser.parse_args().live else (take, take_dashboards, take_notebook)
    try:
        settings = Settings.from_environment()
        for file in (file for one in takes for file in one(settings)):
            print(f"docs: {file.relative_to(FOLDER.parent.parent)}")
    except StackError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
