"""Repair of extracted text, and the anomaly score that says how much of it is beyond repair."""

from __future__ import annotations

import re
import tomllib
import unicodedata
import warnings
from functools import cache
from importlib.resources import files
from typing import Any

# Glyph variants that old Thai fonts keep at U+F700-F71A, and the characters that they stand for.
_THAI_VARIANTS = dict(
    enumerate(
        "\u0e10\u0e34\u0e35\u0e36\u0e37\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e0d\u0e31\u0e4d"
        "\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e38\u0e39\u0e3a",
        start=0xF700,
    )
)
_PRESENTATION = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xA0: " "}
_TRANSLATION = {**_THAI_VARIANTS, **_PRESENTATION, 0: "", 0xFEFF: "", 0x200B: ""}

_REORDER = (
    # Sara am and its Lao sister, drawn as two glyphs, with the tone mark between or behind them.
    (re.compile("\u0e4d([\u0e48-\u0e4b]?) ?\u0e32"), "\\1\u0e33"),
    (re.compile("\u0ecd([\u0ec8-\u0ecb]?) ?\u0eb2"), "\\1\u0eb3"),
    # The first of the two, where the font does not tell what it is: nothing else can stand there.
    (
        re.compile("(?<=[\u0e01-\u0e2e])([\u0e48-\u0e4b]?)[^\u0e00-\u0e7f\\s\\d.,;:()\\[\\]\"'“”‘’/–—-]\u0e32"),
        "\\1\u0e33",
    ),
    (re.compile("\u0e33([\u0e48-\u0e4b])"), "\\1\u0e33"),
    # A tone mark drawn before the vowel that it stands on.
    (re.compile("([\u0e48-\u0e4c])([\u0e31\u0e34-\u0e39\u0e47])"), "\\2\\1"),
    (re.compile("([\u0ec8-\u0ecc])([\u0eb1\u0eb4-\u0ebb])"), "\\2\\1"),
    (re.compile("\u0e40\u0e40"), "\u0e41"),
    # White space cannot stand between a letter and its mark.
    (re.compile(" +(?=[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd])"), ""),
)
_SOUTH_EAST = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")

# What cannot occur in well extracted text. Each pattern is counted once a match.
_ANOMALIES = (
    re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff]"),
    re.compile("[\ue000-\uf8ff]"),
    # Thai and Lao: a leading vowel before anything but a consonant; a mark after a space, a digit or a Latin letter.
    re.compile("[\u0e40-\u0e44\u0ec0-\u0ec4](?![\u0e01-\u0e2e\u0e81-\u0eae\u0edc-\u0edf])"),
    re.compile("(?:^|[\\s0-9A-Za-z])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd]"),
    re.compile("[\u0e31\u0e34-\u0e37][\u0e31\u0e34-\u0e37]|[\u0e48-\u0e4b]{2}|[\u0ec8-\u0ecb]{2}"),
    # A lone syllable with a mark between two spaces, or the same marked cluster twice: overdrawn glyphs.
    re.compile("(?<=\\s)[\u0e80-\u0eff]?[\u0e81-\u0eae][\u0eb1\u0eb4-\u0ebc][\u0ec8-\u0ecb]?(?=\\s)"),
    re.compile("(?P<c>[\u0e81-\u0eae\u1780-\u17a2][\u0eb1\u0eb4-\u0ebc\u17b6-\u17c6]).?(?P=c)"),
    # A Latin letter within a Thai or Lao word: a glyph whose meaning the font does not tell.
    re.compile("(?<=[\u0e00-\u0eff])[A-Za-z\u00c0-\u024f](?=[\u0e00-\u0eff])"),
    # Khmer and Burmese: a dependent sign, or the sign that stacks, with nothing to stand on.
    re.compile("(?:^|[\\s0-9A-Za-z])[\u17b6-\u17d1\u17d3\u102b-\u103e]"),
    re.compile("\u17d2(?![\u1780-\u17b3])|\u1039(?![\u1000-\u1021])"),
    re.compile("[\u17be-\u17c5][ ](?=[\u1780-\u17a2]\\s)|\\s[\u1780-\u17a2](?=\\s)"),
    # Latin words run together.
    re.compile("[A-Za-z]{28,}"),
    re.compile("(?<=[a-z]{3})[.,;:)]?[A-Z][a-z]{2}"),
)

