from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from madeup import EVIL, LOCAL, FakeSearcher

from lawsearch.api import create_app
from lawsearch.drawing import excerpt, marked, opening, quality, shelves
from lawsearch.edge import HEADERS
from lawsearch.errors import DocumentError
from lawsearch.provision import Box
from lawsearch.replies import accuracy
from lawsearch.schemas import ProvisionRef
from lawsearch.settings import Settings
from lawsearch.web import Asked

ROOT = Path(__file__).parents[2]

SECTION = "/akn/sg/act/2031/7/en/~sec_2A"
OTHER = "/akn/ph/act/2033/11/en/~sec_10"
THAI = "/akn/th/act/2574/3/th/~sec_๗"
CLAUSE = (
    "A keeper who learns of a breach of data shall notify the Board of the breach within three days, and shall "
    "notify each person harmed by it unless the data were encrypted."
)
PAGES = [
    "/", "/?q=notify+data+breach", f"/?q={CLAUSE.replace(' ', '+')}", SECTION, THAI, "/akn/sg/act/2031/7",
    "/akn/id/law/2030/9/en", "/akn/id/law/2030/9/id/~art_4", "/akn/id/law/2030/9/id/~explanation_4",
    "/akn/my/guideline/2034/1", "/akn/my/guideline/2034/1/en/~sec_1", "/instruments",
    "/about", "/matrix", "/topics", "/catalogue",
    f"/compare?id={SECTION}&id={OTHER}&id={THAI}", "/compare?id=/akn/my/guideline/2034/1/en/~sec_1&text=x",
]  # fmt: skip
WRONG = ["/nothing", "/akn/sg/act/2031/7/en/~sec_99", "/akn/xx/act/1/1", "/compare", "/?q=x&limit=0", "/?q=x&kind=y"]


class Strict(HTMLParser):
    """Collects what a browser would load or run, and checks that elements are closed as they were opened."""

    VOID = ("meta", "link", "input", "br", "img", "hr")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


CITED = ["/?q=DCA+s+2A", "/?q=DCA+2031+s+99", "/?q=DCA", "/?q=s+1", "/?q=XYZA+s+5", "/?q=data+breach&force=binding"]
PAGES += CITED


