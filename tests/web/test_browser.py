"""What a person does, in a real browser."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from madeup import FakeSearcher

from ingest.picture import png
from lawsearch.api import create_app
from lawsearch.settings import Settings

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SECTION = "/akn/sg/act/2031/7/en/~sec_2A"
OTHER = "/akn/ph/act/2033/11/en/~sec_10"
CLAUSE = (
    "A keeper who learns of a breach of data shall notify the Board of the breach within three days, and shall "
    "notify each person harmed by it unless the data were encrypted."
)


def pictured(settings: Settings, searcher: FakeSearcher, file: Path) -> FastAPI:
    """The application with pages drawn, all texts read from ``file``; a blank one stands for every page."""
    file.write_bytes(b"%PDF")

    def paint(*_: object) -> bytes:
        return png(np.full((300, 212, 3), 255, np.uint8))

    app = create_app(settings, searcher, paint)
    view = app.state.service.view()
    source = {"path": str(file), "digest": hashlib.sha256(b"%PDF").hexdigest()}
    entries = tuple(replace(e, source=replace(e.source, **source)) for e in view.entries)
    object.__setattr__(view, "entries", entries)
    return app


@contextmanager
def started(app: FastAPI) -> Iterator[str]:
    """The application behind a real server; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(5)


@pytest.fixture(scope="module")
def site(settings: Settings, searcher: FakeSearcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(pictured(settings, searcher, tmp_path_factory.mktemp("read") / "any.pdf")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield opened
        opened.close()


@pytest.fixture
def page(browser: object, site: str) -> Iterator[object]:
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    assert said == []
    assert all(url.startswith(site) for url in asked)


def test_a_drafter_pastes_a_clause_and_compares(page) -> None:
    page.goto("/")
    page.get_by_label("Words, a citation, or a whole clause").fill(CLAUSE)
    playwright.expect(page.locator("#q-hint")).to_contain_text("taken as a clause")
    page.get_by_role("button", name="Find provisions").click()
    playwright.expect(page).to_have_url(re.compile(r"/\?q=A\+keeper"))
    playwright.expect(page.get_by_text("Read as a clause")).to_be_visible()
    compare = page.get_by_role("button", name="Compare side by side")
    playwright.expect(compare).to_be_disabled()
    page.get_by_label("Compare DCA 2033 (PH) sec 10").check()
    page.get_by_label("Compare DCA 2031 (SG) s 2A").check()
    compare.click()
    playwright.expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    playwright.expect(page.locator(".compare th")).to_have_count(3)


def test_an_officer_opens_a_provision_and_compares_two(page) -> None:
    page.goto("/instruments")
    page.get_by_role("link", name="Data Care Act 2031").click()
    page.get_by_role("link", name="Section 2A Duty to notify").click()
    playwright.expect(page.get_by_role("heading", level=1)).to_have_text("Section 2A Duty to notify a data breach")
    playwright.expect(page.get_by_role("button", name="Copy DCA 2031 (SG) s 2A")).to_be_visible()
    page.get_by_label("Compare DCA 2033 (PH) sec 10").check()
    page.get_by_role("button", name="Compare side by side").click()
    playwright.expect(page.locator(".compare ins").first).to_be_visible()
    page.get_by_role("link", name="Make DCA 2033 (PH) sec 10 the baseline").click()
    playwright.expect(page.locator(".compare del").first).to_have_text("shall")
    page.get_by_role("link", name="Put DCA 2033 (PH) sec 10 first").click()
    playwright.expect(page.get_by_role("columnheader").first).to_contain_text("DCA 2033 (PH) sec 10")


def test_by_keyboard_alone(page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_label("Words, a citation, or a whole clause")).to_be_focused()
    page.keyboard.type("data breach")
    page.keyboard.press("Control+Enter")
    playwright.expect(page.locator(".glance")).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "id":
            break
    page.keyboard.press("Space")
    assert page.locator("input[name=id]:checked").count() == 1
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_without_javascript(browser, site: str) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Words, a citation, or a whole clause").fill("notify data breach")
    page.get_by_role("button", name="Find provisions").click()
    page.get_by_label("Compare DCA 2033 (PH) sec 10").check()
    page.get_by_label("Compare DCA 2031 (SG) s 2A").check()
    page.get_by_role("button", name="Compare side by side").click()
    playwright.expect(page.locator("del").first).to_be_visible()
    context.close()


def test_an_officer_goes_from_the_matrix_to_a_provision_and_back(page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Matrix").click()
    page.locator("summary", has_text="Jurisdictions").click()
    page.get_by_label("Singapore").check()
    page.get_by_role("button", name="Show").click()
    playwright.expect(page.get_by_role("columnheader")).to_have_count(2)
    # Alone in its row it has nothing to be compared with.
    page.get_by_role("link", name="Section 2A").click()
    playwright.expect(page.get_by_role("heading", level=1)).to_contain_text("Duty to notify a data breach")
    page.get_by_role("link", name="Breaches").click()
    playwright.expect(page.locator("#topic-breaches")).to_be_in_viewport()


def test_a_cell_of_the_matrix_opens_the_comparison(page) -> None:
    page.goto("/matrix")
    page.get_by_label("Rows").select_option(label="DCA 2031 (English)")
    page.get_by_role("button", name="Show").click()
    playwright.expect(page).to_have_url(re.compile(r"/matrix\?pivot=/akn/sg/act/2031/7/en$"))
    cell = page.locator("#sec_2A td.corresponds")
    playwright.expect(cell).to_contain_text("corresponds")
    cell.get_by_role("link").first.click()
    playwright.expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    heads = page.get_by_role("columnheader")
    playwright.expect(heads.nth(0)).to_contain_text("DCA 2031 (SG) s 2A")
    playwright.expect(heads.nth(1)).to_contain_text("DCA 2033 (PH) sec 10")


def test_four_provisions_in_four_languages(page) -> None:
    page.goto(SECTION)
    for other in ("DCA 2574 (TH) s ๗", "Law on Data Care (VN) art 12", "Law on Fishing Gear (ID) art 4"):
        folded = page.locator("details", has=page.get_by_label(f"Compare {other}", exact=True))
        if folded.count():
            folded.locator("summary").first.click()
        page.get_by_label(f"Compare {other}", exact=True).first.check()
    page.get_by_role("button", name="Compare side by side").click()
    playwright.expect(page.locator(".compare thead th")).to_have_count(4)
    spoken = page.locator(".compare tbody tr .law").evaluate_all("(all) => [...new Set(all.map((one) => one.lang))]")
    assert set(spoken) >= {"en", "th", "vi"}
    # The address brings the same page back; the three days of two languages stand in one row.
    page.reload()
    playwright.expect(page.locator(".compare thead th")).to_have_count(4)
    equal = page.get_by_role("row", name=re.compile("^3 days equal in 2"))
    playwright.expect(equal).to_contain_text("สามวัน")


def test_a_citation_leads_to_the_provision_its_page_and_its_counterparts(page) -> None:
    page.goto("/")
    page.get_by_label("Words, a citation, or a whole clause").fill("DCA s 2A")
    page.get_by_role("button", name="Find provisions").click()
    playwright.expect(page).to_have_url(re.compile(r"/\?q=DCA\+s\+2A$"))
    cited = page.get_by_role("region", name="Cited")
    playwright.expect(cited).to_contain_text("must notify the Board")
    playwright.expect(page.get_by_role("heading", name="Counterparts of DCA 2031 (SG) s 2A")).to_be_visible()
    cited.get_by_role("link", name="DCA 2031 (SG) s 2A").click()
    picture = page.get_by_role("img", name="Page 3 of the source, DCA 2031 (SG) s 2A marked")
    playwright.expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.sheetpic img').naturalWidth === 212")
    page.get_by_role("link", name="Page 3").focus()
    page.keyboard.press("Enter")
    large = page.get_by_role("dialog", name="Page 3 of the source")
    playwright.expect(large.get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    playwright.expect(large).to_have_count(0)
    playwright.expect(page.get_by_role("link", name="Page 3")).to_be_focused()
    assert page.get_by_role("link", name="Page 3").get_attribute("href") == f"/picture{SECTION}?page=3"


def test_results_are_narrowed_and_widened_by_keyboard(page) -> None:
    page.goto("/?q=notify+data+breach&limit=2")
    narrow = page.get_by_role("navigation", name="Narrow")
    playwright.expect(narrow.get_by_role("list", name="Force")).to_be_visible()
    narrow.get_by_role("link", name="Singapore").focus()
    page.keyboard.press("Enter")
    playwright.expect(page).to_have_url(re.compile(r"q=notify\+data\+breach&limit=2&jurisdiction=sg$"))
    chosen = narrow.get_by_role("link", name="Singapore")
    playwright.expect(chosen).to_have_attribute("aria-current", "true")
    playwright.expect(page.get_by_label("Words, a citation, or a whole clause")).to_have_value("notify data breach")
    chosen.focus()
    page.keyboard.press("Enter")
    playwright.expect(page).to_have_url(re.compile(r"\?q=notify\+data\+breach&limit=2$"))


@pytest.mark.parametrize("width", [390, 768])
def test_nothing_scrolls_sideways(browser, site: str, width: int) -> None:
    context = browser.new_context(base_url=site, viewport={"width": width, "height": 844})
    page = context.new_page()
    six = "&".join(f"id={i}" for i in (SECTION, OTHER, "/akn/th/act/2574/3/~sec_๗", "/akn/vn/law/2032/5/vi/~art_12"))
    for address in ("/", "/?q=data+breach&force=binding", "/?q=s+1", "/?q=DCA+2031+s+99", SECTION,
                    "/akn/sg/act/2031/7", "/instruments", "/about", "/matrix", "/matrix?pivot=/akn/sg/act/2031/7",
                    "/topics", "/catalogue", f"/compare?{six}", "/nothing"):  # fmt: skip
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    context.close()
