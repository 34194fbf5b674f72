"""Nights over a small made-up corpus: PDFs of an edition, models that need no library, and the plan of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from laws import pdf

from ingest.nightly import Plan, night
from ingest.pipeline import Outcome, ingest
from lawsearch.embedding import Models
from lawsearch.generation import Generation, current_name
from lawsearch.indexing import build, up_to_date
from lawsearch.run import Run
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.verification import gate

TOPICS = Path(__file__).parent / "topics"
#: Three laws: jurisdiction, year, name, and the sections, each a heading and a text.
LAWS: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "lamps": ("sg", "Lamp Keeping Act", [
        ("Short title", "This Act may be cited as the Lamp Keeping Act and begins on the first of May"),
        ("Duty to light lamps", "A keeper must light every lamp at dusk and keep it lit until sunrise"),
        ("Notice of a broken lamp", "A keeper must tell the Lamp Office of a broken lamp within 48 hours"),
        ("Oil", "Lamp oil must be clean and must be bought from a licensed seller of oil"),
        ("Penalty", "A keeper who breaks a rule of this Act is liable to a fine of 900 dollars"),
    ]),
    "lights": ("my", "Lights Act", [
        ("Title", "This law shall be known as the Lights Act and takes effect after its publication"),
        ("Lighting of lights", "Keepers shall light the lamps at dusk and shall keep them lit until sunrise"),
        ("Report of broken lights", "A broken lamp shall be reported to the Bureau within 72 hours"),
        ("Penalties", "Whoever violates this Act shall pay a fine of 5000 ringgit to the Bureau"),
    ]),
    "boats": ("ph", "Boats Act", [
        ("Nets", "Fishers shall mend their nets before the rains and dry them in the shade"),
        ("Boats to carry lamps", "Every boat shall carry a lamp that can be seen from the shore at dusk"),
        ("Penalties", "Whoever violates this Act shall pay a fine of 700 pesos to the harbour"),
    ]),
}  # fmt: skip


class Hashed:
    """Stands in for a model: the mean of a vector for each word. Remembers what it has embedded."""

    def __init__(self, name: str, dimensions: int = 16) -> None:
        self.name, self.dimensions = f"hashed {name}", dimensions
        self.embedded: list[str] = []

    def encode(self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None, **_: object) -> np.ndarray:
        """Unit vectors, one a text."""
        self.embedded += texts
        if progress:
            progress(len(texts))
        found = [np.sum([_word(self.name, self.dimensions, w) for w in text.lower().split()], axis=0) for text in texts]
        stacked = np.stack(found).astype(np.float32)
        return stacked / np.maximum(np.linalg.norm(stacked, axis=1, keepdims=True), 1e-9)


@cache
def _word(name: str, dimensions: int, word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(f"{name} {word}".encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(dimensions)


def models() -> Models:
    return Models(Hashed("all"), Hashed("en"))  # type: ignore[arg-type]


def write(folder: Path, edition: str = "first", only: Sequence[str] = tuple(LAWS)) -> None:
    """The laws as PDFs with sidecars; every section of an edition says which it is of."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in only:
        jurisdiction, title, sections = LAWS[name]
        lines = [f"**{title.upper()} 2041**", "An Act of a made-up state."]
        for number, (heading, text) in enumerate(sections, 1):
            lines += [f"**{heading}**", f"{number}. {text} (edition {edition})."]
        beside = folder / f"{name}.toml"
        pending = beside.with_suffix(".new")
        pending.write_text(
            f'id = "{work(name)}"\njurisdiction = "{jurisdiction}"\ntitle = "{title} 2041"\nlanguage = "en"\n', "utf-8"
        )
        pending.replace(beside)
        pdf(pending, lines)
        pending.replace(folder / f"{name}.pdf")


def work(name: str) -> str:
    return f"/akn/{LAWS[name][0]}/act/2041/{list(LAWS).index(name) + 1}"


def settings_of(folder: Path, **given: object) -> Settings:
    """An index beside a watched folder."""
    known = {
        "index_dir": folder / "index", "topics_dir": TOPICS, "watched_dirs": (folder / "laws",),
        "catalogue_dir": folder / "catalogue", "cache_dir": folder / "cache",
    }  # fmt: skip
    return Settings(**{**known, **given})


def plan(settings: Settings, by: Models, accepted: Sequence[str] = (), **changed: object) -> Plan:
    """What ``lawsearch nightly`` does, reading in this process and with these models."""

    def read(store: Store) -> list[Outcome]:
        return ingest(settings.watched_dirs, store, None, workers=1, cache=settings.cache_dir)

    def built(enter: Callable[[str], None]) -> str:
        def progress(what: str, _done: int, _total: int) -> None:
            enter(what)

        return up_to_date(settings) or build(settings, by, progress, check=gate(settings, by, accepted))

    made = Plan(
        index_dir=settings.index_dir,
        store_path=settings.store_path,
        watched=settings.watched_dirs,
        serving=lambda: current_name(settings.index_dir) or "",
        read=read,
        build=built,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def night_of(settings: Settings) -> Run:
    """A night with models of its own."""
    return night(plan(settings, models()))


def texts(generation: Generation) -> dict[str, str]:
    """What a generation says: every unit's text by its id, in row order."""
    return {key: generation.store.provision(key).text for key in generation.ids}


def served(settings: Settings) -> dict[str, str]:
    """What the generation says that is served."""
    generation = Generation.current(settings.index_dir)
    try:
        return texts(generation)
    finally:
        generation.close()
