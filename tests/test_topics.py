from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from laws import ID, PH, SG

from lawsearch.answer import Filters
from lawsearch.errors import MetadataError, QueryError
from lawsearch.matrix import Cell, matrix
from lawsearch.search import Searcher
from lawsearch.topic import load, taxonomy_from
from lawsearch.vocabulary import jurisdictions

SHIPPED = Path(__file__).parents[1] / "corpus" / "topics"
FIELD = '[field]\nid = "a"\ndefinition = "A."\nlabels = {en = "A"}\n'
TOPIC = '[[topic]]\nid = "b"\ndefinition = "B."\nlabels = {en = "B", th = "บี"}\n'


def test_a_taxonomy_is_read_and_written(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FIELD + TOPIC, "utf-8")
    found = load(tmp_path)
    assert [t.id for t in found.of("a")] == ["b"]
    assert (found.topics["b"].label("th"), found.topics["b"].label("vi")) == ("บี", "B")
    assert taxonomy_from(found.as_json()) == found
    assert taxonomy_from(found.as_json()).digest == found.digest
    assert load(tmp_path / "nowhere").topics == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TOPIC, "a.toml, field: not a table"),
        (FIELD + TOPIC + TOPIC, "'b' is there already"),
        (FIELD + TOPIC.replace('"b"', '"a"'), "'a' is there already"),
        (FIELD + TOPIC.replace('"b"', '"B c"'), "id 'B c' is not"),
        (FIELD + TOPIC.replace('"B."', '" "'), "b has no definition"),
        (FIELD + TOPIC.replace("th =", "xx ="), "language 'xx' is not known"),
        (FIELD + TOPIC.replace("en =", "id ="), "b has no English label"),
        ('topic = "x"\n' + FIELD, "topic is not a list"),
        (FIELD + "[other]", "unknown table 'other'"),
    ],
)
def test_a_mistake_is_named(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text, "utf-8")
    with pytest.raises(MetadataError) as caught:
        load(tmp_path)
    assert problem in caught.value.problem


def test_provisions_are_assigned_where_they_answer_best(core: Searcher) -> None:
    g = core.generation
    assert list(g.taxonomy.topics) == ["lighting", "broken-lamps"]
    assert g.about.shape == (len(g.ids), 2)
    for topic, section in (("lighting", "5"), ("broken-lamps", "6")):
        scores = g.about_topic(topic)
        own = [row for row, key in enumerate(g.ids) if key.startswith(SG.id)]
        assert g.ids[max(own, key=lambda row: scores[row])] == f"{SG.id}/en/~sec_{section}"
        assert ((scores >= 0) & (scores <= 1)).all()
    row = g.rows[f"{SG.id}/en/~sec_5"]
    assert g.topics_of(row)[0][0] == "lighting"
    with pytest.raises(KeyError):
        g.about_topic("oil")


def test_answers_can_be_limited_to_topics_and_name_them(core: Searcher) -> None:
    everything = core.search("lamp", limit=20)
    some = core.search("lamp", Filters(topics=("broken-lamps",)), limit=20)
    wanted = {core.generation.ids[row] for row in np.flatnonzero(core.generation.about_topic("broken-lamps"))}
    found = {h.provision.id for a in some.answers for h in a.hits}
    assert found
    assert found <= wanted
    assert any(h.provision.id not in wanted for a in everything.answers for h in a.hits)
    for answer in everything.answers:
        for hit in answer.hits:
            assert list(hit.topics) == [t for t, _ in core.generation.topics_of(core.generation.rows[hit.provision.id])]
    with pytest.raises(QueryError, match="topic 'oil' is not known"):
        core.search("lamp", Filters(topics=("oil",)))


def test_the_matrix_has_a_cell_for_every_jurisdiction(core: Searcher) -> None:
    g = core.generation
    rows = matrix(g, g.store, list(g.taxonomy.topics.values()), ["sg", "id", "kh"])
    assert [row.subject.id for row in rows] == ["lighting", "broken-lamps"]
    for row in rows:
        singapore, indonesia, cambodia = row.cells
        assert cambodia == Cell("kh", "no text")
        assert singapore.state in ("corresponds", "partly")
        assert (singapore.state == "corresponds") == (singapore.provisions[0][1] > 0.7)
        # Indonesian and English texts of the same article are one counterpart.
        sections = [p.eid for p, _ in indonesia.provisions]
        assert len(sections) == len(set(sections))
        scores = [s for _, s in singapore.provisions]
        assert scores == sorted(scores, reverse=True)
    assert rows[1].cells[0].provisions[0][0].id == f"{SG.id}/en/~sec_6"
    assert {p.instrument for p, _ in rows[0].cells[1].provisions} == {ID.id}
    assert PH.id not in {p.instrument for row in rows for cell in row.cells for p, _ in cell.provisions}


def test_the_shipped_taxonomy_is_labelled_in_the_languages_of_the_region() -> None:
    found = load(SHIPPED)
    assert {"personal-data", "ai", "digital-economy", "electronic-transactions", "cybersecurity"} <= set(found.fields)
    assert len(found.of("personal-data")) >= 40

    spoken = {code for j in jurisdictions().values() if j.member for code in j.languages} - {"tet"}
    for topic in (*found.fields.values(), *found.topics.values()):
        assert spoken <= set(topic.labels), f"{topic.id}: no label in {spoken - set(topic.labels)}"
        assert topic.field or found.of(topic.id), f"{topic.id}: a field without topics"
        assert len(topic.definition.split()) >= 8, topic.id
