from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Thread

import pytest
from laws import BOATS, CORPUS, ID, PH, SG, TH, expression

from lawsearch.answer import UNCERTAIN, Answer, Answers, Filters
from lawsearch.correspondence import Side, align
from lawsearch.embedding import Models
from lawsearch.errors import GenerationError, QueryError
from lawsearch.generation import Generation
from lawsearch.grading import EVEN, GRADES
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.vocabulary import jurisdictions

Maker = Callable[..., Settings]
CLAUSE = "A keeper must tell the Lamp Office of a broken lamp within 48 hours.\nThe notice must say where it stands."


def by_code(answers: Answers) -> dict[str, Answer]:
    return {a.jurisdiction: a for a in answers.answers}


def ids(answers: Answers) -> set[str]:
    return {hit.provision.id for a in answers.answers for hit in a.hits}


@pytest.mark.parametrize("text", ["lamps", "broken lamp within 48 hours", CLAUSE, "ตะเกียงชำรุด", "minyak pelita"])
def test_answers_come_by_jurisdiction_best_first(core: Searcher, text: str) -> None:
    found = core.search(text, limit=50)
    assert found.generation == core.generation.name
    assert [a.jurisdiction for a in found.answers] == [*dict.fromkeys(a.jurisdiction for a in found.answers)]
    bests = [a.hits[0].score if a.hits else -1 for a in found.answers]
    assert bests == sorted(bests, reverse=True)
    for answer in found.answers:
        assert all(one.score >= other.score for one, other in pairwise(answer.hits))
        assert all(0 < hit.score <= 1 for hit in answer.hits)
        assert all(hit.grade in (*GRADES, "") for hit in answer.hits)
        assert 0 <= answer.no_counterpart <= 1
        for hit in answer.hits:
            assert hit.instrument.jurisdiction == answer.jurisdiction
            assert hit.instrument.id == hit.provision.instrument
            assert hit.provision.is_matched
            assert hit.signals
            assert all(one.share >= other.share for one, other in pairwise(hit.signals))


def test_a_hit_carries_the_grade_that_both_directions_give(core: Searcher) -> None:
    g = core.generation
    source = g.store.provision(f"{SG.id}/en/~sec_6")
    hits = by_code(core.counterparts(source))["ph"].hits
    assert hits[0].grade == "corresponds"
    assert hits[0].provision.id == f"{PH.id}/en/~sec_10"
    aligned = align(g, g.store, Side(SG.id, "en"), Side(PH.id, "en"))
    table = {row.target: row.grade for row in aligned.rows if row.source == source.id}
    assert hits[0].grade == table[hits[0].provision.id]
    assert hits[-1].grade == ""
    assert hits[-1].provision.id not in table


@pytest.mark.parametrize(
    ("text", "named"),
    [(CLAUSE, True), ("a fee of 12 dollars", True), ("keepers", False), ("the place", False), ("Sectn 9 XYZ", False)],
)
def test_of_a_text_that_names_something_its_own_choice_stands_for_both_directions_unless_it_is_uncertain(
    core: Searcher, text: str, named: bool
) -> None:
    bests = [a for a in core.search(text).answers if a.hits]
    assert bests
    for answer in bests:
        wanted = {"corresponds"} if named and answer.no_counterpart < UNCERTAIN else {"partly"}
        assert answer.hits[0].grade in (wanted if answer.no_counterpart < EVEN else {"related", ""})


def test_the_section_that_says_it_comes_first(core: Searcher) -> None:
    found = by_code(core.search(CLAUSE))
    assert found["sg"].hits[0].provision.id == f"{SG.id}/en/~sec_6"
    assert found["ph"].hits[0].provision.id == f"{PH.id}/en/~sec_10"
    assert found["id"].hits[0].provision.id == f"{ID.id}/en/~sec_6"
    hit = found["ph"].hits[0]
    assert {"broken", "lamp", "hours"} <= set(hit.terms)
    assert "broken lamp" in hit.passage


def test_numbers_are_shared_across_languages(core: Searcher) -> None:
    hit = next(h for h in by_code(core.search(CLAUSE))["th"].hits if h.provision.eid == "sec_๖")
    assert hit.terms == ("48",)


def test_jurisdictions_without_text_are_listed_with_none(core: Searcher) -> None:
    found = by_code(core.search("lamps"))
    members = {code for code, j in jurisdictions().items() if j.member}
    assert set(found) == members
    for code in members - {"sg", "ph", "id", "th"}:
        assert (found[code].units, found[code].hits, found[code].no_counterpart) == (0, (), 1.0)
    assert {code: found[code].units for code in ("sg", "ph", "id", "th")} == {"sg": 8, "ph": 5, "id": 8, "th": 3}


