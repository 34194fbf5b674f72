from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import pytest
from laws import CORPUS, ID, PH, SG, TH

from lawsearch.errors import QueryError
from lawsearch.evaluation import Gold, answer, reliability, score, section
from lawsearch.search import Searcher

WORKS = {"SG": SG.id, "PH": PH.id, "ID": ID.id, "ID-en": ID.id, "TH": TH.id}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two topics over four laws: Thailand has no word on names, the Philippines' section 12 is related only."""
    laws = {
        "SG": {"file": "sg.pdf", "jurisdiction": "sg", "language": "en"},
        "PH": {"file": "ph.pdf", "jurisdiction": "ph", "language": "en"},
        "ID": {"file": "id.pdf", "jurisdiction": "id", "language": "id"},
        "ID-en": {"file": "id-en.pdf", "jurisdiction": "id", "language": "en", "gold": "ID"},
        "TH": {"file": "th.pdf", "jurisdiction": "th", "language": "th"},
    }
    cells = [
        ("broken", "SG", ["6"], [], "core"),
        ("broken", "PH", ["10"], ["12"], "core"),
        ("broken", "ID", ["6"], [], "core"),
        ("broken", "TH", ["6"], [], "core"),
        ("light", "SG", ["5"], ["1"], "core"),
        ("light", "PH", ["5", "11"], [], "core"),
        ("light", "ID", [], ["5"], "weak"),
        ("light", "TH", [], [], "none"),
    ]
    (tmp_path / "laws.json").write_text(json.dumps(laws))
    (tmp_path / "topics.tsv").write_text("broken\tNotice of a broken lamp\nlight\tDuty to light lamps\n")
    (tmp_path / "gold.jsonl").write_text(
        "".join(
            json.dumps({"topic": t, "law": law, "core": core, "related": related, "cell": cell}) + "\n"
            for t, law, core, related, cell in cells
        )
    )
    return tmp_path


def noisy_run(gold: Gold) -> list[dict]:
    """A run as a bad matcher would give it: shuffled, with native digits and spaces, and a question missing."""
    rng = random.Random(2)
    run = []
    for q in gold.questions():
        if rng.random() < 0.2:
            continue
        numbers = rng.sample(["1", "3", "5", "๖", "6", "7", " 10", "11", "12", "12"], 8)
        where = {"topic": q.key} if q.mode == "topic" else {"from": [q.source, q.key]}
        ranking = [[n, 1 - i / 10] for i, n in enumerate(numbers)]
        run.append({"mode": q.mode, **where, "to": q.target, "ranking": ranking, "no_counterpart": rng.random()})
    return run


def reference(shared: Path) -> object:
    path = shared / "gold" / "score.py"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    spec = importlib.util.spec_from_file_location("gold_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(ours: dict, theirs: dict) -> None:
    theirs = {name: row for name, row in theirs.items() if isinstance(row, dict)}
    assert set(ours) == set(theirs)
    for name, row in ours.items():
        for measure, value in row.items():
            assert value == pytest.approx(theirs[name][measure]), (name, measure)


def test_our_score_is_the_reference_score(folder: Path, shared: Path, tmp_path: Path) -> None:
    gold = Gold(folder)
    run = noisy_run(gold)
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in run))
    same(score(gold, run), reference(shared).score(folder, tmp_path / "run.jsonl"))


def test_our_score_is_the_reference_score_on_the_real_table(shared: Path, tmp_path: Path) -> None:
    gold = Gold(shared / "gold" / "dp-dev")
    run = noisy_run(gold)
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in run))
    same(score(gold, run), reference(shared).score(shared / "gold" / "dp-dev", tmp_path / "run.jsonl"))


def test_scores_by_hand(folder: Path) -> None:
    gold = Gold(folder)
    run = [
        {"mode": "provision", "from": ["SG", "6"], "to": "PH", "ranking": [["3", 1], ["10", 0]], "no_counterpart": 0.1},
        # Section 1 is related to lighting: neither right nor wrong, so section 5 is first.
        {"mode": "topic", "topic": "light", "to": "SG", "ranking": [["1", 1], ["๕", 0.5]], "no_counterpart": 0.2},
        {"mode": "topic", "topic": "light", "to": "PH", "ranking": [["11", 1], ["3", 0.5]], "no_counterpart": 0.4},
        {"mode": "topic", "topic": "light", "to": "TH", "ranking": [["5", 1]], "no_counterpart": 0.3},
    ]
    found = score(gold, run)
    assert found["provision SG>PH"] == {"n": 2, "mrr": 0.25, "p1": 0.0, "r5": 0.5}
    # Topics: five laws on the broken lamp (all missing), two on lighting; weak and empty cells are not ranked.
    assert found["topic"]["n"] == 7
    assert found["topic"]["mrr"] == pytest.approx(2 / 7)
    assert found["topic"]["p1"] == pytest.approx(2 / 7)
    assert found["topic"]["r5"] == pytest.approx((1 + 0.5) / 7)
    # The empty cell (0.3) against 0, 0, 0, 0, 0, 0.2, 0.4.
    assert found["topic"]["abstention_auroc"] == pytest.approx(6 / 7)
    assert score(gold, [])["provision"]["mrr"] == 0


