"""How strongly a text binds: the words by which it obliges, forbids, recommends and permits, by language."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from lawsearch.errors import MetadataError
from lawsearch.tracing import UNSPACED, edges, traced
from lawsearch.vocabulary import languages

#: Strengths in the order in which they are shown.
STRENGTHS = ("prohibition", "obligation", "recommendation", "permission")
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Modal:
    """A word of strength where it stands: ``text[start:end]``; ``word`` is the entry of the table that it matched."""

    start: int
    end: int
    strength: str
    word: str


@dataclass(frozen=True, slots=True)
class Modality:
    """The words of strength of a text in order. ``known`` is False where there is no table for its language."""

    spans: tuple[Modal, ...] = ()
    known: bool = True

    @property
    def counts(self) -> dict[str, int]:
        """How often each strength occurs; all four are named."""
        found = Counter(span.strength for span in self.spans)
        return {strength: found[strength] for strength in STRENGTHS}

    def words(self, strength: str) -> Counter[str]:
        """The words of one strength, each with how often."""
        return Counter(span.word for span in self.spans if span.strength == strength)


@lru_cache(1024)
def modality(text: str, language: str) -> Modality:
    """What ``text`` obliges, forbids, recommends and permits in words. Give it no heading: those oblige nobody."""
    if language not in _table():
        return Modality(known=False)
    pattern, entries = _matcher(language)
    source = traced(text)
    spans = []
    for match in pattern.finditer(source.text):
        word, strength = entries[(match.lastindex or 1) - 1]
        if strength != _NOTHING:
            spans.append(Modal(*source.place(*match.span()), strength, word))
    return Modality(tuple(spans))


@cache
def _table() -> dict[str, dict[str, tuple[str, ...]]]:
    return read(tomllib.loads(files("lawsearch").joinpath("data", "modality.toml").read_text("utf-8")))


def read(table: Mapping[str, Mapping[str, list[str]]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Entries by language and strength. Raises MetadataError for an unknown language or strength, an empty entry, and
    an entry that stands for two strengths."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for code, row in table.items():
        if code not in languages():
            raise MetadataError(f"modality: unknown language {code}", "Use a code of languages.toml.")
        taken: dict[str, str] = {}
        for strength, entries in row.items():
            if strength not in (*STRENGTHS, _NOTHING):
                raise MetadataError(f"modality of {code}: unknown strength {strength}", f"Use {', '.join(STRENGTHS)}.")
            for entry in entries:
                if not entry.strip("^…# "):
                    raise MetadataError(f"modality of {code}: an empty entry under {strength}", "Give words.")
                if (other := taken.setdefault(entry, strength)) != strength:
                    raise MetadataError(f"{entry!r} in {code} stands for {other} and {strength}", "Keep one of them.")
        found[code] = {strength: tuple(entries) for strength, entries in row.items()}
    return found


@cache
def _matcher(language: str) -> tuple[re.Pattern[str], list[tuple[str, str]]]:
    """One pattern, a group an entry, and the word and strength of each group; the entry with most letters first."""
    entries = [(entry, strength) for strength, row in _table()[language].items() for entry in row]
    entries.sort(key=lambda e: (-len(re.sub("[…^ ]", "", e[0])), e[1] != _NOTHING))
    before, after = edges(language)
    ways = "|".join(f"({_pattern(entry, language)})" for entry, _ in entries)
    words = [(entry.strip("^").replace("#", "").strip(), strength) for entry, strength in entries]
    return re.compile(f"{before}(?:{ways}){after}", re.IGNORECASE), words


def _pattern(entry: str, language: str) -> str:
    before, after = edges(language)
    # Between: in scripts without spaces one run of letters, elsewhere a few words without a mark between them.
    between = r"[^\s။၊]{1,25}?" if language in UNSPACED else r"[^.;:,()–—]{1,80}?"
    body = re.escape(entry.lstrip("^")).replace(r"\#", r"\d+")
    if language in UNSPACED:
        body = body.replace(r"\ ", " ?").replace("…", f"{after}{between}{before}")
    else:
        body = body.replace("…", between).replace(r"\ ", "[ -]")
    start = r"(?<![^\s(\[“\"—])" if entry.startswith("^") else ""
    return f"{start}(?-i:{body})" if entry != entry.lower() else start + body