@pytest.mark.parametrize("address", PAGES + WRONG)
def test_every_page_is_whole_and_safe(client: TestClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == (
        200 if address in PAGES else 404 if "compare" not in address and "?" not in address else 422
    )
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    page = Strict(response.text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert "img" not in tags
    assert [a for tag, a in page.tags if tag == "script"] == [{"src": "/static/app.js", "defer": None}]
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        for name in ("src", "href", "action"):
            value = attributes.get(name) or ""
            assert value.startswith(("/", "#", "https://example.org")) or not value, value
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert "<script>alert" not in response.text


def test_hostile_texts_are_shown_as_they_are(client: TestClient) -> None:
    for address in ("/instruments", "/akn/my/guideline/2034/1", "/akn/my/guideline/2034/1/en/~sec_1", "/?q=breach"):
        html = client.get(address).text
        assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
        assert EVIL not in html
    assert 'href="javascript' not in client.get("/akn/my/guideline/2034/1").text


def test_a_hostile_query_is_shown_as_it_is(client: TestClient) -> None:
    for address in ("/", "/compare"):
        html = client.get(address, params={"q": EVIL, "id": EVIL, "text": EVIL, "year_from": EVIL}).text
        assert "<script>alert" not in html
        assert "<img" not in html


def test_results_say_what_each_jurisdiction_answers(client: TestClient) -> None:
    text = text_of(client.get("/?q=notify+data+breach").text)
    assert "DCA 2031 (SG) s 2A" in text
    assert "No text in the corpus: nothing can be said" in text
    assert "similar meaning · similar heading · shared terms: notify" in text
    assert "status unknown" in text
    assert "Without text in the corpus Brunei Darussalam, Cambodia, Lao PDR, Myanmar, Timor-Leste." in text


def test_no_counterpart_is_said_in_words_and_number_with_weaker_hits_below(client: TestClient) -> None:
    html = client.get("/?q=a+net+of+fishing+gear+without+withdrawal+of+reefs+and+coral").text
    assert re.search(r"(Probably|Very likely) no counterpart \(estimate \d\d%", text_of(html))
    assert "which probably" in html


def test_a_long_text_is_read_as_a_clause_and_a_short_one_as_words(client: TestClient) -> None:
    assert "Read as a clause" in client.get("/", params={"q": CLAUSE}).text
    assert "Read as words" in client.get("/", params={"q": "data breach"}).text
    assert "Read as a clause" in client.get("/", params={"q": "data breach", "mode": "clause"}).text
    thai = "ผู้ดูแลข้อมูลต้องแจ้งเหตุละเมิดข้อมูลแก่คณะกรรมการภายในสามวัน" * 3
    assert Asked.of([("q", thai)]).is_clause


def test_the_form_leads_to_an_address_that_can_be_shared(client: TestClient) -> None:
    form = {"q": "data breach", "jurisdiction": ["sg", "th"], "year_from": "", "mode": "auto", "limit": "2"}
    response = client.post("/", data=form, follow_redirects=False)
    assert response.status_code == 303
    assert parse_qs(urlsplit(response.headers["location"]).query) == {
        "q": ["data breach"], "jurisdiction": ["sg", "th"], "limit": ["2"],
    }  # fmt: skip
    assert client.post("/", data={"q": "  "}, follow_redirects=False).headers["location"] == "/"


def test_a_text_too_long_for_an_address_is_answered_at_once(client: TestClient) -> None:
    response = client.post("/", data={"q": CLAUSE * 30}, follow_redirects=False)
    assert response.status_code == 200
    assert "cannot be bookmarked" in response.text
    assert client.post("/", data={"q": "x" * 25_000}).status_code == 422
    assert client.post("/", content=b"q=" + b"x" * 400_000).status_code == 413


def test_a_provision_page(client: TestClient) -> None:
    html = client.get(SECTION).text
    text = text_of(html)
    assert "Section 2A Duty to notify a data breach" in text
    assert re.search(r"\(1\) must notify the Board.* \(2\) must notify each person.* The notice must say", text)
    assert text.count("The notice must say what was lost.") == 1
    assert "Previous Section 1 Short title" in text
    assert "Counterparts in other jurisdictions" in text
    assert f'href="{OTHER}"' in html
    assert 'id="in-sg"' not in html


def test_what_a_law_says_in_explanation_of_an_article_stands_below_it(client: TestClient) -> None:
    law = "/akn/id/law/2030/9"
    article, told = (client.get(f"/api/provisions{law}/id/~{eid}").json() for eid in ("art_4", "explanation_4"))
    assert article["explanation"]["id"] == told["provision"]["id"]
    assert (article["explains"], told["explanation"]) == (None, None)
    assert told["explains"]["id"] == article["provision"]["id"]
    assert "Cukup jelas." in client.get(f"{law}/id/~art_4").text
    assert f'href="{law}/id/~art_4"' in client.get(f"{law}/id/~explanation_4").text
    # No other language of it, and no other law, has one.
    assert client.get(f"/api/provisions{law}/en/~art_4").json()["explanation"] is None
    assert client.get(f"/api/provisions{SECTION}").json()["explanation"] is None


def test_a_short_address_leads_to_the_permanent_one(client: TestClient) -> None:
    response = client.get("/akn/sg/act/2031/7/~sec_2A?limit=1", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (302, SECTION + "?limit=1")


def test_texts_carry_their_language(client: TestClient) -> None:
    html = client.get(THAI).text
    assert '<div class="law text" lang="th">' in html
    assert "มาตรา ๗" in html


def test_filters_offer_what_the_corpus_holds_and_keep_what_was_chosen(client: TestClient) -> None:
    html = client.get("/?q=breach&jurisdiction=sg&status=in+force").text
    assert 'value="sg" checked' in html
    assert 'value="in force" checked' in html
    assert 'name="jurisdiction" value="kh"' not in html
    assert "2 set" in html
    assert "Left out by your filters" in html


def test_an_instrument_page(client: TestClient) -> None:
    text = text_of(client.get("/akn/id/law/2030/9").text)
    assert "Pasal 4 Alat tangkap" in text
    assert "repealed" in text
    english = text_of(client.get("/akn/id/law/2030/9/en").text)
    assert "Article 4 Fishing gear" in english
    assert client.get("/akn/id/law/2030/9/th").status_code == 404


def test_a_comparison(client: TestClient) -> None:
    html = client.get("/compare", params={"id": [SECTION, OTHER, THAI]}).text
    text = text_of(html)
    assert "<del>must</del>" in html
    assert "<ins>Commission</ins>" in html
    assert "Same wording as column 1, DCA 2031 (SG) s 2A" in text
    assert "Only here" in text
    assert "the only one in its language" in text
    assert "by meaning across languages" in text
    assert "/compare?id=%2Fakn%2Fph%2Fact%2F2033%2F11%2Fen%2F~sec_10&amp;id=%2Fakn%2Fsg" in html
    assert "3 obligations: must ×3" in text
    assert "3 days equal in 2" in text


def test_shared_terms_have_numbers_and_a_legend_in_english(client: TestClient) -> None:
    html = client.get("/compare", params={"id": [SECTION, "/akn/th/act/2574/3/th/~sec_๗"]}).text
    legend = re.findall(r'<span class="key k\d">(\d+)</span> ([^<]+)', html)
    assert legend
    numbers = {n for n, _ in legend}
    for column in re.findall(r'<div class="law" lang="(?:en|th)">.*?</div>', html, re.DOTALL):
        assert set(re.findall(r'data-n="(\d+)"', column)) <= numbers
    assert any('lang="th"' in c and "data-n" in c for c in re.findall(r'<div class="law".*?</div>', html, re.DOTALL))


def test_a_chosen_baseline_stays_with_its_language(client: TestClient) -> None:
    html = client.get("/compare", params={"id": [SECTION, OTHER, THAI], "baseline": OTHER}).text
    assert "Make DCA 2031 (SG) s 2A the baseline" in html
    assert "Make DCA 2033 (PH) sec 10 the baseline" not in html
    assert "<del>shall</del>" in html
    assert "baseline=%2Fakn%2Fph" in html.split("Remove DCA 2031")[0].rsplit("href=", 1)[1]
    assert client.get("/compare", params={"id": [SECTION, OTHER], "baseline": "/akn/xx"}).status_code == 404


def test_a_clause_beside_a_provision(client: TestClient) -> None:
    text = text_of(client.get("/compare", params={"id": [OTHER], "text": CLAUSE}).text)
    assert "Your clause" in text
    assert "Put it first" not in text


def test_terms_are_marked_as_whole_words() -> None:
    assert marked("Data & database", ["data"]) == "<mark>Data</mark> &amp; database"
    assert marked("แจ้งเหตุ", ["เหตุ"]) == "แจ้ง<mark>เหตุ</mark>"
    assert marked("<b>", []) == "&lt;b&gt;"


def test_an_excerpt_shows_where_the_terms_are() -> None:
    text = "before " * 200 + "the breach itself " + "after " * 200
    found = excerpt(text, ["breach"], 100)
    assert "breach" in found
    assert found.startswith("… ")
    assert found.endswith(" …")
    assert excerpt("short", ["x"]) == "short"


def test_contents_are_grouped_by_new_titles() -> None:
    def ref(path: list[str]) -> ProvisionRef:
        return ProvisionRef(
            id="x", citation="", label="", number="", kind="", heading="", path=path, language="en", instrument="",
            page=1, flags=[], opening="",
        )  # fmt: skip

    found = shelves([ref(["A", "1"]), ref(["A", "1"]), ref(["A", "2"]), ref(["B"])])
    assert [(s.titles, len(s.provisions)) for s in found] == [
        (((1, "A"), (2, "1")), 2), (((2, "2"),), 1), (((1, "B"),), 1),
    ]  # fmt: skip


def test_the_first_sentence_of_a_note() -> None:
    note = "Not the law: sections of the Act, B.E. 2562 (2019), in our words. Numbers are those of the Act."
    assert opening(note) == "Not the law: sections of the Act, B.E. 2562 (2019), in our words."


def test_the_matrix_says_found_none_and_no_text(client: TestClient) -> None:
    page = client.get("/matrix").text
    assert "Data care: who regulates what" in page
    assert "none found" in page
    assert "no text" in page
    # The two provisions about one topic open their comparison; one that is alone opens its own page.
    assert 'href="/compare?id=/akn/th/act/2574/3/th/~sec_%E0%B9%97&amp;id=/akn/sg/act/2031/7/en/~sec_2A"' in page
    assert 'href="/akn/sg/act/2031/7/en/~sec_3"' in page
    assert "<script>alert" not in page
    narrow = client.get("/matrix?jurisdiction=sg&jurisdiction=th").text
    assert narrow.count('<th scope="col">') == 3
    assert client.get("/matrix?field=nothing").status_code == 404
    assert client.get("/matrix?jurisdiction=xx").status_code == 422


def test_topics_are_explained_and_filter(client: TestClient) -> None:
    page = client.get("/topics").text
    assert "Leave to use data." in page
    assert "การละเมิด" in page
    assert "<script>alert" not in page
    results = client.get("/?q=data breach&topic=consent").text
    assert '<option value="consent" selected>' in results
    assert client.get("/?q=data&topic=nothing").status_code == 422


def test_a_provision_says_what_it_is_about(client: TestClient) -> None:
    page = client.get("/akn/sg/act/2031/7/en/~sec_2A").text
    assert 'href="/matrix?field=data#topic-breaches"' in page
    part = client.get("/akn/sg/act/2031/7/en/~sec_2A__subsec_1").text
    assert "<dt>About</dt>" not in part


def test_the_catalogue_tells_what_is_here_and_which_state_has_a_law(client: TestClient) -> None:
    page = client.get("/catalogue").text
    assert "3 instruments known; of these 1 with their text here" in page
    assert "Its text is nowhere to be had." in page
    assert "not in the catalogue" in page
    assert "No general law." in page
    assert "ច្បាប់ស្តីពីទីផ្សារ" in page
    found = client.get("/api/catalogue").json()
    states = {row["jurisdiction"]["code"]: row for row in found["data_protection"]}
    assert states["sg"]["law"]["id"] == "/akn/sg/act/2031/7"
    assert states["kh"]["law"] is None
    assert [i["id"] for i in states["kh"]["instead"]] == ["/akn/kh/law/2030/2"]
    assert (states["th"]["law"], states["th"]["says"]) == (None, "")


def test_the_matrix_and_topics_for_programs(client: TestClient) -> None:
    found = client.get("/api/matrix?field=data&jurisdiction=sg&jurisdiction=kh").json()
    assert [r["topic"]["id"] for r in found["rows"]] == ["breaches", "consent", "silence"]
    assert [c["state"] for c in found["rows"][0]["cells"]] == ["partly", "no text"]
    assert found["rows"][2]["cells"][0]["state"] == "none"
    counts = {t["id"]: t["provisions"] for t in client.get("/api/topics").json()["topics"]}
    assert counts == {"breaches": 2, "consent": 1, "silence": 0}


# -- find -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown", "not_shown"),
    [
        ("DCA s 2A", ["Cited", "Duty to notify a data breach", "Counterparts of DCA 2031 (SG) s 2A", "as a citation"],
         ["can mean"]),
        ("DCA 2031 s 2A(2)", ["DCA 2031 (SG) s 2A(2)", "Counterparts of DCA 2031 (SG) s 2A(2)"], ["can mean"]),
        ("section 1", ["“section 1” can mean 2 provisions", "Its counterparts"], []),
        ("DCA 2031 s 99", ["Not found", "DCA 2031 has no section 99.", "the same text as words"], ["At a glance"]),
        ("XYZA s 5", ["No instrument “XYZA” is known here."], ["At a glance"]),
        ("DCA 2031", ["The instrument", "Data Care Act 2031", "The same text looked for as words"], ["as a citation"]),
        ("data breach", ["Read as words"], ["Cited", "Not found"]),
        ("A keeper must act under section 2A of the DCA", ["Read as words"], ["Cited", "Not found"]),
    ],
)  # fmt: skip
def test_a_citation_shows_what_it_cites(client: TestClient, text: str, shown: list[str], not_shown: list[str]) -> None:
    page = text_of(client.get("/", params={"q": text}).text)
    for words in shown:
        assert words in page
    for words in not_shown:
        assert words not in page


def test_a_citation_is_compared_from_and_its_own_state_left_out(client: TestClient) -> None:
    html = client.get("/?q=DCA+s+2A").text
    assert f'<input type="hidden" name="id" value="{SECTION}">' in html
    assert 'id="in-sg"' not in html


def test_words_can_be_meant_where_a_citation_could_be(client: TestClient) -> None:
    page = text_of(client.get("/?q=DCA+2031+s+99&mode=words").text)
    assert "Read as words" in page
    assert "has no section 99" not in page


def test_the_api_says_what_is_cited(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "DCA s 2A"}).json()
    assert [p["id"] for p in found["cited"]["provisions"]] == [SECTION]
    assert found["source"]["id"] == SECTION
    assert client.get("/api/search", params={"q": "data breach"}).json()["cited"] is None
    unknown = client.get("/api/search", params={"q": "DCA 2031 s 99"}).json()["cited"]
    assert (unknown["provisions"], unknown["unknown"]) == ([], "DCA 2031 has no section 99")


def facet(found: dict, name: str) -> dict[str, int]:
    return {f["value"]: f["count"] for f in found["facets"][name]}


def test_facets_count_the_hits(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "notify data breach", "limit": 10}).json()
    hits = [h for a in found["answers"] if a["state"] == "found" for h in a["hits"] if h["score"] >= 0.25]
    for name, of in {"force": "force", "kind": "kind", "status": "status"}.items():
        expected = {v: sum(h["instrument"][of] == v for h in hits) for v in {h["instrument"][of] for h in hits}}
        assert facet(found, name) == expected
    years = {str(h["instrument"]["year"]) for h in hits}
    assert set(facet(found, "year")) == years
    assert list(facet(found, "year")) == sorted(years, reverse=True)
    assert facet(found, "topic")["breaches"] == 2
    assert facet(found, "language")["th"] == sum(h["provision"]["language"] == "th" for h in hits)


