"""Legal concepts in the languages of the region: which of them a text names, whatever its language."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lawsearch.errors import MetadataError
from lawsearch.text import digits, normal
from lawsearch.vocabulary import languages

#: Languages written without spaces between words: labels match anywhere but inside a syllable.
UNSPACED = frozenset({"th", "lo", "km", "my", "zh"})

# Spellings that vary within a language, made one before matching; labels and texts alike.
_FOLDS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        (r"iz(?=e|ing|ation)", "is"), ("licens", "licenc"), (r"\b(of|de)fense", r"\1fence"), ("judgement", "judgment"),
        ("labor(?!i)", "labour"),
    ),
    "vi": tuple((f"{a}{v}(?!\\w)", f"{t}{b}") for a, vs, ts, b in (
        ("o", "àáảãạ", "òóỏõọ", "a"), ("o", "èéẻẽẹ", "òóỏõọ", "e"), ("u", "ỳýỷỹỵ", "ùúủũụ", "y"),
    ) for v, t in zip(vs, ts, strict=True)),
    "th": (("\u0e4d\u0e32", "\u0e33"),),
    "lo": (("\u0ecd\u0eb2", "\u0eb3"), ("ຫນ", "ໜ"), ("ຫມ", "ໝ")),
}  # fmt: skip
_SIGNS = str.maketrans(dict.fromkeys("-‐‑‒–", " ") | {"’": "'", "\u200c": None, "\u200d": None})
# Vowels and marks that continue a syllable, so that a label cannot end before one.
_MARKS = "".join(
    chr(c) for c in (*range(0x0E00, 0x0F00), *range(0x1000, 0x10A0), *range(0x1780, 0x1800))
    if unicodedata.category(chr(c)) in ("Mn", "Mc") or chr(c) in "ะาำๅະາຳຽ"
)  # fmt: skip
_LEADING = "เแโใไເແໂໃໄ\u17d2\u1039"  # vowels written before their consonant, and signs that stack the next one


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept: its key, its field of law, and the words for it by language, the usual one first."""

    key: str
    field: str
    labels: Mapping[str, tuple[str, ...]]


def _folded(text: str, language: str) -> str:
    text = digits(normal(text)).lower().translate(_SIGNS)
    for pattern, spelling in _FOLDS.get(language, ()):
        text = re.sub(pattern, spelling, text)
    return normal(text)


def _plural(word: str) -> str:
    if re.search("[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search("(s|x|ch|sh)$", word) else "s")


def _forms(label: str, language: str) -> list[str]:
    """The label and the forms that a rule makes of it: English plurals, Portuguese -s, Indonesian and Malay -nya."""
    if language == "en":
        head, of, rest = label.partition(" of ")
        return [label, _plural(label)] + ([_plural(head) + of + rest] if of else [])
    return [label] + {"pt": [label + "s"], "id": [label + "nya"], "ms": [label + "nya"]}.get(language, [])


def read(table: Mapping[str, Mapping[str, object]]) -> dict[str, Concept]:
    """Concepts by key, from a table as in ``data/concepts.toml``: key -> field and labels by language.

    Raises MetadataError for a concept without field or English label, a language that the vocabulary does not
    have, an empty label, and a label that stands for two concepts (or twice) in one language.
    """
    found, taken = {}, dict[tuple[str, str], str]()
    for key, row in table.items():
        field, labels = row.get("field"), {code: value for code, value in row.items() if code != "field"}
        if not isinstance(field, str) or not field or "en" not in labels:
            raise MetadataError(f"concept {key}: no field or no English label", "Give it both.")
        for code, values in labels.items():
            if code not in languages() or code == "unknown":
                raise MetadataError(f"concept {key}: unknown language {code}", "Use a code of languages.toml.")
            if not isinstance(values, list) or not values:
                raise MetadataError(f"concept {key}: no labels in {code}", "Give a list of labels or leave it out.")
            for value in values:
                if not isinstance(value, str) or not (form := _folded(value, code)):
                    raise MetadataError(f"concept {key}: an empty label in {code}", "Give words.")
                if other := taken.get((code, form)):
                    raise MetadataError(f"{value!r} in {code} stands for {other} and for {key}", "Keep one of them.")
                taken[code, form] = key
        found[key] = Concept(key, field, {code: tuple(values) for code, values in labels.items()})  # type: ignore[arg-type]
    return found


@cache
def concepts() -> dict[str, Concept]:
    """All concepts by key, in the order of the file. Raises MetadataError (see ``read``)."""
    return read(tomllib.loads(files("lawsearch").joinpath("data", "concepts.toml").read_text("utf-8")))


def label(concept: str, language: str) -> str:
    """The usual word for a concept in a language, in English where it has none; an unknown concept's key as it is."""
    known = concepts().get(concept)
    return (known.labels.get(language) or known.labels["en"])[0] if known else concept


def _trie_pattern(trie: dict) -> str:
    """A regular expression for the words in a trie of characters ('' ends a word), longer words tried first."""
    ways = [re.escape(c) + _trie_pattern(below) for c, below in trie.items() if c]
    if not ways:
        return ""
    body = f"(?:{'|'.join(ways)})" if len(ways) > 1 or "" in trie else ways[0]
    return body + "?" if "" in trie else body


@cache
def _matcher(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """One pattern for all labels of a language, and the concept of each form that it finds."""
    of: dict[str, str] = {}
    listed = [(_folded(text, language), c.key) for c in concepts().values() for text in c.labels.get(language, ())]
    of.update(listed)
    for text, key in listed:
        for form in _forms(text, language):
            of.setdefault(form, key)
    trie: dict = {}
    for form in of:
        node = trie
        for c in form:
            node = node.setdefault(c, {})
        node[""] = {}
    before, after = (f"(?<![{_LEADING}])", f"(?![{_MARKS}])") if language in UNSPACED else (r"(?<!\w)", r"(?!\w)")
    return re.compile(before + _trie_pattern(trie) + after if of else r"(?!)"), of


def concepts_in(text: str, language: str) -> Counter[str]:
    """The concepts that a text names, each with how often; for a language without labels, by the English ones.

    Read from the left, the longest label at each place counts and its words count for no other concept: "personal
    data breach" is no "personal data". Case, hyphens and common spelling variants make no difference.
    """
    pattern, of = _matcher(language)
    if not of:
        language = "en"
        pattern, of = _matcher(language)
    return Counter(of[m.group()] for m in pattern.finditer(_folded(text, language)))
