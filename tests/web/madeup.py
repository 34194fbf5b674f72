"""A small made-up corpus in the house's own words, and a searcher over it that counts shared words."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_matrix, lil_matrix

from lawsearch.answer import Answer, Answers, Filters, Hit, Signal
from lawsearch.generation import Group
from lawsearch.instrument import Instrument
from lawsearch.language import script
from lawsearch.lexicon import words
from lawsearch.provision import Box, Expression, Provision
from lawsearch.store import Store
from lawsearch.topic import Taxonomy, taxonomy_from
from lawsearch.vocabulary import jurisdictions

EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"

#: Where the tests address a server; it answers to no other name.
LOCAL = "http://localhost"

Section = tuple[str, str, str]


def sections(
    instrument: Instrument,
    language: str,
    word: str,
    kind: str,
    abbreviation: str,
    rows: Iterable[Section],
    *more: Provision,
) -> Expression:
    """An expression of (number, heading, text) rows; lines that begin with (1) or (a) become parts; then ``more``."""
    found: list[Provision] = []
    short = "sec" if kind == "section" else "art"
    for page, (number, heading, text) in enumerate(rows, start=2):
        eid = f"{short}_{number}"
        base = {"instrument": instrument.id, "language": language}
        place = (Box(page, 72, 100, 520, 300),)
        citation = f"{instrument.name} ({instrument.jurisdiction.upper()}) {abbreviation} {number}"
        found.append(
            Provision(
                **base, eid=eid, kind=kind, number=number, label=f"{word} {number}", citation=citation,
                heading=heading, text=text, path=("PART 1", "Duties") if page < 4 else ("PART 2",), boxes=place,
            )
        )  # fmt: skip
        for line in text.splitlines():
            if line.startswith("(") and ") " in line:
                marker, rest = line.split(" ", 1)
                part = marker.strip("()")
                found.append(
                    Provision(
                        **base, eid=f"{eid}__subsec_{part}", kind="subsection", number=marker, text=rest, parent=eid,
                        label=f"{word} {number}{marker}", citation=citation + marker, boxes=place,
                    )
                )  # fmt: skip
    return Expression(
        instrument=instrument, language=language, source=f"/somewhere/{instrument.id.replace('/', '-')}-{language}.pdf",
        source_digest="ab" * 32, provisions=(*found, *more), report={"pages": 9, "sections": len(found), "gaps": []},
    )  # fmt: skip


SG = Instrument(
    id="/akn/sg/act/2031/7", jurisdiction="sg", title="Data Care Act 2031", short_title="DCA 2031", kind="act",
    force="binding", status="in force", status_source="https://example.org/status", year=2031, number="7",
    authoritative="en", languages=("en",), enacted="2031-05-04", address="https://example.org/dca",
)  # fmt: skip
PH = Instrument(
    id="/akn/ph/act/2033/11", jurisdiction="ph", title="Data Care Act of 2033", short_title="DCA 2033", kind="act",
    force="binding", year=2033, number="11", authoritative="en", languages=("en",),
)  # fmt: skip
TH = Instrument(
    id="/akn/th/act/2574/3", jurisdiction="th", title="Data Care Act B.E. 2574", short_title="DCA 2574", kind="act",
    native_title="พระราชบัญญัติการดูแลข้อมูล พ.ศ. ๒๕๗๔", force="binding", status="in force", year=2031,
    authoritative="th", languages=("th",),
)  # fmt: skip
VN = Instrument(
    id="/akn/vn/law/2032/5", jurisdiction="vn", title="Law on Data Care", native_title="Luật Chăm sóc dữ liệu",
    kind="law", force="binding", status="not yet in force", year=2032, authoritative="vi", languages=("vi",),
)  # fmt: skip
ID = Instrument(
    id="/akn/id/law/2030/9", jurisdiction="id", title="Law on Fishing Gear", native_title="Undang-Undang Alat Tangkap",
    kind="law", force="binding", status="repealed", year=2030, authoritative="id", languages=("id", "en"),
)  # fmt: skip
MY = Instrument(
    id="/akn/my/guideline/2034/1", jurisdiction="my", title=f"Guideline {EVIL}", kind="guideline",
    force="non-binding", year=2034, authoritative="en", languages=("en",), notes=EVIL, address="javascript:alert(1)",
)  # fmt: skip

#: What the law of Indonesia says of its article itself.
TOLD = Provision(
    instrument=ID.id, language="id", eid="explanation_4", kind="explanation", number="Penjelasan Pasal 4",
    label="Penjelasan Pasal 4", citation="Law on Fishing Gear (ID) Penjelasan Pasal 4",
    text="Yang dimaksud dengan jaring ialah alat dari tali.\nCukup jelas.",
)  # fmt: skip

EXPRESSIONS = (
    sections(SG, "en", "Section", "section", "s", [
        ("1", "Short title", "This Act may be cited as the Data Care Act 2031."),
        ("2A", "Duty to notify a data breach",
         "A keeper who learns of a data breach—\n(1) must notify the Board of the data breach within 3 days; and\n"
         "(2) must notify each person whom the breach harms, unless the data were encrypted.\n"
         "The notice must say what was lost."),
        ("3", "Consent", "(1) A keeper must not use personal data without consent.\n"
         "(2) Consent may be withdrawn at any time by notice to the keeper."),
    ]),
    sections(PH, "en", "Section", "section", "sec", [
        ("10", "Notification of breach",
         "A keeper who learns of a data breach—\n(1) shall notify the Commission of the data breach within 72 hours;\n"
         "(2) must notify each person whom the breach harms, unless the data were encrypted.\n"
         "(3) shall keep a register of breaches for five years."),
        ("11", "Consent of the person", "No keeper shall use personal data without consent given in writing."),
    ]),
    sections(TH, "th", "มาตรา", "section", "s", [
        ("๗", "การแจ้งเหตุละเมิดข้อมูล",
         "(1) ผู้ดูแลข้อมูลต้องแจ้งเหตุละเมิดข้อมูลแก่คณะกรรมการภายในสามวัน\n"
         "(2) ผู้ดูแลข้อมูลต้องแจ้งเจ้าของข้อมูลที่ได้รับความเสียหายโดยไม่ชักช้า"),
        ("๘", "ความยินยอม", "ห้ามใช้ข้อมูลส่วนบุคคลโดยไม่ได้รับความยินยอม"),
    ]),
    sections(VN, "vi", "Điều", "article", "art", [
        ("12", "Thông báo vi phạm dữ liệu",
         "(1) Người giữ dữ liệu phải thông báo vi phạm dữ liệu cho cơ quan trong 72 giờ.\n"
         "(2) Thông báo nêu rõ dữ liệu bị mất."),
    ]),
    sections(ID, "id", "Pasal", "article", "art", [
        ("4", "Alat tangkap", "Setiap orang dilarang memakai jaring yang merusak terumbu karang."),
    ], TOLD),
    sections(ID, "en", "Article", "article", "art", [
        ("4", "Fishing gear", "No person shall use a net that harms coral reefs."),
    ]),
    sections(MY, "en", "Clause", "section", "cl", [
        ("1", f"Breach {EVIL}", f"A keeper should notify a data breach {EVIL} to the public without delay."),
    ]),
)  # fmt: skip


def make_store(path: Path) -> Path:
    """Write the corpus to a new store at ``path``."""
    with Store(path) as store:
        for expression in EXPRESSIONS:
            store.put(expression.source, [expression], "made-up 1")
    with Store(path) as store:
        store.snapshot(path.with_suffix(".snapshot"))
    return path.with_suffix(".snapshot")


#: Ids of the provisions about each topic of the taxonomy.
ABOUT = {
    "breaches": ("/akn/sg/act/2031/7/en/~sec_2A", "/akn/th/act/2574/3/th/~sec_๗"),
    "consent": ("/akn/sg/act/2031/7/en/~sec_3",),
}
#: Provisions that are each other's counterparts.
LINKED = (("/akn/sg/act/2031/7/en/~sec_2A", "/akn/ph/act/2033/11/en/~sec_10"),)
TAXONOMY = taxonomy_from([
    {"id": "data", "field": "", "definition": "Care of data.", "labels": {"en": "Data care"}},
    {"id": "breaches", "field": "data", "definition": f"Who tells whom of a breach. {EVIL}",
     "labels": {"en": "Breaches", "th": "การละเมิด"}},
    {"id": "consent", "field": "data", "definition": "Leave to use data.", "labels": {"en": f"Consent {EVIL}"}},
    {"id": "silence", "field": "data", "definition": "Nothing is about this.", "labels": {"en": "Silence"}},
])  # fmt: skip


class FakeEncoder:
    """Texts as counts of words, dictionary words standing in for meaning; a hash gives each word its place."""

    def encode(self, texts: list[str]) -> np.ndarray:
        found = np.full((len(texts), 64), 0.01, np.float32)
        for row, text in enumerate(texts):
            for word in words(text, script(text) or "vi"):
                found[row, zlib.crc32(FakeSearcher.MEANING.get(word, word).encode()) % 64] += 1
        return found


@dataclass
class FakeGeneration:
    name: str
    store: Store
    manifest: dict = field(default_factory=lambda: {"built": "2031-01-01T00:00:00+00:00", "models": {"e5": "x"}})
    taxonomy: Taxonomy = TAXONOMY

    def __post_init__(self) -> None:
        units = sorted(self.store.units(), key=lambda u: (u.instrument, u.language))
        self.ids = [u.id for u in units]
        self.rows = {key: row for row, key in enumerate(self.ids)}
        code = {key: i.jurisdiction for key, i in self.store.instruments().items()}
        self.groups = {}
        for row, u in enumerate(units):
            name = f"{u.instrument}-{u.language}"
            start = self.groups[name].start if name in self.groups else row
            self.groups[name] = Group(name, code[u.instrument], u.language, start, row + 1)
        # No line is in the index: the encoder is asked for each part.
        self.bags = SimpleNamespace(vector=lambda _: np.zeros(1))
        self.parts, self.offsets = np.zeros((0, 64), np.float16), np.zeros(len(self.ids) + 1, np.int64)
        self.links = lil_matrix((len(self.ids), len(self.ids)), dtype=np.float32)
        for a, b in LINKED:
            self.links[self.rows[a], self.rows[b]] = self.links[self.rows[b], self.rows[a]] = 0.8
        self.about = csr_matrix(np.array([[0.7 * (key in found) for found in self._found()] for key in self.ids]))

    def _found(self) -> list[tuple[str, ...]]:
        return [ABOUT.get(topic, ()) for topic in self.taxonomy.topics]

    def topics_of(self, row: int) -> list[tuple[str, float]]:
        return [(topic, 0.7) for topic, found in ABOUT.items() if self.ids[row] in found]

    def about_topic(self, topic: str) -> np.ndarray:
        return self.about[:, [list(self.taxonomy.topics).index(topic)]].toarray().ravel()


class FakeSearcher:
    """The searcher's interface over word overlap; dictionary words stand in for meaning across languages."""

    MEANING: ClassVar = {
        "แจ้ง": "notify", "ละเมิด": "breach", "ข้อมูล": "data", "thông": "notify", "vi": "breach", "dữ": "data",
        "notification": "notify", "ยินยอม": "consent", "ความยินยอม": "consent",
    }  # fmt: skip

    def __init__(self, store: Store, name: str = "made-up-1", stale: Callable[[], bool] = lambda: False) -> None:
        self.generation = FakeGeneration(name, store)
        self.models = SimpleNamespace(multilingual=FakeEncoder())
        self.stale = stale
        self.instruments = store.instruments()
        self.all = list(store.units())

    def renewed(self) -> FakeSearcher:
        return FakeSearcher(self.generation.store, self.generation.name + "-renewed")

    def search(self, text: str, filters: Filters = Filters(), *, limit: int = 5) -> Answers:
        return self._answers(text, "en", filters, limit)

    def counterparts_of_text(self, clause: str, filters: Filters = Filters(), *, limit: int = 5) -> Answers:
        return self._answers(clause, "en", filters, limit)

    def counterparts(self, source: Provision, filters: Filters = Filters(), *, limit: int = 5) -> Answers:
        own = self.instruments[source.instrument].jurisdiction
        found = self._answers(f"{source.heading} {source.text}", source.language, filters, limit)
        others = tuple(a for a in found.answers if a.jurisdiction != own)
        return replace(found, answers=others, source=source)

    def counterparts_of_each(self, sources: Sequence[Provision], *, limit: int = 5) -> Iterator[tuple[Answer, ...]]:
        return (self.counterparts(source, limit=limit).answers for source in sources)

    def _bag(self, text: str, language: str) -> set[str]:
        return {self.MEANING.get(w, w) for w in words(text, language)}

    def _answers(self, text: str, language: str, filters: Filters, limit: int) -> Answers:
        asked = self._bag(text, language)
        answers = []
        for code, jurisdiction in jurisdictions().items():
            units = [p for p in self.all if self._fits(p, code, filters)]
            if not units and not jurisdiction.member:
                continue
            scored = sorted(((self._score(asked, p), p) for p in units), key=lambda s: (-s[0], s[1].id))
            hits = tuple(self._hit(score, asked, p) for score, p in scored[:limit] if score > 0.02)
            best = hits[0].score if hits else 0.0
            none = 1.0 if not units else max(0.02, min(0.97, 1.1 - 3 * best))
            answers.append(Answer(jurisdiction=code, hits=hits, no_counterpart=none, units=len(units)))
        answers.sort(key=lambda a: -(a.hits[0].score if a.hits else -a.no_counterpart))
        name = self.generation.name
        return Answers(text=text, language=language, answers=tuple(answers), generation=name, took_ms=1.5)

    def _fits(self, p: Provision, code: str, filters: Filters) -> bool:
        i = self.instruments[p.instrument]
        wanted = (
            (filters.jurisdictions, i.jurisdiction), (filters.forces, i.force), (filters.kinds, i.kind),
            (filters.statuses, i.status), (filters.languages, p.language), (filters.instruments, i.id),
        )  # fmt: skip
        years = (filters.year_from or 0) <= (i.year or 0) <= (filters.year_to or 9999)
        return i.jurisdiction == code and years and all(not allowed or value in allowed for allowed, value in wanted)

    def _score(self, asked: set[str], p: Provision) -> float:
        bag = self._bag(f"{p.heading} {p.text}", p.language)
        return len(asked & bag) / max(1, min(len(asked), len(bag)))

    def _hit(self, score: float, asked: set[str], p: Provision) -> Hit:
        shared = tuple(w for w in dict.fromkeys(words(p.text, p.language)) if self.MEANING.get(w, w) in asked)
        signals = (Signal("meaning", 0.8, 0.7), Signal("title", 0.5, 0.3))
        return Hit(
            provision=p, instrument=self.instruments[p.instrument], score=score, signals=signals, terms=shared[:4],
            grade="corresponds" if score >= 0.5 else "", passage=p.text,
            topics=tuple(topic for topic, found in ABOUT.items() if p.id in found),
        )  # fmt: skip
