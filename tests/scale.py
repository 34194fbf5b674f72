"""What an index of many provisions costs, at sizes that grow: ``make bench-scale``.

Real provisions of ../shared/corpus/bulk are embedded once. Every provision of the corpus is a copy of one of them whose
vectors have noise, as another country's provision on the same subject is near but not the same; noise that is as long
in all directions is harder for the approximate index than laws are, for those differ in few. The index is built as ever
but for that: what embeds looks vectors up, the words and concepts of each text are found once, and above ``REALLY`` the
links are those between copies of the same provision. Then one process and as many as ``READERS`` open it with the real
models and are asked. Nothing here is asserted: machines differ.

Where the package with a Milvus server is installed, the vectors are searched by that, too, on this machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scipy import sparse

from lawsearch import indexing, views
from lawsearch import milvus as milvus_module
from lawsearch import vectors as vectors_module
from lawsearch.answer import Filters
from lawsearch.embedding import EmbeddingCache, Models, load_models
from lawsearch.generation import Generation
from lawsearch.instrument import Instrument
from lawsearch.linking import link
from lawsearch.matching import Matcher
from lawsearch.milvus import Milvus
from lawsearch.provision import Expression, Provision
from lawsearch.search import Searcher
from lawsearch.settings import IndexSettings, Settings, load_settings
from lawsearch.store import Store
from lawsearch.vectors import Nearest, VectorIndex
from tests import milvus_server
from tests.bench import QUERIES, many, percentiles, report

SIZES = (10_000, 100_000, 1_000_000)
#: Jurisdictions and languages, as many as the sample corpus has; they share the provisions evenly.
GROUPS = (
    "asean-en", "bn-en", "id-id", "kh-km", "la-lo", "mm-my", "my-en", "my-ms", "ph-en", "ph-tl", "sg-en", "th-th",
    "tl-pt", "tl-tet", "vn-vi",
)  # fmt: skip
#: Real provisions, the first so many characters of each, and the length of the noise: a cosine of .96 to the original.
REAL, LENGTH, NOISE = 2_000, 700, 0.3
#: Provisions of a text, and what years texts are of, by turns.
TEXT, YEARS = 40, range(1925, 2025)
#: Provisions up to which links are really made; above, each is linked with so many of each other group.
REALLY, PARTNERS = 10_000, 7
#: Lists looked into that are tried, queries, and how many of the nearest recall looks at.
PROBES, QUERIES_MADE, NEAREST = (32, 64, 128), 60, 50
#: Filters by year that let through a half and a fiftieth; provisions that are asked for counterparts.
FILTERS, ASKED = {"a half": Filters(year_from=1975), "2 %": Filters(year_from=2023)}, 100
#: Questions that are asked with each filter: they look at all that may answer.
FILTERED = 20
#: Processes over one index.
READERS = 3
#: What one copy of a text takes from the words of it.
KEPT = 0.8


class Originals:
    """Real provisions with their vectors, by what is embedded of them."""

    def __init__(self, embeddings: Path, models: Models) -> None:
        found = [replace(p, text=_broken(p.text[:LENGTH])) for e in many(REAL) for p in e.provisions]
        self.units, self.models = found, models
        lines = [line for unit in found for line in views.parts(unit.text)]
        cache = EmbeddingCache(embeddings)
        wanted = {
            "provisions": (models.multilingual, map(views.whole, found)),
            "titles": (models.multilingual, map(views.title, found)),
            "parts": (models.multilingual, lines),
            "English": (models.english, map(views.whole, found)),
        }
        self.places, self.vectors = {}, {}
        for what, (encoder, texts) in wanted.items():
            distinct = list(dict.fromkeys(texts))
            self.places[what] = {text: place for place, text in enumerate(distinct)}
            assert encoder, "the bench needs a model for English, too"
            self.vectors[what] = cache.encode(encoder, distinct)
        cache.close()


def _broken(text: str) -> str:
    """A text of one line, as those of the archive are, with its sentences on lines of their own."""
    return re.sub(r"(?<=[.;:—]) +", "\n", text)


def noisy(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors, each near one of ``vectors``."""
    found = rng.standard_normal(vectors.shape, dtype=np.float32)
    found *= NOISE / np.sqrt(found.shape[1])
    found += vectors
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


class Copying:
    """Stands in for what embeds: a text gets the vector of the original with noise, every time another."""

    def __init__(self, originals: Originals) -> None:
        self.models, self._originals = originals.models, originals
        self._rng = np.random.default_rng(0)

    def pieces(self, _encoder: object, texts: Iterable[str], _count: int, what: str) -> Iterator[np.ndarray]:
        places, vectors, left = self._originals.places[what], self._originals.vectors[what], iter(texts)
        while some := list(islice(left, indexing.STEP)):
            yield noisy(vectors[[places[text] for text in some]], self._rng)

    def kept(self) -> Models:
        return self.models


