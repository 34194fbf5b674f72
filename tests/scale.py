"""What the vectors of a large corpus cost, at sizes that grow: ``make bench-scale``.

Real provisions of ../shared/corpus/bulk are embedded once; every further vector is one of theirs with noise, as another
country's provision on the same subject is near but not the same. Noise of the same length in all directions is harder
for the approximate index than laws are, for those differ in few. Nothing here is asserted: machines differ.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from lawsearch import vectors as vectors_module
from lawsearch import views
from lawsearch.embedding import EmbeddingCache, load_models
from lawsearch.settings import Settings, load_settings
from lawsearch.vectors import VectorIndex
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


def recall(index: VectorIndex, queries: np.ndarray, wanted: Sequence[np.ndarray]) -> float:
    """Share of ``wanted``, the truly nearest of each query, that is found."""
    hits = [
        len(np.intersect1d(index.search(q, "all", NEAREST)[0], near)) for q, near in zip(queries, wanted, strict=True)
    ]
    return sum(hits) / len(queries) / NEAREST


def searched(index: VectorIndex, queries: np.ndarray, mask: np.ndarray | None) -> tuple[float, float]:
    runs: Sequence[Callable[[], object]] = [partial(index.search, q, "all", NEAREST, mask) for q in queries]
    return percentiles(runs)


def measure(vectors: np.ndarray, size: int, folder: Path, limit: int) -> None:
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


def main() -> None:
    settings = load_settings()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    vectors = real(settings)
    print(f"{len(vectors)} real provisions, resident {resident()}", flush=True)
    for size in [int(s) for s in sys.argv[1:]] or SIZES:
        with tempfile.TemporaryDirectory(prefix="lawsearch-scale-") as folder:
            measure(vectors, size, Path(folder), settings.flat_limit)


if __name__ == "__main__":
    main()
