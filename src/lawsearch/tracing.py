"""Text made ready for matching that still knows where each of its characters stands in the text as printed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from lawsearch.text import digits, normal

#: Languages written without spaces between words: a word is found anywhere but inside a syllable.
UNSPACED = frozenset({"th", "lo", "km", "my", "zh"})
#: Letters and marks of languages whose words take endings that run on: a word is found with whatever follows it.
SUFFIXED = {"ta": "\u0b80-\u0bff"}
_INVISIBLE = "\u00ad\u200b\u2060\ufeff"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
#: Vowels and marks that continue a syllable, so that a word cannot end before one; vowels written before their
#: consonant and signs that stack the next one, so that none can begin behind them.
MARKS = "".join(
    chr(c) for c in (*range(0x0E00, 0x0F00), *range(0x1000, 0x10A0), *range(0x1780, 0x1800))
    if unicodedata.category(chr(c)) in ("Mn", "Mc") or chr(c) in "ะาำๅະາຳຽ"
)  # fmt: skip
LEADING = "เแโใไເແໂໃໄ\u17d2\u1039"


@dataclass(frozen=True, slots=True)
class Traced:
    """``text``, and for each of its characters where the piece of the original that it stands for starts and ends."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the (not empty) piece from ``start`` to ``end`` stands in the original."""
        return self.starts[start], self.ends[end - 1]

    def sub(self, pattern: str, replacement: str) -> Traced:
        """As ``re.sub``; each character of a replacement stands for all of what it replaces."""
        found = list(re.finditer(pattern, self.text))
        if not found:
            return self
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in found:
            new = match.expand(replacement)
            text += [self.text[at : match.start()], new]
            starts += self.starts[at : match.start()]
            ends += self.ends[at : match.start()]
            if match.end() > match.start():
                first, last = self.place(*match.span())
                starts += [first] * len(new)
                ends += [last] * len(new)
            at = match.end()
        text.append(self.text[at:])
        return Traced("".join(text), [*starts, *self.starts[at:]], [*ends, *self.ends[at:]])


def traced(text: str) -> Traced:
    """``text`` in normal form with native digits as 0-9, runs of white space made one space; the case is kept."""
    if unicodedata.is_normalized("NFC", text) and not _HIDDEN.search(text):
        found = Traced(re.sub(r"\s", " ", digits(text)), range(len(text)), range(1, len(text) + 1))
        return found.sub(" {2,}", " ")
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = text[start:end]
        new = " " if piece.isspace() else digits(normal(piece))
        pieces.append(new)
        starts += [start] * len(new)
        ends += [end] * len(new)
    return Traced("".join(pieces), starts, ends)


def _clusters(text: str) -> list[tuple[int, int]]:
    """Runs of white space, and letters each with the marks (and what is invisible) behind it."""
    found: list[tuple[int, int]] = []
    for at, c in enumerate(text):
        joins = bool(found) and (
            c in _INVISIBLE
            or (c.isspace() and text[found[-1][0]].isspace())
            or (unicodedata.category(c)[0] == "M" and not text[found[-1][0]].isspace())
        )
        if joins:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


def edges(language: str) -> tuple[str, str]:
    """Patterns for where a word of a language may begin and end."""
    if language in UNSPACED:
        # It ends neither before a mark nor, in Burmese, before a consonant that closes the syllable (asat, stacked).
        return f"(?<![{LEADING}])", f"(?![{MARKS}]|[\u1000-\u1021]\u1037?[\u1039\u103a])"
    if own := SUFFIXED.get(language):
        return f"(?<![\\w{own}])", f"[{own}]*"
    return r"(?<!\w)", r"(?!\w)"