def test_a_facet_keeps_the_values_that_its_own_filter_leaves_out(client: TestClient) -> None:
    plain = client.get("/api/search", params={"q": "notify data breach"}).json()
    chosen = client.get("/api/search", params={"q": "notify data breach", "jurisdiction": "sg"}).json()
    assert facet(chosen, "jurisdiction") == facet(plain, "jurisdiction")
    assert [f["value"] for f in chosen["facets"]["jurisdiction"] if f["chosen"]] == ["sg"]
    assert set(facet(chosen, "language")) == {"en"}
    none = client.get("/api/search", params={"q": "notify data breach", "kind": "treaty"}).json()
    assert facet(none, "kind")["treaty"] == 0


@pytest.mark.parametrize(
    ("address", "name", "value", "expected"),
    [
        ("q=x&limit=2", "force", "binding", {"q": ["x"], "limit": ["2"], "force": ["binding"]}),
        ("q=x&force=binding", "force", "binding", {"q": ["x"]}),
        ("q=x&jurisdiction=sg", "jurisdiction", "th", {"q": ["x"], "jurisdiction": ["sg", "th"]}),
        ("q=x", "year", "2031", {"q": ["x"], "year_from": ["2031"], "year_to": ["2031"]}),
        ("q=x&year_from=2031&year_to=2031", "year", "2031", {"q": ["x"]}),
        ("q=x&year_from=2000", "year", "2031", {"q": ["x"], "year_from": ["2031"], "year_to": ["2031"]}),
    ],
)
def test_a_facet_changes_one_thing_of_the_address(
    address: str, name: str, value: str, expected: dict[str, list[str]]
) -> None:
    asked = Asked.of([(k, v) for k, values in parse_qs(address).items() for v in values])
    assert parse_qs(asked.toggled(name, value)) == expected


