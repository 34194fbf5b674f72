"""Accuracy against a gold table of corresponding provisions: the run, and its scores.

A gold folder holds laws.json, topics.tsv and gold.jsonl; the questions and measures are those of its score.py:
*provision* (a core section of one law -> rank every section of another jurisdiction's law) and *topic* (a topic's
definition as free text -> rank the sections of one law), MRR, P@1, R@5 and the AUROC of ``no_counterpart``.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lawsearch.errors import QueryError
from lawsearch.linking import Progress, silent
from lawsearch.provision import APART_KINDS, Provision
from lawsearch.search import Searcher
from lawsearch.text import digits
from lawsearch.topic import Taxonomy, Topic

#: Bounds of the bands in which the estimate of "no counterpart" is compared with what was found.
BANDS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Law:
    """One law of a gold table: its code, PDF (below the corpus folder), jurisdiction, language, and the code whose
    labels hold for it (a translation shares its original's)."""

    code: str
    file: str
    jurisdiction: str
    language: str
    table: str


@dataclass(frozen=True, slots=True)
class Question:
    """``mode`` is provision or topic, ``key`` a section of ``source`` or a topic id; what is right in ``target``."""

    mode: str
    source: str
    key: str
    target: str
    relevant: frozenset[str]
    ignored: frozenset[str]
    cell: str


class Gold:
    """A gold folder, read. Raises QueryError naming the file that is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        try:
            rows = json.loads((folder / "laws.json").read_text("utf-8"))
            self.laws = {
                code: Law(code, r["file"], r["jurisdiction"], r["language"], r.get("gold", code))
                for code, r in rows.items()
            }
            lines = (folder / "topics.tsv").read_text("utf-8").splitlines()
            self.topics = dict(line.split("\t", 1) for line in lines if "\t" in line)
            cells = [json.loads(line) for line in (folder / "gold.jsonl").read_text("utf-8").splitlines() if line]
            self._cells = {(c["topic"], c["law"]): c for c in cells}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise QueryError(
                f"{folder} is not a gold table: {error}", "See its README for the files it needs"
            ) from None

    def _served(self) -> dict[tuple[str, str], set[str]]:
        """The topics that each section is a core section of, by table and number."""
        serves: dict[tuple[str, str], set[str]] = defaultdict(set)
        for (topic, law), cell in self._cells.items():
            for number in cell["core"]:
                serves[law, number].add(topic)
        return serves

    def topics_of(self, q: Question) -> set[str]:
        """The topics that a question is about."""
        return {q.key} if q.mode == "topic" else self._served()[self.laws[q.source].table, q.key]

    def questions(self) -> Iterator[Question]:
        """Every question of both modes with its answer."""
        serves = self._served()
        for source in self.laws.values():
            for (law, number), topics in sorted(serves.items()):
                if law == source.table:
                    for target in self.laws.values():
                        if target.jurisdiction != source.jurisdiction:
                            yield self._question("provision", source.code, number, target, topics)
        for topic in sorted({t for t, _ in self._cells}):
            for target in self.laws.values():
                yield self._question("topic", "", topic, target, {topic})

    def _question(self, mode: str, source: str, key: str, target: Law, topics: set[str]) -> Question:
        cells = [self._cells[t, target.table] for t in topics if (t, target.table) in self._cells]
        relevant = frozenset(n for c in cells for n in c["core"])
        ignored = frozenset(n for c in cells for n in c["related"]) - relevant
        cell = "core" if relevant else "none" if all(c["cell"] == "none" for c in cells) else "weak"
        return Question(mode, source, key, target.code, relevant, ignored, cell)


def section(number: str) -> str:
    """A section number as the gold writes it: 0-9, no spaces, capitals."""
    return "".join(digits(unicodedata.normalize("NFKC", number)).split()).upper()


def numbered(gold: Gold, searcher: Searcher, works: Mapping[str, str]) -> Iterator[tuple[Law, str, Provision]]:
    """Every section of every law of the table with its number, as it was parsed."""
    for law in gold.laws.values():
        for unit in searcher.generation.store.contents(works[law.code], law.language):
            number = section(unit.number)
            if unit.kind not in APART_KINDS and number[:1].isdigit():
                yield law, number, unit


def asked(gold: Gold, searcher: Searcher, works: Mapping[str, str]) -> Iterator[tuple[Question, Provision | str]]:
    """Every question with what is asked, a section or a definition. ``works`` maps each law's code to its instrument.

    Sections that were not parsed cannot be asked about; their questions are left out.
    """
    sections: dict[tuple[str, str], Provision] = {}
    for law, number, unit in numbered(gold, searcher, works):
        sections.setdefault((law.code, number), unit)
    for q in gold.questions():
        found = gold.topics.get(q.key) if q.mode == "topic" else sections.get((q.source, q.key))
        if found is not None:
            yield q, found


def answer(gold: Gold, searcher: Searcher, works: Mapping[str, str], progress: Progress = silent) -> list[dict]:
    """The run: one line a question that can be asked, as the gold's score.py reads it."""
    numbers = {unit.id: number for _, number, unit in numbered(gold, searcher, works)}
    questions = list(asked(gold, searcher, works))
    run = []
    for done, (q, question) in enumerate(questions, 1):
        progress("asking", done, len(questions))
        ids, doubt = searcher.ranked(question, works[q.target], gold.laws[q.target].language)
        ranking = [[numbers[key], round(1 - i / len(ids), 4)] for i, key in enumerate(ids) if key in numbers]
        where = {"topic": q.key} if q.mode == "topic" else {"from": [q.source, q.key]}
        run.append({"mode": q.mode, **where, "to": q.target, "ranking": ranking, "no_counterpart": round(doubt, 6)})
    return run


def taxonomy_of(gold: Gold) -> Taxonomy:
    """The gold's topics as a taxonomy, so that what is assigned to them can be scored."""
    area = Topic("gold", "The topics of a gold table.", {"en": "gold"})
    topics = {key: Topic(key, text, {"en": key}, area.id) for key, text in gold.topics.items()}
    return Taxonomy({area.id: area}, topics)


def assigned(gold: Gold, searcher: Searcher, works: Mapping[str, str]) -> dict[str, float]:
    """How rightly provisions are assigned to the gold's topics: precision, recall and F1 over all (section, topic).

    The searcher's generation was built with ``taxonomy_of(gold)``. A section that is only related to a topic is
    neither right nor wrong.
    """
    g = searcher.generation
    right = wrong = total = 0
    for (topic, table), cell in gold._cells.items():
        scores = g.about_topic(topic)
        for law in gold.laws.values():
            if law.table != table:
                continue
            units = g.store.contents(works[law.code], law.language)
            found = {section(u.number) for u in units if u.id in g.rows and scores[g.rows[u.id]] > 0}
            right += len(found & set(cell["core"]))
            wrong += len(found - set(cell["core"]) - set(cell["related"]))
            total += len(set(cell["core"]))
    precision, recall = right / max(1, right + wrong), right / max(1, total)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"n": total, "precision": precision, "recall": recall, "f1": f1}