#: Words of Latin letters that are enough to judge by, and the share of common ones from which they are a language.
_ENOUGH, _COMMON = 60, 0.03
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
#: Burmese letters that are enough to tell the encoding by, and the probability from which it is Zawgyi.
_BURMESE, _SURE = 20, 0.95

# What OCR leaves in Latin text where it guessed: letters among digits, a capital or a stop within a word, lone signs.
_MISREADINGS = (
    re.compile(r"\b(?=[0-9A-Za-z]*\d)(?=[0-9A-Za-z]*[lIOo])[0-9A-Za-z]+\b"),
    re.compile(r"\([lI|]\)"),
    re.compile(r"\b[a-z]+[A-Z]\w*"),
    re.compile(r"(?<=[A-Za-z]{2})[.,;:!|](?=[A-Za-z]{2})"),
    re.compile(r"[|~^{}\\<>_]"),
    re.compile(r"\b[A-Z]{2,}[a-z][A-Z]+\b"),
)


def repaired(text: str) -> str:
    """The text with Thai glyph variants, ligatures and mark order put right, in NFC. Soft hyphens are kept."""
    text = unicodedata.normalize("NFC", text.translate(_TRANSLATION))
    if _SOUTH_EAST.search(text):
        for pattern, replacement in _REORDER:
            text = pattern.sub(replacement, text)
    return text


def anomaly(text: str) -> float:
    """Impossible or suspicious places in a thousand characters of ``text`` (0.0 for an empty text)."""
    if not text:
        return 0.0
    return 1000 * (sum(len(pattern.findall(text)) for pattern in _ANOMALIES) + _wordless(text)) / len(text)


@cache
def _common() -> frozenset[str]:
    """The commonest words of the region's languages in Latin letters."""
    rows = tomllib.loads(files("ingest").joinpath("words.toml").read_text("utf-8"))
    return frozenset(word for words in rows.values() for word in words.split())


def _wordless(text: str) -> int:
    """The number of words of a text in Latin letters that is none of the languages known: a font that tells nothing of
    its letters, or the wrong ones. 0 for any other text, and where there is too little to judge."""
    words = _LATIN.findall(text)
    if len(words) < _ENOUGH or 2 * sum(map(len, words)) < sum(c.isalpha() for c in text):
        return 0
    common = _common()
    return 0 if sum(word.casefold() in common for word in words) > _COMMON * len(words) else len(words)


@cache
def _detector() -> Any:
    with warnings.catch_warnings():  # it opens its model in a way that Python 3.11 frowns upon
        warnings.simplefilter("ignore", DeprecationWarning)
        from myanmartools import ZawgyiDetector

        return ZawgyiDetector()


def zawgyi(text: str) -> bool:
    """Whether the Burmese in ``text`` is encoded as Zawgyi: by Google's detector, from twenty letters on."""
    letters = sum("\u1000" <= c <= "\u109f" for c in text)
    return letters >= _BURMESE and _detector().get_zawgyi_probability(text) > _SURE


def unicoded(text: str) -> str:
    """Burmese that is encoded as Zawgyi in Unicode, in NFC."""
    from myanmar.converter import convert

    return unicodedata.normalize("NFC", convert(text, "zawgyi", "unicode"))


def doubt(text: str) -> float:
    """Places in a thousand characters that are impossible, or look as if OCR had misread them."""
    if not text:
        return 0.0
    return anomaly(text) + 1000 * sum(len(pattern.findall(text)) for pattern in _MISREADINGS) / len(text)