def test_facets_are_links(client: TestClient) -> None:
    html = client.get("/?q=notify+data+breach&limit=2").text
    assert 'href="/?q=notify+data+breach&amp;limit=2&amp;force=binding"' in html
    narrowed = client.get("/?q=notify+data+breach&force=binding").text
    assert 'href="/?q=notify+data+breach" aria-current="true"' in narrowed
    assert "Remove the filter" in narrowed
    assert f'href="{SECTION}?kind=law#counterparts"' in client.get(SECTION).text


# -- read -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def drawing(settings: Settings, searcher: FakeSearcher, tmp_path: Path) -> Iterator[tuple[TestClient, Path, list]]:
    """A client of a server that draws pages, the file that section 2A was read from, and what was drawn."""
    file = tmp_path / "dca.pdf"
    file.write_bytes(b"%PDF the very file")
    drawn: list[tuple[Path, int, int]] = []

    def paint(path: Path, page: int, boxes: Sequence[Box]) -> bytes:
        drawn.append((path, page, len(boxes)))
        if path.read_bytes() == b"broken":
            raise DocumentError(path, "page 3 cannot be drawn")
        return b"PNG"

    app = create_app(settings, searcher, paint)
    with TestClient(app, base_url=LOCAL) as client:
        view = app.state.service.view()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        entries = tuple(
            replace(e, source=replace(e.source, path=str(file), digest=digest)) if e.instrument.id.endswith("/7") else e
            for e in view.entries
        )
        object.__setattr__(view, "entries", entries)
        yield client, file, drawn


