"""Citations as people type them: what a short text cites, in any of the region's styles.

A pure reading, knowing of no instrument. The words of citations are data (``data/citations.toml``).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from rapidfuzz.distance import OSA

from lawsearch.text import INSERTED, digits, normal, slug

_IDENTIFIER = re.compile(r"(?:https?://[^/\s]+)?/?(akn(?:/[^\s?#]+)+)(?:[?#]\S*)?/?")
_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "十": 10, "百": 100}
#: A number of a provision as typed, native digits already turned into 0-9.
_NUMBER = (
    r"(?P<n>\d{1,4}(?:\.\d{1,3})?(?:-?[a-z]{1,3}(?![^\W\d_])|\s(?-i:[A-Z])(?!\w))?(?:\s?(?:"
    + "|".join(INSERTED)
    + r")(?=\s|$))?"
    r"(?:/\d{1,2})?(?:\s?[-–‐]\s?[\u1000-\u1021])?)(?:\.?[º°]|\.o\b)?(?![\w/])"
)
#: A number by itself before a heading, known by the mark behind it.
_LONE = re.compile(r"\d{1,4}[A-Z]{0,3}(?:/\d{1,2})? ?[.:)—–-]")
#: A heading that somebody pastes is no longer than this, and does not end as a sentence, or a line that goes on, does.
_LONGEST, _OPEN = 100, re.compile(r"[.;:,!?。；：，၊။៖។—–-]$")
#: A word of so many letters is known by all of them but one.
_SURE = 5
_VALUE = r"(?:\d{1,3}[a-z]{0,2}|[a-zđ]{1,4}|[\u0e01-\u0e2e]|[\u1000-\u1021]{1,2}|[\u1780-\u17a2])"


@cache
def words_of_citations() -> dict[str, Any]:
    """The tables of ``data/citations.toml``."""
    return tomllib.loads(files("lawsearch").joinpath("data", "citations.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Citation:
    """What a text cites, as typed: ``number`` of the unit and what it is called (``says``), ``parts`` below it,
    outermost first, and what is left of the text: its ``instrument``. ``identifier`` is an Akoma Ntoso id, alone."""

    text: str
    instrument: str = ""
    number: str = ""
    says: str = ""
    prefix: str = ""
    languages: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    identifier: str = ""


def _either(words: Iterable[str]) -> str:
    """A pattern for any of the words; those in Latin letters stand by themselves and may have a full stop."""
    ordered = sorted(dict.fromkeys(words), key=len, reverse=True)
    latin = [w for w in ordered if w[0].isalpha() and ord(w[0]) < 0x250]
    other = [w for w in ordered if w not in latin]
    found = [rf"(?<![\w])(?:{'|'.join(map(re.escape, latin))})(?:(?<=\.)|\.?)(?![^\W\d_])"] if latin else []
    return "|".join(found + [re.escape(w) for w in other])


@cache
def _units() -> re.Pattern[str]:
    words = _either(word for row in words_of_citations()["unit"] for word in row["words"])
    part = _either(words_of_citations()["parts"]["words"])
    ordinals = "|".join(map(re.escape, words_of_citations()["parts"]["ordinals"]))
    value = rf"\(\s*{_VALUE}\s*\)|{_VALUE}\)?(?![\w(])"
    small = r"(?:of|do|da|của|dari|daripada|ng)"
    return re.compile(
        rf"(?P<before>(?:(?:{part})\s*(?:{value})\s*,?\s*(?:{small}\s+(?:the\s+)?)?)*)"
        rf"(?:(?P<word>{words})\s*{_NUMBER}|第\s*(?P<zh>\d{{1,4}}|[零〇一二三四五六七八九十百两]{{1,7}})\s*[条條])"
        rf"(?P<after>(?:\s*,?\s*(?:\(\s*{_VALUE}\s*\)|(?:{part})\s*(?:{ordinals}|{value})))*)",
        re.IGNORECASE,
    )


@cache
def _piece() -> re.Pattern[str]:
    ordinals = "|".join(map(re.escape, words_of_citations()["parts"]["ordinals"]))
    word = _either(words_of_citations()["parts"]["words"])
    return re.compile(
        rf"\(\s*(?P<b>{_VALUE})\s*\)|(?:{word})\s*(?:(?P<o>{ordinals})|\(?\s*(?P<v>{_VALUE})\s*\)?)", re.IGNORECASE
    )


@cache
def _unit_of() -> dict[str, dict[str, Any]]:
    return {word.casefold(): row for row in words_of_citations()["unit"] for word in row["words"]}


def parse(text: str) -> Citation:
    """What ``text`` would cite if it is a citation: a pure reading, knowing of no instrument."""
    text = normal(text)
    if match := _IDENTIFIER.fullmatch(text):
        return Citation(text, identifier="/" + match[1].rstrip("/"))
    # Digits are exchanged one for one, so places stay.
    match = _units().search(digits(text))
    if match is None and (spelled := _spelled(text)) != text:
        found = parse(spelled)
        return replace(found, text=text) if found.number else Citation(text, text)
    if match is None:
        return Citation(text, text)
    rest = f"{text[: match.start()].rstrip(' ,;')} {text[match.end() :].lstrip(' ,;.')}".strip(" ,;")
    before = [_value(m) for m in _piece().finditer(match["before"] or "")]
    after = [_value(m) for m in _piece().finditer(match["after"] or "")]
    parts = tuple(before[::-1] + after)
    if match["zh"]:
        return Citation(text, rest, match["zh"], "第", "art", ("zh",), parts)
    word = match["word"].casefold()
    row = _unit_of().get(word) or _unit_of().get(word.rstrip("."))
    if row is None:  # letters that match in any case and fold to others (a dotless i)
        return Citation(text, text)
    number = re.sub(r"(?<=\d)\s(?=[A-Z]$)", "", text[match.start("n") : match.end("n")].strip())
    return Citation(text, rest, number, row["says"], row["prefix"], tuple(row["languages"]), parts)


def _spelled(text: str) -> str:
    """The text with words before a number put right that are one slip away from what a unit is called ("sectin 5")."""
    known = [word for word in _unit_of() if len(word) >= _SURE]

    def right(match: re.Match[str]) -> str:
        near = [word for word in known if OSA.distance(match[0].casefold(), word, score_cutoff=1) == 1]
        return near[0] if len(near) == 1 else match[0]

    return re.sub(rf"[^\W\d_]{{{_SURE},}}(?=\s+\d)", right, text)


def headed(clause: str) -> tuple[str, str]:
    """The heading that a clause was pasted with and what follows it: a short first line that is no sentence, without
    the number of a provision; the second, where the first is only a number. ``("", clause)`` where there is none."""
    lines = [line for line in clause.splitlines() if line.strip()]
    for at, line in enumerate(lines[:2][: len(lines) - 1], 1):
        line = normal(line)
        match = _units().match(digits(line)) or _LONE.match(digits(line))
        heading = line[match.end() :].lstrip(" .:)။—–-") if match else line
        if len(heading) > _LONGEST or _OPEN.search(heading) or heading.startswith("("):
            break
        if heading:
            return heading, "\n".join(lines[at:])
    return "", clause


def _value(match: re.Match[str]) -> str:
    return match["b"] or match["o"] or match["v"]


def _chinese(text: str) -> int:
    """The value of a number in Chinese characters up to 999, or in digits."""
    if text.isdecimal():
        return int(text)
    total = left = 0
    for sign in text:
        value = _CHINESE[sign]
        if value < 10:
            left = value
        else:
            total += (left or 1) * value
            left = 0
    return total + left


def number_key(number: str) -> str:
    """The number of a provision or part for comparing: ``26D``, ``(๔)``, ``第五条`` as ``26d``, ``4``, ``5``."""
    plain = digits(unicodedata.normalize("NFC", number)).strip(" ()[].:။ºª°")
    if plain and all(c in _CHINESE for c in plain):
        return str(_chinese(plain))
    return slug(plain).casefold()