def corpus(originals: Originals, size: int) -> Iterator[Expression]:
    """Texts of copies, group by group; the same places in all groups are copies of the same originals."""
    each = size // len(GROUPS)
    for group in GROUPS:
        code, language = group.split("-")
        for first in range(0, each, TEXT):
            number = first // TEXT
            work = f"/akn/{code}/act/bulk/{language}-{number:06}"
            provisions = tuple(
                replace(
                    originals.units[row % len(originals.units)], instrument=work, language=language,
                    eid=f"sec_{row - first + 1}", number=str(row - first + 1), label=f"Section {row - first + 1}",
                )
                for row in range(first, min(first + TEXT, each))
            )  # fmt: skip
            facts = Instrument(
                id=work, jurisdiction=code, title=f"Act {number} of {code}", kind="act", force="binding",
                year=YEARS[37 * number % len(YEARS)],
            )  # fmt: skip
            yield Expression(instrument=facts, language=language, source=work, source_digest="", provisions=provisions)


def linked(matcher: Matcher, units: Sequence[Provision], *_: object) -> sparse.csr_matrix:
    """The links that copies of the same original have: with as many as ``PARTNERS`` in each other group."""
    del matcher
    each = len(units) // len(GROUPS)
    away = np.arange(PARTNERS) - PARTNERS // 2
    strong = (0.4 / (1 + np.abs(away))).astype(np.float32)
    per = PARTNERS * (len(GROUPS) - 1)
    indices, data = np.empty((len(units), per), np.int32), np.empty((len(units), per), np.float32)
    there = (np.arange(each)[:, None] + away * REAL) % each
    order = np.argsort(there, axis=1)
    there, weights = np.take_along_axis(there, order, 1), strong[order]
    for i in range(len(GROUPS)):
        others = [j for j in range(len(GROUPS)) if j != i]
        for place, j in enumerate(others):
            span = (slice(i * each, (i + 1) * each), slice(place * PARTNERS, (place + 1) * PARTNERS))
            indices[span], data[span] = there + j * each, weights
    ends = np.arange(len(units) + 1, dtype=np.int32) * per
    return sparse.csr_matrix((data.ravel(), indices.ravel(), ends), (len(units), len(units)))


def once(view: Callable[[Provision], Any]) -> Callable[[Provision], Any]:
    """A view that is found once for all copies of a text in a language."""
    known: dict[tuple[str, ...], Any] = {}

    def found(unit: Provision) -> Any:
        key = (unit.heading, unit.text, unit.language)
        if key not in known:
            known[key] = view(unit)
        return known[key]

    return found


def some_words(view: Callable[[Provision], list[str]]) -> Callable[[Provision], list[str]]:
    """The words of a copy: as many of those of the original as ``KEPT``, other ones each time."""
    rng, known = np.random.default_rng(1), once(view)
    return lambda unit: [w for w, kept in zip(known(unit), rng.random(len(known(unit))) < KEPT, strict=True) if kept]


