"""The dashboards in a real browser: open them, wait until all is drawn, take README's pictures of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from embedded.environment import ADMIN
from embedded.errors import StackError
from embedded.settings import Settings

# Headless Chromium as root, and without look-ups of its own.
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# Width and height of the page: a laptop's and a phone's.
LAPTOP = (1440, 1134)
PHONE = (390, 844)
# What else makes a page a phone's: one that is only narrow does not do as a phone does with a page made for a laptop.
AS_PHONE = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}
# Milliseconds a dashboard may take on a busy machine.
TIMEOUT_MS = 120_000
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


def log_in(page: Page, settings: Settings, user: str = ADMIN) -> None:
    """Log in to Superset, as its admin or as another of its users.

    The form is sent without the page around it, which loses what is typed while it still builds itself up, and whose
    own requests can end the session that the form belongs to.
    """
    page.set_default_timeout(TIMEOUT_MS)
    address = f"{settings.superset_url}/login/"
    (token,) = re.findall(r'id="csrf_token"\s+value="([^"]+)"', page.request.get(address, timeout=TIMEOUT_MS).text())
    form = {"username": user, "password": settings.secret(f"superset_{user}"), "csrf_token": token}
    answer = page.request.post(address, form=form, headers={"Referer": address}, timeout=TIMEOUT_MS)
    if "login" in answer.url:
        raise StackError(f"Superset does not let {user} in.")


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


# Text that is drawn and lies outside of something that cuts off what is outside of it, under something else, or outside
# of the page.
_CUT_TEXTS = """() => {
    const cut = [];
    for (const card of document.querySelectorAll('.dashboard-component-chart-holder')) {
        const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const text = node.textContent.trim(), style = getComputedStyle(node.parentElement);
            const range = document.createRange();
            range.selectNodeContents(node);
            const box = range.getBoundingClientRect();
            const hidden = style.visibility === 'hidden' || style.color === 'rgba(0, 0, 0, 0)';
            if (!text || !box.width || hidden || ['STYLE', 'SCRIPT'].includes(node.parentElement.tagName)) continue;
            // The letters themselves are lower than their line.
            const inner = {top: box.top + box.height / 6, bottom: box.bottom - box.height / 6};
            let whole = box.left >= 0 && box.right <= document.documentElement.clientWidth;
            for (let one = node.parentElement; one !== card.parentElement; one = one.parentElement) {
                const around = one.getBoundingClientRect(), its = getComputedStyle(one);
                if (its.overflowX !== 'visible') whole &&= box.left >= around.left - 1 && box.right <= around.right + 1;
                if (its.overflowY !== 'visible') whole &&= inner.top >= around.top && inner.bottom <= around.bottom;
            }
            for (const y of [inner.top + 1, inner.bottom - 1]) {
                const above = document.elementFromPoint((box.left + box.right) / 2, y), its = node.parentElement;
                whole &&= above !== null && (above.contains(its) || its.contains(above));
            }
            if (!whole) cut.push(text);
        }
    }
    return cut;
}"""


def cut_texts(page: Page) -> list[str]:
    """Return the texts of the charts, such as titles and figures, of which a part cannot be seen."""
    return page.evaluate(_CUT_TEXTS)


def picture(page: Page, size: tuple[int, int], file: Path) -> None:
    """Take a picture of the whole dashboard that is open on a page of some width."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(1500)
    height = page.evaluate("document.documentElement.scrollHeight")
    # A chart is drawn when it comes into view.
    page.set_viewport_size({"width": size[0], "height": max(size[1], height)})
    page.wait_for_timeout(1500)
    page.screenshot(path=file, full_page=True)


def take(
    chromium: str, settings: Settings, folder: Path, dashboards: dict[str, int], *, user: str = ADMIN, suffix: str = ""
) -> list[Path]:
    """Take the pictures of dashboards, each on a laptop and on a phone, and return their files.

    :param chromium: the program
    :param settings: the stack that Superset runs on
    :param folder: where the pictures go
    :param dashboards: number of charts by slug
    :param user: who looks at them
    :param suffix: what their files' names have after the slug
    :raises StackError: a chart shows an error
    """
    files = []
    with browser(chromium) as running:
        for name, size, kind in (("", LAPTOP, {"device_scale_factor": 1.5}), ("-phone", PHONE, AS_PHONE)):
            page = running.new_page(viewport={"width": size[0], "height": size[1]}, **kind)
            log_in(page, settings, user)
            for slug, charts in dashboards.items():
                page.set_viewport_size({"width": size[0], "height": 3000})
                open_dashboard(page, settings, slug, charts)
                if wrong := failures(page):
                    raise StackError(f"No picture is taken of {slug}, as it is not whole: {wrong[0]}")
                files.append(folder / f"{slug}{suffix}{name}.png")
                picture(page, size, files[-1])
            page.close()
    return files