def test_reliability_by_hand(folder: Path) -> None:
    gold = Gold(folder)
    said = [
        ("broken", "SG", 0.05),
        ("broken", "PH", 0.15),
        ("light", "TH", 0.15),
        ("light", "ID", 0.6),
        ("light", "SG", 1.0),
    ]
    run = [
        {"mode": "topic", "topic": topic, "to": law, "ranking": [], "no_counterpart": estimate}
        for topic, law, estimate in said
    ]
    found = reliability(gold, run)
    assert set(found) == {"topic"}
    # Indonesia's section is only related to lighting: neither a counterpart nor none.
    bands = [(b["from"], b["to"], b["n"], b["said"], b["seen"]) for b in found["topic"]]
    assert bands == [
        (0.0, 0.1, 1, 0.05, 0.0), (0.1, 0.2, 2, pytest.approx(0.15), 0.5), (0.7, 1.0, 1, 1.0, 0.0),
    ]  # fmt: skip
    assert reliability(gold, []) == {}


def test_a_perfect_run_scores_one(folder: Path) -> None:
    gold = Gold(folder)
    run = []
    for q in gold.questions():
        where = {"topic": q.key} if q.mode == "topic" else {"from": [q.source, q.key]}
        ranking = [[n, 1.0] for n in sorted(q.relevant)]
        doubt = float(q.cell == "none")
        run.append({"mode": q.mode, **where, "to": q.target, "ranking": ranking, "no_counterpart": doubt})
    for name, row in score(gold, run).items():
        assert {row["mrr"], row["p1"], row["r5"], row.get("abstention_auroc", 1.0)} == {1.0}, name


def test_questions_never_stay_within_one_jurisdiction(folder: Path) -> None:
    gold = Gold(folder)
    for q in gold.questions():
        if q.mode == "provision":
            assert gold.laws[q.source].jurisdiction != gold.laws[q.target].jurisdiction
        assert not q.relevant & q.ignored


def test_the_matcher_is_asked_every_question_it_can_be_asked(folder: Path, core: Searcher) -> None:
    gold = Gold(folder)
    run = answer(gold, core, WORKS)
    assert len(run) == len(list(gold.questions()))
    numbers = {code: set() for code in WORKS}
    for e in CORPUS:
        for code, law in gold.laws.items():
            if (WORKS[code], law.language) == (e.instrument.id, e.language):
                numbers[code] = {section(p.number) for p in e.provisions if p.is_unit and p.kind == "section"}
    for line in run:
        ranking = [n for n, _ in line["ranking"]]
        assert set(ranking) == numbers[line["to"]], "every section is ranked, and the preamble is not"
        assert len(ranking) == len(set(ranking))
        assert 0 <= line["no_counterpart"] <= 1
        scores = [s for _, s in line["ranking"]]
        assert scores == sorted(scores, reverse=True)
    assert score(gold, run)["provision same-language"]["mrr"] > 0.8


def test_a_section_that_was_not_parsed_counts_as_a_miss(folder: Path, core: Searcher) -> None:
    text = (folder / "gold.jsonl").read_text().replace('"core": ["6"]', '"core": ["66"]', 1)
    (folder / "gold.jsonl").write_text(text)
    gold = Gold(folder)
    run = answer(gold, core, WORKS)
    assert len(run) == len(list(gold.questions())) - 4
    assert score(gold, run)["provision SG>PH"]["p1"] <= 0.5


@pytest.mark.parametrize(
    ("name", "damage"),
    [("topics.tsv", "gone"), ("topics.tsv", "not text")]
    + [(name, d) for name in ("laws.json", "gold.jsonl") for d in ("gone", "not text", "{", "[]", '{"a": 1}')],
)
def test_a_damaged_gold_table_is_refused(folder: Path, name: str, damage: str) -> None:
    file = folder / name
    if damage == "gone":
        file.unlink()
    elif damage == "not text":
        file.write_bytes(b"\xff\xfe\xff")
    else:
        file.write_text(damage)
    with pytest.raises(QueryError, match="is not a gold table"):
        Gold(folder)


@pytest.mark.parametrize(("number", "expected"), [("26d", "26D"), ("๓๗", "37"), (" 12 A ", "12A"), ("４", "4")])
def test_section_numbers(number: str, expected: str) -> None:
    assert section(number) == expected
