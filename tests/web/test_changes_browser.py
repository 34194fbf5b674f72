"""The pages of what changed as assistive technology finds them, on a telephone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_access import barriers, browser, playwright, pytestmark  # noqa: F401 - a fixture and when to skip
from test_browser import started
from test_changes import FIVE, NINE, SIX_A, _in_march, folder, searcher  # noqa: F401 - fixtures

from lawsearch.api import create_app
from lawsearch.search import Searcher
from lawsearch.settings import Settings

PAGES = ("/changes", "/changes?since=2031-01-01", f"/history{FIVE}", f"/history{SIX_A}", f"/history{NINE}",
         f"{FIVE}?as_of=2031-01-31", "/?q=light+lamps&as_of=2031-01-31", "/about")  # fmt: skip


@pytest.fixture(scope="module")
def address(searcher: Searcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: F811
    with started(create_app(Settings(index_dir=tmp_path_factory.mktemp("desk")), searcher)) as found:
        yield found


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_no_barrier_on_what_changed(browser, address: str, page: str, scheme: str, width: int) -> None:  # noqa: F811
    assert barriers(browser, address, page, scheme, width) == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wider_than_a_telephone(browser, address: str, page: str) -> None:  # noqa: F811
    opened = browser.new_page(base_url=address, viewport={"width": 390, "height": 800})
    opened.goto(page)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    opened.close()


def test_a_history_is_read_from_the_provision_on(browser, address: str) -> None:  # noqa: F811
    opened = browser.new_page(base_url=address, java_script_enabled=False)
    opened.goto(FIVE)
    opened.get_by_role("link", name="History").click()
    assert opened.locator("ins").inner_text().strip() == "half an hour before"
    opened.get_by_label("Read it as it stood on").fill("2031-01-31")
    opened.get_by_role("button", name="Show").click()
    assert "As it stood here on 2031-01-31" in opened.inner_text("main")
    opened.get_by_role("link", name="today’s text").click()
    assert opened.url.endswith(FIVE)
    opened.close()