def test_a_page_of_the_source_with_the_provision_marked(drawing: tuple[TestClient, Path, list]) -> None:
    client, file, drawn = drawing
    html = client.get(SECTION).text
    address = f"/picture{SECTION}?page=3"
    assert f'<a class="sheetpic" href="{address}">' in html
    assert 'alt="Page 3 of the source, DCA 2031 (SG) s 2A marked"' in html
    assert 'loading="lazy"' in html
    assert drawn == [], "nothing is drawn before it is looked at"
    first = client.get(address)
    assert (first.status_code, first.headers["content-type"], first.content) == (200, "image/png", b"PNG")
    assert "max-age" in first.headers["cache-control"]
    assert client.get(f"/picture{SECTION}").content == b"PNG"
    assert drawn == [(file, 3, 1)], "drawn once, the second time kept"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/api/provisions{SECTION}").json()["pictures"] == [address]


@pytest.mark.parametrize(
    ("key", "change", "said"),
    [
        (SECTION, "other", "The file has changed since the text was read from it"),
        (SECTION, "gone", "is not on this server"),
        (SECTION + "?page=4", "", "does not stand on page 4"),
        ("/akn/sg/act/2031/7/en/~sec_99", "", "no provision"),
        (OTHER, "", "is not on this server"),
        ("/../../etc/passwd", "", ""),
        (SECTION, "broken", "The file has changed"),
    ],
)
def test_no_picture_says_why(drawing: tuple[TestClient, Path, list], key: str, change: str, said: str) -> None:
    client, file, drawn = drawing
    if change == "gone":
        file.unlink()
    elif change:
        file.write_bytes(change.encode())
    response = client.get(f"/picture{key}")
    assert response.status_code == 404
    assert said in response.text
    assert str(file) not in response.text
    assert drawn == []


