from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.numbering import families
from lawsearch.catalogue import Catalogue, DataProtection, Entry, load, sidecar
from lawsearch.coverage import coverage, data_protection, markdown
from lawsearch.errors import MetadataError
from lawsearch.instrument import UNKNOWN, Instrument
from lawsearch.vocabulary import jurisdictions, languages

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "corpus" / "catalogue"
LAW = '[[instrument]]\nid = "/akn/sg/act/2041/3"\njurisdiction = "sg"\n'


def test_a_catalogue_is_read(tmp_path: Path) -> None:
    (tmp_path / "sg.toml").write_text(
        LAW + 'subjects = ["ai"]\nstatus = "in force"\nstatus_source = "the gazette"\nstatus_date = 2041-05-01\n'
        'languages = ["en"]\nrecognise = [["Lamp Keeping"]]\n[data_protection]\nlaw = "/akn/sg/act/2041/3"\n'
        'says = "It has one."\nstatus_date = 2041-06-01\n',
        "utf-8",
    )
    found = load(tmp_path)
    (entry,) = found.entries
    assert entry.instrument.status_date == "2041-05-01"
    assert entry.instrument.subjects == ("ai",)
    assert entry.recognise == (("lampkeeping",),)
    assert found.data_protection["sg"] == DataProtection(
        law=entry.instrument.id, says="It has one.", status_date="2041-06-01"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = [", "is not TOML"),
        ("[law]\n", "unknown table 'law'"),
        ('instrument = "x"', "not a list of tables"),
        (LAW + LAW, "is also in"),
        (LAW.replace('"sg"', '"my"'), "has the jurisdiction 'my'"),
        (LAW + 'languages = ["xx"]', "language 'xx' is not known"),
        (LAW + 'subjects = ["law"]', "subject 'law' is not known"),
        (LAW + 'subjects = "ai"', "subjects must be a list"),
        (LAW + 'status_date = "May"', "status_date 'May' is not an ISO date"),
        (LAW + '[data_protection]\nlaw = "/akn/sg/act/2041/4"', "names /akn/sg/act/2041/4, which is not"),
        (LAW + '[data_protection]\ninstead = ["/akn/sg/act/2041/4"]', "names /akn/sg/act/2041/4, which is not"),
        (LAW + "[data_protection]\nlaw = 3", "data_protection.law must be text"),
        (LAW + '[data_protection]\nyes = "no"', "unknown field 'yes'"),
        ("[[data_protection]]\n", "data_protection is not a table"),
    ],
)
def test_a_mistake_is_named_with_its_file(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "sg.toml").write_text(text, "utf-8")
    with pytest.raises(MetadataError) as caught:
        load(tmp_path)
    assert "sg.toml" in str(caught.value)
    assert problem in caught.value.problem


def test_coverage_tells_texts_from_demonstrations_and_gaps(tmp_path: Path) -> None:
    ids = ("/akn/sg/act/2041/3", "/akn/sg/act/2042/4", "/akn/my/act/2043/5")
    for code in ("sg", "my"):
        rows = (f'[[instrument]]\nid = "{i}"\njurisdiction = "{code}"\nyear = {i[-6:-2]}\n' for i in ids if code in i)
        (tmp_path / f"{code}.toml").write_text("".join(rows), "utf-8")
    here = ("/akn/sg/act/2041/3", "/akn/my/act/2043/5-demo", "/akn/th/act/2590/2", "/akn/th/act/2590/3-demo")
    present = {i: Instrument(id=i, jurisdiction=i[5:7], languages=("en",)) for i in here}
    found = coverage(load(tmp_path), present)
    assert [(c.instrument.id, c.text, c.here, c.listed) for c in found] == [
        ("/akn/my/act/2043/5", "demonstration", "/akn/my/act/2043/5-demo", True),
        ("/akn/sg/act/2041/3", "text", "/akn/sg/act/2041/3", True),
        ("/akn/sg/act/2042/4", "no text", "", True),
        ("/akn/th/act/2590/2", "text", "/akn/th/act/2590/2", False),
        ("/akn/th/act/2590/3-demo", "demonstration", "/akn/th/act/2590/3-demo", False),
    ]
    page = markdown(found, load(tmp_path))
    assert "3 instruments are listed; of these 1 have their text here, 1 a demonstration text, 1 none." in page
    assert "| Thailand | none | – | – | unknown | unknown |" in page


def test_every_member_state_answers_the_first_question() -> None:
    rows = data_protection(Catalogue())
    assert [code for code, *_ in rows] == [code for code, j in jurisdictions().items() if j.member]
    assert all(answer == DataProtection() and law is None and not instead for _, answer, law, instead in rows)


# -- the catalogue that is shipped -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load(SHIPPED)


def test_it_has_every_jurisdiction(shipped: Catalogue) -> None:
    assert {e.instrument.jurisdiction for e in shipped.entries} == set(jurisdictions()) - {UNKNOWN}
    assert set(shipped.data_protection) == {code for code, j in jurisdictions().items() if j.member}


def test_a_status_has_a_source_and_a_date(shipped: Catalogue) -> None:
    for i in (e.instrument for e in shipped.entries):
        if i.status != UNKNOWN:
            assert i.status_source, f"{i.id}: status without a source"
            assert i.status_date, f"{i.id}: status without a date"
        assert i.title, i.id
        assert i.subjects, f"{i.id}: no subject"
        assert i.address.startswith(("https://", "http://")) or not i.address, i.id
        assert i.authoritative == UNKNOWN or i.authoritative in i.languages, i.id
        assert i.id.split("/")[2] == i.jurisdiction or i.jurisdiction in ("int",), i.id


def test_families_and_languages_are_known_to_the_parser(shipped: Catalogue) -> None:
    known = set(families())
    for entry in shipped.entries:
        assert not entry.family or entry.family in known, entry.instrument.id
        assert not entry.language or entry.language in languages(), entry.instrument.id


def test_eight_states_have_a_data_protection_law(shipped: Catalogue) -> None:
    # The ASEAN Secretariat counts eight; the others say what they have instead.
    rows = data_protection(shipped)
    assert {code for code, _, law, _ in rows if law} == {"bn", "id", "la", "my", "ph", "sg", "th", "vn"}
    for code, answer, law, instead in rows:
        assert answer.says, code
        assert answer.source, code
        assert answer.status_date, code
        assert (law and "personal-data" in law.subjects and law.enacted) or instead, code


def test_the_page_of_coverage_is_that_of_the_sample_corpus(shipped: Catalogue) -> None:
    present: dict[str, Instrument] = {}
    for path in sorted((ROOT / "corpus" / "sample").glob("*.toml")):
        entry = sidecar(path.with_suffix(".pdf"))
        assert entry
        told = present.get(entry.instrument.id, entry.instrument)
        spoken = {*(present[told.id].languages if told.id in present else ()), *_spoken(entry)}
        present[told.id] = replace(told, languages=tuple(sorted(spoken)))
    page = markdown(coverage(shipped, present), shipped)
    assert (ROOT / "docs" / "coverage.md").read_text("utf-8") == page, "write it again: lawsearch catalogue --markdown"


def _spoken(entry: Entry) -> tuple[str, ...]:
    return (entry.language,) if entry.language else entry.instrument.languages
