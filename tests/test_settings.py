from __future__ import annotations

from pathlib import Path

import pytest

from lawsearch import cli
from lawsearch.errors import SettingsError
from lawsearch.settings import described, load_settings

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAWSEARCH_CACHE_DIR", raising=False)
    return tmp_path


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.batch_size) == ("127.0.0.1", 8000, 16)
    assert settings.store_path == Path("index/store.db")
    assert settings.embeddings_path == Path("index/embeddings.db")


def test_the_environment_wins_over_the_file_and_arguments_over_both(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lawsearch.toml").write_text('port = 1\nhost = "file"\nindex_dir = "file"\ncors_origins = ["http://a"]\n')
    monkeypatch.setenv("LAWSEARCH_PORT", "2")
    monkeypatch.setenv("LAWSEARCH_HOST", "environment")
    settings = load_settings(port=3)
    assert (settings.port, settings.host, settings.index_dir) == (3, "environment", Path("file"))
    assert settings.cors_origins == ("http://a",)
    monkeypatch.setenv("LAWSEARCH_CORS_ORIGINS", '["http://b", "http://c"]')
    assert load_settings().cors_origins == ("http://b", "http://c")


def test_the_file_may_lie_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "lawsearch.toml").write_text("port = 1\n")
    (folder / "other.toml").write_text("port = 4\n")
    monkeypatch.setenv("LAWSEARCH_CONFIG", str(folder / "other.toml"))
    assert load_settings().port == 4
    monkeypatch.setenv("LAWSEARCH_CONFIG", str(folder / "none.toml"))
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("port = 70000", "'port'"),
        ('port = "http"', "'port'"),
        ("batch_size = 0", "'batch_size'"),
        ("threads = -1", "'threads'"),
        ("flat_limit = 0", "'flat_limit'"),
        ("keep_generations = 0", "'keep_generations'"),
        ("max_text = 5", "'max_text'"),
        ("cors_origins = 7", "'cors_origins'"),
        ("prot = 8000", "'prot'"),
        ("[server]\nport = 1", "'server'"),
        ("port = ", "lawsearch.toml is not valid TOML"),
    ],
)
def test_a_wrong_file_names_the_field(folder: Path, written: str, named: str) -> None:
    (folder / "lawsearch.toml").write_text(written)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert named in caught.value.problem


def test_a_file_that_is_not_text_is_named(folder: Path) -> None:
    (folder / "lawsearch.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"lawsearch\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "http"), ("batch_size", "0"), ("cors_origins", "http://a"), ("cors_origins", "7"), ("threads", "")],
)
def test_a_wrong_environment_variable_names_the_field(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"LAWSEARCH_{name.upper()}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert name in caught.value.problem
    assert caught.value.remedy


def test_every_setting_is_documented_as_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    cli.show_settings(markdown=True)
    table = capsys.readouterr().out
    assert (DOCS / "settings.md").read_text("utf-8").endswith(table), "lawsearch settings --markdown has changed"
    for name, field in described():
        assert f"`{name}`" in table
        assert field.description