class Phases:
    """How long each phase of a build took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name, self._since = "", time.perf_counter()

    def __call__(self, name: str, *_: object) -> None:
        if name != self._name:
            now = time.perf_counter()
            if self._name:
                self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
            self._name, self._since = name, now


def build(settings: Settings, size: int, embeddings: Path, told: multiprocessing.Queue) -> None:
    """Build the index of a corpus of that size, in a process of its own, and tell what it took."""
    models = load_models(settings)
    originals = Originals(embeddings, models)
    phases = Phases()
    phases("store")
    with Store(settings.store_path) as store:
        for expression in corpus(originals, size):
            store.put(expression.source, [expression], "bench")
    each = np.mean(
        [_seconds(partial(f, unit)) for unit in originals.units[:500] for f in (views.vocabulary, views.bag)]
    )
    with (
        mock.patch.object(indexing, "_Embedding", return_value=Copying(originals)),
        mock.patch.object(views, "vocabulary", some_words(views.vocabulary)),
        mock.patch.object(views, "bag", once(views.bag)),
        mock.patch.object(indexing, "link", link if size <= REALLY else linked),
        mock.patch.object(indexing, "write", _phased(indexing.write, phases)),
        mock.patch.object(indexing, "hubness", _phased(indexing.hubness, phases, "hubness")),
        mock.patch.object(VectorIndex, "build", _phased(VectorIndex.build, phases, "FAISS")),
        mock.patch.object(indexing.Lexicon, "build", _phased(indexing.Lexicon.build, phases, "words")),
        mock.patch.object(indexing.Bags, "build", _phased(indexing.Bags.build, phases, "concepts")),
    ):
        indexing.build(settings, models, phases, embeddings=embeddings)
    phases("")
    told.put((phases.seconds, 2000 * each, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _phased(run: Callable[..., Any], phases: Phases, name: str = "vectors") -> Callable[..., Any]:
    def found(*given: Any) -> Any:
        phases(name)
        result = run(*given)
        phases("the rest")
        return result

    return found


def memory() -> dict[str, int]:
    """Memory of this process in MB: what it has in all, its own, and its share of what several have."""
    path = Path("/proc/self/smaps_rollup")
    found = dict(re.findall(r"(\w+):\s+(\d+) kB", path.read_text("utf-8"))) if path.exists() else {}
    own = int(found.get("Private_Clean", 0)) + int(found.get("Private_Dirty", 0))
    sizes = {"resident": found.get("Rss", 0), "anonymous": found.get("Anonymous", 0), "alone": own}
    return {name: int(size) // 1024 for name, size in {**sizes, "share": found.get("Pss", 0)}.items()}


def read(settings: Settings, told: multiprocessing.Queue, together: Any, thorough: bool) -> None:
    """Open the index as a server does, ask it, and tell how long that took and what memory it took."""
    started = time.perf_counter()
    searcher = Searcher.open(settings)
    opened = time.perf_counter() - started
    empty = memory()
    g, models = searcher.generation, searcher.models
    searcher.search(QUERIES[0])
    first = time.perf_counter() - started
    texts = [f"{query} {number}" for number in range(QUERIES_MADE // len(QUERIES)) for query in QUERIES]
    units = [g.store.provision(g.ids[row]) for row in np.linspace(0, len(g.ids) - 1, ASKED + 20).astype(int).tolist()]
    for text, unit in zip(texts[:20], units[:20], strict=True):
        searcher.search(text), searcher.counterparts(unit)
    found: dict[str, tuple[float, float]] = {
        "search": percentiles([partial(searcher.search, f"{text} .") for text in texts]),
        "counterparts": percentiles([partial(searcher.counterparts, unit) for unit in units[20:]]),
    }
    after = memory()
    quality: dict[str, float] = {}
    if thorough:
        found["encoding, both models"] = percentiles([partial(_encoded, models, f"{text} !") for text in texts])
        for name, filters in FILTERS.items():
            runs = [partial(searcher.search, f"{text} {name}", filters) for text in texts[:FILTERED]]
            found[f"search of {name}"] = percentiles(runs)
        quality = qualities(searcher, texts, units)
    together.wait()
    told.put((opened, first, empty, after, memory(), found, quality))
    together.wait()


def _encoded(models: Models, text: str) -> None:
    models.multilingual.encode([text])
    if models.english:
        models.english.encode([text])


def qualities(searcher: Searcher, texts: Sequence[str], units: Sequence[Provision]) -> dict[str, float]:
    """Shares of the truly nearest that are found, by lists looked into, and under filters."""
    g = searcher.generation
    asked = {
        "texts": searcher.models.multilingual.encode(texts[:30]),
        "provisions": np.stack([g.whole.vectors[g.rows[unit.id]] for unit in units[::7]]),
    }
    found = {}
    masks = {name: searcher._mask(filters) for name, filters in FILTERS.items()}
    for what, queries in asked.items():
        exact: dict[str, list[np.ndarray]] = {name: [] for name in ("", *masks)}
        for group in g.groups.values():
            cosines = g.whole.vectors[group.start : group.stop] @ queries.T
            for name, mask in [("", None), *masks.items()]:
                own = cosines if mask is None else np.where(mask[group.start : group.stop, None], cosines, -9)
                exact[name] += [group.start + np.argpartition(-column, NEAREST)[:NEAREST] for column in own.T]
        for probes in PROBES:
            with mock.patch.object(vectors_module, "PROBES", probes):
                found[f"{what}, {probes} lists"] = _recall(g, queries, exact[""], None)
        for name, mask in masks.items():
            found[f"{what} of {name}"] = _recall(g, queries, exact[name], mask)
    return found


def _recall(g: Generation, queries: np.ndarray, wanted: Sequence[np.ndarray], mask: np.ndarray | None) -> float:
    pairs = [(name, query) for name in g.groups for query in queries]
    shares = []
    for (name, query), near in zip(pairs, wanted, strict=True):
        near = near if mask is None else near[mask[near]]
        if len(near):
            hits = np.intersect1d(g.whole.search(query, name, NEAREST, mask)[0], near)
            shares.append(len(hits) / len(near))
    # A filter by year lets nothing of a small corpus through.
    return float(np.mean(shares)) if shares else float("nan")


def apart(target: Callable[..., None], settings: Settings, given: Sequence[Any] = (), count: int = 1) -> list[Any]:
    """What ``count`` processes of their own tell."""
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    barrier = [context.Barrier(count)] if target is read else []
    extra = [told, *barrier, *given] if target is read else [*given, told]
    started = [context.Process(target=target, args=(settings, *extra)) for _ in range(count)]
    for process in started:
        process.start()
    found = [told.get() for _ in started]
    for process in started:
        process.join()
    return found


def _built(settings: Settings, size: int, embeddings: Path) -> None:
    ((phases, words, peak),) = apart(build, settings, [size, embeddings])
    where = ", ".join(f"{name} {seconds:.0f}" for name, seconds in sorted(phases.items(), key=lambda e: -e[1]))
    report(f"{size:,}: built", f"{sum(phases.values()):.0f} s", where)
    report(f"{size:,}: words and concepts of a provision", f"{words:.1f} ms", "once for all copies of it")
    report(f"{size:,}: memory of the build", f"{peak:.0f} MB", "at its height")


def measure(given: Settings, size: int, folder: Path, milvus: Milvus | None) -> None:
    """One size: built, opened by one process and by several, asked."""
    settings = given.model_copy(update={"index_dir": folder})
    if not folder.exists():
        _built(settings, size, given.embeddings_path)
    files = [path for path in folder.glob("generations/*/**/*") if path.is_file()]
    sizes = dict.fromkeys(("store.db", "whole", "parts", "links", "lexical"), 0)
    for path in files:
        part = next((part for part in sizes if path.name.startswith(part) or path.parent.name == part), "the rest")
        sizes[part] = sizes.get(part, 0) + path.stat().st_blocks * 512
    parts = ", ".join(f"{part} {taken / 1e6:.0f}" for part, taken in sizes.items())
    report(f"{size:,}: on disk", f"{sum(sizes.values()) / 1e6:.0f} MB", parts)
    for count in (1, READERS):
        for opened, first, empty, after, end, found, quality in apart(read, settings, [count == 1], count):
            print(f"{size:,}: {count} processes; opened in {opened:.1f} s, first answer after {first:.1f} s")
            print(f"  MB when opened {empty}, when asked {after}, at the end {end}")
            for what, (p50, p95) in found.items():
                report(f"  {what}", f"{p50:.1f} / {p95:.1f} ms", "p50 / p95")
            for what, share in quality.items():
                report(f"  recall of the nearest {NEAREST}, {what}", f"{share:.4f}", "")
    if milvus:
        g = Generation.current(folder)
        with_milvus(milvus, g, settings.flat_limit)
        g.close()


def with_milvus(milvus: Milvus, g: Generation, limit: int) -> None:
    """The vectors of provisions in a collection of Milvus, of which the first group is searched."""
    size, (name, group) = len(g.ids), next(iter(g.groups.items()))
    ranges = {one.name: (one.start, one.stop) for one in g.groups.values()}
    labels = {"facts": np.arange(size) // TEXT % len(YEARS), "text": np.arange(size) // TEXT}
    taken = _seconds(partial(milvus.build, "scale", g.whole.vectors, ranges, labels, limit))
    index: Nearest = milvus.open("scale", g.whole, ranges, labels)
    report(f"{size:,}: in Milvus", f"{taken:.0f} s", "sent, indexed, loaded")
    queries = noisy(g.whole.vectors[np.linspace(group.start, group.stop - 1, 50).astype(int)], np.random.default_rng(2))
    for share in (1.0, 0.5, 0.02):
        mask = None if share == 1 else labels["facts"] < share * len(YEARS)
        for where, one in (("Milvus", index), ("here", g.whole)):
            p50, p95 = percentiles([partial(one.search, query, name, NEAREST, mask) for query in queries])
            report(f"{size:,}: {share:.0%} of a group, {where}", f"{p50:.1f} / {p95:.1f} ms", "p50 / p95")
    with mock.patch.object(milvus_module, "LISTED", size):
        shares = [np.intersect1d(*(i.search(q, name, NEAREST)[0] for i in (index, g.whole))) for q in queries]
    report(
        f"{size:,}: Milvus as here", f"{np.mean([len(s) for s in shares]) / NEAREST:.3f}", f"of the nearest {NEAREST}"
    )
    milvus.drop({"whole": "scale"})


@contextmanager
def server(folder: Path) -> Iterator[Milvus | None]:
    """A Milvus server, None where none can be run."""
    if why := milvus_server.lacking():
        print(f"without Milvus: {why}")
        yield None
        return
    with milvus_server.running(folder) as uri:
        yield Milvus(IndexSettings(backend="milvus", uri=uri))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--without-milvus", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder in which indexes stay; those that are there are only read")
    given = parser.parse_args()
    settings = load_settings()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="lawsearch-scale-") as place:
        milvus_there = nullcontext() if given.without_milvus else server(Path(place) / "milvus")
        with milvus_there as milvus:
            for size in given.sizes:
                folder = (given.keep or Path(place)) / str(size)
                measure(settings, size, folder, milvus)
                if not given.keep:
                    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
