from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from madeup import EVIL

from lawsearch.drawing import excerpt, marked, opening, shelves
from lawsearch.edge import HEADERS
from lawsearch.schemas import ProvisionRef
from lawsearch.web import Asked

SECTION = "/akn/sg/act/2031/7/en/~sec_2A"
OTHER = "/akn/ph/act/2033/11/en/~sec_10"
THAI = "/akn/th/act/2574/3/th/~sec_๗"
CLAUSE = (
    "A keeper who learns of a breach of data shall notify the Board of the breach within three days, and shall "
    "notify each person harmed by it unless the data were encrypted."
)
PAGES = [
    "/", "/?q=notify+data+breach", f"/?q={CLAUSE.replace(' ', '+')}", SECTION, THAI, "/akn/sg/act/2031/7",
    "/akn/id/law/2030/9/en", "/akn/my/guideline/2034/1", "/akn/my/guideline/2034/1/en/~sec_1", "/instruments",
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
    assert "Same wording as DCA 2031 (SG) s 2A" in text
    assert "Only here" in text
    assert "another language" in text
    assert "/compare?id=%2Fakn%2Fph%2Fact%2F2033%2F11%2Fen%2F~sec_10&amp;id=%2Fakn%2Fsg" in html


def test_a_clause_beside_a_provision(client: TestClient) -> None:
    text = text_of(client.get("/compare", params={"id": [OTHER], "text": CLAUSE}).text)
    assert "Your clause" in text
    assert "Make it the baseline" not in text


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
    assert 'href="/akn/sg/act/2031/7/en/~sec_2A"' in page
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
    assert [c["state"] for c in found["rows"][0]["cells"]] == ["found", "no text"]
    assert found["rows"][2]["cells"][0]["state"] == "none"
    counts = {t["id"]: t["provisions"] for t in client.get("/api/topics").json()["topics"]}
    assert counts == {"breaches": 2, "consent": 1, "silence": 0}