@pytest.mark.parametrize(
    ("given", "instruments"),
    [
        ({"jurisdictions": ("sg",)}, {SG.id, BOATS.id}),
        ({"jurisdictions": ("th", "ph")}, {TH.id, PH.id}),
        ({"jurisdictions": ("vn",)}, set()),
        ({"forces": ("non-binding",)}, {BOATS.id}),
        ({"kinds": ("law", "guideline")}, {ID.id, BOATS.id}),
        ({"statuses": ("repealed",)}, {PH.id}),
        ({"statuses": ("in force",), "jurisdictions": ("sg",)}, {SG.id}),
        ({"languages": ("th",)}, {TH.id}),
        ({"instruments": (SG.id,)}, {SG.id}),
        ({"year_from": 2042}, {PH.id, ID.id}),
        ({"year_to": 2041}, {SG.id, BOATS.id}),
        ({"year_from": 2041, "year_to": 2042}, {SG.id, ID.id}),
        ({"languages": ("lo",)}, set()),
        ({"instruments": ("/akn/xx/act/1",)}, set()),
    ],
)
def test_each_filter(core: Searcher, given: dict, instruments: set[str]) -> None:
    found = core.search("lamps and boats and oil", Filters(**given), limit=50)
    units = {e.instrument.id: 0 for e in CORPUS}
    for e in CORPUS:
        if e.instrument.id in instruments and e.language in given.get("languages", (e.language,)):
            units[e.instrument.id] += sum(p.is_matched for p in e.provisions)
    assert {key.split("/~")[0].rsplit("/", 1)[0] for key in ids(found)} == instruments
    assert sum(a.units for a in found.answers) == sum(units.values())
    for answer in found.answers:
        assert bool(answer.units) == bool(answer.hits)
        assert answer.units or answer.no_counterpart == 1.0
    if "jurisdictions" in given:
        assert {a.jurisdiction for a in found.answers} == set(given["jurisdictions"])


def test_a_language_filter_chooses_among_the_texts_of_one_law(core: Searcher) -> None:
    for language in ("id", "en"):
        found = by_code(core.search("pelita lamp", Filters(languages=(language,)), limit=50))
        assert {hit.provision.language for hit in found["id"].hits} == {language}


def test_section_5_of_one_law_never_hides_section_5_of_another(core: Searcher) -> None:
    found = by_code(core.search("a lamp must be lit at dusk and kept lit until sunrise", limit=50))
    fives = {hit.provision.id for a in found.values() for hit in a.hits if hit.provision.eid in ("sec_5", "sec_๕")}
    assert {f"{SG.id}/en/~sec_5", f"{BOATS.id}/en/~sec_5", f"{PH.id}/en/~sec_5", f"{TH.id}/th/~sec_๕"} < fives
    assert [h.provision.eid for h in found["sg"].hits].count("sec_5") == 2


def test_one_section_in_two_languages_is_one_counterpart(core: Searcher) -> None:
    hits = by_code(core.search("lamps", limit=50))["id"].hits
    assert len({hit.provision.eid for hit in hits}) == len(hits) == 4


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_there_are_at_most_limit_hits_and_more_only_add(core: Searcher, limit: int) -> None:
    few, many = by_code(core.search(CLAUSE, limit=limit)), by_code(core.search(CLAUSE, limit=50))
    for code, answer in few.items():
        assert len(answer.hits) <= limit
        assert len(answer.hits) == min(limit, len(many[code].hits))
        assert answer.hits[0:1] == many[code].hits[0:1]


def test_counterparts_leave_the_own_jurisdiction_out(core: Searcher) -> None:
    source = core.generation.store.provision(f"{SG.id}/en/~sec_6")
    found = core.counterparts(source, limit=50)
    assert found.source == source
    assert "sg" not in by_code(found)
    assert by_code(found)["ph"].hits[0].provision.id == f"{PH.id}/en/~sec_10"
    asked = core.counterparts(source, Filters(jurisdictions=("sg", "ph")))
    assert [a.jurisdiction for a in asked.answers] == ["ph"]


@pytest.mark.parametrize("eid", ["sec_6__subsec_1", "preamble"])
def test_counterparts_of_a_part_and_of_a_preamble(core: Searcher, eid: str) -> None:
    source = core.generation.store.provision(f"{SG.id}/en/~{eid}")
    found = core.counterparts(source)
    assert found.source == source
    assert "sg" not in by_code(found)
    if eid != "preamble":
        assert by_code(found)["ph"].hits[0].provision.id == f"{PH.id}/en/~sec_10"


def test_counterparts_are_those_of_the_text_alone_in_the_main(core: Searcher) -> None:
    source = core.generation.store.provision(f"{SG.id}/en/~sec_6")
    asked, pasted = by_code(core.counterparts(source)), by_code(core.counterparts_of_text(source.text))
    assert asked["ph"].hits[0].provision == pasted["ph"].hits[0].provision
    assert "sg" in pasted


