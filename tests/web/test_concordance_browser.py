"""What a drafter does with a table of concordance, in a real browser."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from desk_site import corresponding, indexed
from docx import Document
from laws import PH, SG, TH
from test_browser import CHROMIUM, QUIET

from lawsearch.api import create_app
from lawsearch.embedding import Models
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.tables import Tables

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]
TABLE = f"/concordance?pivot={SG.id}&other={PH.id}&other={TH.id}"
TOKEN = "a-token-of-sixteen-characters-or-more"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, built: Settings, models: Models) -> Iterator[Searcher]:
    searcher = indexed(tmp_path_factory.mktemp("desk"), built, models)
    yield searcher
    searcher.generation.close()


@contextmanager
def serving(searcher: Searcher, folder: Path, token: str) -> Iterator[str]:
    """A server with an empty desk in ``folder``."""
    settings = Settings(index_dir=folder, token=token)
    with pytest.MonkeyPatch.context() as patched, socket.socket() as listener:
        patched.setattr(Tables, "of", corresponding)
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(settings, searcher), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(5)


@pytest.fixture
def site(made: Searcher, tmp_path: Path) -> Iterator[str]:
    with serving(made, tmp_path, "") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield opened
        opened.close()


@pytest.fixture(params=["plain", "without JavaScript", "with a token"])
def page(request: pytest.FixtureRequest, browser: object, made: Searcher, tmp_path: Path) -> Iterator[object]:
    with serving(made, tmp_path, TOKEN if request.param == "with a token" else "") as address:
        context = browser.new_context(
            base_url=address, viewport={"width": 1280, "height": 900}, accept_downloads=True,
            java_script_enabled=request.param != "without JavaScript",
        )  # fmt: skip
        opened = context.new_page()
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        yield opened
        context.close()
    assert said == []


def begin(page, name: str) -> None:
    """Sign with a name, after entering the token where one is asked for."""
    if page.get_by_role("link", name="Enter the token").count():
        page.get_by_role("link", name="Enter the token").click()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Enter").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name=re.compile("Sign with|Change")).click()
    playwright.expect(page.get_by_role("button", name="Change")).to_be_visible()


def of(page, citation: str, other: str):
    """The row of two provisions."""
    return page.locator("tr", has=page.get_by_role("link", name=citation, exact=True)).filter(
        has=page.get_by_role("link", name=other, exact=True)
    )


def test_a_drafter_makes_a_table_decides_exports_and_finds_it_again(page, tmp_path: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name="Concordance").click()
    page.get_by_label("Pivot").select_option(label="LKA 2041 (English)")
    page.get_by_label("LA 2043").check()
    page.get_by_label("Lamps Act B.E. 2590").check()
    page.get_by_role("button", name="Make the table").click()
    begin(page, "B. Drafter")
    playwright.expect(page.get_by_role("heading", name="LKA 2041 – LA 2043")).to_be_visible()

    page.get_by_role("button", name="Confirm: LKA 2041 (SG) s 5 – LA 2043 (PH) s 5").click()
    five = of(page, "LKA 2041 (SG) s 5", "LA 2043 (PH) s 5")
    playwright.expect(five).to_contain_text("Confirmed")
    playwright.expect(five).to_contain_text("B. Drafter")
    assert page.url.endswith(five.get_attribute("id"))

    page.get_by_role("button", name="Reject: LKA 2041 (SG) s 6 – LA 2043 (PH) s 10").click()
    playwright.expect(of(page, "LKA 2041 (SG) s 6", "LA 2043 (PH) s 10")).to_contain_text("Rejected")

    five.get_by_text("Correct or comment").click()
    five.get_by_label("Status").select_option("partial")
    five.get_by_label("Comment", exact=True).fill("The period differs: ๔๘ ชั่วโมง")
    five.get_by_role("button", name="Save status and comment").click()
    playwright.expect(five).to_contain_text("Partial")

    with page.expect_download() as download:
        page.get_by_role("link", name="Word").click()
    path = tmp_path / "table.docx"
    download.value.save_as(path)
    first = Document(path).tables[0]
    cells = [[c.text for c in r.cells] for r in first.rows]
    row = next(r for r in cells if r[0].startswith("LKA 2041 (SG) s 5"))
    assert row[2].startswith("LA 2043 (PH) s 5")
    assert row[4].startswith("partial\nconfirmed by B. Drafter")
    assert row[5] == "The period differs: ๔๘ ชั่วโมง"
    assert not any("LA 2043 (PH) s 10" in r[2] for r in cells)

    page.goto("/concordance")
    page.get_by_role("row", name="LKA 2041").first.get_by_role("link").click()
    playwright.expect(of(page, "LKA 2041 (SG) s 5", "LA 2043 (PH) s 5")).to_contain_text("The period differs")
    page.get_by_role("link", name="Confirmed").click()
    playwright.expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Take back").click()
    playwright.expect(page.get_by_text("No such rows.")).to_be_visible()


def test_a_correction_and_a_csv(page, tmp_path: Path) -> None:
    page.goto(TABLE)
    begin(page, "C. Drafter")
    row = page.locator("tbody", has=page.get_by_role("link", name="LKA 2041 (SG) s 8")).first.locator("tr").first
    row.get_by_text("Correct or comment").click()
    row.get_by_label("Corresponds instead").fill("Section 12")
    row.get_by_role("button", name="Use this instead").click()
    playwright.expect(of(page, "LKA 2041 (SG) s 8", "LA 2043 (PH) s 12")).to_contain_text("Corrected")

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    path = tmp_path / "table.csv"
    download.value.save_as(path)
    text = path.read_text("utf-8-sig")
    assert "LA 2043 (PH) s 12" in text
    path.write_text(text.replace(",full,,", ",full,confirmed,"), "utf-8")
    page.get_by_label("A CSV made here").set_input_files(path)
    page.get_by_role("button", name="Read it").click()
    playwright.expect(page.get_by_role("status")).to_contain_text(
        re.compile(r"decisions? recorded; \d+ stood so already")
    )
    page.get_by_role("link", name="To the table").click()
    playwright.expect(of(page, "LKA 2041 (SG) s 5", "LA 2043 (PH) s 5")).to_contain_text("C. Drafter")


def test_provisions_are_kept_in_a_workspace(page) -> None:
    title = "Second reading, ๒"
    page.goto(f"/keep?id={SG.id}/en/~sec_6&id={TH.id}/th/~sec_๖")
    if page.get_by_role("link", name="Enter the token").count():
        page.get_by_role("link", name="Enter the token").click()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Enter").click()
    page.get_by_label(re.compile("by its title|Title of a new")).fill(title)
    page.get_by_label("Your name").fill("D")
    page.get_by_role("button", name="Keep").click()
    playwright.expect(page.get_by_role("heading", level=1)).to_have_text(title)
    playwright.expect(page.get_by_role("article")).to_have_count(2)
    page.emulate_media(media="print")
    playwright.expect(page.get_by_role("button", name="Add")).to_be_hidden()
    assert page.get_by_text("who broke it").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Take out LKA 2041 (SG) s 6").click()
    playwright.expect(page.get_by_role("article")).to_have_count(1)
    page.goto("/workspaces")
    playwright.expect(page.get_by_role("link", name=title)).to_be_visible()


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("address", ["/concordance", TABLE, f"/correspondence?source={SG.id}", "/workspaces", "/enter"])
def test_nothing_scrolls_sideways(browser, site: str, width: int, address: str) -> None:
    context = browser.new_context(base_url=site, viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_by_keyboard_alone(browser, site: str) -> None:
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(TABLE)
    begin(page, "E")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('value')") == "confirmed":
            break
    said = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert said.startswith("Confirm")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_text(re.compile(r"^E, 20"))).not_to_have_count(0)
    context.close()
