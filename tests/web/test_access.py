"""Every kind of page as assistive technology finds it (axe-core), and in the scripts of the region."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_site import EXPRESSIONS, SCRIPTS, indexed
from laws import CORPUS, PH, SG, TH, expression
from madeup import FakeSearcher
from test_browser import CHROMIUM, CLAUSE, OTHER, QUIET, SECTION, pictured, started
from test_concordance_browser import begin, serving

from lawsearch.embedding import Models
from lawsearch.search import Searcher
from lawsearch.settings import Settings

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]
THAI, VIET = "/akn/th/act/2574/3/th/~sec_๗", "/akn/vn/law/2032/5/vi/~art_12"
INDONESIAN = "/akn/id/law/2030/9/id/~art_4"
READING = (
    "/", "/?q=notify+data+breach", "/?q=notify+data+breach&jurisdiction=sg&year_from=2031", "/?q=DCA+2031+s+99",
    "/?q=DCA+s+2A", f"/?q={CLAUSE.replace(' ', '+')}", "/?q=breach&year_from=0", SECTION, THAI, "/akn/sg/act/2031/7",
    "/akn/id/law/2030/9", "/instruments", f"/compare?id={SECTION}&id={OTHER}",
    f"/compare?id={SECTION}&id={THAI}&id={VIET}&id={INDONESIAN}", "/matrix", "/matrix?jurisdiction=sg&jurisdiction=th",
    "/matrix?pivot=/akn/sg/act/2031/7",
    "/topics", "/catalogue", "/about", "/nothing", "/compare?id=1",
)  # fmt: skip
TABLE = f"/concordance?pivot={SG.id}&other={PH.id}&other={TH.id}"
DESK = (
    "/concordance", TABLE, f"{TABLE}&texts=whole", f"/correspondence?source={SG.id}", f"/matrix?pivot={SG.id}",
    "/workspaces", "/workspaces/{key}", f"/keep?id={SG.id}/en/~sec_6", "/keep", "/enter",
)  # fmt: skip
TAMIL = expression(SCRIPTS, "ta", [("1", "விளக்கு", "காவலர் அந்தி வேளையில் ஒவ்வொரு விளக்கையும் ஏற்ற வேண்டும்.")], word="பிரிவு")
#: What counts: WCAG 2.2 at A and AA, and what is held to be good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reading(settings: Settings, searcher: FakeSearcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(pictured(settings, searcher, tmp_path_factory.mktemp("read") / "any.pdf")) as address:
        yield address


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, built: Settings, models: Models) -> Iterator[Searcher]:
    searcher = indexed(tmp_path_factory.mktemp("access"), built, models, (*CORPUS, *EXPRESSIONS, TAMIL))
    yield searcher
    searcher.generation.close()


@pytest.fixture(scope="module")
def desk(made: Searcher, browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server with decisions and a workspace in every script, and the workspace's key."""
    with serving(made, tmp_path_factory.mktemp("desk"), "") as address:
        page = browser.new_page(base_url=address)
        page.goto(TABLE)
        begin(page, "A. Drafter")
        page.get_by_role("button", name="Confirm: LKA 2041 (SG) s 5 – LA 2043 (PH) s 5").click()
        page.get_by_role("button", name="Reject: LKA 2041 (SG) s 6 – LA 2043 (PH) s 10").click()
        ids = (f"{SG.id}/en/~sec_6", f"{TH.id}/th/~sec_๖", *(f"{SCRIPTS.id}/{c}" for c in SCRIPT_UNITS))
        page.goto("/keep?" + "&".join(f"id={i}" for i in ids))
        page.get_by_label("Title of a new").fill("Lamps, ๒")
        page.get_by_label("Your name").fill("A. Drafter")
        page.get_by_role("button", name="Keep").click()
        yield address, page.url.rsplit("/", 1)[1]


SCRIPT_UNITS = ("lo/~sec_1", "km/~sec_១", "my/~sec_၁", "ta/~sec_1")


def barriers(browser: object, site: str, address: str, scheme: str, width: int) -> list[str]:
    """What axe-core finds on a page, everything that folds open unfolded."""
    page = browser.new_page(base_url=site, color_scheme=scheme, viewport={"width": width, "height": 900})
    if address in (TABLE, f"{TABLE}&texts=whole"):
        page.goto(address)
        begin(page, "A. Drafter")
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
    found = axe.Axe().run(page, options=options).response["violations"]
    page.context.close()
    return [
        f"{address} {scheme} {width}: {v['impact']} {v['id']}: {n['html'][:120]} {n.get('failureSummary', '')[:200]}"
        for v in found for n in v["nodes"][:3]
    ]  # fmt: skip


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", READING)
def test_no_barrier_on_the_pages_that_are_read(browser, reading: str, address: str, scheme: str, width: int) -> None:
    assert barriers(browser, reading, address, scheme, width) == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", DESK)
def test_no_barrier_on_the_desk(browser, desk: tuple[str, str], address: str, scheme: str, width: int) -> None:
    assert barriers(browser, desk[0], address.format(key=desk[1]), scheme, width) == []


#: A provision in each script, and the font that its text is to be drawn with.
SCRIPT_FONTS = (
    (f"{TH.id}/th/~sec_๖", "Thai"), (f"{SCRIPTS.id}/lo/~sec_1", "Lao"), (f"{SCRIPTS.id}/km/~sec_១", "Khmer"),
    (f"{SCRIPTS.id}/my/~sec_၁", "Myanmar"), (f"{SCRIPTS.id}/ta/~sec_1", "Tamil"),
)  # fmt: skip
LOADED = "document.fonts.ready.then((all) => [...all].filter((f) => f.status === 'loaded').map((f) => f.family))"


@pytest.mark.parametrize(("address", "script"), SCRIPT_FONTS)
def test_a_script_is_drawn_with_the_font_that_is_served(
    browser, desk: tuple[str, str], address: str, script: str
) -> None:
    page = browser.new_page(base_url=desk[0])
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(address)
    assert f"Noto Serif {script}" in {family.strip('"') for family in page.evaluate(LOADED)}
    assert all(url.startswith(desk[0]) for url in asked)
    used = fonts_of(page, ".provision .law")
    page.context.close()
    assert f"Noto Serif {script}" in used


def test_a_page_loads_no_font_of_a_script_that_it_does_not_show(browser, desk: tuple[str, str]) -> None:
    page = browser.new_page(base_url=desk[0])
    page.goto("/enter")
    assert not [family for family in page.evaluate(LOADED) if family.strip('"') != "Noto Serif"]
    page.context.close()


def test_text_without_a_known_language_is_drawn_with_the_fonts_too(browser, desk: tuple[str, str]) -> None:
    page = browser.new_page(base_url=desk[0])
    page.goto("/?q=" + "มาตรา ມາດຕາ មាត្រា ပုဒ်မ பிரிவு")
    assert {family.strip('"') for family in page.evaluate(LOADED)} >= {f"Noto Serif {s}" for _, s in SCRIPT_FONTS}
    page.context.close()


def fonts_of(page, selector: str) -> set[str]:
    """The served fonts that the browser really drew the letters of an element with."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    found: set[str] = set()
    for one in session.send("DOM.querySelectorAll", {"nodeId": node, "selector": "*"})["nodeIds"] or [node]:
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": one})["fonts"]
        found |= {f["familyName"] for f in fonts if f["isCustomFont"]}
    return found
