"""The dashboards in a real browser: open them, wait until all is drawn, take README's pictures of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from embedded.environment import ADMIN
from embedded.settings import Settings

# Headless Chromium as root, and without look-ups of its own.
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# Width and height of the page: a laptop's and a phone's.
LAPTOP = (1440, 1134)
PHONE = (390, 844)
# Milliseconds a dashboard may take on a busy machine.
PATIENCE = 120_000
_CHARTS = ".dashboard-component-chart-holder"
_DRAWN = f"{_CHARTS} [data-test='slice-container']"
_FAILED = f"{_CHARTS} [role='alert'], {_CHARTS} .ant-alert-error"
_WAITING = f"{_CHARTS} .loading, {_CHARTS} [data-test='loading-indicator']"


@contextmanager
def browser(chromium: str) -> Iterator[Browser]:
    """Give a running Chromium that ends with the block.

    :param chromium: the program
    """
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        try:
            yield running
        finally:
            running.close()


def log_in(page: Page, settings: Settings) -> None:
    """Log in to Superset as its admin."""
    page.set_default_timeout(PATIENCE)
    page.goto(f"{settings.superset_url}/login/")
    page.fill("#username, input[name=username]", ADMIN)
    page.fill("#password, input[name=password]", settings.secret("superset_admin"))
    page.press("#password, input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def open_dashboard(page: Page, settings: Settings, slug: str, charts: int) -> None:
    """Open a dashboard and wait until it is drawn.

    :param slug: its name in addresses
    :param charts: how many charts it has
    """
    page.goto(f"{settings.superset_url}/superset/dashboard/{slug}/")
    wait_drawn(page, charts)


def wait_drawn(page: Page, charts: int) -> None:
    """Wait until so many charts are drawn or say that they failed, and none waits for its data."""
    page.wait_for_function(
        """([drawn, failed, waiting, charts]) => {
            const count = selector => document.querySelectorAll(selector).length;
            return count(waiting) === 0 && count(drawn) + count(failed) >= charts;
        }""",
        arg=[_DRAWN, _FAILED, _WAITING, charts],
    )
    # Charts grow into their places.
    page.wait_for_timeout(1500)


def failures(page: Page) -> list[str]:
    """Return what charts say instead of showing something."""
    return page.locator(_FAILED).all_inner_texts()


def picture(page: Page, size: tuple[int, int], file: Path) -> None:
    """Take a picture of the whole dashboard that is open on a page of some width."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(1500)
    height = page.evaluate("document.documentElement.scrollHeight")
    # A chart is drawn when it comes into view.
    page.set_viewport_size({"width": size[0], "height": max(size[1], height)})
    page.wait_for_timeout(1500)
    page.screenshot(path=file, full_page=True)


def take(chromium: str, settings: Settings, folder: Path, dashboards: dict[str, int]) -> list[Path]:
    """Take the pictures of dashboards, each on a laptop and on a phone, and return their files.

    :param chromium: the program
    :param settings: the stack that Superset runs on
    :param folder: where the pictures go
    :param dashboards: number of charts by slug
    """
    files = []
    with browser(chromium) as running:
        for name, size in (("", LAPTOP), ("-phone", PHONE)):
            page = running.new_page(viewport={"width": size[0], "height": size[1]}, device_scale_factor=1.5)
            log_in(page, settings)
            for slug, charts in dashboards.items():
                page.set_viewport_size({"width": size[0], "height": 3000})
                open_dashboard(page, settings, slug, charts)
                files.append(folder / f"{slug}{name}.png")
                picture(page, size, files[-1])
            page.close()
    return files