def test_a_page_without_pictures_says_why(client: TestClient) -> None:
    html = client.get(SECTION).text
    assert "<img" not in html
    assert "No picture: this server draws no pages" in text_of(html)
    assert client.get(f"/picture{SECTION}?page=x").status_code == 422


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"expected": 5, "found": 4, "missing": [3], "pages": 2},
         ["Of 5 sections or articles that the numbering lets expect, 4 were found.", "Not found: 3."]),
        ({"found": 0}, ["Nothing numbered was found: the text is shown page by page."]),
        ({"characters": {"provision": 990, "unassigned": 10}, "unassigned": 10},
         ["10 characters (1.0%) belong to no provision."]),
        ({"characters": {"provision": 990}, "unassigned": 0}, ["Every character of the text has its place."]),
        ({"pages": 8, "ocr_pages": [2, 3], "ocr_confidence": 0.93},
         ["2 of 8 pages were read by optical character recognition, with a confidence of 93%: check the wording "
          "against the source."]),
        ({"pages": 1, "ocr_pages": [1], "ocr_confidence": None},
         ["The page was read by optical character recognition: check the wording against the source."]),
        ({"pages": 3, "ocr_pages": []}, ["No page had to be read by optical character recognition."]),
        ({"pages": 3, "image_only_pages": [2]}, ["Only a picture, and not read: page 2."]),
        ({}, []),
    ],
)  # fmt: skip
def test_parse_quality_in_words(report: dict, said: list[str]) -> None:
    assert quality(report) == said


# -- about ----------------------------------------------------------------------------------------------------------


def test_about_tells_corpus_accuracy_method_and_models(client: TestClient) -> None:
    page = text_of(client.get("/about").text)
    for words in ("Found of expected", "Measured accuracy", "development figures", "The method in plain words",
                  "2031-01-01 00:00 UTC", "Nothing to compare with"):  # fmt: skip
        assert words in page
    found = client.get("/api/about").json()
    assert found["accuracy"]["figure"][0]["mrr"] == 0.81
    assert found["changes"] is None


def test_accuracy_is_that_of_the_documentation() -> None:
    text = (ROOT / "docs" / "matching.md").read_text("utf-8")
    found = accuracy()
    for figure in found.figure:
        row = re.search(rf"^\| {figure.of} \| (\d+) \| (\S+) \| (\S+) \| \S+ \| (\S+) \|", text, re.MULTILINE)
        assert row is not None
        assert tuple(map(float, row.groups())) == (figure.questions, figure.mrr, figure.p1, figure.auroc)
    assert found.command in text
    spoken = "precision {precision:.2f}, recall {recall:.2f}".format(**found.assignment).replace("0.", ".")
    assert spoken in text


# -- methods --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", SECTION, "/api/instruments", "/healthz", "/static/style.css", "/nothing"])
def test_head_answers_as_get_without_the_body(client: TestClient, address: str) -> None:
    got, head = client.get(address), client.head(address)
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        assert head.headers.get(name) == got.headers.get(name)