def test_the_same_question_has_the_same_answer_in_every_thread(core: Searcher) -> None:
    wanted = core.search(CLAUSE).answers
    found: list[object] = []
    threads = [Thread(target=lambda: found.append(core.search(CLAUSE).answers)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 6


@pytest.mark.parametrize("text", ["", "   ", "…—", "\u200b", "()"])
def test_a_query_without_words_is_refused(core: Searcher, text: str) -> None:
    for ask in (core.search, core.counterparts_of_text):
        with pytest.raises(QueryError, match="no words"):
            ask(text)


def test_a_query_that_is_too_long_is_refused(core: Searcher) -> None:
    most = core.settings.max_text
    with pytest.raises(QueryError, match=f"{most + 1} characters, {most} are accepted"):
        core.search("a" * (most + 1))
    core.search("lamp " * (most // 5))


@pytest.mark.parametrize("text", ["1", "zzz qqq", "ผ", "🏮 lamp", "a\x00b", "ลามป์ lamp pelita", "x" * 500])
def test_any_text_with_a_letter_or_digit_is_answered(core: Searcher, text: str) -> None:
    assert core.search(text).answers


def test_no_second_model_no_english_signal(index_of: Maker, models: Models, core: Searcher) -> None:
    assert any(s.name == "english" for a in core.search("lamp").answers for h in a.hits for s in h.signals)
    from lawsearch.indexing import build

    settings = index_of(CORPUS[:3])
    alone = Models(models.multilingual)
    build(settings, alone)
    searcher = Searcher(settings, Generation.current(settings.index_dir), alone)
    found = searcher.search("lamp")
    assert ids(found)
    assert not any(s.name == "english" for a in found.answers for h in a.hits for s in h.signals)
    searcher.generation.close()


def test_models_are_never_mixed(core: Searcher, models: Models) -> None:
    for others in (Models(models.english, models.english), Models(models.multilingual)):
        with pytest.raises(GenerationError, match="made with the models") as caught:
            Searcher(core.settings, core.generation, others)
        assert "lawsearch index" in caught.value.remedy


def test_one_law_alone_can_be_searched(index_of: Maker, models: Models) -> None:
    law = expression(SG, "en", [("1", "", "Lamps."), ("2", "", "Oil."), ("3", "", "Oil.")])
    settings = index_of([law])
    searcher = Searcher(settings, Generation.current(settings.index_dir), models)
    found = searcher.search("oil")
    assert [a.jurisdiction for a in found.answers if a.hits] == ["sg"]
    assert by_code(found)["sg"].hits[0].provision.eid in ("sec_2", "sec_3")
    counterparts = searcher.counterparts(searcher.generation.store.provision(f"{SG.id}/en/~sec_2"))
    assert ids(counterparts) == set()
    searcher.generation.close()


@pytest.mark.parametrize("asked", ["provision", "text"])
def test_ranked_orders_one_expression_whole(core: Searcher, asked: str) -> None:
    question = core.generation.store.provision(f"{SG.id}/en/~sec_6") if asked == "provision" else CLAUSE
    found, doubt = core.ranked(question, PH.id, "en")
    assert found[0] == f"{PH.id}/en/~sec_10"
    assert sorted(found) == sorted(p.id for p in CORPUS[2].provisions if p.is_unit)
    assert 0 <= doubt <= 1
    thai, _ = core.ranked(question, TH.id, "th")
    assert sorted(thai) == sorted(p.id for p in CORPUS[5].provisions if p.is_unit)


def test_many_provisions_are_answered_as_each_alone(core: Searcher) -> None:
    units = [u for u in core.generation.store.contents(SG.id, "en") if u.id in core.generation.rows]
    assert list(core.counterparts_of_each([])) == []
    for unit, answers in zip(units, core.counterparts_of_each(units, limit=2), strict=True):
        alone = core.counterparts(unit, limit=2).answers
        assert [a.jurisdiction for a in answers] == [a.jurisdiction for a in alone]
        for one, other in zip(answers, alone, strict=True):
            assert [h.provision.id for h in one.hits] == [h.provision.id for h in other.hits]
            assert one.no_counterpart == pytest.approx(other.no_counterpart, abs=1e-4)
            assert [h.score for h in one.hits] == pytest.approx([h.score for h in other.hits], abs=1e-4)


def test_a_section_too_short_for_parts_has_counterparts(core: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    g = core.generation
    unit = g.store.provision(f"{SG.id}/en/~sec_6")
    row = g.rows[unit.id]
    offsets = g.offsets.copy()
    # As if its lines were too short to be parts.
    offsets[row + 1] = offsets[row]
    monkeypatch.setattr(g, "offsets", offsets)
    assert by_code(core.counterparts(unit))["ph"].hits[0].passage
