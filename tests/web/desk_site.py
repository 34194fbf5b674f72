"""The made-up corpus of the core's tests with a hostile law and one in four scripts, indexed for the desk's tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from laws import CORPUS, PH, SG, expression
from madeup import EVIL

from lawsearch.correspondence import Alignment, Correspondence, Side
from lawsearch.embedding import Models
from lawsearch.generation import Generation
from lawsearch.grading import Choice
from lawsearch.indexing import build
from lawsearch.instrument import Instrument
from lawsearch.provision import Expression
from lawsearch.search import Searcher
from lawsearch.service import View
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.tables import Tables

HOSTILE = Instrument(
    id="/akn/my/guideline/2034/1", jurisdiction="my", title=f"Guideline {EVIL}", kind="guideline", force="non-binding",
    year=2034, authoritative="en", languages=("en",), status_source=EVIL, notes=EVIL,
)  # fmt: skip
SCRIPTS = Instrument(
    id="/akn/la/law/2044/4", jurisdiction="la", title="Law on Lamps and Night", native_title="ກົດໝາຍວ່າດ້ວຍໂຄມໄຟ",
    kind="law", force="binding", status="in force", authoritative="lo", languages=("lo", "km", "my"),
)  # fmt: skip
EXPRESSIONS = (
    expression(HOSTILE, "en", [
        ("1", f"Lamps {EVIL}", f"A keeper should light lamps {EVIL} at dusk.\n(1) =HYPERLINK(1)"),
        ("2", "=1+1", "=cmd|' /C calc'!A0 \x07 tells of lamp oil."),
    ]),
    expression(SCRIPTS, "lo", [("1", "ໂຄມໄຟ", "ຜູ້ຮັກສາຕ້ອງໄຕ້ໂຄມໄຟໃນຍາມຄ່ຳ.")], word="ມາດຕາ"),
    expression(SCRIPTS, "km", [("១", "ចង្កៀង", "អ្នកថែទាំត្រូវដុតចង្កៀងនៅពេលព្រលប់។")], word="មាត្រា"),
    expression(SCRIPTS, "my", [("၁", "မီးအိမ်", "ထိန်းသိမ်းသူသည် ညနေတွင် မီးထွန်းရမည်။")], word="ပုဒ်မ"),
)  # fmt: skip


def indexed(
    folder: Path, built: Settings, models: Models, expressions: Iterable[Expression] = (*CORPUS, *EXPRESSIONS)
) -> Searcher:
    """A searcher over an index of ``expressions`` in ``folder``; what is embedded already is not again."""
    settings = Settings(index_dir=folder, topics_dir=built.topics_dir, threads=1)
    with Store(settings.store_path) as store:
        for e in expressions:
            store.put(e.source, [e], "test")
    build(settings, models, embeddings=built.embeddings_path)
    return Searcher(settings, Generation.current(folder), models)


def amended() -> list[Expression]:
    """The corpus with another section 5, and without the last sections, as a later gazette has them."""
    rows = [
        ("5", "Duty to light lamps", "A keeper must light every lamp at dusk."),
        ("6", "Notice of a broken lamp", "(1) A keeper must tell the Lamp Office of a broken lamp within 48 hours.\n"
         "(2) The notice must say where the lamp stands and who broke it."),
    ]  # fmt: skip
    return [*(e for e in CORPUS if e.instrument.id != SG.id), expression(SG, "en", rows)]


def corresponding(_: Tables, view: View, source: Side, target: Side) -> Alignment:
    """In the place of ``Tables.of``: the tiny model doubts everything, so what corresponds is said here. Of the two
    acts on lamps, section 5 does and section 6 in part; of other texts, the first two provisions in their order."""
    close, far = Choice(1, 0.0, 0.1), Choice(3, 0.6, 0.2)
    units = [
        tuple(u.id for u in view.store.contents(s.instrument, s.language) if u.is_matched) for s in (source, target)
    ]
    rows = [Correspondence(a, b, "corresponds", 0.9, close, close, (), ()) for a, b in zip(*units, strict=False)][:2]
    if (source.instrument, target.instrument) == (SG.id, PH.id):
        rows = [
            Correspondence(f"{source.id}/~sec_5", f"{target.id}/~sec_5", "corresponds", 0.9, close, close, (), ()),
            Correspondence(f"{source.id}/~sec_6", f"{target.id}/~sec_10", "partly", 0.6, close, far, (), ()),
        ]
    return Alignment(source, target, units[0], units[1], tuple(rows))