def score(gold: Gold, run: Sequence[Mapping]) -> dict[str, dict[str, float]]:
    """Measures by group of questions (mode, same-language or cross-lingual, language and law pair).

    Each has n, mrr, p1, r5; the two modes also ``abstention_auroc``. A question missing from the run is a miss.
    """
    said = {_key(r): r for r in run}
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0] * 4)
    doubts: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for q in gold.questions():
        r = said.get(_asked(q))
        ranking = [section(n) for n, *_ in r["ranking"]] if r else []
        ranking = [n for n in dict.fromkeys(ranking) if n not in q.ignored]
        doubt = r.get("no_counterpart", 0.0) if r else 0.0
        if q.cell == "none":
            doubts[q.mode][0].append(doubt)
        if q.cell != "core":
            continue
        doubts[q.mode][1].append(doubt)
        rank = next((i for i, n in enumerate(ranking, 1) if n in q.relevant), 0)
        found = len(set(ranking[:5]) & q.relevant) / min(5, len(q.relevant))
        for name in _groups(gold, q):
            for i, value in enumerate((1.0, 1 / rank if rank else 0.0, float(rank == 1), found)):
                sums[name][i] += value
    report = {
        name: {"n": n, "mrr": mrr / n, "p1": p1 / n, "r5": r5 / n} for name, (n, mrr, p1, r5) in sorted(sums.items())
    }
    for mode, (empty, filled) in doubts.items():
        if empty and filled and mode in report:
            wins = sum((e > f) + 0.5 * (e == f) for e in empty for f in filled)
            report[mode]["abstention_auroc"] = wins / (len(empty) * len(filled))
    return report


def reliability(gold: Gold, run: Sequence[Mapping]) -> dict[str, list[dict[str, float]]]:
    """How far the estimate of "no counterpart" keeps its word, by mode and band of the estimate (``BANDS``).

    Each band has n questions, the mean estimate ``said`` and the share of them without a counterpart, ``seen``.
    Questions whose answer is only related are left out: they have neither a counterpart nor none.
    """
    cells = {_asked(q): q.cell for q in gold.questions()}
    told = defaultdict[tuple[str, int], list[tuple[float, bool]]](list)
    for r in run:
        cell = cells.get(_key(r))
        if cell in ("core", "none"):
            band = bisect_right(BANDS, r["no_counterpart"]) - 1
            told[r["mode"], min(band, len(BANDS) - 2)].append((r["no_counterpart"], cell == "none"))
    found: dict[str, list[dict[str, float]]] = {}
    for (mode, band), pairs in sorted(told.items()):
        said, seen = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
        row = {"from": BANDS[band], "to": BANDS[band + 1], "n": len(pairs), "said": said, "seen": seen}
        found.setdefault(mode, []).append(row)
    return found


def _asked(q: Question) -> tuple[str, str, str, str]:
    return q.mode, q.source, section(q.key) if q.mode == "provision" else q.key, q.target


def _key(r: Mapping) -> tuple[str, str, str, str]:
    if r["mode"] == "topic":
        return "topic", "", r["topic"], r["to"]
    return "provision", r["from"][0], section(r["from"][1]), r["to"]


def _groups(gold: Gold, q: Question) -> list[str]:
    there = gold.laws[q.target].language
    if q.mode == "topic":
        return ["topic", f"topic {there}"]
    here = gold.laws[q.source].language
    kind = "same-language" if here == there else "cross-lingual"
    return ["provision", f"provision {kind}", f"provision {here}>{there}", f"provision {q.source}>{q.target}"]
