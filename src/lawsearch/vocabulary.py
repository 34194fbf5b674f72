"""Tables of the field as data: jurisdictions and languages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A state, ASEAN, or a comparator. ``member``: whether it is a member state of ASEAN."""

    code: str
    name: str
    languages: tuple[str, ...]
    member: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """A language; ``block`` is the Unicode block that settles it, where one does, and ``telling`` are words that
    tell it from a language close to it."""

    code: str
    name: str
    native: str
    block: tuple[int, int] | None = None
    telling: frozenset[str] = frozenset()


def _table(name: str) -> dict[str, dict]:
    return tomllib.loads(files("lawsearch").joinpath("data", name).read_text("utf-8"))


@cache
def jurisdictions() -> dict[str, Jurisdiction]:
    """All jurisdictions by code, in the order in which they are shown."""
    return {
        code: Jurisdiction(code, row["name"], tuple(row["languages"]), row.get("member", False))
        for code, row in _table("jurisdictions.toml").items()
    }


@cache
def languages() -> dict[str, Language]:
    """All languages by code."""
    return {
        code: Language(
            code,
            row["name"],
            row["native"],
            tuple(row["block"]) if "block" in row else None,
            frozenset(row.get("telling", "").split()),
        )
        for code, row in _table("languages.toml").items()
    }
