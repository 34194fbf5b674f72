from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from lawsearch import mapped
from lawsearch.ids import Ids, text_of

KEYS = ("/akn/a/1/en/~sec_1", "/akn/a/1/en/~sec_11", "/akn/a/1/th/~sec_๑", "/akn/b/1/en/~sec_1", "/akn/b/1/en/~sec_2")


@pytest.fixture
def ids(tmp_path: Path) -> Ids:
    Ids.write(tmp_path, KEYS)
    return Ids(tmp_path)


def test_ids_are_those_that_were_written(ids: Ids) -> None:
    assert (tuple(ids), len(ids)) == (KEYS, 5)
    assert (ids[-1], ids[1:4], ids[np.int64(2)]) == (KEYS[-1], list(KEYS[1:4]), KEYS[2])
    with pytest.raises(IndexError):
        ids[5]
    assert ids.texts.tolist() == [0, 2, 3, 5]


def test_rows_are_found_by_id(ids: Ids) -> None:
    assert [ids.rows[key] for key in KEYS] == [0, 1, 2, 3, 4]
    assert list(ids.rows) == list(KEYS)


@pytest.mark.parametrize(
    "key",
    ["", "/akn/a/1/en/~sec", "/akn/a/1/en/~sec_2", "/akn/a/1/en", "/akn/c/1/en/~sec_1", "\n", f"{KEYS[0]}\n{KEYS[1]}"],
)  # fmt: skip
def test_what_is_not_there_has_no_row(ids: Ids, key: str) -> None:
    assert key not in ids.rows
    assert ids.rows.get(key) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99)), min_size=1, max_size=40, unique=True))
def test_every_id_finds_its_row(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, int]]) -> None:
    folder, keys = tmp_path_factory.mktemp("ids"), [f"/{text}/en/~sec_{n}" for text, n in sorted(pairs)]
    Ids.write(folder, keys)
    ids = Ids(folder)
    assert [ids.rows[key] for key in ids] == list(range(len(keys)))
    starts = [i for i, key in enumerate(keys) if not i or text_of(key) != text_of(keys[i - 1])]
    assert ids.texts.tolist() == [*starts, len(keys)]


@pytest.mark.parametrize("shape", [(3, 3), (2, 0), (0, 4), (5, 2)])
def test_a_sparse_matrix_is_mapped_as_it_was_written(tmp_path: Path, shape: tuple[int, int]) -> None:
    given = sparse.random(*shape, 0.5, "csr", np.float32, np.random.default_rng(1))
    mapped.write(tmp_path / "links", given)
    found = mapped.read(tmp_path / "links")
    assert (found.shape, found.dtype) == (shape, np.float32)
    assert np.array_equal(found.toarray(), given.toarray())
    assert not found.data.flags.writeable
