from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lawsearch.vectors import PLAIN, Parts, VectorIndex, write

RANGES = {"sg-en": (0, 40), "ph-en": (40, 41), "th-th": (41, 120)}


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def written(folder: Path, vectors: np.ndarray, ranges: dict[str, tuple[int, int]], flat_limit: int) -> None:
    write(folder / "whole.npy", vectors.shape, [vectors[:7], vectors[7:]])
    VectorIndex.build(folder, ranges, flat_limit)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return unit(np.random.default_rng(3).normal(size=(120, 24)))


@pytest.fixture(scope="module")
def index(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    folder = tmp_path_factory.mktemp("vectors")
    written(folder, vectors, RANGES, flat_limit=1000)
    return VectorIndex(folder, RANGES)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("limit", [1, 7, 500])
@pytest.mark.parametrize("masked", [False, True])
def test_flat_search_equals_numpy(index: VectorIndex, vectors: np.ndarray, name: str, limit: int, masked: bool) -> None:
    rng = np.random.default_rng(limit)
    start, stop = RANGES[name]
    mask = rng.random(len(vectors)) < 0.5 if masked else None
    for query in unit(rng.normal(size=(5, 24))):
        rows, cosines = index.search(query, name, limit, mask)
        wanted = [r for r in np.argsort(-(vectors @ query), kind="stable") if start <= r < stop]
        wanted = [int(r) for r in wanted if mask is None or mask[r]][:limit]
        assert rows.tolist() == wanted
        assert np.allclose(cosines, (vectors @ query)[wanted], atol=1e-5)


def test_parts_are_nearly_those_that_were_given(vectors: np.ndarray, tmp_path: Path) -> None:
    given = np.concatenate([vectors, np.zeros((1, 24), np.float32)])
    Parts.write(tmp_path / "parts.npy", given.shape, [given[:50], given[50:50], given[50:]])
    parts = Parts(tmp_path / "parts.npy")
    assert (len(parts), parts.shape, parts[:].dtype) == (121, (121, 24), np.float32)
    # Half of a step, of which the largest number has 32,767.
    assert (np.abs(parts[:] - given) <= np.abs(given).max(axis=1, keepdims=True) / 65_534 + 1e-7).all()
    assert np.array_equal(parts[np.array([7, 120, 3])], parts[:][[7, 120, 3]])
    assert np.array_equal(parts[5:9], parts[:][5:9])
    assert parts[3:3].shape == (0, 24)


def test_no_parts_at_all(tmp_path: Path) -> None:
    Parts.write(tmp_path / "parts.npy", (0, 24), [])
    assert Parts(tmp_path / "parts.npy")[:].shape == (0, 24)


def test_a_mask_that_bars_all_finds_nothing(index: VectorIndex, vectors: np.ndarray) -> None:
    rows, cosines = index.search(vectors[0], "sg-en", 5, np.zeros(120, bool))
    assert (len(rows), len(cosines)) == (0, 0)


def test_vectors_are_those_that_were_given(index: VectorIndex, vectors: np.ndarray) -> None:
    assert len(index) == 120
    assert np.array_equal(index.vectors, vectors)


def test_a_range_that_is_scanned_in_eight_bits_answers_as_if_it_were_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(PLAIN + 200, 24)))
    ranges = {"small": (0, 100), "large": (100, len(vectors))}
    written(tmp_path, vectors, ranges, flat_limit=10**6)
    assert [p.name for p in tmp_path.glob("whole-*")] == ["whole-large.faiss"]
    index = VectorIndex(tmp_path, ranges)
    for query in unit(vectors[rng.integers(100, len(vectors), 40)] + 0.05 * rng.normal(size=(40, 24))):
        wanted = 100 + np.argsort(-(vectors[100:] @ query))[:20]
        found, scores = index.search(query, "large", 20)
        assert found.tolist() == wanted.tolist()
        assert np.allclose(scores, (vectors @ query)[wanted], atol=1e-5)


def test_a_large_range_is_searched_coarsely_but_well(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(60, 24))
    vectors = unit(np.concatenate([c + 0.2 * rng.normal(size=(100, 24)) for c in centres]))
    ranges = {"small": (0, 50), "large": (50, 6000)}
    written(tmp_path, vectors, ranges, flat_limit=500)
    assert (tmp_path / "whole-large.faiss").exists()
    assert not (tmp_path / "whole-small.faiss").exists()
    index = VectorIndex(tmp_path, ranges)
    mask = rng.random(6000) < 0.3
    hits = 0
    for query in unit(vectors[rng.integers(50, 6000, 50)] + 0.05 * rng.normal(size=(50, 24))):
        cosines = vectors @ query
        wanted = set((50 + np.argsort(-cosines[50:])[:10]).tolist())
        found, scores = index.search(query, "large", 10)
        assert (found >= 50).all()
        assert np.allclose(scores, cosines[found], atol=1e-5), "what is found coarsely is weighed exactly"
        assert (np.diff(scores) <= 0).all()
        hits += len(wanted & set(found.tolist()))
        exact, _ = index.search(query, "large", 10, mask)
        assert exact.tolist() == [int(r) for r in np.argsort(-cosines, kind="stable") if r >= 50 and mask[r]][:10]
    assert hits / 500 > 0.9


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says what is mapped")
def test_coarse_indexes_are_mapped_not_read(tmp_path: Path, vectors: np.ndarray) -> None:
    written(tmp_path, vectors, RANGES, flat_limit=50)
    index = VectorIndex(tmp_path, RANGES)
    mapped = Path("/proc/self/maps").read_text("utf-8")
    assert len(index) == 120
    assert {name for name in ("whole.npy", "whole-th-th.faiss") if str(tmp_path / name) in mapped} == {
        "whole.npy", "whole-th-th.faiss",
    }  # fmt: skip


@pytest.mark.parametrize("size", [2, 5, 40])
def test_even_the_smallest_range_may_be_above_the_limit(tmp_path: Path, size: int) -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(size, 24)))
    written(tmp_path, vectors, {"all": (0, size)}, flat_limit=1)
    rows, _ = VectorIndex(tmp_path, {"all": (0, size)}).search(vectors[1], "all", 3)
    assert rows[0] == 1


def test_a_damaged_file_is_an_error(tmp_path: Path, vectors: np.ndarray) -> None:
    written(tmp_path, vectors, RANGES, 1000)
    whole = tmp_path / "whole.npy"
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(ValueError, match="greater than file size"):
        VectorIndex(tmp_path, RANGES)


@pytest.mark.parametrize("pieces", [[2, 3], [2, 3, 2]])
def test_as_many_vectors_as_were_announced(tmp_path: Path, vectors: np.ndarray, pieces: list[int]) -> None:
    with pytest.raises(ValueError, match=r"vectors of 6|broadcast"):
        write(tmp_path / "whole.npy", (6, 24), [vectors[:piece] for piece in pieces])
