"""What the vectors of a large corpus cost, at sizes that grow: ``make bench-scale``.

Real provisions of ../shared/corpus/bulk are embedded once; every further vector is one of theirs with noise, as another
country's provision on the same subject is near but not the same. Noise of the same length in all directions is harder
for the approximate index than laws are, for those differ in few. Nothing here is asserted: machines differ.

Where the package with a Milvus server is installed, the same vectors are searched by that, too, on this machine.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from lawsearch import milvus as milvus_module
from lawsearch import vectors as vectors_module
from lawsearch import views
from lawsearch.embedding import EmbeddingCache, load_models
from lawsearch.milvus import Milvus
from lawsearch.settings import IndexSettings, Settings, load_settings
from lawsearch.vectors import Nearest, VectorIndex
from tests import milvus_server
from tests.bench import many, percentiles, report, timed

SIZES = (10_000, 100_000, 1_000_000)
#: Real provisions, the first so many characters of each, and the length of the noise: a cosine of .96 to the original.
REAL, LENGTH, NOISE = 2_000, 400, 0.3
#: Vectors are made and written so many at a time.
STEP = 50_000
#: Lists looked into that are tried.
PROBES = (16, 32, 64, 128)
#: Queries, nearest vectors that recall looks at, and the shares of the rows that filters let through.
QUERIES, NEAREST, SHARES = 50, 50, (0.5, 0.01)
#: Rows of a text, different facts of instruments, and how many single rows a filter of Milvus is tried with.
TEXT, FACTS, LISTED = 40, 200, (1_000, 10_000, 50_000)


def real(settings: Settings) -> np.ndarray:
    """Vectors of real provisions, kept where the settings keep embeddings."""
    texts = [views.whole(p)[:LENGTH] for e in many(REAL) for p in e.provisions]
    model = load_models(settings).multilingual
    cache = EmbeddingCache(settings.embeddings_path)
    vectors = cache.encode(model, texts)
    cache.close()
    return vectors


def noisy(vectors: np.ndarray, size: int, seed: int) -> np.ndarray:
    """``size`` unit vectors, each near one of ``vectors``."""
    rng = np.random.default_rng(seed)
    found = np.empty((size, vectors.shape[1]), np.float32)
    for at in range(0, size, STEP):
        some = found[at : at + STEP]
        rng.standard_normal(out=some, dtype=np.float32)
        some *= NOISE / np.sqrt(some.shape[1])
        some += vectors[rng.integers(0, len(vectors), len(some))]
        some /= np.linalg.norm(some, axis=1, keepdims=True)
    return found


def resident() -> dict[str, int]:
    """Memory of this process in MB: its own, and of mapped files, which processes share."""
    status = Path("/proc/self/status")
    found = re.findall(r"(RssAnon|RssFile):\s+(\d+)", status.read_text("utf-8")) if status.exists() else []
    return {name: int(size) // 1024 for name, size in found}


def recall(index: Nearest, queries: np.ndarray, wanted: Sequence[np.ndarray], mask: np.ndarray | None = None) -> float:
    """Share of ``wanted``, the truly nearest of each query, that is found."""
    hits = [
        len(np.intersect1d(index.search(q, "all", NEAREST, mask)[0], near))
        for q, near in zip(queries, wanted, strict=True)
    ]
    return sum(hits) / len(queries) / NEAREST


def searched(index: Nearest, queries: np.ndarray, mask: np.ndarray | None) -> tuple[float, float]:
    runs: Sequence[Callable[[], object]] = [partial(index.search, q, "all", NEAREST, mask) for q in queries]
    return percentiles(runs)


@contextmanager
def server(folder: Path) -> Iterator[Milvus | None]:
    """A Milvus server, None where none can be run."""
    if why := milvus_server.lacking():
        print(f"without Milvus: {why}")
        yield None
        return
    with milvus_server.running(folder) as uri:
        yield Milvus(IndexSettings(backend="milvus", uri=uri))


def measure(vectors: np.ndarray, size: int, folder: Path, limit: int, milvus: Milvus | None) -> None:
    """One view of ``size`` provisions in one range, the hardest case: built, opened, searched."""
    ranges = {"all": (0, size)}
    taken = timed(partial(VectorIndex.build, folder, noisy(vectors, size, seed=size), ranges, limit))
    before = resident()
    started = time.perf_counter()
    index = VectorIndex(folder, ranges)
    opened = (time.perf_counter() - started) * 1000
    queries = noisy(vectors, QUERIES, seed=1)
    kind = "IVF-SQ8" if size > limit else "flat"
    disk = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    report(f"{size:,}: built, {kind}", f"{taken:.0f} s", f"{disk:.0f} MB on disk, opened in {opened:.0f} ms")
    everywhere = np.ones(size, bool)
    wanted = [index.search(q, "all", NEAREST, everywhere)[0] for q in queries]
    # Another index of the same files, which has not read the whole of them to know what is wanted.
    index = VectorIndex(folder, ranges)
    for probes in PROBES if size > limit else (vectors_module.PROBES,):
        with mock.patch.object(vectors_module, "PROBES", probes):
            found = recall(index, queries, wanted)
            p50, p95 = searched(index, queries, None)
        name = f"{size:,}: nearest {NEAREST}" + (f", {probes} lists" if size > limit else "")
        report(name, f"{p50:.1f} / {p95:.1f} ms", f"p50 / p95; recall {found:.3f}")
    report(f"{size:,}: resident MB", f"{sum(resident().values())}", f"{resident()}; before it was opened {before}")
    for share in SHARES:
        mask = np.random.default_rng(2).random(size) < share
        p50, p95 = searched(index, queries, mask)
        report(f"{size:,}: {share:.0%} of the rows, exact", f"{p50:.1f} / {p95:.1f} ms", "p50 / p95")
    if milvus:
        with_milvus(milvus, index, queries, wanted, limit)


def with_milvus(
    milvus: Milvus, local: VectorIndex, queries: np.ndarray, wanted: Sequence[np.ndarray], limit: int
) -> None:
    """The same in a collection of Milvus."""
    size, name = len(local), f"scale_{len(local)}"
    ranges, texts = {"all": (0, size)}, np.arange(size) // TEXT
    labels = {"facts": texts % FACTS, "text": texts}
    taken = timed(partial(milvus.build, name, local.vectors, ranges, labels, limit))
    index = milvus.open(name, local, ranges, labels)
    report(f"{size:,}: in Milvus, {'IVF-SQ8' if size > limit else 'exact'}", f"{taken:.0f} s", "sent, indexed, loaded")
    for probes in PROBES if size > limit else (milvus_module.PROBES,):
        with mock.patch.object(milvus_module, "PROBES", probes):
            found = recall(index, queries, wanted)
            p50, p95 = searched(index, queries, None)
        kind = f", {probes} of {milvus_module.LISTS} lists" if size > limit else ""
        report(f"{size:,}: by Milvus{kind}", f"{p50:.1f} / {p95:.1f} ms", f"p50 / p95; recall {found:.3f}")
    rng = np.random.default_rng(2)
    masks = {f"{share:.0%} of the facts": (rng.permutation(FACTS) < FACTS * share)[labels["facts"]] for share in SHARES}
    masks |= {f"{listed:,} rows listed": np.arange(size) % max(2, size // listed) == 0 for listed in LISTED}
    for what, mask in masks.items():
        exact = [local.search(q, "all", NEAREST, mask)[0] for q in queries]
        with mock.patch.object(milvus_module, "LISTED", size):
            found = recall(index, queries, exact, mask)
            p50, p95 = searched(index, queries, mask)
        here = searched(local, queries, mask)
        note = f"p50 / p95; recall {found:.3f}; on this machine {here[0]:.1f} / {here[1]:.1f} ms"
        report(f"{size:,}: by Milvus, {what}", f"{p50:.1f} / {p95:.1f} ms", note)
    milvus.drop({"whole": name})


def main() -> None:
    settings = load_settings()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    vectors = real(settings)
    print(f"{len(vectors)} real provisions, resident {resident()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="lawsearch-milvus-") as data, server(Path(data)) as milvus:
        for size in [int(s) for s in sys.argv[1:]] or SIZES:
            with tempfile.TemporaryDirectory(prefix="lawsearch-scale-") as folder:
                measure(vectors, size, Path(folder), settings.flat_limit, milvus)


if __name__ == "__main__":
    main()
